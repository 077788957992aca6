/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a share's exports under a name that it does not have any more:
 * Manila let it go and manages it again. They would bring its former clients
 * back at the next boot. Pure; no I/O.
 */
#ifndef MN_GPFS_NFS_TAKEOVER_H
#define MN_GPFS_NFS_TAKEOVER_H

#include "exec/plan.h"

/* Append the step that removes each file below dir whose name fits pattern,
   that was made by us and holds these words. */
struct mn_step *mn_nfs__add_takeover(struct mn_plan *plan, const char *dir,
                                     const char *pattern,
                                     const struct mn_buf *words);

#endif
