/* SPDX-License-Identifier: Apache-2.0 */
/* Pools, sizes, many shares, and filesets that were there before. */
#include "gpfs_world.h"

#include "core/clock.h"

static void
pools(void **state)
{
    struct world *w = *state;
    w->share.pool = "slow";
    assert_int_equal(
        mn_gpfs_create_share(w->g, &w->share, &w->location, &w->err), 0);
    assert_string_equal(mn_buf_str(&w->location),
                        "192.0.2.7:/gpfs1/manila/share-1");
    assert_contains(ran(w),
                    "df -P /gpfs1/manila\n" BIN "mmcrfileset gpfs1 share-1 ");
    assert_lacks(ran(w), "df -P " BASE);
    w->share.pool = "medium";
    forget(w);
    assert_int_equal(
        mn_gpfs_create_share(w->g, &w->share, &w->location, &w->err),
        MN_ECONFIG);
    assert_contains(w->err.text, "medium");
    assert_contains(w->err.text, "gpfs_pools");
    assert_int_equal(w->mm.fake.plans, 0);
    /* one pool: whatever Manila calls it */
    mn_gpfs_free(w->g);
    w->config.pools_n = 1;
    assert_int_equal(world_new(w, &w->g, NULL), 0);
    mm_sim_clear(&w->mm);
    assert_int_equal(mn_gpfs_create_share(w->g, &w->share, &w->location, NULL),
                     0);
    assert_contains(ran(w), "mmcrfileset gpfs0 share-1 ");
}

/* A pool may have a former name beside its own. */
static void
pools_with_one_base(void **state)
{
    struct world *w = *state;
    struct mn_share v[2] = {w->share, w->share};
    struct mn_ensure_result r[2];
    mn_gpfs_free(w->g);
    w->pools[1].base = BASE;
    assert_int_equal(world_new(w, &w->g, NULL), 0);
    w->share.pool = v[0].pool = "fast";
    v[1].pool = "slow";
    assert_int_equal(
        mn_gpfs_create_share(w->g, &w->share, &w->location, &w->err), 0);
    assert_int_equal(mn_gpfs_ensure_shares(w->g, v, 2, r, &w->err), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(r[i].code, 0);
        mn_buf_dispose(&r[i].location);
    }
}

static void
stats_of_pools(void **state)
{
    struct world *w = *state;
    struct mn_gpfs_stats st[2];
    assert_int_equal(mn_gpfs_stats(w->g, st, &w->err), 0);
    assert_true(st[0].total_bytes == 1000 && st[1].free_bytes == 600);
    assert_int_equal(w->mm.fake.plans, 1);
    fake_answer(&w->mm.fake, "df * /gpfs1/*", 1, "", "df: gone\n");
    assert_int_equal(mn_gpfs_stats(w->g, st, &w->err), 0);
    assert_true(st[0].total_bytes == 1000 && st[1].total_bytes == 0);
    assert_contains(w->log, "pool slow has no statistics: ");
    /* what is below the mount point of a file system that is not mounted */
    w->mm.fake.answers_n = 0;
    assert_int_equal(mn_gpfs_check(w->g, &w->err), 0);
    fake_answer(&w->mm.fake, "df * /gpfs1/*", 0,
                "h\n/dev/sda1 9000 1 8999 1% /\n", "");
    forget(w);
    assert_int_equal(mn_gpfs_stats(w->g, st, &w->err), 0);
    assert_true(st[0].total_bytes == 1000 && st[1].total_bytes == 0);
    assert_contains(w->log, "gpfs1 is not mounted at /gpfs1/manila on gpfs1");
    fake_answer(&w->mm.fake, "df *", 1, "", "df: all gone\n");
    assert_int_equal(mn_gpfs_stats(w->g, st, &w->err), MN_EREMOTE);
    assert_contains(w->err.text, "all gone");
}

