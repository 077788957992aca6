/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_ENGINE_CURL_MEMORY_H
#define MN_ENGINE_CURL_MEMORY_H

/* curl_global_init() with the heap of core/secret.h: requests hold
   credentials, while they are under way and, with other heaps, after it.
   Where another user of libcurl in this process was first, libcurl keeps that
   one's heap. */
void mn_curl_memory_init(void);

#endif
