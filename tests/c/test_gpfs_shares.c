/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "gpfs/driver.h"
#include "knfs_sim.h"
#include "mm_sim.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define TAG "manila:" ID
#define BASE "/gpfs0/manila"
#define PATH BASE "/share-1"
#define FILE_ "/etc/exports.d/manila-share-1.exports"
#define BIN "/usr/lpp/mmfs/bin/"

enum { SERVERS = 2 };

struct world {
    struct mm_sim mm;
    struct knfs_sim nfs[SERVERS];
    struct mn_gpfs_node nodes[SERVERS];
    struct mn_gpfs_pool pool;
    struct mn_gpfs_config config;
    struct mn_gpfs *g;
    struct mn_share share;
    struct mn_buf location;
    struct mn_error err;
    char log[8192];
};

static void
keep_log(void *ctx, enum mn_log_level level, const char *text)
{
    struct world *w = ctx;
    size_t n = strlen(w->log);
    snprintf(w->log + n, sizeof w->log - n, "%d %s\n", (int)level, text);
}

static int
setup(void **state)
{
    struct world *w = mn_calloc(1, sizeof *w);
    mm_sim_init(&w->mm);
    for (int i = 0; i < SERVERS; i++) {
        knfs_sim_init(&w->nfs[i]);
        w->nodes[i].name = i ? "nfs2" : "nfs1";
        w->nodes[i].ex = &w->nfs[i].fake.base;
    }
    w->pool = (struct mn_gpfs_pool){"gpfs1", BASE "/"};
    w->config = (struct mn_gpfs_config){
        .export_ip = "192.0.2.7",
        .pools = &w->pool,
        .pools_n = 1,
        .nfs_server_type = MN_NFS_KNFS,
        .export_options = "sync",
        .cluster = {"gpfs1", &w->mm.fake.base},
        .nfs_servers = w->nodes,
        .nfs_servers_n = SERVERS,
        .log = {keep_log, w},
    };
    assert_int_equal(mn_gpfs_new(&w->config, &w->g, &w->err), 0);
    w->share = (struct mn_share){.id = ID, .name = "share-1", .size_gib = 5};
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    mn_gpfs_free(w->g);
    mm_sim_dispose(&w->mm);
    for (int i = 0; i < SERVERS; i++) {
        knfs_sim_dispose(&w->nfs[i]);
    }
    mn_buf_dispose(&w->location);
    mn_free(w);
    return 0;
}

static void
forget(struct world *w)
{
    fake_clear_log(&w->mm.fake);
    for (int i = 0; i < SERVERS; i++) {
        fake_clear_log(&w->nfs[i].fake);
    }
    mn_error_clear(&w->err);
    mn_buf_clear(&w->location);
    w->log[0] = '\0';
}

static int
create(struct world *w)
{
    return mn_gpfs_create_share(w->g, &w->share, &w->location, &w->err);
}

static const char *
ran(struct world *w)
{
    return mn_buf_str(&w->mm.fake.log);
}

static void
configuration(void **state)
{
    struct world *w = *state;
    struct mn_gpfs *g = NULL;
    struct mn_gpfs_config bad[9];
    const struct mn_gpfs_pool pools[] = {{"p", "gpfs0"},
                                         {"p", NULL},
                                         {"same", "/gpfs0/a"},
                                         {"same", "/gpfs0/b"}};
    static const char *const names[] = {
        "gpfs_nfs_server_list",
        "gpfs_share_export_ip",
        "gpfs_share_export_ip",
        "gpfs_mount_point_base",
        "gpfs_mount_point_base",
        "gpfs_mount_point_base",
        "gpfs_pools",
        "knfs_export_options",
        "gpfs_snapshot_dir",
    };
    for (size_t i = 0; i < 9; i++) {
        bad[i] = w->config;
    }
    bad[0].nfs_servers_n = 0;
    bad[1].export_ip = NULL;
    bad[2].export_ip = "1.2.3.4;id";
    bad[3].pools = &pools[0];
    bad[4].pools = &pools[1];
    bad[5].pools_n = 0;
    bad[6].pools = &pools[2];
    bad[6].pools_n = 2;
    bad[7].export_options = "rw,sync";
    bad[8].snapshot_dir = "../x";
    for (size_t i = 0; i < 9; i++) {
        struct mn_error err = MN_ERROR_INIT;
        assert_int_equal(mn_gpfs_new(&bad[i], &g, &err), MN_ECONFIG);
        assert_contains(err.text, names[i]);
        assert_null(g);
    }
    mn_gpfs_free(NULL);
}

