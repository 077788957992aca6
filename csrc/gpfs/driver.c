/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that only pass on, and those that only look. */
#include "gpfs/driver.h"

#include <string.h>

#include "core/alloc.h"
#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

int
mn_gpfs__run(struct mn_gpfs *g, const struct mn_plan *plan,
             struct mn_result *result, struct mn_error *err)
{
    return mn_exec_run(g->cluster.ex, plan, result, err);
}

/* The share's export; it borrows from share and place. */
static int
find_export(struct mn_gpfs *g, const struct mn_share *share,
            struct mn_gpfs_place *place, struct mn_nfs_export *e,
            struct mn_error *err)
{
    int rc = mn_gpfs__path(g, share, place, err);
    *e = (struct mn_nfs_export){.path = mn_buf_str(&place->path),
                                .id = share->id,
                                .name = share->name,
                                .export_options = share->export_options};
    return rc;
}

int
mn_gpfs_update_access(struct mn_gpfs *g, const struct mn_share *share,
                      struct mn_rules all, struct mn_rules add,
                      struct mn_rules drop, struct mn_rules update,
                      struct mn_rule_state *states, struct mn_error *err)
{
    struct mn_gpfs_place place;
    struct mn_nfs_export e;
    int rc = find_export(g, share, &place, &e, err);
    if (!rc) {
        rc = g->helper->vtable->update_access(g->helper, &e, all, add, drop,
                                              update, states, err);
    }
    mn_gpfs__place_dispose(&place);
    return rc;
}

int
mn_gpfs_allow_access(struct mn_gpfs *g, const struct mn_share *share,
                     const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_gpfs_place place;
    struct mn_nfs_export e;
    int rc = find_export(g, share, &place, &e, err);
    if (!rc) {
        rc = g->helper->vtable->allow_access(g->helper, &e, rule, err);
    }
    mn_gpfs__place_dispose(&place);
    return rc;
}

int
mn_gpfs_deny_access(struct mn_gpfs *g, const struct mn_share *share,
                    const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_gpfs_place place;
    struct mn_nfs_export e;
    int rc = find_export(g, share, &place, &e, err);
    if (!rc) {
        rc = g->helper->vtable->deny_access(g->helper, &e, rule, err);
    }
    mn_gpfs__place_dispose(&place);
    return rc;
}

/* What df says of one pool; logged when it says nothing. */
static int
pool_stats(struct mn_gpfs *g, const struct mn_result *result,
           const struct mn_plan *plan, size_t i, struct mn_gpfs_stats *stats,
           struct mn_error *why)
{
    struct mn_mm_df_row row;
    int rc = mn_mm_check(result, plan, (int)i, g->cluster.name, why);
    rc = rc ? rc
            : mn_gpfs__check_mounted(g, &g->pools[i], result->steps[i].out,
                                     why);
    rc = rc ? rc : mn_mm_read_df(result->steps[i].out, &row, why);
    if (rc) {
        mn_gpfs__log(&g->log, MN_LOG_WARNING, "pool %s has no statistics: %s",
                     g->pools[i].name, why->text);
        return rc;
    }
    stats->total_bytes = row.total;
    stats->free_bytes = row.available;
    return 0;
}

int
mn_gpfs_stats(struct mn_gpfs *g, struct mn_gpfs_stats *stats,
              struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_error first = MN_ERROR_INIT;
    size_t good = 0;
    for (size_t i = 0; i < g->pools_n; i++) {
        stats[i] = (struct mn_gpfs_stats){0};
        mn_mm_df(&plan, g->pools[i].base, true)->accept_any = true;
    }
    int rc = mn_gpfs__run(g, &plan, &result, err);
    for (size_t i = 0; !rc && i < g->pools_n; i++) {
        struct mn_error why = MN_ERROR_INIT;
        good += !pool_stats(g, &result, &plan, i, &stats[i], &why);
        if (why.code) {
            mn_error_set(&first, why.code, "%s", why.text);
        }
    }
    if (!rc && !good) {
        rc = mn_error_set(err, first.code, "%s", first.text);
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

static const char *
type_name(enum mn_nfs_server_type type)
{
    return type == MN_NFS_KNFS ? "KNFS" : type == MN_NFS_GNFS ? "GNFS" : "CES";
}

int
mn_gpfs_backend_info(struct mn_gpfs *g, struct mn_buf *info,
                     struct mn_error *err)
{
    mn_buf_printf(info,
                  "type=%s;export_ip=%s;pools=", type_name(g->nfs_server_type),
                  g->export_ip);
    for (size_t i = 0; i < g->pools_n; i++) {
        mn_buf_printf(info, "%s%s:%s", i ? "," : "", g->pools[i].name,
                      g->pools[i].base);
    }
    mn_buf_printf(info, ";options=%s;snapshots=%s;servers=", g->export_options,
                  g->snapshot_dir);
    for (size_t i = 0; i < g->servers_n; i++) {
        mn_buf_printf(info, "%s%s", i ? "," : "", g->servers[i].name);
    }
    if (g->nfs_server_type == MN_NFS_GNFS) {
        const char *dir = g->ganesha.export_dir;
        mn_buf_printf(info, ";ganesha=%d:%s", (int)g->ganesha.syntax,
                      dir ? dir : "");
    }
    return info->failed ? mn_error_nomem(err) : 0;
}

/*
 * A fileset snapshot is the directory <junction>/.snapshots/<name>. It is in
 * the same file system as the share and no mount of its own, so whoever has
 * the share's export walks into it by name (readdir does not show it),
 * whatever serves the export.
 *
 * It can also be exported by itself. The kernel server wants an fsid that is
 * unique for each directory of one GPFS file system, which it gets from the
 * snapshot's id. Ganesha's GPFS FSAL takes any directory of a mounted GPFS as
 * Path, and mmnfs any that is not a symbolic link; there one more export
 * counts towards the 1000 of a protocol cluster.
 */
void
mn_gpfs_capabilities(const struct mn_gpfs *g,
                     struct mn_gpfs_capabilities *caps)
{
    (void)g; /* so for all three types */
    *caps = (struct mn_gpfs_capabilities){.mount_snapshot = true,
                                          .snapshot_inherit_access = true};
}
