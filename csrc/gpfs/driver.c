/* SPDX-License-Identifier: Apache-2.0 */
/* The driver object, and the calls that only pass on. */
#include "gpfs/driver.h"

#include <stdatomic.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"
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
check_config(const struct mn_gpfs_config *config, struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    if (config->nfs_server_type != MN_NFS_KNFS) {
        return bad_option("gpfs_nfs_server_type",
                          "only KNFS is supported yet "
                          "by this release",
                          err);
    }
    if (!is_host_name(config->export_ip)) {
        return bad_option("gpfs_share_export_ip",
                          "an IP address or host name "
                          "must be given",
                          err);
    }
    if (mn_gpfs__check_path(config->mount_point_base, &why)) {
        return bad_option("gpfs_mount_point_base", why.text, err);
    }
    if (!config->nfs_servers_n) {
        return bad_option("gpfs_nfs_server_list",
                          "at least one NFS server "
                          "must be given",
                          err);
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
copy_options(const char *options, struct mn_gpfs *g, struct mn_error *err)
{
    struct mn_buf canonical = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
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
copy_config(const struct mn_gpfs_config *config, struct mn_gpfs *g,
            struct mn_error *err)
{
    size_t n = strlen(config->mount_point_base);
    while (n > 1 && config->mount_point_base[n - 1] == '/') {
        n--;
    }
    g->log = config->log;
    g->export_ip = mn_strdup(config->export_ip);
    g->base = mn_strndup(config->mount_point_base, n);
    g->servers = mn_calloc(config->nfs_servers_n, sizeof *g->servers);
    if (!g->export_ip || !g->base || !g->servers) {
        return mn_error_nomem(err);
    }
    int rc = copy_node(&config->cluster, &g->cluster, err);
    for (size_t i = 0; !rc && i < config->nfs_servers_n; i++) {
        g->servers_n = i + 1;
        rc = copy_node(&config->nfs_servers[i], &g->servers[i], err);
    }
    return rc ? rc : copy_options(config->knfs_export_options, g, err);
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
    rc = copy_config(config, g, err);
    if (rc) {
        mn_gpfs_free(g);
        return rc;
    }
    g->knfs = (struct mn_knfs){.servers = g->servers,
                               .n = g->servers_n,
                               .export_options = g->export_options,
                               .log = g->log};
    *gpfs = g;
    return 0;
}

void
mn_gpfs_free(struct mn_gpfs *g)
{
    if (!g) {
        return;
    }
    for (size_t i = 0; i < g->servers_n; i++) {
        mn_free((char *)g->servers[i].name);
    }
    mn_free(g->servers);
    mn_free((char *)g->cluster.name);
    mn_free(g->export_ip);
    mn_free(g->base);
    mn_free(g->export_options);
    mn_free(atomic_load(&g->device));
    mn_free(g);
}

int
mn_gpfs__run(struct mn_gpfs *g, const struct mn_plan *plan,
             struct mn_result *result, struct mn_error *err)
{
    return mn_exec_run(g->cluster.ex, plan, result, err);
}

/* The device as the mm commands take it: one plain name. */
static int
take_device(struct mn_slice text, char **device, struct mn_error *err)
{
    struct mn_mm_df_row row;
    int rc = mn_mm_read_df(text, &row, err);
    if (rc) {
        return rc;
    }
    bool ok = row.device.n > 0 && row.device.p[0] != '-';
    for (size_t i = 0; i < row.device.n; i++) {
        char c = row.device.p[i];
        ok &= (unsigned char)c > ' ' && c != '/' && c != ':' && c != 0x7f;
    }
    if (!ok) {
        return mn_error_set(err, MN_ECONFIG,
                            "gpfs_mount_point_base is on "
                            "'%.*s', which is not a GPFS file system",
                            row.device.n > 100 ? 100 : (int)row.device.n,
                            row.device.p);
    }
    *device = mn_strndup(row.device.p, row.device.n);
    return *device ? 0 : mn_error_nomem(err);
}

int
mn_gpfs__device(struct mn_gpfs *g, const char **device, struct mn_error *err)
{
    *device = atomic_load(&g->device);
    if (*device) {
        return 0;
    }
    char *found = NULL;
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    mn_mm_df(&plan, g->base, false);
    int rc = mn_gpfs__run(g, &plan, &result, err);
    rc = rc ? rc : mn_mm_check(&result, &plan, 0, g->cluster.name, err);
    rc = rc ? rc : take_device(result.steps[0].out, &found, err);
    if (!rc) {
        /* no lock: nobody may wait for the network with one held, because
           greenthreads share an OS thread; the first answer stays */
        char *none = NULL;
        if (!atomic_compare_exchange_strong(&g->device, &none, found)) {
            mn_free(found);
        }
        *device = atomic_load(&g->device);
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

void
mn_gpfs__path(const struct mn_gpfs *g, const char *name, struct mn_buf *out)
{
    mn_buf_printf(out, "%s/%s", g->base, name);
}

void
mn_gpfs__location(const struct mn_gpfs *g, const char *name,
                  struct mn_buf *out)
{
    bool v6 = strchr(g->export_ip, ':') != NULL;
    mn_buf_printf(out, v6 ? "[%s]:" : "%s:", g->export_ip);
    mn_gpfs__path(g, name, out);
}

bool
mn_gpfs__is_tagged(const char *comment, const struct mn_share *share)
{
    size_t n = strlen(MN_MM_TAG);
    return strncmp(comment, MN_MM_TAG, n) == 0
           && strcmp(comment + n, share->id) == 0;
}

/* The share's path for one call of knfs.h. */
static int
local_path(const struct mn_gpfs *g, const struct mn_share *share,
           struct mn_buf *path, struct mn_error *err)
{
    int rc = mn_gpfs__check_share(share, err);
    if (!rc) {
        mn_gpfs__path(g, share->name, path);
        rc = path->failed ? mn_error_nomem(err) : 0;
    }
    return rc;
}

int
mn_gpfs_update_access(struct mn_gpfs *g, const struct mn_share *share,
                      struct mn_rules all, struct mn_rules add,
                      struct mn_rules drop, struct mn_rules update,
                      struct mn_rule_state *states, struct mn_error *err)
{
    struct mn_buf path = MN_BUF_INIT;
    int rc = local_path(g, share, &path, err);
    if (!rc) {
        rc = mn_knfs_update_access(&g->knfs, mn_buf_str(&path), share, all,
                                   add, drop, update, states, err);
    }
    mn_buf_dispose(&path);
    return rc;
}

int
mn_gpfs_allow_access(struct mn_gpfs *g, const struct mn_share *share,
                     const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_buf path = MN_BUF_INIT;
    int rc = local_path(g, share, &path, err);
    if (!rc) {
        rc = mn_knfs_allow_access(&g->knfs, mn_buf_str(&path), share, rule,
                                  err);
    }
    mn_buf_dispose(&path);
    return rc;
}

int
mn_gpfs_deny_access(struct mn_gpfs *g, const struct mn_share *share,
                    const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_buf path = MN_BUF_INIT;
    int rc = local_path(g, share, &path, err);
    if (!rc) {
        rc =
            mn_knfs_deny_access(&g->knfs, mn_buf_str(&path), share, rule, err);
    }
    mn_buf_dispose(&path);
    return rc;
}

int
mn_gpfs_stats(struct mn_gpfs *g, struct mn_gpfs_stats *stats,
              struct mn_error *err)
{
    struct mn_mm_df_row row;
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    mn_mm_df(&plan, g->base, true);
    int rc = mn_gpfs__run(g, &plan, &result, err);
    rc = rc ? rc : mn_mm_check(&result, &plan, 0, g->cluster.name, err);
    rc = rc ? rc : mn_mm_read_df(result.steps[0].out, &row, err);
    if (!rc) {
        stats->total_bytes = row.total;
        stats->free_bytes = row.available;
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

int
mn_gpfs_backend_info(struct mn_gpfs *g, struct mn_buf *info,
                     struct mn_error *err)
{
    const char *device;
    int rc = mn_gpfs__device(g, &device, err);
    if (rc) {
        return rc;
    }
    mn_buf_printf(info, "export_ip=%s;base=%s;device=%s;options=%s;servers=",
                  g->export_ip, g->base, device, g->export_options);
    for (size_t i = 0; i < g->servers_n; i++) {
        mn_buf_printf(info, "%s%s", i ? "," : "", g->servers[i].name);
    }
    return info->failed ? mn_error_nomem(err) : 0;
}