static void
creates_in_one_plan(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w), 0);
    assert_string_equal(mn_buf_str(&w->location), "192.0.2.7:" PATH);
    assert_int_equal(w->mm.fake.plans, 2); /* df once, then the work */
    assert_string_equal(ran(w), "df -P " BASE "\n" BIN
                                "mmcrfileset gpfs0 share-1 -t " TAG
                                " --inode-space new\n" BIN
                                "mmlinkfileset gpfs0 share-1 -J " PATH "\n" BIN
                                "mmsetquota gpfs0:share-1 --block 5G:5G\n"
                                "chmod 777 " PATH "\n");
    struct mm_fileset *f = mm_sim_find(&w->mm, "share-1");
    assert_true(f->chmod && f->hard_kib == 5 << 20);
    /* once more: ours, so complete; the device is known */
    forget(w);
    assert_int_equal(create(w), 0);
    assert_int_equal(w->mm.fake.plans, 2);
    assert_lacks(ran(w), "df -P");
}

static void
completes_a_half_made_one(void **state)
{
    struct world *w = *state;
    mm_sim_add(&w->mm, "share-1", TAG, "", 0);
    assert_int_equal(create(w), 0);
    struct mm_fileset *f = mm_sim_find(&w->mm, "share-1");
    assert_string_equal(f->path, PATH);
    assert_true(f->chmod && f->hard_kib == 5 << 20);
}

static void
never_takes_a_strangers(void **state)
{
    struct world *w = *state;
    struct mm_fileset *f = mm_sim_add(&w->mm, "share-1", "home of x", "", 9);
    assert_int_equal(create(w), MN_EEXISTS);
    assert_contains(w->err.text, "home of x");
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, NULL), MN_EEXISTS);
    snprintf(f->comment, sizeof f->comment, "manila:another");
    forget(w);
    assert_int_equal(create(w), MN_EEXISTS);
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, NULL), MN_EEXISTS);
    assert_string_equal(f->path, "");
    assert_true(f->hard_kib == 9 << 20);
    assert_lacks(ran(w), "mmdelfileset");
    snprintf(f->comment, sizeof f->comment, TAG);
    snprintf(f->path, sizeof f->path, "/gpfs0/elsewhere");
    assert_int_equal(create(w), MN_EEXISTS);
}

static void
takes_back_what_it_made(void **state)
{
    static const char *const commands[] = {BIN "mmlinkfileset *",
                                           BIN "mmsetquota *", "chmod *"};
    struct world *w = *state;
    for (size_t i = 0; i < 3; i++) {
        w->mm.fake.answers_n = 0;
        fake_answer(&w->mm.fake, commands[i], 1, "", "no way\n");
        forget(w);
        assert_int_equal(create(w), MN_EREMOTE);
        assert_contains(w->err.text, "no way");
        assert_null(mm_sim_find(&w->mm, "share-1"));
    }
    /* what was there before stays */
    mm_sim_add(&w->mm, "share-1", TAG, "", 0);
    forget(w);
    assert_int_equal(create(w), MN_EREMOTE);
    assert_non_null(mm_sim_find(&w->mm, "share-1"));
}

static void
says_what_is_left(void **state)
{
    struct world *w = *state;
    fake_answer(&w->mm.fake, "chmod *", 1, "", "no way\n");
    fake_answer(&w->mm.fake, BIN "mmdelfileset *", 1, "", "stuck\n");
    assert_int_equal(create(w), MN_EREMOTE);
    assert_contains(w->err.text, "share-1 is left behind");
    assert_contains(w->err.text, "no way");
    assert_contains(w->log, "stuck");
}

