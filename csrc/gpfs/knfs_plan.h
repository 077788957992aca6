/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done on one kernel NFS server, as plans, and what its exportfs(8)
 * says, compared with what is wanted. Pure; no I/O.
 */
#ifndef MN_GPFS_KNFS_PLAN_H
#define MN_GPFS_KNFS_PLAN_H

#include "exec/plan.h"
#include "gpfs/nfs_goal.h"
#include "nfs/exports.h"

#define MN_KNFS_DIR "/etc/exports.d/"
#define MN_KNFS_PREFIX "manila-"
#define MN_KNFS_SUFFIX ".exports"

/* Append the name of the share's exports file. */
void mn_knfs__file(const char *share_name, struct mn_buf *out);

/* One share's exports as they shall be. */
struct mn_knfs_goal {
    struct mn_export_spec spec;
    const char *file;
    struct mn_slice content;   /* of that file */
    struct mn_access_set want; /* everybody who shall have access */
    struct mn_access_set put;  /* of these the new and the changed ones */
    struct mn_access_set drop; /* who had access before */
};

/*
 * The plan of one call. Why in this order:
 * - The file first. exportfs -o reads all exports files before it looks at
 *   its own table, so that it writes the clients into the table in the order
 *   of our file (the most specific first, as the server must look at them),
 *   and every client that is in both takes the options of the file.
 * - Then exports, then unexports. While old and new clients are both in force
 *   each host has either its old or its new access. The other way round, a
 *   host whose network is replaced by a wider or a narrower one would be cut
 *   off for a moment, or would fall to a wider rule with more rights.
 * - exportfs -s last: what is in force, whatever the statuses before said.
 * Nothing but cmp and exportfs -s runs when the file is right already.
 */
void mn_knfs__update_plan(struct mn_plan *plan,
                          const struct mn_knfs_goal *goal);

/* Appended steps, each accepting any exit status, since exportfs also fails
   because of other people's broken files. guard may be NULL. */
void mn_knfs__add_exports(struct mn_plan *plan,
                          const struct mn_export_spec *spec,
                          const struct mn_access_set *clients,
                          const struct mn_guard *guard);
void mn_knfs__add_unexports(struct mn_plan *plan, const struct mn_argv *args,
                            const struct mn_guard *guard);
void mn_knfs__add_list(struct mn_plan *plan);

/* Compare what a server says with the wanted clients of spec's path. Entries
   of other paths are skipped. gap must be empty. */
int mn_knfs__compare(const struct mn_export *in_force, size_t n,
                     const struct mn_export_spec *spec,
                     const struct mn_access_set *want, struct mn_nfs_gap *gap,
                     struct mn_error *err);

/* Append the steps that close the gap; without the listing. */
void mn_knfs__add_repair(struct mn_plan *plan,
                         const struct mn_export_spec *spec,
                         const struct mn_nfs_gap *gap);

#endif
