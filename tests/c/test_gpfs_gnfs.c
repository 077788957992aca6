/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "gnfs_sim.h"
#include "gpfs/gnfs_plan.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define OTHER "5b1cd4a5-1111-4e2a-9c8c-68dc7206a164"
#define PATH "/gpfs0/share-1"
#define DIR "/etc/ganesha/export.d"
#define FILE_ DIR "/share-1.conf"

enum { SERVERS = 2, RULES = 16 };

struct world {
    struct gnfs_sim sim[SERVERS];
    struct mn_gpfs_node nodes[SERVERS];
    struct mn_nfs_helper_config config;
    struct mn_nfs_helper *h;
    struct mn_nfs_export share;
    struct mn_access_rule rules[RULES];
    struct mn_rule_state states[RULES];
    struct mn_error err;
    unsigned id;    /* first choice of the share */
    char link[200]; /* its reservation */
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
        gnfs_sim_init(&w->sim[i]);
        w->nodes[i].name = i ? "nfs2" : "nfs1";
        w->nodes[i].ex = &w->sim[i].fake.base;
    }
    w->config = (struct mn_nfs_helper_config){
        .servers = w->nodes,
        .servers_n = SERVERS,
        .export_options = "squash=No_Root_Squash,Protocols=3:4",
        .log = {keep_log, w}};
    assert_int_equal(mn_gnfs_new(&w->config, &w->h, &w->err), 0);
    w->share =
        (struct mn_nfs_export){.path = PATH, .id = ID, .name = "share-1"};
    w->id = mn_gnfs__first_id(ID);
    snprintf(w->link, sizeof w->link, DIR "/.manila-native/%u", w->id);
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
update(struct world *w, size_t n)
{
    struct mn_rules all = {w->rules, n};
    struct mn_rules none = {0};
    forget(w);
    return w->h->vtable->update_access(w->h, &w->share, all, none, none, none,
                                       w->states, &w->err);
}

static void
assert_level(struct world *w, const char *client, int level)
{
    for (int i = 0; i < SERVERS; i++) {
        assert_int_equal(gnfs_sim_level(&w->sim[i], PATH, client), level);
    }
}

static void
assert_id(struct world *w, unsigned id)
{
    char line[64];
    snprintf(line, sizeof line, "    Export_Id = %u;\n", id);
    for (int i = 0; i < SERVERS; i++) {
        assert_non_null(gnfs_sim_find(&w->sim[i], PATH));
        assert_int_equal(gnfs_sim_find(&w->sim[i], PATH)->id, id);
        assert_contains(gnfs_sim_file(&w->sim[i], FILE_), line);
    }
}

static void
first_rules_then_one_round_trip(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.0/8", "rw");
    set(w, 1, "10.0.0.5", "ro");
    set(w, 2, "2001:db8::1", "rw");
    assert_int_equal(update(w, 3), 0);
    assert_level(w, "10.0.0.0/8", 'w');
    assert_level(w, "10.0.0.5", 'o');
    assert_level(w, "2001:db8::1", 'w');
    assert_id(w, w->id);
    assert_string_equal(gnfs_sim_file(&w->sim[0], w->link), ID);
    assert_int_equal(w->sim[0].fake.plans, 2);
    /* any change after that */
    w->rules[1].access_level = "rw";
    assert_int_equal(update(w, 2), 0);
    assert_level(w, "10.0.0.5", 'w');
    assert_level(w, "2001:db8::1", 0);
    assert_int_equal(w->sim[0].fake.plans, 1);
    assert_int_equal(w->sim[1].fake.plans, 1);
    assert_contains(w->log, "exports changed: 2 clients on 2 servers");
    /* nothing to do: nothing is written, nobody told */
    assert_int_equal(update(w, 2), 0);
    assert_lacks(mn_buf_str(&w->sim[0].fake.log), "dd of=");
    assert_lacks(mn_buf_str(&w->sim[0].fake.log), "UpdateExport");
    assert_contains(w->log, "exports unchanged");
}

static void
never_in_the_include_directory(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_contains(mn_buf_str(&w->sim[0].fake.log),
                    "dd of=" DIR "/.manila-native/share-1.new conv=fsync");
    assert_null(gnfs_sim_file(&w->sim[0], DIR "/.manila-native/share-1.new"));
}