static void
classes_of_failure(void **state)
{
    struct world *w = *state;
    fake_answer(&w->mm.fake, BIN "mmcrfileset *", 1, "",
                "Timed out waiting for lock. Try again later.\n");
    assert_int_equal(create(w), MN_EBUSY);
    assert_lacks(ran(w), "mmdelfileset");
    forget(w);
    fake_answer(&w->mm.fake, BIN "mmcrfileset *", 127, "", "not found\n");
    assert_int_equal(create(w), MN_EREMOTE);
    forget(w);
    w->mm.fake.fail = MN_ECONNECT;
    assert_int_equal(create(w), MN_ECONNECT);
    w->share.size_gib = 0;
    assert_int_equal(create(w), MN_EINVAL);
    w->share.name = "a b";
    assert_int_equal(create(w), MN_EINVAL);
}

static void
device_failure_is_not_remembered(void **state)
{
    struct world *w = *state;
    fake_answer_once(&w->mm.fake, "df *", 1, "", "df: no such\n");
    assert_int_equal(create(w), MN_EREMOTE);
    forget(w);
    fake_answer_once(&w->mm.fake, "df *", 0, "h\n/dev/mapper/x 1 1 1 1 /\n",
                     "");
    assert_int_equal(create(w), MN_ECONFIG);
    forget(w);
    assert_int_equal(create(w), 0);
}

static void
ipv6_location(void **state)
{
    struct world *w = *state;
    mn_gpfs_free(w->g);
    w->config.export_ip = "2001:db8::7";
    assert_int_equal(mn_gpfs_new(&w->config, &w->g, NULL), 0);
    assert_int_equal(create(w), 0);
    assert_string_equal(mn_buf_str(&w->location), "[2001:db8::7]:" PATH);
}

static int
allow(struct world *w, const char *to)
{
    struct mn_access_rule rule = {"id", "ip", to, "rw"};
    return mn_gpfs_allow_access(w->g, &w->share, &rule, &w->err);
}

static void
deletes(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w), 0);
    assert_int_equal(allow(w, "10.0.0.1"), 0);
    forget(w);
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), 0);
    assert_null(mm_sim_find(&w->mm, "share-1"));
    assert_int_equal(w->nfs[0].table_n + w->nfs[1].table_n, 0);
    assert_null(knfs_sim_file(&w->nfs[0], FILE_));
    assert_int_equal(w->mm.fake.plans, 2);
    assert_lacks(ran(w), "mmunlinkfileset gpfs0 share-1 -f");
    forget(w);
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), 0);
    assert_int_equal(w->mm.fake.plans, 1);
    /* in use; made by the in-tree driver, which writes no comment */
    struct mm_fileset *f = mm_sim_add(&w->mm, "share-1", "", PATH, 1);
    f->busy = true;
    forget(w);
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), 0);
    assert_contains(ran(w), "mmunlinkfileset gpfs0 share-1 -f");
    assert_null(mm_sim_find(&w->mm, "share-1"));
}

static void
delete_failures(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w), 0);
    assert_int_equal(allow(w, "10.0.0.1"), 0);
    /* somebody may still have access: nothing is deleted */
    w->nfs[1].fake.fail = MN_ECONNECT;
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err),
                     MN_ECONNECT);
    assert_non_null(mm_sim_find(&w->mm, "share-1"));
    w->nfs[1].fake.fail = MN_OK;
    forget(w);
    fake_answer(&w->mm.fake, BIN "mmdelfileset *", 127, "",
                "mmdelfileset: not found\n");
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err),
                     MN_EREMOTE);
    /* a status may mean anything: it counts what is there */
    w->mm.fake.answers_n = 0;
    forget(w);
    fake_answer(&w->mm.fake, BIN "mmdelfileset *", 2, "",
                "mmdelfileset: tsdelfileset failed.\n");
    assert_int_not_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), 0);
    assert_contains(w->err.text, "tsdelfileset failed");
    forget(w);
    fake_answer(&w->mm.fake, BIN "mmlsfileset *", 0, "", "");
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err),
                     MN_EPROTO);
}

