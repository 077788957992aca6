/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_GPFS_ENSURE_EXPORTS_H
#define MN_GPFS_ENSURE_EXPORTS_H

#include "gpfs/driver.h"

/* The exports of all shares whose result has no error yet: what a server
   lacks of its own file is exported again, what is in force and in no file is
   unexported. Files that differ between servers or are gone are left to
   Manila's rules (reapply_access). A server that can't be asked is logged and
   left out: the others serve the share. */
int mn_gpfs__ensure_exports(struct mn_gpfs *g, const struct mn_share *shares,
                            size_t n, struct mn_ensure_result *results,
                            struct mn_error *err);

#endif
