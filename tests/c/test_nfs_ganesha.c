/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "nfs/ganesha.h"
#include "nfs/ganesha_access.h"
#include "nfs/ganesha_dbus.h"
#include "nfs/ganesha_old.h"

static void
put(struct mn_access_set *set, const char *to, const char *level)
{
    struct mn_access a;
    assert_int_equal(mn_access_parse("ip", to, level, &a, NULL), 0);
    assert_int_equal(mn_access_set_put(set, &a, NULL), 0);
}

static const struct mn_ganesha_spec spec = {.share_id = "id",
                                            .path = "/gpfs0/a \"b\" \\c",
                                            .tag = "share-1",
                                            .options = "Squash=No_Root_Squash,"
                                                       "Protocols=3:4",
                                            .export_id = 77};

static void
render(void **state)
{
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    struct mn_buf out = MN_BUF_INIT;
    (void)state;
    put(&set, "10.0.0.0/8", "rw");
    put(&set, "10.0.0.1", "ro");
    put(&set, "2001:db8::1", "ro");
    struct mn_ganesha_spec elsewhere = spec;
    elsewhere.pseudo = "/elsewhere";
    mn_ganesha_render(&out, &elsewhere, &set);
    assert_contains(mn_buf_str(&out), "Pseudo = \"/elsewhere\";");
    mn_buf_clear(&out);
    mn_ganesha_render(&out, &spec, &set);
    assert_string_equal(
        mn_buf_str(&out),
        "# Made by manila-native for share id. Do not edit: it is written "
        "anew.\n"
        "EXPORT {\n"
        "    Export_Id = 77;\n"
        "    Path = \"/gpfs0/a \\\"b\\\" \\\\c\";\n"
        "    Pseudo = \"/gpfs0/a \\\"b\\\" \\\\c\";\n"
        "    Tag = \"share-1\";\n"
        "    Access_Type = None;\n"
        "    Squash = No_Root_Squash;\n"
        "    Protocols = 3, 4;\n"
        "    FSAL {\n        Name = GPFS;\n    }\n"
        "    CLIENT {\n        Clients =\n            10.0.0.1,\n"
        "            2001:db8::1;\n        Access_Type = RO;\n    }\n"
        "    CLIENT {\n        Clients =\n            10.0.0.0/8;\n"
        "        Access_Type = RW;\n    }\n"
        "}\n");
    struct mn_ganesha_blocks blocks = {0};
    assert_int_equal(mn_ganesha_parse(mn_buf_view(&out), &blocks, NULL), 0);
    assert_int_equal(blocks.n, 1);
    assert_int_equal(blocks.v[0].export_id, 77);
    assert_string_equal(blocks.v[0].path, spec.path);
    assert_string_equal(blocks.v[0].tag, "share-1");
    assert_true(mn_access_same(&blocks.v[0].clients, &set));
    assert_false(blocks.v[0].foreign);
    mn_ganesha_blocks_dispose(&blocks);
    mn_access_set_dispose(&set);
    mn_buf_dispose(&out);
}

static void
options(void **state)
{
    static const char *const bad[] = {
        "Access_Type=RW", "Path=/x",
        "Pseudo=/x",      "Export_Id=1",
        "Tag=x",          "FSAL=VFS",
        "Clients=*",      "CLIENT",
        "Squash",         "Squash=",
        "Squash=a b",     "Squash=a;Access_Type=RW",
        "Squash=\"x\"",   "Squash=x}",
        "Protocols=3:",   "rw",
    };
    struct mn_buf out = MN_BUF_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(mn_ganesha_check_options(bad[i], &out, NULL),
                         MN_EINVAL);
        mn_buf_clear(&out);
    }
    assert_int_equal(
        mn_ganesha_check_options(" squash = root_squash,,MAXREAD=65536,"
                                 "anonymous_uid=-2",
                                 &out, NULL),
        0);
    assert_string_equal(mn_buf_str(&out), "Squash=root_squash,MaxRead=65536,"
                                          "Anonymous_Uid=-2");
    mn_buf_clear(&out);
    assert_int_equal(mn_ganesha_check_options(NULL, &out, NULL), 0);
    assert_int_equal(out.n, 0);
    mn_buf_dispose(&out);
}