static void
extends(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w), 0);
    forget(w);
    assert_int_equal(mn_gpfs_extend_share(w->g, &w->share, 7, &w->err), 0);
    assert_true(mm_sim_find(&w->mm, "share-1")->hard_kib == 7 << 20);
    assert_int_equal(w->mm.fake.plans, 1);
    fake_answer(&w->mm.fake, BIN "mmsetquota *", 0, "", "");
    assert_int_equal(mn_gpfs_extend_share(w->g, &w->share, 8, &w->err),
                     MN_EREMOTE);
    assert_contains(w->err.text, "7340032 KiB");
    w->mm.fake.answers_n = 0;
    w->share.name = "share-none";
    assert_int_equal(mn_gpfs_extend_share(w->g, &w->share, 8, NULL),
                     MN_ENOTFOUND);
}

static void
ensure_results_dispose(struct mn_ensure_result *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mn_buf_dispose(&r[i].location);
    }
}

static void
ensures(void **state)
{
    struct world *w = *state;
    struct mn_share shares[5];
    struct mn_ensure_result r[5];
    for (size_t i = 0; i < 5; i++) {
        shares[i] = w->share;
    }
    shares[1].name = "share-2"; /* unlinked, other quota */
    shares[2].name = "share-3"; /* missing */
    shares[3].name = "share-4"; /* another share's */
    shares[4].name = "bad name";
    assert_int_equal(create(w), 0);
    assert_int_equal(allow(w, "10.0.0.1"), 0);
    assert_int_equal(allow(w, "10.0.0.0/24"), 0);
    mm_sim_add(&w->mm, "share-2", "", "", 1);
    mm_sim_add(&w->mm, "share-4", "manila:x", BASE "/share-4", 5);
    w->nfs[1].table_n = 1;
    knfs_sim_export(&w->nfs[1], "10.6.6.6", PATH, "rw");
    forget(w);
    assert_int_equal(mn_gpfs_ensure_shares(w->g, shares, 5, r, &w->err), 0);
    assert_int_equal(r[0].code, 0);
    assert_true(r[0].repaired && !r[0].reapply_access);
    assert_string_equal(mn_buf_str(&r[0].location), "192.0.2.7:" PATH);
    assert_int_equal(w->nfs[1].table_n, 2);
    assert_null(knfs_sim_options(&w->nfs[1], "10.6.6.6", PATH));
    assert_int_equal(r[1].code, 0);
    assert_true(r[1].repaired && r[1].reapply_access);
    assert_string_equal(mm_sim_find(&w->mm, "share-2")->path, BASE "/share-2");
    assert_true(mm_sim_find(&w->mm, "share-2")->hard_kib == 5 << 20);
    assert_int_equal(r[2].code, MN_ENOTFOUND);
    assert_int_equal(r[3].code, MN_EEXISTS);
    assert_int_equal(r[4].code, MN_EINVAL);
    assert_int_equal(w->mm.fake.plans, 2);
    assert_int_equal(w->nfs[0].fake.plans, 1);
    assert_int_equal(w->nfs[1].fake.plans, 2);
    ensure_results_dispose(r, 5);
    /* again: nothing to do for the first */
    forget(w);
    assert_int_equal(mn_gpfs_ensure_shares(w->g, shares, 1, r, &w->err), 0);
    assert_true(!r[0].code && !r[0].repaired && !r[0].reapply_access);
    assert_int_equal(
        w->mm.fake.plans + w->nfs[0].fake.plans + w->nfs[1].fake.plans, 3);
    ensure_results_dispose(r, 1);
}

