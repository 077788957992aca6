/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where on the array a share is. Manila tells its pool and its name; the
 * project is the default one unless that option was changed since, or the
 * share was there before Manila took it over.
 */
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

bool
mn_tegile__is_name(struct mn_slice name, const char *besides)
{
    static const char forbidden[] = ",/\\!?@<>#$'%^*()~+=}|:{[]\";& ";
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool bad = c <= ' ' || c == 0x7f || strchr(forbidden, c);
        if (bad && (!c || !strchr(besides, c))) {
            return false;
        }
    }
    return name.n > 0 && name.n <= 255 && !mn_slice_eq(name, ".")
           && !mn_slice_eq(name, "..");
}

int
mn_tegile__place_init(struct mn_tegile_place *place, const char *pool,
                      const char *project, struct mn_slice name,
                      struct mn_error *err)
{
    *place = (struct mn_tegile_place){0};
    if (!mn_tegile__is_name(mn_slice_of(pool), "")
        || !mn_tegile__is_name(mn_slice_of(project), "")
        || !mn_tegile__is_name(name, "")) {
        return mn_error_set(err, MN_EINVAL,
                            "%.100s/Local/%.100s/%.*s can't be the name of a "
                            "dataset",
                            pool, project, MN_SLICE_ARG(name));
    }
    struct mn_buf path = MN_BUF_INIT;
    mn_buf_printf(&path, "%s/Local/%s/%.*s", pool, project,
                  MN_SLICE_ARG(name));
    place->path = mn_buf_take(&path);
    place->pool = mn_strdup(pool);
    place->project = mn_strdup(project);
    place->name = mn_strndup(name.p, name.n);
    if (!place->path || !place->pool || !place->project || !place->name) {
        return mn_error_nomem(err);
    }
    return 0;
}

void
mn_tegile__place_dispose(struct mn_tegile_place *place)
{
    mn_free(place->pool);
    mn_free(place->project);
    mn_free(place->name);
    mn_free(place->path);
    *place = (struct mn_tegile_place){0};
}

/* ---- export locations ---- */

const char *
mn_tegile__location_name(const char *location)
{
    const char *end = NULL;
    if (location && strncmp(location, "\\\\", 2) == 0) {
        end = strchr(location + 2, '\\');
    }
    else if (location) {
        end = strchr(location, ':');
    }
    return end && end[1] ? end + 1 : NULL;
}

/* "/export/<project>/<name>" */
static bool
parts_of_path(struct mn_slice path, struct mn_slice *project,
              struct mn_slice *name)
{
    struct mn_slice part;
    if (!mn_slice_starts(path, "/export/")) {
        return false;
    }
    path.p += strlen("/export/");
    path.n -= strlen("/export/");
    *project = (struct mn_slice){0};
    *name = (struct mn_slice){0};
    /* some arrays put the pool first: the last two parts count */
    while (mn_slice_next(&path, '/', &part)) {
        *project = *name;
        *name = part;
    }
    return project->n && name->n;
}

/* "<project>_<name>", as the array makes display names; some have a "-". */
static bool
parts_of_display_name(struct mn_slice text, const char *own,
                      struct mn_slice *project, struct mn_slice *name)
{
    size_t n = strlen(own);
    if (n == 0 || text.n < n + 2 || !strchr("_-", text.p[text.n - n - 1])) {
        return false;
    }
    *name = (struct mn_slice){text.p + text.n - n, n};
    *project = (struct mn_slice){text.p, text.n - n - 1};
    return mn_slice_eq(*name, own) && mn_tegile__is_name(*project, "");
}

bool
mn_tegile__location_parts(const struct mn_share *share,
                          struct mn_slice *project, struct mn_slice *name)
{
    struct mn_slice told =
        mn_slice_of(mn_tegile__location_name(share->location));
    return parts_of_path(told, project, name)
           || parts_of_display_name(told, share->name, project, name);
}

enum { UUID_N = 36 };

bool
mn_tegile__is_name_of(struct mn_slice name, const struct mn_share *share)
{
    struct mn_slice own = mn_slice_of(share->name);
    if (mn_slice_same(name, own)) {
        return true;
    }
    /* no share without a UUID: others may end so */
    return own.n >= UUID_N && name.n > own.n
           && memcmp(name.p + name.n - own.n, own.p, own.n) == 0
           && strchr("-_", name.p[name.n - own.n - 1]);
}

/* ---- finding ---- */

