/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many shares from one listing per project.
 */
#include <stdlib.h>
#include <string.h>

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

int
mn_tegile__list(struct mn_tegile_op *op, const char *pool, const char *project,
                struct mn_tegile_listing *listing, struct mn_error *err)
{
    struct mn_json *reply;
    int rc = mn_tegile__call(op, &mn_tegile_m_list_shares,
                             mn_tegile__args("ssb", pool, project, true),
                             &reply, err);
    if (rc == MN_ENOTFOUND) {
        mn_error_clear(err);
        return 0;
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
        /* A pool that is away for a while still has its shares: nobody may
           take them for deleted. */
        mn_error_clear(err);
        return mn_error_set(err, MN_EREMOTE,
                            "array %s has no pool %s, or not now",
                            op->t->server, pool);
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

static int
compare_rows(const void *a, const void *b)
{
    const struct mn_tegile_row *x = a;
    const struct mn_tegile_row *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->pool, y->pool);
}

void
mn_tegile__listing_sort(struct mn_tegile_listing *listing)
{
    if (listing->n) {
        qsort(listing->rows, listing->n, sizeof *listing->rows, compare_rows);
    }
}

/* ---- rows of many shares ---- */

/* Which projects have been listed. */
static bool
is_listed(const struct mn_argv *listed, const char *pool, const char *project)
{
    for (size_t i = 0; i + 1 < listed->n; i += 2) {
        if (strcmp(listed->v[i], pool) == 0
            && strcmp(listed->v[i + 1], project) == 0) {
            return true;
        }
    }
    return false;
}

static int
list_anew(struct mn_tegile_op *op, const char *pool, const char *project,
          struct mn_tegile_listing *listing, struct mn_argv *listed,
          struct mn_error *err)
{
    if (is_listed(listed, pool, project)) {
        return 0;
    }
    mn_argv_add(listed, pool);
    mn_argv_add(listed, project);
    if (listed->failed) {
        return mn_error_nomem(err);
    }
    return mn_tegile__list(op, pool, project, listing, err);
}

static int
list_likely(struct mn_tegile_op *op, const struct mn_share *share,
            struct mn_tegile_listing *listing, struct mn_argv *listed,
            struct mn_error *err)
{
    struct mn_slice project;
    struct mn_slice name;
    int rc = list_anew(op, share->pool, op->t->project, listing, listed, err);
    if (rc == 0
        && mn_tegile__location_parts(share->location, &project, &name)) {
        char *text = mn_strndup(project.p, project.n);
        rc = text ? list_anew(op, share->pool, text, listing, listed, err)
                  : mn_error_nomem(err);
        mn_free(text);
    }
    return rc;
}

static int
list_all(struct mn_tegile_op *op, const char *pool,
         struct mn_tegile_listing *listing, struct mn_argv *listed,
         struct mn_error *err)
{
    struct mn_argv projects = MN_ARGV_INIT;
    int rc = 0;
    if (is_listed(listed, pool, "")) {
        return 0;
    }
    mn_argv_add(listed, pool);
    mn_argv_add(listed, "");
    rc = mn_tegile__list_projects(op, pool, &projects, err);
    if (rc == MN_EREMOTE) {
        /* the shares of other pools are not to suffer */
        mn_tegile__log(op->t, MN_LOG_ERROR, "%s", err->text);
        mn_error_clear(err);
        rc = 0;
    }
    for (size_t i = 0; rc == 0 && i < projects.n; i++) {
        rc = list_anew(op, pool, projects.v[i], listing, listed, err);
    }
    mn_argv_dispose(&projects);
    return rc;
}

/* By name in a sorted listing; else one by one: by the end of its name, or by
   its mount point. */
static const struct mn_tegile_row *
row_of(const struct mn_tegile_listing *l, const struct mn_share *share,
       bool one_by_one)
{
    struct mn_tegile_row key = {.name = share->name, .pool = share->pool};
    const struct mn_tegile_row *found =
        l->n ? bsearch(&key, l->rows, l->n, sizeof key, compare_rows) : NULL;
    const char *wanted = mn_tegile__location_name(share->location);
    for (size_t i = 0; one_by_one && !found && i < l->n; i++) {
        const struct mn_tegile_row *row = &l->rows[i];
        bool same = mn_tegile__is_name_of(mn_slice_of(row->name), share)
                    || (wanted && *row->mountpoint
                        && strcmp(row->mountpoint, wanted) == 0);
        found = same && strcmp(row->pool, share->pool) == 0 ? row : NULL;
    }
    return found;
}

static size_t
fill_rows(const struct mn_tegile_listing *listing,
          const struct mn_share *shares, size_t n,
          const struct mn_tegile_row **rows, bool one_by_one)
{
    size_t missing = 0;
    for (size_t i = 0; i < n; i++) {
        rows[i] =
            shares[i].pool ? row_of(listing, &shares[i], one_by_one) : NULL;
        missing += rows[i] == NULL;
    }
    return missing;
}

/* A managed share whose location is a display name. */
static int
find_by_location(struct mn_tegile_op *op, const struct mn_tegile_listing *l,
                 const struct mn_share *share,
                 const struct mn_tegile_row **found, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && !*found && i < l->n; i++) {
        const struct mn_tegile_row *row = &l->rows[i];
        bool same = false;
        if (strcmp(row->pool, share->pool) == 0) {
            rc = mn_tegile__is_at_location(op, row, share, &same, err);
        }
        *found = rc == 0 && same ? row : NULL;
    }
    return rc;
}

int
mn_tegile__find_all(struct mn_tegile_op *op, const struct mn_share *shares,
                    size_t n, struct mn_tegile_listing *listing,
                    const struct mn_tegile_row **rows, struct mn_error *err)
{
    struct mn_argv listed = MN_ARGV_INIT;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = shares[i].pool
                 ? list_likely(op, &shares[i], listing, &listed, err)
                 : 0;
    }
    mn_tegile__listing_sort(listing);
    if (rc == 0 && fill_rows(listing, shares, n, rows, false)) {
        for (size_t i = 0; rc == 0 && i < n; i++) {
            rc = shares[i].pool && !rows[i]
                     ? list_all(op, shares[i].pool, listing, &listed, err)
                     : 0;
        }
        mn_tegile__listing_sort(listing);
        fill_rows(listing, shares, n, rows, true);
        for (size_t i = 0; rc == 0 && i < n; i++) {
            rc = shares[i].pool && !rows[i]
                     ? find_by_location(op, listing, &shares[i], &rows[i], err)
                     : 0;
        }
    }
    mn_argv_dispose(&listed);
    return rc;
}
