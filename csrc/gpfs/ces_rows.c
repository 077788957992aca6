/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/ces_rows.h"

#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"
#include "gpfs/mmparse.h"

enum { FIELDS = 64 };

static const char *const levels[] = {"RW", "RO", "NONE", "MDONLY",
                                     "MDONLY_RO"};

struct cut {
    struct mn_slice names[FIELDS];
    struct mn_slice v[FIELDS];
    size_t names_n;
    size_t n;
    size_t clients; /* column */
    size_t surplus; /* colons in the client */
};

/* Every field, the empty ones too; the last colon ends the last field. */
static size_t
split(struct mn_slice s, struct mn_slice *v, size_t n)
{
    if (s.n && s.p[s.n - 1] == ':') {
        s.n--;
    }
    for (;;) {
        const char *end = s.n ? memchr(s.p, ':', s.n) : NULL;
        size_t part = end ? (size_t)(end - s.p) : s.n;
        if (n == FIELDS) {
            return 0;
        }
        v[n++] = (struct mn_slice){s.p, part};
        if (!end) {
            return n;
        }
        s.p += part + 1;
        s.n -= part + 1;
    }
}

static size_t
column(const struct cut *c, const char *name)
{
    size_t i = 0;
    while (i < c->names_n
           && !mn_slice_eq_nocase(mn_slice_trim(c->names[i]), name)) {
        i++;
    }
    return i;
}

static struct mn_slice
field(const struct cut *c, size_t i)
{
    i += i > c->clients ? c->surplus : 0;
    return i < c->n ? c->v[i] : mn_slice_of("");
}

static struct mn_slice
client(const struct cut *c)
{
    const struct mn_slice *first = &c->v[c->clients];
    const struct mn_slice *last = first + c->surplus;
    return (struct mn_slice){first->p, (size_t)(last->p - first->p) + last->n};
}

static bool
is_level(struct mn_slice value)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (mn_slice_eq_nocase(value, levels[i])) {
            return true;
        }
    }
    return false;
}

/* With that many colons in the client, is the rest as it must be? */
static bool
fits(struct cut *c, size_t level, size_t surplus)
{
    struct mn_ipnet net;
    c->surplus = surplus;
    return c->clients + surplus < c->n && level + surplus < c->n
           && is_level(field(c, level))
           && (!surplus || !mn_ipnet_parse(client(c), &net, NULL));
}

/* How many fields is the client? The header tells, unless the row has more or
   fewer columns at its end. */
static bool
find_client(struct cut *c)
{
    size_t level = column(c, "Access_Type");
    c->clients = column(c, "Clients");
    if (c->clients >= c->names_n || c->clients >= c->n) {
        return false;
    }
    if (level >= c->names_n) { /* the short listing ends with the clients */
        c->surplus = c->n - 1 - c->clients;
        return true;
    }
    if (c->n > c->names_n && fits(c, level, c->n - c->names_n)) {
        return true;
    }
    for (size_t surplus = 0; surplus < 8; surplus++) {
        if (fits(c, level, surplus)) {
            return true;
        }
    }
    return false;
}

/* Path comes first, and a raw one may hold colons. */
static bool
cut_row(const struct mn_mm_reader *r, const char *path, struct cut *c)
{
    struct mn_slice row = r->row;
    size_t n = path ? strlen(path) : 0;
    c->names_n = split(r->names, c->names, 0);
    c->n = 0;
    if (n && row.n > n && mn_slice_starts(row, path) && row.p[n] == ':') {
        c->v[c->n++] = (struct mn_slice){row.p, n};
        row.p += n + 1;
        row.n -= n + 1;
    }
    c->n = split(row, c->v, c->n);
    return column(c, "Path") == 0 && find_client(c);
}

static char *
decoded(struct mn_slice raw)
{
    struct mn_buf out = MN_BUF_INIT;
    mn_mm_decode(raw, &out);
    return mn_buf_take(&out);
}

static char *
other_columns(const struct cut *c)
{
    struct mn_buf out = MN_BUF_INIT;
    for (size_t i = c->clients + 1; i < c->names_n; i++) {
        mn_buf_putc(&out, '\n');
        mn_buf_slice(&out, mn_slice_trim(c->names[i]));
        mn_buf_putc(&out, '=');
        mn_mm_decode(field(c, i), &out);
    }
    return mn_buf_take(&out);
}

static void
row_dispose(struct mn_ces_row *row)
{
    mn_free(row->path);
    mn_free(row->client);
    mn_free(row->access);
    mn_free(row->columns);
}

static int
push(struct mn_ces_rows *rows, const struct cut *c, const char *path)
{
    struct mn_ces_row *v =
        mn_vec_grow(rows->v, &rows->cap, rows->n, sizeof *v);
    if (!v) {
        return MN_ENOMEM;
    }
    rows->v = v;
    struct mn_ces_row row = {.path = decoded(c->v[0]),
                             .client = decoded(client(c)),
                             .access =
                                 decoded(field(c, column(c, "Access_Type"))),
                             .columns = other_columns(c)};
    if (!row.path || !row.client || !row.access || !row.columns) {
        row_dispose(&row);
        return MN_ENOMEM;
    }
    if (path && strcmp(row.path, path) != 0) {
        row_dispose(&row);
        return 0;
    }
    row.is_net = !mn_ipnet_parse(mn_slice_of(row.client), &row.net, NULL);
    v[rows->n++] = row;
    return 0;
}

int
mn_ces_rows_parse(struct mn_slice text, const char *path,
                  struct mn_ces_rows *rows, struct mn_error *err)
{
    struct mn_mm_reader r;
    struct cut c;
    mn_mm_reader_init(&r, "mmcesnfslsexport", text);
    while (mn_mm_reader_next(&r)) {
        if (!cut_row(&r, path, &c)) {
            int n = r.row.n > 300 ? 300 : (int)r.row.n;
            return mn_error_set(err, MN_EPROTO,
                                "mmnfs printed a row that is not understood: "
                                "%.*s",
                                n, r.row.p);
        }
        if (push(rows, &c, path)) {
            return mn_error_nomem(err);
        }
    }
    return r.headers_n
               ? 0
               : mn_error_set(err, MN_EPROTO, "mmnfs printed no table");
}

void
mn_ces_rows_dispose(struct mn_ces_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        row_dispose(&rows->v[i]);
    }
    mn_free(rows->v);
    *rows = (struct mn_ces_rows){0};
}

static bool
same_value(struct mn_slice a, struct mn_slice b)
{
    for (size_t i = 0; a.n == b.n && i < a.n; i++) {
        char x = a.p[i] == ':' ? ',' : a.p[i];
        char y = b.p[i] == ':' ? ',' : b.p[i];
        if (!mn_slice_eq_nocase((struct mn_slice){&x, 1}, (char[]){y, 0})) {
            return false;
        }
    }
    return a.n == b.n;
}

bool
mn_ces_row_has(const struct mn_ces_row *row, struct mn_slice option)
{
    struct mn_slice line;
    struct mn_slice rest = mn_slice_of(row->columns);
    struct mn_slice value = option;
    struct mn_slice key = option;
    mn_slice_next(&value, '=', &key);
    while (mn_slice_next(&rest, '\n', &line)) {
        if (line.n > key.n && line.p[key.n] == '='
            && same_value(key, (struct mn_slice){line.p, key.n})) {
            return same_value(value, (struct mn_slice){line.p + key.n + 1,
                                                       line.n - key.n - 1});
        }
    }
    return true;
}
