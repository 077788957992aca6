/* SPDX-License-Identifier: Apache-2.0 */
#include "nfs/ganesha_old.h"

#include <string.h>

int
mn_ganesha_old_check_access(const struct mn_access *access,
                            struct mn_error *err)
{
    if (access->net.family == 4 || mn_ipnet_is_host(&access->net)) {
        return 0;
    }
    return mn_error_set(err, MN_EINVAL,
                        "NFS-Ganesha of 2.0 and before can't serve IPv6 "
                        "networks; use single addresses");
}

static bool
below_rw(const struct mn_access_set *want, const struct mn_access *a)
{
    for (size_t i = 0; !a->rw && i < want->n; i++) {
        if (want->v[i].rw && mn_ipnet_contains(&want->v[i].net, &a->net)) {
            return true;
        }
    }
    return false;
}

int
mn_ganesha_old_fit(const struct mn_access_set *want, struct mn_access_set *fit,
                   struct mn_access_set *rest, struct mn_error *err)
{
    int rc = 0;
    size_t bytes[2] = {0};
    for (size_t i = 0; !rc && i < want->n; i++) {
        const struct mn_access *a = &want->v[i];
        char text[MN_IPNET_TEXT];
        mn_ipnet_format(&a->net, text);
        size_t n = bytes[a->rw] + strlen(text) + (bytes[a->rw] > 0);
        bool fits = n <= MN_GANESHA_OLD_VALUE
                    && fit->n < MN_GANESHA_OLD_CLIENTS && !below_rw(want, a);
        bytes[a->rw] = fits ? n : bytes[a->rw];
        rc = mn_access_set_put(fits ? fit : rest, a, err);
    }
    return rc;
}

static void
put_list(struct mn_buf *out, const struct mn_access_set *clients, bool rw)
{
    const char *comma = "";
    mn_buf_putc(out, '"');
    for (size_t i = 0; i < clients->n; i++) {
        char text[MN_IPNET_TEXT];
        if (clients->v[i].rw == rw) {
            mn_ipnet_format(&clients->v[i].net, text);
            mn_buf_printf(out, "%s%s", comma, text);
            comma = ",";
        }
    }
    mn_buf_putc(out, '"');
}

/* Who may write may write as root, as with the driver before; but for
   Squash=Root_Squash nobody may. */
static void
put_access(struct mn_buf *out, const char *key,
           const struct mn_ganesha_spec *spec,
           const struct mn_access_set *clients)
{
    static const struct mn_access_set nobody = MN_ACCESS_SET_INIT;
    bool root = strcmp(key, "Root_Access") == 0;
    bool squash =
        mn_slice_contains_nocase(mn_slice_of(spec->options), "=root_squash");
    put_list(out, root && squash ? &nobody : clients,
             strcmp(key, "R_Access") != 0);
}

static const char *const access_keys[] = {"Root_Access", "RW_Access",
                                          "R_Access"};

static bool
is_number(struct mn_slice value)
{
    uint64_t number;
    if (value.n && value.p[0] == '-') {
        value = (struct mn_slice){value.p + 1, value.n - 1};
    }
    return mn_slice_u64(value, &number);
}

/* Numbers have no quotes: the in-tree driver wrote none, later parsers take
   none. */
static void
put_old_option(struct mn_buf *out, struct mn_slice option)
{
    struct mn_slice key;
    mn_slice_next(&option, '=', &key);
    if (mn_slice_eq(key, "Squash")) {
        return; /* said by Root_Access */
    }
    const char *prefix = mn_slice_eq(key, "Protocols") ? "NFS_" : "";
    bool transports = mn_slice_eq(key, "Transports");
    const char *quote = is_number(option) ? "" : "\"";
    mn_buf_printf(out, "    %s%.*s = %s", prefix, transports ? 19 : (int)key.n,
                  transports ? "Transport_Protocols" : key.p, quote);
    for (size_t i = 0; i < option.n; i++) {
        mn_buf_putc(out, option.p[i] == ':' ? ',' : option.p[i]);
    }
    mn_buf_printf(out, "%s;\n", quote);
}

static void
put_new(struct mn_buf *out, const struct mn_ganesha_spec *spec, bool fsal,
        const struct mn_access_set *clients)
{
    struct mn_slice option;
    struct mn_slice rest = mn_slice_of(spec->options);
    if (out->n && out->p[out->n - 1] != '\n') {
        mn_buf_putc(out, '\n');
    }
    mn_buf_printf(
        out, "EXPORT\n{\n    Export_Id = %u;\n    Path = ", spec->export_id);
    mn_ganesha_quote(out, spec->path);
    mn_buf_puts(out, ";\n    Pseudo = ");
    mn_ganesha_quote(out, mn_ganesha_pseudo(spec));
    mn_buf_printf(out, ";\n    Tag = \"fs%u\";\n", spec->export_id);
    mn_buf_printf(out, "    Filesystem_id = 192.%u;\n", spec->export_id);
    mn_buf_puts(out, fsal ? "    FSAL = \"GPFS\";\n" : "");
    for (int i = 0; i < 3; i++) {
        mn_buf_printf(out, "    %s = ", access_keys[i]);
        put_access(out, access_keys[i], spec, clients);
        mn_buf_puts(out, ";\n");
    }
    while (mn_slice_next(&rest, ',', &option)) {
        put_old_option(out, option);
    }
    mn_buf_puts(out, "}\n");
}

