/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/knfs.h"

#include <stdio.h>
#include <string.h>

#include "gpfs/knfs_job.h"

static void
refuse_rule(struct mn_rule_state *state, const char *text)
{
    state->code = MN_EINVAL;
    snprintf(state->text, sizeof state->text, "%.*s",
             (int)sizeof state->text - 1, text);
}

/* Take Manila's list as the goal. A rule that can't be in force never reaches
   a server; it is the error of that rule alone. */
static int
take_all(struct mn_knfs_job *job, struct mn_rules all,
         struct mn_rule_state *states, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < all.n; i++) {
        const struct mn_access_rule *rule = &all.v[i];
        struct mn_error why = MN_ERROR_INIT;
        struct mn_access a;
        states[i] = (struct mn_rule_state){0};
        if (mn_access_parse(rule->access_type, rule->access_to,
                            rule->access_level, &a, &why)) {
            refuse_rule(&states[i], why.text);
            continue;
        }
        const struct mn_access *same =
            mn_access_set_find(&job->goal.want, &a.net);
        if (same && same->rw != a.rw) {
            refuse_rule(&states[i], "another rule gives the same network "
                                    "another level");
            continue;
        }
        rc = mn_access_set_put(&job->goal.want, &a, err);
    }
    return rc;
}

/* Of the rules that changed those that shall be in force. */
static int
take_put(struct mn_knfs_job *job, struct mn_rules rules, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < rules.n; i++) {
        const struct mn_access_rule *rule = &rules.v[i];
        struct mn_access a;
        const struct mn_access *want = NULL;
        if (!mn_access_parse(rule->access_type, rule->access_to,
                             rule->access_level, &a, NULL)) {
            want = mn_access_set_find(&job->goal.want, &a.net);
        }
        if (want) {
            rc = mn_access_set_put(&job->goal.put, want, err);
        }
    }
    return rc;
}

/* Of the rules that go those that no other rule brings back. The level of a
   rule that goes does not matter. */
static int
take_drop(struct mn_knfs_job *job, struct mn_rules rules, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < rules.n; i++) {
        struct mn_access a;
        if (!mn_access_parse(rules.v[i].access_type, rules.v[i].access_to,
                             "rw", &a, NULL)
            && !mn_access_set_find(&job->goal.want, &a.net)) {
            rc = mn_access_set_put(&job->goal.drop, &a, err);
        }
    }
    return rc;
}

static int
put_everything(struct mn_knfs_job *job, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < job->goal.want.n; i++) {
        rc = mn_access_set_put(&job->goal.put, &job->goal.want.v[i], err);
    }
    return rc;
}

int
mn_knfs_update_access(const struct mn_knfs *k, const char *local_path,
                      const struct mn_share *share, struct mn_rules all,
                      struct mn_rules add, struct mn_rules drop,
                      struct mn_rules update, struct mn_rule_state *states,
                      struct mn_error *err)
{
    struct mn_knfs_job job;
    struct mn_share plain = *share;
    if (!all.n) {
        plain.export_options = ""; /* bad ones must not keep anybody in */
    }
    int rc = mn_knfs_job_init(&job, k, local_path, &plain, err);
    rc = rc ? rc : take_all(&job, all, states, err);
    rc = rc ? rc : take_put(&job, add, err);
    rc = rc ? rc : take_put(&job, update, err);
    rc = rc ? rc : take_drop(&job, drop, err);
    if (!rc && !add.n && !drop.n && !update.n) {
        /* a server whose file is not right may lack any of them */
        rc = put_everything(&job, err);
    }
    rc = rc ? rc : mn_knfs_job_reach(&job, err);
    rc = rc ? rc : mn_knfs_job_judge(&job, all, states, err);
    mn_knfs_job_dispose(&job);
    return rc;
}

int
mn_knfs_remove_export(const struct mn_knfs *k, const char *local_path,
                      const struct mn_share *share, struct mn_error *err)
{
    const struct mn_rules none = {0};
    return mn_knfs_update_access(k, local_path, share, none, none, none, none,
                                 NULL, err);
}

/* Add to the goal the clients of the share's path. */
static int
merge(struct mn_knfs_job *job, const struct mn_exports *list,
      struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < list->n; i++) {
        struct mn_access a = {.rw = list->v[i].rw};
        if (mn_slice_eq(list->v[i].path, job->goal.spec.path)
            && !mn_ipnet_parse(list->v[i].client, &a.net, NULL)
            && !mn_access_set_find(&job->goal.want, &a.net)) {
            rc = mn_access_set_put(&job->goal.want, &a, err);
        }
    }
    return rc;
}