static void
paths_of_managed_shares(void **state)
{
    struct world *w = *state;
    struct mn_ensure_result r;
    struct mn_job_state st;
    const struct mn_access_rule rule = {"a", "ip", "10.0.0.1", "rw"};
    w->share.path = "/gpfs0/home/x/";
    mm_sim_add(&w->mm, "share-1", TAG " x", "", 5);
    assert_int_equal(mn_gpfs_ensure_shares(w->g, &w->share, 1, &r, &w->err),
                     0);
    assert_int_equal(r.code, 0);
    assert_string_equal(mm_sim_find(&w->mm, "share-1")->path, "/gpfs0/home/x");
    assert_string_equal(mn_buf_str(&r.location), "192.0.2.7:/gpfs0/home/x");
    assert_contains(w->helper.log, "ensure 1 /gpfs0/home/x ..");
    mn_buf_dispose(&r.location);
    assert_int_equal(mn_gpfs_allow_access(w->g, &w->share, &rule, NULL), 0);
    assert_int_equal(mn_gpfs_deny_access(w->g, &w->share, &rule, NULL), 0);
    assert_contains(w->helper.log, "rule /gpfs0/home/x 10.0.0.1\n");
    assert_int_equal(
        mn_gpfs_share_status(w->g, &w->share, &st, &w->location, NULL), 0);
    assert_string_equal(mn_buf_str(&w->location), "192.0.2.7:/gpfs0/home/x");
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), 0);
    assert_null(mm_sim_find(&w->mm, "share-1"));
    w->share.path = "/gpfs0/../etc";
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err),
                     MN_EINVAL);
}

/* ---- sizes ---- */

static int
shrink(struct world *w, uint64_t gib)
{
    forget(w);
    return mn_gpfs_shrink_share(w->g, &w->share, gib, &w->err);
}

static void
shrinks(void **state)
{
    struct world *w = *state;
    struct mm_fileset *f = mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    f->usage_kib = 2 << 20;
    assert_int_equal(shrink(w, 3), 0);
    assert_true(f->hard_kib == 3 << 20 && f->soft_kib == 3 << 20);
    assert_int_equal(shrink(w, 1), MN_ENOSPACE);
    assert_lacks(ran(w), "mmsetquota");
    assert_int_equal(w->mm.fake.plans, 1);
    assert_int_equal(shrink(w, 2), 0);
    /* what nodes may have used already counts */
    f->doubt_kib = 1;
    assert_int_equal(shrink(w, 2), MN_ENOSPACE);
    assert_contains(w->err.text, "2097153 KiB");
    /* it grows meanwhile */
    f->soft_kib = 4 << 20;
    f->hard_kib = 5 << 20;
    w->mm.grows_kib = 4 << 20;
    assert_int_equal(shrink(w, 3), MN_ENOSPACE);
    assert_true(f->hard_kib == 5 << 20 && f->soft_kib == 4 << 20);
    assert_int_equal(w->mm.fake.plans, 3);
    w->mm.grows_kib = 4 << 20;
    f->usage_kib = 1;
    fake_answer(&w->mm.fake, BIN "mmsetquota * *K:*K", 1, "", "stuck\n");
    assert_int_equal(shrink(w, 3), MN_ENOSPACE);
    assert_contains(w->err.text, "old quota could not be set");
    assert_contains(w->log, "stuck");
    assert_int_equal(shrink(w, 0), MN_EINVAL);
    w->share.name = "share-none";
    assert_int_equal(shrink(w, 1), MN_ENOTFOUND);
}

static void
usage(void **state)
{
    struct world *w = *state;
    struct mn_share v[4] = {w->share, w->share, w->share, w->share};
    uint64_t used[4];
    v[1].name = "share-2";
    v[1].pool = "slow";
    v[2].name = "share-none";
    v[3].pool = "unknown";
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5)->usage_kib = 3;
    struct mm_fileset *f = mm_sim_add(&w->mm, "share-2", TAG, "", 5);
    snprintf(f->device, sizeof f->device, "gpfs1");
    assert_int_equal(mn_gpfs_usage(w->g, v, 4, used, &w->err), 0);
    assert_true(used[0] == 3 << 10 && used[1] == 7 << 10);
    assert_true(used[2] == UINT64_MAX && used[3] == UINT64_MAX);
    assert_string_equal(ran(w), "df -P " BASE "\ndf -P /gpfs1/manila\n" BIN
                                "mmrepquota -j -Y gpfs0\n" BIN
                                "mmrepquota -j -Y gpfs1\n");
    assert_int_equal(w->mm.fake.plans, 2);
    fake_answer(&w->mm.fake, BIN "mmrepquota * gpfs1", 1, "", "down\n");
    assert_int_equal(mn_gpfs_usage(w->g, v, 4, used, &w->err), 0);
    assert_true(used[0] == 3 << 10 && used[1] == UINT64_MAX);
    assert_contains(w->log, "pool slow: ");
    fake_answer(&w->mm.fake, BIN "mmrepquota *", 1, "", "down\n");
    assert_int_equal(mn_gpfs_usage(w->g, v, 4, used, &w->err), MN_EREMOTE);
}

