/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "nfs/exports.h"
#include "nfs/exports_dir.h"

#define ID "0D7DF0C0-4792-4e2a-9c8c-68dc7206a164"

static void
options_are(const char *given, const char *canonical)
{
    struct mn_buf out = MN_BUF_INIT;
    struct mn_error err = MN_ERROR_INIT;
    if (mn_exports_check_options(given, &out, &err)) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(mn_buf_str(&out), canonical);
    mn_buf_dispose(&out);
}

static void
good_options(void **state)
{
    (void)state;
    options_are(NULL, "no_subtree_check");
    options_are("", "no_subtree_check");
    options_are("sync, No_Root_Squash ,insecure,sync,",
                "sync,no_root_squash,insecure,no_subtree_check");
    options_are("subtree_check", "subtree_check");
    options_are("no_subtree_check,sec=krb5:sys,anonuid=65534",
                "no_subtree_check,sec=krb5:sys,anonuid=65534");
    options_are("sec=krb5,no_root_squash,sec=sys,no_root_squash",
                "sec=krb5,no_root_squash,sec=sys,no_root_squash,"
                "no_subtree_check");
    options_are("refer=/a@Host1+h2,mp=/Gpfs_x",
                "refer=/a@Host1+h2,mp=/Gpfs_x,no_subtree_check");
}

static void
bad_options(void **state)
{
    static const char *const bad[] = {
        "rw",        "RO",
        "fsid=0",    "FSID=1",
        "fsid",      "a b",
        "a(b",       "a)",
        "a\"",       "a'b",
        "a\nb",      "$(id)",
        "`id`",      "a;b",
        "=x",        "a=",
        "-o",        "1x",
        "a\\040b",   "a#b",
        "a=b c",     "sync,rw",
        "mp=\"/x\"", "a=$x",
        "a=*",       "anonuid=1)\n/etc *(rw",
    };
    char big[5000];
    (void)state;
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        struct mn_buf out = MN_BUF_INIT;
        const char *o = i < sizeof bad / sizeof *bad ? bad[i] : big;
        if (mn_exports_check_options(o, &out, NULL) != MN_EINVAL) {
            fail_msg("'%s' was taken", o);
        }
        mn_buf_dispose(&out);
    }
}

static void
fsids(void **state)
{
    char a[MN_FSID_TEXT];
    char b[MN_FSID_TEXT];
    (void)state;
    mn_exports_fsid(ID, a);
    assert_string_equal(a, "0d7df0c0-4792-4e2a-9c8c-68dc7206a164");
    mn_exports_fsid("share-1", a);
    mn_exports_fsid("share-2", b);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
    mn_exports_fsid("share-1", b);
    assert_string_equal(a, b);
    /* for ever: a change would leave clients with stale handles */
    assert_string_equal(a, "8241fb73f582e99a78bd41159a0397d0");
}

static void
put(struct mn_access_set *set, const char *to, const char *level)
{
    struct mn_access a;
    assert_int_equal(mn_access_parse("ip", to, level, &a, NULL), 0);
    assert_int_equal(mn_access_set_put(set, &a, NULL), 0);
}

static void
file(void **state)
{
    struct mn_export_spec spec = {
        .share_id = "s1", .path = "/g/a b\"\\#(\n", .options = "sync"};
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    struct mn_exports list = MN_EXPORTS_INIT;
    struct mn_buf out = MN_BUF_INIT;
    (void)state;
    mn_exports_fsid(ID, spec.fsid);
    put(&set, "10.0.0.0/8", "rw");
    put(&set, "2001:db8::/32", "ro");
    put(&set, "10.1.2.3", "ro");
    mn_exports_render_file(&out, &spec, &set);
    assert_string_equal(
        mn_buf_str(&out),
        "# Made by manila-native for share s1. Do not edit: it is written "
        "anew.\n"
        "\"/g/a\\040b\\042\\134\\043\\050\\012\" 10.1.2.3(ro,sync,fsid="
        "0d7df0c0-4792-4e2a-9c8c-68dc7206a164)\n"
        "\"/g/a\\040b\\042\\134\\043\\050\\012\" 10.0.0.0/8(rw,sync,fsid="
        "0d7df0c0-4792-4e2a-9c8c-68dc7206a164)\n"
        "\"/g/a\\040b\\042\\134\\043\\050\\012\" 2001:db8::/32(ro,sync,fsid="
        "0d7df0c0-4792-4e2a-9c8c-68dc7206a164)\n");
    assert_int_equal(mn_exports_parse_file(mn_buf_view(&out), &list, NULL), 0);
    assert_int_equal(list.n, 3);
    assert_true(mn_slice_eq(list.v[0].path, spec.path));
    assert_true(mn_slice_eq(list.v[2].client, "2001:db8::/32"));
    assert_true(!list.v[0].rw && list.v[1].rw);
    assert_true(mn_slice_eq(list.v[1].fsid, spec.fsid));
    assert_false(mn_exports_contradicts(&list.v[1], &spec));
    mn_exports_dispose(&list);
    mn_buf_dispose(&out);
    mn_access_set_dispose(&set);
}

static void
foreign_files(void **state)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    static const char *const bad[] = {
        "/p",      "/p 10.0.0.1", "/p 10.0.0.1 (rw)", "/p 10.0.0.1(rw",
        "p x(rw)", "\"/p x(rw)",  "/p -sync x",       "/p x(rw)y(ro)",
        "/p (rw)",
    };
    (void)state;
    assert_int_equal(
        mn_exports_parse_file(mn_slice_of("\n # x\n/p\\040q\t10.0.0.1(rw) "
                                          "*(ro,sync)  \n"),
                              &list, NULL),
        0);
    assert_int_equal(list.n, 2);
    assert_true(mn_slice_eq(list.v[1].path, "/p q"));
    assert_true(mn_slice_eq(list.v[1].client, "*"));
    mn_exports_dispose(&list);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (mn_exports_parse_file(mn_slice_of(bad[i]), &list, NULL)
            != MN_EPROTO) {
            fail_msg("'%s' was taken", bad[i]);
        }
        mn_exports_dispose(&list);
    }
}

