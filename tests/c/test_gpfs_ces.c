/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "ces_sim.h"
#include "gpfs/ces_plan.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define PATH "/gpfs0/share-1"
#define MMNFS "/usr/lpp/mmfs/bin/mmnfs export "
#define LIST MMNFS "list -n " PATH " -Y\n"

enum { RULES = 4096 };

struct world {
    struct ces_sim sim;
    struct mn_nfs_helper_config config;
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
    ces_sim_init(&w->sim);
    snprintf(w->sim.path, sizeof w->sim.path, "%s", PATH);
    w->config = (struct mn_nfs_helper_config){
        .cluster = {"ces1", &w->sim.fake.base},
        .export_options = "Squash=no_root_squash"};
    assert_int_equal(mn_ces_new(&w->config, &w->h, &w->err), 0);
    w->share =
        (struct mn_nfs_export){.path = PATH, .id = ID, .name = "share-1"};
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    ces_sim_dispose(&w->sim);
    mn_nfs_helper_free(w->h);
    mn_free(w);
    return 0;
}

static void
set(struct world *w, size_t i, const char *to, const char *level)
{
    w->rules[i] = (struct mn_access_rule){to, "ip", to, level};
}

/* The first n of w->rules are all there is. */
static int
update(struct world *w, size_t n)
{
    struct mn_rules all = {w->rules, n};
    struct mn_rules none = {0};
    fake_clear_log(&w->sim.fake);
    mn_error_clear(&w->err);
    return w->h->vtable->update_access(w->h, &w->share, all, none, none, none,
                                       w->states, &w->err);
}

static const char *
log_of(struct world *w)
{
    return mn_buf_str(&w->sim.fake.log);
}

static void
assert_client(struct world *w, size_t i, const char *name, const char *access)
{
    assert_true(i < w->sim.n);
    assert_string_equal(w->sim.v[i].name, name);
    assert_string_equal(w->sim.v[i].access, access);
    assert_string_equal(w->sim.v[i].squash, "NO_ROOT_SQUASH");
}

static void
first_rules(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.0/8", "rw");
    set(w, 1, "10.0.0.5", "ro");
    set(w, 2, "2001:db8::1", "rw");
    assert_int_equal(update(w, 3), 0);
    assert_string_equal(
        log_of(w), LIST MMNFS
        "add " PATH " -c 10.0.0.5(squash=no_root_squash,access_type=ro);"
        "2001:db8::1(squash=no_root_squash,access_type=rw);"
        "10.0.0.0/8(squash=no_root_squash,access_type=rw)\n" LIST);
    assert_client(w, 0, "10.0.0.5", "RO");
    assert_client(w, 2, "10.0.0.0/8", "RW");
    assert_int_equal(w->states[2].code, 0);
    /* again: one listing */
    assert_int_equal(update(w, 3), 0);
    assert_string_equal(log_of(w), LIST);
    w->sim.encoded = true;
    assert_int_equal(update(w, 3), 0);
    assert_string_equal(log_of(w), LIST);
    w->sim.pseudo = true;
    assert_int_equal(update(w, 3), 0);
    assert_string_equal(log_of(w), LIST);
    w->sim.encoded = false;
    assert_int_equal(update(w, 3), 0);
    assert_string_equal(log_of(w), LIST);
}

/* Of a snapshot; releases before 5.0.3 don't know --pseudo. */
static void
place_of_its_own_for_version_4(void **state)
{
    struct world *w = *state;
    static const char add[] =
        MMNFS "add " PATH " -c 10.0.0.1(squash=no_root_squash,access_type=ro)";
    char text[1000];
    w->share.pseudo = "/snapshot-1";
    set(w, 0, "10.0.0.1", "ro");
    assert_int_equal(update(w, 1), 0);
    snprintf(text, sizeof text, LIST "%s --pseudo /snapshot-1\n" LIST, add);
    assert_string_equal(log_of(w), text);
    assert_int_equal(update(w, 0), 0);
    fake_answer_once(&w->sim.fake, "*--pseudo*", 1, "",
                     "mmnfs: Incorrect option: --pseudo\n");
    assert_int_equal(update(w, 1), 0);
    snprintf(text, sizeof text, LIST "%s --pseudo /snapshot-1\n%s\n" LIST, add,
             add);
    assert_string_equal(log_of(w), text);
    assert_client(w, 0, "10.0.0.1", "RO");
}

