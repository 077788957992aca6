/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of many shares, from one listing per project. A pool that can't be
 * listed is no trouble of the others.
 */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "tegile/internal.h"

static int
compare_rows(const void *a, const void *b)
{
    const struct mn_tegile_row *x = a;
    const struct mn_tegile_row *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->pool, y->pool);
}

static void
sort(struct mn_tegile_listing *listing)
{
    if (listing->n) {
        qsort(listing->rows, listing->n, sizeof *listing->rows, compare_rows);
    }
}

struct many {
    struct mn_tegile_op *op;
    struct mn_tegile_listing *listing;
    struct mn_argv listed; /* pool, project, pool, project ... */
    struct mn_argv absent; /* those of them that were not there */
    struct mn_argv away;   /* pools that can't be listed */
    struct mn_error why;   /* of the first of them */
};

/* One that must not take all the time that there is. */
static struct mn_tegile_op
part_of(const struct mn_tegile_op *op)
{
    struct mn_tegile_op part = *op;
    int64_t passed = mn_clock_ms() - op->started_ms;
    int64_t limit =
        (passed > op->paused_ms ? passed : op->paused_ms) + op->t->request_ms;
    part.limit_ms = limit < op->limit_ms ? limit : op->limit_ms;
    return part;
}

/* rc and why: of a part that concerns this pool. */
static int
end_part(struct many *m, const struct mn_tegile_op *part, const char *pool,
         int rc, const struct mn_error *why, struct mn_error *err)
{
    m->op->paused_ms = part->paused_ms;
    if (rc == 0) {
        return 0;
    }
    if (rc == MN_ECANCELED || rc == MN_ENOMEM) {
        *err = *why;
        return rc;
    }
    mn_tegile__log(m->op->t, MN_LOG_ERROR, "pool %s: %s", pool, why->text);
    if (!m->away.n) {
        m->why = *why;
    }
    mn_argv_add(&m->away, pool);
    return m->away.failed ? mn_error_nomem(err) : 0;
}

static bool
holds(const struct mn_argv *projects, const char *pool, const char *project)
{
    for (size_t i = 0; i + 1 < projects->n; i += 2) {
        if (strcmp(projects->v[i], pool) == 0
            && strcmp(projects->v[i + 1], project) == 0) {
            return true;
        }
    }
    return false;
}

static int
add(struct mn_argv *projects, const char *pool, const char *project,
    struct mn_error *err)
{
    mn_argv_add(projects, pool);
    mn_argv_add(projects, project);
    return projects->failed ? mn_error_nomem(err) : 0;
}

/* *fresh: it is to be listed now. */
static int
note(struct many *m, const char *pool, const char *project, bool *fresh,
     struct mn_error *err)
{
    *fresh =
        !mn_argv_holds(&m->away, pool) && !holds(&m->listed, pool, project);
    return *fresh ? add(&m->listed, pool, project, err) : 0;
}

/* told: as for mn_tegile__list(). */
static int
list_now(struct many *m, const char *pool, const char *project, bool told,
         struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    struct mn_tegile_op part = part_of(m->op);
    int rc = mn_tegile__list(&part, pool, project, told, m->listing, &why);
    if (rc == MN_ENOTFOUND) {
        mn_error_clear(&why);
        rc = add(&m->absent, pool, project, &why);
    }
    return end_part(m, &part, pool, rc, &why, err);
}

/* One that was not there and is told of now belongs to a pool that was away:
   it is listed again. */
static int
list_project(struct many *m, const char *pool, const char *project, bool told,
             struct mn_error *err)
{
    bool fresh;
    int rc = note(m, pool, project, &fresh, err);
    bool back = told && !mn_argv_holds(&m->away, pool)
                && holds(&m->absent, pool, project);
    return rc || !(fresh || back) ? rc : list_now(m, pool, project, told, err);
}

static int
list_likely(struct many *m, const struct mn_share *share, struct mn_error *err)
{
    struct mn_slice project;
    struct mn_slice name;
    int rc = list_project(m, share->pool, m->op->t->project, false, err);
    if (rc == 0 && mn_tegile__location_parts(share, &project, &name)) {
        char *text = mn_strndup(project.p, project.n);
        rc = text ? list_project(m, share->pool, text, false, err)
                  : mn_error_nomem(err);
        mn_free(text);
    }
    return rc;
}

static int
list_all(struct many *m, const char *pool, struct mn_error *err)
{
    bool fresh;
    int rc = note(m, pool, "", &fresh, err);
    if (rc || !fresh) {
        return rc;
    }
    struct mn_error why = MN_ERROR_INIT;
    struct mn_argv projects = MN_ARGV_INIT;
    struct mn_tegile_op part = part_of(m->op);
    rc = mn_tegile__list_projects(&part, pool, &projects, &why);
    rc = end_part(m, &part, pool, rc, &why, err);
    for (size_t i = 0; rc == 0 && i < projects.n; i++) {
        rc = list_project(m, pool, projects.v[i], true, err);
    }
    mn_argv_dispose(&projects);
    return rc;
}

