/* SPDX-License-Identifier: Apache-2.0 */
/* Reading. */
#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"
#include "nfs/ganesha.h"

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* %include and %dir take the rest of their line, quoted or not. */
static void
skip_blanks(struct mn_ganesha_scanner *s)
{
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        if (c == '#' || c == '%') {
            const char *end =
                memchr(s->text.p + s->at, '\n', s->text.n - s->at);
            s->at = end ? (size_t)(end - s->text.p) : s->text.n;
        }
        else if (is_blank(c)) {
            s->at++;
        }
        else {
            return;
        }
    }
}

/* The end of a string that begins at s->at; text.n + 1: it has none. */
static size_t
string_end(const struct mn_ganesha_scanner *s)
{
    char quote = s->text.p[s->at];
    size_t i = s->at + 1;
    while (i < s->text.n && s->text.p[i] != quote) {
        i += s->text.p[i] == '\\' && quote == '"' ? 2 : 1;
    }
    return i + 1;
}

static size_t
word_end(const struct mn_ganesha_scanner *s)
{
    size_t i = s->at;
    while (i < s->text.n && !is_blank(s->text.p[i])
           && !strchr("{}=;,\"'#", s->text.p[i])) {
        i++;
    }
    return i > s->at ? i : i + 1; /* a NUL byte */
}

struct mn_ganesha_token
mn_ganesha_next(struct mn_ganesha_scanner *s)
{
    skip_blanks(s);
    struct mn_ganesha_token t = {.kind = MN_GANESHA_END, .at = s->at};
    if (s->at >= s->text.n) {
        return t;
    }
    char c = s->text.p[s->at];
    size_t end = s->at + 1;
    if (c == '"' || c == '\'') {
        end = string_end(s);
        t.kind = end > s->text.n ? MN_GANESHA_BAD : MN_GANESHA_STRING;
        end = end > s->text.n ? s->text.n : end;
    }
    else if (c && strchr("{}=;,", c)) {
        t.kind = MN_GANESHA_PUNCT;
    }
    else {
        t.kind = MN_GANESHA_WORD;
        end = word_end(s);
    }
    t.text = (struct mn_slice){s->text.p + s->at, end - s->at};
    s->at = end;
    return t;
}

void
mn_ganesha_value(struct mn_buf *out, const struct mn_ganesha_token *t)
{
    if (t->kind != MN_GANESHA_STRING) {
        mn_buf_slice(out, t->text);
        return;
    }
    bool escapes = t->text.p[0] == '"';
    for (size_t i = 1; i + 1 < t->text.n; i++) {
        i += escapes && t->text.p[i] == '\\' && i + 2 < t->text.n;
        mn_buf_putc(out, t->text.p[i]);
    }
}

/* ---- blocks ---- */

enum { DEPTH_TOP, DEPTH_EXPORT, DEPTH_CLIENT };

struct reader {
    struct mn_ganesha_scanner scanner;
    struct mn_ganesha_blocks *blocks;
    struct mn_ganesha_block *block; /* open EXPORT block */
    unsigned depth;
    bool in_client;          /* in a CLIENT block of it */
    struct mn_slice clients; /* value texts of that block */
    int level;               /* of that block: 'w', 'o' or 0 */
    struct mn_slice word;    /* the last word: a key, or a block's name */
    size_t word_at;
    bool unended; /* the text ends in the middle of a pair */
    bool failed;
};

static bool
is(const struct mn_ganesha_token *t, const char *text)
{
    return t->kind == MN_GANESHA_PUNCT && mn_slice_eq(t->text, text);
}

static void
open_export(struct reader *r)
{
    struct mn_ganesha_blocks *b = r->blocks;
    struct mn_ganesha_block *v = mn_vec_grow(b->v, &b->cap, b->n, sizeof *v);
    if (!v) {
        r->failed = true;
        return;
    }
    b->v = v;
    v[b->n] = (struct mn_ganesha_block){
        .begin = r->word_at, .path = mn_strdup(""), .tag = mn_strdup("")};
    r->block = &v[b->n++];
    r->failed |= !r->block->path || !r->block->tag;
}

/* A list as "a, b" or a, b: each address goes into the block's set. */
static void
add_clients(struct reader *r, struct mn_slice list, int level)
{
    struct mn_ganesha_scanner s = {.text = list};
    struct mn_ganesha_token t;
    while ((t = mn_ganesha_next(&s)).kind != MN_GANESHA_END) {
        struct mn_access a = {.rw = level == 'w'};
        if (t.kind == MN_GANESHA_STRING) {
            t.text.p++;
            t.text.n -= 2;
            add_clients(r, t.text, level);
        }
        else if (t.kind == MN_GANESHA_PUNCT) {
            continue;
        }
        else if (!level || mn_ipnet_parse(t.text, &a.net, NULL)) {
            r->block->foreign = true;
        }
        else if (!mn_access_set_find(&r->block->clients, &a.net)) {
            r->failed |= mn_access_set_put(&r->block->clients, &a, NULL) != 0;
        }
    }
}

static void
open_brace(struct reader *r)
{
    if (r->depth == DEPTH_TOP && mn_slice_eq_nocase(r->word, "EXPORT")) {
        open_export(r);
    }
    else if (r->depth == DEPTH_EXPORT && r->block
             && mn_slice_eq_nocase(r->word, "CLIENT")) {
        r->in_client = true;
        r->clients = mn_slice_of("");
        r->level = 0;
    }
    r->depth++;
}

