/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: the listing of exportfs -s, and our own file. */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"
#include "nfs/exports.h"

/* The octal escape at p[0..n), or -1. */
static int
octal(const char *p, size_t n)
{
    if (n < 4 || p[0] != '\\' || p[1] > '3') {
        return -1;
    }
    int value = 0;
    for (size_t i = 1; i < 4; i++) {
        if (p[i] < '0' || p[i] > '7') {
            return -1;
        }
        value = value * 8 + (p[i] - '0');
    }
    return value;
}

/* Decode n bytes where they stand. Returns how many are left. */
static size_t
decode(char *p, size_t n)
{
    size_t to = 0;
    for (size_t from = 0; from < n; to++) {
        int byte = octal(p + from, n - from);
        p[to] = byte < 0 ? p[from] : (char)byte;
        from += byte < 0 ? 1 : 4;
    }
    return to;
}

static void
read_options(struct mn_export *e)
{
    struct mn_slice option;
    struct mn_slice rest = e->options;
    e->fsid = mn_slice_of("");
    e->rw = false;
    while (mn_slice_next(&rest, ',', &option)) {
        if (mn_slice_starts(option, "fsid=")) {
            e->fsid = (struct mn_slice){option.p + 5, option.n - 5};
        }
        e->rw |= mn_slice_eq(option, "rw");
    }
}

static int
push(struct mn_exports *list, struct mn_slice path, struct mn_slice client,
     struct mn_slice options, struct mn_error *err)
{
    struct mn_export *v = mn_vec_grow(list->v, &list->cap, list->n, sizeof *v);
    if (!v) {
        return mn_error_nomem(err);
    }
    list->v = v;
    v[list->n] =
        (struct mn_export){.path = path, .client = client, .options = options};
    read_options(&v[list->n++]);
    return 0;
}

static int
refuse(struct mn_slice line, const char *what, struct mn_error *err)
{
    int shown = line.n > 200 ? 200 : (int)line.n;
    return mn_error_set(err, MN_EPROTO,
                        "%s has a line that is not "
                        "understood: %.*s",
                        what, shown, line.p);
}

/* "client(options)" up to a blank or the end; moves *rest behind it. */
static bool
take_client(struct mn_slice *rest, struct mn_slice *client,
            struct mn_slice *options)
{
    struct mn_slice word = *rest;
    const char *open = memchr(word.p, '(', word.n);
    if (!open || open == word.p) {
        return false;
    }
    *client = (struct mn_slice){word.p, (size_t)(open - word.p)};
    size_t left = word.n - client->n - 1;
    const char *close = memchr(open + 1, ')', left);
    if (!close || memchr(client->p, ' ', client->n)
        || memchr(client->p, '\t', client->n)) {
        return false;
    }
    *options = (struct mn_slice){open + 1, (size_t)(close - open - 1)};
    rest->p = close + 1;
    rest->n = left - options->n - 1;
    return !rest->n || rest->p[0] == ' ' || rest->p[0] == '\t';
}

static int
copy_text(struct mn_slice text, struct mn_exports *list, struct mn_slice *rest,
          struct mn_error *err)
{
    list->text = mn_strndup(text.p, text.n);
    if (!list->text) {
        return mn_error_nomem(err);
    }
    *rest = (struct mn_slice){list->text, text.n};
    return 0;
}

/* path, two blanks, client(options) */
static int
list_line(struct mn_exports *list, struct mn_slice line, struct mn_error *err)
{
    static const char what[] = "the output of exportfs -s";
    char *start = list->text + (line.p - list->text);
    char *gap = memmem(start, line.n, "  ", 2);
    if (!gap || line.p[0] != '/') {
        return refuse(line, what, err);
    }
    size_t raw = (size_t)(gap - start);
    struct mn_slice rest = {gap + 2, line.n - raw - 2};
    struct mn_slice client;
    struct mn_slice options;
    if (!take_client(&rest, &client, &options) || rest.n) {
        return refuse(line, what, err);
    }
    struct mn_slice path = {start, decode(start, raw)};
    return push(list, path, client, options, err);
}

int
mn_exports_parse_list(struct mn_slice text, struct mn_exports *list,
                      struct mn_error *err)
{
    struct mn_slice line;
    struct mn_slice rest;
    int rc = copy_text(text, list, &rest, err);
    while (!rc && mn_slice_next(&rest, '\n', &line)) {
        if (line.n) {
            rc = list_line(list, line, err);
        }
    }
    return rc;
}

/* The path at the start of a line, quoted or bare; moves *line behind it. */
static bool
take_path(struct mn_exports *list, struct mn_slice *line,
          struct mn_slice *path)
{
    bool quoted = line->p[0] == '"';
    char *start = list->text + (line->p - list->text) + quoted;
    size_t left = line->n - quoted;
    size_t n = 0;
    while (
        n < left
        && (quoted ? start[n] != '"' : start[n] != ' ' && start[n] != '\t')) {
        n++;
    }
    if (n == left || n == 0 || start[0] != '/') {
        return false;
    }
    line->p = start + n + quoted;
    line->n = left - n - quoted;
    *path = (struct mn_slice){start, decode(start, n)};
    return true;
}

static int
file_line(struct mn_exports *list, struct mn_slice line, struct mn_error *err)
{
    static const char what[] = "an exports file";
    struct mn_slice path;
    struct mn_slice rest = line;
    if (!take_path(list, &rest, &path)) {
        return refuse(line, what, err);
    }
    rest = mn_slice_trim(rest);
    if (!rest.n) {
        return refuse(line, what, err);
    }
    int rc = 0;
    while (!rc && rest.n) {
        struct mn_slice client;
        struct mn_slice options;
        if (!take_client(&rest, &client, &options)) {
            return refuse(line, what, err);
        }
        rc = push(list, path, client, options, err);
        rest = mn_slice_trim(rest);
    }
    return rc;
}

int
mn_exports_parse_file(struct mn_slice text, struct mn_exports *list,
                      struct mn_error *err)
{
    struct mn_slice line;
    struct mn_slice rest;
    int rc = copy_text(text, list, &rest, err);
    while (!rc && mn_slice_next(&rest, '\n', &line)) {
        line = mn_slice_trim(line);
        if (line.n && line.p[0] != '#') {
            rc = file_line(list, line, err);
        }
    }
    return rc;
}

void
mn_exports_dispose(struct mn_exports *list)
{
    mn_free(list->v);
    mn_free(list->text);
    *list = (struct mn_exports)MN_EXPORTS_INIT;
}

static int
by_path(const void *a, const void *b)
{
    const struct mn_export *x = a;
    const struct mn_export *y = b;
    int order = mn_slice_compare(x->path, y->path);
    /* the slices point into one text */
    return order ? order
                 : (x->client.p > y->client.p) - (x->client.p < y->client.p);
}

void
mn_exports_sort(struct mn_exports *list)
{
    if (list->n) {
        qsort(list->v, list->n, sizeof *list->v, by_path);
    }
}

const struct mn_export *
mn_exports_of_path(const struct mn_exports *list, const char *path, size_t *n)
{
    struct mn_slice wanted = mn_slice_of(path);
    size_t low = 0;
    size_t high = list->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (mn_slice_compare(list->v[mid].path, wanted) < 0) {
            low = mid + 1;
        }
        else {
            high = mid;
        }
    }
    *n = 0;
    while (low + *n < list->n
           && mn_slice_same(list->v[low + *n].path, wanted)) {
        ++*n;
    }
    return *n ? &list->v[low] : NULL;
}
