/* SPDX-License-Identifier: Apache-2.0 */
/* Where shares live: pools, their devices, paths, tags. */
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

/* The largest block of GPFS is 16 MiB, and limits are rounded to blocks. */
enum { QUOTA_TOLERANCE_KIB = 16 << 10 };

const char *
mn_gpfs__base_option(const struct mn_gpfs *g)
{
    return g->pools_n > 1 ? "gpfs_pools" : "gpfs_mount_point_base";
}

int
mn_gpfs__pool(struct mn_gpfs *g, const struct mn_share *share,
              struct mn_gpfs_base **pool, struct mn_error *err)
{
    *pool = &g->pools[0];
    if (!share->pool || g->pools_n == 1) {
        /* with one pool its name is what Manila was told to call it */
        return 0;
    }
    for (size_t i = 0; i < g->pools_n; i++) {
        if (strcmp(g->pools[i].name, share->pool) == 0) {
            *pool = &g->pools[i];
            return 0;
        }
    }
    return mn_error_set(err, MN_ECONFIG,
                        "share %s is in pool '%.80s', which gpfs_pools does "
                        "not name",
                        share->name, share->pool);
}

int
mn_gpfs__read_device(const struct mn_gpfs *g, struct mn_slice text,
                     struct mn_slice *device, struct mn_error *err)
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
                            "%s is on '%.*s', which is not a GPFS file system",
                            mn_gpfs__base_option(g),
                            row.device.n > 100 ? 100 : (int)row.device.n,
                            row.device.p);
    }
    *device = row.device;
    return 0;
}

int
mn_gpfs__check_mounted(const struct mn_gpfs *g,
                       const struct mn_gpfs_base *pool, struct mn_slice text,
                       struct mn_error *err)
{
    struct mn_slice device;
    const char *known = atomic_load(&pool->device);
    int rc = mn_gpfs__read_device(g, text, &device, err);
    return rc || !known || mn_slice_eq(device, known)
               ? rc
               : mn_error_set(err, MN_EBUSY, "%s is not mounted at %s on %s",
                              known, pool->base, g->cluster.name);
}

/* No lock: nobody may wait for the network with one held, because
   greenthreads share an OS thread; the first answer stays. */
static int
keep_device(struct mn_gpfs *g, struct mn_gpfs_base *pool, struct mn_slice text,
            struct mn_error *err)
{
    struct mn_slice device;
    char *none = NULL;
    int rc = mn_gpfs__read_device(g, text, &device, err);
    if (rc) {
        return rc;
    }
    char *found = mn_strndup(device.p, device.n);
    if (!found) {
        return mn_error_nomem(err);
    }
    if (!atomic_compare_exchange_strong(&pool->device, &none, found)) {
        mn_free(found);
    }
    return 0;
}

/* An answer is of all pools with the directory that was asked about. */
static int
keep_answer(struct mn_gpfs *g, size_t first, size_t n,
            const struct mn_plan *plan, const struct mn_result *result,
            int step, struct mn_error *errs, struct mn_error *err)
{
    const struct mn_argv *argv = &plan->steps[step].argv;
    for (size_t i = 0; i < n; i++) {
        struct mn_gpfs_base *pool = &g->pools[first + i];
        if (strcmp(argv->v[argv->n - 1], pool->base) != 0) {
            continue;
        }
        int bad = mn_mm_check(result, plan, step, g->cluster.name, &errs[i]);
        if (!bad) {
            bad = keep_device(g, pool, result->steps[step].out, &errs[i]);
        }
        if (bad == MN_ENOMEM) {
            return mn_error_nomem(err);
        }
    }
    return 0;
}

