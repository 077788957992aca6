/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs_world.h"

static void
creates(void **state)
{
    struct world *w = *state;
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    assert_int_equal(mn_gpfs_create_snapshot(w->g, &w->snapshot, &w->err), 0);
    assert_string_equal(ran(w), "df -P " BASE "\n" BIN
                                "mmcrsnapshot gpfs0 snap-1 -j share-1\n");
    assert_non_null(mm_sim_snapshot(&w->mm, "share-1", "snap-1"));
    /* once more: it is there */
    forget(w);
    assert_int_equal(mn_gpfs_create_snapshot(w->g, &w->snapshot, &w->err), 0);
    assert_int_equal(w->mm.fake.plans, 1);
    /* there, but not fit for use */
    mm_sim_snapshot(&w->mm, "share-1", "snap-1")->status = "DeleteRequired";
    assert_int_equal(mn_gpfs_create_snapshot(w->g, &w->snapshot, &w->err),
                     MN_EBUSY);
    assert_contains(w->err.text, "DeleteRequired");
    forget(w);
    w->snapshot.name = "a b";
    assert_int_equal(mn_gpfs_create_snapshot(w->g, &w->snapshot, &w->err),
                     MN_EINVAL);
    w->snapshot.name = "snap-2";
    w->snapshot.share.name = "share-none";
    forget(w);
    assert_int_equal(mn_gpfs_create_snapshot(w->g, &w->snapshot, &w->err),
                     MN_ENOTFOUND);
    w->snapshot.share.name = "share-1";
    fake_answer(&w->mm.fake, BIN "mmcrsnapshot *", 28, "",
                "Cannot create a new snapshot until an existing one is "
                "deleted.\n");
    forget(w);
    assert_int_equal(mn_gpfs_create_snapshot(w->g, &w->snapshot, &w->err),
                     MN_ENOSPACE);
}

static void
deletes(void **state)
{
    struct world *w = *state;
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    mm_sim_add_snapshot(&w->mm, "share-1", "snap-1", "Valid");
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err), 0);
    assert_null(mm_sim_snapshot(&w->mm, "share-1", "snap-1"));
    assert_string_equal(w->helper.log,
                        "remove " PATH "/.snapshots/snap-1 " SNAP_ID
                        " snapshot-" SNAP_ID "\n");
    /* absent is success; never exported: nobody is asked */
    w->snapshot.not_mountable = true;
    forget(w);
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err), 0);
    assert_int_equal(w->mm.fake.plans, 1);
    assert_string_equal(w->helper.log, "");
    /* as is the fileset's absence */
    mm_sim_clear(&w->mm);
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err), 0);
    /* somebody may still have it open: it stays */
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    mm_sim_add_snapshot(&w->mm, "share-1", "snap-1", "Valid");
    w->snapshot.not_mountable = false;
    w->helper.fail = MN_ECONNECT;
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err),
                     MN_ECONNECT);
    assert_non_null(mm_sim_snapshot(&w->mm, "share-1", "snap-1"));
}

static void
deletes_what_was_half_deleted(void **state)
{
    struct world *w = *state;
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    mm_sim_add_snapshot(&w->mm, "share-1", "snap-1", "DeleteRequired");
    fake_answer_once(&w->mm.fake, BIN "mmdelsnapshot *", 1, "",
                     "The connection was lost.\n");
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err), 0);
    assert_null(mm_sim_snapshot(&w->mm, "share-1", "snap-1"));
    /* not found is only believed when the list says so */
    mm_sim_add_snapshot(&w->mm, "share-1", "snap-1", "Valid");
    fake_answer(&w->mm.fake, BIN "mmdelsnapshot *", 2, "", "not found\n");
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err),
                     MN_ENOTFOUND);
    w->mm.fake.answers_n = 0;
    fake_answer(&w->mm.fake, BIN "mmdelsnapshot *", 1, "", "stuck\n");
    forget(w);
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err),
                     MN_EREMOTE);
    assert_contains(w->err.text, "stuck");
    mm_sim_snapshot(&w->mm, "share-1", "snap-1")->status = "DeleteRequired";
    forget(w);
    assert_int_equal(mn_gpfs_delete_snapshot(w->g, &w->snapshot, &w->err),
                     MN_EREMOTE);
}

