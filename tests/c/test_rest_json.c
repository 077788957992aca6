/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include <math.h>

#include "rest/json_reader.h"

/* The value of text that arrives in pieces: the first one ends at cut, the
   others are as long as step. */
static struct mn_json *
read_pieces(const char *text, size_t n, size_t cut, size_t step)
{
    struct mn_json_reader *r = mn_json_reader_new();
    size_t at = cut;
    mn_json_reader_add(r, (struct mn_slice){text, cut});
    while (at < n) {
        size_t m = n - at < step ? n - at : step;
        /* memory of its own: what is read behind it is seen */
        char *piece = mn_strndup(text + at, m);
        mn_json_reader_add(r, (struct mn_slice){piece, m});
        mn_free(piece);
        at += m;
    }
    struct mn_json *json = mn_json_reader_take(r);
    mn_json_reader_free(r);
    return json;
}

static void
every_split(const char *text, bool good)
{
    size_t n = strlen(text);
    for (size_t cut = 0; cut <= n; cut++) {
        struct mn_json *whole = read_pieces(text, n, cut, n + 1);
        struct mn_json *bytes = read_pieces(text, n, cut, 1);
        if (!whole != !good || !bytes != !good) {
            fail_msg("'%s' cut at %zu: %p, %p", text, cut, (void *)whole,
                     (void *)bytes);
        }
        mn_json_free(whole);
        mn_json_free(bytes);
    }
}

static void
splits(void **state)
{
    static const char *const good[] = {
        "0",
        "-12",
        "42 ",
        "1.5",
        "1e5",
        "[1,2,30]",
        "\"a\\u00e9\\\"b\"",
        "true",
        "false",
        "{}",
        "[]",
        " {\"a\": [null, {\"b\": -1.25e-3}]}\r\n",
        "{\"k\":\"\\ud83d\\ude00\"}",
        "[1]\n\n  \t",
        "\"\"",
        "[18446744073709551616]",
    };
    static const char *const bad[] = {
        "",
        " ",
        "[1",
        "{\"a\":",
        "\"abc",
        "[1]x",
        "[1]x ",
        "[1] [2]",
        "{}{}",
        "1 2",
        "tru",
        "<html></html>",
        "this is not JSON",
        "null",
        "null 5",
        "nul",
        "[1}",
        "{\"a\" 1}",
        "\"a\" b",
        "0 x",
        "198.51.100.20 /export/x",
        "-",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        every_split(good[i], true);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        every_split(bad[i], false);
    }
}

static void
numbers_at_the_end(void **state)
{
    static const char *const texts[] = {"123456789", "123456789\n"};
    int64_t value;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(texts[i]);
        for (size_t cut = 0; cut <= n; cut++) {
            struct mn_json *json = read_pieces(texts[i], n, cut, 1);
            assert_true(mn_json_i64(json, &value));
            assert_int_equal(value, 123456789);
            mn_json_free(json);
        }
    }
}

static void
depth(void **state)
{
    char text[256];
    (void)state;
    for (size_t d = 1; d <= 100; d++) {
        memset(text, '[', d);
        memset(text + d, ']', d);
        text[2 * d] = '\0';
        struct mn_json *json = mn_json_parse(mn_slice_of(text));
        assert_true((json != NULL) == (d <= 32));
        mn_json_free(json);
    }
}

static struct mn_json *
parse(const char *text)
{
    return mn_json_parse(mn_slice_of(text));
}

static void
integers(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-7", true, -7},
        {"\"1232312\"", true, 1232312},
        {"\"-1\"", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"\"9223372036854775807\"", true, INT64_MAX},
        {"1.9", true, 1},
        {"1e3", true, 1000},
        {"\"12abc\"", false, 0},
        {"\"\"", false, 0},
        {"\"9223372036854775808\"", false, 0},
        {"1e19", false, 0},
        {"-1e300", false, 0},
        {"NaN", false, 0},
        {"Infinity", false, 0},
        {"-Infinity", false, 0},
        {"\"nan\"", false, 0},
        {"true", false, 0},
        {"[1]", false, 0},
        {"{}", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_json *json = parse(rows[i].text);
        int64_t value = 4711;
        bool ok = mn_json_i64(json, &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 4711)) {
            fail_msg("%s: %d, %lld", rows[i].text, ok, (long long)value);
        }
        mn_json_free(json);
    }
}

static void
doubles(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double value;
    } rows[] = {
        {"913.5", true, 913.5},
        {"\"913.5\"", true, 913.5},
        {"3", true, 3.0},
        {"\"1e2\"", true, 100.0},
        {"NaN", false, 0},
        {"Infinity", false, 0},
        {"\"inf\"", false, 0},
        {"\"nan\"", false, 0},
        {"1e999", false, 0},
        {"\"1e999\"", false, 0},
        {"\"913.5 GiB\"", false, 0},
        {"\"\"", false, 0},
        {"false", false, 0},
        {"[]", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_json *json = parse(rows[i].text);
        double value = -1.0;
        bool ok = mn_json_double(json, &value);
        if (ok != rows[i].ok
            || fabs(value - (ok ? rows[i].value : -1.0)) > 1e-9) {
            fail_msg("%s: %d, %f", rows[i].text, ok, value);
        }
        mn_json_free(json);
    }
}

