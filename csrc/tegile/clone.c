/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A share from a snapshot: a clone, in the pool and the project of the share
 * that the snapshot is of.
 */
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

struct clone {
    const struct mn_share *share;
    const struct mn_snapshot *s;
    struct mn_buf *locations;
};

/* The clone, once it can be seen. told: its "ip name". */
static int
find(struct mn_tegile_op *op, const struct mn_tegile_place *place,
     const struct mn_tegile_place *parent, struct mn_tegile_place *found,
     struct mn_json **told, struct mn_error *err)
{
    struct mn_tegile_listing listing = {0};
    struct mn_share wanted = {.name = place->name};
    int rc = mn_tegile__ask_location(op, place->path, told, err);
    if (rc != MN_ENOTFOUND) {
        return rc ? rc
                  : mn_tegile__place_init(found, place->pool, place->project,
                                          mn_slice_of(place->name), err);
    }
    mn_error_clear(err);
    rc = mn_tegile__list(op, parent->pool, parent->project, true, &listing,
                         err);
    for (size_t i = 0; rc == 0 && !found->path && i < listing.n; i++) {
        struct mn_slice name = mn_slice_of(listing.rows[i].name);
        if (mn_tegile__is_name_of(name, &wanted)) {
            rc = mn_tegile__place_init(found, parent->pool, parent->project,
                                       name, err);
        }
    }
    if (rc == 0 && found->path) {
        rc = mn_tegile__ask_location(op, found->path, told, err);
    }
    mn_tegile__listing_dispose(&listing);
    return rc;
}

struct clone_place {
    const struct mn_tegile_place *place;
    const struct mn_tegile_place *parent;
};

static int
is_there(struct mn_tegile_op *op, const void *ctx, bool *done,
         struct mn_error *err)
{
    const struct clone_place *c = ctx;
    struct mn_tegile_place found = {0};
    struct mn_json *told = NULL;
    int rc = find(op, c->place, c->parent, &found, &told, err);
    *done = rc == 0 && found.path;
    mn_json_free(told);
    mn_tegile__place_dispose(&found);
    return rc;
}

/* The array may answer before the clone can be seen. */
static int
wait_until_there(struct mn_tegile_op *op, const struct clone_place *c,
                 struct mn_tegile_place *found, struct mn_json **told,
                 struct mn_error *err)
{
    for (unsigned attempt = 0;; attempt++) {
        int rc = find(op, c->place, c->parent, found, told, err);
        if (rc == 0 && !found->path) {
            rc = mn_tegile__pause(op, attempt, err);
            if (rc == 0) {
                continue;
            }
        }
        return rc;
    }
}

/* The clone comes with its parent's settings, which also say who may use it:
   nobody shall, until Manila says so. One that does not inherit them would not
   be shared, and to be switched on later without an ACL of its own: for that
   moment its project's ACL would count, or none. */
static int
finish(struct mn_tegile_op *op, const struct clone *clone,
       const struct mn_tegile_place *place, const struct mn_json *told,
       struct mn_error *err)
{
    int rc = mn_tegile__call(
        op, &mn_tegile_m_clear_access,
        mn_tegile__args("ss", place->path, clone->share->proto), NULL, err);
    if (rc == 0) {
        rc =
            mn_tegile__set_quota(op, place->path, clone->share->size_gib, err);
    }
    if (rc == 0) {
        rc = mn_tegile__locations(op, clone->share, place, told,
                                  clone->locations, err);
    }
    return rc;
}

static int
clone_at(struct mn_tegile_op *op, const struct mn_tegile_place *parent,
         void *ctx, struct mn_error *err)
{
    const struct clone *clone = ctx;
    struct mn_tegile_place place = {0};
    struct mn_tegile_place found = {0};
    const struct clone_place c = {&place, parent};
    struct mn_buf snapshot = MN_BUF_INIT;
    struct mn_json *reply = NULL;
    struct mn_json *told = NULL;
    bool made = false;
    int rc = mn_tegile__snapshot_path(&snapshot, parent, clone->s, err);
    char *body = mn_tegile__args("ssb", mn_buf_str(&snapshot),
                                 clone->share->name, true);
    if (rc == 0) {
        rc = mn_tegile__place_init(&place, parent->pool, parent->project,
                                   mn_slice_of(clone->share->name), err);
    }
    if (rc == 0) {
        rc = mn_tegile__call_once(op, &mn_tegile_m_clone, body, is_there, &c,
                                  &reply, &made, err);
    }
    if (rc == 0) {
        rc = wait_until_there(op, &c, &found, &told, err);
    }
    if (rc == 0) {
        rc = finish(op, clone, &found, told, err);
        if (rc && rc != MN_ECANCELED && made) {
            mn_tegile__take_back(op->t, &found);
        }
    }
    mn_json_free(reply);
    mn_json_free(told);
    mn_free(body);
    mn_buf_dispose(&snapshot);
    mn_tegile__place_dispose(&place);
    mn_tegile__place_dispose(&found);
    return rc;
}

int
mn_tegile__clone(struct mn_driver *d, const struct mn_share *share,
                 const struct mn_snapshot *s, bool *copying,
                 struct mn_buf *locations, struct mn_error *err)
{
    struct mn_tegile_op op;
    struct clone clone = {share, s, locations};
    const char *pool = share->pool ? share->pool : "";
    *copying = false;
    if (!s->share.pool || strcmp(s->share.pool, pool) != 0) {
        return mn_error_set(err, MN_EINVAL,
                            "share %s: a share from a snapshot is made in the "
                            "pool of the snapshot, %s, not in %s",
                            share->name, s->share.pool ? s->share.pool : "?",
                            pool);
    }
    mn_tegile__op_init(&op, mn_tegile__of(d));
    int rc = mn_tegile__at(&op, &s->share, clone_at, &clone, err);
    if (rc && rc != MN_ECANCELED) {
        mn_error_prefix(err, "share %s from snapshot %s: ", share->name,
                        s->name);
    }
    return rc;
}
