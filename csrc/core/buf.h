/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a hard maximum. Failure is sticky: after an
 * allocation failed or the maximum was met, appends do nothing and
 * mn_buf_failed() says so, so that a builder checks once at its end.
 * The bytes always end in a NUL that is not counted.
 */
#ifndef MN_CORE_BUF_H
#define MN_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

#define MN_BUF_MAX_DEFAULT ((size_t)64 << 20)

struct mn_buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max; /* 0 means MN_BUF_MAX_DEFAULT */
    bool failed;
};

#define MN_BUF_INIT \
    {               \
        0           \
    }

void mn_buf_init(struct mn_buf *b, size_t max);
void mn_buf_dispose(struct mn_buf *b); /* leaves it empty and usable */
void mn_buf_clear(struct mn_buf *b);   /* keeps the memory */
bool mn_buf_reserve(struct mn_buf *b, size_t more);
void mn_buf_add(struct mn_buf *b, const void *bytes, size_t n);
void mn_buf_puts(struct mn_buf *b, const char *s);
void mn_buf_putc(struct mn_buf *b, char c);
void mn_buf_slice(struct mn_buf *b, struct mn_slice s);
void mn_buf_printf(struct mn_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool mn_buf_failed(const struct mn_buf *b);
const char *mn_buf_str(const struct mn_buf *b); /* never NULL */
struct mn_slice mn_buf_view(const struct mn_buf *b);
void mn_buf_drop_front(struct mn_buf *b, size_t n);

/* Hand the bytes over; the caller frees them with mn_free(). NULL when the
   buffer failed. The buffer is empty afterwards. */
char *mn_buf_take(struct mn_buf *b);

#endif
