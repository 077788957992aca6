/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GPFS driver without Python: operations on shares and their access
 * rules, carried out on the cluster through executors. Everything here runs
 * on the caller's thread and may be called by many callers at once: a driver
 * object does not change after mn_gpfs_new(). Nothing is remembered between
 * calls but the name of each pool's GPFS device, which is asked for once; the
 * cluster and its NFS servers are the only state.
 */
#ifndef MN_GPFS_DRIVER_H
#define MN_GPFS_DRIVER_H

#include <stdint.h>

#include "core/error.h"
#include "exec/executor.h"
#include "share/driver.h"

enum mn_nfs_server_type { MN_NFS_KNFS, MN_NFS_GNFS, MN_NFS_CES };

/* One host the driver works on. */
struct mn_gpfs_node {
    const char *name;       /* as in manila.conf; for messages */
    struct mn_executor *ex; /* borrowed */
};

/* A Manila pool: a directory below which its shares are linked. */
struct mn_gpfs_pool {
    const char *name;
    const char *base; /* absolute */
};

/* Options of NFS-Ganesha that the operator runs (GNFS). */
struct mn_ganesha_config {
    enum mn_ganesha_syntax {
        MN_GANESHA_2_1, /* and later: D-Bus, one file per export */
        MN_GANESHA_2_0, /* the configuration file is edited, then reloaded */
        MN_GANESHA_1_5,
    } syntax;
    const char *config_path;    /* ganesha_config_path */
    const char *export_dir;     /* ganesha_export_dir */
    const char *service_name;   /* ganesha_service_name */
    unsigned command_timeout_s; /* gpfs_command_timeout; 0: none */
};

/* All strings are copied. */
struct mn_gpfs_config {
    const char *export_ip; /* gpfs_share_export_ip */
    /* at least one; the first is gpfs_mount_point_base when there are no
       other pools */
    const struct mn_gpfs_pool *pools;
    size_t pools_n;
    enum mn_nfs_server_type nfs_server_type;
    const char *export_options; /* knfs_export_options: without rw, ro, fsid;
                                   for GNFS and CES without access_type */
    const char *snapshot_dir;   /* of mmsnapdir; ".snapshots" */
    struct mn_ganesha_config ganesha;
    struct mn_gpfs_node cluster;            /* where the mm commands run */
    const struct mn_gpfs_node *nfs_servers; /* gpfs_nfs_server_list */
    size_t nfs_servers_n;
    struct mn_log log;
};

struct mn_gpfs;

/* CONFIG for an option that can't serve (the text names the option). */
int mn_gpfs_new(const struct mn_gpfs_config *config, struct mn_gpfs **gpfs,
                struct mn_error *err);
void mn_gpfs_free(struct mn_gpfs *gpfs);
/* The same object as one driver of several. */
struct mn_driver *mn_gpfs_driver(struct mn_gpfs *gpfs);

/* Manila's check_for_setup_error(): the cluster is active, the base directory
   is a directory on GPFS, filesets have quotas, every NFS server answers and
   has a working exportfs. One plan per host. */
int mn_gpfs_check(struct mn_gpfs *g, struct mn_error *err);

/* Create fileset, link, quota, permissions in one plan. Completes a half-made
   fileset that carries our tag for this share; EXISTS for anybody else's. On
   failure takes back what this call made. location: "IP:/path". */
int mn_gpfs_create_share(struct mn_gpfs *g, const struct mn_share *share,
                         struct mn_buf *location, struct mn_error *err);
/* Absent is success. Only a fileset tagged as this share's, or one of this
   share's name without any comment (made by the in-tree driver), is deleted;
   EXISTS for anybody else's. Exports go first: if a server can't be reached,
   nothing is deleted. */
int mn_gpfs_delete_share(struct mn_gpfs *g, const struct mn_share *share,
                         struct mn_error *err);
int mn_gpfs_extend_share(struct mn_gpfs *g, const struct mn_share *share,
                         uint64_t new_size_gib, struct mn_error *err);

/* Look at all shares with one listing per host and mend what can be mended.
   Fails as a whole only when the cluster can't be asked. A share without
   rules has no exports file either, so it too asks for its rules. The caller
   disposes results[i].location, also after a failure. */
int mn_gpfs_ensure_shares(struct mn_gpfs *g, const struct mn_share *shares,
                          size_t n, struct mn_ensure_result *results,
                          struct mn_error *err);

/* Manila's update_access: make the exports of the share exactly the rules in
   `all`. add, drop and update tell what changed; all three empty means that
   the servers may hold anything. states[i] is for all.v[i]. One plan per
   server unless what is found there does not fit. */
int mn_gpfs_update_access(struct mn_gpfs *g, const struct mn_share *share,
                          struct mn_rules all, struct mn_rules add,
                          struct mn_rules drop, struct mn_rules update,
                          struct mn_rule_state *states, struct mn_error *err);

/* The single-rule calls of the original driver: the other rules are taken
   from the servers' exports files and stay. */
int mn_gpfs_allow_access(struct mn_gpfs *g, const struct mn_share *share,
                         const struct mn_access_rule *rule,
                         struct mn_error *err);
int mn_gpfs_deny_access(struct mn_gpfs *g, const struct mn_share *share,
                        const struct mn_access_rule *rule,
                        struct mn_error *err);