static void
ensure_leaves_rules_to_manila(void **state)
{
    struct world *w = *state;
    struct mn_ensure_result r;
    assert_int_equal(create(w), 0);
    assert_int_equal(allow(w, "10.0.0.1"), 0);
    char *good = mn_strdup(knfs_sim_file(&w->nfs[0], FILE_));
    static const char *const contents[] = {NULL, "# other\n", "junk\n"};
    for (size_t i = 0; i < 3; i++) {
        knfs_sim_set_file(&w->nfs[1], FILE_, contents[i]);
        assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, NULL),
                         0);
        assert_true(!r.code && r.reapply_access);
        ensure_results_dispose(&r, 1);
    }
    knfs_sim_set_file(&w->nfs[1], FILE_, good);
    /* other options than the file was made with */
    w->share.export_options = "insecure";
    assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, NULL), 0);
    assert_true(r.reapply_access);
    ensure_results_dispose(&r, 1);
    w->share.export_options = NULL;
    /* a server that is down is left out */
    w->nfs[1].fake.fail = MN_ECONNECT;
    forget(w);
    assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, NULL), 0);
    assert_true(!r.code && !r.reapply_access);
    assert_contains(w->log, "nfs2 were not checked");
    ensure_results_dispose(&r, 1);
    w->mm.fake.fail = MN_ECONNECT;
    assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, NULL),
                     MN_ECONNECT);
    ensure_results_dispose(&r, 1);
    mn_free(good);
}

static void
ensure_failures_are_per_share(void **state)
{
    struct world *w = *state;
    struct mn_ensure_result r;
    assert_int_equal(create(w), 0);
    assert_int_equal(allow(w, "10.0.0.1"), 0);
    w->nfs[0].table_n = 0;
    w->nfs[0].refuse_export = "10.0.0.1";
    assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, NULL), 0);
    assert_int_equal(r.code, MN_EREMOTE);
    assert_contains(r.err.text, "nfs1");
    ensure_results_dispose(&r, 1);
    mm_sim_find(&w->mm, "share-1")->path[0] = '\0';
    fake_answer(&w->mm.fake, BIN "mmlinkfileset *", 1, "", "not a dir\n");
    fake_answer(&w->mm.fake, BIN "mmrepquota *", 22, "", "no quota\n");
    forget(w);
    assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, NULL), 0);
    assert_int_equal(r.code, MN_EREMOTE);
    assert_contains(r.err.text, "not a dir");
    assert_contains(w->log, "quotas of the shares were not checked");
    ensure_results_dispose(&r, 1);
}

static void
check_says_what_to_do(void **state)
{
    static const struct {
        int server; /* 0: the cluster */
        const char *pattern;
        int status;
        const char *out;
        const char *expect;
    } cases[] = {
        {0, BIN "mmgetstate *", 127, "", "is GPFS installed"},
        {0, BIN "mmgetstate *", 0,
         "mmgetstate::HEADER:version:reserved:reserved:state:\n"
         "mmgetstate::0:1:::down:\n",
         "mmstartup"},
        {0, BIN "mmgetstate *", 0, "", "printed no table"},
        {0, "stat *", 1, "", "existing directory"},
        {0, "stat *", 0, "regular file\n", "not a directory"},
        {0, BIN "mmlsattr *", 1, "", "must be on GPFS"},
        {0, BIN "mmlsfs *", 0,
         "mmlsfs::HEADER:version:reserved:reserved:deviceName:fieldName:data:"
         "\nmmlsfs::0:1:::gpfs0:quotasEnforced:none:\n",
         "mmchfs gpfs0 -Q yes"},
        {1, "exportfs -s", 127, "", "nfs-utils"},
        {2, "mkdir *", 1, "", "write to /etc/exports.d/"},
        {1, "cmp *", 127, "", "diffutils"},
        {2, "stat *", 1, "", "mount the GPFS file system"},
    };
    struct world *w = *state;
    assert_int_equal(mn_gpfs_check(w->g, &w->err), 0);
    assert_string_equal(w->log, "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *f =
            cases[i].server ? &w->nfs[cases[i].server - 1].fake : &w->mm.fake;
        forget(w);
        fake_answer(f, cases[i].pattern, cases[i].status, cases[i].out,
                    "oops\n");
        assert_int_not_equal(mn_gpfs_check(w->g, &w->err), 0);
        assert_contains(w->err.text, cases[i].expect);
        f->answers_n = 0;
    }
    forget(w);
    w->nfs[0].fake.fail = MN_EHOSTKEY;
    w->nfs[1].fake.fail = MN_ECONNECT;
    assert_int_equal(mn_gpfs_check(w->g, &w->err), MN_EHOSTKEY);
    assert_contains(w->err.text, "nfs1");
    assert_contains(w->log, "NFS server nfs2: ");
}

