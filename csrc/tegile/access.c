/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use a share. Users, and before firmware 3.7 addresses, too, are
 * allowed and denied one by one, and the array can't be asked whom it knows;
 * from 3.7 the addresses of a share are one list (acl.c) and its users can be
 * asked for.
 */
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

/* ---- one by one ---- */

static int
tell(struct mn_tegile_access *a, const struct mn_tegile_method *method,
     const struct mn_tegile_rule *rule, const char *to, const char *level,
     struct mn_error *err)
{
    return mn_tegile__call(
        a->op, method,
        mn_tegile__args("sssss", a->path, a->proto, rule->type, to, level),
        NULL, err);
}

/* One that is not there is denied already; but it may be the share that is not
   there, but elsewhere. */
static int
deny_to(struct mn_tegile_access *a, const struct mn_tegile_rule *rule,
        const char *to, const char *level, struct mn_error *err)
{
    struct mn_json *told = NULL;
    int rc = tell(a, &mn_tegile_m_deny, rule, to, level, err);
    if (rc == MN_ENOTFOUND) {
        mn_error_clear(err);
        rc = mn_tegile__ask_location(a->op, a->path, &told, err);
        mn_json_free(told);
    }
    return rc;
}

/* The in-tree driver gave the array "10.0.0.1/32" as it got it. */
int
mn_tegile__deny(struct mn_tegile_access *a, const struct mn_tegile_rule *rule,
                const char *level, struct mn_error *err)
{
    int rc = deny_to(a, rule, rule->to, level, err);
    if (rc == 0 && rule->form) {
        struct mn_error why = MN_ERROR_INIT;
        rc = deny_to(a, rule, rule->form, level, &why);
        if (mn_tegile__is_refusal(rc)) {
            return 0; /* that the array knows no such form is as good */
        }
        if (rc) {
            *err = why;
        }
    }
    return rc;
}

static int
allow(struct mn_tegile_access *a, const struct mn_tegile_rule *rule,
      struct mn_error *err)
{
    int rc = tell(a, &mn_tegile_m_allow, rule, rule->to, rule->level, err);
    if (rc == MN_EEXISTS) {
        mn_error_clear(err);
        rc = 0;
    }
    return rc;
}

/* Whether allowing another level replaces the old one, comes beside it or is
   refused, and whether a denial looks at the level, differs between arrays.
   This ends right in all cases, and without a gap where one can be avoided.
   */
static int
change_level(struct mn_tegile_access *a, const struct mn_tegile_rule *rule,
             struct mn_error *err)
{
    int rc = allow(a, rule, err);
    if (rc == 0) {
        rc =
            mn_tegile__deny(a, rule, mn_tegile__other_level(rule->level), err);
    }
    return rc ? rc : allow(a, rule, err);
}

bool
mn_tegile__concerns(const struct mn_tegile_access *a,
                    const struct mn_tegile_rule *rule)
{
    return !a->users_only || mn_tegile__is_user(rule);
}

bool
mn_tegile__is_change(const struct mn_tegile_access *a, const char *type,
                     const char *to)
{
    return mn_tegile__find_rule(&a->add, type, to)
           || mn_tegile__find_rule(&a->drop, type, to)
           || mn_tegile__find_rule(&a->update, type, to);
}

/* What the array says of one rule concerns that rule alone. */
int
mn_tegile__apply_one(struct mn_tegile_access *a, struct mn_tegile_rule *rule,
                     bool perhaps_elsewise, struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    int rc =
        perhaps_elsewise ? change_level(a, rule, &why) : allow(a, rule, &why);
    rule->told = rc == 0;
    rule->refused = mn_tegile__is_refusal(rc) && !perhaps_elsewise;
    if (mn_tegile__is_refusal(rc)) {
        mn_tegile__refuse(rule, &why);
        return 0;
    }
    if (rc) {
        *err = why;
    }
    return rc;
}

/* At the level of the rule, and at the other if the array may have that. */
int
mn_tegile__take_away(struct mn_tegile_access *a,
                     const struct mn_tegile_rule *rule, struct mn_error *err)
{
    int rc = mn_tegile__deny(a, rule, rule->level, err);
    return rc == 0 && mn_tegile__may_differ(a, rule, false) ? mn_tegile__deny(
               a, rule, mn_tegile__other_level(rule->level), err)
                                                            : rc;
}

/* Those that go first, then those that come: a rule may be in both lists, with
   two levels. One that another rule still wants stays. */
static int
apply_drops(struct mn_tegile_access *a, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->drop.n; i++) {
        const struct mn_tegile_rule *rule = &a->drop.v[i];
        const struct mn_tegile_rule *wanted =
            mn_tegile__find_rule(&a->all, rule->type, rule->to);
        bool stays = wanted && strcmp(wanted->level, rule->level) == 0;
        if (mn_tegile__concerns(a, rule) && !stays) {
            rc = mn_tegile__take_away(a, rule, err);
        }
    }
    return rc;
}

