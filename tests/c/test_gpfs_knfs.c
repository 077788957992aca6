/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "gpfs/helper.h"
#include "gpfs/knfs_plan.h"
#include "knfs_sim.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define PATH "/gpfs0/share-1"
#define FILE_ "/etc/exports.d/manila-share-1.exports"
#define TAIL ",sync,no_subtree_check,fsid=" ID

enum { SERVERS = 2, RULES = 4096 };

struct world {
    struct knfs_sim sim[SERVERS];
    struct mn_gpfs_node nodes[SERVERS];
    struct mn_nfs_helper_config config;
    struct mn_nfs_helper *h;
    struct mn_nfs_export share;
    struct mn_access_rule rules[RULES];
    struct mn_rule_state states[RULES];
    struct mn_rules all, add, drop, update;
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
    for (int i = 0; i < SERVERS; i++) {
        knfs_sim_init(&w->sim[i]);
        w->nodes[i].name = i ? "nfs2" : "nfs1";
        w->nodes[i].ex = &w->sim[i].fake.base;
    }
    w->config = (struct mn_nfs_helper_config){.servers = w->nodes,
                                              .servers_n = SERVERS,
                                              .export_options = "sync",
                                              .log = {keep_log, w}};
    assert_int_equal(mn_knfs_new(&w->config, &w->h, &w->err), 0);
    w->share =
        (struct mn_nfs_export){.path = PATH, .id = ID, .name = "share-1"};
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < SERVERS; i++) {
        knfs_sim_dispose(&w->sim[i]);
    }
    mn_nfs_helper_free(w->h);
    mn_free(w);
    return 0;
}

static struct mn_access_rule
rule(const char *to, const char *level)
{
    return (struct mn_access_rule){.access_id = to,
                                   .access_type = "ip",
                                   .access_to = to,
                                   .access_level = level};
}

static void
forget(struct world *w)
{
    for (int i = 0; i < SERVERS; i++) {
        fake_clear_log(&w->sim[i].fake);
    }
    w->log[0] = '\0';
    mn_error_clear(&w->err);
}

static int
update(struct world *w)
{
    return w->h->vtable->update_access(w->h, &w->share, w->all, w->add,
                                       w->drop, w->update, w->states, &w->err);
}

/* The first n of w->rules are all there is, as a resync. */
static int
resync(struct world *w, size_t n)
{
    w->all = (struct mn_rules){w->rules, n};
    w->add = w->drop = w->update = (struct mn_rules){0};
    return update(w);
}

static void
assert_options(struct world *w, const char *client, const char *options)
{
    for (int i = 0; i < SERVERS; i++) {
        const char *have = knfs_sim_options(&w->sim[i], client, PATH);
        if (!options) {
            assert_null(have);
        }
        else {
            assert_non_null(have);
            assert_string_equal(have, options);
        }
    }
}

static void
first_rules(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.0/8", "ro");
    w->rules[1] = rule("10.1.2.3/32", "rw");
    w->rules[2] = rule("2001:db8::/32", "rw");
    w->all = w->add = (struct mn_rules){w->rules, 3};
    assert_int_equal(update(w), 0);
    assert_options(w, "10.0.0.0/8", "ro" TAIL);
    assert_options(w, "10.1.2.3", "rw" TAIL);
    assert_options(w, "2001:db8::/32", "rw" TAIL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(w->states[i].code, 0);
    }
    assert_int_equal(w->sim[0].fake.plans, 1);
    assert_contains(knfs_sim_file(&w->sim[1], FILE_),
                    "\"" PATH "\" 10.1.2.3(rw" TAIL ")\n"
                    "\"" PATH "\" 10.0.0.0/8(ro" TAIL ")\n");
    assert_contains(w->log, "exports changed: 3 clients on 2 servers");
    /* most specific first, one step for each run of a level */
    assert_contains(mn_buf_str(&w->sim[0].fake.log),
                    "exportfs -o rw" TAIL " -- 10.1.2.3:" PATH "\n"
                    "exportfs -o ro" TAIL " -- 10.0.0.0/8:" PATH "\n"
                    "exportfs -o rw" TAIL " -- [2001:db8::]/32:" PATH "\n"
                    "exportfs -s\n");
}

static void
second_call_changes_nothing(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->all = w->add = (struct mn_rules){w->rules, 1};
    assert_int_equal(update(w), 0);
    forget(w);
    assert_int_equal(update(w), 0);
    for (int i = 0; i < SERVERS; i++) {
        assert_string_equal(mn_buf_str(&w->sim[i].fake.log),
                            "cmp -s - " FILE_ "\nexportfs -s\n");
    }
    assert_contains(w->log, "exports unchanged");
    forget(w);
    assert_int_equal(resync(w, 1), 0);
    assert_int_equal(w->sim[0].fake.plans, 1);
    assert_contains(w->log, "exports unchanged");
}