static void
last_rule_removes_everything(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    w->share.export_options = "Access_Type=RW"; /* must keep nobody in */
    assert_int_equal(update(w, 0), 0);
    for (int i = 0; i < SERVERS; i++) {
        assert_null(gnfs_sim_find(&w->sim[i], PATH));
        assert_null(gnfs_sim_file(&w->sim[i], FILE_));
    }
    assert_null(gnfs_sim_file(&w->sim[0], w->link));
    assert_int_equal(update(w, 0), 0);
    assert_int_equal(w->sim[0].fake.plans, 1);
}

static void
failed_removal_is_no_success(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    w->sim[1].refuse_removal = true;
    assert_int_equal(update(w, 0), MN_EREMOTE);
    assert_contains(w->err.text, "nfs2 still exports to " PATH);
    /* the number stays reserved while somebody has the export */
    assert_non_null(gnfs_sim_file(&w->sim[0], w->link));
    w->sim[1].refuse_removal = false;
    w->sim[1].down = true;
    assert_int_equal(update(w, 0), MN_EREMOTE);
    assert_contains(w->err.text, "nfs2");
    assert_null(gnfs_sim_file(&w->sim[1], FILE_)); /* a start brings nothing */
    w->sim[1].down = false;
    assert_int_equal(update(w, 0), 0);
    assert_null(gnfs_sim_find(&w->sim[1], PATH));
    assert_null(gnfs_sim_file(&w->sim[0], w->link));
}

static void
invalid_rules_keep_nobody_in(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    set(w, 0, "10.0.0.1 } CLIENT { Clients = *", "rw");
    set(w, 1, "2001:db8::/112", "rw");
    assert_int_equal(update(w, 2), 0);
    assert_int_equal(w->states[0].code, MN_EINVAL);
    assert_int_equal(w->states[1].code, MN_EINVAL);
    assert_contains(w->states[1].text, "/100 to /127");
    assert_null(gnfs_sim_find(&w->sim[0], PATH));
}

static void
number_taken_by_another_share(void **state)
{
    struct world *w = *state;
    gnfs_sim_set(&w->sim[0], w->link, OTHER, true);
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_id(w, mn_gnfs__next_id(w->id));
    assert_string_equal(gnfs_sim_file(&w->sim[0], w->link), OTHER);
    /* found again, also when the guess is wrong */
    set(w, 1, "10.0.0.2", "ro");
    assert_int_equal(update(w, 2), 0);
    assert_id(w, mn_gnfs__next_id(w->id));
    assert_level(w, "10.0.0.2", 'o');
    assert_int_equal(update(w, 0), 0);
    assert_string_equal(gnfs_sim_file(&w->sim[0], w->link), OTHER);
    snprintf(w->link, sizeof w->link, DIR "/.manila-native/%u",
             mn_gnfs__next_id(w->id));
    assert_null(gnfs_sim_file(&w->sim[0], w->link));
}

static void
number_taken_by_the_operator(void **state)
{
    struct world *w = *state;
    char text[200];
    unsigned next = mn_gnfs__next_id(w->id);
    gnfs_sim_export(&w->sim[1], w->id, "/operator");
    snprintf(text, sizeof text, "EXPORT { export_id = %u; Path = /x; }\n",
             next);
    gnfs_sim_set(&w->sim[0], "/etc/ganesha/ganesha.conf", text, false);
    snprintf(text, sizeof text, "    Export_Id = %u;\n", next);
    gnfs_sim_set(&w->sim[0], "/etc/ganesha/more.conf", text, false);
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_id(w, mn_gnfs__next_id(next));
    assert_string_equal(gnfs_sim_find(&w->sim[1], "/operator")->path,
                        "/operator");
}

/* After the share had it: the daemon began with the operator's first. */
static void
number_used_twice(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    gnfs_sim_forget(&w->sim[1], w->id);
    gnfs_sim_export(&w->sim[1], w->id, "/operator");
    assert_int_equal(update(w, 1), MN_EEXISTS);
    assert_contains(w->err.text, "give this export another one: /operator");
    assert_int_equal(gnfs_sim_find(&w->sim[1], "/operator")->id, w->id);
}

