/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and networks: what was read is written so that it reads the
   same. */
#include "core/base64.h"
#include "core/ipnet.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mn_ipnet net;
    struct mn_ipnet again;
    char text[MN_IPNET_TEXT];
    struct mn_buf bytes = MN_BUF_INIT;
    if (mn_ipnet_parse(text_of(data, n), &net, NULL) == 0) {
        mn_ipnet_format(&net, text);
        must(mn_ipnet_parse(mn_slice_of(text), &again, NULL) == 0);
        must(mn_ipnet_compare(&net, &again) == 0);
        must(mn_ipnet_contains(&net, &again));
    }
    mn_base64_decode(&bytes, text_of(data, n));
    must(bytes.n <= n);
    mn_buf_dispose(&bytes);
    return 0;
}