/* Of the pools [first, first + n), side by side in one plan. */
static int
ask_devices(struct mn_gpfs *g, size_t first, size_t n, struct mn_error *errs,
            struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    for (size_t i = first; i < first + n; i++) {
        if (!atomic_load(&g->pools[i].device)) {
            mn_mm_df(&plan, g->pools[i].base, false)->accept_any = true;
        }
    }
    int rc = plan.n || plan.failed ? mn_gpfs__run(g, &plan, &result, err) : 0;
    for (size_t step = 0; !rc && step < plan.n; step++) {
        rc = keep_answer(g, first, n, &plan, &result, (int)step, errs, err);
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

int
mn_gpfs__device(struct mn_gpfs *g, struct mn_gpfs_base *pool,
                const char **device, struct mn_error *err)
{
    *device = atomic_load(&pool->device);
    if (*device) {
        return 0;
    }
    struct mn_error why = MN_ERROR_INIT;
    int rc = ask_devices(g, (size_t)(pool - g->pools), 1, &why, err);
    *device = atomic_load(&pool->device);
    if (!rc && !*device) {
        rc = mn_error_set(err, why.code ? why.code : MN_EINTERNAL, "%s",
                          why.text);
    }
    return rc;
}

int
mn_gpfs__devices(struct mn_gpfs *g, struct mn_error *errs,
                 struct mn_error *err)
{
    bool any = false;
    int rc = ask_devices(g, 0, g->pools_n, errs, err);
    for (size_t i = 0; i < g->pools_n; i++) {
        any |= atomic_load(&g->pools[i].device) != NULL;
    }
    if (!rc && !any) {
        rc = mn_error_set(err, errs[0].code, "%s", errs[0].text);
    }
    return rc;
}

int
mn_gpfs__path(struct mn_gpfs *g, const struct mn_share *share,
              struct mn_gpfs_place *place, struct mn_error *err)
{
    *place = (struct mn_gpfs_place){0};
    int rc = mn_gpfs__check_share(share, err);
    rc = rc ? rc : mn_gpfs__pool(g, share, &place->pool, err);
    if (rc) {
        return rc;
    }
    if (share->path) {
        size_t n = strlen(share->path);
        while (n > 1 && share->path[n - 1] == '/') {
            n--;
        }
        mn_buf_add(&place->path, share->path, n);
    }
    else {
        mn_buf_printf(&place->path, "%s/%s", place->pool->base, share->name);
    }
    return place->path.failed ? mn_error_nomem(err) : 0;
}

int
mn_gpfs__place(struct mn_gpfs *g, const struct mn_share *share,
               struct mn_gpfs_place *place, struct mn_error *err)
{
    int rc = mn_gpfs__path(g, share, place, err);
    return rc ? rc : mn_gpfs__device(g, place->pool, &place->device, err);
}

void
mn_gpfs__place_dispose(struct mn_gpfs_place *place)
{
    mn_buf_dispose(&place->path);
}

int
mn_gpfs__location(const struct mn_gpfs *g, const char *path,
                  struct mn_buf *out, struct mn_error *err)
{
    bool v6 = strchr(g->export_ip, ':') != NULL;
    mn_buf_printf(out, v6 ? "[%s]:%s" : "%s:%s", g->export_ip, path);
    return out->failed ? mn_error_nomem(err) : 0;
}

static bool
has_tag(const char *comment)
{
    return strncmp(comment, MN_MM_TAG, strlen(MN_MM_TAG)) == 0;
}

bool
mn_gpfs__is_tagged(const char *comment, const struct mn_share *share)
{
    size_t n = strlen(share->id);
    const char *id = comment + strlen(MN_MM_TAG);
    return has_tag(comment) && strncmp(id, share->id, n) == 0
           && (id[n] == '\0' || id[n] == ' ');
}

bool
mn_gpfs__is_foreign(const char *comment, const struct mn_share *share)
{
    return has_tag(comment) && !mn_gpfs__is_tagged(comment, share);
}

int
mn_gpfs__check_size(uint64_t gib, struct mn_error *err)
{
    /* the upper bound keeps KiB within 64 bits */
    return gib > 0 && gib < UINT64_C(1) << 40
               ? 0
               : mn_error_set(err, MN_EINVAL, "%" PRIu64 " GiB is not a size",
                              gib);
}

bool
mn_gpfs__is_limit(uint64_t kib, uint64_t gib)
{
    uint64_t wanted = gib << 20;
    return kib >= wanted && kib - wanted <= QUOTA_TOLERANCE_KIB;
}
