/* SPDX-License-Identifier: Apache-2.0 */
/* The driver object: checked and copied from the options. */
#include <stdatomic.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/internal.h"
#include "nfs/exports.h"

/* Name the option before a failure and make it one of configuration. */
static int
bad_option(const char *option, const char *why, struct mn_error *err)
{
    return mn_error_set(err, MN_ECONFIG, "%s: %s", option, why);
}

static bool
is_host_name(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || (c && strchr(".:-_", c)))) {
            return false;
        }
    }
    return n > 0 && n < 256 && s[0] != '-';
}

static int
check_pools(const struct mn_gpfs_config *config, struct mn_error *err)
{
    const char *option =
        config->pools_n > 1 ? "gpfs_pools" : "gpfs_mount_point_base";
    if (!config->pools_n) {
        return bad_option(option, "a directory must be given", err);
    }
    for (size_t i = 0; i < config->pools_n; i++) {
        const struct mn_gpfs_pool *pool = &config->pools[i];
        struct mn_error why = MN_ERROR_INIT;
        if (mn_gpfs__check_path(pool->base, &why)) {
            return bad_option(option, why.text, err);
        }
        for (size_t k = 0; k < i; k++) {
            if (!pool->name
                || strcmp(config->pools[k].name, pool->name) == 0) {
                return bad_option(option, "each pool needs a name of its own",
                                  err);
            }
        }
        if (!pool->name) {
            return bad_option(option, "a pool has no name", err);
        }
    }
    return 0;
}

/* One component of a path, without what would need quoting in a pattern. */
static bool
is_snapshot_dir(const char *s)
{
    return s && (mn_gpfs__is_name(*s == '.' ? s + 1 : s, 200));
}

static int
check_config(const struct mn_gpfs_config *config, struct mn_error *err)
{
    if (!is_host_name(config->export_ip)) {
        return bad_option("gpfs_share_export_ip",
                          "an IP address or host name must be given", err);
    }
    int rc = check_pools(config, err);
    if (rc) {
        return rc;
    }
    if (config->snapshot_dir && !is_snapshot_dir(config->snapshot_dir)) {
        return bad_option("gpfs_snapshot_dir",
                          "a plain name of a directory must be given", err);
    }
    if (!config->nfs_servers_n && config->nfs_server_type != MN_NFS_CES) {
        return bad_option("gpfs_nfs_server_list",
                          "at least one NFS server must be given", err);
    }
    if (!config->cluster.ex) {
        return mn_error_set(err, MN_EINTERNAL, "no executor for the cluster");
    }
    return 0;
}

static int
copy_node(const struct mn_gpfs_node *from, struct mn_gpfs_node *to,
          struct mn_error *err)
{
    to->ex = from->ex;
    to->name = mn_strdup(from->name);
    return to->name ? 0 : mn_error_nomem(err);
}

static int
copy_pools(const struct mn_gpfs_config *config, struct mn_gpfs *g,
           struct mn_error *err)
{
    g->pools = mn_calloc(config->pools_n, sizeof *g->pools);
    g->bases = mn_calloc(config->pools_n, sizeof *g->bases);
    if (!g->pools || !g->bases) {
        return mn_error_nomem(err);
    }
    for (size_t i = 0; i < config->pools_n; i++) {
        const struct mn_gpfs_pool *from = &config->pools[i];
        size_t n = strlen(from->base);
        while (n > 1 && from->base[n - 1] == '/') {
            n--;
        }
        g->pools_n = i + 1;
        g->pools[i].name = mn_strdup(from->name);
        g->pools[i].base = mn_strndup(from->base, n);
        if (!g->pools[i].name || !g->pools[i].base) {
            return mn_error_nomem(err);
        }
        g->bases[i] =
            (struct mn_gpfs_pool){g->pools[i].name, g->pools[i].base};
    }
    return 0;
}

static int
copy_options(const struct mn_gpfs_config *config, struct mn_gpfs *g,
             struct mn_error *err)
{
    const char *options = config->export_options;
    struct mn_buf canonical = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    if (config->nfs_server_type != MN_NFS_KNFS) {
        g->export_options = mn_strdup(options ? options : "");
        return g->export_options ? 0 : mn_error_nomem(err);
    }
    int rc = mn_exports_check_options(options, &canonical, &why);
    if (rc) {
        mn_buf_dispose(&canonical);
        return rc == MN_ENOMEM
                   ? mn_error_nomem(err)
                   : bad_option("knfs_export_options", why.text, err);
    }
    g->export_options = mn_buf_take(&canonical);
    return g->export_options ? 0 : mn_error_nomem(err);
}

