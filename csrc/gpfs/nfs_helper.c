/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of helper does alike. */
#include "core/alloc.h"
#include "gpfs/nfs_job.h"
#include "nfs/ganesha_access.h"

static int
take_options(struct mn_nfs_base *base, struct mn_error *err)
{
    struct mn_buf canonical = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    int rc = base->kind->check_options(base->config.export_options, &canonical,
                                       &why);
    if (rc) {
        mn_buf_dispose(&canonical);
        return rc == MN_ENOMEM ? mn_error_nomem(err)
                               : mn_error_set(err, MN_ECONFIG,
                                              "export options: %s", why.text);
    }
    base->options = mn_buf_take(&canonical);
    return base->options ? 0 : mn_error_nomem(err);
}

int
mn_nfs_base_new(const struct mn_nfs_kind *kind,
                const struct mn_nfs_helper_config *config, size_t size,
                struct mn_nfs_base **base, struct mn_error *err)
{
    struct mn_nfs_base *b = mn_calloc(1, size);
    if (!b) {
        return mn_error_nomem(err);
    }
    b->helper.vtable = &kind->vtable;
    b->kind = kind;
    b->config = *config;
    b->cluster = config->cluster;
    b->nodes = config->servers;
    b->n = config->servers_n;
    int rc = take_options(b, err);
    if (rc) {
        mn_nfs__free(&b->helper);
        return rc;
    }
    *base = b;
    return 0;
}

void
mn_nfs__free(struct mn_nfs_helper *h)
{
    mn_free(((struct mn_nfs_base *)h)->options);
    mn_free(h);
}

void
mn_nfs_helper_free(struct mn_nfs_helper *helper)
{
    if (helper) {
        helper->vtable->free(helper);
    }
}

int
mn_nfs__update_access(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                      struct mn_rules all, struct mn_rules add,
                      struct mn_rules drop, struct mn_rules update,
                      struct mn_rule_state *states, struct mn_error *err)
{
    struct mn_nfs_base *base = (struct mn_nfs_base *)h;
    struct mn_nfs_job job;
    struct mn_nfs_export plain = *e;
    if (!all.n) {
        plain.export_options = ""; /* bad ones must not keep anybody in */
    }
    int rc = mn_nfs_job_init(&job, base, &plain, err);
    rc = rc ? rc
            : mn_nfs_goal_take(&job.goal, base->kind->check_access, all, add,
                               drop, update, states, err);
    rc = rc ? rc : base->kind->reach(&job, err);
    rc = rc ? rc : mn_nfs_job_judge(&job, all, states, err);
    mn_nfs_job_dispose(&job);
    return rc;
}

int
mn_nfs__remove_export(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                      struct mn_error *err)
{
    const struct mn_rules none = {0};
    return mn_nfs__update_access(h, e, none, none, none, none, NULL, err);
}

int
mn_nfs__allow_access(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                     const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_nfs_base *base = (struct mn_nfs_base *)h;
    struct mn_access a;
    struct mn_nfs_job job;
    struct mn_rule_state state = {0};
    struct mn_rules one = {rule, 1};
    int rc = mn_nfs_job_init(&job, base, e, err);
    rc = rc ? rc : mn_nfs_goal_parse(rule, base->kind->check_access, &a, err);
    rc = rc ? rc : base->kind->read(&job, err);
    rc = rc ? rc : mn_access_set_put(&job.goal.want, &a, err);
    rc = rc ? rc : mn_access_set_put(&job.goal.put, &a, err);
    rc = rc ? rc : base->kind->reach(&job, err);
    rc = rc ? rc : mn_nfs_job_judge(&job, one, &state, err);
    if (!rc && state.code) {
        rc = mn_error_set(err, state.code, "%s", state.text);
    }
    mn_nfs_job_dispose(&job);
    return rc;
}

/* Take one rule's network out of what is in force. */
static int
take_out(struct mn_nfs_job *job, const struct mn_access *a,
         struct mn_error *err)
{
    struct mn_ipnet half[2];
    mn_access_set_remove(&job->goal.want, &a->net);
    if (job->h->kind->splits_any && !a->net.prefix) {
        mn_ganesha_halves(&a->net, half);
        mn_access_set_remove(&job->goal.want, &half[0]);
        mn_access_set_remove(&job->goal.want, &half[1]);
    }
    return mn_access_set_put(&job->goal.drop, a, err);
}

int
mn_nfs__deny_access(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                    const struct mn_access_rule *rule, struct mn_error *err)
{
    struct mn_nfs_base *base = (struct mn_nfs_base *)h;
    struct mn_access a;
    struct mn_nfs_job job;
    struct mn_rules none = {0};
    int rc = mn_nfs_job_init(&job, base, e, err);
    if (!rc
        && mn_access_parse(rule->access_type, rule->access_to, "rw", &a,
                           NULL)) {
        goto out; /* such a rule never was in force */
    }
    rc = rc ? rc : base->kind->read(&job, err);
    rc = rc ? rc : take_out(&job, &a, err);
    rc = rc ? rc : base->kind->reach(&job, err);
    rc = rc ? rc : mn_nfs_job_judge(&job, none, NULL, err);
out:
    mn_nfs_job_dispose(&job);
    return rc;
}
