/* SPDX-License-Identifier: Apache-2.0 */
/* What names and export locations tell of where a share is. */
#include "testlib.h"

#include "fake_rest.h"
#include "tegile/internal.h"

#define UUID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define NAME "share-" UUID
#define COPY "share-1e8ef1d1-4792-4e2a-9c8c-68dc7206a164"

static void
names_in_paths(void **state)
{
    char text[257] = {0};
    (void)state;
    for (int c = 1; c < 256; c++) {
        char name[] = {'a', (char)c, 'b', '\0'};
        bool good = c > ' ' && c != 0x7f
                    && !strchr(",/\\!?@<>#$'%^*()~+=}|:{[]\";&", c);
        assert_int_equal(mn_tegile__is_name(mn_slice_of(name), ""), good);
        assert_int_equal(mn_tegile__is_name(mn_slice_of(name), ":"),
                         good || c == ':');
    }
    assert_false(mn_tegile__is_name((struct mn_slice){"a\0b", 3}, ":"));
    assert_false(mn_tegile__is_name(mn_slice_of(""), ""));
    assert_false(mn_tegile__is_name(mn_slice_of("."), ""));
    assert_false(mn_tegile__is_name(mn_slice_of(".."), ""));
    assert_true(mn_tegile__is_name(mn_slice_of("..."), ""));
    memset(text, 'x', 256);
    assert_false(mn_tegile__is_name(mn_slice_of(text), ""));
    text[255] = '\0';
    assert_true(mn_tegile__is_name(mn_slice_of(text), ""));
}

