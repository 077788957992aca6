/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: options, fsid, the file, arguments. */
#include "nfs/exports.h"

#include <string.h>

#include "nfs/made_by.h"

enum { OPTIONS_MAX = 4096 };

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* keyword or keyword=value, of bytes that mean nothing to exports(5) or to a
   shell. The keyword comes out in lower case. */
static bool
take_option(struct mn_slice token, char *copy)
{
    bool value = false;
    for (size_t i = 0; i < token.n; i++) {
        char c = value ? token.p[i] : lower(token.p[i]);
        bool ok = is_lower(c) || is_digit(c) || c == '_';
        if (value) {
            ok |= (c >= 'A' && c <= 'Z') || (c && strchr("./:@+-", c));
        }
        else if (c == '=' && i > 0) {
            value = ok = true;
        }
        if (!ok) {
            return false;
        }
        copy[i] = c;
    }
    copy[token.n] = '\0';
    return token.n > 0 && is_lower(copy[0]) && copy[token.n - 1] != '=';
}

/* Is token in the comma list? */
static bool
has_option(struct mn_slice list, const char *token)
{
    struct mn_slice part;
    while (mn_slice_next(&list, ',', &part)) {
        if (mn_slice_eq(part, token)) {
            return true;
        }
    }
    return false;
}

static bool
is_ours(const char *token)
{
    return strcmp(token, "rw") == 0 || strcmp(token, "ro") == 0
           || strcmp(token, "fsid") == 0 || strncmp(token, "fsid=", 5) == 0;
}

/* What follows a sec= holds for that flavour and may repeat what was said for
   another one. */
static void
add_option(struct mn_buf *out, size_t start, const char *token)
{
    struct mn_slice have = {mn_buf_str(out) + start, out->n - start};
    if (has_option(have, token) && !mn_slice_contains(have, "sec=")) {
        return;
    }
    if (have.n) {
        mn_buf_putc(out, ',');
    }
    mn_buf_puts(out, token);
}

int
mn_exports_check_options(const char *options, struct mn_buf *out,
                         struct mn_error *err)
{
    char copy[OPTIONS_MAX];
    size_t start = out->n;
    struct mn_slice token;
    struct mn_slice rest = mn_slice_of(options);
    if (rest.n >= sizeof copy) {
        return mn_error_set(err, MN_EINVAL, "export options are too long");
    }
    while (mn_slice_next(&rest, ',', &token)) {
        token = mn_slice_trim(token);
        if (!token.n) {
            continue;
        }
        if (!take_option(token, copy)) {
            return mn_error_set(err, MN_EINVAL,
                                "'%.*s' is not an export "
                                "option",
                                MN_SLICE_ARG(token));
        }
        if (is_ours(copy)) {
            return mn_error_set(err, MN_EINVAL,
                                "export option '%s' is not "
                                "allowed: the driver sets it",
                                copy);
        }
        add_option(out, start, copy);
    }
    struct mn_slice all = {mn_buf_str(out) + start, out->n - start};
    if (!has_option(all, "subtree_check")
        && !has_option(all, "no_subtree_check")) {
        add_option(out, start, "no_subtree_check");
    }
    return out->failed ? mn_error_nomem(err) : 0;
}