/* Merge the exports file of server i, if it has one. */
static int
merge_file(struct mn_knfs_job *job, size_t i, bool *has_file,
           struct mn_error *err)
{
    const struct mn_result *r = &job->fan.results[i];
    const struct mn_step_result *cat = &r->steps[0];
    struct mn_exports list = MN_EXPORTS_INIT;
    struct mn_error why = MN_ERROR_INIT;
    int rc = 0;
    if (cat->status == 0) {
        *has_file = true;
        rc = mn_exports_parse_file(cat->out, &list, &why);
    }
    else if (!mn_slice_contains(cat->err, "No such file")) {
        struct mn_result view = *r;
        view.stopped_at = 0;
        rc = mn_result_check(&view, &job->servers[i].plan,
                             job->k->servers[i].name, &why);
    }
    if (rc == MN_ENOMEM) {
        mn_error_nomem(err);
    }
    else if (rc) {
        mn_error_prefix(&why, "%s: ", job->file);
        mn_knfs_job_give_up(job, i, &why);
        rc = 0;
    }
    else {
        rc = merge(job, &list, err);
    }
    mn_exports_dispose(&list);
    return rc;
}

/* Merge what is in force on server i: shares exported before by the driver
   that keeps no files. */
static int
merge_list(struct mn_knfs_job *job, size_t i, struct mn_error *err)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    int rc = mn_knfs_job_list(job, i, 1, &list, err);
    if (!rc) {
        rc = merge(job, &list, err);
    }
    mn_exports_dispose(&list);
    return rc == MN_ENOMEM ? rc : 0;
}

/* Find out who has access now, for calls that tell one rule only. */
static int
read_current(struct mn_knfs_job *job, struct mn_error *err)
{
    bool has_file = false;
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_plan *plan = &job->servers[i].plan;
        mn_plan_run(plan, "cat", "--", job->file, NULL)->accept_any = true;
        mn_knfs__add_list(plan);
    }
    int rc = mn_knfs_job_run(job, false, err);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (!job->servers[i].rc) {
            rc = merge_file(job, i, &has_file, err);
        }
    }
    for (size_t i = 0; !rc && !has_file && i < job->fan.n; i++) {
        if (!job->servers[i].rc) {
            rc = merge_list(job, i, err);
        }
    }
    return rc;
}

int
mn_knfs_allow_access(const struct mn_knfs *k, const char *local_path,
                     const struct mn_share *share,
                     const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_access a;
    struct mn_knfs_job job;
    struct mn_rule_state state = {0};
    struct mn_rules one = {rule, 1};
    int rc = mn_knfs_job_init(&job, k, local_path, share, err);
    rc = rc ? rc
            : mn_access_parse(rule->access_type, rule->access_to,
                              rule->access_level, &a, err);
    rc = rc ? rc : read_current(&job, err);
    rc = rc ? rc : mn_access_set_put(&job.goal.want, &a, err);
    rc = rc ? rc : mn_access_set_put(&job.goal.put, &a, err);
    rc = rc ? rc : mn_knfs_job_reach(&job, err);
    rc = rc ? rc : mn_knfs_job_judge(&job, one, &state, err);
    if (!rc && state.code) {
        rc = mn_error_set(err, state.code, "%s", state.text);
    }
    mn_knfs_job_dispose(&job);
    return rc;
}

int
mn_knfs_deny_access(const struct mn_knfs *k, const char *local_path,
                    const struct mn_share *share,
                    const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_access a;
    struct mn_knfs_job job;
    struct mn_rules none = {0};
    int rc = mn_knfs_job_init(&job, k, local_path, share, err);
    if (!rc
        && mn_access_parse(rule->access_type, rule->access_to, "rw", &a,
                           NULL)) {
        goto out; /* such a rule never was in force */
    }
    rc = rc ? rc : read_current(&job, err);
    if (!rc) {
        mn_access_set_remove(&job.goal.want, &a.net);
        rc = mn_access_set_put(&job.goal.drop, &a, err);
    }
    rc = rc ? rc : mn_knfs_job_reach(&job, err);
    rc = rc ? rc : mn_knfs_job_judge(&job, none, NULL, err);
out:
    mn_knfs_job_dispose(&job);
    return rc;
}