static void
stats_and_info(void **state)
{
    struct world *w = *state;
    struct mn_gpfs_stats stats;
    struct mn_buf info = MN_BUF_INIT;
    assert_int_equal(mn_gpfs_stats(w->g, &stats, &w->err), 0);
    assert_true(stats.total_bytes == 1000 && stats.free_bytes == 600);
    assert_string_equal(ran(w), "df -P -B 1 " BASE "\n");
    assert_int_equal(mn_gpfs_backend_info(w->g, &info, &w->err), 0);
    assert_string_equal(mn_buf_str(&info),
                        "type=KNFS;export_ip=192.0.2.7;pools=gpfs1:" BASE
                        ";options=sync,no_subtree_check;snapshots=.snapshots;"
                        "servers=nfs1,nfs2");
    assert_int_equal(w->mm.fake.plans, 1); /* it asked nobody */
    mn_buf_dispose(&info);
}

/* From an empty world through every call. */
static int
scenario(void *ctx)
{
    struct world *w = ctx;
    struct mn_gpfs *g = NULL;
    struct mn_ensure_result r = {0};
    for (int i = 0; i < SERVERS; i++) {
        knfs_sim_set_file(&w->nfs[i], FILE_, NULL);
        w->nfs[i].table_n = 0;
    }
    mm_sim_clear(&w->mm);
    mm_sim_add(&w->mm, "share-1", TAG, "", 0);
    forget(w);
    mn_buf_dispose(&w->location);
    int rc = mn_gpfs_new(&w->config, &g, &w->err);
    rc = rc ? rc : mn_gpfs_check(g, &w->err);
    rc = rc ? rc : mn_gpfs_create_share(g, &w->share, &w->location, &w->err);
    rc = rc ? rc : mn_gpfs_extend_share(g, &w->share, 6, &w->err);
    struct mn_access_rule rule = {"id", "ip", "10.0.0.1", "rw"};
    rc = rc ? rc : mn_gpfs_allow_access(g, &w->share, &rule, &w->err);
    w->nfs[0].table_n = 0;
    rc = rc ? rc : mn_gpfs_ensure_shares(g, &w->share, 1, &r, &w->err);
    rc = rc ? rc : (int)r.code;
    if (!rc && (r.reapply_access || !r.repaired)) {
        rc = MN_EINTERNAL;
    }
    rc = rc ? rc : mn_gpfs_delete_share(g, &w->share, &w->err);
    mn_buf_dispose(&r.location);
    mn_gpfs_free(g);
    return rc;
}

static void
torture(void **state)
{
    struct world *w = *state;
    TORTURE(scenario, w);
    assert_null(mm_sim_find(&w->mm, "share-1"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(configuration),
        T(creates_in_one_plan),
        T(completes_a_half_made_one),
        T(never_takes_a_strangers),
        T(takes_back_what_it_made),
        T(says_what_is_left),
        T(classes_of_failure),
        T(device_failure_is_not_remembered),
        T(ipv6_location),
        T(deletes),
        T(delete_failures),
        T(extends),
        T(ensures),
        T(ensure_leaves_rules_to_manila),
        T(ensure_failures_are_per_share),
        T(check_says_what_to_do),
        T(stats_and_info),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/shares", tests, NULL, NULL);
}
