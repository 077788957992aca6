/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GPFS driver without Python: operations on shares and their access
 * rules, carried out on the cluster through executors. Everything here runs
 * on the caller's thread and may be called by many callers at once: a driver
 * object does not change after mn_gpfs_new(). Nothing is remembered between
 * calls but the name of the GPFS device, which is asked for once; the cluster
 * and its NFS servers are the only state.
 */
#ifndef MN_GPFS_DRIVER_H
#define MN_GPFS_DRIVER_H

#include <stdint.h>

#include "core/error.h"
#include "exec/executor.h"

enum mn_log_level { MN_LOG_DEBUG, MN_LOG_INFO, MN_LOG_WARNING, MN_LOG_ERROR };

struct mn_log {
    void (*write)(void *ctx, enum mn_log_level level, const char *text);
    void *ctx;
};

enum mn_nfs_server_type { MN_NFS_KNFS, MN_NFS_GNFS, MN_NFS_CES };

/* One host the driver works on. */
struct mn_gpfs_node {
    const char *name;       /* as in manila.conf; for messages */
    struct mn_executor *ex; /* borrowed */
};

/* All strings are copied. */
struct mn_gpfs_config {
    const char *export_ip;        /* gpfs_share_export_ip */
    const char *mount_point_base; /* gpfs_mount_point_base, absolute */
    enum mn_nfs_server_type nfs_server_type;
    const char *knfs_export_options;        /* without rw, ro and fsid */
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

/* What the driver needs of Manila's share instance dict. */
struct mn_share {
    const char *id;             /* share['id']: the instance's UUID */
    const char *name;           /* share['name']: names the fileset */
    uint64_t size_gib;          /* share['size'] */
    const char *export_options; /* extra spec knfs:export_options, or NULL */
};

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

struct mn_ensure_result {
    enum mn_code code; /* 0: the share stands (again) */
    struct mn_error err;
    struct mn_buf location;
    bool repaired; /* link, quota or exports had to be mended; exports came
                      back from their file or need Manila's rules */
    bool reapply_access; /* the exports file is gone: Manila must call
                            update_access for this share */
};

/* Look at all shares with one listing per host and mend what can be mended.
   Fails as a whole only when the cluster can't be asked. A share without
   rules has no exports file either, so it too asks for its rules. The caller
   disposes results[i].location, also after a failure. */
int mn_gpfs_ensure_shares(struct mn_gpfs *g, const struct mn_share *shares,
                          size_t n, struct mn_ensure_result *results,
                          struct mn_error *err);

/* Manila's access rule. */
struct mn_access_rule {
    const char *access_id;   /* keys the answer; may be NULL in delete lists */
    const char *access_type; /* "ip" ... */
    const char *access_to;
    const char *access_level; /* "rw" or "ro" */
};

struct mn_rules {
    const struct mn_access_rule *v;
    size_t n;
};

struct mn_rule_state {
    enum mn_code code; /* 0: in force on every server */
    char text[256];
};

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
int mn_gpfs_stats(struct mn_gpfs *g, struct mn_gpfs_stats *stats,
                  struct mn_error *err);

/* A text that changes when what ensure_shares depends on changes: server
   list, export address, base directory, device, export options. */
int mn_gpfs_backend_info(struct mn_gpfs *g, struct mn_buf *info,
                         struct mn_error *err);

#endif
