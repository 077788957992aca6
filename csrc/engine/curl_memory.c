/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/curl_memory.h"

#include <curl/curl.h>
#include <stdint.h>

#include "core/secret.h"

static char *
duplicate(const char *text)
{
    return mn_secret_new(mn_slice_of(text));
}

static void *
allocate_array(size_t n, size_t size)
{
    return size && n > SIZE_MAX / size ? NULL : mn_secret_alloc(n * size);
}

void
mn_curl_memory_init(void)
{
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, mn_secret_alloc, mn_secret_free,
                         mn_secret_realloc, duplicate, allocate_array);
}
