/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_ENGINE_CURL_MEMORY_H
#define MN_ENGINE_CURL_MEMORY_H

/* curl_global_init() with a heap that wipes what libcurl frees: requests hold
   credentials, and libcurl leaves them behind. Where another user of libcurl
   in this process was first, libcurl keeps that one's heap. */
void mn_curl_memory_init(void);

#endif
