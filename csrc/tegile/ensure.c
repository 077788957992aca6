/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking after many shares at once, with one listing per project.
 */
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

#define GIB ((int64_t)1 << 30)

/* What is known of the pool that was asked about last. Shares come in no
   order, but pools are few: a change of pool costs one call. */
struct pool_ips {
    const char *pool;
    struct mn_argv ips;
};

struct ensure {
    struct mn_tegile_op *op;
    struct pool_ips *pools;
    size_t pools_n;
};

static int
ips_of(struct ensure *e, const char *pool, const struct mn_argv **ips,
       struct mn_error *err)
{
    for (size_t i = 0; i < e->pools_n; i++) {
        if (strcmp(e->pools[i].pool, pool) == 0) {
            *ips = &e->pools[i].ips;
            return 0;
        }
    }
    struct pool_ips *fresh = &e->pools[e->pools_n++];
    fresh->pool = pool;
    *ips = &fresh->ips;
    return mn_tegile__floating_ips(e->op, pool, &fresh->ips, err);
}

/* The size in the listing is the quota, or less when the pool is nearly full:
   only what differs is asked about. A share that the old driver made may have
   no quota, and hold more than its size. */
static int
mend_quota(struct ensure *e, const struct mn_tegile_row *row,
           const struct mn_tegile_place *place, const struct mn_share *share,
           bool *mended, struct mn_error *err)
{
    int64_t quota;
    int64_t wanted = (int64_t)share->size_gib * GIB;
    if (!wanted || row->total == wanted) {
        return 0;
    }
    int rc = mn_tegile__quota(e->op, place, &quota, err);
    if (rc || quota == wanted) {
        return rc;
    }
    if (row->total - row->available > wanted) {
        mn_tegile__log(
            e->op->t, MN_LOG_WARNING,
            "share %s holds %" PRId64 " bytes, more than its size of %" PRIu64
            " GiB: its quota is left as it is",
            share->name, row->total - row->available, share->size_gib);
        return 0;
    }
    *mended = true;
    return mn_tegile__set_quota(e->op, place->path, share->size_gib, err);
}

/* Locations from what Manila knows and the listing: a share is asked about
   only when they don't fit. */
static int
locate(struct ensure *e, const struct mn_tegile_row *row,
       const struct mn_tegile_place *place, const struct mn_share *share,
       struct mn_buf *locations, struct mn_error *err)
{
    const struct mn_argv *ips;
    const char *name = mn_tegile__location_name(share->location);
    int rc = ips_of(e, row->pool, &ips, err);
    if (rc) {
        return rc;
    }
    bool cifs = strcmp(share->proto, "CIFS") == 0;
    bool fits = name && ips->n
                && (cifs || !*row->mountpoint || *name != '/'
                    || strcmp(name, row->mountpoint) == 0);
    if (!fits) {
        return mn_tegile__locations(e->op, share, place, NULL, locations, err);
    }
    const char *from = share->location + (cifs ? 2 : 0);
    struct mn_slice ip = {from, (size_t)(name - from) - 1};
    bool served = false;
    for (size_t i = 0; i < ips->n; i++) {
        served = served || mn_slice_eq(ip, ips->v[i]);
    }
    mn_tegile__add_locations(locations, share,
                             served ? ip : mn_slice_of(ips->v[0]), name, ips);
    return mn_buf_failed(locations) ? mn_error_nomem(err) : 0;
}

static int
ensure_one(struct ensure *e, const struct mn_tegile_row *row,
           const struct mn_share *share, struct mn_ensure_result *result,
           struct mn_error *err)
{
    struct mn_tegile_place place;
    if (!row) {
        return mn_error_set(
            err, MN_ENOTFOUND, "array %s: it is not there (pool %s)",
            e->op->t->server, share->pool ? share->pool : "not told");
    }
    int rc = mn_tegile__place_init(&place, row->pool, row->project,
                                   mn_slice_of(row->name), err);
    if (rc == 0) {
        rc = mend_quota(e, row, &place, share, &result->repaired, err);
    }
    if (rc == 0) {
        rc = locate(e, row, &place, share, &result->location, err);
    }
    mn_tegile__place_dispose(&place);
    return rc;
}

int
mn_tegile__ensure_shares(struct mn_driver *d, const struct mn_share *shares,
                         size_t n, struct mn_ensure_result *results,
                         struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_tegile_listing listing = {0};
    struct ensure e = {.op = &op};
    const struct mn_tegile_row **rows = mn_calloc(n + 1, sizeof *rows);
    e.pools = mn_calloc(n + 1, sizeof *e.pools);
    mn_tegile__op_init(&op, mn_tegile__of(d));
    int rc = rows && e.pools
                 ? mn_tegile__find_all(&op, shares, n, &listing, rows, err)
                 : mn_error_nomem(err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        results[i].code = (enum mn_code)ensure_one(
            &e, rows[i], &shares[i], &results[i], &results[i].err);
        if (results[i].code == MN_ECANCELED) {
            *err = results[i].err;
            rc = MN_ECANCELED;
        }
    }
    for (size_t i = 0; i < e.pools_n; i++) {
        mn_argv_dispose(&e.pools[i].ips);
    }
    mn_free(e.pools);
    mn_free(rows);
    mn_tegile__listing_dispose(&listing);
    return rc;
}