static void
crash_before_the_file(void **state)
{
    struct world *w = *state;
    char link[200];
    snprintf(link, sizeof link, DIR "/.manila-native/%u", 777u);
    gnfs_sim_set(&w->sim[0], link, ID, true);
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_id(w, 777);
    assert_int_equal(update(w, 0), 0);
    assert_null(gnfs_sim_file(&w->sim[0], link));
    assert_null(gnfs_sim_file(&w->sim[0], w->link));
}

static void
lost_file_keeps_the_number(void **state)
{
    struct world *w = *state;
    struct gnfs_export *e = gnfs_sim_export(&w->sim[0], 4711, PATH);
    e->anybody = true;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_id(w, 4711);
    assert_level(w, "10.0.0.1", 'w');
}

static void
two_numbers_for_one_path(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    /* the second server was restored from an old backup */
    gnfs_sim_set(&w->sim[1], FILE_,
                 "EXPORT { Export_Id = 5; Path = \"" PATH "\"; }\n", false);
    gnfs_sim_find(&w->sim[1], PATH)->id = 5;
    assert_int_equal(update(w, 1), 0);
    assert_id(w, w->id);
}

/* The file is right, but the daemon has the path under another number, and
   takes no path twice. */
static void
stray_number_in_the_daemon(void **state)
{
    struct world *w = *state;
    struct mn_nfs_ensure e = {.export = w->share};
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    gnfs_sim_find(&w->sim[1], PATH)->id = 5;
    assert_int_equal(w->h->vtable->ensure(w->h, &e, 1, &w->err), 0);
    assert_int_equal(e.code, 0);
    assert_true(e.reapply_access);
    assert_int_equal(update(w, 1), 0);
    assert_string_equal(w->states[0].text, "");
    assert_id(w, w->id);
    assert_level(w, "10.0.0.1", 'w');
}

static void
resync_repairs_the_daemon(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.2", "ro");
    assert_int_equal(update(w, 2), 0);
    gnfs_sim_forget(&w->sim[0], w->id);
    gnfs_sim_find(&w->sim[1], PATH)->clients.v[1].rw = true;
    gnfs_sim_find(&w->sim[1], PATH)->anybody = true;
    w->sim[1].keep_anybody = true;
    assert_int_equal(update(w, 2), MN_EREMOTE);
    assert_string_equal(w->err.text, "NFS server nfs2 still exports to *");
    w->sim[1].keep_anybody = false;
    assert_int_equal(update(w, 2), 0);
    assert_level(w, "10.0.0.1", 'w');
    assert_level(w, "10.0.0.2", 'o');
}

static void
dropped_clients_are_their_error(void **state)
{
    struct world *w = *state;
    w->sim[1].drop_clients = true;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_int_equal(w->states[0].code, MN_EREMOTE);
    assert_contains(w->states[0].text, "nfs2");
    assert_contains(w->log, "Errors found");
}

static void
daemon_without_update(void **state)
{
    struct world *w = *state;
    w->sim[0].old = true;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_level(w, "10.0.0.1", 'w');
}

static void
missing_daemon(void **state)
{
    struct world *w = *state;
    w->sim[1].down = true;
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), MN_EREMOTE);
    assert_contains(w->err.text, "NFS server nfs2: ");
    assert_contains(w->err.text, "does it run");
    assert_int_equal(w->states[0].code, MN_EREMOTE);
    assert_contains(gnfs_sim_file(&w->sim[1], FILE_), "10.0.0.1");
    assert_int_equal(gnfs_sim_level(&w->sim[0], PATH, "10.0.0.1"), 'w');
}

/* One wait for a server that hangs, whatever is asked of it. */
static void
assert_waited_once(struct world *w)
{
    const char *log = mn_buf_str(&w->sim[1].fake.log);
    const char *first = strstr(log, "dbus-send ");
    assert_non_null(first);
    assert_contains(first, "--reply-timeout=7000 ");
    assert_null(strstr(first + 1, "dbus-send "));
    assert_contains(w->err.text, "NFS server nfs2: no answer within 7 s to "
                                 "dbus-send ");
    assert_contains(w->err.text, "restart it");
}

