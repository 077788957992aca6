/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/ces_plan.h"

#include <string.h>

#include "gpfs/mmcmd.h"

/* Far below the kernel's limit on one argument. */
enum { ARG_MAX_BYTES = 64 << 10 };

static const char mmnfs[] = MN_MM_BIN "mmnfs";

static bool
is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_option(struct mn_slice token, struct mn_slice key)
{
    bool ok = key.n > 0 && token.n > key.n + 1;
    for (size_t i = 0; i < key.n; i++) {
        ok &= is_word_byte(key.p[i]);
    }
    for (size_t i = key.n + 1; i < token.n; i++) {
        ok &= is_word_byte(token.p[i]) || strchr(":.@+-", token.p[i]);
    }
    return ok && !memchr(token.p, '\0', token.n);
}

static void
add_option(struct mn_buf *out, size_t start, struct mn_slice token,
           struct mn_slice key)
{
    if (out->n > start) {
        mn_buf_putc(out, ',');
    }
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        bool upper = i < key.n && c >= 'A' && c <= 'Z';
        mn_buf_putc(out, upper ? (char)(c | 0x20) : c);
    }
}

int
mn_ces__check_options(const char *options, struct mn_buf *out,
                      struct mn_error *err)
{
    size_t start = out->n;
    struct mn_slice token;
    struct mn_slice rest = mn_slice_of(options);
    while (mn_slice_next(&rest, ',', &token)) {
        token = mn_slice_trim(token);
        struct mn_slice value = token;
        struct mn_slice key = token;
        int shown = token.n > 80 ? 80 : (int)token.n;
        mn_slice_next(&value, '=', &key);
        if (!token.n) {
            continue;
        }
        if (!is_option(token, key)) {
            return mn_error_set(err, MN_EINVAL,
                                "'%.*s' is not an export option of CES", shown,
                                token.p);
        }
        if (mn_slice_eq_nocase(key, "access_type")) {
            return mn_error_set(err, MN_EINVAL,
                                "export option '%.*s' is not allowed: it "
                                "follows from the access rules",
                                shown, token.p);
        }
        add_option(out, start, token, key);
    }
    return out->failed ? mn_error_nomem(err) : 0;
}

struct mn_step *
mn_ces__add_list(struct mn_plan *plan, const char *path)
{
    return path ? mn_plan_run(plan, mmnfs, "export", "list", "-n", path, "-Y",
                              NULL)
                : mn_plan_run(plan, mmnfs, "export", "list", "-Y", NULL);
}

/* ---- comparison ---- */

static bool
has_level(const struct mn_ces_row *row, bool rw)
{
    return mn_slice_eq_nocase(mn_slice_of(row->access), rw ? "RW" : "RO");
}

static bool
has_options(const struct mn_ces_row *row, const char *options)
{
    struct mn_slice option;
    struct mn_slice rest = mn_slice_of(options);
    while (mn_slice_next(&rest, ',', &option)) {
        if (!mn_ces_row_has(row, option)) {
            return false;
        }
    }
    return true;
}

/* The first row before the i'th one that shadows it, which is wanted as a. */
static const struct mn_ces_row *
shadow(const struct mn_ces_rows *rows, size_t i,
       const struct mn_access_set *want, const struct mn_access *a)
{
    for (size_t k = 0; k < i; k++) {
        const struct mn_ces_row *row = &rows->v[k];
        if (row->is_net && mn_access_is_shadowed(a, &row->net, want)) {
            return row;
        }
    }
    return NULL;
}