static bool
is_uuid(const char *s)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = lower(s[i]);
        if (dash ? c != '-' : !(is_digit(c) || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return s[36] == '\0';
}

static uint64_t
fnv1a(uint64_t hash, const char *s)
{
    for (; *s; s++) {
        hash = (hash ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void
put_hex(char *out, uint64_t value)
{
    for (int i = 15; i >= 0; i--, value >>= 4) {
        out[i] = "0123456789abcdef"[value & 15];
    }
}

void
mn_exports_fsid(const char *share_id, char fsid[MN_FSID_TEXT])
{
    memset(fsid, 0, MN_FSID_TEXT);
    if (is_uuid(share_id)) {
        for (size_t i = 0; i < 36; i++) {
            fsid[i] = lower(share_id[i]);
        }
        return;
    }
    uint64_t start = UINT64_C(0xcbf29ce484222325);
    put_hex(fsid, fnv1a(start, share_id));
    put_hex(fsid + 16, fnv1a(start * UINT64_C(0x100000001b3), share_id));
}

void
mn_exports_render_options(struct mn_buf *out,
                          const struct mn_export_spec *spec, bool rw)
{
    mn_buf_puts(out, rw ? "rw" : "ro");
    if (spec->options[0]) {
        mn_buf_putc(out, ',');
        mn_buf_puts(out, spec->options);
    }
    mn_buf_printf(out, ",fsid=%s", spec->fsid);
}

void
mn_exports_render_path(struct mn_buf *out, const char *path)
{
    mn_buf_putc(out, '"');
    for (const char *p = path; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= ' ' || c == 0x7f || strchr("\"\\#()", c)) {
            mn_buf_printf(out, "\\%03o", c);
        }
        else {
            mn_buf_putc(out, *p);
        }
    }
    mn_buf_puts(out, "\" ");
}

void
mn_exports_render_file(struct mn_buf *out, const struct mn_export_spec *spec,
                       const struct mn_access_set *clients)
{
    mn_buf_printf(out, MN_MADE_BY "%s. Do not edit: it is written anew.\n",
                  spec->share_id);
    for (size_t i = 0; i < clients->n; i++) {
        char client[MN_IPNET_TEXT];
        mn_ipnet_format(&clients->v[i].net, client);
        mn_exports_render_path(out, spec->path);
        mn_buf_printf(out, "%s(", client);
        mn_exports_render_options(out, spec, clients->v[i].rw);
        mn_buf_puts(out, ")\n");
    }
}

void
mn_exports_client_arg(struct mn_buf *out, struct mn_slice client,
                      const char *path)
{
    struct mn_slice rest = client;
    struct mn_slice address = mn_slice_of("");
    bool bracket = memchr(client.p, ':', client.n) && client.p[0] != '[';
    mn_slice_next(&rest, '/', &address);
    if (bracket) {
        mn_buf_putc(out, '[');
        mn_buf_slice(out, address);
        mn_buf_putc(out, ']');
        mn_buf_add(out, client.p + address.n, client.n - address.n);
    }
    else {
        mn_buf_slice(out, client);
    }
    mn_buf_putc(out, ':');
    mn_buf_puts(out, path);
}

static bool
is_no(struct mn_slice negated, struct mn_slice option)
{
    return negated.n == option.n + 3 && mn_slice_starts(negated, "no_")
           && memcmp(negated.p + 3, option.p, option.n) == 0;
}

/* "sync" and "async", "hide" and "nohide", "x" and "no_x". */
static bool
is_opposite(struct mn_slice a, struct mn_slice b)
{
    return is_no(a, b) || is_no(b, a)
           || (mn_slice_eq(a, "sync") && mn_slice_eq(b, "async"))
           || (mn_slice_eq(a, "async") && mn_slice_eq(b, "sync"))
           || (mn_slice_eq(a, "hide") && mn_slice_eq(b, "nohide"))
           || (mn_slice_eq(a, "nohide") && mn_slice_eq(b, "hide"));
}

static bool
has_opposite(struct mn_slice list, struct mn_slice option)
{
    struct mn_slice part;
    while (mn_slice_next(&list, ',', &part)) {
        if (is_opposite(part, option)) {
            return true;
        }
    }
    return false;
}

bool
mn_exports_contradicts(const struct mn_export *e,
                       const struct mn_export_spec *spec)
{
    struct mn_slice option;
    struct mn_slice wanted = mn_slice_of(spec->options);
    struct mn_slice rest = wanted;
    if (!mn_slice_eq_nocase(e->fsid, spec->fsid)) {
        return true;
    }
    while (mn_slice_next(&rest, ',', &option)) {
        /* both may be wanted, each for another security flavour */
        if (has_opposite(e->options, option)
            && !has_opposite(wanted, option)) {
            return true;
        }
    }
    return false;
}