static void
hanging_daemon(void **state)
{
    struct world *w = *state;
    const struct mn_nfs_helper_vtable *v;
    struct mn_nfs_ensure one = {.export = w->share};
    bool has;
    mn_nfs_helper_free(w->h);
    w->config.ganesha.command_timeout_s = 7;
    assert_int_equal(mn_gnfs_new(&w->config, &w->h, &w->err), 0);
    v = w->h->vtable;
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.2", "ro");
    w->sim[1].hangs = true; /* the first access */
    assert_int_equal(update(w, 1), MN_ETIMEDOUT);
    assert_waited_once(w);
    w->sim[1].hangs = false;
    assert_int_equal(update(w, 1), 0);
    w->sim[1].hangs = true; /* a change */
    assert_int_equal(update(w, 2), MN_ETIMEDOUT);
    assert_waited_once(w);
    assert_int_equal(w->states[1].code, MN_ETIMEDOUT);
    assert_contains(gnfs_sim_file(&w->sim[1], FILE_), "10.0.0.2");
    assert_int_equal(gnfs_sim_level(&w->sim[0], PATH, "10.0.0.2"), 'o');
    forget(w);
    assert_int_equal(v->has_clients(w->h, PATH, &has, &w->err), MN_ETIMEDOUT);
    assert_waited_once(w);
    forget(w);
    assert_int_equal(v->check(w->h, &w->err), MN_ETIMEDOUT);
    assert_waited_once(w);
    forget(w);
    assert_int_equal(v->ensure(w->h, &one, 1, &w->err), 0);
    assert_contains(w->log, "nfs2 were not checked: no answer within 7 s");
    assert_int_equal(update(w, 0), MN_ETIMEDOUT); /* the removal */
    assert_waited_once(w);
    assert_null(gnfs_sim_file(&w->sim[1], FILE_)); /* a start brings nothing */
    assert_non_null(gnfs_sim_file(&w->sim[0], w->link));
    w->sim[1].hangs = false;
    assert_int_equal(update(w, 0), 0);
    assert_null(gnfs_sim_find(&w->sim[1], PATH));
    assert_null(gnfs_sim_file(&w->sim[0], w->link));
}

static void
unreachable_servers(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    w->sim[0].fake.fail = MN_ECONNECT; /* the arbiter */
    assert_int_equal(update(w, 1), MN_ECONNECT);
    assert_null(gnfs_sim_find(&w->sim[1], PATH));
    w->sim[0].fake.fail = MN_OK;
    assert_int_equal(update(w, 1), 0);
    w->sim[0].fake.fail = MN_ECONNECT;
    set(w, 1, "10.0.0.2", "rw");
    assert_int_equal(update(w, 2), MN_ECONNECT);
    assert_int_equal(gnfs_sim_level(&w->sim[1], PATH, "10.0.0.2"), 'w');
    w->sim[0].fake.fail = MN_ECANCELED;
    assert_int_equal(update(w, 2), MN_ECANCELED);
}

static void
everybody(void **state)
{
    struct world *w = *state;
    set(w, 0, "0.0.0.0/0", "ro");
    assert_int_equal(update(w, 1), 0);
    assert_int_equal(w->states[0].code, 0);
    assert_contains(gnfs_sim_file(&w->sim[0], FILE_),
                    "Clients =\n            0.0.0.0/1,\n"
                    "            128.0.0.0/1;\n");
}

