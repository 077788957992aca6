/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong countdown;
static atomic_int failed;

static int
must_fail(void)
{
    unsigned long n = atomic_load_explicit(&countdown, memory_order_relaxed);
    if (n == 0) {
        return 0;
    }
    atomic_store_explicit(&countdown, n - 1, memory_order_relaxed);
    if (n == 1) {
        atomic_store(&failed, 1);
        return 1;
    }
    return 0;
}

void *
mn_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *
mn_realloc(void *p, size_t size)
{
    return must_fail() ? NULL : realloc(p, size ? size : 1);
}

void
mn_free(void *p)
{
    free(p);
}

char *
mn_strndup(const char *s, size_t n)
{
    char *copy = mn_calloc(n + 1, 1);
    if (copy && n) {
        memcpy(copy, s, n);
    }
    return copy;
}

char *
mn_strdup(const char *s)
{
    return s ? mn_strndup(s, strlen(s)) : NULL;
}

void
mn_free_wiped(char *s)
{
    if (s) {
        explicit_bzero(s, strlen(s));
        free(s);
    }
}

void
mn_alloc_fail_at(unsigned long n)
{
    atomic_store(&failed, 0);
    atomic_store(&countdown, n);
}

int
mn_alloc_failed(void)
{
    return atomic_load(&failed);
}