static void
level_change_cuts_nobody(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->rules[1] = rule("10.0.0.2", "rw");
    assert_int_equal(resync(w, 2), 0);
    forget(w);
    w->rules[0].access_level = "ro";
    w->update = (struct mn_rules){w->rules, 1};
    assert_int_equal(update(w), 0);
    assert_options(w, "10.0.0.1", "ro" TAIL);
    assert_options(w, "10.0.0.2", "rw" TAIL);
    assert_lacks(mn_buf_str(&w->sim[0].fake.log), "exportfs -u");
    assert_int_equal(w->sim[0].fake.plans, 1);
}

static void
replacing_opens_no_gap(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.0/8", "rw");
    assert_int_equal(resync(w, 1), 0);
    forget(w);
    w->rules[0] = rule("10.1.0.0/16", "rw");
    w->rules[1] = rule("10.0.0.0/8", "rw");
    w->all = w->add = (struct mn_rules){w->rules, 1};
    w->drop = (struct mn_rules){w->rules + 1, 1};
    assert_int_equal(update(w), 0);
    assert_options(w, "10.0.0.0/8", NULL);
    assert_options(w, "10.1.0.0/16", "rw" TAIL);
    const char *log = mn_buf_str(&w->sim[0].fake.log);
    const char *on = strstr(log, "exportfs -o");
    const char *off = strstr(log, "exportfs -u -- 10.0.0.0/8:" PATH "\n");
    assert_true(on && off && on < off);
    assert_int_equal(w->sim[0].fake.plans, 1);
}

static void
last_rule_removes_the_file(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    assert_int_equal(resync(w, 1), 0);
    forget(w);
    w->all = w->add = w->update = (struct mn_rules){0};
    w->drop = (struct mn_rules){w->rules, 1};
    w->share.export_options = "bad;option"; /* must not keep anybody in */
    assert_int_equal(update(w), 0);
    assert_options(w, "10.0.0.1", NULL);
    assert_null(knfs_sim_file(&w->sim[0], FILE_));
    assert_int_equal(w->sim[0].fake.plans, 1);
    forget(w);
    assert_int_equal(update(w), 0);
    const char *log = mn_buf_str(&w->sim[0].fake.log);
    assert_contains(log, "test ! -e " FILE_ "\nsh -c grep ");
    assert_contains(log,
                    " manila-takeover /etc/exports.d/ manila-*.exports \"" PATH
                    "\" \nexportfs -s\n");
    assert_lacks(log, "\nrm ");
    assert_lacks(log, "exportfs -u");
}

static void
resync_repairs(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->rules[1] = rule("10.0.0.2", "ro");
    assert_int_equal(resync(w, 2), 0);
    forget(w);
    /* lost, gained, other level, other spelling, a foreign path */
    w->sim[0].table_n = 0;
    knfs_sim_export(&w->sim[0], "10.0.0.2", PATH, "rw" TAIL);
    knfs_sim_export(&w->sim[0], "*", PATH, "rw");
    knfs_sim_export(&w->sim[0], "10.0.0.0/255.0.0.0", PATH, "rw");
    knfs_sim_export(&w->sim[0], "10.0.0.9", PATH "0", "rw");
    assert_int_equal(resync(w, 2), 0);
    assert_options(w, "10.0.0.1", "rw" TAIL);
    assert_options(w, "10.0.0.2", "ro" TAIL);
    assert_options(w, "*", NULL);
    assert_options(w, "10.0.0.0/255.0.0.0", NULL);
    assert_non_null(knfs_sim_options(&w->sim[0], "10.0.0.9", PATH "0"));
    assert_int_equal(w->sim[0].fake.plans, 2);
    assert_int_equal(w->sim[1].fake.plans, 1);
}

static void
resync_after_reinstall_takes_one_plan(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->rules[1] = rule("10.0.0.0/24", "ro");
    assert_int_equal(resync(w, 2), 0);
    forget(w);
    knfs_sim_set_file(&w->sim[1], FILE_, NULL);
    w->sim[1].table_n = 0;
    assert_int_equal(resync(w, 2), 0);
    assert_int_equal(w->sim[1].fake.plans, 1);
    assert_contains(mn_buf_str(&w->sim[1].fake.log), "mkdir -p");
    assert_options(w, "10.0.0.0/24", "ro" TAIL);
}

