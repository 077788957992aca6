/* SPDX-License-Identifier: Apache-2.0 */
/* The other answers: states, attributes, snapshots, df. */
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

int
mn_mm_read_state(struct mn_slice text, struct mn_buf *state,
                 struct mn_error *err)
{
    struct mn_slice raw;
    struct mn_mm_reader r;
    mn_mm_reader_init(&r, "mmgetstate", text);
    if (!mn_mm_reader_next(&r) || !mn_mm_reader_raw(&r, "state", &raw)) {
        return no_header("mmgetstate", err);
    }
    mn_mm_decode(raw, state);
    return state->failed ? mn_error_nomem(err) : 0;
}

int
mn_mm_read_fs(struct mn_slice text, const char *attribute,
              struct mn_buf *value, struct mn_error *err)
{
    struct mn_slice raw;
    struct mn_mm_reader r;
    mn_mm_reader_init(&r, "mmlsfs", text);
    while (mn_mm_reader_next(&r)) {
        if (raw_is(&r, "fieldName", attribute)
            && mn_mm_reader_raw(&r, "data", &raw)) {
            mn_mm_decode(raw, value);
            return value->failed ? mn_error_nomem(err) : 0;
        }
    }
    return r.headers_n ? mn_error_set(err, MN_ENOTFOUND,
                                      "mmlsfs does not print %s", attribute)
                       : no_header("mmlsfs", err);
}

int
mn_mm_read_config(struct mn_slice text, const char *attribute,
                  struct mn_buf *value, struct mn_error *err)
{
    struct mn_slice raw;
    struct mn_mm_reader r;
    mn_mm_reader_init(&r, "mmlsconfig", text);
    while (mn_mm_reader_next(&r)) {
        if (raw_is(&r, "configParameter", attribute)
            && mn_mm_reader_raw(&r, "value", &raw)) {
            mn_mm_decode(raw, value);
            break;
        }
    }
    return value->failed ? mn_error_nomem(err) : 0;
}

static void
snapshot_dispose(struct mn_mm_snapshot *s)
{
    mn_free(s->name);
    mn_free(s->fileset);
    mn_free(s->status);
}

static int
push_snapshot(struct mn_mm_snapshots *list, const struct mn_mm_reader *r)
{
    struct mn_mm_snapshot *v =
        mn_vec_grow(list->v, &list->cap, list->n, sizeof *v);
    if (!v) {
        return MN_ENOMEM;
    }
    list->v = v;
    struct mn_mm_snapshot s = {.name = mn_mm_reader_text(r, "directory"),
                               .fileset = mn_mm_reader_text(r, "fileset"),
                               .status = mn_mm_reader_text(r, "status")};
    if (!s.name || !s.fileset || !s.status) {
        snapshot_dispose(&s);
        return MN_ENOMEM;
    }
    v[list->n++] = s;
    return 0;
}

static int
by_snapshot(const void *a, const void *b)
{
    const struct mn_mm_snapshot *x = a;
    const struct mn_mm_snapshot *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->fileset, y->fileset);
}

int
mn_mm_read_snapshots(struct mn_slice text, struct mn_mm_snapshots *list,
                     struct mn_error *err)
{
    struct mn_mm_reader r;
    mn_mm_reader_init(&r, "mmlssnapshot", text);
    while (mn_mm_reader_next(&r)) {
        if (push_snapshot(list, &r)) {
            return mn_error_nomem(err);
        }
    }
    /* where there are none it says so in words, also with -Y */
    if (!r.headers_n && !mn_slice_contains_nocase(text, "No snapshots")) {
        return no_header("mmlssnapshot", err);
    }
    if (list->n) {
        qsort(list->v, list->n, sizeof *list->v, by_snapshot);
    }
    return 0;
}

const struct mn_mm_snapshot *
mn_mm_find_snapshot(const struct mn_mm_snapshots *list, const char *fileset,
                    const char *name)
{
    struct mn_mm_snapshot key = {.name = (char *)name,
                                 .fileset = (char *)fileset};
    return list->n ? bsearch(&key, list->v, list->n, sizeof key, by_snapshot)
                   : NULL;
}

void
mn_mm_snapshots_dispose(struct mn_mm_snapshots *list)
{
    for (size_t i = 0; i < list->n; i++) {
        snapshot_dispose(&list->v[i]);
    }
    mn_free(list->v);
    *list = (struct mn_mm_snapshots){0};
}

static bool
take_word(struct mn_slice *line, struct mn_slice *word)
{
    *line = mn_slice_trim(*line);
    return mn_slice_next(line, ' ', word);
}

int
mn_mm_read_df(struct mn_slice text, struct mn_mm_df_row *row,
              struct mn_error *err)
{
    struct mn_slice line;
    struct mn_slice last = mn_slice_of("");
    while (mn_slice_next(&text, '\n', &line)) {
        last = mn_slice_trim(line).n ? line : last;
    }
    struct mn_slice total;
    struct mn_slice used;
    struct mn_slice available;
    if (!take_word(&last, &row->device) || !take_word(&last, &total)
        || !take_word(&last, &used) || !take_word(&last, &available)
        || !mn_slice_u64(total, &row->total)
        || !mn_slice_u64(available, &row->available)) {
        return mn_error_set(err, MN_EPROTO, "df printed no usable line");
    }
    if (mn_slice_starts(row->device, "/dev/")) {
        row->device.p += 5;
        row->device.n -= 5;
    }
    return 0;
}