/* ---- many ---- */

static void
pools_fail_one_by_one(void **state)
{
    struct world *w = *state;
    struct mn_share v[2] = {w->share, w->share};
    struct mn_ensure_result r[2];
    v[1].pool = "slow";
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    fake_answer(&w->mm.fake, "df -P /gpfs1/*", 1, "", "df: not there\n");
    assert_int_equal(mn_gpfs_ensure_shares(w->g, v, 2, r, &w->err), 0);
    assert_int_equal(r[0].code, 0);
    assert_int_equal(r[1].code, MN_EREMOTE);
    assert_contains(r[1].err.text, "not there");
    mn_buf_dispose(&r[0].location);
    mn_buf_dispose(&r[1].location);
    w->mm.fake.answers_n = 0;
    fake_answer(&w->mm.fake, BIN "mmlsfileset gpfs1 *", 1, "", "down\n");
    w->helper.share_fails = MN_EREMOTE;
    assert_int_equal(mn_gpfs_ensure_shares(w->g, v, 2, r, &w->err), 0);
    assert_int_equal(r[0].code, MN_EREMOTE);
    assert_contains(r[0].err.text, "no export");
    assert_true(r[0].reapply_access);
    assert_contains(r[1].err.text, "down");
    mn_buf_dispose(&r[0].location);
    mn_buf_dispose(&r[1].location);
}

enum { MANY = 10000, BROKEN = 150 };

/* Ten thousand shares, of which some lost link and quota. */
static void
ten_thousand(void **state)
{
    struct world *w = *state;
    struct mn_share *v = mn_calloc(MANY, sizeof *v);
    struct mn_ensure_result *r = mn_calloc(MANY, sizeof *r);
    char(*text)[2][40] = mn_calloc(MANY, sizeof *text);
    uint64_t *used = mn_calloc(MANY, sizeof *used);
    for (size_t i = 0; i < MANY; i++) {
        char tag[64];
        char path[64];
        snprintf(text[i][0], 40, "share-%05zu", i);
        snprintf(text[i][1], 40, "%05zu-0d7df0c0", i);
        snprintf(tag, sizeof tag, "manila:%s", text[i][1]);
        snprintf(path, sizeof path, BASE "/%s", text[i][0]);
        bool broken = i % (MANY / BROKEN) == 0;
        mm_sim_add(&w->mm, text[i][0], tag, broken ? "" : path,
                   broken ? 1 : 2);
        v[i] = (struct mn_share){
            .id = text[i][1], .name = text[i][0], .size_gib = 2};
    }
    int64_t began = mn_clock_ms();
    assert_int_equal(mn_gpfs_ensure_shares(w->g, v, MANY, r, &w->err), 0);
    int64_t all = mn_clock_ms() - began;
    size_t repaired = 0;
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(r[i].code, 0);
        repaired += r[i].repaired;
        mn_buf_dispose(&r[i].location);
    }
    assert_int_equal(repaired, (MANY - 1) / (MANY / BROKEN) + 1);
    /* df, the listings, 2 * 152 repairs by 64 */
    assert_true(w->mm.fake.plans <= 2 + 2 * (BROKEN + 2) / 64 + 1);
    forget(w);
    began = mn_clock_ms();
    assert_int_equal(mn_gpfs_usage(w->g, v, MANY, used, &w->err), 0);
    print_message("%d shares: ensured in %d ms, usage in %d ms\n", MANY,
                  (int)all, (int)(mn_clock_ms() - began));
    assert_int_equal(used[MANY - 1], 7 << 10);
    assert_true(all < 10000);
    mn_free(v);
    mn_free(r);
    mn_free(text);
    mn_free(used);
}

/* ---- set-up check ---- */