static void
names_of_a_share(void **state)
{
    static const struct {
        const char *own;
        const char *name;
        bool same;
    } rows[] = {
        {NAME, NAME, true},          {NAME, "array-" NAME, true},
        {NAME, "array_" NAME, true}, {NAME, "array" NAME, false},
        {NAME, NAME "-2", false},    {NAME, COPY, false},
        {UUID, "array-" UUID, true}, {"data", "data", true},
        {"data", "my-data", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mn_share share = {.name = rows[i].own};
        if (mn_tegile__is_name_of(mn_slice_of(rows[i].name), &share)
            != rows[i].same) {
            fail_msg("%s of %s", rows[i].name, rows[i].own);
        }
    }
}

static void
parts_of_locations(void **state)
{
    static const struct {
        const char *own;
        const char *location;
        const char *text;    /* what follows the address; NULL: no location */
        const char *project; /* NULL: it does not tell */
        const char *name;
    } rows[] = {
        {NAME, NULL, NULL, NULL, NULL},
        {NAME, "192.0.2.1", NULL, NULL, NULL},
        {NAME, "192.0.2.1:", NULL, NULL, NULL},
        {NAME, "\\\\192.0.2.1", NULL, NULL, NULL},
        {NAME, "\\\\192.0.2.1\\", NULL, NULL, NULL},
        {NAME, "a:/export/o/x", "/export/o/x", "o", "x"},
        {NAME, "a:/export/p/o/x", "/export/p/o/x", "o", "x"},
        {NAME, "a:/export/x", "/export/x", NULL, NULL},
        {NAME, "a:/export/o/", "/export/o/", NULL, NULL},
        {NAME, "a:/export/o//", "/export/o//", NULL, NULL},
        {NAME, "a:/exports/o/x", "/exports/o/x", NULL, NULL},
        {NAME, "\\\\a\\o_" NAME, "o_" NAME, "o", NAME},
        {NAME, "\\\\a\\o-" NAME, "o-" NAME, "o", NAME},
        {NAME, "\\\\a\\ox" NAME, "ox" NAME, NULL, NULL},
        {NAME, "\\\\a\\_" NAME, "_" NAME, NULL, NULL},
        {NAME, "\\\\a\\" NAME, NAME, NULL, NULL},
        {NAME, "\\\\a\\o_" COPY, "o_" COPY, NULL, NULL},
        {NAME, "\\\\a\\o/o_" NAME, "o/o_" NAME, NULL, NULL},
        {"", "\\\\a\\o_", "o_", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_slice project;
        struct mn_slice name;
        const struct mn_share share = {.name = rows[i].own,
                                       .location = rows[i].location};
        const char *text = mn_tegile__location_name(share.location);
        assert_string_equal(text ? text : "none",
                            rows[i].text ? rows[i].text : "none");
        bool told = mn_tegile__location_parts(&share, &project, &name);
        if (told != (rows[i].project != NULL)) {
            fail_msg("%s", rows[i].location);
        }
        if (told) {
            assert_true(mn_slice_eq(project, rows[i].project));
            assert_true(mn_slice_eq(name, rows[i].name));
        }
    }
}

/* What the array tells: "ip name". */
static void
locations_in_two(void **state)
{
    static const struct {
        const char *told;
        const char *ip; /* NULL: it is not that */
        const char *name;
    } rows[] = {
        {"\"192.0.2.20 /export/o/x\"", "192.0.2.20", "/export/o/x"},
        {"\"192.0.2.20  o x\"", "192.0.2.20", "o x"},
        {"\"192.0.2.20\"", NULL, NULL},
        {"\"192.0.2.20 \"", NULL, NULL},
        {"\"192.0.2.20  \"", NULL, NULL},
        {"\" /export/o/x\"", NULL, NULL},
        {"\"\"", NULL, NULL},
        {"0", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_json *told = mn_json_parse(mn_slice_of(rows[i].told));
        struct mn_slice ip;
        const char *name;
        bool cut = mn_tegile__cut_location(told, &ip, &name);
        if (cut != (rows[i].ip != NULL)) {
            fail_msg("%s", rows[i].told);
        }
        if (cut) {
            assert_true(mn_slice_eq(ip, rows[i].ip));
            assert_string_equal(name, rows[i].name);
        }
        mn_json_free(told);
    }
    struct mn_slice none;
    const char *name;
    assert_false(mn_tegile__cut_location(NULL, &none, &name));
}

/* Is the dataset "data" what a location leads to? The array is asked only
   where it may be. */
static void
datasets_at_locations(void **state)
{
#define GONE \
    "{\"code\":\"EZEBI_GENERAL\",\"message\":\"dataset does not exist\"}"
    static const struct {
        const char *project;
        const char *mountpoint;
        const char *location;
        const char *told; /* by the array; NULL: it is not asked */
        bool same;
    } rows[] = {
        {"o", "/export/o/data", NULL, NULL, false},
        {"o", "/export/o/data", "a:/export/o/data", NULL, true},
        {"o", "/export/o/data", "a:/export/q/data", NULL, false},
        {"o", "", "a:/export/o/data", "\"a /export/o/data\"", true},
        {"o", "", "a:/export/o/other", NULL, false},
        {"o", "/m", "\\\\a\\My_Data", "\"a My_Data\"", true},
        {"o", "/m", "\\\\a\\My_Data", "\"a o_data\"", false},
        {"o", "/m", "\\\\a\\o_data", "\"a My_Data\"", false},
        /* some arrays tell the dataset's name */
        {"o", "/m", "\\\\a\\o_data", "\"a data\"", true},
        {"o", "/m", "\\\\a\\q_data", "\"a data\"", false},
        {"o", "/m", "\\\\a\\o+data", "\"a data\"", false},
        {"o_data", "/m", "\\\\a\\o_data", "\"a data\"", false},
        /* it is gone since */
        {"o", "/m", "\\\\a\\o_data", GONE, false},
    };
    const struct mn_tegile_config config = {.server = "a",
                                            .project = "o",
                                            .request_timeout_s = 60,
                                            .operation_timeout_s = 60};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_rest array;
        struct mn_tegile *t = NULL;
        struct mn_tegile_op op;
        struct mn_error err = MN_ERROR_INIT;
        bool same;
        const struct mn_tegile_row row = {.pool = "p",
                                          .project = rows[i].project,
                                          .name = "data",
                                          .mountpoint = rows[i].mountpoint};
        /* in memory of its own: what is read behind it is seen */
        char *location = mn_strdup(rows[i].location);
        const struct mn_share share = {.name = NAME, .location = location};
        const char *told = rows[i].told;
        fake_rest_init(&array, "3.7.1");
        fake_fault_add(&array, (struct fake_fault){
                                   .method = "",
                                   .times = -1,
                                   .status = told && *told == '{' ? 400 : 200,
                                   .body = told});
        assert_int_equal(mn_tegile_new(&config, &array.rest, &t, &err), 0);
        mn_tegile__op_init(&op, t);
        int rc = mn_tegile__is_at_location(&op, &row, &share, &same, &err);
        if (rc || err.code || same != rows[i].same) {
            fail_msg("row %zu: %d: %s", i, rc, err.text);
        }
        assert_int_equal(array.calls, told != NULL);
        mn_driver_free(mn_tegile_driver(t));
        mn_free(location);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_paths),
        cmocka_unit_test(names_of_a_share),
        cmocka_unit_test(parts_of_locations),
        cmocka_unit_test(locations_in_two),
        cmocka_unit_test(datasets_at_locations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
