/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, resizing and deleting shares.
 */
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

/* ---- create ---- */

static int
is_there(struct mn_tegile_op *op, const void *ctx, bool *done,
         struct mn_error *err)
{
    const struct mn_tegile_place *place = ctx;
    struct mn_json *told = NULL;
    int rc = mn_tegile__ask_location(op, place->path, &told, err);
    mn_json_free(told);
    *done = rc == 0;
    if (rc == MN_ENOTFOUND) {
        mn_error_clear(err);
        return 0;
    }
    return rc;
}

void
mn_tegile__take_back(struct mn_tegile *t, const struct mn_tegile_place *place)
{
    struct mn_error why = MN_ERROR_INIT;
    struct mn_tegile_op op;
    mn_tegile__op_init(&op, t);
    op.limit_ms = t->request_ms;
    int rc = mn_tegile__call(&op, &mn_tegile_m_delete_plain,
                             mn_tegile__args("sbb", place->path, false, true),
                             NULL, &why);
    if (rc && rc != MN_ENOTFOUND) {
        mn_tegile__log(t, MN_LOG_WARNING,
                       "%s is left half made: creating the share again "
                       "completes it, deleting the share removes it: %s",
                       place->path, why.text);
    }
}

static int
create(struct mn_tegile_op *op, const struct mn_share *share,
       const struct mn_tegile_place *place, struct mn_buf *locations,
       struct mn_error *err)
{
    struct mn_json *told = NULL;
    bool made = false;
    char *body = mn_tegile__args("ssss", place->pool, place->project,
                                 place->name, share->proto);
    int rc = mn_tegile__call_once(op, &mn_tegile_m_create_share, body,
                                  is_there, place, &told, &made, err);
    if (rc == 0) {
        rc = mn_tegile__set_quota(op, place->path, share->size_gib, err);
    }
    if (rc == 0) {
        rc = mn_tegile__locations(op, share, place, told, locations, err);
    }
    if (rc && rc != MN_ECANCELED && made) {
        mn_tegile__take_back(op->t, place);
    }
    mn_free(body);
    mn_json_free(told);
    return rc;
}

int
mn_tegile__create_share(struct mn_driver *d, const struct mn_share *share,
                        struct mn_buf *locations, struct mn_error *err)
{
    struct mn_tegile *t = mn_tegile__of(d);
    struct mn_tegile_op op;
    struct mn_tegile_place place = {0};
    mn_tegile__op_init(&op, t);
    struct mn_share fresh = *share;
    fresh.location = NULL; /* the place is ours to choose */
    int rc = mn_tegile__guess(&op, &fresh, &place, err);
    if (rc == 0 && !share->size_gib) {
        rc = mn_error_set(err, MN_EINVAL, "its size must be positive");
    }
    if (rc == 0) {
        rc = create(&op, share, &place, locations, err);
    }
    if (rc == MN_ENOTFOUND) {
        mn_error_prefix(err,
                        "create project %s in pool %s of the array, or set "
                        "tegile_default_project: ",
                        t->project, place.pool);
    }
    if (rc && rc != MN_ECANCELED) {
        mn_error_prefix(err, "share %s: ", share->name);
    }
    mn_tegile__place_dispose(&place);
    return rc;
}

/* ---- delete ---- */

/* From 3.7 the array first gives to clones what they need of the share, and
   then deletes it with its snapshots. */
static int
delete_promoting(struct mn_tegile_op *op, const struct mn_tegile_place *place,
                 struct mn_error *err)
{
    int rc = mn_tegile__call(
        op, &mn_tegile_m_delete_promoting,
        mn_tegile__args("sbbb", place->path, true, true, true), NULL, err);
    if (rc == MN_ENOSPACE) {
        mn_error_prefix(err, "shares that were made from it take over its "
                             "snapshots, and their size must allow for that; "
                             "extend those: ");
    }
    return rc;
}

/* Before 3.7 the only way to delete snapshots together with a share deletes
   their clones, too: they go one by one, unless they have some. */
