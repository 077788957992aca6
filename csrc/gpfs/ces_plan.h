/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mmnfs is told about one export, as plans, and what its listing says,
 * compared with what is wanted. Pure; no I/O.
 */
#ifndef MN_GPFS_CES_PLAN_H
#define MN_GPFS_CES_PLAN_H

#include "exec/plan.h"
#include "gpfs/ces_rows.h"
#include "gpfs/nfs_goal.h"

struct mn_ces_spec {
    const char *path;
    const char *pseudo;  /* for NFSv4; NULL: path */
    const char *options; /* from mn_ces__check_options() */
};

/* Check a comma list of Option=value and append it; the names in lower case.
   INVAL for what is none, and for access_type, which the driver sets. */
int mn_ces__check_options(const char *options, struct mn_buf *out,
                          struct mn_error *err);

/* `mmnfs export list -Y` of one path, or of all (NULL). */
struct mn_step *mn_ces__add_list(struct mn_plan *plan, const char *path);

/* Compare; want is split (mn_ganesha_split). gap must be empty. */
int mn_ces__compare(const struct mn_ces_rows *rows,
                    const struct mn_ces_spec *spec,
                    const struct mn_access_set *want, struct mn_nfs_gap *gap,
                    struct mn_error *err);

/*
 * Append the calls of mmnfs that close the gap, each accepting any status: the
 * listing tells what is in force. One change per call, as releases from 5.0.3
 * on demand. Add, change, remove, in this order: nobody who keeps access is
 * cut off meanwhile, and an exception stands before a wider rule changes.
 * Clients are inserted before the first that is wider, because the server
 * takes the first that matches. exists: the path is exported, if to nobody.
 */
void mn_ces__add_changes(struct mn_plan *plan, const struct mn_ces_spec *spec,
                         const struct mn_ces_rows *rows, bool exists,
                         const struct mn_access_set *want,
                         const struct mn_nfs_gap *gap);

#endif