static int
apply_changes(struct mn_tegile_access *a, struct mn_error *err)
{
    int rc = apply_drops(a, err);
    for (size_t i = 0; rc == 0 && i < a->all.n; i++) {
        struct mn_tegile_rule *rule = &a->all.v[i];
        if (mn_tegile__concerns(a, rule)
            && mn_tegile__is_change(a, rule->type, rule->to)) {
            bool changed =
                mn_tegile__find_rule(&a->update, rule->type, rule->to);
            rc = mn_tegile__apply_one(
                a, rule, mn_tegile__may_differ(a, rule, changed), err);
        }
    }
    return rc;
}

/* ---- the operations ---- */

static bool
has_users(const struct mn_tegile_access *a)
{
    const struct mn_tegile_rules *lists[] = {&a->all, &a->drop};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < lists[i]->n; j++) {
            if (mn_tegile__is_user(&lists[i]->v[j])) {
                return true;
            }
        }
    }
    return false;
}

/* Rules that the array is told one by one. */
static int
apply_singles(struct mn_tegile_access *a, struct mn_error *err)
{
    int rc = mn_tegile__mark_unsure(a, err);
    if (rc) {
        return rc;
    }
    if (!a->resync) {
        rc = apply_changes(a, err);
    }
    else if (a->users_only) {
        rc = mn_tegile__resync_users(a, err);
    }
    else {
        rc = mn_tegile__resync_unseen(a, err);
    }
    return rc ? rc : mn_tegile__remember(a, err);
}

static int
apply(struct mn_tegile_access *a, struct mn_error *err)
{
    unsigned level;
    int rc = mn_tegile__firmware(a->op, &level, err);
    if (rc) {
        return rc;
    }
    a->users_only = level >= MN_TEGILE_ACLS;
    bool singles = !a->users_only || a->resync || has_users(a);
    if (singles) {
        rc = mn_tegile__recall(a, err);
    }
    if (rc == 0 && a->users_only && strcmp(a->proto, "NFS") == 0) {
        rc = mn_tegile__apply_acl(a, err);
    }
    return rc == 0 && singles ? apply_singles(a, err) : rc;
}

static int
apply_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
         void *ctx, struct mn_error *err)
{
    struct mn_tegile_access *a = ctx;
    a->op = op;
    a->path = place->path;
    mn_tegile__known_dispose(a);
    return apply(a, err);
}

int
mn_tegile__update_access(struct mn_driver *d, const struct mn_share *share,
                         struct mn_rules all, struct mn_rules add,
                         struct mn_rules drop, struct mn_rules update,
                         struct mn_rule_state *states, struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_tegile_access a = {
        .id = share->id,
        .proto = share->proto,
        .resync = !add.n && !drop.n && !update.n,
    };
    mn_tegile__op_init(&op, mn_tegile__of(d));
    for (size_t i = 0; i < all.n; i++) {
        states[i] = (struct mn_rule_state){0};
    }
    int rc = mn_tegile__rules_init(&a.all, all, share->proto, states, err);
    if (rc == 0) {
        rc = mn_tegile__rules_init(&a.add, add, share->proto, NULL, err);
    }
    if (rc == 0) {
        rc = mn_tegile__rules_init(&a.drop, drop, share->proto, NULL, err);
    }
    if (rc == 0) {
        rc = mn_tegile__rules_init(&a.update, update, share->proto, NULL, err);
    }
    if (rc == 0) {
        rc = mn_tegile__at(&op, share, apply_at, &a, err);
    }
    if (rc == MN_ENOTFOUND && op.gone && all.n == 0) {
        mn_error_clear(err); /* without a share nobody has access */
        rc = 0;
    }
    mn_tegile__known_dispose(&a);
    mn_free(a.all.v);
    mn_free(a.add.v);
    mn_free(a.drop.v);
    mn_free(a.update.v);
    return rc;
}

int
mn_tegile__allow_access(struct mn_driver *d, const struct mn_share *share,
                        const struct mn_access_rule *rule,
                        struct mn_error *err)
{
    const struct mn_rules one = {rule, 1};
    const struct mn_rules none = {NULL, 0};
    struct mn_rule_state *state = mn_calloc(1, sizeof *state);
    if (!state) {
        return mn_error_nomem(err);
    }
    int rc =
        mn_tegile__update_access(d, share, one, one, none, none, state, err);
    if (rc == 0 && state->code) {
        rc = mn_error_set(err, state->code, "share %s: %s", share->name,
                          state->text);
    }
    mn_free(state);
    return rc;
}

int
mn_tegile__deny_access(struct mn_driver *d, const struct mn_share *share,
                       const struct mn_access_rule *rule, struct mn_error *err)
{
    const struct mn_rules one = {rule, 1};
    const struct mn_rules none = {NULL, 0};
    return mn_tegile__update_access(d, share, none, none, one, none, NULL,
                                    err);
}
