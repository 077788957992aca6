/* SPDX-License-Identifier: Apache-2.0 */
/* What snapshots.c has for groups.c and copy.c. */
#ifndef MN_GPFS_SNAPSHOTS_H
#define MN_GPFS_SNAPSHOTS_H

#include "gpfs/internal.h"
#include "gpfs/mmparse.h"

/* A GPFS snapshot's name that is harmless in a command and a path. */
int mn_gpfs__check_snapshot(const struct mn_snapshot *s, struct mn_error *err);

/* Append <junction>/<snapshot_dir>/<name>. Asks nobody. */
int mn_gpfs__snapshot_path(struct mn_gpfs *g, const struct mn_snapshot *s,
                           struct mn_buf *path, struct mn_error *err);

/* Append the step that lists the snapshots of its fileset, and read its
   status out of that; "" when there is none. */
struct mn_step *mn_gpfs__look_for_snapshot(struct mn_plan *plan,
                                           const char *device,
                                           const struct mn_snapshot *s);
int mn_gpfs__read_snapshot(const struct mn_gpfs *g, const struct mn_plan *plan,
                           const struct mn_result *result, int step,
                           const struct mn_snapshot *s, char status[32],
                           struct mn_error *err);
/* NOTFOUND when there is none, code when it is not valid. */
int mn_gpfs__check_valid(const struct mn_snapshot *s, const char *status,
                         enum mn_code code, struct mn_error *err);

/* What a snapshot is to the NFS servers; export borrows from the rest. Its
   place for NFSv4 is outside of the share: NFS-Ganesha lets nobody through an
   export who has no access to it, and removes no export that has another one
   within, so that somebody would keep his access to the share. */
struct mn_gpfs_snapshot_export {
    struct mn_buf path;
    struct mn_buf name;
    struct mn_buf pseudo;
    struct mn_nfs_export export;
};
int mn_gpfs__snapshot_export(struct mn_gpfs *g, const struct mn_snapshot *s,
                             struct mn_gpfs_snapshot_export *e,
                             struct mn_error *err);
void mn_gpfs__snapshot_export_dispose(struct mn_gpfs_snapshot_export *e);

#endif
