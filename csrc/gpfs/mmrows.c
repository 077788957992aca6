/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that the driver wants, out of the mm commands' tables. */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"
#include "gpfs/mmparse.h"

static int
no_header(const char *command, struct mn_error *err)
{
    return mn_error_set(err, MN_EPROTO, "%s printed no table", command);
}

static bool
raw_is(const struct mn_mm_reader *r, const char *column, const char *value)
{
    struct mn_slice raw;
    return mn_mm_reader_raw(r, column, &raw) && mn_slice_eq_nocase(raw, value);
}

static void
fileset_dispose(struct mn_mm_fileset *f)
{
    mn_free(f->name);
    mn_free(f->path);
    mn_free(f->comment);
}

/* Older releases have no column for it; a dependent one has no inodes. */
static bool
is_independent(const struct mn_mm_reader *r)
{
    struct mn_slice raw;
    if (mn_mm_reader_raw(r, "isInodeSpaceOwner", &raw)) {
        return mn_slice_eq(raw, "1");
    }
    return mn_mm_reader_raw(r, "allocInodes", &raw) && !mn_slice_eq(raw, "0")
           && !mn_slice_eq(raw, "-");
}

static int
push_fileset(struct mn_mm_filesets *list, const struct mn_mm_reader *r)
{
    struct mn_mm_fileset *v =
        mn_vec_grow(list->v, &list->cap, list->n, sizeof *v);
    if (!v) {
        return MN_ENOMEM;
    }
    list->v = v;
    struct mn_mm_fileset f = {.name = mn_mm_reader_text(r, "filesetName"),
                              .path = mn_mm_reader_text(r, "path"),
                              .comment = mn_mm_reader_text(r, "comment"),
                              .linked = raw_is(r, "status", "Linked"),
                              .independent = is_independent(r)};
    if (!f.name || !f.path || !f.comment) {
        fileset_dispose(&f);
        return MN_ENOMEM;
    }
    if (!f.linked) {
        f.path[0] = '\0';
    }
    v[list->n++] = f;
    return 0;
}

static int
by_name(const void *a, const void *b)
{
    /* both row types begin with the name */
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const void *
find(const void *v, size_t n, size_t size, const char *name)
{
    return n ? bsearch(&name, v, n, size, by_name) : NULL;
}

int
mn_mm_read_filesets(struct mn_slice text, struct mn_mm_filesets *list,
                    struct mn_error *err)
{
    struct mn_mm_reader r;
    mn_mm_reader_init(&r, "mmlsfileset", text);
    while (mn_mm_reader_next(&r)) {
        if (!raw_is(&r, "status", "Deleted") && push_fileset(list, &r)) {
            return mn_error_nomem(err);
        }
    }
    if (!r.headers_n) {
        return no_header("mmlsfileset", err);
    }
    if (list->n) {
        qsort(list->v, list->n, sizeof *list->v, by_name);
    }
    return 0;
}

const struct mn_mm_fileset *
mn_mm_find_fileset(const struct mn_mm_filesets *list, const char *name)
{
    return find(list->v, list->n, sizeof *list->v, name);
}

void
mn_mm_filesets_dispose(struct mn_mm_filesets *list)
{
    for (size_t i = 0; i < list->n; i++) {
        fileset_dispose(&list->v[i]);
    }
    mn_free(list->v);
    *list = (struct mn_mm_filesets){0};
}

static bool
number(const struct mn_mm_reader *r, const char *column, uint64_t *value)
{
    struct mn_slice raw;
    return mn_mm_reader_raw(r, column, &raw) && mn_slice_u64(raw, value);
}

static int
push_quota(struct mn_mm_quotas *list, const struct mn_mm_reader *r,
           struct mn_error *err)
{
    struct mn_mm_quota q = {0};
    if (!number(r, "blockUsage", &q.usage_kib)
        || !number(r, "blockQuota", &q.soft_kib)
        || !number(r, "blockLimit", &q.hard_kib)) {
        return mn_error_set(err, MN_EPROTO,
                            "%s printed a row without "
                            "numbers",
                            r->command);
    }
    number(r, "blockInDoubt", &q.in_doubt_kib); /* not always printed */
    struct mn_mm_quota *v =
        mn_vec_grow(list->v, &list->cap, list->n, sizeof *v);
    if (!v) {
        return mn_error_nomem(err);
    }
    list->v = v;
    q.name = mn_mm_reader_text(r, "name");
    if (!q.name) {
        return mn_error_nomem(err);
    }
    v[list->n++] = q;
    return 0;
}

int
mn_mm_read_quotas(const char *command, struct mn_slice text,
                  struct mn_mm_quotas *list, struct mn_error *err)
{
    int rc = 0;
    struct mn_mm_reader r;
    mn_mm_reader_init(&r, command, text);
    while (!rc && mn_mm_reader_next(&r)) {
        if (raw_is(&r, "quotaType", "FILESET")) {
            rc = push_quota(list, &r, err);
        }
    }
    if (!rc && !r.headers_n) {
        rc = no_header(command, err);
    }
    if (list->n) {
        qsort(list->v, list->n, sizeof *list->v, by_name);
    }
    return rc;
}

const struct mn_mm_quota *
mn_mm_find_quota(const struct mn_mm_quotas *list, const char *name)
{
    return find(list->v, list->n, sizeof *list->v, name);
}

void
mn_mm_quotas_dispose(struct mn_mm_quotas *list)
{
    for (size_t i = 0; i < list->n; i++) {
        mn_free(list->v[i].name);
    }
    mn_free(list->v);
    *list = (struct mn_mm_quotas){0};
}
