/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of the array's services that the driver calls. "openstack" is
 * the service that IntelliFlash has for OpenStack alone; "v2" is the
 * documented one (IntelliFlash API Reference Guides 2.0 to 2.4).
 */
#ifndef MN_TEGILE_METHODS_H
#define MN_TEGILE_METHODS_H

#include <stdbool.h>

enum mn_tegile_kind {
    MN_TEGILE_GET,  /* asks, and needs no arguments */
    MN_TEGILE_ASK,  /* asks */
    MN_TEGILE_SET,  /* changes; doing it twice is as good as once */
    MN_TEGILE_ONCE, /* changes; must not be done twice unawares */
};

/* Any answer may be a COMMAND_STATUS, or have one, that tells of a failure. */
enum mn_tegile_answer {
    MN_TEGILE_STATUS, /* nothing, 0 or whatever */
    MN_TEGILE_VALUE,  /* JSON without which there is no going on */
    MN_TEGILE_LIST,   /* a JSON array: what is not in it counts as deleted */
};

/* name here, service and method, kind, answer */
#define MN_TEGILE_METHODS(X)                                                 \
    X(array_stats, "openstack/getArrayStats", GET, VALUE)                    \
    X(create_share, "openstack/createShare", ONCE, VALUE)                    \
    X(clone, "openstack/cloneShareSnapshot", ONCE, STATUS)                   \
    X(delete_plain, "openstack/deleteShare", SET, STATUS)                    \
    X(resize, "openstack/resizeShare", SET, STATUS)                          \
    X(location, "openstack/getShareIPAndMountPoint", ASK, VALUE)             \
    X(allow, "openstack/shareAllowAccess", SET, STATUS)                      \
    X(deny, "openstack/shareDenyAccess", SET, STATUS)                        \
    X(clear_access, "openstack/clearAccessRules", SET, STATUS)               \
    X(properties, "v2/listSystemProperties", ASK, VALUE)                     \
    X(list_pools, "v2/listPools", GET, LIST)                                 \
    X(list_projects, "v2/listProjects", ASK, LIST)                           \
    X(list_shares, "v2/listShares", ASK, LIST)                               \
    X(get_share, "v2/getShare", ASK, VALUE)                                  \
    X(get_property, "v2/getShareProperty", ASK, VALUE)                       \
    X(set_properties, "v2/modifyShareProperties", SET, STATUS)               \
    X(space, "v2/getDatasetSpaceInfo", ASK, VALUE)                           \
    X(delete_promoting, "v2/deleteShare", SET, STATUS)                       \
    X(create_snapshot, "v2/createShareSnapshot", ONCE, STATUS)               \
    X(snapshot_status, "v2/getShareSnapshotCreationStatus", ASK, VALUE)      \
    X(list_snapshots, "v2/listSnapshots", ASK, LIST)                         \
    X(delete_snapshot, "v2/deleteShareSnapshot", SET, VALUE)                 \
    X(dependents, "v2/listDependenciesAndSnapshotCountOnDelete", ASK, VALUE) \
    X(rollback, "v2/rollBackToShareSnapshot", SET, STATUS)                   \
    X(is_nfs, "v2/isShareExposedOverNFS", ASK, VALUE)                        \
    X(is_smb, "v2/isShareExposedOverSMB", ASK, VALUE)                        \
    X(share_nfs, "v2/setNFSSharingOnShare", SET, STATUS)                     \
    X(get_acl, "v2/getNFSNetworkACLsOnShare", ASK, LIST)                     \
    X(set_acl, "v2/setNFSNetworkACLsOnShare", SET, STATUS)                   \
    X(floating_ips, "v2/getFloatingIPList", ASK, LIST)

struct mn_tegile_method {
    const char *path;
    enum mn_tegile_kind kind;
    enum mn_tegile_answer answer;
};

#define MN_TEGILE_DECLARE_(name, path, kind, answer) \
    extern const struct mn_tegile_method mn_tegile_m_##name;
MN_TEGILE_METHODS(MN_TEGILE_DECLARE_)
#undef MN_TEGILE_DECLARE_

#endif