static int
copy_ganesha(const struct mn_ganesha_config *from,
             struct mn_ganesha_config *to, struct mn_error *err)
{
    to->syntax = from->syntax;
    to->command_timeout_s = from->command_timeout_s;
    to->config_path = mn_strdup(from->config_path);
    to->export_dir = mn_strdup(from->export_dir);
    to->service_name = mn_strdup(from->service_name);
    bool ok = (to->config_path || !from->config_path)
              && (to->export_dir || !from->export_dir)
              && (to->service_name || !from->service_name);
    return ok ? 0 : mn_error_nomem(err);
}

static int
copy_config(const struct mn_gpfs_config *config, struct mn_gpfs *g,
            struct mn_error *err)
{
    const char *dir = config->snapshot_dir;
    g->nfs_server_type = config->nfs_server_type;
    g->log = config->log;
    g->export_ip = mn_strdup(config->export_ip);
    g->snapshot_dir = mn_strdup(dir ? dir : ".snapshots");
    if (!g->export_ip || !g->snapshot_dir) {
        return mn_error_nomem(err);
    }
    if (config->nfs_servers_n) {
        g->servers = mn_calloc(config->nfs_servers_n, sizeof *g->servers);
        if (!g->servers) {
            return mn_error_nomem(err);
        }
    }
    int rc = copy_pools(config, g, err);
    rc = rc ? rc : copy_ganesha(&config->ganesha, &g->ganesha, err);
    rc = rc ? rc : copy_node(&config->cluster, &g->cluster, err);
    for (size_t i = 0; !rc && i < config->nfs_servers_n; i++) {
        g->servers_n = i + 1;
        rc = copy_node(&config->nfs_servers[i], &g->servers[i], err);
    }
    return rc ? rc : copy_options(config, g, err);
}

static int
new_helper(struct mn_gpfs *g, struct mn_error *err)
{
    const struct mn_nfs_helper_config config = {
        .cluster = g->cluster,
        .servers = g->servers,
        .servers_n = g->servers_n,
        .export_options = g->export_options,
        .pools = g->bases,
        .pools_n = g->pools_n,
        .ganesha = g->ganesha,
        .log = g->log,
    };
    switch (g->nfs_server_type) {
    case MN_NFS_KNFS:
        return mn_knfs_new(&config, &g->helper, err);
    case MN_NFS_GNFS:
        return mn_gnfs_new(&config, &g->helper, err);
    case MN_NFS_CES:
        return mn_ces_new(&config, &g->helper, err);
    }
    return bad_option("gpfs_nfs_server_type", "KNFS, GNFS or CES", err);
}

int
mn_gpfs_new(const struct mn_gpfs_config *config, struct mn_gpfs **gpfs,
            struct mn_error *err)
{
    int rc = check_config(config, err);
    if (rc) {
        return rc;
    }
    struct mn_gpfs *g = mn_calloc(1, sizeof *g);
    if (!g) {
        return mn_error_nomem(err);
    }
    g->base.vtable = &mn_gpfs__vtable;
    rc = copy_config(config, g, err);
    rc = rc ? rc : new_helper(g, err);
    if (rc) {
        mn_gpfs_free(g);
        return rc;
    }
    *gpfs = g;
    return 0;
}

void
mn_gpfs_free(struct mn_gpfs *g)
{
    if (!g) {
        return;
    }
    mn_nfs_helper_free(g->helper);
    for (size_t i = 0; i < g->servers_n; i++) {
        mn_free((char *)g->servers[i].name);
    }
    for (size_t i = 0; i < g->pools_n; i++) {
        mn_free(g->pools[i].name);
        mn_free(g->pools[i].base);
        mn_free(atomic_load(&g->pools[i].device));
    }
    mn_free(g->servers);
    mn_free(g->pools);
    mn_free(g->bases);
    mn_free((char *)g->cluster.name);
    mn_free(g->export_ip);
    mn_free(g->snapshot_dir);
    mn_free(g->export_options);
    mn_free((char *)g->ganesha.config_path);
    mn_free((char *)g->ganesha.export_dir);
    mn_free((char *)g->ganesha.service_name);
    mn_free(g);
}
