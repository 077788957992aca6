/* SPDX-License-Identifier: Apache-2.0 */
/* The network ACL of a share, from firmware 3.7: what is in it after a change
   of Manila's rules, whatever was. */
#include "testlib.h"

#include "fake_rest.h"
#include "tegile/driver.h"

#define NAME "share-0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define KEPT "192.0.2.1"
#define GONE "192.0.2.2"
#define NEW "192.0.2.3"
#define ODD "192.0.2.4"
#define SET "setNFSNetworkACLsOnShare"
#define UNSHARED                                                \
    "{\"code\":\"EZEBI_RESOURCE_NOT_FOUND\",\"message\":\"NFS " \
    "sharing is not enabled for the specified share\"}"

struct world {
    struct fake_rest array;
    struct mn_driver *driver;
    struct mn_share share;
    struct fake_share *there;
    struct mn_error err;
    struct mn_rule_state states[4];
};

static void
have(struct world *w, const char *to, const char *level)
{
    struct fake_rule *rule = &w->there->rules[w->there->rules_n++];
    snprintf(rule->to, sizeof rule->to, "%s", to);
    snprintf(rule->level, sizeof rule->level, "%s", level);
}

static void
begin(struct world *w)
{
    struct mn_tegile *t = NULL;
    *w = (struct world){0};
    fake_rest_init(&w->array, "3.7.1");
    const struct mn_tegile_config config = {
        .server = "192.0.2.10",
        .project = "o",
        .request_timeout_s = 60,
        .operation_timeout_s = 300,
    };
    assert_int_equal(mn_tegile_new(&config, &w->array.rest, &t, &w->err), 0);
    w->driver = mn_tegile_driver(t);
    w->share = (struct mn_share){.id = NAME + 6,
                                 .name = NAME,
                                 .proto = "NFS",
                                 .size_gib = 5,
                                 .pool = "p"};
    w->there = fake_share_add(&w->array, NAME);
    have(w, KEPT, "rw");
    have(w, GONE, "rw");
}

static void
end(struct world *w)
{
    mn_driver_free(w->driver);
}

static const struct mn_access_rule rules[] = {
    {"1", "ip", KEPT, "rw"},
    {"2", "ip", ODD, "rw"},
    {"3", "ip", NEW, "ro"},
    {"4", "ip", GONE, "rw"},
};
static const struct mn_rules none = {NULL, 0};
static const struct mn_rules gone = {rules + 3, 1};

static void
update(struct world *w, struct mn_rules all, struct mn_rules add,
       struct mn_rules drop)
{
    assert_int_equal(w->driver->vtable->update_access(w->driver, &w->share,
                                                      all, add, drop, none,
                                                      w->states, &w->err),
                     0);
}

static void
assert_may(struct world *w, const char *to, const char *level)
{
    const char *found = fake_share_may(w->there, to);
    assert_string_equal(found ? found : "", level);
}

/* A rule that the array refuses keeps nobody's access, and nothing is told
   twice. */
static void
refused(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    w.array.refused = ODD;
    update(&w, (struct mn_rules){rules, 2}, (struct mn_rules){rules + 1, 1},
           gone);
    assert_int_equal(w.states[0].code, MN_OK);
    assert_int_equal(w.states[1].code, MN_EINVAL);
    assert_may(&w, KEPT, "rw");
    assert_may(&w, GONE, "");
    assert_may(&w, ODD, "");
    assert_int_equal(fake_rest_count(&w.array, SET), 3);
    fake_rest_forget(&w.array);
    update(&w, (struct mn_rules){rules, 2}, (struct mn_rules){rules + 1, 1},
           none);
    assert_int_equal(fake_rest_count(&w.array, SET), 2);
    end(&w);
}

static void
refused_among_others(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    w.array.refused = ODD;
    update(&w, (struct mn_rules){rules, 3}, (struct mn_rules){rules + 1, 2},
           gone);
    assert_int_equal(w.states[1].code, MN_EINVAL);
    assert_int_equal(w.states[2].code, MN_OK);
    assert_int_equal(w.there->rules_n, 2);
    assert_may(&w, NEW, "ro");
    assert_int_equal(fake_rest_count(&w.array, SET), 3);
    end(&w);
}

/* A user's name would be some host's, and a share that nobody mounts need not
   be shared. */
static void
users_are_no_hosts(void **state)
{
    static const struct mn_access_rule user = {"9", "user", "alice", "rw"};
    struct world w;
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        begin(&w);
        if (!shared) {
            w.there->rules_n = 0;
            fake_fault_add(&w.array, (struct fake_fault){
                                         .method = "getNFSNetworkACLsOnShare",
                                         .times = -1,
                                         .status = 500,
                                         .body = UNSHARED});
        }
        update(&w, (struct mn_rules){&user, 1}, (struct mn_rules){&user, 1},
               none);
        assert_may(&w, "alice", "rw");
        assert_int_equal(fake_rest_count(&w.array, SET), 0);
        assert_int_equal(fake_rest_count(&w.array, "setNFSSharingOnShare"), 0);
        end(&w);
    }
}

