/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings of projects and of their shares.
 */
#include "core/alloc.h"
#include "core/vec.h"
#include "tegile/internal.h"

void
mn_tegile__listing_dispose(struct mn_tegile_listing *listing)
{
    for (size_t i = 0; i < listing->replies_n; i++) {
        mn_json_free(listing->replies[i]);
    }
    mn_free(listing->replies);
    mn_free(listing->rows);
    mn_argv_dispose(&listing->names);
    *listing = (struct mn_tegile_listing){0};
}

/* Take over a reply, whose texts the rows will point to. */
static bool
keep(struct mn_tegile_listing *l, struct mn_json *reply)
{
    struct mn_json **v =
        mn_vec_grow(l->replies, &l->replies_cap, l->replies_n, sizeof *v);
    if (!v) {
        mn_json_free(reply);
        return false;
    }
    l->replies = v;
    l->replies[l->replies_n++] = reply;
    return true;
}

static bool
add_row(struct mn_tegile_listing *l, const struct mn_json *json,
        const char *pool, const char *project)
{
    struct mn_tegile_row *v = mn_vec_grow(l->rows, &l->cap, l->n, sizeof *v);
    if (!v) {
        return false;
    }
    l->rows = v;
    struct mn_tegile_row row = {
        .pool = pool,
        .project = project,
        .name = mn_json_field(json, "name"),
        .mountpoint = mn_json_field(json, "mountpoint"),
        .total = -1,
        .available = -1,
    };
    mn_json_i64(mn_json_get(json, "totalSize"), &row.total);
    mn_json_i64(mn_json_get(json, "availableSize"), &row.available);
    if (*row.name) {
        l->rows[l->n++] = row;
    }
    return true;
}

static int
add_rows(struct mn_tegile_listing *l, struct mn_json *reply, const char *pool,
         const char *project, struct mn_error *err)
{
    mn_argv_add(&l->names, pool);
    mn_argv_add(&l->names, project);
    if (!keep(l, reply) || l->names.failed) {
        return mn_error_nomem(err);
    }
    const char *own_pool = l->names.v[l->names.n - 2];
    const char *own_project = l->names.v[l->names.n - 1];
    size_t n = mn_json_count(reply);
    for (size_t i = 0; i < n; i++) {
        if (!add_row(l, mn_json_at(reply, i), own_pool, own_project)) {
            return mn_error_nomem(err);
        }
    }
    return 0;
}

/* A pool that is away for a while still has its shares: nobody may take them
   for deleted. */
static int
is_away(const struct mn_tegile_op *op, const char *pool, struct mn_error *err)
{
    mn_error_clear(err);
    return mn_error_set(err, MN_EREMOTE, "array %s has no pool %s, or not now",
                        op->t->server, pool);
}

int
mn_tegile__list(struct mn_tegile_op *op, const char *pool, const char *project,
                bool told, struct mn_tegile_listing *listing,
                struct mn_error *err)
{
    struct mn_json *reply;
    int rc = mn_tegile__call(op, &mn_tegile_m_list_shares,
                             mn_tegile__args("ssb", pool, project, true),
                             &reply, err);
    if (rc == MN_ENOTFOUND && told) {
        return is_away(op, pool, err);
    }
    return rc ? rc : add_rows(listing, reply, pool, project, err);
}

int
mn_tegile__list_projects(struct mn_tegile_op *op, const char *pool,
                         struct mn_argv *projects, struct mn_error *err)
{
    struct mn_json *reply;
    int rc = mn_tegile__call(op, &mn_tegile_m_list_projects,
                             mn_tegile__args("sb", pool, true), &reply, err);
    if (rc == MN_ENOTFOUND) {
        return is_away(op, pool, err);
    }
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < mn_json_count(reply); i++) {
        const char *name = mn_json_field(mn_json_at(reply, i), "name");
        if (*name) {
            mn_argv_add(projects, name);
        }
    }
    mn_json_free(reply);
    return projects->failed ? mn_error_nomem(err) : 0;
}