static void
old_exports_without_fsid_are_replaced(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    knfs_sim_export(&w->sim[0], "10.0.0.1", PATH, "rw");
    assert_int_equal(resync(w, 1), 0);
    assert_options(w, "10.0.0.1", "rw" TAIL);
}

static void
options_follow_the_file(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->rules[1] = rule("10.0.0.2", "rw");
    w->rules[2] = rule("10.0.0.3", "rw");
    assert_int_equal(resync(w, 3), 0);
    w->share.export_options = "insecure";
    w->all.n = 2;
    w->drop = (struct mn_rules){w->rules + 2, 1};
    assert_int_equal(update(w), 0);
    assert_options(w, "10.0.0.1", "rw,insecure,no_subtree_check,fsid=" ID);
    assert_options(w, "10.0.0.2", "rw,insecure,no_subtree_check,fsid=" ID);
}

static void
order_in_the_table(void **state)
{
    struct world *w = *state;
    struct knfs_sim *sim = &w->sim[0];
    /* some releases of nfs-utils take a host for a network like any other */
    static const char *const narrow[] = {"10.1.0.0/16", "10.1.0.1"};
    for (int i = 0; i < 2; i++) {
        w->rules[0] = rule(narrow[i], "ro");
        w->rules[1] = rule("10.0.0.0/8", "rw");
        assert_int_equal(resync(w, 2), 0);
        /* turned round by somebody else */
        struct sim_export e = sim->table[0];
        sim->table[0] = sim->table[1];
        sim->table[1] = e;
        forget(w);
        assert_int_equal(resync(w, 2), 0);
        assert_int_equal(sim->fake.plans, 2);
        assert_string_equal(sim->table[0].client, narrow[i]);
        assert_int_equal(w->states[0].code, 0);
    }
}

static void
bad_rules_are_their_own_error(void **state)
{
    static const char *const bad[] = {
        "10.0.0.1 *(rw)",
        "10.0.0.1;id",
        "$(id)",
        "-u",
        "host.example",
        "10.0.0.1\n/etc *(rw)",
        "",
        "10.0.0.7/8",
        "*",
        "\x01",
        "'",
    };
    struct world *w = *state;
    size_t n = sizeof bad / sizeof *bad;
    for (size_t i = 0; i < n; i++) {
        w->rules[i] = rule(bad[i], "rw");
    }
    w->rules[n] = rule("10.0.0.1", "rw");
    w->rules[n + 1] = rule("10.0.0.2", "admin");
    w->rules[n + 2] = rule("10.0.0.1/32", "ro");
    w->rules[n + 3] = rule("10.0.0.1/32", "rw");
    w->rules[n + 4] = rule("10.0.0.3", "rw");
    w->rules[n + 4].access_type = "user";
    w->all = w->add = (struct mn_rules){w->rules, n + 5};
    assert_int_equal(update(w), 0);
    for (size_t i = 0; i < n + 5; i++) {
        bool good = i == n || i == n + 3;
        assert_int_equal(w->states[i].code, good ? 0 : MN_EINVAL);
        assert_int_equal(w->states[i].text[0] == '\0', good);
    }
    assert_int_equal(w->sim[0].table_n, 1);
    assert_lacks(mn_buf_str(&w->sim[0].fake.log), "$(id)");
}

static void
dangerous_shares_never_reach_a_server(void **state)
{
    static const char *const names[] = {
        "",    ".",       "..",   "-x",       "a b",  "a/b",
        "a;b", "$(id)",   "a\nb", "a'b",      "a\"b", "root",
        "new", ".hidden", "a%2f", "\xc3\xa9", "a*",
    };
    static const char *const paths[] = {
        "", "/", "relative", "/a/../b", "/a/.", "/a\nb", "/a\x7f",
    };
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mn_nfs_export s = w->share;
        s.name = names[i];
        assert_int_equal(w->h->vtable->allow_access(w->h, &s, w->rules, NULL),
                         MN_EINVAL);
        s = w->share;
        s.id = names[i];
        if (strcmp(names[i], "root") && strcmp(names[i], "new")) {
            assert_int_equal(w->h->vtable->remove_export(w->h, &s, NULL),
                             MN_EINVAL);
        }
    }
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mn_nfs_export s = w->share;
        s.path = paths[i];
        assert_int_equal(w->h->vtable->deny_access(w->h, &s, w->rules, NULL),
                         MN_EINVAL);
    }
    w->share.export_options = "sync) *(rw";
    assert_int_equal(resync(w, 1), MN_EINVAL);
    assert_int_equal(w->sim[0].fake.plans, 0);
}

