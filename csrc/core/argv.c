/* SPDX-License-Identifier: Apache-2.0 */
#include "core/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"

static void
take(struct mn_argv *a, char *arg)
{
    if (!arg || a->failed) {
        a->failed = true;
        mn_free(arg);
        return;
    }
    if (a->n + 2 > a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 8;
        char **v = mn_realloc(a->v, cap * sizeof *v);
        if (!v) {
            a->failed = true;
            mn_free(arg);
            return;
        }
        a->v = v;
        a->cap = cap;
    }
    a->v[a->n++] = arg;
    a->v[a->n] = NULL;
}

void
mn_argv_add(struct mn_argv *a, const char *arg)
{
    take(a, mn_strdup(arg));
}

void
mn_argv_addf(struct mn_argv *a, const char *fmt, ...)
{
    struct mn_buf b = MN_BUF_INIT;
    char stack[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(stack, sizeof stack, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof stack) {
        take(a, mn_strdup(stack));
        return;
    }
    if (n >= 0 && mn_buf_reserve(&b, (size_t)n)) {
        va_start(ap, fmt);
        vsnprintf(b.p, (size_t)n + 1, fmt, ap);
        va_end(ap);
        b.n = (size_t)n;
    }
    take(a, mn_buf_take(&b));
}

void
mn_argv_add_all(struct mn_argv *a, const char *const *args)
{
    for (; *args; args++) {
        mn_argv_add(a, *args);
    }
}

bool
mn_argv_holds(const struct mn_argv *a, const char *arg)
{
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->v[i], arg) == 0) {
            return true;
        }
    }
    return false;
}

void
mn_argv_dispose(struct mn_argv *a)
{
    for (size_t i = 0; i < a->n; i++) {
        mn_free(a->v[i]);
    }
    mn_free(a->v);
    *a = (struct mn_argv)MN_ARGV_INIT;
}

/* Bytes that no shell treats specially wherever they stand in a word. */
static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || (c && strchr("_-./:,@%+", c));
}

void
mn_argv_quote(struct mn_buf *out, struct mn_slice arg)
{
    size_t plain = 0;
    while (plain < arg.n && is_plain(arg.p[plain])) {
        plain++;
    }
    if (arg.n && plain == arg.n) {
        mn_buf_slice(out, arg);
        return;
    }
    mn_buf_putc(out, '\'');
    struct mn_slice part;
    size_t left = arg.n;
    while (left) {
        struct mn_slice rest = {arg.p + (arg.n - left), left};
        mn_slice_next(&rest, '\'', &part);
        mn_buf_slice(out, part);
        if (part.n < left) {
            mn_buf_puts(out, "'\\''");
        }
        left = rest.n;
    }
    mn_buf_putc(out, '\'');
}

void
mn_argv_render(struct mn_buf *out, const struct mn_argv *a)
{
    for (size_t i = 0; i < a->n; i++) {
        if (i) {
            mn_buf_putc(out, ' ');
        }
        mn_argv_quote(out, mn_slice_of(a->v[i]));
    }
    out->failed |= a->failed;
}