static void
access_that_can_be_said(void **state)
{
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    struct mn_access_set out = MN_ACCESS_SET_INIT;
    struct mn_access a;
    (void)state;
    mn_access_parse("ip", "2001:db8::/99", "rw", &a, NULL);
    assert_int_equal(mn_ganesha_check_access(&a, NULL), 0);
    assert_int_equal(mn_ganesha_old_check_access(&a, NULL), MN_EINVAL);
    mn_access_parse("ip", "2001:db8::/100", "rw", &a, NULL);
    assert_int_equal(mn_ganesha_check_access(&a, NULL), MN_EINVAL);
    mn_access_parse("ip", "2001:db8::1/128", "rw", &a, NULL);
    assert_int_equal(mn_ganesha_check_access(&a, NULL), 0);
    put(&set, "0.0.0.0/0", "rw");
    put(&set, "128.0.0.0/1", "ro");
    put(&set, "::/0", "ro");
    assert_int_equal(mn_ganesha_split(&set, &out, NULL), 0);
    assert_int_equal(out.n, 4);
    for (size_t i = 0; i < out.n; i++) {
        char text[MN_IPNET_TEXT];
        mn_ipnet_format(&out.v[i].net, text);
        assert_contains("0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1", text);
        assert_int_equal(out.v[i].rw, strcmp(text, "0.0.0.0/1") == 0);
    }
    mn_access_set_dispose(&set);
    mn_access_set_dispose(&out);
}

static const char foreign[] =
    "# EXPORT { in a comment\n"
    "NFS_Core_Param { Protocols = 3; x = \"} EXPORT {\"; }\n"
    "%include \"/etc/it's.conf\"\n"
    "%dir /etc/{x\n"
    "export { ExPort_ID=5 ; Path = '/a b' ; # Path = /no;\n"
    "  CLIENT { Clients = 10.0.0.1, @group; Access_Type = \"RO\"; }\n"
    "  FSAL { Name = VFS; Path = /inner; } }\n"
    "EXPORT\n{\n  Path = /c;\n  rw_access = \"10.0.0.2, 10.0.0.3\";\n"
    "  R_Access=10.1.0.0/16;\n}\n"
    "EXPORT { Path = /d }\n";

static void
anybodys_configuration(void **state)
{
    struct mn_ganesha_blocks b = {0};
    (void)state;
    assert_int_equal(mn_ganesha_parse(mn_slice_of(foreign), &b, NULL), 0);
    assert_int_equal(b.n, 3);
    assert_string_equal(b.v[0].path, "/a b");
    assert_int_equal(b.v[0].export_id, 5);
    assert_true(b.v[0].foreign);
    assert_string_equal(b.v[1].path, "/c");
    assert_false(b.v[1].has_id);
    assert_int_equal(b.v[1].clients.n, 3);
    assert_string_equal(b.v[2].path, "/d");
    assert_memory_equal(foreign + b.v[1].begin, "EXPORT\n{", 8);
    assert_memory_equal(foreign + b.v[1].end - 3, ";\n}\n", 4);
    mn_ganesha_blocks_dispose(&b);
}

static void
unbalanced(void **state)
{
    static const char *const bad[] = {
        "EXPORT {",
        "}",
        "EXPORT { { }",
        "a = \"x",
        "a = 'x\n",
        "a = \"x\\\"",
        "EXPORT { Path = ",
        "EXPORT { Path = \"x; }\n",
        "a = b",
        "a = \"b\" \"EXPORT {\" ",
    };
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(mn_ganesha_validate(mn_slice_of(bad[i]), NULL),
                         MN_EPROTO);
    }
    assert_int_equal(mn_ganesha_validate(mn_slice_of("\n\n}"), &err),
                     MN_EPROTO);
    assert_contains(err.text, "line 3");
    assert_int_equal(mn_ganesha_validate(mn_slice_of(""), NULL), 0);
    /* any cut of a text is read without harm */
    for (size_t n = 0; n < sizeof foreign; n++) {
        char *cut = mn_strndup(foreign, n);
        mn_ganesha_validate((struct mn_slice){cut, n}, NULL);
        mn_free(cut);
    }
}