struct mn_gpfs_stats {
    uint64_t total_bytes;
    uint64_t free_bytes;
};
/* stats has room for all pools, in the order of the configuration; one plan
   for all. A pool that can't be asked has total_bytes 0 and is logged; an
   error only when none can. */
int mn_gpfs_stats(struct mn_gpfs *g, struct mn_gpfs_stats *stats,
                  struct mn_error *err);

/* ---- size ---- */

/* NOSPACE when the share holds more than the new size: Manila's
   ShareShrinkingPossibleDataLoss. Usage is read before the quota is set, and
   again in the plan that sets it: if the share grew over the new size
   meanwhile, the old quota comes back. */
int mn_gpfs_shrink_share(struct mn_gpfs *g, const struct mn_share *share,
                         uint64_t new_size_gib, struct mn_error *err);

/* used_bytes[i] of shares[i] from one mmrepquota per file system; UINT64_MAX
   where there is no such fileset. */
int mn_gpfs_usage(struct mn_gpfs *g, const struct mn_share *shares, size_t n,
                  uint64_t *used_bytes, struct mn_error *err);

/* ---- snapshots ---- */

/* One that exists already is this one: success. */
int mn_gpfs_create_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                            struct mn_error *err);
/* Of several shares at one instant (a share group). All or none. */
int mn_gpfs_create_group_snapshot(struct mn_gpfs *g,
                                  const struct mn_snapshot *v, size_t n,
                                  struct mn_error *err);
/* Absent is success; one whose deletion was interrupted (DeleteRequired) is
   deleted. Its exports go first. */
int mn_gpfs_delete_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                            struct mn_error *err);
/* NOTFOUND unless the snapshot is there and valid. */
int mn_gpfs_manage_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                            struct mn_error *err);
/* "IP:<junction>/.snapshots/<name>", and, if that is elsewhere, where
   NFS-Ganesha serves it by NFSv4; each with a NUL behind. */
int mn_gpfs_snapshot_locations(struct mn_gpfs *g, const struct mn_snapshot *s,
                               struct mn_buf *locations, struct mn_error *err);
/* As mn_gpfs_update_access, on the snapshot's path; every rule is in force
   read-only. */
int mn_gpfs_snapshot_update_access(struct mn_gpfs *g,
                                   const struct mn_snapshot *s,
                                   struct mn_rules all, struct mn_rules add,
                                   struct mn_rules drop,
                                   struct mn_rule_state *states,
                                   struct mn_error *err);

/* ---- long jobs: revert, and a share from a snapshot ---- */

enum mn_job_status {
    MN_JOB_NONE, /* no job for this share: it is available */
    MN_JOB_COPYING,
    MN_JOB_REVERTING,
    MN_JOB_DONE,
    MN_JOB_FAILED,
};

struct mn_job_state {
    enum mn_job_status status;
    unsigned percent;  /* 0..100 */
    enum mn_code code; /* why it failed: NOSPACE, or REMOTE */
    char text[256];    /* and in words */
};

/* Create the share and start copying the snapshot's content into it. The job
   runs on the storage side and survives this process and its connection;
   share_status tells how it goes and starts it again if its node died.
   location as create_share. */
int mn_gpfs_create_share_from_snapshot(struct mn_gpfs *g,
                                       const struct mn_share *share,
                                       const struct mn_snapshot *s,
                                       struct mn_buf *location,
                                       struct mn_error *err);
/* Start mmrestorefs as such a job; wait: until its end (Manila before 23).
   NOTFOUND when there is no such snapshot, BUSY when a job goes on. */
int mn_gpfs_revert_to_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                               bool wait, struct mn_error *err);
/* DONE and FAILED are about the job: DONE is told once, or again until its
   directory could be removed, and NONE from then on; FAILED until the share
   is deleted or reverted again. */
int mn_gpfs_share_status(struct mn_gpfs *g, const struct mn_share *share,
                         struct mn_job_state *state, struct mn_buf *location,
                         struct mn_error *err);

/* ---- manage ---- */

/* Take over the fileset that is linked at the path of export_location
   ("IP:/path", "[IPv6]:/path"): rename it, tag it, give it a quota of whole
   GiB, and leave its junction, so that no client is cut off. size_gib and
   location tell what Manila shall store. What fails is taken back. INVAL with
   the reason when it can't be a share (dependent fileset, root, not linked,
   another share's tag). */
int mn_gpfs_manage_share(struct mn_gpfs *g, const struct mn_share *share,
                         const char *export_location, uint64_t *size_gib,
                         struct mn_buf *location, struct mn_error *err);
/* Take our tag off; the fileset and its exports stay as they are. One that
   was managed gets back its former name and comment, the name unless another
   fileset took it. Absent is success. */
int mn_gpfs_unmanage_share(struct mn_gpfs *g, const struct mn_share *share,
                           struct mn_error *err);

/* A text that changes when what ensure_shares depends on changes: server
   list, export address, base directories, export options. Asks nobody. */
int mn_gpfs_backend_info(struct mn_gpfs *g, struct mn_buf *info,
                         struct mn_error *err);

/* What the server type can do. */
struct mn_gpfs_capabilities {
    bool mount_snapshot;          /* exports of its own for a snapshot */
    bool snapshot_inherit_access; /* the share's exports show snapshots */
};
void mn_gpfs_capabilities(const struct mn_gpfs *g,
                          struct mn_gpfs_capabilities *caps);

#endif
