/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/nfs_job.h"

#include <stdio.h>

#include "core/alloc.h"

static int
check_export(const struct mn_nfs_export *e, struct mn_error *err)
{
    const struct mn_share share = {.id = e->id, .name = e->name};
    int rc = mn_gpfs__check_share(&share, err);
    return rc ? rc : mn_gpfs__check_path(e->path, err);
}

int
mn_nfs_job_init(struct mn_nfs_job *job, struct mn_nfs_base *h,
                const struct mn_nfs_export *e, struct mn_error *err)
{
    const struct mn_nfs_kind *kind = h->kind;
    *job = (struct mn_nfs_job){.h = h, .e = e};
    int rc = check_export(e, err);
    rc = rc ? rc
            : kind->check_options(e->export_options ? e->export_options
                                                    : h->options,
                                  &job->options, err);
    rc = rc ? rc : mn_fan_init(&job->fan, h->n, err);
    if (rc) {
        return rc;
    }
    job->servers = mn_calloc(h->n, sizeof *job->servers);
    job->own = mn_calloc(1, kind->own_size);
    if (!job->servers || !job->own) {
        return mn_error_nomem(err);
    }
    for (size_t i = 0; i < h->n; i++) {
        job->fan.exs[i] = h->nodes[i].ex;
    }
    return kind->begin(job, err);
}

void
mn_nfs_job_dispose(struct mn_nfs_job *job)
{
    if (job->own) {
        job->h->kind->end(job);
    }
    for (size_t i = 0; job->servers && i < job->fan.n; i++) {
        mn_plan_dispose(&job->servers[i].plan);
        mn_nfs_gap_dispose(&job->servers[i].gap);
    }
    mn_free(job->own);
    mn_free(job->servers);
    mn_nfs_goal_dispose(&job->goal);
    mn_buf_dispose(&job->options);
    mn_fan_dispose(&job->fan);
}

void
mn_nfs_job_give_up(struct mn_nfs_job *job, size_t i,
                   const struct mn_error *why)
{
    struct mn_nfs_server *s = &job->servers[i];
    s->rc = why->code;
    s->err = *why;
    mn_error_prefix(&s->err, "%s %s: ", job->h->kind->node_title,
                    job->h->nodes[i].name);
    mn_gpfs__log(&job->h->config.log, MN_LOG_ERROR, "%s: %s", job->e->name,
                 s->err.text);
}

int
mn_nfs_job_run(struct mn_nfs_job *job, struct mn_error *err)
{
    bool any = false;
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_nfs_server *s = &job->servers[i];
        bool skip = s->rc || (!s->plan.n && !s->plan.failed);
        job->fan.plans[i] = skip ? NULL : &s->plan;
        any |= !skip;
    }
    int rc = any ? mn_fan_run(&job->fan, err) : 0;
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (job->fan.plans[i] && job->fan.codes[i]) {
            mn_nfs_job_give_up(job, i, &job->fan.errs[i]);
        }
    }
    return rc;
}

bool
mn_nfs_job_answered(const struct mn_nfs_job *job, size_t i)
{
    return job->fan.plans[i] && !job->servers[i].rc;
}

struct mn_step_result
mn_nfs_job_step(const struct mn_nfs_job *job, size_t i, int step)
{
    const struct mn_result *r = &job->fan.results[i];
    struct mn_step_result none = {MN_STATUS_NOT_RUN, mn_slice_of(""),
                                  mn_slice_of("")};
    bool ran = mn_nfs_job_answered(job, i) && step >= 0 && (size_t)step < r->n;
    return ran ? r->steps[step] : none;
}

int
mn_nfs_job_check(struct mn_nfs_job *job, size_t i)
{
    struct mn_error why = MN_ERROR_INIT;
    if (mn_result_check(&job->fan.results[i], &job->servers[i].plan,
                        job->h->nodes[i].name, &why)) {
        mn_nfs_job_give_up(job, i, &why);
    }
    return job->servers[i].rc;
}

