/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/nfs_goal.h"

#include <stdio.h>

static void
refuse_rule(struct mn_rule_state *state, const char *text)
{
    state->code = MN_EINVAL;
    snprintf(state->text, sizeof state->text, "%.*s",
             (int)sizeof state->text - 1, text);
}

int
mn_nfs_goal_parse(const struct mn_access_rule *rule,
                  mn_nfs_check_access *check, struct mn_access *access,
                  struct mn_error *err)
{
    int rc = mn_access_parse(rule->access_type, rule->access_to,
                             rule->access_level, access, err);
    return rc || !check ? rc : check(access, err);
}

static int
take_all(struct mn_nfs_goal *goal, mn_nfs_check_access *check,
         struct mn_rules all, struct mn_rule_state *states,
         struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < all.n; i++) {
        struct mn_error why = MN_ERROR_INIT;
        struct mn_access a;
        states[i] = (struct mn_rule_state){0};
        if (mn_nfs_goal_parse(&all.v[i], check, &a, &why)) {
            refuse_rule(&states[i], why.text);
            continue;
        }
        const struct mn_access *same = mn_access_set_find(&goal->want, &a.net);
        if (same && same->rw != a.rw) {
            refuse_rule(&states[i], "another rule gives the same network "
                                    "another level");
            continue;
        }
        rc = mn_access_set_put(&goal->want, &a, err);
    }
    return rc;
}

/* Of the rules that changed those that shall be in force. */
static int
take_put(struct mn_nfs_goal *goal, struct mn_rules rules, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < rules.n; i++) {
        struct mn_access a;
        const struct mn_access *want = NULL;
        if (!mn_nfs_goal_parse(&rules.v[i], NULL, &a, NULL)) {
            want = mn_access_set_find(&goal->want, &a.net);
        }
        if (want) {
            rc = mn_access_set_put(&goal->put, want, err);
        }
    }
    return rc;
}

/* Of the rules that go those that no other rule brings back. The level of a
   rule that goes does not matter. */
static int
take_drop(struct mn_nfs_goal *goal, struct mn_rules rules,
          struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < rules.n; i++) {
        struct mn_access a;
        if (!mn_access_parse(rules.v[i].access_type, rules.v[i].access_to,
                             "rw", &a, NULL)
            && !mn_access_set_find(&goal->want, &a.net)) {
            rc = mn_access_set_put(&goal->drop, &a, err);
        }
    }
    return rc;
}

static int
put_everything(struct mn_nfs_goal *goal, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < goal->want.n; i++) {
        rc = mn_access_set_put(&goal->put, &goal->want.v[i], err);
    }
    return rc;
}

int
mn_nfs_goal_take(struct mn_nfs_goal *goal, mn_nfs_check_access *check,
                 struct mn_rules all, struct mn_rules add,
                 struct mn_rules drop, struct mn_rules update,
                 struct mn_rule_state *states, struct mn_error *err)
{
    int rc = take_all(goal, check, all, states, err);
    rc = rc ? rc : take_put(goal, add, err);
    rc = rc ? rc : take_put(goal, update, err);
    rc = rc ? rc : take_drop(goal, drop, err);
    if (!rc && !add.n && !drop.n && !update.n) {
        /* a server whose file is not right may lack any of them */
        rc = put_everything(goal, err);
    }
    return rc;
}

int
mn_nfs_goal_keep(struct mn_nfs_goal *goal, const struct mn_access *access,
                 struct mn_error *err)
{
    return mn_access_set_find(&goal->want, &access->net)
               ? 0
               : mn_access_set_put(&goal->want, access, err);
}

void
mn_nfs_goal_dispose(struct mn_nfs_goal *goal)
{
    mn_access_set_dispose(&goal->want);
    mn_access_set_dispose(&goal->put);
    mn_access_set_dispose(&goal->drop);
}

void
mn_nfs_gap_dispose(struct mn_nfs_gap *gap)
{
    mn_access_set_dispose(&gap->missing);
    mn_access_set_dispose(&gap->stale);
    mn_argv_dispose(&gap->extra);
}

bool
mn_nfs_gap_is_none(const struct mn_nfs_gap *gap)
{
    return !gap->missing.n && !gap->stale.n && !gap->extra.n;
}