/* Hosts are in the list; the array is told one by one of users alone. */
static void
hosts_are_no_users(void **state)
{
    static const struct mn_access_rule both[] = {{"1", "ip", KEPT, "ro"},
                                                 {"9", "user", "alice", "rw"}};
    struct world w;
    (void)state;
    for (int resync = 0; resync < 2; resync++) {
        const struct mn_rules all = {both, 2};
        begin(&w);
        update(&w, all, resync ? none : all, resync ? none : gone);
        assert_may(&w, KEPT, "ro");
        assert_may(&w, GONE, "");
        assert_may(&w, "alice", "rw");
        assert_int_equal(fake_rest_count(&w.array, "shareAllowAccess"), 1);
        assert_int_equal(fake_rest_count(&w.array, "shareDenyAccess"), 0);
        end(&w);
    }
}

#define USER(type, mode, name, rights)                                       \
    "{\"aclType\":\"" type "\",\"aclMode\":\"" mode "\",\"aclUser\":\"" name \
    "\",\"aclValDisplay\":\"" rights "\"}"
#define USERS(list) "{\"aclList\":[" list "]}"

/* A resync of one user: whom the array is told to allow and to deny when its
   own list of users is that. */
static void
listed_users(void **state)
{
    static const struct {
        const char *body;
        int allowed;
        int denied;
    } rows[] = {
        {USERS(USER("User", "Allow", "alice", "rwx")), 0, 0},
        {USERS(USER("User", "Allow", "alice", "r-x")), 2, 1},
        {USERS(USER("User", "Deny", "alice", "rwx")), 1, 0},
        {USERS(USER("Group", "Allow", "alice", "rwx")), 1, 0},
        {USERS(USER("Group", "Allow", "staff", "rwx")), 1, 0},
        {USERS(USER("User", "Allow", "Alice", "rwx")), 1, 1},
        {USERS(USER("User", "Allow", KEPT, "rwx")), 1, 1},
        {USERS(USER("User", "Allow", "", "rwx")), 1, 0},
    };
    static const struct mn_access_rule both[] = {{"1", "ip", KEPT, "rw"},
                                                 {"9", "user", "alice", "rw"}};
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&w);
        fake_fault_add(&w.array, (struct fake_fault){.method = "getShare",
                                                     .times = 1,
                                                     .status = 200,
                                                     .body = rows[i].body});
        update(&w, (struct mn_rules){both, 2}, none, none);
        if (fake_rest_count(&w.array, "shareAllowAccess") != rows[i].allowed
            || fake_rest_count(&w.array, "shareDenyAccess")
                   != rows[i].denied) {
            fail_msg("row %zu: %s", i, w.array.log);
        }
        end(&w);
    }
}

/* What is there twice, in two forms, is there once; but what Manila never knew
   of stays as it is. */
static void
twice(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    have(&w, KEPT "/32", "ro");
    have(&w, "backup", "rw");
    have(&w, "backup", "ro");
    update(&w, (struct mn_rules){rules, 1}, (struct mn_rules){rules, 1}, gone);
    assert_int_equal(w.there->rules_n, 3);
    assert_may(&w, KEPT, "rw");
    assert_may(&w, KEPT "/32", "");
    for (size_t i = 0; i < w.there->rules_n; i++) {
        assert_true(w.there->rules[i].root);
    }
    end(&w);
}

/* Nobody loses access because the array's answer can't be understood. */
static void
no_sense(void **state)
{
    static const char *const acls[] = {"[{\"host\":\"" KEPT "\"}]",
                                       "[{\"accessMode\":\"rw\"}]"};
    struct world w;
    (void)state;
    begin(&w);
    for (size_t i = 0; i < 2; i++) {
        fake_fault_add(
            &w.array, (struct fake_fault){.method = "getNFSNetworkACLsOnShare",
                                          .times = 1,
                                          .status = 200,
                                          .body = acls[i]});
        assert_int_equal(w.driver->vtable->allow_access(w.driver, &w.share,
                                                        &rules[2], &w.err),
                         MN_EPROTO);
        mn_error_clear(&w.err);
    }
    assert_int_equal(fake_rest_count(&w.array, SET), 0);
    end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(refused_among_others),
        cmocka_unit_test(users_are_no_hosts),
        cmocka_unit_test(hosts_are_no_users),
        cmocka_unit_test(listed_users),
        cmocka_unit_test(twice),
        cmocka_unit_test(no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