static void
manages(void **state)
{
    struct world *w = *state;
    mm_sim_add(&w->mm, "share-1", TAG, PATH, 5);
    assert_int_equal(mn_gpfs_manage_snapshot(w->g, &w->snapshot, &w->err),
                     MN_ENOTFOUND);
    mm_sim_add_snapshot(&w->mm, "share-1", "snap-1", "Valid");
    forget(w);
    assert_int_equal(mn_gpfs_manage_snapshot(w->g, &w->snapshot, &w->err), 0);
    mm_sim_snapshot(&w->mm, "share-1", "snap-1")->status = "Restoring";
    assert_int_equal(mn_gpfs_manage_snapshot(w->g, &w->snapshot, &w->err),
                     MN_ENOTFOUND);
    fake_answer(&w->mm.fake, BIN "mmlssnapshot *", 0, "junk\n", "");
    forget(w);
    assert_int_equal(mn_gpfs_manage_snapshot(w->g, &w->snapshot, &w->err),
                     MN_EPROTO);
}

static void
exports_read_only(void **state)
{
    struct world *w = *state;
    struct mn_access_rule rules[] = {{"a", "ip", "10.0.0.1", "rw"},
                                     {"b", "ip", "10.0.0.2", "ro"}};
    struct mn_rule_state states[2] = {{MN_EINVAL, ""}, {MN_EINVAL, ""}};
    const struct mn_rules all = {rules, 2};
    const struct mn_rules one = {rules, 1};
    const struct mn_rules none = {0};
    w->snapshot.share.path = "/gpfs0/old/home";
    w->snapshot.share.export_options = "insecure";
    assert_int_equal(mn_gpfs_snapshot_update_access(
                         w->g, &w->snapshot, all, one, none, states, &w->err),
                     0);
    assert_string_equal(w->helper.log,
                        "update /gpfs0/old/home/.snapshots/snap-1 " SNAP_ID
                        " snapshot-" SNAP_ID " insecure 2 1 0 0"
                        " 10.0.0.1=ro 10.0.0.2=ro\n");
    assert_int_equal(states[0].code, 0);
    assert_string_equal(rules[0].access_level, "rw");
    assert_int_equal(
        mn_gpfs_snapshot_locations(w->g, &w->snapshot, &w->location, &w->err),
        0);
    assert_string_equal(mn_buf_str(&w->location),
                        "192.0.2.7:/gpfs0/old/home/.snapshots/snap-1");
    /* one: the kernel's NFS has no other place for version 4 */
    assert_int_equal(w->location.n, strlen(mn_buf_str(&w->location)) + 1);
    assert_int_equal(w->mm.fake.plans, 0);
    struct mn_gpfs_capabilities caps;
    mn_gpfs_capabilities(w->g, &caps);
    assert_true(caps.mount_snapshot && caps.snapshot_inherit_access);
}

/* ---- groups ---- */

static void
members(struct world *w, struct mn_snapshot v[3])
{
    static const char *const names[] = {"share-1", "share-2", "share-3"};
    for (size_t i = 0; i < 3; i++) {
        v[i] = w->snapshot;
        v[i].share.name = names[i];
        struct mm_fileset *f = mm_sim_add(&w->mm, names[i], TAG, "", 5);
        if (i == 2) {
            v[i].share.pool = "slow";
            snprintf(f->device, sizeof f->device, "gpfs1");
        }
        else {
            v[i].share.pool = "fast";
        }
    }
}

static int
group(struct world *w, const struct mn_snapshot *v, size_t n)
{
    forget(w);
    return mn_gpfs_create_group_snapshot(w->g, v, n, &w->err);
}