static void
refused_export_is_the_rules_error(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->rules[1] = rule("10.0.0.2", "rw");
    w->sim[1].refuse_export = "10.0.0.2";
    assert_int_equal(resync(w, 2), 0);
    assert_int_equal(w->states[0].code, 0);
    assert_int_equal(w->states[1].code, MN_EREMOTE);
    assert_contains(w->states[1].text, "nfs2");
    assert_contains(w->states[1].text, "Failed to resolve 10.0.0.2");
    assert_int_equal(w->sim[1].fake.plans, 2);
    assert_int_equal(w->sim[0].fake.plans, 1);
}

static void
extra_that_stays_fails_the_call(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    knfs_sim_export(&w->sim[0], "10.0.0.66", PATH, "rw");
    w->sim[0].refuse_unexport = "10.0.0.66";
    assert_int_equal(resync(w, 1), MN_EREMOTE);
    assert_contains(w->err.text, "nfs1 still exports to 10.0.0.66:" PATH);
    assert_int_equal(w->states[0].code, 0);
}

static void
unreachable_server(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->sim[0].fake.fail = MN_ECONNECT;
    assert_int_equal(resync(w, 1), MN_ECONNECT);
    assert_contains(w->err.text, "NFS server nfs1: ");
    assert_int_equal(w->states[0].code, MN_ECONNECT);
    assert_non_null(knfs_sim_options(&w->sim[1], "10.0.0.1", PATH));
    /* back again: a repetition mends it */
    forget(w);
    w->sim[0].fake.fail = MN_OK;
    assert_int_equal(resync(w, 1), 0);
    assert_options(w, "10.0.0.1", "rw" TAIL);
}

static void
canceled_ends_at_once(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->sim[1].fake.fail = MN_ECANCELED;
    assert_int_equal(resync(w, 1), MN_ECANCELED);
    assert_int_equal(w->sim[0].fake.plans, 1);
}

static void
full_disk_and_missing_exportfs(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    fake_answer(&w->sim[0].fake, "dd *", 1, "",
                "dd: No space left on device\n");
    fake_answer(&w->sim[1].fake, "exportfs *", 127, "",
                "sh: 1: exportfs: not found\n");
    assert_int_equal(resync(w, 1), MN_EREMOTE);
    assert_contains(w->err.text, "nfs1");
    assert_contains(w->err.text, "No space left");
    assert_contains(w->log, "NFS server nfs2: ");
    assert_contains(w->log, "exportfs: not found");
    assert_int_equal(w->sim[0].table_n, 0);
}

static void
strange_listing_fails_closed(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    fake_answer(&w->sim[0].fake, "exportfs -s", 0, "what is this\n", "");
    assert_int_equal(resync(w, 1), MN_EPROTO);
    assert_contains(w->err.text, "what is this");
}

static void
single_rules(void **state)
{
    struct world *w = *state;
    struct mn_access_rule a = rule("10.0.0.1", "rw");
    struct mn_access_rule b = rule("10.0.0.0/24", "ro");
    struct mn_access_rule bad = rule("nonsense", "rw");
    /* made by the driver that keeps no files */
    knfs_sim_export(&w->sim[0], "10.9.9.9", PATH, "ro");
    knfs_sim_export(&w->sim[1], "10.9.9.9", PATH, "ro");
    assert_int_equal(w->h->vtable->allow_access(w->h, &w->share, &a, NULL), 0);
    assert_options(w, "10.9.9.9", "ro" TAIL);
    assert_options(w, "10.0.0.1", "rw" TAIL);
    assert_int_equal(w->h->vtable->allow_access(w->h, &w->share, &b, NULL), 0);
    a.access_level = "ro";
    assert_int_equal(w->h->vtable->allow_access(w->h, &w->share, &a, NULL), 0);
    assert_options(w, "10.0.0.1", "ro" TAIL);
    assert_options(w, "10.0.0.0/24", "ro" TAIL);
    assert_int_equal(w->h->vtable->allow_access(w->h, &w->share, &bad, NULL),
                     MN_EINVAL);
    assert_int_equal(w->h->vtable->deny_access(w->h, &w->share, &bad, NULL),
                     0);
    forget(w);
    assert_int_equal(w->h->vtable->deny_access(w->h, &w->share, &a, NULL), 0);
    assert_int_equal(w->sim[0].fake.plans, 2);
    assert_options(w, "10.0.0.1", NULL);
    assert_options(w, "10.9.9.9", "ro" TAIL);
    assert_int_equal(w->h->vtable->deny_access(w->h, &w->share, &a, NULL), 0);
    assert_int_equal(w->h->vtable->remove_export(w->h, &w->share, NULL), 0);
    assert_int_equal(w->sim[0].table_n + w->sim[1].table_n, 0);
    assert_null(knfs_sim_file(&w->sim[0], FILE_));
    assert_int_equal(w->h->vtable->remove_export(w->h, &w->share, NULL), 0);
}