static void
booleans(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        bool value;
    } rows[] = {
        {"true", true, true},      {"false", true, false},
        {"\"true\"", true, true},  {"\"false\"", true, false},
        {"\"yes\"", false, false}, {"1", false, false},
        {"[true]", false, false},  {"null", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_json *json = parse(rows[i].text);
        for (int before = 0; before < 2; before++) {
            bool value = before;
            assert_int_equal(mn_json_bool(json, &value), rows[i].ok);
            assert_int_equal(value, rows[i].ok ? rows[i].value : before);
        }
        mn_json_free(json);
    }
}

static void
nothing_is_trusted(void **state)
{
    int64_t i;
    double d;
    bool b;
    (void)state;
    struct mn_json *json = parse("{\"a\":null,\"b\":[1,null,\"x\"],\"a2\":1,"
                                 "\"a2\":2,\"u\":\"\\u0000x\"}");
    assert_true(mn_json_is_object(json));
    assert_false(mn_json_is_array(json));
    assert_true(mn_json_has_members(json));
    assert_null(mn_json_get(json, "a"));
    assert_null(mn_json_get(json, "missing"));
    assert_int_equal(mn_json_count(json), 0);
    assert_null(mn_json_at(json, 0));
    const struct mn_json *array = mn_json_get(json, "b");
    assert_int_equal(mn_json_count(array), 3);
    assert_null(mn_json_at(array, 1));
    assert_null(mn_json_at(array, 3));
    assert_null(mn_json_at(array, SIZE_MAX));
    assert_null(mn_json_get(array, "b"));
    assert_string_equal(mn_json_text(mn_json_at(array, 2)), "x");
    assert_null(mn_json_text(mn_json_at(array, 0)));
    assert_string_equal(mn_json_field(json, "b"), "");
    assert_string_equal(mn_json_field(json, "u"), "");
    assert_true(mn_json_i64(mn_json_get(json, "a2"), &i));
    assert_int_equal(i, 2);
    mn_json_free(json);
    assert_false(mn_json_is_array(NULL));
    assert_false(mn_json_is_object(NULL));
    assert_false(mn_json_has_members(NULL));
    assert_null(mn_json_get(NULL, "a"));
    assert_null(mn_json_text(NULL));
    assert_string_equal(mn_json_field(NULL, "a"), "");
    assert_false(mn_json_i64(NULL, &i));
    assert_false(mn_json_double(NULL, &d));
    assert_false(mn_json_bool(NULL, &b));
    mn_json_free(NULL);
    mn_json_reader_free(NULL);
}

static void
written_is_read(void **state)
{
    char text[256];
    struct mn_buf buf = MN_BUF_INIT;
    int64_t number;
    bool yes;
    (void)state;
    for (int c = 1; c < 256; c++) {
        text[c - 1] = (char)c;
    }
    text[255] = '\0';
    mn_json_args(&buf, "sbijs", text, true, INT64_MIN, "{\"a\":[1]}", "");
    for (size_t i = 0; i < buf.n; i++) {
        assert_true((unsigned char)buf.p[i] >= ' '); /* json-c takes less */
    }
    struct mn_json *json = mn_json_parse(mn_buf_view(&buf));
    assert_int_equal(mn_json_count(json), 5);
    assert_string_equal(mn_json_text(mn_json_at(json, 0)), text);
    assert_true(mn_json_bool(mn_json_at(json, 1), &yes) && yes);
    assert_true(mn_json_i64(mn_json_at(json, 2), &number));
    assert_true(number == INT64_MIN);
    assert_int_equal(mn_json_count(mn_json_get(mn_json_at(json, 3), "a")), 1);
    assert_string_equal(mn_json_text(mn_json_at(json, 4)), "");
    mn_json_free(json);
    mn_buf_clear(&buf);
    mn_json_args(&buf, "");
    assert_string_equal(mn_buf_str(&buf), "[]");
    mn_buf_dispose(&buf);
}

static int
parse_some(void *ctx)
{
    struct mn_json **json = ctx;
    *json = parse("[1,{\"a\":\"b\"}]");
    if (*json) {
        mn_json_free(*json);
        return 0;
    }
    return MN_ENOMEM;
}

static void
no_memory(void **state)
{
    struct mn_json *json;
    (void)state;
    TORTURE(parse_some, &json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(numbers_at_the_end),
        cmocka_unit_test(depth),
        cmocka_unit_test(integers),
        cmocka_unit_test(doubles),
        cmocka_unit_test(booleans),
        cmocka_unit_test(nothing_is_trusted),
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
