/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one call wants of an export, and what a server lacks of it. The same
 * for all kinds of NFS server. Pure; no I/O.
 */
#ifndef MN_GPFS_NFS_GOAL_H
#define MN_GPFS_NFS_GOAL_H

#include "core/argv.h"
#include "gpfs/helper.h"
#include "nfs/access.h"

struct mn_nfs_goal {
    struct mn_access_set want; /* everybody who shall have access */
    struct mn_access_set put;  /* of these the new and the changed ones */
    struct mn_access_set drop; /* who had access before */
};

/* Can this kind of server give such access at all? INVAL with a text for the
   user otherwise. */
typedef int mn_nfs_check_access(const struct mn_access *access,
                                struct mn_error *err);

/* One rule, as mn_access_parse(), and fit for this kind (check may be
   NULL). */
int mn_nfs_goal_parse(const struct mn_access_rule *rule,
                      mn_nfs_check_access *check, struct mn_access *access,
                      struct mn_error *err);

/* Take Manila's lists as the goal, which must be empty. A rule that can't be
   in force never reaches a server; it is the error of that rule alone. */
int mn_nfs_goal_take(struct mn_nfs_goal *goal, mn_nfs_check_access *check,
                     struct mn_rules all, struct mn_rules add,
                     struct mn_rules drop, struct mn_rules update,
                     struct mn_rule_state *states, struct mn_error *err);

/* Add who has access now, for calls that tell one rule only. Of two levels
   the first stays. */
int mn_nfs_goal_keep(struct mn_nfs_goal *goal, const struct mn_access *access,
                     struct mn_error *err);

void mn_nfs_goal_dispose(struct mn_nfs_goal *goal);

/* What is not as it should be on one server. */
struct mn_nfs_gap {
    struct mn_access_set missing; /* not in force, other level, or behind a
                                     wider network of another level */
    struct mn_access_set stale;   /* in force with other options */
    struct mn_argv extra;         /* who must not be there, as the server's
                                     commands call him */
};

void mn_nfs_gap_dispose(struct mn_nfs_gap *gap);
bool mn_nfs_gap_is_none(const struct mn_nfs_gap *gap);

#endif
