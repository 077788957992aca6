/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "gnfs_sim.h"
#include "gpfs/helper.h"

#define PATH "/gpfs0/share-1"
#define CONF "/etc/ganesha/ganesha.conf"
#define MARK CONF ".manila-share-1.restart"
#define HEAD "# of the operator\nEXPORT { Export_Id = 1; Path = /x; }\n"

enum { SERVERS = 2, RULES = 8 };

struct world {
    struct gnfs_sim sim[SERVERS];
    struct mn_gpfs_node nodes[SERVERS];
    struct mn_nfs_helper *h;
    struct mn_nfs_export share;
    struct mn_access_rule rules[RULES];
    struct mn_rule_state states[RULES];
    struct mn_error err;
};

static int
setup(void **state)
{
    struct world *w = mn_calloc(1, sizeof *w);
    for (int i = 0; i < SERVERS; i++) {
        gnfs_sim_init(&w->sim[i]);
        gnfs_sim_set(&w->sim[i], CONF, HEAD, false);
        w->nodes[i].name = i ? "nfs2" : "nfs1";
        w->nodes[i].ex = &w->sim[i].fake.base;
    }
    struct mn_nfs_helper_config config = {
        .servers = w->nodes,
        .servers_n = SERVERS,
        .ganesha = {.syntax = MN_GANESHA_1_5}};
    assert_int_equal(mn_gnfs_new(&config, &w->h, &w->err), 0);
    w->share =
        (struct mn_nfs_export){.path = PATH, .id = "id-1", .name = "share-1"};
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < SERVERS; i++) {
        gnfs_sim_dispose(&w->sim[i]);
    }
    mn_nfs_helper_free(w->h);
    mn_free(w);
    return 0;
}

static void
set(struct world *w, size_t i, const char *to, const char *level)
{
    w->rules[i] = (struct mn_access_rule){to, "ip", to, level};
}

static int
update(struct world *w, size_t n)
{
    struct mn_rules all = {w->rules, n};
    struct mn_rules none = {0};
    mn_error_clear(&w->err);
    for (int i = 0; i < SERVERS; i++) {
        fake_clear_log(&w->sim[i].fake);
    }
    return w->h->vtable->update_access(w->h, &w->share, all, none, none, none,
                                       w->states, &w->err);
}

static const char *
log_of(struct world *w, int i)
{
    return mn_buf_str(&w->sim[i].fake.log);
}

static const char *
conf_of(struct world *w, int i)
{
    return gnfs_sim_file(&w->sim[i], CONF);
}

static void
restart_only_for_changes(void **state)
{
    struct world *w = *state;
    bool has;
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.2", "ro");
    set(w, 2, "2001:db8::/64", "ro");
    assert_int_equal(update(w, 3), 0);
    assert_int_equal(w->states[0].code, 0);
    assert_int_equal(w->states[2].code, MN_EINVAL);
    assert_string_equal(conf_of(w, 0), conf_of(w, 1));
    assert_memory_equal(conf_of(w, 0), HEAD, strlen(HEAD));
    assert_contains(conf_of(w, 0), "RW_Access = \"10.0.0.1\";");
    assert_lacks(conf_of(w, 0), "FSAL");
    assert_contains(log_of(w, 1), "service ganesha.nfsd restart\n");
    assert_null(gnfs_sim_file(&w->sim[0], MARK));
    assert_int_equal(update(w, 2), 0);
    assert_lacks(log_of(w, 0), "service");
    assert_int_equal(w->h->vtable->has_clients(w->h, PATH, &has, NULL), 0);
    assert_true(has);
    assert_int_equal(w->h->vtable->check(w->h, &w->err), 0);
    assert_int_equal(update(w, 0), 0);
    assert_string_equal(conf_of(w, 0), HEAD);
    assert_contains(log_of(w, 0), "service ganesha.nfsd restart\n");
}

static void
restart_that_was_not_reached(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    fake_answer_once(&w->sim[0].fake, "service*", 1, "", "no such unit\n");
    assert_int_equal(update(w, 1), MN_EREMOTE);
    assert_contains(w->err.text, "no such unit");
    assert_non_null(gnfs_sim_file(&w->sim[0], MARK));
    assert_int_equal(update(w, 1), 0);
    assert_contains(log_of(w, 0), "service ganesha.nfsd restart\n");
    assert_lacks(log_of(w, 1), "service");
    assert_null(gnfs_sim_file(&w->sim[0], MARK));
}

static void
somebody_else_edits(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    fake_answer_once(&w->sim[0].fake, "*cmp -s*", 1, "", "");
    assert_int_equal(update(w, 1), 0);
    assert_contains(conf_of(w, 0), PATH);
    fake_answer(&w->sim[0].fake, "*cmp -s*", 1, "", "");
    assert_int_equal(update(w, 0), MN_EBUSY);
    assert_contains(conf_of(w, 0), PATH);
}

