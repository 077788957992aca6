/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An argument vector, and the one place in the project that quotes for a
 * POSIX shell.
 */
#ifndef MN_CORE_ARGV_H
#define MN_CORE_ARGV_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

struct mn_argv {
    char **v; /* v[n] is NULL */
    size_t n;
    size_t cap;
    bool failed; /* sticky, as in mn_buf */
};

#define MN_ARGV_INIT \
    {                \
        0            \
    }

void mn_argv_add(struct mn_argv *a, const char *arg);
void mn_argv_addf(struct mn_argv *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void mn_argv_add_all(struct mn_argv *a,
                     const char *const *args); /* NULL-ended */
bool mn_argv_holds(const struct mn_argv *a, const char *arg);
void mn_argv_dispose(struct mn_argv *a);

/* Append arg quoted so that any POSIX shell reads exactly these bytes. */
void mn_argv_quote(struct mn_buf *out, struct mn_slice arg);

/* The whole vector, quoted where needed, blank between arguments. */
void mn_argv_render(struct mn_buf *out, const struct mn_argv *a);

#endif
