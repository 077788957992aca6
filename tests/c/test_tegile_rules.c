/* SPDX-License-Identifier: Apache-2.0 */
/* Manila's access rules as the array can serve them. */
#include "testlib.h"

#include "tegile/internal.h"

#define NFS_TYPES "Only IP or USER access types are allowed for NFS shares."
#define CIFS_TYPES "Only USER access type is allowed for CIFS shares."

static char longest[256]; /* a user's name */
static char too_long[257];

static const struct {
    const char *proto;
    struct mn_access_rule rule;
    const char *to;  /* as the array has it; NULL: it is refused */
    const char *say; /* Manila's form if that is another, or the error */
} rows[] = {
    {"NFS", {"1", "ip", "192.0.2.1", "rw"}, "192.0.2.1", NULL},
    {"NFS", {"1", "ip", "192.0.2.1/32", "ro"}, "192.0.2.1", "192.0.2.1/32"},
    {"NFS", {"1", "ip", "2001:db8::1", "rw"}, NULL, "IPv4 addresses alone"},
    {"NFS", {"1", "ip", "192.0.2", "rw"}, NULL, "192.0.2"},
    {"NFS", {"1", "ip", "192.0.2.1", "rx"}, NULL, "no access level rx"},
    {"NFS", {"1", "user", "ann", "ro"}, "ann", NULL},
    {"NFS", {"1", "cert", "ann", "ro"}, NULL, NFS_TYPES},
    {"CIFS", {"1", "user", "ann", "rw"}, "ann", NULL},
    {"CIFS", {"1", "user", longest, "rw"}, longest, NULL},
    {"CIFS", {"1", "user", too_long, "rw"}, NULL, "can't be a user's name"},
    {"CIFS", {"1", "user", "", "rw"}, NULL, "can't be a user's name"},
    {"CIFS", {"1", "ip", "192.0.2.1", "rw"}, NULL, CIFS_TYPES},
};

static void
served(const struct mn_tegile_rule *rule, size_t i)
{
    assert_string_equal(rule->id, "1");
    assert_string_equal(rule->type, rows[i].rule.access_type);
    assert_string_equal(rule->to, rows[i].to);
    assert_string_equal(rule->level, rows[i].rule.access_level);
    if (rows[i].say) {
        assert_string_equal(rule->form, rows[i].say);
    }
    else {
        assert_null(rule->form);
    }
}

static void
rules_of_all_kinds(void **state)
{
    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    memset(too_long, 'x', sizeof too_long - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mn_rules one = {&rows[i].rule, 1};
        struct mn_tegile_rules rules = {0};
        struct mn_rule_state told = {0};
        struct mn_error err = MN_ERROR_INIT;
        assert_int_equal(
            mn_tegile__rules_init(&rules, one, rows[i].proto, &told, &err), 0);
        assert_int_equal(rules.n, rows[i].to ? 1 : 0);
        assert_int_equal(told.code, rows[i].to ? MN_OK : MN_EINVAL);
        if (rows[i].to) {
            served(&rules.v[0], i);
        }
        else {
            assert_contains(told.text, rows[i].say);
        }
        mn_free(rules.v);
    }
}

/* An address may be somebody's name. */
static void
found_by_type(void **state)
{
    static const struct mn_access_rule both[] = {
        {"1", "user", "192.0.2.1", "ro"}, {"2", "ip", "192.0.2.1", "rw"}};
    struct mn_tegile_rules rules = {0};
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    assert_int_equal(mn_tegile__rules_init(&rules, (struct mn_rules){both, 2},
                                           "NFS", NULL, &err),
                     0);
    assert_ptr_equal(mn_tegile__find_rule(&rules, "user", "192.0.2.1"),
                     &rules.v[0]);
    assert_ptr_equal(mn_tegile__find_rule(&rules, "ip", "192.0.2.1"),
                     &rules.v[1]);
    assert_null(mn_tegile__find_rule(&rules, "ip", "192.0.2.2"));
    mn_free(rules.v);
}

/* The first reason is the one that is told, whole and ended. */
static void
first_reason(void **state)
{
    struct mn_rule_state told = {0};
    const struct mn_tegile_rule rule = {.state = &told};
    struct mn_error first = MN_ERROR_INIT;
    struct mn_error second = MN_ERROR_INIT;
    (void)state;
    memset(told.text, 'x', sizeof told.text);
    mn_error_set(&first, MN_EREMOTE, "first");
    mn_error_set(&second, MN_EINVAL, "second");
    mn_tegile__refuse(&rule, &first);
    mn_tegile__refuse(&rule, &second);
    assert_int_equal(told.code, MN_EREMOTE);
    assert_string_equal(told.text, "first");
}

/* What else than a refusal may be so for all rules, or for a moment only. */
static void
refusals(void **state)
{
    static const enum mn_code codes[] = {
        MN_OK,        MN_EINVAL,   MN_EREMOTE,  MN_EEXISTS, MN_ENOTFOUND,
        MN_ETIMEDOUT, MN_ECONNECT, MN_ENOSPACE, MN_EBUSY,   MN_EAUTH,
        MN_ECANCELED, MN_ENOMEM,   MN_EPROTO,   MN_EHOSTKEY};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(mn_tegile__is_refusal(codes[i]), 1 <= i && i <= 3);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_all_kinds),
        cmocka_unit_test(found_by_type),
        cmocka_unit_test(first_reason),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
