/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking after many shares at once, with one listing per project.
 */
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

/* What is known of a pool's addresses. */
struct pool_ips {
    const char *pool;
    struct mn_argv ips;  /* all; none before 3.7.1 */
    struct mn_argv told; /* those that shares were told to have */
    bool unknown;        /* the array could not be asked */
};

struct ensure {
    struct mn_tegile_op *op;
    struct pool_ips *pools;
    size_t pools_n;
};

static int
ips_of(struct ensure *e, const char *pool, struct pool_ips **known,
       struct mn_error *err)
{
    for (size_t i = 0; i < e->pools_n; i++) {
        if (strcmp(e->pools[i].pool, pool) == 0) {
            *known = &e->pools[i];
            return 0;
        }
    }
    struct pool_ips *fresh = &e->pools[e->pools_n++];
    fresh->pool = pool;
    *known = fresh;
    int rc = mn_tegile__floating_ips(e->op, pool, &fresh->ips, err);
    if (rc == 0 || rc == MN_ECANCELED || rc == MN_ENOMEM) {
        return rc;
    }
    /* no reason to take addresses away from shares, or shares from Manila */
    mn_tegile__log(e->op->t, MN_LOG_WARNING,
                   "the shares of pool %s keep their export locations until "
                   "its addresses can be asked for: %s",
                   pool, err->text);
    mn_error_clear(err);
    fresh->unknown = true;
    return 0;
}

static void
dispose(struct ensure *e)
{
    for (size_t i = 0; i < e->pools_n; i++) {
        mn_argv_dispose(&e->pools[i].ips);
        mn_argv_dispose(&e->pools[i].told);
    }
    mn_free(e->pools);
}

static bool
holds(const struct mn_argv *ips, struct mn_slice ip)
{
    for (size_t i = 0; i < ips->n; i++) {
        if (mn_slice_eq(ip, ips->v[i])) {
            return true;
        }
    }
    return false;
}

/* The size in the listing is the quota, or less when the pool is nearly full:
   only what differs is asked about. Before 3.7 only another listing could
   tell more, and setting the quota anew costs less. A share that the old
   driver made may have no quota, and hold more than its size. */
static int
mend_quota(struct ensure *e, const struct mn_tegile_row *row,
           const struct mn_tegile_place *place, const struct mn_share *share,
           bool *mended, struct mn_error *err)
{
    unsigned level;
    int64_t quota = -1;
    int64_t wanted = (int64_t)share->size_gib * MN_TEGILE_GIB;
    bool told = row->total >= 0 && row->available >= 0;
    if (!wanted || !told || row->total == wanted) {
        return 0;
    }
    int rc = mn_tegile__firmware(e->op, &level, err);
    if (rc == 0 && level >= MN_TEGILE_ACLS) {
        rc = mn_tegile__quota(e->op, place, &quota, err);
    }
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

/* The address in "ip:name" or "\\ip\name". */
static struct mn_slice
address_of(const char *location)
{
    const char *name = mn_tegile__location_name(location);
    const char *from = location;
    if (!name) {
        return (struct mn_slice){0};
    }
    from += *from == '\\' ? 2 : 0;
    return (struct mn_slice){from, (size_t)(name - from) - 1};
}

static int
ask(struct ensure *e, struct pool_ips *pool, const struct mn_share *share,
    const struct mn_tegile_place *place, struct mn_buf *locations,
    struct mn_error *err)
{
    int rc = mn_tegile__locations_with(e->op, share, place, NULL, &pool->ips,
                                       locations, err);
    if (rc) {
        return rc;
    }
    struct mn_slice ip = address_of(mn_buf_str(locations));
    if (!holds(&pool->told, ip)) {
        mn_argv_addf(&pool->told, "%.*s", MN_SLICE_ARG(ip));
    }
    return pool->told.failed ? mn_error_nomem(err) : 0;
}

/* Locations from what Manila knows and the listing: a share is asked about
   only when they don't fit. Where the array can't be asked for a pool's
   addresses, one that it told for another share of the pool fits. */
static int
locate(struct ensure *e, const struct mn_tegile_row *row,
       const struct mn_tegile_place *place, const struct mn_share *share,
       struct mn_buf *locations, struct mn_error *err)
{
    struct pool_ips *pool;
    const char *name = mn_tegile__location_name(share->location);
    int rc = ips_of(e, row->pool, &pool, err);
    if (rc) {
        return rc;
    }
    if (pool->unknown && name) {
        return 0;
    }
    bool cifs = strcmp(share->proto, "CIFS") == 0;
    struct mn_slice ip = address_of(share->location);
    bool fits = name && (pool->ips.n || holds(&pool->told, ip))
                && (cifs || !*row->mountpoint || *name != '/'
                    || strcmp(name, row->mountpoint) == 0);
    if (!fits) {
        return ask(e, pool, share, place, locations, err);
    }
    if (pool->ips.n && !holds(&pool->ips, ip)) {
        ip = mn_slice_of(pool->ips.v[0]);
    }
    mn_tegile__add_locations(locations, share, ip, name, &pool->ips);
    return mn_buf_failed(locations) ? mn_error_nomem(err) : 0;
}

/* Manila was told no location: the call that made the share did not come to
   its end. A clone may then still have its parent's access. */
static int
shut(struct ensure *e, const struct mn_tegile_place *place,
     const struct mn_share *share, struct mn_ensure_result *result,
     struct mn_error *err)
{
    if (share->location) {
        return 0;
    }
    result->reapply_access = true;
    int rc = mn_tegile__call(e->op, &mn_tegile_m_clear_access,
                             mn_tegile__args("ss", place->path, share->proto),
                             NULL, err);
    return rc ? rc : mn_tegile__forget(e->op->t, share, err);
}

static int
ensure_one(struct ensure *e, const struct mn_tegile_row *row,
           const struct mn_share *share, struct mn_ensure_result *result,
           struct mn_error *err)
{
    struct mn_tegile_place place;
    if (!row) {
        return mn_error_set(
            err, MN_ENOTFOUND,
            "array %s: it is not there, or its pool, %s, can't be listed, "
            "which the log tells",
            e->op->t->server, share->pool ? share->pool : "not told");
    }
    int rc = mn_tegile__place_init(&place, row->pool, row->project,
                                   mn_slice_of(row->name), err);
    if (rc == 0) {
        rc = shut(e, &place, share, result, err);
    }
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
    dispose(&e);
    mn_free(rows);
    mn_tegile__listing_dispose(&listing);
    return rc;
}