/* Several projects may have a share of that name. */
static bool
is_likeliest(const struct many *m, const struct mn_tegile_row *row,
             const struct mn_share *share)
{
    struct mn_slice project;
    struct mn_slice name;
    return mn_tegile__location_parts(share, &project, &name)
               ? mn_slice_eq(project, row->project)
               : strcmp(row->project, m->op->t->project) == 0;
}

/* By name, in the sorted listing: the likeliest, else the first. */
static const struct mn_tegile_row *
row_of_name(const struct many *m, const struct mn_share *share)
{
    const struct mn_tegile_listing *l = m->listing;
    struct mn_tegile_row key = {.name = share->name, .pool = share->pool};
    const struct mn_tegile_row *first =
        l->n ? bsearch(&key, l->rows, l->n, sizeof key, compare_rows) : NULL;
    if (!first) {
        return NULL;
    }
    while (first > l->rows && compare_rows(first - 1, &key) == 0) {
        first--;
    }
    const struct mn_tegile_row *row = first;
    for (; row < l->rows + l->n && compare_rows(row, &key) == 0; row++) {
        if (is_likeliest(m, row, share)) {
            return row;
        }
    }
    return first;
}

/* By its mount point; by the end of its name only when Manila was never told a
   location. */
static const struct mn_tegile_row *
row_of_place(const struct many *m, const struct mn_share *share)
{
    const char *wanted = mn_tegile__location_name(share->location);
    for (size_t i = 0; i < m->listing->n; i++) {
        const struct mn_tegile_row *row = &m->listing->rows[i];
        bool same = wanted
                        ? strcmp(row->mountpoint, wanted) == 0
                        : mn_tegile__is_name_of(mn_slice_of(row->name), share);
        if (same && strcmp(row->pool, share->pool) == 0) {
            return row;
        }
    }
    return NULL;
}

/* everywhere: all projects are listed, unless the pool is away. In another
   project than the location tells, what only has the share's name is a
   copy. */
static const struct mn_tegile_row *
row_of(const struct many *m, const struct mn_share *share, bool everywhere)
{
    struct mn_slice project;
    struct mn_slice name;
    if (!share->pool) {
        return NULL;
    }
    const struct mn_tegile_row *row = row_of_name(m, share);
    if (row && is_likeliest(m, row, share)) {
        return row;
    }
    if (!everywhere || mn_argv_holds(&m->away, share->pool)) {
        return NULL;
    }
    bool told = mn_tegile__location_parts(share, &project, &name);
    return row && !told ? row : row_of_place(m, share);
}

static size_t
fill_rows(const struct many *m, const struct mn_share *shares, size_t n,
          const struct mn_tegile_row **rows, bool everywhere)
{
    size_t missing = 0;
    sort(m->listing);
    for (size_t i = 0; i < n; i++) {
        rows[i] = row_of(m, &shares[i], everywhere);
        missing += rows[i] == NULL;
    }
    return missing;
}

/* A managed share whose location is a display name. */
static int
find_by_location(struct many *m, const struct mn_share *share,
                 const struct mn_tegile_row **found, struct mn_error *err)
{
    int rc = 0;
    struct mn_error why = MN_ERROR_INIT;
    struct mn_tegile_op part = part_of(m->op);
    for (size_t i = 0; rc == 0 && !*found && i < m->listing->n; i++) {
        const struct mn_tegile_row *row = &m->listing->rows[i];
        bool same = false;
        if (strcmp(row->pool, share->pool) == 0) {
            rc = mn_tegile__is_at_location(&part, row, share, &same, &why);
        }
        *found = rc == 0 && same ? row : NULL;
    }
    m->op->paused_ms = part.paused_ms;
    if (rc == MN_ECANCELED || rc == MN_ENOMEM) {
        *err = why;
        return rc;
    }
    if (rc) {
        mn_tegile__log(m->op->t, MN_LOG_ERROR, "share %s: %s", share->name,
                       why.text);
    }
    return 0;
}

static int
find_missing(struct many *m, const struct mn_share *shares, size_t n,
             const struct mn_tegile_row **rows, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = shares[i].pool && !rows[i] ? list_all(m, shares[i].pool, err) : 0;
    }
    if (rc || !fill_rows(m, shares, n, rows, true)) {
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        bool sought = shares[i].pool && !rows[i]
                      && !mn_argv_holds(&m->away, shares[i].pool);
        rc = sought ? find_by_location(m, &shares[i], &rows[i], err) : 0;
    }
    return rc;
}

int
mn_tegile__find_all(struct mn_tegile_op *op, const struct mn_share *shares,
                    size_t n, struct mn_tegile_listing *listing,
                    const struct mn_tegile_row **rows, struct mn_error *err)
{
    struct many m = {.op = op, .listing = listing};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = shares[i].pool ? list_likely(&m, &shares[i], err) : 0;
    }
    if (rc == 0 && fill_rows(&m, shares, n, rows, false)) {
        rc = find_missing(&m, shares, n, rows, err);
    }
    if (rc == 0 && m.away.n && !listing->replies_n) {
        *err = m.why; /* it is the array that can't be asked */
        rc = (int)m.why.code;
    }
    mn_argv_dispose(&m.listed);
    mn_argv_dispose(&m.absent);
    mn_argv_dispose(&m.away);
    return rc;
}
