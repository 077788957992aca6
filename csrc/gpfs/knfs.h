/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel NFS: the exports of one share on the servers of
 * gpfs_nfs_server_list. The share's clients stand in one file per share,
 * /etc/exports.d/manila-<share>.exports; exportfs(8) is called for what
 * changed and asked afterwards what is in force.
 */
#ifndef MN_GPFS_KNFS_H
#define MN_GPFS_KNFS_H

#include "gpfs/driver.h"

/* What KNFSHelper and the driver share: servers, default options, logging.
   Everything borrowed. */
struct mn_knfs {
    const struct mn_gpfs_node *servers;
    size_t n;
    const char *export_options;
    struct mn_log log;
};

int mn_knfs_update_access(const struct mn_knfs *k, const char *local_path,
                          const struct mn_share *share, struct mn_rules all,
                          struct mn_rules add, struct mn_rules drop,
                          struct mn_rules update, struct mn_rule_state *states,
                          struct mn_error *err);
int mn_knfs_allow_access(const struct mn_knfs *k, const char *local_path,
                         const struct mn_share *share,
                         const struct mn_access_rule *rule,
                         struct mn_error *err);
int mn_knfs_deny_access(const struct mn_knfs *k, const char *local_path,
                        const struct mn_share *share,
                        const struct mn_access_rule *rule,
                        struct mn_error *err);
/* Drop all clients and the file; absent is success. */
int mn_knfs_remove_export(const struct mn_knfs *k, const char *local_path,
                          const struct mn_share *share, struct mn_error *err);

#endif