static int
update_another(struct world *w)
{
    struct mn_nfs_export two = {
        .path = "/gpfs0/share-2", .id = "id-2", .name = "share-2"};
    struct mn_access_rule rule = {"x", "ip", "10.0.0.2", "rw"};
    struct mn_rules all = {&rule, 1};
    struct mn_rules none = {0};
    struct mn_rule_state state;
    return w->h->vtable->update_access(w->h, &two, all, none, none, none,
                                       &state, NULL);
}

static void
export_another(void *ctx)
{
    assert_int_equal(update_another(ctx), 0);
}

static void
fail_to_restart_for_another(void *ctx)
{
    struct world *w = ctx;
    fake_answer_once(&w->sim[0].fake, "service*", 1, "", "");
    assert_int_equal(update_another(w), MN_EREMOTE);
}

/* Each edit of two shares at the same time is kept, and in force. */
static void
two_shares_at_once(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    fake_meanwhile(&w->sim[0].fake, "*mv -f*", export_another, w);
    assert_int_equal(update(w, 1), 0);
    assert_contains(conf_of(w, 0), PATH);
    assert_contains(conf_of(w, 0), "/gpfs0/share-2");
}

/* A restart that began before the other's edit does not make up for that. */
static void
two_restarts(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    fake_meanwhile(&w->sim[0].fake, "rm -f*", fail_to_restart_for_another, w);
    assert_int_equal(update(w, 1), 0);
    fake_clear_log(&w->sim[0].fake);
    assert_int_equal(update_another(w), 0);
    assert_contains(log_of(w, 0), "service ganesha.nfsd restart\n");
}

static void
broken_file_is_left_alone(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    gnfs_sim_set(&w->sim[1], CONF, "EXPORT {", false);
    assert_int_equal(update(w, 1), MN_EPROTO);
    assert_string_equal(conf_of(w, 1), "EXPORT {");
    assert_lacks(log_of(w, 1), "service");
    assert_int_equal(w->h->vtable->check(w->h, NULL), MN_ECONFIG);
    gnfs_sim_set(&w->sim[1], CONF, NULL, false);
    assert_int_equal(update(w, 0), MN_EREMOTE);
}

static void
single_rules(void **state)
{
    struct world *w = *state;
    const struct mn_nfs_helper_vtable *v = w->h->vtable;
    struct mn_nfs_ensure e = {.export = w->share};
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.2", "ro");
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[1], NULL), 0);
    assert_contains(conf_of(w, 1), "RW_Access = \"10.0.0.1\";");
    assert_contains(conf_of(w, 1), "R_Access = \"10.0.0.2\";");
    assert_int_equal(v->ensure(w->h, &e, 1, NULL), 0);
    assert_false(e.reapply_access);
    assert_int_equal(v->deny_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_contains(conf_of(w, 1), "RW_Access = \"\";");
    assert_int_equal(v->remove_export(w->h, &w->share, NULL), 0);
    assert_string_equal(conf_of(w, 1), HEAD);
    assert_int_equal(v->ensure(w->h, &e, 1, NULL), 0);
    assert_true(e.reapply_access);
}

static void
ro_below_rw(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.0/8", "rw");
    set(w, 1, "10.0.0.2", "ro");
    assert_int_equal(update(w, 2), 0);
    assert_int_equal(w->states[0].code, 0);
    assert_int_equal(w->states[1].code, MN_EREMOTE);
    assert_contains(w->states[1].text, "128 clients");
}

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    const struct mn_nfs_helper_vtable *v = w->h->vtable;
    struct mn_nfs_ensure e = {.export = w->share};
    bool has;
    for (int i = 0; i < SERVERS; i++) {
        gnfs_sim_set(&w->sim[i], CONF, HEAD, false);
    }
    int rc = update(w, 2);
    rc = rc ? rc : v->allow_access(w->h, &w->share, &w->rules[2], &w->err);
    rc = rc ? rc : v->has_clients(w->h, PATH, &has, &w->err);
    rc = rc ? rc : v->ensure(w->h, &e, 1, &w->err);
    rc = rc ? rc : v->check(w->h, &w->err);
    return rc ? rc : v->deny_access(w->h, &w->share, &w->rules[0], &w->err);
}

static void
torture(void **state)
{
    struct world *w = *state;
    set(w, 0, "0.0.0.0/0", "rw");
    set(w, 1, "2001:db8::1", "ro");
    set(w, 2, "10.0.0.1", "rw");
    TORTURE(scenario, w);
    assert_contains(conf_of(w, 1), "RW_Access = \"10.0.0.1\";");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(restart_only_for_changes),
        T(restart_that_was_not_reached),
        T(somebody_else_edits),
        T(two_shares_at_once),
        T(two_restarts),
        T(broken_file_is_left_alone),
        T(single_rules),
        T(ro_below_rw),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/gnfs, 1.5 and 2.0", tests, NULL,
                                       NULL);
}
