/* SPDX-License-Identifier: Apache-2.0 */
/* Long jobs as the driver sees them; what they do is in test_gpfs_jobs.c. */
#include "gpfs_world.h"

static int
create(struct world *w)
{
    forget(w);
    return mn_gpfs_create_share_from_snapshot(w->g, &w->share, &w->snapshot,
                                              &w->location, &w->err);
}

static int
status(struct world *w, struct mn_job_state *st)
{
    forget(w);
    *st = (struct mn_job_state){0};
    return mn_gpfs_share_status(w->g, &w->share, st, &w->location, &w->err);
}

/* share-0 on the other file system, with a snapshot. */
static void
make_source(struct world *w)
{
    struct mm_fileset *f =
        mm_sim_add(&w->mm, "share-0", "", "/gpfs1/manila/share-0", 5);
    snprintf(f->device, sizeof f->device, "gpfs1");
    f->usage_kib = 1000;
    mm_sim_add_snapshot(&w->mm, "share-0", "snap-1", "Valid");
    w->snapshot.share.name = "share-0";
    w->snapshot.share.id = ID2;
    w->snapshot.share.pool = "slow";
    w->share.pool = "fast";
}

static void
copies(void **state)
{
    struct world *w = *state;
    struct mn_job_state st;
    make_source(w);
    assert_int_equal(create(w), 0);
    assert_string_equal(mn_buf_str(&w->location), "192.0.2.7:" PATH);
    assert_int_equal(w->mm.fake.plans, 4); /* two of them df */
    struct mm_job *job = mm_sim_job(&w->mm, ID);
    assert_non_null(job);
    assert_string_equal(job->dir, JOBS);
    assert_string_equal(job->spec,
                        "copy /usr/lpp/mmfs/bin 2 60 5 gpfs1   "
                        "/gpfs1/manila/share-0/.snapshots/snap-1 " PATH
                        " .snapshots 1000");
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_COPYING);
    assert_int_equal(st.percent, 0);
    assert_int_equal(w->mm.fake.plans, 1);
    mm_sim_find(&w->mm, "share-1")->usage_kib = 420;
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.percent, 42);
    mm_sim_find(&w->mm, "share-1")->usage_kib = 2000;
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.percent, 99);
    job->state = "done";
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_DONE);
    assert_int_equal(st.percent, 100);
    assert_string_equal(mn_buf_str(&w->location), "192.0.2.7:" PATH);
    assert_null(mm_sim_job(&w->mm, ID));
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_NONE);
}

static void
completes_a_half_made_one(void **state)
{
    struct world *w = *state;
    make_source(w);
    mm_sim_add(&w->mm, "share-1", TAG, "", 0);
    assert_int_equal(create(w), 0);
    assert_non_null(mm_sim_job(&w->mm, ID));
    assert_string_equal(mm_sim_find(&w->mm, "share-1")->path, PATH);
}

static void
needs_a_valid_snapshot(void **state)
{
    struct world *w = *state;
    make_source(w);
    w->snapshot.name = "other";
    assert_int_equal(create(w), MN_ENOTFOUND);
    assert_null(mm_sim_find(&w->mm, "share-1"));
    mm_sim_add_snapshot(&w->mm, "share-0", "other", "DeleteRequired");
    assert_int_equal(create(w), MN_EBUSY);
    assert_null(mm_sim_find(&w->mm, "share-1"));
}

static void
takes_back_what_it_made(void **state)
{
    struct world *w = *state;
    make_source(w);
    fake_answer(&w->mm.fake, "sh -c *", 1, "",
                "mktemp: No space left on device\n");
    assert_int_equal(create(w), MN_ENOSPACE);
    assert_null(mm_sim_find(&w->mm, "share-1"));
    assert_contains(ran(w), "test -e " JOBS "/job\n");
}

static void
failures(void **state)
{
    struct world *w = *state;
    struct mn_job_state st;
    make_source(w);
    assert_int_equal(create(w), 0);
    struct mm_job *job = mm_sim_job(&w->mm, ID);
    job->state = "failed\ncode 11\ntext rsync: write failed: No space left on "
                 "device (28)";
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_FAILED);
    assert_int_equal(st.code, MN_ENOSPACE);
    assert_contains(st.text, "no space left for the job: rsync: write");
    assert_non_null(mm_sim_job(&w->mm, ID));
    /* done, but somebody moved the fileset */
    job->state = "done";
    snprintf(mm_sim_find(&w->mm, "share-1")->path, 300, "/gpfs0/x");
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_FAILED);
    /* done, but its directory can't go: said again */
    snprintf(mm_sim_find(&w->mm, "share-1")->path, 300, PATH);
    job->stuck = true;
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_DONE);
    assert_contains(w->log, "done but still there");
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_DONE);
    /* where the file system is not mounted, no job is no answer */
    job->dir[0] = '\0';
    fake_answer(&w->mm.fake, "df -P " BASE, 0,
                "h\n/dev/mapper/root 1 1 1 1% /\n", "");
    assert_int_equal(status(w, &st), MN_ECONFIG);
    fake_answer(&w->mm.fake, "df -P " BASE, 0, "h\n/dev/sda1 1 1 1 1% /\n",
                "");
    assert_int_equal(status(w, &st), MN_EBUSY);
    assert_contains(w->err.text, "gpfs0 is not mounted at " BASE);
}