static void
display(void **state)
{
    static const char text[] =
        "method return time=1.2 sender=:1.0\n   uint16 101\n"
        "   string \"/exp \"q\" \\ x\"\n   string \"/exp\"\n"
        "   string \"tag\"\n   array [\n"
        "      struct {\n         string \"10.0.0.1/32\"\n"
        "         int32 0\n         byte 0\n         byte 255\n"
        "         int32 1\n         uint32 4294967294\n"
        "         uint32 4294967294\n         uint32 0\n"
        "         uint32 53489826\n         uint32 480\n      }\n   ]\n";
    struct mn_ganesha_shown shown = {0};
    (void)state;
    assert_int_equal(mn_ganesha_read_display(mn_slice_of(text), &shown, NULL),
                     0);
    assert_true(mn_slice_eq(shown.path, "/exp \"q\" \\ x"));
    assert_true(mn_slice_eq(shown.tag, "tag"));
    assert_int_equal(shown.n, 1);
    assert_true(shown.v[0].is_net && shown.v[0].read && !shown.v[0].write);
    mn_ganesha_shown_dispose(&shown);
    for (size_t n = 0; n + 10 < sizeof text; n++) {
        char *cut = mn_strndup(text, n);
        struct mn_slice s = {cut, n};
        int rc = mn_ganesha_read_display(s, &shown, NULL);
        assert_true(rc == MN_EPROTO || (shown.n == 0 && strstr(cut, "array ["))
                    || (shown.n == 1 && strstr(cut, "      }")));
        mn_ganesha_shown_dispose(&shown);
        mn_free(cut);
    }
    assert_true(mn_ganesha_has_errors(mn_slice_of("1 exports added. Errors "
                                                  "found: x")));
    assert_false(
        mn_ganesha_has_errors(mn_slice_of("   string \"10 exports added\"")));
}

static void
edit(const char *text, const struct mn_access_set *set, const char *wanted)
{
    struct mn_ganesha_spec s = spec;
    struct mn_buf out = MN_BUF_INIT;
    struct mn_error err = MN_ERROR_INIT;
    s.path = "/c";
    s.options = "Squash=No_Root_Squash,Protocols=3:4,MaxRead=65536,"
                "Anonymous_uid=-2";
    assert_int_equal(
        mn_ganesha_old_edit(mn_slice_of(text), &s, true, set, &out, &err), 0);
    assert_string_equal(mn_buf_str(&out), wanted);
    mn_buf_dispose(&out);
}

static void
old_edit(void **state)
{
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    struct mn_buf out = MN_BUF_INIT;
    (void)state;
    put(&set, "10.0.0.1", "rw");
    put(&set, "10.0.0.2", "ro");
    edit("# mine\nEXPORT\n{\npath = \"/x\" ;\n}\n", &set,
         "# mine\nEXPORT\n{\npath = \"/x\" ;\n}\n"
         "EXPORT\n{\n    Export_Id = 77;\n    Path = \"/c\";\n"
         "    Pseudo = \"/c\";\n    Tag = \"fs77\";\n"
         "    Filesystem_id = 192.77;\n    FSAL = \"GPFS\";\n"
         "    Root_Access = \"10.0.0.1\";\n"
         "    RW_Access = \"10.0.0.1\";\n    R_Access = \"10.0.0.2\";\n"
         "    NFS_Protocols = \"3,4\";\n    MaxRead = 65536;\n"
         "    Anonymous_uid = -2;\n}\n");
    /* the in-tree driver's block, with keys and comments of the operator */
    edit("a { b = c; }\nEXPORT\n{\nexport_id = 100 ;\npath = \"/c\" ;\n"
         "root_access = \"*\" ;\nrw_access = \"10.9.9.9\" ;\n"
         "maxread = 65536 ; # keep\ntag = \"fs100\" ;\n}\n# end",
         &set,
         "a { b = c; }\nEXPORT\n{\nexport_id = 100 ;\npath = \"/c\" ;\n"
         "root_access = \"10.0.0.1\" ;\nrw_access = \"10.0.0.1\" ;\n"
         "maxread = 65536 ; # keep\ntag = \"fs100\" ;\n"
         "    R_Access = \"10.0.0.2\";\n}\n# end");
    /* a directive hides a brace, but not the keys behind it */
    edit("EXPORT { Path = \"/c\"; \n%include x }\nRoot_Access = 1; "
         "RW_Access = 2; R_Access = 3;\n}\n",
         &set,
         "EXPORT { Path = \"/c\"; \n%include x }\n"
         "Root_Access = \"10.0.0.1\"; RW_Access = \"10.0.0.1\"; "
         "R_Access = \"10.0.0.2\";\n}\n");
    /* a key without a value */
    edit(
        "EXPORT { Path = \"/c\"; R_Access = ; Root_Access = ; RW_Access = }\n",
        &set,
        "EXPORT { Path = \"/c\"; R_Access = \"10.0.0.2\" ; "
        "Root_Access = \"10.0.0.1\" ; RW_Access = \"10.0.0.1\"; }\n");
    set.n = 0;
    edit("x\nEXPORT { Path = /c; }\ny\nEXPORT { Path = \"/c\"; } z\n", &set,
         "x\ny\n z\n");
    edit("EXPORT { Path = /other; }\n", &set, "EXPORT { Path = /other; }\n");
    assert_int_equal(mn_ganesha_old_edit(mn_slice_of("EXPORT {"), &spec, true,
                                         &set, &out, NULL),
                     MN_EPROTO);
    mn_buf_dispose(&out);
    mn_access_set_dispose(&set);
}