static int
compare_row(const struct mn_ces_rows *rows, size_t i,
            const struct mn_ces_spec *spec, const struct mn_access_set *want,
            struct mn_access_set *good, struct mn_access_set *seen,
            struct mn_nfs_gap *gap, struct mn_error *err)
{
    const struct mn_ces_row *row = &rows->v[i];
    const struct mn_access *a =
        row->is_net ? mn_access_set_find(want, &row->net) : NULL;
    if (!row->client[0]) { /* exported to nobody */
        if (!want->n) {
            mn_argv_add(&gap->extra, "nobody");
        }
        return 0;
    }
    if (!a || mn_access_set_find(seen, &a->net)) {
        mn_argv_add(&gap->extra, row->client);
        return 0;
    }
    int rc = mn_access_set_put(seen, a, err);
    if (!rc && has_level(row, a->rw) && !shadow(rows, i, want, a)) {
        rc = mn_access_set_put(good, a, err);
        if (!rc && !has_options(row, spec->options)) {
            rc = mn_access_set_put(&gap->stale, a, err);
        }
    }
    return rc;
}

int
mn_ces__compare(const struct mn_ces_rows *rows, const struct mn_ces_spec *spec,
                const struct mn_access_set *want, struct mn_nfs_gap *gap,
                struct mn_error *err)
{
    int rc = 0;
    struct mn_access_set good = MN_ACCESS_SET_INIT;
    struct mn_access_set seen = MN_ACCESS_SET_INIT;
    struct mn_access_set none = MN_ACCESS_SET_INIT;
    for (size_t i = 0; !rc && i < rows->n; i++) {
        rc = compare_row(rows, i, spec, want, &good, &seen, gap, err);
    }
    rc = rc ? rc : mn_access_diff(&good, want, &gap->missing, &none, err);
    if (!rc && gap->extra.failed) {
        rc = mn_error_nomem(err);
    }
    mn_access_set_dispose(&good);
    mn_access_set_dispose(&seen);
    mn_access_set_dispose(&none);
    return rc;
}

/* ---- changes ---- */

/* Calls with a list of clients, begun anew when it becomes too long. */
struct calls {
    struct mn_plan *plan;
    const struct mn_ces_spec *spec;
    const char *verb; /* "add": until the first call is out */
    const char *flag;
    const char *position;
    char separator;
    struct mn_buf list;
};

static struct mn_step *
add_call(const struct calls *c)
{
    struct mn_step *step =
        mn_plan_run(c->plan, mmnfs, "export", c->verb, c->spec->path, c->flag,
                    mn_buf_str(&c->list), NULL);
    step->accept_any = true;
    return step;
}

/* --pseudo came with 5.0.3: before, the export is served at its path. */
static void
add_with_pseudo(const struct calls *c)
{
    struct mn_step *step = add_call(c);
    mn_argv_add(&step->argv, "--pseudo");
    mn_argv_add(&step->argv, c->spec->pseudo);
    int with = mn_plan_last(c->plan);
    mn_step_guard(add_call(c), with, 0, true);
}

static void
flush(struct calls *c)
{
    bool add = strcmp(c->verb, "add") == 0;
    if (!c->list.n && !c->list.failed) {
        return;
    }
    if (add && c->spec->pseudo) {
        add_with_pseudo(c);
    }
    else {
        struct mn_step *step = add_call(c);
        if (c->position) {
            mn_argv_add(&step->argv, "--nfsposition");
            mn_argv_add(&step->argv, c->position);
        }
    }
    c->plan->failed |= c->list.failed;
    mn_buf_dispose(&c->list);
    if (add) {
        c->verb = "change";
        c->flag = "--nfsadd";
    }
}

static void
put_name(struct calls *c, const char *name)
{
    if (c->list.n + strlen(name) + strlen(c->spec->options) + 32
        > ARG_MAX_BYTES) {
        flush(c);
    }
    if (c->list.n) {
        mn_buf_putc(&c->list, c->separator);
    }
    mn_buf_puts(&c->list, name);
}

static void
put_client(struct calls *c, const char *name, bool rw)
{
    put_name(c, name);
    mn_buf_printf(&c->list, "(%s%saccess_type=%s)", c->spec->options,
                  c->spec->options[0] ? "," : "", rw ? "rw" : "ro");
}

static void
put_access(struct calls *c, const struct mn_access *a)
{
    char name[MN_IPNET_TEXT];
    mn_ipnet_format(&a->net, name);
    put_client(c, name, a->rw);
}

