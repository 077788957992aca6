/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

static void
first_cause_wins(void **state)
{
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    assert_int_equal(mn_error_set(&err, MN_EBUSY, "a %d", 1), MN_EBUSY);
    assert_int_equal(mn_error_set(&err, MN_EINVAL, "b"), MN_EINVAL);
    assert_int_equal(err.code, MN_EBUSY);
    assert_string_equal(err.text, "a 1");
    mn_error_prefix(&err, "share %s: ", "s");
    assert_string_equal(err.text, "share s: a 1");
    mn_error_clear(&err);
    mn_error_prefix(&err, "x");
    assert_string_equal(err.text, "");
    assert_int_equal(mn_error_nomem(NULL), MN_ENOMEM);
}

static void
one_line_and_bounded(void **state)
{
    struct mn_error err = MN_ERROR_INIT;
    char big[3000];
    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    mn_error_set(&err, MN_EPROTO, "a\nb\x1b%s", big);
    assert_memory_equal(err.text, "a b x", 5);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    mn_error_prefix(&err, "%s", big);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void
names(void **state)
{
    (void)state;
    assert_string_equal(mn_code_name(MN_OK), "OK");
    assert_string_equal(mn_code_name(MN_ETIMEDOUT), "TIMEDOUT");
    assert_string_equal(mn_code_name((enum mn_code) - 999), "UNKNOWN");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_cause_wins),
        cmocka_unit_test(one_line_and_bounded),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("core/error", tests, NULL, NULL);
}
