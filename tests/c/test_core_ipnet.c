/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "core/ipnet.h"

static void
is(const char *text, const char *canonical)
{
    struct mn_ipnet net;
    struct mn_error err = MN_ERROR_INIT;
    char out[MN_IPNET_TEXT];
    if (mn_ipnet_parse(mn_slice_of(text), &net, &err)) {
        fail_msg("%s", err.text);
    }
    mn_ipnet_format(&net, out);
    assert_string_equal(out, canonical);
}

static void
canonical_form(void **state)
{
    (void)state;
    is("10.0.0.1", "10.0.0.1");
    is("10.0.0.1/32", "10.0.0.1");
    is("10.0.0.0/8", "10.0.0.0/8");
    is("10.0.0.0/255.0.0.0", "10.0.0.0/8");
    is("0.0.0.0/0", "0.0.0.0/0");
    is("0.0.0.0/0.0.0.0", "0.0.0.0/0");
    is("1.2.3.4/255.255.255.255", "1.2.3.4");
    is("2001:DB8:0::0001", "2001:db8::1");
    is("2001:db8::1/128", "2001:db8::1");
    is("2001:db8::/32", "2001:db8::/32");
    is("::/0", "::/0");
}

static void
refused(void **state)
{
    static const char *const bad[] = {
        "",
        "/",
        "10.0.0",
        "10.0.0.1/",
        "10.0.0.1/33",
        "10.0.0.1/8",
        "10.0.0.0/-8",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0.0/ 8",
        " 10.0.0.1",
        "10.0.0.1 ",
        "010.0.0.1.",
        "10.0.0.999",
        "0x0a.0.0.1",
        "10.0.0.0/255.0.255.0",
        "10.0.0.0/0.255.255.255",
        "2001:db8::1/64",
        "2001:db8::/129",
        "2001:db8::/255.0.0.0",
        "fe80::1%eth0",
        "[::1]",
        "host.example",
        "*",
        "@group",
        "-10.0.0.1",
        "10.0.0.1;id",
        "10.0.0.1\n",
        "10.0.0.0/0000000008",
        "::ffff:1.2.3.4/",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mn_ipnet net;
        struct mn_error err = MN_ERROR_INIT;
        if (mn_ipnet_parse(mn_slice_of(bad[i]), &net, &err) != MN_EINVAL) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_true(err.text[0] != '\0');
    }
    struct mn_ipnet net;
    struct mn_slice nul = {"10.0.0.1\0x", 10};
    assert_int_equal(mn_ipnet_parse(nul, &net, NULL), MN_EINVAL);
}

static struct mn_ipnet
net(const char *text)
{
    struct mn_ipnet n;
    assert_int_equal(mn_ipnet_parse(mn_slice_of(text), &n, NULL), 0);
    return n;
}

static void
relations(void **state)
{
    struct mn_ipnet wide = net("10.0.0.0/8");
    struct mn_ipnet mid = net("10.1.0.0/17");
    struct mn_ipnet host = net("10.1.127.255");
    struct mn_ipnet out = net("10.1.128.0");
    struct mn_ipnet all6 = net("::/0");
    struct mn_ipnet all4 = net("0.0.0.0/0");
    (void)state;
    assert_true(mn_ipnet_contains(&wide, &mid));
    assert_true(mn_ipnet_contains(&mid, &mid));
    assert_true(mn_ipnet_contains(&mid, &host));
    assert_false(mn_ipnet_contains(&mid, &out));
    assert_false(mn_ipnet_contains(&mid, &wide));
    assert_true(mn_ipnet_overlaps(&mid, &wide));
    assert_false(mn_ipnet_overlaps(&all6, &all4));
    assert_true(mn_ipnet_contains(&all4, &host));
    assert_true(mn_ipnet_compare(&host, &mid) < 0);
    assert_true(mn_ipnet_compare(&mid, &wide) < 0);
    assert_true(mn_ipnet_compare(&wide, &all4) < 0);
    assert_true(mn_ipnet_compare(&all4, &all6) < 0);
    assert_int_equal(mn_ipnet_compare(&mid, &mid), 0);
    assert_true(mn_ipnet_is_host(&host) && !mn_ipnet_is_host(&mid));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_form),
        cmocka_unit_test(refused),
        cmocka_unit_test(relations),
    };
    return cmocka_run_group_tests_name("core/ipnet", tests, NULL, NULL);
}
