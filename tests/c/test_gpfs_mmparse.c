/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "gpfs/mmparse.h"

#define H "mmlsfileset::HEADER:version:reserved:reserved:"

static void
filesets(void **state)
{
    struct mn_mm_filesets list = {0};
    (void)state;
    const char *text =
        "\n" H "filesystemName:filesetName:id:rootInode:status:path:parentId:"
        "created:inodes:dataInKB:comment:filesetMode:\n"
        "mmlsfileset::0:1:::project:root:0:3:Linked:%2Ffs%2Fproject:--:Wed "
        "May 18 10%3A41%3A35 2016:-:-:root fileset:off:\n"
        "some noise\nmmother::0:1:::x:y:z:\n"
        "mmlsfileset::0:1:::project:PAS1136:2:17255366659:Unlinked:%2D%2D:"
        "--:x:-:-:manila%3As-1:off:extra:columns:\n"
        "mmlsfileset::0:1:::project:(gone):5:6:Deleted:--:--:x:-:-::off:\n"
        "mmlsfileset::0:1:::project:short:7:8:Linked:%2Ffs%2g%\n";
    assert_int_equal(mn_mm_read_filesets(mn_slice_of(text), &list, NULL), 0);
    assert_int_equal(list.n, 3);
    const struct mn_mm_fileset *f = mn_mm_find_fileset(&list, "root");
    assert_true(f->linked);
    assert_string_equal(f->path, "/fs/project");
    assert_string_equal(f->comment, "root fileset");
    f = mn_mm_find_fileset(&list, "PAS1136");
    assert_false(f->linked);
    assert_string_equal(f->path, "");
    assert_string_equal(f->comment, "manila:s-1");
    f = mn_mm_find_fileset(&list, "short");
    assert_string_equal(f->path, "/fs%2g%");
    assert_string_equal(f->comment, "");
    assert_null(mn_mm_find_fileset(&list, "shor"));
    mn_mm_filesets_dispose(&list);
}

static void
header_decides(void **state)
{
    struct mn_mm_filesets list = {0};
    (void)state;
    assert_int_equal(
        mn_mm_read_filesets(mn_slice_of(H "filesetName:\n"), &list, NULL), 0);
    assert_int_equal(list.n, 0);
    assert_int_equal(
        mn_mm_read_filesets(mn_slice_of("mmlsfileset: tslsfileset failed. "
                                        "Error code 2.\n"),
                            &list, NULL),
        MN_EPROTO);
    assert_int_equal(
        mn_mm_read_filesets(mn_slice_of("mmlsfileset::0:1:::a:b:\n"), &list,
                            NULL),
        MN_EPROTO);
    /* other case, CR, blank at the end of the header */
    assert_int_equal(
        mn_mm_read_filesets(mn_slice_of(H "FILESETNAME:Status: \r\n"
                                          "mmlsfileset::0:1:::a:linked:\r\n"),
                            &list, NULL),
        0);
    assert_string_equal(list.v[0].name, "a");
    assert_true(list.v[0].linked);
    mn_mm_filesets_dispose(&list);
}

static void
quotas(void **state)
{
    struct mn_mm_quotas list = {0};
    (void)state;
    const char *text =
        "mmlsquota:fileset:HEADER:version:reserved:reserved:filesystemName:"
        "quotaType:id:name:blockUsage:blockQuota:blockLimit:blockInDoubt:\n"
        "mmlsquota:user:HEADER:version:reserved:reserved:filesystemName:"
        "quotaType:id:name:blockUsage:\n"
        "mmlsquota:user:0:1:::gpfsai:USR:1017:nlp:117530496:\n"
        "mmlsquota:fileset:0:1:::cap:FILESET:0:rcc:2420096:31457280:36700160:"
        "0:\n";
    assert_int_equal(
        mn_mm_read_quotas("mmlsquota", mn_slice_of(text), &list, NULL), 0);
    assert_int_equal(list.n, 1);
    assert_true(mn_mm_find_quota(&list, "rcc")->hard_kib == 36700160);
    mn_mm_quotas_dispose(&list);
    assert_int_equal(
        mn_mm_read_quotas(
            "mmrepquota",
            mn_slice_of("mmrepquota::HEADER:version:reserved:reserved:"
                        "quotaType:name:blockUsage:blockQuota:blockLimit:\n"
                        "mmrepquota::0:1:::FILESET:x:a:b:c:\n"),
            &list, NULL),
        MN_EPROTO);
    mn_mm_quotas_dispose(&list);
}

