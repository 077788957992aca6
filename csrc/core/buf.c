/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"

void
mn_buf_init(struct mn_buf *b, size_t max)
{
    *b = (struct mn_buf){.max = max};
}

void
mn_buf_dispose(struct mn_buf *b)
{
    size_t max = b->max;
    mn_free(b->p);
    mn_buf_init(b, max);
}

void
mn_buf_clear(struct mn_buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p) {
        b->p[0] = '\0';
    }
}

bool
mn_buf_reserve(struct mn_buf *b, size_t more)
{
    size_t max = b->max ? b->max : MN_BUF_MAX_DEFAULT;
    if (b->failed || more > max || b->n > max - more) {
        b->failed = true;
        return false;
    }
    size_t need = b->n + more + 1;
    if (need <= b->cap) {
        return true;
    }
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) {
        cap *= 2;
    }
    char *p = mn_realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    b->p[b->n] = '\0';
    return true;
}

void
mn_buf_add(struct mn_buf *b, const void *bytes, size_t n)
{
    if (n && mn_buf_reserve(b, n)) {
        memcpy(b->p + b->n, bytes, n);
        b->n += n;
        b->p[b->n] = '\0';
    }
}

void
mn_buf_puts(struct mn_buf *b, const char *s)
{
    mn_buf_add(b, s, strlen(s));
}

void
mn_buf_putc(struct mn_buf *b, char c)
{
    mn_buf_add(b, &c, 1);
}

void
mn_buf_slice(struct mn_buf *b, struct mn_slice s)
{
    mn_buf_add(b, s.p, s.n);
}

void
mn_buf_printf(struct mn_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !mn_buf_reserve(b, (size_t)n)) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

bool
mn_buf_failed(const struct mn_buf *b)
{
    return b->failed;
}

const char *
mn_buf_str(const struct mn_buf *b)
{
    return b->p ? b->p : "";
}

struct mn_slice
mn_buf_view(const struct mn_buf *b)
{
    return (struct mn_slice){mn_buf_str(b), b->n};
}

void
mn_buf_drop_front(struct mn_buf *b, size_t n)
{
    if (n) {
        memmove(b->p, b->p + n, b->n - n + 1);
        b->n -= n;
    }
}

char *
mn_buf_take(struct mn_buf *b)
{
    char *p = NULL;
    if (!b->failed && mn_buf_reserve(b, 0)) {
        p = b->p;
        b->p = NULL;
    }
    mn_buf_dispose(b);
    return p;
}
