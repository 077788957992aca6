/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_ENGINE_CONNECT_H
#define MN_ENGINE_CONNECT_H

#include <curl/curl.h>

/* Tell which multi handle connections are made on (once per engine). */
void mn_connect_setup(CURLM *multi);

/* Let libcurl work on connections under way. [engine] */
void mn_connect_advance(void);

#endif
