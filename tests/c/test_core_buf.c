/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "core/buf.h"
#include "core/slice.h"

static void
grows(void **state)
{
    struct mn_buf b = MN_BUF_INIT;
    (void)state;
    assert_string_equal(mn_buf_str(&b), "");
    for (int i = 0; i < 1000; i++) {
        mn_buf_printf(&b, "%d,", i);
    }
    mn_buf_putc(&b, '\0');
    assert_int_equal(b.n, 3891);
    assert_int_equal(b.p[b.n], 0);
    mn_buf_drop_front(&b, 3890);
    assert_int_equal(b.n, 1);
    mn_buf_clear(&b);
    mn_buf_puts(&b, "x");
    char *p = mn_buf_take(&b);
    assert_string_equal(p, "x");
    mn_free(p);
    p = mn_buf_take(&b);
    assert_string_equal(p, "");
    mn_free(p);
}

static void
maximum_is_hard_and_sticky(void **state)
{
    struct mn_buf b;
    (void)state;
    mn_buf_init(&b, 4);
    mn_buf_puts(&b, "abcd");
    assert_false(mn_buf_failed(&b));
    mn_buf_putc(&b, 'e');
    assert_true(mn_buf_failed(&b));
    mn_buf_clear(&b);
    mn_buf_printf(&b, "%s", "12345");
    assert_true(mn_buf_failed(&b));
    mn_buf_puts(&b, "a");
    assert_int_equal(b.n, 0);
    assert_null(mn_buf_take(&b));
    mn_buf_dispose(&b);
}

static void
no_memory(void **state)
{
    struct mn_buf b = MN_BUF_INIT;
    (void)state;
    mn_alloc_fail_at(1);
    mn_buf_puts(&b, "a");
    mn_alloc_fail_at(0);
    assert_true(mn_buf_failed(&b));
    assert_string_equal(mn_buf_str(&b), "");
    mn_buf_dispose(&b);
}

static void
slices(void **state)
{
    struct mn_slice part;
    struct mn_slice rest = mn_slice_of("a::b:");
    uint64_t v;
    (void)state;
    assert_true(mn_slice_next(&rest, ':', &part) && mn_slice_eq(part, "a"));
    assert_true(mn_slice_next(&rest, ':', &part) && part.n == 0);
    assert_true(mn_slice_next(&rest, ':', &part) && mn_slice_eq(part, "b"));
    assert_false(mn_slice_next(&rest, ':', &part));
    assert_true(mn_slice_eq(mn_slice_trim(mn_slice_of(" \t a b\n")), "a b"));
    assert_true(mn_slice_contains_nocase(mn_slice_of("No Such"), "such"));
    assert_false(mn_slice_contains(mn_slice_of("ab"), "abc"));
    assert_true(mn_slice_starts(mn_slice_of("abc"), "ab"));
    assert_true(mn_slice_eq_nocase(mn_slice_of("aB"), "Ab"));
    assert_true(mn_slice_u64(mn_slice_of("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_false(mn_slice_u64(mn_slice_of("18446744073709551616"), &v));
    assert_false(mn_slice_u64(mn_slice_of("-1"), &v));
    assert_false(mn_slice_u64(mn_slice_of(""), &v));
    assert_true(mn_slice_of(NULL).n == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(maximum_is_hard_and_sticky),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(slices),
    };
    return cmocka_run_group_tests_name("core/buf", tests, NULL, NULL);
}
