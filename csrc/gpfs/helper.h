/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of NFS server can do for shares: kernel NFS, an operator's
 * NFS-Ganesha, CES. The driver and the helper types of the binding see only
 * this.
 */
#ifndef MN_GPFS_HELPER_H
#define MN_GPFS_HELPER_H

#include "gpfs/driver.h"

struct mn_nfs_helper;

/* One exported directory: a share's, or a snapshot's. */
struct mn_nfs_export {
    const char *path;           /* absolute */
    const char *id;             /* UUID of share or snapshot instance */
    const char *name;           /* names files: of share or snapshot */
    const char *pseudo;         /* path for NFSv4, if it is not path; else
                                   NULL. Only NFS-Ganesha knows such */
    const char *export_options; /* or NULL: the configured ones */
};

struct mn_nfs_ensure {
    struct mn_nfs_export export;
    /* out; an entry that comes in with a code is left alone */
    enum mn_code code;
    struct mn_error err;
    bool repaired;
    bool reapply_access;
};

struct mn_nfs_helper_vtable {
    /* Manila's update_access on one export; see mn_gpfs_update_access. */
    int (*update_access)(struct mn_nfs_helper *h,
                         const struct mn_nfs_export *e, struct mn_rules all,
                         struct mn_rules add, struct mn_rules drop,
                         struct mn_rules update, struct mn_rule_state *states,
                         struct mn_error *err);
    int (*allow_access)(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                        const struct mn_access_rule *rule,
                        struct mn_error *err);
    int (*deny_access)(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                       const struct mn_access_rule *rule,
                       struct mn_error *err);
    /* Absent is success. */
    int (*remove_export)(struct mn_nfs_helper *h,
                         const struct mn_nfs_export *e, struct mn_error *err);
    /* Are the servers fit to serve? (check_for_setup_error) */
    int (*check)(struct mn_nfs_helper *h, struct mn_error *err);
    /* Bring back lost exports of many shares with one listing per server. */
    int (*ensure)(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                  struct mn_error *err);
    /* Does anybody have access to path, whoever exports it? */
    int (*has_clients)(struct mn_nfs_helper *h, const char *path, bool *has,
                       struct mn_error *err);
    void (*free)(struct mn_nfs_helper *h);
};

struct mn_nfs_helper {
    const struct mn_nfs_helper_vtable *vtable;
};

/* Everything in config is borrowed until the helper is freed. */
struct mn_nfs_helper_config {
    struct mn_gpfs_node cluster; /* CES: where mmnfs runs */
    const struct mn_gpfs_node *servers;
    size_t servers_n;
    const char *export_options;       /* canonical or as configured */
    const struct mn_gpfs_pool *pools; /* may be none: directories that check */
    size_t pools_n;                   /* wants to see on each server */
    struct mn_ganesha_config ganesha;
    struct mn_log log;
};

int mn_knfs_new(const struct mn_nfs_helper_config *config,
                struct mn_nfs_helper **helper, struct mn_error *err);
int mn_gnfs_new(const struct mn_nfs_helper_config *config,
                struct mn_nfs_helper **helper, struct mn_error *err);
int mn_ces_new(const struct mn_nfs_helper_config *config,
               struct mn_nfs_helper **helper, struct mn_error *err);
void mn_nfs_helper_free(struct mn_nfs_helper *helper); /* NULL-safe */

#endif