static void
others(void **state)
{
    struct mn_buf out = MN_BUF_INIT;
    struct mn_mm_df_row row;
    (void)state;
    assert_int_equal(
        mn_mm_read_state(mn_slice_of("mmgetstate::HEADER:version:reserved:"
                                     "reserved:nodeName:state:\n"
                                     "mmgetstate::0:1:::n:active:\n"),
                         &out, NULL),
        0);
    assert_string_equal(mn_buf_str(&out), "active");
    mn_buf_clear(&out);
    const char *fs = "mmlsfs::HEADER:version:reserved:reserved:deviceName:"
                     "fieldName:data:remarks:\n"
                     "mmlsfs::0:1:::FS1:quotasEnforced:user;fileset::\n"
                     "mmlsfs::0:1:::FS1:defaultMountPoint:%2Fibm%2FFS1::\n";
    assert_int_equal(
        mn_mm_read_fs(mn_slice_of(fs), "defaultMountPoint", &out, NULL), 0);
    assert_string_equal(mn_buf_str(&out), "/ibm/FS1");
    assert_int_equal(mn_mm_read_fs(mn_slice_of(fs), "nothing", &out, NULL),
                     MN_ENOTFOUND);
    assert_int_equal(mn_mm_read_fs(mn_slice_of(""), "x", &out, NULL),
                     MN_EPROTO);
    mn_buf_dispose(&out);
    assert_int_equal(
        mn_mm_read_df(mn_slice_of("Filesystem 1-blocks Used Available "
                                  "Capacity Mounted on\n/dev/gpfs0   1000 "
                                  "400   600 40% /a b\n\n"),
                      &row, NULL),
        0);
    assert_true(mn_slice_eq(row.device, "gpfs0"));
    assert_true(row.total == 1000 && row.available == 600);
    assert_int_equal(mn_mm_read_df(mn_slice_of("x\n"), &row, NULL), MN_EPROTO);
}

static void
classes(void **state)
{
    static const struct {
        int status;
        const char *err;
        enum mn_code code;
    } cases[] = {
        {0, "whatever already exists", MN_OK},
        {17, "", MN_EEXISTS},
        {1, "Fileset x already exists.", MN_EEXISTS},
        {2, "", MN_ENOTFOUND},
        {22, "Fileset named x does not exist.", MN_ENOTFOUND},
        {22, "No quota enabled file system found.", MN_EREMOTE},
        {1, "'Fileset name x not found', with error code '2'", MN_ENOTFOUND},
        {1, "Timed out waiting for lock. Try again later.", MN_EBUSY},
        {1, "The sdr lock for file system gpfs0 is busy.", MN_EBUSY},
        {1, "Unable to obtain the GPFS configuration file lock. Retrying",
         MN_EBUSY},
        {17,
         "Unable to obtain the GPFS configuration file lock. Retrying\n"
         "Fileset x already exists.",
         MN_EEXISTS},
        {28, "", MN_ENOSPACE},
        {5, "No space left on device", MN_ENOSPACE},
        /* nothing was asked of GPFS: must never count as absent */
        {127, "sh: 1: /usr/lpp/mmfs/bin/mmdelfileset: not found", MN_EREMOTE},
        {1, "sudo: mmdelfileset: command not found", MN_EREMOTE},
        {1, "mmlsfs: File system X is not known to the GPFS cluster.",
         MN_EREMOTE},
        {2, "Failed to connect to file system daemon: No such process",
         MN_EREMOTE},
        {124, "", MN_ETIMEDOUT},
        {137, "", MN_EREMOTE},
        {MN_STATUS_NOT_RUN, "", MN_EREMOTE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mn_step_result r = {.status = cases[i].status,
                                   .out = mn_slice_of(""),
                                   .err = mn_slice_of(cases[i].err)};
        if (mn_mm_classify(&r) != cases[i].code) {
            fail_msg("status %d '%s' is %s", cases[i].status, cases[i].err,
                     mn_code_name(mn_mm_classify(&r)));
        }
    }
}

static int
read_all(void *ctx)
{
    struct mn_mm_filesets f = {0};
    struct mn_mm_quotas q = {0};
    (void)ctx;
    int rc = mn_mm_read_filesets(
        mn_slice_of(H "filesetName:status:path:comment:\n"
                      "mmlsfileset::0:1:::b:Linked:%2Fb:c:\n"
                      "mmlsfileset::0:1:::a:Linked:%2Fa:c:\n"),
        &f, NULL);
    rc =
        rc ? rc
           : mn_mm_read_quotas(
               "mmrepquota",
               mn_slice_of("mmrepquota::HEADER:version:reserved:reserved:"
                           "quotaType:name:blockUsage:blockQuota:blockLimit:\n"
                           "mmrepquota::0:1:::FILESET:b:1:2:3:\n"),
               &q, NULL);
    mn_mm_filesets_dispose(&f);
    mn_mm_quotas_dispose(&q);
    return rc;
}

static void
torture(void **state)
{
    (void)state;
    TORTURE(read_all, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filesets), cmocka_unit_test(header_decides),
        cmocka_unit_test(quotas),   cmocka_unit_test(others),
        cmocka_unit_test(classes),  cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests_name("gpfs/mmparse", tests, NULL, NULL);
}
