/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "nfs/access.h"

static void
put(struct mn_access_set *set, const char *to, const char *level)
{
    struct mn_access a;
    assert_int_equal(mn_access_parse("ip", to, level, &a, NULL), 0);
    assert_int_equal(mn_access_set_put(set, &a, NULL), 0);
}

static void
rules(void **state)
{
    struct mn_access a;
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    assert_int_equal(mn_access_parse("user", "x", "rw", &a, &err), MN_EINVAL);
    assert_contains(err.text, "'user'");
    mn_error_clear(&err);
    assert_int_equal(mn_access_parse("ip", "10.0.0.1", "wo", &a, &err),
                     MN_EINVAL);
    assert_contains(err.text, "'wo'");
    assert_int_equal(mn_access_parse("ip", "x", "rw", &a, NULL), MN_EINVAL);
    assert_int_equal(mn_access_parse(NULL, "x", "rw", &a, NULL), MN_EINVAL);
    assert_int_equal(mn_access_parse("ip", NULL, "rw", &a, NULL), MN_EINVAL);
    assert_int_equal(mn_access_parse("ip", "::1", NULL, &a, NULL), MN_EINVAL);
    assert_int_equal(mn_access_parse("ip", "::1", "ro", &a, NULL), 0);
    assert_false(a.rw);
}

static void
ordered_and_unique(void **state)
{
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    struct mn_ipnet gone;
    char text[MN_IPNET_TEXT];
    static const char *const order[] = {"10.1.2.3", "10.1.0.0/16",
                                        "10.0.0.0/8", "0.0.0.0/0"};
    (void)state;
    put(&set, "0.0.0.0/0", "ro");
    put(&set, "10.1.2.3", "rw");
    put(&set, "10.0.0.0/8", "ro");
    put(&set, "10.1.2.3/32", "ro");
    put(&set, "10.1.0.0/16", "rw");
    assert_int_equal(set.n, 4);
    for (size_t i = 0; i < 4; i++) {
        mn_ipnet_format(&set.v[i].net, text);
        assert_string_equal(text, order[i]);
    }
    assert_false(set.v[0].rw);
    mn_ipnet_parse(mn_slice_of("10.0.0.0/8"), &gone, NULL);
    mn_access_set_remove(&set, &gone);
    mn_access_set_remove(&set, &gone);
    assert_int_equal(set.n, 3);
    assert_null(mn_access_set_find(&set, &gone));
    mn_access_set_dispose(&set);
}

static void
differences(void **state)
{
    struct mn_access_set have = MN_ACCESS_SET_INIT;
    struct mn_access_set want = MN_ACCESS_SET_INIT;
    struct mn_access_set more = MN_ACCESS_SET_INIT;
    struct mn_access_set extra = MN_ACCESS_SET_INIT;
    (void)state;
    put(&have, "10.0.0.1", "rw");
    put(&have, "10.0.0.2", "rw");
    put(&have, "10.0.0.3", "rw");
    put(&want, "10.0.0.2", "rw");
    put(&want, "10.0.0.3", "ro");
    put(&want, "10.0.0.4", "ro");
    assert_false(mn_access_same(&have, &want));
    assert_int_equal(mn_access_diff(&have, &want, &more, &extra, NULL), 0);
    assert_int_equal(more.n, 2);
    assert_int_equal(extra.n, 1);
    assert_int_equal(extra.v[0].net.addr[3], 1);
    assert_true(mn_access_same(&have, &have));
    mn_access_set_dispose(&have);
    mn_access_set_dispose(&want);
    mn_access_set_dispose(&more);
    mn_access_set_dispose(&extra);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(ordered_and_unique),
        cmocka_unit_test(differences),
    };
    return cmocka_run_group_tests_name("nfs/access", tests, NULL, NULL);
}
