/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of an array's replies, whole and in two pieces; a failure always has
   words. */
#include <string.h>

#include "fuzz.h"
#include "rest/json_reader.h"
#include "tegile/judge.h"

static struct mn_json *
in_two(struct mn_slice text, size_t at)
{
    struct mn_json_reader *r = mn_json_reader_new();
    mn_json_reader_add(r, (struct mn_slice){text.p, at});
    mn_json_reader_add(r, (struct mn_slice){text.p + at, text.n - at});
    struct mn_json *json = mn_json_reader_take(r);
    mn_json_reader_free(r);
    return json;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const long statuses[] = {200, 400, 404, 500, 503, 401};
    struct mn_slice text = text_of(data, n);
    struct mn_json *whole = mn_json_parse(text);
    struct mn_json *two = in_two(text, n ? data[0] % n : 0);
    mn_json_free(two);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct mn_error err = MN_ERROR_INIT;
        struct mn_rest_reply reply = {
            .status = statuses[i], .json = whole, .body_n = n};
        memcpy(reply.head, text.n ? text.p : "",
               n < MN_REST_HEAD ? n : MN_REST_HEAD);
        struct mn_tegile_verdict v = mn_tegile__judge(
            &mn_tegile_m_delete_snapshot, &reply, "array a: m", &err);
        must(v.code == MN_OK ? !err.text[0] : err.text[0] != '\0');
    }
    mn_json_free(whole);
    return 0;
}