static int
check_pool(const struct mn_share *share, struct mn_error *err)
{
    if (share->pool) {
        return 0;
    }
    return mn_error_set(err, MN_EINVAL,
                        "share %s: its host names no pool (host@backend#pool)",
                        share->name);
}

int
mn_tegile__guess(struct mn_tegile_op *op, const struct mn_share *share,
                 struct mn_tegile_place *place, struct mn_error *err)
{
    struct mn_slice project;
    struct mn_slice name;
    *place = (struct mn_tegile_place){0};
    int rc = check_pool(share, err);
    if (rc) {
        return rc;
    }
    if (!mn_tegile__location_parts(share, &project, &name)
        || !mn_tegile__is_name_of(name, share)) {
        return mn_tegile__place_init(place, share->pool, op->t->project,
                                     mn_slice_of(share->name), err);
    }
    char *text = mn_strndup(project.p, project.n);
    rc = text ? mn_tegile__place_init(place, share->pool, text, name, err)
              : mn_error_nomem(err);
    mn_free(text);
    return rc;
}

/* Is that the display name that the array makes by itself? Two shares may be
   taken for having the same: "x-y" of project "a", "y" of project "a_x". */
static bool
is_made_of(const char *display_name, const struct mn_tegile_row *row)
{
    size_t n = strlen(row->project);
    return strncmp(display_name, row->project, n) == 0 && display_name[n]
           && strchr("_-", display_name[n])
           && strcmp(display_name + n + 1, row->name) == 0;
}

/* Some arrays tell no display name, but the dataset's. */
static bool
is_name_told(const char *told, const char *wanted,
             const struct mn_tegile_row *row)
{
    return strcmp(told, wanted) == 0
           || (strcmp(told, row->name) == 0 && is_made_of(wanted, row));
}

int
mn_tegile__is_at_location(struct mn_tegile_op *op,
                          const struct mn_tegile_row *row,
                          const struct mn_share *share, bool *same,
                          struct mn_error *err)
{
    struct mn_slice ip;
    const char *name;
    const char *wanted = mn_tegile__location_name(share->location);
    struct mn_json *told = NULL;
    struct mn_tegile_place place;
    *same = false;
    if (!wanted) {
        return 0;
    }
    if (*row->mountpoint && *wanted == '/') {
        *same = strcmp(row->mountpoint, wanted) == 0;
        return 0;
    }
    /* a display name is made of the dataset's, unless somebody chose it */
    if (!mn_slice_contains_nocase(mn_slice_of(wanted), row->name)) {
        return 0;
    }
    int rc = mn_tegile__place_init(&place, row->pool, row->project,
                                   mn_slice_of(row->name), err);
    if (rc == 0) {
        rc = mn_tegile__ask_location(op, place.path, &told, err);
        *same = rc == 0 && mn_tegile__cut_location(told, &ip, &name)
                && is_name_told(name, wanted, row);
    }
    if (rc == MN_ENOTFOUND) {
        mn_error_clear(err);
        rc = 0;
    }
    mn_tegile__place_dispose(&place);
    mn_json_free(told);
    return rc;
}

/* Does the location tell, as the array makes it, that the share is in another
   project than the row of its name? That is a copy. */
static bool
is_elsewhere(const struct mn_tegile_row *row, const struct mn_share *share)
{
    struct mn_slice project;
    struct mn_slice name;
    return mn_tegile__location_parts(share, &project, &name)
           && !mn_slice_eq(project, row->project);
}

/* A name with other words before the share's counts only as long as Manila was
   never told a location: a copy may be called so, too. */
static const struct mn_tegile_row *
find_name(const struct mn_tegile_listing *listing,
          const struct mn_share *share)
{
    const struct mn_tegile_row *found = NULL;
    bool located = mn_tegile__location_name(share->location) != NULL;
    for (size_t i = 0; i < listing->n; i++) {
        const struct mn_tegile_row *row = &listing->rows[i];
        if (strcmp(row->name, share->name) == 0 && !is_elsewhere(row, share)) {
            return row;
        }
        if (!located && mn_tegile__is_name_of(mn_slice_of(row->name), share)) {
            found = row;
        }
    }
    return found;
}

static int
find_in(struct mn_tegile_op *op, const struct mn_tegile_listing *listing,
        const struct mn_share *share, const struct mn_tegile_row **found,
        struct mn_error *err)
{
    int rc = 0;
    *found = find_name(listing, share);
    for (size_t i = 0; rc == 0 && !*found && i < listing->n; i++) {
        bool same;
        rc = mn_tegile__is_at_location(op, &listing->rows[i], share, &same,
                                       err);
        *found = rc == 0 && same ? &listing->rows[i] : NULL;
    }
    return rc;
}