static void
deny_with_a_dead_server(void **state)
{
    struct world *w = *state;
    struct mn_access_rule a = rule("10.0.0.1", "rw");
    assert_int_equal(w->h->vtable->allow_access(w->h, &w->share, &a, NULL), 0);
    w->sim[1].fake.fail = MN_ECONNECT;
    assert_int_equal(w->h->vtable->deny_access(w->h, &w->share, &a, &w->err),
                     MN_ECONNECT);
    assert_contains(w->err.text, "nfs2");
    assert_null(knfs_sim_options(&w->sim[0], "10.0.0.1", PATH));
}

static void
damaged_file(void **state)
{
    struct world *w = *state;
    struct mn_access_rule a = rule("10.0.0.1", "rw");
    knfs_sim_set_file(&w->sim[1], FILE_, "/p 10.0.0.1 (rw)\n");
    assert_int_equal(w->h->vtable->allow_access(w->h, &w->share, &a, &w->err),
                     MN_EPROTO);
    assert_contains(w->err.text, "nfs2");
    w->rules[0] = a;
    assert_int_equal(resync(w, 1), 0);
    assert_options(w, "10.0.0.1", "rw" TAIL);
}

static void
thousands_of_clients(void **state)
{
    struct world *w = *state;
    static char text[RULES][MN_IPNET_TEXT];
    size_t n = 4000;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "2001:db8:aaaa:bbbb:cccc:dddd:%zx:1",
                 i + 1);
        w->rules[i] = rule(text[i], "rw");
    }
    assert_int_equal(resync(w, n), 0);
    assert_int_equal(w->sim[0].table_n, n);
    assert_int_equal(w->sim[0].fake.plans, 1);
    struct mn_slice line;
    struct mn_slice rest = mn_buf_view(&w->sim[0].fake.log);
    int exports = 0;
    while (mn_slice_next(&rest, '\n', &line)) {
        assert_true(line.n < (65 << 10));
        exports += mn_slice_starts(line, "exportfs -o");
    }
    assert_int_equal(exports, 4);
}

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    /* from the same start each time, so that every path is met */
    for (int i = 0; i < SERVERS; i++) {
        knfs_sim_set_file(&w->sim[i], FILE_, NULL);
        w->sim[i].table_n = 0;
        knfs_sim_export(&w->sim[i], "10.0.0.5", PATH, "rw");
    }
    forget(w);
    int rc = resync(w, 3);
    if (!rc) {
        rc =
            w->h->vtable->allow_access(w->h, &w->share, &w->rules[3], &w->err);
    }
    return rc ? rc
              : w->h->vtable->deny_access(w->h, &w->share, &w->rules[0],
                                          &w->err);
}

static void
torture(void **state)
{
    struct world *w = *state;
    w->rules[0] = rule("10.0.0.1", "rw");
    w->rules[1] = rule("10.0.0.0/24", "ro");
    w->rules[2] = rule("2001:db8::1", "rw");
    w->rules[3] = rule("10.0.0.7", "ro");
    TORTURE(scenario, w);
    assert_options(w, "10.0.0.1", NULL);
    assert_options(w, "10.0.0.7", "ro" TAIL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(first_rules),
        T(second_call_changes_nothing),
        T(level_change_cuts_nobody),
        T(replacing_opens_no_gap),
        T(last_rule_removes_the_file),
        T(resync_repairs),
        T(resync_after_reinstall_takes_one_plan),
        T(old_exports_without_fsid_are_replaced),
        T(options_follow_the_file),
        T(order_in_the_table),
        T(bad_rules_are_their_own_error),
        T(dangerous_shares_never_reach_a_server),
        T(refused_export_is_the_rules_error),
        T(extra_that_stays_fails_the_call),
        T(unreachable_server),
        T(canceled_ends_at_once),
        T(full_disk_and_missing_exportfs),
        T(strange_listing_fails_closed),
        T(single_rules),
        T(deny_with_a_dead_server),
        T(damaged_file),
        T(thousands_of_clients),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/knfs", tests, NULL, NULL);
}
