/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "core/base64.h"

/* RFC 4648, section 10 */
static const struct {
    const char *plain;
    const char *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void
both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct mn_buf out = MN_BUF_INIT;
        assert_true(mn_base64_decode(&out, mn_slice_of(vectors[i].text)));
        assert_string_equal(mn_buf_str(&out), vectors[i].plain);
        mn_buf_clear(&out);
        mn_base64_encode(&out, mn_slice_of(vectors[i].plain), true);
        assert_string_equal(mn_buf_str(&out), vectors[i].text);
        mn_buf_clear(&out);
        mn_base64_encode(&out, mn_slice_of(vectors[i].plain), false);
        assert_null(strchr(mn_buf_str(&out), '='));
        mn_buf_dispose(&out);
    }
}

static void
all_bytes(void **state)
{
    unsigned char bytes[256];
    struct mn_buf text = MN_BUF_INIT;
    struct mn_buf back = MN_BUF_INIT;
    (void)state;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (unsigned char)i;
    }
    mn_base64_encode(&text, (struct mn_slice){(char *)bytes, 256}, true);
    assert_true(mn_base64_decode(&back, mn_buf_view(&text)));
    assert_int_equal(back.n, 256);
    assert_memory_equal(back.p, bytes, 256);
    mn_buf_dispose(&text);
    mn_buf_dispose(&back);
}

static void
junk_is_refused(void **state)
{
    static const char *const junk[] = {"Z", "Zg==x", "Z*8=", "Zm 8", "\xc3"};
    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        struct mn_buf out = MN_BUF_INIT;
        assert_false(mn_base64_decode(&out, mn_slice_of(junk[i])));
        mn_buf_dispose(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(all_bytes),
        cmocka_unit_test(junk_is_refused),
    };
    return cmocka_run_group_tests_name("core/base64", tests, NULL, NULL);
}