static void
groups(void **state)
{
    struct world *w = *state;
    struct mn_snapshot v[3];
    members(w, v);
    assert_int_equal(group(w, v, 0), 0);
    assert_int_equal(group(w, v, 3), 0);
    assert_contains(ran(w), BIN "mmcrsnapshot gpfs0 share-1:snap-1,"
                                "share-2:snap-1\n" BIN
                                "mmcrsnapshot gpfs1 share-3:snap-1\n");
    /* once more: all are there */
    assert_int_equal(group(w, v, 3), 0);
    assert_lacks(ran(w), "mmdelsnapshot");
    /* some are there: all are made again at one instant */
    mm_sim_snapshot(&w->mm, "share-2", "snap-1")->name[0] = '\0';
    assert_int_equal(group(w, v, 3), 0);
    assert_contains(ran(w), "mmdelsnapshot gpfs0 share-1:snap-1\n");
    assert_contains(ran(w), "mmdelsnapshot gpfs1 share-3:snap-1\n");
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(mm_sim_snapshot(&w->mm, v[i].share.name, "snap-1"));
    }
}

static void
groups_are_all_or_none(void **state)
{
    struct world *w = *state;
    struct mn_snapshot v[3];
    members(w, v);
    fake_answer(&w->mm.fake, BIN "mmcrsnapshot gpfs1 *", 1, "", "no way\n");
    assert_int_equal(group(w, v, 3), MN_EREMOTE);
    assert_contains(w->err.text, "no way");
    assert_null(mm_sim_snapshot(&w->mm, "share-1", "snap-1"));
    /* what can't be taken back is told */
    fake_answer(&w->mm.fake, BIN "mmdelsnapshot *", 1, "", "stuck\n");
    assert_int_equal(group(w, v, 3), MN_EREMOTE);
    assert_contains(w->err.text, "some snapshots of the group are left");
    assert_contains(w->log, "stuck");
    v[1].share.pool = "none";
    assert_int_equal(group(w, v, 3), MN_ECONFIG);
    assert_contains(w->err.text, "'none', which gpfs_pools does not name");
}

/* ---- torture ---- */

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    struct mn_gpfs *g = NULL;
    struct mn_snapshot v[3];
    struct mn_access_rule rule = {"a", "ip", "10.0.0.1", "rw"};
    struct mn_rules all = {&rule, 1};
    struct mn_rule_state st;
    mm_sim_clear(&w->mm);
    members(w, v);
    forget(w);
    mn_buf_dispose(&w->location);
    fake_clear_log(&w->mm.fake);
    w->mm.fake.answers_n = 0;
    int rc = world_new(w, &g, &w->err);
    rc = rc ? rc : mn_gpfs_create_snapshot(g, &v[0], &w->err);
    rc = rc ? rc : mn_gpfs_create_snapshot(g, &v[0], &w->err);
    rc = rc ? rc : mn_gpfs_manage_snapshot(g, &v[0], &w->err);
    rc = rc ? rc : mn_gpfs_create_group_snapshot(g, v, 3, &w->err);
    rc = rc ? rc : mn_gpfs_snapshot_locations(g, &v[0], &w->location, &w->err);
    rc = rc ? rc
            : mn_gpfs_snapshot_update_access(g, &v[0], all, all, all, &st,
                                             &w->err);
    if (!rc) {
        mm_sim_snapshot(&w->mm, "share-1", "snap-1")->status =
            "DeleteRequired";
        fake_answer_once(&w->mm.fake, BIN "mmdelsnapshot *", 1, "", "lost\n");
    }
    rc = rc ? rc : mn_gpfs_delete_snapshot(g, &v[0], &w->err);
    mn_gpfs_free(g);
    return rc;
}

static void
torture(void **state)
{
    struct world *w = *state;
    TORTURE(scenario, w);
    assert_null(mm_sim_snapshot(&w->mm, "share-1", "snap-1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(creates),
        T(deletes),
        T(deletes_what_was_half_deleted),
        T(manages),
        T(exports_read_only),
        T(groups),
        T(groups_are_all_or_none),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/snapshots", tests, NULL, NULL);
}