static void
close_brace(struct reader *r)
{
    r->depth--;
    if (r->depth == DEPTH_EXPORT && r->in_client) {
        add_clients(r, r->clients, r->level);
        r->in_client = false;
    }
    else if (r->depth == DEPTH_TOP && r->block) {
        r->block->end = r->scanner.at;
        r->block = NULL;
    }
}

static void
take_text(struct reader *r, char **to, struct mn_slice value)
{
    struct mn_ganesha_scanner s = {.text = value};
    struct mn_ganesha_token t = mn_ganesha_next(&s);
    struct mn_buf out = MN_BUF_INIT;
    mn_ganesha_value(&out, &t);
    mn_free(*to);
    *to = mn_buf_take(&out);
    r->failed |= !*to;
}

static void
take_export_pair(struct reader *r, struct mn_slice value)
{
    struct mn_ganesha_block *b = r->block;
    if (mn_slice_eq_nocase(r->word, "Export_Id")) {
        b->has_id = mn_slice_u64(mn_slice_trim(value), &b->export_id);
    }
    else if (mn_slice_eq_nocase(r->word, "Path")) {
        take_text(r, &b->path, value);
    }
    else if (mn_slice_eq_nocase(r->word, "Tag")) {
        take_text(r, &b->tag, value);
    }
    else if (mn_slice_eq_nocase(r->word, "RW_Access")) {
        add_clients(r, value, 'w');
    }
    else if (mn_slice_eq_nocase(r->word, "R_Access")) {
        add_clients(r, value, 'o');
    }
}

static void
take_client_pair(struct reader *r, struct mn_slice value)
{
    if (mn_slice_eq_nocase(r->word, "Clients")) {
        r->clients = value;
    }
    else if (mn_slice_eq_nocase(r->word, "Access_Type")) {
        value = mn_slice_trim(value);
        r->level = mn_slice_eq_nocase(value, "RW")   ? 'w'
                   : mn_slice_eq_nocase(value, "RO") ? 'o'
                                                     : 0;
    }
}

/* "Key = value, value;" The key is in r->word. A closing brace ends it too:
   somebody forgot the semicolon. */
static void
read_pair(struct reader *r)
{
    size_t from = r->scanner.at;
    size_t to = from;
    for (;;) {
        struct mn_ganesha_scanner before = r->scanner;
        struct mn_ganesha_token t = mn_ganesha_next(&r->scanner);
        to = t.at;
        if (is(&t, "}") || is(&t, "{") || t.kind == MN_GANESHA_BAD) {
            r->scanner = before;
            break;
        }
        if (t.kind == MN_GANESHA_END || is(&t, ";")) {
            r->unended = t.kind == MN_GANESHA_END;
            break;
        }
    }
    struct mn_slice value = {r->scanner.text.p + from, to - from};
    if (r->block && r->depth == DEPTH_EXPORT) {
        take_export_pair(r, value);
    }
    else if (r->in_client && r->depth == DEPTH_CLIENT) {
        take_client_pair(r, value);
    }
}

static int
unbalanced(const struct mn_ganesha_scanner *s, const char *what,
           struct mn_error *err)
{
    size_t line = 1;
    for (size_t i = 0; i < s->at && i < s->text.n; i++) {
        line += s->text.p[i] == '\n';
    }
    return mn_error_set(err, MN_EPROTO, "%s in line %zu", what, line);
}

static int
read_token(struct reader *r, const struct mn_ganesha_token *t,
           struct mn_error *err)
{
    if (t->kind == MN_GANESHA_BAD) {
        return unbalanced(&r->scanner, "a quote is not closed", err);
    }
    if (is(t, "{")) {
        open_brace(r);
    }
    else if (is(t, "}")) {
        if (!r->depth) {
            return unbalanced(&r->scanner, "a brace too many", err);
        }
        close_brace(r);
    }
    else if (is(t, "=")) {
        read_pair(r);
    }
    else if (t->kind == MN_GANESHA_WORD) {
        r->word = t->text;
        r->word_at = t->at;
    }
    return r->failed ? mn_error_nomem(err) : 0;
}

int
mn_ganesha_parse(struct mn_slice text, struct mn_ganesha_blocks *blocks,
                 struct mn_error *err)
{
    struct reader r = {.scanner = {.text = text}, .blocks = blocks};
    struct mn_ganesha_token t;
    int rc = 0;
    r.word = mn_slice_of("");
    while (!rc && (t = mn_ganesha_next(&r.scanner)).kind != MN_GANESHA_END) {
        rc = read_token(&r, &t, err);
    }
    if (!rc && r.depth) {
        rc = unbalanced(&r.scanner, "a brace is not closed", err);
    }
    if (!rc && r.unended) { /* would swallow what is put behind it */
        rc = unbalanced(&r.scanner, "a semicolon is missing at the end", err);
    }
    return rc;
}

void
mn_ganesha_blocks_dispose(struct mn_ganesha_blocks *blocks)
{
    for (size_t i = 0; i < blocks->n; i++) {
        mn_free(blocks->v[i].path);
        mn_free(blocks->v[i].tag);
        mn_access_set_dispose(&blocks->v[i].clients);
    }
    mn_free(blocks->v);
    *blocks = (struct mn_ganesha_blocks){0};
}

int
mn_ganesha_validate(struct mn_slice text, struct mn_error *err)
{
    struct mn_ganesha_blocks blocks = {0};
    int rc = mn_ganesha_parse(text, &blocks, err);
    mn_ganesha_blocks_dispose(&blocks);
    return rc;
}