/* Which of the access keys is it? 3: none. */
static int
access_key(const struct mn_ganesha_token *t)
{
    int i = 0;
    while (i < 3 && !mn_slice_eq_nocase(t->text, access_keys[i])) {
        i++;
    }
    return t->kind == MN_GANESHA_WORD ? i : 3;
}

static bool
is_punct(const struct mn_ganesha_token *t, char c)
{
    return t->kind == MN_GANESHA_PUNCT && t->text.p[0] == c;
}

/* The value between '=' and ';' is replaced; the scanner stands behind '='. */
static void
replace_value(struct mn_buf *out, struct mn_ganesha_scanner *s, size_t *copied,
              const char *key, const struct mn_ganesha_spec *spec,
              const struct mn_access_set *clients)
{
    struct mn_ganesha_scanner before = *s;
    struct mn_ganesha_token t = mn_ganesha_next(s);
    while (!is_punct(&t, ';') && !is_punct(&t, '}')
           && t.kind != MN_GANESHA_END) {
        before = *s;
        t = mn_ganesha_next(s);
    }
    *s = before;
    mn_buf_putc(out, ' ');
    put_access(out, key, spec, clients);
    if (!is_punct(&t, ';')) {
        mn_buf_putc(out, ';');
    }
    *copied = s->at;
}

static void
copy_to(struct mn_buf *out, struct mn_slice text, size_t *copied, size_t to)
{
    mn_buf_add(out, text.p + *copied, to - *copied);
    *copied = to;
}

/* The block with new values for the access keys; those it lacks come before
   its closing brace. */
static void
edit_block(struct mn_buf *out, struct mn_slice block,
           const struct mn_ganesha_spec *spec,
           const struct mn_access_set *clients)
{
    struct mn_ganesha_scanner s = {.text = block};
    struct mn_ganesha_token t;
    size_t copied = 0;
    bool seen[4] = {0};
    int key = 3;
    unsigned depth = 0;
    while ((t = mn_ganesha_next(&s)).kind != MN_GANESHA_END
           && s.at < block.n) {
        depth += is_punct(&t, '{');
        depth -= is_punct(&t, '}');
        if (is_punct(&t, '=') && key < 3 && depth == 1) {
            copy_to(out, block, &copied, s.at);
            replace_value(out, &s, &copied, access_keys[key], spec, clients);
            seen[key] = true;
        }
        key = access_key(&t);
    }
    copy_to(out, block, &copied, block.n - 1);
    for (int i = 0; i < 3; i++) {
        if (!seen[i]) {
            mn_buf_printf(out, "    %s = ", access_keys[i]);
            put_access(out, access_keys[i], spec, clients);
            mn_buf_puts(out, ";\n");
        }
    }
    mn_buf_putc(out, '}');
}

/* Read the edited text as a daemon would: files that are odd enough take what
   was put in for something else. */
static int
check_edited(struct mn_slice text, const struct mn_ganesha_spec *spec,
             const struct mn_access_set *clients, struct mn_error *err)
{
    struct mn_ganesha_blocks blocks = {0};
    size_t found = 0;
    bool same = true;
    int rc = mn_ganesha_parse(text, &blocks, err);
    for (size_t i = 0; !rc && i < blocks.n; i++) {
        const struct mn_ganesha_block *b = &blocks.v[i];
        if (strcmp(b->path, spec->path) == 0) {
            found++;
            same = !b->foreign && mn_access_same(&b->clients, clients);
        }
    }
    mn_ganesha_blocks_dispose(&blocks);
    if (rc || (same && found == (clients->n > 0))) {
        return rc;
    }
    return mn_error_set(err, MN_EPROTO,
                        "the export of %s can't be edited: its block, or what "
                        "is around it, is not written as usual",
                        spec->path);
}

int
mn_ganesha_old_edit(struct mn_slice text, const struct mn_ganesha_spec *spec,
                    bool fsal, const struct mn_access_set *clients,
                    struct mn_buf *out, struct mn_error *err)
{
    struct mn_ganesha_blocks blocks = {0};
    bool found = !clients->n;
    size_t copied = 0;
    int rc = mn_ganesha_parse(text, &blocks, err);
    for (size_t i = 0; !rc && i < blocks.n; i++) {
        const struct mn_ganesha_block *b = &blocks.v[i];
        struct mn_slice block = {text.p + b->begin, b->end - b->begin};
        if (strcmp(b->path, spec->path) != 0) {
            continue;
        }
        copy_to(out, text, &copied, b->begin);
        if (!found) {
            edit_block(out, block, spec, clients);
            found = true;
            copied = b->end;
        }
        else { /* with the end of its line */
            copied = b->end + (b->end < text.n && text.p[b->end] == '\n');
        }
    }
    if (!rc) {
        copy_to(out, text, &copied, text.n);
    }
    if (!rc && !found) {
        put_new(out, spec, fsal, clients);
    }
    mn_ganesha_blocks_dispose(&blocks);
    rc = rc ? rc : out->failed ? mn_error_nomem(err) : 0;
    return rc ? rc : check_edited(mn_buf_view(out), spec, clients, err);
}