static void
listing(void **state)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    struct mn_error err = MN_ERROR_INIT;
    size_t n;
    static const char *const bad[] = {
        "/p 10.0.0.1(rw)", "nonsense", "/p  10.0.0.1",
        "/p  x(rw) y(rw)", "/p  (rw)", "Password:",
    };
    (void)state;
    assert_int_equal(
        mn_exports_parse_list(
            mn_slice_of("/p/b  10.0.0.1(sync,fsid=7,sec=sys,ro,root_squash)\n"
                        "/p/a\\040b\"#\\134(\\303\\251  *(async,sec=krb5,ro,"
                        "sec=sys,rw,no_root_squash)\n"
                        "/p/a  2001:db8::/32(rw)\n/p/b  @grp(ro)\n"),
            &list, &err),
        0);
    assert_int_equal(list.n, 4);
    assert_true(mn_slice_eq(list.v[1].path, "/p/a b\"#\\(\303\251"));
    assert_true(list.v[1].rw && !list.v[0].rw);
    assert_true(mn_slice_eq(list.v[0].fsid, "7"));
    mn_exports_sort(&list);
    const struct mn_export *e = mn_exports_of_path(&list, "/p/b", &n);
    assert_int_equal(n, 2);
    assert_true(mn_slice_eq(e[0].client, "10.0.0.1"));
    assert_true(mn_slice_eq(e[1].client, "@grp"));
    assert_null(mn_exports_of_path(&list, "/p", &n));
    assert_int_equal(n, 0);
    mn_exports_dispose(&list);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (mn_exports_parse_list(mn_slice_of(bad[i]), &list, NULL)
            != MN_EPROTO) {
            fail_msg("'%s' was taken", bad[i]);
        }
        mn_exports_dispose(&list);
    }
}

static void
contradictions(void **state)
{
    struct mn_export_spec spec = {.options = "async,no_root_squash,insecure",
                                  .fsid = "ab"};
    static const struct {
        const char *options;
        const char *fsid;
        bool found;
    } cases[] = {
        {"async,wdelay,no_root_squash,no_all_squash", "AB", false},
        {"async,no_root_squash", "", true},
        {"sync,no_root_squash", "ab", true},
        {"async,root_squash", "ab", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mn_export e = {.options = mn_slice_of(cases[i].options),
                              .fsid = mn_slice_of(cases[i].fsid)};
        assert_int_equal(mn_exports_contradicts(&e, &spec), cases[i].found);
    }
}

static void
arguments(void **state)
{
    static const char *const cases[][2] = {
        {"10.0.0.1", "10.0.0.1:/p x"},
        {"10.0.0.0/8", "10.0.0.0/8:/p x"},
        {"2001:db8::1", "[2001:db8::1]:/p x"},
        {"2001:db8::/32", "[2001:db8::]/32:/p x"},
        {"::/0", "[::]/0:/p x"},
        {"*", "*:/p x"},
        {"@group", "@group:/p x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mn_buf out = MN_BUF_INIT;
        mn_exports_client_arg(&out, mn_slice_of(cases[i][0]), "/p x");
        assert_string_equal(mn_buf_str(&out), cases[i][1]);
        mn_buf_dispose(&out);
    }
}

static void
directory(void **state)
{
    struct mn_exports_dir dir = {0};
    struct mn_slice text = mn_slice_of("/e/manila-b.exports:# x\n"
                                       "/e/manila-b.exports:/p:q a(b)\n"
                                       "/e/other:z\n"
                                       "/e/manila-a.exports:1\n");
    (void)state;
    assert_int_equal(mn_exports_dir_parse(text, "/e/manila-", &dir, NULL), 0);
    assert_int_equal(dir.n, 2);
    assert_string_equal(
        mn_buf_str(&mn_exports_dir_find(&dir, "/e/manila-b.exports")->content),
        "# x\n/p:q a(b)\n");
    assert_null(mn_exports_dir_find(&dir, "/e/manila-c.exports"));
    mn_exports_dir_dispose(&dir);
    assert_null(mn_exports_dir_find(&dir, "/e/manila-b.exports"));
}

static int
everything(void *ctx)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    struct mn_buf out = MN_BUF_INIT;
    (void)ctx;
    int rc = mn_exports_check_options("sync,insecure", &out, NULL);
    rc = rc ? rc
            : mn_exports_parse_list(mn_slice_of("/p  a(rw)\n"), &list, NULL);
    mn_exports_dispose(&list);
    rc = rc ? rc
            : mn_exports_parse_file(mn_slice_of("/p a(rw)\n"), &list, NULL);
    mn_exports_dispose(&list);
    mn_buf_dispose(&out);
    return rc;
}

static void
torture(void **state)
{
    (void)state;
    TORTURE(everything, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_options),   cmocka_unit_test(bad_options),
        cmocka_unit_test(fsids),          cmocka_unit_test(file),
        cmocka_unit_test(foreign_files),  cmocka_unit_test(listing),
        cmocka_unit_test(contradictions), cmocka_unit_test(arguments),
        cmocka_unit_test(directory),      cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests_name("nfs/exports", tests, NULL, NULL);
}