static void
check(void **state)
{
    struct world *w = *state;
    assert_int_equal(mn_gpfs_check(w->g, &w->err), 0);
    assert_string_equal(w->log, "");
    assert_string_equal(w->helper.log, "check\n");
    assert_contains(ran(w),
                    BIN "mmlsfs gpfs0 -Q -Y\n" BIN "mmlsfs gpfs1 -Q -Y\n");
    w->mm.root_quota = "no";
    assert_int_equal(mn_gpfs_check(w->g, &w->err), 0);
    assert_contains(w->log, "2 enforceFilesetQuotaOnRoot is not 'yes'");
    fake_answer(&w->mm.fake, BIN "mmlsconfig *", 1, "", "Incorrect\n");
    forget(w);
    assert_int_equal(mn_gpfs_check(w->g, &w->err), 0);
    assert_contains(w->log, "mmchconfig enforceFilesetQuotaOnRoot=yes -i");
    fake_answer(&w->mm.fake, BIN "mmlsfs gpfs1 *", 0,
                "mmlsfs::HEADER:version:reserved:reserved:deviceName:"
                "fieldName:data:\nmmlsfs::0:1:::gpfs1:quotasEnforced:none:\n",
                "");
    forget(w);
    assert_int_equal(mn_gpfs_check(w->g, &w->err), MN_ECONFIG);
    assert_contains(w->err.text, "mmchfs gpfs1 -Q yes");
    w->mm.fake.answers_n = 0;
    fake_answer(&w->mm.fake, "stat * /gpfs1/manila", 1, "", "none\n");
    w->helper.fail = MN_EHOSTKEY;
    forget(w);
    assert_int_equal(mn_gpfs_check(w->g, &w->err), MN_ECONFIG);
    assert_contains(w->err.text, "set gpfs_pools to an existing directory");
    assert_string_equal(w->helper.log, "check\n");
    w->mm.fake.answers_n = 0;
    forget(w);
    assert_int_equal(mn_gpfs_check(w->g, &w->err), MN_EHOSTKEY);
    w->mm.fake.fail = MN_ECONNECT;
    forget(w);
    assert_int_equal(mn_gpfs_check(w->g, &w->err), MN_ECONNECT);
    assert_contains(w->err.text, "GPFS node gpfs1: ");
}

/* ---- manage ---- */

static int
manage(struct world *w, const char *location, uint64_t *gib)
{
    forget(w);
    return mn_gpfs_manage_share(w->g, &w->share, location, gib, &w->location,
                                &w->err);
}

static void
manages(void **state)
{
    struct world *w = *state;
    uint64_t gib = 0;
    struct mm_fileset *f =
        mm_sim_add(&w->mm, "home", "of: all - users", "/gpfs0/home", 0);
    f->soft_kib = 0;
    f->hard_kib = (3 << 20) + 1;
    w->helper.has_clients = true;
    assert_int_equal(manage(w, "192.0.2.7:/gpfs0/home/", &gib), 0);
    assert_string_equal(f->name, "share-1");
    assert_string_equal(f->comment, TAG " home of: all - users");
    assert_string_equal(f->path, "/gpfs0/home");
    assert_int_equal(gib, 4);
    assert_true(f->hard_kib == 4 << 20 && f->soft_kib == 4 << 20);
    assert_string_equal(mn_buf_str(&w->location), "192.0.2.7:/gpfs0/home");
    assert_lacks(ran(w), "mmunlinkfileset");
    assert_contains(w->log, "/gpfs0/home has NFS clients");
    assert_string_equal(w->helper.log, "has /gpfs0/home\n");
    /* once more */
    assert_int_equal(manage(w, "[2001:db8::7]:/gpfs0/home", &gib), 0);
    assert_lacks(ran(w), "mmchfileset");
    assert_lacks(ran(w), "mmsetquota");
    assert_int_equal(gib, 4);
    /* and back */
    forget(w);
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err), 0);
    assert_string_equal(f->name, "home");
    assert_string_equal(f->comment, "of: all - users");
    assert_string_equal(f->path, "/gpfs0/home");
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err), 0);
}