static void
deleting_stops_it(void **state)
{
    struct world *w = *state;
    make_source(w);
    assert_int_equal(create(w), 0);
    mm_sim_job(&w->mm, ID)->stuck = true;
    forget(w);
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), MN_EBUSY);
    assert_non_null(mm_sim_find(&w->mm, "share-1"));
    assert_string_equal(w->helper.log, "");
    mm_sim_job(&w->mm, ID)->stuck = false;
    forget(w);
    assert_int_equal(mn_gpfs_delete_share(w->g, &w->share, &w->err), 0);
    assert_null(mm_sim_find(&w->mm, "share-1"));
    assert_null(mm_sim_job(&w->mm, ID));
    assert_int_equal(w->mm.fake.plans, 2);
}

static int
revert(struct world *w, bool wait)
{
    forget(w);
    return mn_gpfs_revert_to_snapshot(w->g, &w->snapshot, wait, &w->err);
}

static void
make_share(struct world *w)
{
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    mm_sim_add_snapshot(&w->mm, "share-1", "snap-1", "Valid");
}

static void
reverts(void **state)
{
    struct world *w = *state;
    struct mn_job_state st;
    make_share(w);
    assert_int_equal(revert(w, false), 0);
    struct mm_job *job = mm_sim_job(&w->mm, ID);
    assert_string_equal(job->spec,
                        "revert /usr/lpp/mmfs/bin 2 60 5 gpfs0 share-1 snap-1"
                        "  " PATH " .snapshots 0");
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_REVERTING);
    job->state = "done";
    assert_int_equal(status(w, &st), 0);
    assert_int_equal(st.status, MN_JOB_DONE);
    w->snapshot.name = "none";
    assert_int_equal(revert(w, false), MN_ENOTFOUND);
    assert_lacks(ran(w), "sh -c");
    w->snapshot.name = "snap-1";
    fake_answer(&w->mm.fake, "sh -c *", 75, "", "another job of x is busy\n");
    assert_int_equal(revert(w, false), MN_EBUSY);
}

static void
reverts_and_waits(void **state)
{
    struct world *w = *state;
    make_share(w);
    w->mm.done_after = 3;
    assert_int_equal(revert(w, true), 0);
    assert_null(mm_sim_job(&w->mm, ID));
    /* df, look, start, three polls of many seconds, the end */
    assert_int_equal(w->mm.fake.plans, 7);
    assert_contains(ran(w), "sh " JOBS "/job poll " JOBS " 20\n");
    w->mm.done_after = 0;
    w->mm.fake.fail = MN_ECONNECT;
    w->mm.fake.fail_from = 4;
    assert_int_equal(revert(w, true), MN_ECONNECT);
    assert_contains(w->err.text, "the job goes on");
    assert_int_equal(w->mm.fake.plans, 2 + 1 + 3);
    w->mm.fake.fail = MN_OK;
    mm_sim_job(&w->mm, ID)->state = "failed\ncode 1\ntext no such luck";
    fake_answer(&w->mm.fake, "sh -c *", 0, "", "");
    assert_int_equal(revert(w, true), MN_EREMOTE);
    assert_contains(w->err.text, "no such luck");
}

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    struct mn_gpfs *g = NULL;
    struct mn_job_state st;
    mm_sim_clear(&w->mm);
    make_source(w);
    forget(w);
    mn_buf_dispose(&w->location);
    w->mm.done_after = 2;
    int rc = world_new(w, &g, &w->err);
    rc = rc ? rc
            : mn_gpfs_create_share_from_snapshot(g, &w->share, &w->snapshot,
                                                 &w->location, &w->err);
    mn_buf_dispose(&w->location);
    rc = rc ? rc
            : mn_gpfs_share_status(g, &w->share, &st, &w->location, &w->err);
    mn_buf_dispose(&w->location);
    rc = rc ? rc
            : mn_gpfs_share_status(g, &w->share, &st, &w->location, &w->err);
    rc = rc ? rc : mn_gpfs_revert_to_snapshot(g, &w->snapshot, true, &w->err);
    rc = rc ? rc : mn_gpfs_delete_share(g, &w->share, &w->err);
    mn_gpfs_free(g);
    return rc;
}

static void
torture(void **state)
{
    struct world *w = *state;
    TORTURE(scenario, w);
    assert_null(mm_sim_find(&w->mm, "share-1"));
    assert_null(mm_sim_job(&w->mm, ID));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(copies),
        T(completes_a_half_made_one),
        T(needs_a_valid_snapshot),
        T(takes_back_what_it_made),
        T(failures),
        T(deleting_stops_it),
        T(reverts),
        T(reverts_and_waits),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/copy", tests, NULL, NULL);
}