static void
index_is_kept_if_there(void **state)
{
    struct world *w = *state;
    gnfs_sim_set(&w->sim[0], DIR "/INDEX.conf", "", false);
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    assert_string_equal(gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf"),
                        "%include \"" FILE_ "\"\n");
    const char *renamed = strstr(mn_buf_str(&w->sim[0].fake.log), "INDEX.new");
    assert_contains(renamed, "\nsync -- " DIR "\n"); /* a reboot has it */
    assert_null(gnfs_sim_file(&w->sim[1], DIR "/INDEX.conf"));
    assert_int_equal(update(w, 0), 0);
    assert_string_equal(gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf"), "");
}

static const char index_of_one[] = "%include \"" FILE_ "\"\n";

/* Cut off between the export's file and the index: to repeat the call must
   bring both to the same end. Meanwhile the index names no file that is not
   there, because a daemon would not start with such one. */
static void
index_after_an_interruption(void **state)
{
    struct world *w = *state;
    struct fake *f = &w->sim[0].fake;
    gnfs_sim_set(&w->sim[0], DIR "/INDEX.conf", "", false);
    set(w, 0, "10.0.0.1", "rw");
    fake_answer_once(f, "*mv -f*INDEX.conf*", 1, "", "no space\n");
    assert_int_equal(update(w, 1), MN_EREMOTE);
    assert_int_equal(update(w, 1), 0);
    assert_string_equal(gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf"),
                        index_of_one);
    fake_answer_once(f, "*mv -f*INDEX.conf*", 1, "", "no space\n");
    assert_int_equal(update(w, 0), MN_EREMOTE);
    assert_non_null(gnfs_sim_file(&w->sim[0], FILE_));
    assert_int_equal(update(w, 0), 0);
    assert_null(gnfs_sim_file(&w->sim[0], FILE_));
    assert_string_equal(gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf"), "");
    /* what an operator removed by hand */
    gnfs_sim_set(&w->sim[0], DIR "/INDEX.conf", index_of_one, false);
    assert_int_equal(update(w, 0), 0);
    assert_string_equal(gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf"), "");
}

static void
export_another(void *ctx)
{
    struct world *w = ctx;
    struct mn_nfs_export two = {
        .path = "/gpfs0/share-2", .id = OTHER, .name = "share-2"};
    struct mn_access_rule rule = {"x", "ip", "10.0.0.2", "rw"};
    struct mn_rules all = {&rule, 1};
    struct mn_rules none = {0};
    struct mn_rule_state state;
    assert_int_equal(w->h->vtable->update_access(w->h, &two, all, none, none,
                                                 none, &state, NULL),
                     0);
}

static void
two_shares_at_once_are_both_in_the_index(void **state)
{
    struct world *w = *state;
    gnfs_sim_set(&w->sim[0], DIR "/INDEX.conf", "", false);
    set(w, 0, "10.0.0.1", "rw");
    fake_meanwhile(&w->sim[0].fake, "*mv -f*INDEX.conf*", export_another, w);
    assert_int_equal(update(w, 1), 0);
    const char *index = gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf");
    assert_contains(index, index_of_one);
    assert_contains(index, DIR "/share-2.conf");
}

/* A share that was let go and is managed again under another name: its former
   file must not bring anybody back. Nor is an operator's touched. */
static void
file_of_a_former_name(void **state)
{
    struct world *w = *state;
    static const char operators[] =
        "EXPORT {\n    Export_Id = 9;\n    Path = \"" PATH "\";\n}\n";
    for (size_t rules = 0; rules < 2; rules++) {
        w->share.name = "share-0";
        w->share.id = OTHER;
        set(w, 0, "10.0.0.66", "rw");
        assert_int_equal(update(w, 1), 0);
        gnfs_sim_set(&w->sim[0], DIR "/operator.conf", operators, false);
        gnfs_sim_set(&w->sim[0], DIR "/INDEX.conf",
                     "%include \"" DIR "/share-0.conf\"\n", false);
        w->share.name = "share-1";
        w->share.id = ID;
        set(w, 0, "10.0.0.1", "rw");
        assert_int_equal(update(w, rules), 0);
        assert_null(gnfs_sim_file(&w->sim[0], DIR "/share-0.conf"));
        assert_non_null(gnfs_sim_file(&w->sim[0], DIR "/operator.conf"));
        assert_lacks(gnfs_sim_file(&w->sim[0], DIR "/INDEX.conf"), "share-0");
        assert_level(w, "10.0.0.66", 0);
        assert_level(w, "10.0.0.1", rules ? 'w' : 0);
    }
}

static void
single_rules(void **state)
{
    struct world *w = *state;
    const struct mn_nfs_helper_vtable *v = w->h->vtable;
    bool has;
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "2001:db8::/64", "ro");
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_int_equal(v->allow_access(w->h, &w->share, &w->rules[1], NULL), 0);
    assert_level(w, "10.0.0.1", 'w');
    assert_level(w, "2001:db8::/64", 'o');
    assert_int_equal(v->has_clients(w->h, PATH, &has, NULL), 0);
    assert_true(has);
    assert_int_equal(v->deny_access(w->h, &w->share, &w->rules[0], NULL), 0);
    assert_level(w, "10.0.0.1", 0);
    assert_level(w, "2001:db8::/64", 'o');
    assert_int_equal(v->remove_export(w->h, &w->share, NULL), 0);
    assert_int_equal(v->has_clients(w->h, PATH, &has, NULL), 0);
    assert_false(has);
    w->sim[1].down = true;
    assert_int_equal(v->has_clients(w->h, PATH, &has, NULL), MN_EREMOTE);
}

static void
ensure(void **state)
{
    struct world *w = *state;
    struct mn_nfs_ensure v[3] = {
        {.export = w->share},
        {.export = {.path = PATH "2", .id = OTHER, .name = "share-2"}},
        {.code = MN_ENOTFOUND, .export = w->share}};
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1), 0);
    gnfs_sim_forget(&w->sim[1], w->id);
    forget(w);
    assert_int_equal(w->h->vtable->ensure(w->h, v, 3, &w->err), 0);
    assert_int_equal(v[0].code, 0);
    assert_true(v[0].repaired);
    assert_false(v[0].reapply_access);
    assert_true(v[1].reapply_access);
    assert_false(v[2].repaired);
    assert_level(w, "10.0.0.1", 'w');
    assert_int_equal(w->sim[0].fake.plans, 1);
    assert_int_equal(w->sim[1].fake.plans, 2);
    gnfs_sim_set(&w->sim[0], FILE_, "EXPORT {\n", false);
    v[0] = (struct mn_nfs_ensure){.export = w->share};
    assert_int_equal(w->h->vtable->ensure(w->h, v, 1, &w->err), 0);
    assert_true(v[0].reapply_access);
}