static size_t
row_of(const struct mn_ces_rows *rows, const struct mn_ipnet *net)
{
    size_t i = 0;
    while (i < rows->n
           && !(rows->v[i].is_net
                && mn_ipnet_compare(&rows->v[i].net, net) == 0)) {
        i++;
    }
    return i;
}

/* The first row that is a wider network around net; rows->n: none. */
static size_t
anchor_of(const struct mn_ces_rows *rows, const struct mn_ipnet *net)
{
    size_t i = 0;
    while (i < rows->n
           && !(rows->v[i].is_net && !mn_ipnet_is_host(&rows->v[i].net)
                && mn_ipnet_contains(&rows->v[i].net, net))) {
        i++;
    }
    return i;
}

/* Clients that are not listed: those before one anchor go in one call. Rows
   are met in the order of the listing, then what may stand at the end. */
static void
add_new(struct mn_plan *plan, const struct mn_ces_spec *spec,
        const struct mn_ces_rows *rows, bool exists,
        const struct mn_access_set *missing)
{
    struct calls c = {.plan = plan, .spec = spec, .separator = ';'};
    c.verb = exists ? "change" : "add";
    c.flag = exists ? "--nfsadd" : "-c";
    for (size_t at = 0; at <= rows->n; at++) {
        c.position = at < rows->n ? rows->v[at].client : NULL;
        bool wide =
            at == rows->n
            || (rows->v[at].is_net && !mn_ipnet_is_host(&rows->v[at].net));
        for (size_t i = 0; wide && i < missing->n; i++) {
            const struct mn_access *a = &missing->v[i];
            if (row_of(rows, &a->net) == rows->n
                && anchor_of(rows, &a->net) == at) {
                put_access(&c, a);
            }
        }
        flush(&c);
    }
}

/* Listed clients with another level, other options, or in the wrong place. */
static void
add_changed(struct mn_plan *plan, const struct mn_ces_spec *spec,
            const struct mn_ces_rows *rows, const struct mn_access_set *want,
            const struct mn_access_set *set, bool moves)
{
    struct calls c = {.plan = plan, .spec = spec, .separator = ';'};
    c.verb = "change";
    c.flag = "--nfschange";
    for (size_t i = 0; i < set->n; i++) {
        const struct mn_access *a = &set->v[i];
        size_t at = row_of(rows, &a->net);
        const struct mn_ces_row *before =
            at < rows->n ? shadow(rows, at, want, a) : NULL;
        if (at == rows->n || moves != (before != NULL)) {
            continue;
        }
        c.position = before ? before->client : NULL;
        put_client(&c, rows->v[at].client, a->rw);
        if (moves) {
            flush(&c);
        }
    }
    flush(&c);
}

static void
add_removed(struct mn_plan *plan, const struct mn_ces_spec *spec,
            const struct mn_argv *extra)
{
    struct calls c = {.plan = plan, .spec = spec, .separator = ','};
    c.verb = "change";
    c.flag = "--nfsremove";
    for (size_t i = 0; i < extra->n; i++) {
        put_name(&c, extra->v[i]);
    }
    flush(&c);
}

void
mn_ces__add_changes(struct mn_plan *plan, const struct mn_ces_spec *spec,
                    const struct mn_ces_rows *rows, bool exists,
                    const struct mn_access_set *want,
                    const struct mn_nfs_gap *gap)
{
    if (!want->n) {
        mn_plan_run(plan, mmnfs, "export", "remove", spec->path, NULL)
            ->accept_any = true;
        return;
    }
    add_new(plan, spec, rows, exists || rows->n, &gap->missing);
    add_changed(plan, spec, rows, want, &gap->missing, false);
    add_changed(plan, spec, rows, want, &gap->stale, false);
    add_changed(plan, spec, rows, want, &gap->missing, true);
    add_removed(plan, spec, &gap->extra);
}