static void
manages_without_a_limit(void **state)
{
    struct world *w = *state;
    uint64_t gib = 0;
    struct mm_fileset *f = mm_sim_add(&w->mm, "home", "", "/gpfs0/home", 0);
    f->usage_kib = (2 << 20) + 5;
    assert_int_equal(manage(w, "2001:db8::7:/gpfs0/home", &gib), 0);
    assert_int_equal(gib, 3);
    assert_true(f->hard_kib == 3 << 20);
    assert_string_equal(f->comment, TAG " home");
    /* the former name is taken meanwhile: only the tag goes */
    mm_sim_add(&w->mm, "home", "", "", 1);
    forget(w);
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err), 0);
    f = mm_sim_find(&w->mm, "share-1");
    assert_string_equal(f->comment, "unmanaged from Manila");
    /* empty: one GiB, the least */
    f->hard_kib = f->soft_kib = f->usage_kib = 0;
    assert_int_equal(manage(w, "h:/gpfs0/home", &gib), 0);
    assert_int_equal(gib, 1);
}

static void
long_comments(void **state)
{
    struct world *w = *state;
    uint64_t gib = 0;
    char name[256];
    char comment[256];
    memset(name, 'n', 230);
    memset(comment, 'c', 250);
    name[230] = comment[250] = '\0';
    struct mm_fileset *f = mm_sim_add(&w->mm, "home", comment, "/gpfs0/h", 1);
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), 0);
    assert_string_equal(f->comment, TAG " home");
    assert_contains(w->log, comment); /* for people */
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err), 0);
    assert_string_equal(f->name, "home");
    mm_sim_clear(&w->mm);
    f = mm_sim_add(&w->mm, name, "", "/gpfs0/h", 1);
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), 0);
    assert_string_equal(f->comment, TAG);
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err), 0);
    assert_string_equal(f->name, "share-1");
    /* a comment alone would be taken for a name */
    mm_sim_clear(&w->mm);
    f = mm_sim_add(&w->mm, name, "of all", "/gpfs0/h", 1);
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), 0);
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err), 0);
    assert_string_equal(f->name, "share-1");
}

static void
refuses_to_manage(void **state)
{
    struct world *w = *state;
    uint64_t gib = 0;
    struct mm_fileset *f = mm_sim_add(&w->mm, "home", "", "/gpfs0/home", 1);
    assert_int_equal(manage(w, "/gpfs0/home", &gib), MN_EINVAL);
    assert_int_equal(manage(w, "10.0.0.1", &gib), MN_EINVAL);
    assert_int_equal(manage(w, NULL, &gib), MN_EINVAL);
    assert_int_equal(manage(w, "h:/gpfs0/../x", &gib), MN_EINVAL);
    assert_int_equal(manage(w, "h:/gpfs0/other", &gib), MN_EINVAL);
    assert_contains(w->err.text, "no fileset is linked there");
    f->dependent = true;
    assert_int_equal(manage(w, "h:/gpfs0/home", &gib), MN_EINVAL);
    assert_contains(w->err.text, "dependent");
    f->dependent = false;
    snprintf(f->comment, sizeof f->comment, "manila:" ID2);
    assert_int_equal(manage(w, "h:/gpfs0/home", &gib), MN_EINVAL);
    assert_contains(w->err.text, "another share's");
    snprintf(f->comment, sizeof f->comment, TAG "0");
    assert_int_equal(manage(w, "h:/gpfs0/home", &gib), MN_EINVAL);
    f->comment[0] = '\0';
    snprintf(f->path, sizeof f->path, BASE);
    assert_int_equal(manage(w, "h:" BASE, &gib), MN_EINVAL);
    assert_contains(w->err.text, "the shares of pool fast are in it");
    snprintf(f->path, sizeof f->path, "/gpfs1");
    assert_int_equal(manage(w, "h:/gpfs1", &gib), MN_EINVAL);
    assert_contains(w->err.text, "the shares of pool slow are in it");
    snprintf(f->path, sizeof f->path, "/gpfs0/home");
    snprintf(f->name, sizeof f->name, "root");
    assert_int_equal(manage(w, "h:/gpfs0/home", &gib), MN_EINVAL);
    assert_contains(w->err.text, "root of the file system");
    assert_lacks(ran(w), "mmchfileset");
    snprintf(f->name, sizeof f->name, "share-1");
    snprintf(f->comment, sizeof f->comment, "manila:" ID2);
    assert_int_equal(mn_gpfs_unmanage_share(w->g, &w->share, &w->err),
                     MN_EEXISTS);
}