static void
one_change_for_each_call(void **state)
{
    struct world *w = *state;
    ces_sim_client(&w->sim, "10.0.0.1", "RO", "NO_ROOT_SQUASH");
    ces_sim_client(&w->sim, "10.0.0.2", "rw", "ROOT_SQUASH");
    ces_sim_client(&w->sim, "*", "RW", "NO_ROOT_SQUASH");
    ces_sim_client(&w->sim, "10.9.0.0/16", "RW", "NO_ROOT_SQUASH");
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.2", "rw");
    set(w, 2, "10.9.1.1", "ro");
    set(w, 3, "10.9.0.0/16", "rw");
    assert_int_equal(update(w, 4), 0);
    assert_string_equal(
        log_of(w), LIST MMNFS
        "change " PATH " --nfsadd "
        "10.9.1.1(squash=no_root_squash,access_type=ro) "
        "--nfsposition 10.9.0.0/16\n" MMNFS "change " PATH " --nfschange "
        "10.0.0.1(squash=no_root_squash,access_type=rw)\n" MMNFS "change " PATH
        " --nfschange "
        "10.0.0.2(squash=no_root_squash,access_type=rw)\n" MMNFS "change " PATH
        " --nfsremove *\n" LIST);
    assert_int_equal(w->sim.n, 4);
    assert_client(w, 2, "10.9.1.1", "RO");
    assert_int_equal(update(w, 4), 0);
    assert_string_equal(log_of(w), LIST);
}

static void
wrong_order_is_mended(void **state)
{
    struct world *w = *state;
    ces_sim_client(&w->sim, "10.0.0.0/8", "RW", "NO_ROOT_SQUASH");
    ces_sim_client(&w->sim, "10.0.0.5", "RO", "NO_ROOT_SQUASH");
    set(w, 0, "10.0.0.0/8", "rw");
    set(w, 1, "10.0.0.5", "ro");
    assert_int_equal(update(w, 2), 0);
    assert_client(w, 0, "10.0.0.5", "RO");
    assert_client(w, 1, "10.0.0.0/8", "RW");
    assert_contains(log_of(w), "--nfsposition 10.0.0.0/8");
}

static void
last_rule(void **state)
{
    struct world *w = *state;
    ces_sim_client(&w->sim, "2001:db8::7", "RO", "NO_ROOT_SQUASH");
    assert_int_equal(update(w, 0), 0);
    assert_string_equal(log_of(w), LIST MMNFS "remove " PATH "\n" LIST);
    assert_false(w->sim.exported);
    assert_int_equal(update(w, 0), 0);
    assert_string_equal(log_of(w), LIST);
    /* gone between listing and removal */
    ces_sim_client(&w->sim, "10.0.0.1", "RO", "NO_ROOT_SQUASH");
    fake_answer_once(&w->sim.fake, "*remove*", 1, "",
                     "mmnfs: The path is not exported.\n");
    assert_int_equal(update(w, 0), 0);
}

static void
invalid_rules_keep_nobody_in(void **state)
{
    struct world *w = *state;
    ces_sim_client(&w->sim, "10.0.0.1", "RW", "NO_ROOT_SQUASH");
    set(w, 0, "10.0.0.1;*(access_type=rw)", "rw");
    set(w, 1, "2001:db8::/120", "rw");
    assert_int_equal(update(w, 2), 0);
    assert_int_equal(w->states[0].code, MN_EINVAL);
    assert_int_equal(w->states[1].code, MN_EINVAL);
    assert_false(w->sim.exported);
}