void
mn_nfs_server_complains(struct mn_nfs_server *s, struct mn_slice text)
{
    struct mn_slice line = mn_slice_of("");
    text = mn_slice_trim(text);
    if (mn_slice_next(&text, '\n', &line)) {
        int n = line.n < sizeof s->complaint - 1
                    ? (int)line.n
                    : (int)sizeof s->complaint - 1;
        snprintf(s->complaint, sizeof s->complaint, "%.*s", n, line.p);
    }
}

int
mn_nfs_job_look(struct mn_nfs_job *job, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (mn_nfs_job_answered(job, i)) {
            mn_nfs_gap_dispose(&job->servers[i].gap);
            rc = job->h->kind->look(job, i, err);
        }
    }
    return rc;
}

int
mn_nfs_job_mend(struct mn_nfs_job *job, struct mn_error *err)
{
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_nfs_server *s = &job->servers[i];
        mn_plan_dispose(&s->plan);
        if (!s->rc && !mn_nfs_gap_is_none(&s->gap)) {
            mn_gpfs__log(&job->h->config.log, MN_LOG_DEBUG,
                         "%s: %s %s: %zu clients to export, %zu to unexport",
                         job->e->name, job->h->kind->node_title,
                         job->h->nodes[i].name,
                         s->gap.missing.n + s->gap.stale.n, s->gap.extra.n);
            job->h->kind->plan_repair(job, i);
            s->changed = true;
        }
    }
    int rc = mn_nfs_job_run(job, err);
    return rc ? rc : mn_nfs_job_look(job, err);
}

static void
judge_rule(const struct mn_nfs_job *job, const struct mn_access_rule *rule,
           struct mn_rule_state *state)
{
    const struct mn_nfs_kind *kind = job->h->kind;
    struct mn_access a;
    for (size_t i = 0; i < job->fan.n && !state->code; i++) {
        const struct mn_nfs_server *s = &job->servers[i];
        if (s->rc) {
            state->code = (enum mn_code)s->rc;
            snprintf(state->text, sizeof state->text, "%.*s",
                     (int)sizeof state->text - 1, s->err.text);
        }
        else if (!mn_nfs_goal_parse(rule, NULL, &a, NULL)
                 && mn_access_set_find(&s->gap.missing, &a.net)) {
            state->code = MN_EREMOTE;
            snprintf(state->text, sizeof state->text,
                     "not in force on %s %.60s: %s", kind->node_title,
                     job->h->nodes[i].name,
                     s->complaint[0] ? s->complaint : kind->not_in_force);
        }
    }
}

/* Nobody may keep access, and a server that wasn't asked may give any. */
static int
judge_server(const struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    const struct mn_nfs_server *s = &job->servers[i];
    if (s->rc) {
        return mn_error_set(err, (enum mn_code)s->rc, "%s", s->err.text);
    }
    if (!s->gap.extra.n) {
        return 0;
    }
    return mn_error_set(err, MN_EREMOTE, "%s %s still exports to %s%s%s",
                        job->h->kind->node_title, job->h->nodes[i].name,
                        s->gap.extra.v[0], s->complaint[0] ? ": " : "",
                        s->complaint);
}

int
mn_nfs_job_judge(struct mn_nfs_job *job, struct mn_rules all,
                 struct mn_rule_state *states, struct mn_error *err)
{
    int rc = 0;
    bool changed = false;
    for (size_t i = 0; states && i < all.n; i++) {
        judge_rule(job, &all.v[i], &states[i]);
    }
    for (size_t i = 0; i < job->fan.n; i++) {
        int code = judge_server(job, i, err);
        changed |= job->servers[i].changed;
        rc = rc ? rc : code;
    }
    if (!rc) {
        mn_gpfs__log(&job->h->config.log, MN_LOG_INFO,
                     "%s: exports %s: %zu clients on %zu servers",
                     job->e->name, changed ? "changed" : "unchanged",
                     job->goal.want.n, job->fan.n);
    }
    return rc;
}
