/* SPDX-License-Identifier: Apache-2.0 */
#include "python/export_options.h"

#include <string.h>

#include "core/slice.h"

/* Is it for access rules and shares to determine? */
static bool
is_determined_knfs(struct mn_slice option)
{
    return !option.n || mn_slice_eq(option, "rw") || mn_slice_eq(option, "ro")
           || mn_slice_starts(option, "fsid=");
}

static bool
is_determined_ganesha(struct mn_slice option)
{
    struct mn_slice rest = option;
    struct mn_slice name;
    return !mn_slice_next(&rest, '=', &name)
           || mn_slice_eq_nocase(mn_slice_trim(name), "access_type");
}

/* What is used when an option is not set or says nothing. */
static const char *
fallback(enum mn_nfs_server_type type, enum mn_ganesha_syntax syntax)
{
    switch (type) {
    case MN_NFS_KNFS:
        return "sync,no_root_squash,insecure,no_wdelay,no_subtree_check";
    case MN_NFS_GNFS:
        return syntax == MN_GANESHA_2_1 ? ""
                                        : "maxread = 65536, prefread = 65536";
    case MN_NFS_CES:
        break;
    }
    return "";
}

const char *
mnpy_export_options(char *options, enum mn_nfs_server_type type,
                    enum mn_ganesha_syntax syntax)
{
    char *to = options;
    struct mn_slice rest = mn_slice_of(options);
    struct mn_slice option;
    while (mn_slice_next(&rest, ',', &option)) {
        option = mn_slice_trim(option);
        if (type == MN_NFS_KNFS ? is_determined_knfs(option)
                                : is_determined_ganesha(option)) {
            continue;
        }
        if (to != options) {
            *to++ = ',';
        }
        memmove(to, option.p, option.n);
        to += option.n;
    }
    if (to == options) {
        return fallback(type, syntax);
    }
    *to = '\0';
    return options;
}

static int
read_syntax(const char *version, enum mn_ganesha_syntax *syntax,
            struct mn_error *err)
{
    static const char *const names[] = {[MN_GANESHA_2_1] = "2.1",
                                        [MN_GANESHA_2_0] = "2.0",
                                        [MN_GANESHA_1_5] = "1.5"};
    *syntax = MN_GANESHA_2_1;
    for (int i = 0; version && i < 3; i++) {
        if (strcmp(version, names[i]) == 0) {
            *syntax = (enum mn_ganesha_syntax)i;
            return 0;
        }
    }
    return version ? mn_error_set(err, MN_ECONFIG,
                                  "gpfs_ganesha_version must be 1.5, 2.0 or "
                                  "2.1, not %s",
                                  version)
                   : 0;
}

int
mnpy_ganesha_config(struct mn_ganesha_config *config, const char *version,
                    const char *config_path, const char *export_dir,
                    const char *service_name, struct mn_error *err)
{
    config->config_path =
        config_path ? config_path : "/etc/ganesha/ganesha.conf";
    config->export_dir = export_dir ? export_dir : "/etc/ganesha/export.d";
    config->service_name = service_name ? service_name : "ganesha.nfsd";
    return read_syntax(version, &config->syntax, err);
}