/* Look for the share in one project; place stays empty when it is not
   there. */
static int
search_in(struct mn_tegile_op *op, const struct mn_share *share,
          const char *project, bool told, struct mn_tegile_place *place,
          struct mn_error *err)
{
    struct mn_tegile_listing listing = {0};
    const struct mn_tegile_row *row = NULL;
    int rc = mn_tegile__list(op, share->pool, project, told, &listing, err);
    if (rc == MN_ENOTFOUND) {
        mn_error_clear(err);
        return 0;
    }
    if (rc == 0) {
        rc = find_in(op, &listing, share, &row, err);
    }
    if (rc == 0 && row) {
        rc = mn_tegile__place_init(place, row->pool, row->project,
                                   mn_slice_of(row->name), err);
    }
    mn_tegile__listing_dispose(&listing);
    return rc;
}

/* The likely projects: of the export location, and the default one. */
static int
likely_projects(struct mn_tegile_op *op, const struct mn_share *share,
                struct mn_argv *projects, struct mn_error *err)
{
    struct mn_slice project;
    struct mn_slice name;
    if (mn_tegile__location_parts(share, &project, &name)
        && !mn_slice_eq(project, op->t->project)) {
        mn_argv_addf(projects, "%.*s", MN_SLICE_ARG(project));
    }
    mn_argv_add(projects, op->t->project);
    return projects->failed ? mn_error_nomem(err) : 0;
}

static int
search_each(struct mn_tegile_op *op, const struct mn_share *share,
            const struct mn_argv *projects, bool told,
            struct mn_tegile_place *place, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && !place->path && i < projects->n; i++) {
        rc = search_in(op, share, projects->v[i], told, place, err);
    }
    return rc;
}

/* The likely projects once more, too: if the pool was away a moment ago, they
   were not there. */
static int
search_all(struct mn_tegile_op *op, const struct mn_share *share,
           struct mn_tegile_place *place, struct mn_error *err)
{
    struct mn_argv projects = MN_ARGV_INIT;
    int rc = mn_tegile__list_projects(op, share->pool, &projects, err);
    if (rc == 0) {
        rc = search_each(op, share, &projects, true, place, err);
    }
    mn_argv_dispose(&projects);
    return rc;
}

int
mn_tegile__search(struct mn_tegile_op *op, const struct mn_share *share,
                  struct mn_tegile_place *place, struct mn_error *err)
{
    struct mn_argv projects = MN_ARGV_INIT;
    *place = (struct mn_tegile_place){0};
    int rc = check_pool(share, err);
    if (rc == 0) {
        rc = likely_projects(op, share, &projects, err);
    }
    if (rc == 0) {
        rc = search_each(op, share, &projects, false, place, err);
    }
    if (rc == 0 && !place->path) {
        rc = search_all(op, share, place, err);
    }
    op->gone = rc == 0 && !place->path;
    if (op->gone) {
        rc = mn_error_set(err, MN_ENOTFOUND,
                          "array %s: pool %s has no share %s in any project",
                          op->t->server, share->pool, share->name);
    }
    mn_argv_dispose(&projects);
    return rc;
}

/* After act() did not find the share where it was likely. */
static int
at_found_place(struct mn_tegile_op *op, const struct mn_share *share,
               const char *tried, mn_tegile_act *act, void *ctx,
               struct mn_error *err)
{
    struct mn_tegile_place place;
    struct mn_error why = *err;
    mn_error_clear(err);
    int rc = mn_tegile__search(op, share, &place, err);
    if (rc == 0 && strcmp(place.path, tried) == 0) {
        *err = why; /* it is another thing that was not found */
        rc = MN_ENOTFOUND;
    }
    else if (rc == 0) {
        rc = act(op, &place, ctx, err);
    }
    mn_tegile__place_dispose(&place);
    return rc;
}

int
mn_tegile__at(struct mn_tegile_op *op, const struct mn_share *share,
              mn_tegile_act *act, void *ctx, struct mn_error *err)
{
    struct mn_tegile_place place;
    int rc = mn_tegile__guess(op, share, &place, err);
    if (rc == 0) {
        rc = act(op, &place, ctx, err);
    }
    if (rc == MN_ENOTFOUND) {
        rc = at_found_place(op, share, place.path, act, ctx, err);
    }
    mn_tegile__place_dispose(&place);
    if (rc && rc != MN_ECANCELED) {
        mn_error_prefix(err, "share %s: ", share->name);
    }
    return rc;
}