static void
everybody(void **state)
{
    struct world *w = *state;
    bool has;
    set(w, 0, "0.0.0.0/0", "rw");
    set(w, 1, "::/0", "ro");
    assert_int_equal(update(w, 2), 0);
    /* which NFS-Ganesha can't read, and with it nothing of the export */
    assert_lacks(log_of(w), "/0");
    assert_non_null(ces_sim_find(&w->sim, "0.0.0.0/1"));
    assert_non_null(ces_sim_find(&w->sim, "128.0.0.0/1"));
    assert_non_null(ces_sim_find(&w->sim, "8000::/1"));
    assert_int_equal(w->sim.n, 4);
    assert_int_equal(w->h->vtable->has_clients(w->h, PATH, &has, NULL), 0);
    assert_true(has);
    assert_int_equal(
        w->h->vtable->deny_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_null(ces_sim_find(&w->sim, "0.0.0.0/1"));
    assert_int_equal(w->sim.n, 2);
    w->sim.refuse = "128.0.0.0/1";
    assert_int_equal(update(w, 2), 0);
    assert_int_equal(w->states[0].code, MN_EREMOTE);
    assert_contains(w->states[0].text, "is refused");
    assert_int_equal(w->states[1].code, 0);
}

static void
exported_to_nobody(void **state)
{
    struct world *w = *state;
    w->sim.exported = true;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_client(w, 0, "10.0.0.1", "RW");
    assert_contains(log_of(w), "--nfsadd");
}

/* An export whose last client went may be listed without one: it goes too. */
static void
removed_from_nobody(void **state)
{
    struct world *w = *state;
    w->sim.exported = true;
    fake_answer_once(&w->sim.fake, "*list*", 0,
                     "mmcesnfslsexport:nfsexports:HEADER:version:reserved:"
                     "reserved:Path:Delegations:Clients:Access_Type:Squash:\n"
                     "mmcesnfslsexport:nfsexports:0:1:::" PATH
                     ":NONE::NONE:ROOT_SQUASH:\n",
                     "");
    assert_int_equal(update(w, 0), 0);
    assert_false(w->sim.exported);
}

static void
refusal_to_remove_fails_the_call(void **state)
{
    struct world *w = *state;
    ces_sim_client(&w->sim, "10.0.0.1", "RW", "NO_ROOT_SQUASH");
    ces_sim_client(&w->sim, "10.0.0.66", "RW", "NO_ROOT_SQUASH");
    w->sim.refuse = "10.0.0.66";
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), MN_EREMOTE);
    assert_contains(w->err.text, "ces1 still exports to 10.0.0.66");
    assert_int_equal(w->states[0].code, 0);
}

static void
no_answer_is_no_success(void **state)
{
    struct world *w = *state;
    bool has;
    set(w, 0, "10.0.0.1", "rw");
    fake_answer(&w->sim.fake, "*list*", 0, "", "");
    assert_int_equal(update(w, 0), MN_EPROTO);
    assert_int_equal(update(w, 1), MN_EPROTO);
    assert_int_equal(w->states[0].code, MN_EPROTO);
    assert_int_equal(w->h->vtable->has_clients(w->h, PATH, &has, NULL),
                     MN_EPROTO);
    fake_answer(&w->sim.fake, "*list*", 1, "",
                "mmnfs: The NFS service is not enabled.\n");
    assert_int_equal(update(w, 0), MN_EREMOTE);
    assert_contains(w->err.text, "not enabled");
    fake_answer(&w->sim.fake, "*list*", 0,
                "mmcesnfslsexport:nfsexports:HEADER:version:reserved:reserved:"
                "Path:Delegations:Clients:Access_Type:\n"
                "mmcesnfslsexport:nfsexports:0:1:::" PATH ":what\n",
                "");
    assert_int_equal(update(w, 0), MN_EPROTO);
    w->sim.fake.fail = MN_ECONNECT;
    assert_int_equal(update(w, 1), MN_ECONNECT);
}

static void
single_rules(void **state)
{
    struct world *w = *state;
    const struct mn_nfs_helper_vtable *v = w->h->vtable;
    set(w, 0, "2001:db8::1", "rw");
    set(w, 1, "10.0.0.0/24", "ro");
    set(w, 2, "nonsense", "ro");
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[1], NULL), 0);
    assert_client(w, 0, "2001:db8::1", "RW");
    assert_client(w, 1, "10.0.0.0/24", "RO");
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[2], NULL),
                     MN_EINVAL);
    assert_int_equal(v->deny_access(w->h, &w->share, &w->rules[2], NULL), 0);
    assert_int_equal(v->deny_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_int_equal(w->sim.n, 1);
    assert_int_equal(v->remove_export(w->h, &w->share, NULL), 0);
    assert_int_equal(w->sim.n, 0);
}

static void
options(void **state)
{
    static const char *const bad[] = {
        "access_type=rw",
        "Access_Type = ro",
        "squash",
        "a=b;c",
        "=x",
        "a=",
        "a=$(id)",
        "a=b)",
    };
    struct world *w = *state;
    struct mn_buf out = MN_BUF_INIT;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(mn_ces__check_options(bad[i], &out, NULL), MN_EINVAL);
        mn_buf_clear(&out);
    }
    assert_int_equal(
        mn_ces__check_options(" Protocols=3:4, SecType=sys,", &out, NULL), 0);
    assert_string_equal(mn_buf_str(&out), "protocols=3:4,sectype=sys");
    mn_buf_dispose(&out);
    w->config.export_options = "access_type=rw";
    struct mn_nfs_helper *h = NULL;
    assert_int_equal(mn_ces_new(&w->config, &h, &w->err), MN_ECONFIG);
    /* protocols as listed: "3,4" */
    ces_sim_client(&w->sim, "10.0.0.1", "RW", "NO_ROOT_SQUASH");
    set(w, 0, "10.0.0.1", "rw");
    w->share.export_options = "protocols=3:4";
    assert_int_equal(update(w, 1), 0);
    assert_string_equal(log_of(w), LIST);
    w->share.export_options = "protocols=4";
    assert_int_equal(update(w, 1), 0);
    assert_contains(log_of(w), "--nfschange 10.0.0.1(protocols=4,");
    assert_int_equal(w->sim.fake.plans, 2);
}