static void
check(void **state)
{
    struct world *w = *state;
    fake_answer(&w->sim[0].fake, "grep -qsF *", 1, "", "");
    assert_int_equal(w->h->vtable->check(w->h, &w->err), 0);
    assert_contains(w->log, "add a line %dir " DIR);
    w->sim[1].down = true;
    assert_int_equal(w->h->vtable->check(w->h, &w->err), MN_ECONFIG);
    assert_contains(w->err.text, "run NFS-Ganesha");
}

static int
scenario(void *ctx)
{
    struct world *w = ctx;
    const struct mn_nfs_helper_vtable *v = w->h->vtable;
    struct mn_nfs_ensure one = {.export = w->share};
    bool has;
    for (int i = 0; i < SERVERS; i++) {
        gnfs_sim_set(&w->sim[i], FILE_, NULL, false);
        while (w->sim[i].exports_n) {
            gnfs_sim_forget(&w->sim[i], w->sim[i].exports[0].id);
        }
    }
    gnfs_sim_set(&w->sim[0], w->link, OTHER, true);
    gnfs_sim_export(&w->sim[1], 99, PATH);
    int rc = update(w, 3);
    rc = rc ? rc : v->allow_access(w->h, &w->share, &w->rules[3], &w->err);
    rc = rc ? rc : v->deny_access(w->h, &w->share, &w->rules[0], &w->err);
    rc = rc ? rc : v->has_clients(w->h, PATH, &has, &w->err);
    gnfs_sim_forget(&w->sim[0], 99);
    rc = rc ? rc : v->ensure(w->h, &one, 1, &w->err);
    rc = rc ? rc : v->check(w->h, &w->err);
    return rc ? rc : v->remove_export(w->h, &w->share, &w->err);
}

static void
torture(void **state)
{
    struct world *w = *state;
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "::/0", "ro");
    set(w, 2, "2001:db8::1", "rw");
    set(w, 3, "10.0.0.0/8", "ro");
    TORTURE(scenario, w);
    assert_null(gnfs_sim_find(&w->sim[0], PATH));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(first_rules_then_one_round_trip),
        T(never_in_the_include_directory),
        T(last_rule_removes_everything),
        T(failed_removal_is_no_success),
        T(invalid_rules_keep_nobody_in),
        T(number_taken_by_another_share),
        T(number_taken_by_the_operator),
        T(number_used_twice),
        T(crash_before_the_file),
        T(lost_file_keeps_the_number),
        T(two_numbers_for_one_path),
        T(stray_number_in_the_daemon),
        T(resync_repairs_the_daemon),
        T(dropped_clients_are_their_error),
        T(daemon_without_update),
        T(missing_daemon),
        T(hanging_daemon),
        T(unreachable_servers),
        T(everybody),
        T(index_is_kept_if_there),
        T(index_after_an_interruption),
        T(two_shares_at_once_are_both_in_the_index),
        T(file_of_a_former_name),
        T(single_rules),
        T(ensure),
        T(check),
        T(torture),
    };
    return cmocka_run_group_tests_name("gpfs/gnfs", tests, NULL, NULL);
}
