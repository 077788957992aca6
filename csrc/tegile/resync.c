/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to a share made exactly what Manila's rules say, when the array may
 * hold anything.
 */
#include <string.h>

#include "tegile/internal.h"

/* May the array give more than the rule? Manila makes rules read-only for a
   migration; they must then really be, even if clients of whom nothing is
   known are without access for a moment. */
static bool
may_be_more(const struct mn_tegile_access *a,
            const struct mn_tegile_rule *rule)
{
    return mn_tegile__may_differ(a, rule, strcmp(rule->level, "ro") == 0);
}

/* One that the array was told of and Manila has no more. What the array
   refuses, as what it never took, is for the next resync. */
static int
drop_lost_one(struct mn_tegile_access *a, struct mn_tegile_rule *k,
              struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    struct mn_tegile_rule lost = *k;
    lost.level = strcmp(lost.level, "ro") == 0 ? "ro" : "rw";
    int rc = mn_tegile__take_away(a, &lost, &why);
    k->refused = mn_tegile__is_refusal(rc);
    if (k->refused) {
        mn_tegile__log(a->op->t, MN_LOG_WARNING,
                       "%s: Manila has no access rule for %s, but perhaps the "
                       "array has: %s",
                       a->path, k->to, why.text);
        return 0;
    }
    if (rc) {
        *err = why;
    }
    return rc;
}

static int
drop_lost(struct mn_tegile_access *a, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->known.n; i++) {
        struct mn_tegile_rule *k = &a->known.v[i];
        if (mn_tegile__concerns(a, k)
            && !mn_tegile__find_rule(&a->all, k->type, k->to)) {
            rc = drop_lost_one(a, k, err);
        }
    }
    return rc;
}

/* Before 3.7. What the array has can't be asked for, and to clear it would
   cut off everybody: every rule is allowed again, and what neither Manila nor
   the driver knows stays. Only with no rules at all is nobody cut off by
   clearing. */
int
mn_tegile__resync_unseen(struct mn_tegile_access *a, struct mn_error *err)
{
    if (a->all.n == 0) {
        return mn_tegile__call(a->op, &mn_tegile_m_clear_access,
                               mn_tegile__args("ss", a->path, a->proto), NULL,
                               err);
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->all.n; i++) {
        rc = mn_tegile__apply_one(a, &a->all.v[i],
                                  may_be_more(a, &a->all.v[i]), err);
    }
    return rc ? rc : drop_lost(a, err);
}

struct listed_user {
    struct mn_tegile_rule rule;
    bool is_user;
};

static struct listed_user
user_of(const struct mn_json *entry)
{
    struct listed_user u = {.rule = {.type = "user"}};
    const char *name = mn_json_field(entry, "aclUser");
    const char *rights = mn_json_field(entry, "aclValDisplay");
    size_t n = strlen(name);
    u.rule.level = strchr(rights, 'w') ? "rw" : "ro";
    u.is_user = mn_slice_eq_nocase(
                    mn_slice_of(mn_json_field(entry, "aclType")), "User")
                && mn_slice_eq_nocase(
                    mn_slice_of(mn_json_field(entry, "aclMode")), "Allow")
                && n > 0 && n < sizeof u.rule.to;
    if (u.is_user) {
        memcpy(u.rule.to, name, n + 1);
    }
    return u;
}

/* Windows' names are the same in any case. */
static bool
same_user(const struct mn_tegile_access *a, const char *x, const char *y)
{
    return strcmp(a->proto, "CIFS") == 0
               ? mn_slice_eq_nocase(mn_slice_of(x), y)
               : strcmp(x, y) == 0;
}

static bool
is_wanted(const struct mn_tegile_access *a, const struct listed_user *u)
{
    for (size_t i = 0; i < a->all.n; i++) {
        if (mn_tegile__is_user(&a->all.v[i])
            && same_user(a, a->all.v[i].to, u->rule.to)) {
            return true;
        }
    }
    return false;
}

/* The level of a user in the list, or NULL. */
static const char *
listed_level(const struct mn_tegile_access *a, const struct mn_json *acl,
             const char *name)
{
    for (size_t i = 0; i < mn_json_count(acl); i++) {
        struct listed_user u = user_of(mn_json_at(acl, i));
        if (u.is_user && same_user(a, u.rule.to, name)) {
            return u.rule.level;
        }
    }
    return NULL;
}

/* Some arrays don't list those of NFS. */
static int
apply_wanted(struct mn_tegile_access *a, const struct mn_json *acl,
             struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->all.n; i++) {
        struct mn_tegile_rule *rule = &a->all.v[i];
        const char *level = listed_level(a, acl, rule->to);
        bool same = level && strcmp(level, rule->level) == 0;
        if (same && mn_tegile__is_user(rule)) {
            rule->told = true;
        }
        else if (mn_tegile__is_user(rule)) {
            rc = mn_tegile__apply_one(a, rule, level || may_be_more(a, rule),
                                      err);
        }
    }
    return rc;
}

int
mn_tegile__resync_users(struct mn_tegile_access *a, struct mn_error *err)
{
    struct mn_json *share = NULL;
    const struct mn_json *acl = NULL;
    int rc = mn_tegile__ask_users(a, &share, &acl, err);
    if (rc == 0) {
        rc = apply_wanted(a, acl, err);
    }
    for (size_t i = 0; rc == 0 && i < mn_json_count(acl); i++) {
        struct listed_user u = user_of(mn_json_at(acl, i));
        if (u.is_user && !is_wanted(a, &u)) {
            rc = mn_tegile__deny(a, &u.rule, u.rule.level, err);
        }
    }
    mn_json_free(share);
    return rc ? rc : drop_lost(a, err);
}