static void
manage_takes_back(void **state)
{
    struct world *w = *state;
    uint64_t gib = 0;
    struct mm_fileset *f = mm_sim_add(&w->mm, "home", "mine", "/gpfs0/h", 0);
    f->hard_kib = 5;
    f->soft_kib = 4;
    fake_answer(&w->mm.fake, BIN "mmsetquota * 1G:1G", 1, "", "no way\n");
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), MN_EREMOTE);
    assert_string_equal(f->name, "home");
    assert_string_equal(f->comment, "mine");
    assert_true(f->hard_kib == 5 && f->soft_kib == 4);
    w->mm.fake.answers_n = 0;
    fake_answer(&w->mm.fake, BIN "mmlsquota *", 1, "", "no way\n");
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), MN_EREMOTE);
    assert_string_equal(f->name, "home");
    /* the name is taken */
    mm_sim_add(&w->mm, "share-1", "", "", 1);
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), MN_EEXISTS);
    assert_string_equal(f->comment, "mine");
    mm_sim_find(&w->mm, "share-1")->name[0] = '\0';
    fake_answer(&w->mm.fake, BIN "mmchfileset * home *", 1, "", "stuck\n");
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), MN_EREMOTE);
    w->mm.fake.answers_n = 1;
    fake_answer(&w->mm.fake, BIN "mmchfileset gpfs0 share-1 *", 1, "",
                "stuck\n");
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), MN_EREMOTE);
    assert_contains(w->err.text, "left tagged");
    assert_contains(w->log, "stuck");
    /* who asks for clients gets no answer: only a warning */
    w->mm.fake.answers_n = 0;
    w->helper.fail = MN_ECONNECT;
    assert_int_equal(manage(w, "h:/gpfs0/h", &gib), 0);
    assert_contains(w->log, "could not be asked");
}

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    struct mn_gpfs *g = NULL;
    struct mn_gpfs_stats st[2];
    struct mn_ensure_result r[2] = {{0}, {0}};
    struct mn_share v[2] = {w->share, w->share};
    uint64_t n[2];
    struct mn_buf info = MN_BUF_INIT;
    mm_sim_clear(&w->mm);
    forget(w);
    mn_buf_dispose(&w->location);
    mm_sim_add(&w->mm, "home", "mine", "/gpfs0/h", 0);
    struct mm_fileset *f = mm_sim_add(&w->mm, "share-2", "", "", 1);
    snprintf(f->device, sizeof f->device, "gpfs1");
    v[0].path = "/gpfs0/h";
    v[1].name = "share-2";
    v[1].pool = "slow";
    int rc = world_new(w, &g, &w->err);
    rc = rc ? rc : mn_gpfs_check(g, &w->err);
    rc = rc ? rc : mn_gpfs_stats(g, st, &w->err);
    rc = rc ? rc : mn_gpfs_backend_info(g, &info, &w->err);
    rc = rc ? rc
            : mn_gpfs_manage_share(g, &v[0], "h:/gpfs0/h", &n[0], &w->location,
                                   &w->err);
    rc = rc ? rc : mn_gpfs_ensure_shares(g, v, 2, r, &w->err);
    rc = rc ? rc : (int)r[0].code;
    rc = rc ? rc : (int)r[1].code;
    rc = rc ? rc : mn_gpfs_usage(g, v, 2, n, &w->err);
    rc = rc ? rc : mn_gpfs_shrink_share(g, &v[1], 1, &w->err);
    rc = rc ? rc : mn_gpfs_unmanage_share(g, &v[0], &w->err);
    mn_buf_dispose(&info);
    mn_buf_dispose(&r[0].location);
    mn_buf_dispose(&r[1].location);
    mn_gpfs_free(g);
    return rc;
}

static void
torture(void **state)
{
    struct world *w = *state;
    TORTURE(scenario, w);
    assert_non_null(mm_sim_find(&w->mm, "home"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(pools),
        T(pools_with_one_base),
        T(stats_of_pools),
        T(paths_of_managed_shares),
        T(shrinks),
        T(usage),
        T(pools_fail_one_by_one),
        T(ten_thousand),
        T(check),
        T(manages),
        T(manages_without_a_limit),
        T(long_comments),
        T(refuses_to_manage),
        T(manage_takes_back),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/pools", tests, NULL, NULL);
}
