/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/curl_memory.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void
wipe_and_free(void *p)
{
    if (p) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}

/* realloc() could leave the old bytes behind. */
static void *
wiping_realloc(void *p, size_t size)
{
    size_t old = p ? malloc_usable_size(p) : 0;
    if (p && size <= old && size >= old / 2) {
        return p;
    }
    void *moved = malloc(size);
    if (moved && p) {
        memcpy(moved, p, old < size ? old : size);
        wipe_and_free(p);
    }
    return moved;
}

void
mn_curl_memory_init(void)
{
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free,
                         wiping_realloc, strdup, calloc);
}
