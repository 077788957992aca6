/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel NFS servers as a whole: fit to serve, what they serve, and the
 * exports of many shares at once. Members of knfs' vtable.
 */
#ifndef MN_GPFS_KNFS_SERVERS_H
#define MN_GPFS_KNFS_SERVERS_H

#include "gpfs/helper.h"

int mn_knfs__check(struct mn_nfs_helper *h, struct mn_error *err);
int mn_knfs__has_clients(struct mn_nfs_helper *h, const char *path, bool *has,
                         struct mn_error *err);

/* What a server lacks of its own file is exported again, what is in force and
   in no file is unexported. Files that differ between servers or are gone are
   left to Manila's rules (reapply_access). A server that can't be asked is
   logged and left out: the others serve the share. */
int mn_knfs__ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                    struct mn_error *err);

#endif