static int
delete_snapshots(struct mn_tegile_op *op, const struct mn_tegile_place *place,
                 struct mn_error *err)
{
    struct mn_json *names = NULL;
    int rc = mn_tegile__list_snapshots(op, place->path, &names, err);
    for (size_t i = 0; rc == 0 && i < mn_json_count(names); i++) {
        bool cloned = false;
        struct mn_buf path = MN_BUF_INIT;
        const char *name = mn_json_text(mn_json_at(names, i));
        mn_buf_printf(&path, "%s@%s", place->path, name ? name : "");
        rc = mn_buf_failed(&path) ? mn_error_nomem(err)
                                  : mn_tegile__drop_snapshot(
                                      op, mn_buf_str(&path), &cloned, err);
        if (cloned) {
            mn_error_prefix(err, "if shares that were made from its snapshots "
                                 "need it, delete those first: ");
        }
        mn_buf_dispose(&path);
    }
    mn_json_free(names);
    return rc;
}

static int
delete_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    unsigned level;
    (void)ctx;
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc == 0 && level >= MN_TEGILE_ACLS) {
        return delete_promoting(op, place, err);
    }
    if (rc == 0) {
        rc = delete_snapshots(op, place, err);
    }
    if (rc == 0) {
        rc = mn_tegile__call(op, &mn_tegile_m_delete_plain,
                             mn_tegile__args("sbb", place->path, false, true),
                             NULL, err);
    }
    return rc;
}

int
mn_tegile__delete_share(struct mn_driver *d, const struct mn_share *share,
                        struct mn_error *err)
{
    struct mn_tegile_op op;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    int rc = mn_tegile__at(&op, share, delete_at, NULL, err);
    if (rc == MN_ENOTFOUND && op.gone) {
        mn_error_clear(err);
        rc = 0;
    }
    return rc ? rc : mn_tegile__forget(op.t, share, err);
}

/* ---- size ---- */

static int
extend_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    return mn_tegile__set_quota(op, place->path, *(uint64_t *)ctx, err);
}

int
mn_tegile__extend_share(struct mn_driver *d, const struct mn_share *share,
                        uint64_t gib, struct mn_error *err)
{
    struct mn_tegile_op op;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    return mn_tegile__at(&op, share, extend_at, &gib, err);
}

static int
shrink_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    uint64_t gib = *(uint64_t *)ctx;
    int64_t used;
    int rc = mn_tegile__used(op, place, &used, err);
    if (rc == 0 && (uint64_t)used > gib * (uint64_t)MN_TEGILE_GIB) {
        return mn_error_set(err, MN_ENOSPACE,
                            "data and snapshots take %" PRId64
                            " bytes, which is more than %" PRIu64 " GiB",
                            used, gib);
    }
    return rc ? rc : mn_tegile__set_quota(op, place->path, gib, err);
}

int
mn_tegile__shrink_share(struct mn_driver *d, const struct mn_share *share,
                        uint64_t gib, struct mn_error *err)
{
    struct mn_tegile_op op;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    return mn_tegile__at(&op, share, shrink_at, &gib, err);
}

int
mn_tegile__usage(struct mn_driver *d, const struct mn_share *shares, size_t n,
                 uint64_t *used, struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_tegile_listing listing = {0};
    const struct mn_tegile_row **rows = mn_calloc(n + 1, sizeof *rows);
    mn_tegile__op_init_once(&op, mn_tegile__of(d));
    int rc = rows ? mn_tegile__find_all(&op, shares, n, &listing, rows, err)
                  : mn_error_nomem(err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        bool known = rows[i] && rows[i]->total >= rows[i]->available
                     && rows[i]->available >= 0;
        used[i] = known ? (uint64_t)(rows[i]->total - rows[i]->available)
                        : UINT64_MAX;
    }
    mn_tegile__listing_dispose(&listing);
    mn_free(rows);
    return rc;
}