static void
thousands(void **state)
{
    struct world *w = *state;
    static char text[RULES][MN_IPNET_TEXT];
    for (size_t i = 0; i < 4000; i++) {
        snprintf(text[i], sizeof text[i], "2001:db8:aaaa:bbbb::%zx", i + 1);
        set(w, i, text[i], "rw");
    }
    assert_int_equal(update(w, 4000), 0);
    assert_int_equal(w->sim.n, 4000);
    struct mn_slice line;
    struct mn_slice rest = mn_buf_view(&w->sim.fake.log);
    while (mn_slice_next(&rest, '\n', &line)) {
        assert_true(line.n < (66 << 10));
    }
}

static void
ensure(void **state)
{
    struct world *w = *state;
    struct mn_nfs_ensure v[2] = {
        {.export = w->share},
        {.export = {.path = PATH "2", .id = ID, .name = "share-2"}}};
    ces_sim_client(&w->sim, "2001:db8::1", "RW", "NO_ROOT_SQUASH");
    assert_int_equal(w->h->vtable->ensure(w->h, v, 2, &w->err), 0);
    assert_false(v[0].reapply_access);
    assert_true(v[1].reapply_access);
    assert_int_equal(w->sim.fake.plans, 1);
}

static void
check(void **state)
{
    struct world *w = *state;
    fake_answer(&w->sim.fake, "*service list", 0, "Enabled services: NFS\n",
                "");
    assert_int_equal(w->h->vtable->check(w->h, &w->err), 0);
    fake_answer(&w->sim.fake, "*mmuserauth*", 0,
                "FILE access not configured\n", "");
    assert_int_equal(w->h->vtable->check(w->h, &w->err), MN_ECONFIG);
    assert_contains(w->err.text, "mmuserauth service create");
    mn_error_clear(&w->err);
    fake_answer(&w->sim.fake, "*mmces*", 0, "No CES services are enabled.\n",
                "");
    assert_int_equal(w->h->vtable->check(w->h, &w->err), MN_ECONFIG);
    assert_contains(w->err.text, "mmces service enable NFS");
}

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    struct mn_nfs_ensure v = {.export = w->share};
    bool has;
    w->sim.n = 0;
    ces_sim_client(&w->sim, "10.0.0.66", "RW", "ROOT_SQUASH");
    ces_sim_client(&w->sim, "10.0.0.0/8", "RW", "ROOT_SQUASH");
    ces_sim_client(&w->sim, "10.0.0.1", "RO", "ROOT_SQUASH");
    int rc = update(w, 3);
    rc = rc ? rc
            : w->h->vtable->allow_access(w->h, &w->share, &w->rules[3],
                                         &w->err);
    rc =
        rc ? rc
           : w->h->vtable->deny_access(w->h, &w->share, &w->rules[3], &w->err);
    rc = rc ? rc : w->h->vtable->has_clients(w->h, PATH, &has, &w->err);
    rc = rc ? rc : w->h->vtable->ensure(w->h, &v, 1, &w->err);
    rc = rc ? rc : w->h->vtable->check(w->h, &w->err);
    return rc ? rc : w->h->vtable->remove_export(w->h, &w->share, &w->err);
}

static void
torture(void **state)
{
    struct world *w = *state;
    fake_answer(&w->sim.fake, "*service list", 0, "Enabled services: NFS\n",
                "");
    set(w, 0, "10.0.0.1", "ro");
    set(w, 1, "10.0.0.0/8", "rw");
    set(w, 2, "::/0", "ro");
    set(w, 3, "2001:db8::1", "rw");
    TORTURE(scenario, w);
    assert_int_equal(w->sim.n, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(first_rules),
        T(place_of_its_own_for_version_4),
        T(one_change_for_each_call),
        T(wrong_order_is_mended),
        T(last_rule),
        T(invalid_rules_keep_nobody_in),
        T(everybody),
        T(exported_to_nobody),
        T(removed_from_nobody),
        T(refusal_to_remove_fails_the_call),
        T(no_answer_is_no_success),
        T(single_rules),
        T(options),
        T(thousands),
        T(ensure),
        T(check),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/ces", tests, NULL, NULL);
}