static void
old_limits(void **state)
{
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    struct mn_access_set fit = MN_ACCESS_SET_INIT;
    struct mn_access_set rest = MN_ACCESS_SET_INIT;
    char text[MN_IPNET_TEXT];
    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "10.100.100.%d", i);
        put(&set, text, i % 2 ? "rw" : "ro");
    }
    put(&set, "10.101.0.0/16", "rw");
    put(&set, "10.101.1.1", "ro");
    assert_int_equal(mn_ganesha_old_fit(&set, &fit, &rest, NULL), 0);
    assert_int_equal(fit.n, MN_GANESHA_OLD_CLIENTS);
    assert_int_equal(fit.n + rest.n, set.n);
    mn_access_set_dispose(&fit);
    mn_access_set_dispose(&rest);
    mn_access_set_dispose(&set);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "10.100.100.%d", i);
        put(&set, text, "rw");
    }
    put(&set, "10.100.100.5", "ro");
    put(&set, "10.100.0.0/16", "rw");
    assert_int_equal(mn_ganesha_old_fit(&set, &fit, &rest, NULL), 0);
    size_t bytes = 0;
    for (size_t i = 0; i < fit.n; i++) {
        mn_ipnet_format(&fit.v[i].net, text);
        bytes += strlen(text) + (i > 0);
        assert_true(fit.v[i].rw);
    }
    assert_true(bytes <= MN_GANESHA_OLD_VALUE);
    assert_true(fit.n > 60 && rest.n > 20);
    mn_access_set_dispose(&fit);
    mn_access_set_dispose(&rest);
    mn_access_set_dispose(&set);
}

static int
scenario(void *ctx)
{
    struct mn_access_set *set = ctx;
    struct mn_access_set split = MN_ACCESS_SET_INIT;
    struct mn_ganesha_blocks b = {0};
    struct mn_buf out = MN_BUF_INIT;
    struct mn_buf more = MN_BUF_INIT;
    int rc = mn_ganesha_split(set, &split, NULL);
    if (!rc) {
        mn_ganesha_render(&out, &spec, &split);
        rc = out.failed ? MN_ENOMEM : 0;
    }
    rc = rc ? rc : mn_ganesha_parse(mn_buf_view(&out), &b, NULL);
    rc = rc ? rc
            : mn_ganesha_old_edit(mn_slice_of(foreign), &spec, true, &split,
                                  &more, NULL);
    mn_access_set_dispose(&split);
    mn_ganesha_blocks_dispose(&b);
    mn_buf_dispose(&out);
    mn_buf_dispose(&more);
    return rc;
}

static void
torture(void **state)
{
    struct mn_access_set set = MN_ACCESS_SET_INIT;
    (void)state;
    put(&set, "0.0.0.0/0", "rw");
    put(&set, "10.0.0.1", "ro");
    TORTURE(scenario, &set);
    mn_access_set_dispose(&set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(render),
        cmocka_unit_test(options),
        cmocka_unit_test(access_that_can_be_said),
        cmocka_unit_test(anybodys_configuration),
        cmocka_unit_test(unbalanced),
        cmocka_unit_test(display),
        cmocka_unit_test(old_edit),
        cmocka_unit_test(old_limits),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests_name("nfs/ganesha", tests, NULL, NULL);
}
