/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/knfs_job.h"

#include <stdio.h>
#include <string.h>

#include "core/alloc.h"

int
mn_knfs_job_init(struct mn_knfs_job *job, const struct mn_knfs *k,
                 const char *path, const struct mn_share *share,
                 struct mn_error *err)
{
    *job = (struct mn_knfs_job){.k = k, .share = share};
    const char *options =
        share->export_options ? share->export_options : k->export_options;
    int rc = mn_gpfs__check_share(share, err);
    rc = rc ? rc : mn_gpfs__check_path(path, err);
    rc = rc ? rc : mn_exports_check_options(options, &job->options, err);
    rc = rc ? rc : mn_fan_init(&job->fan, k->n, err);
    if (rc) {
        return rc;
    }
    job->file = mn_knfs__file(share->name);
    job->servers = mn_calloc(k->n, sizeof *job->servers);
    if (!job->file || !job->servers) {
        return mn_error_nomem(err);
    }
    for (size_t i = 0; i < k->n; i++) {
        job->fan.exs[i] = k->servers[i].ex;
    }
    struct mn_knfs_goal *goal = &job->goal;
    goal->file = job->file;
    goal->spec.share_id = share->id;
    goal->spec.path = path;
    goal->spec.options = mn_buf_str(&job->options);
    mn_exports_fsid(share->id, goal->spec.fsid);
    return 0;
}

void
mn_knfs_job_dispose(struct mn_knfs_job *job)
{
    for (size_t i = 0; job->servers && i < job->fan.n; i++) {
        mn_plan_dispose(&job->servers[i].plan);
        mn_knfs_gap_dispose(&job->servers[i].gap);
    }
    mn_free(job->servers);
    mn_free(job->file);
    mn_access_set_dispose(&job->goal.want);
    mn_access_set_dispose(&job->goal.put);
    mn_access_set_dispose(&job->goal.drop);
    mn_buf_dispose(&job->options);
    mn_buf_dispose(&job->content);
    mn_fan_dispose(&job->fan);
}

void
mn_knfs_job_give_up(struct mn_knfs_job *job, size_t i,
                    const struct mn_error *why)
{
    struct mn_knfs_server *s = &job->servers[i];
    const char *name = job->k->servers[i].name;
    s->rc = why->code;
    s->err = *why;
    mn_error_prefix(&s->err, "NFS server %s: ", name);
    mn_gpfs__log(&job->k->log, MN_LOG_ERROR, "%s: %s", job->share->name,
                 s->err.text);
}

int
mn_knfs_job_run(struct mn_knfs_job *job, bool skip_done, struct mn_error *err)
{
    bool any = false;
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_knfs_server *s = &job->servers[i];
        bool skip = s->rc || (skip_done && mn_knfs_gap_is_none(&s->gap));
        job->fan.plans[i] = skip ? NULL : &s->plan;
        any |= !skip;
    }
    int rc = any ? mn_fan_run(&job->fan, err) : 0;
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (job->fan.plans[i] && job->fan.codes[i]) {
            mn_knfs_job_give_up(job, i, &job->fan.errs[i]);
        }
    }
    return rc;
}

int
mn_knfs_job_list(struct mn_knfs_job *job, size_t i, int step,
                 struct mn_exports *list, struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    const struct mn_result *r = &job->fan.results[i];
    const struct mn_plan *plan = &job->servers[i].plan;
    size_t at = step < 0 ? plan->n - 1 : (size_t)step;
    int rc = mn_result_check(r, plan, job->k->servers[i].name, &why);
    if (!rc) {
        rc = mn_exports_parse_list(r->steps[at].out, list, &why);
    }
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (rc) {
        mn_knfs_job_give_up(job, i, &why);
    }
    return rc;
}

/* Keep exportfs' own words for what may turn out not to be in force. */
static void
keep_complaint(struct mn_knfs_server *s, const struct mn_result *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct mn_slice text = mn_slice_trim(r->steps[i].err);
        struct mn_slice line = mn_slice_of("");
        bool ours =
            mn_slice_eq(mn_slice_of(s->plan.steps[i].argv.v[0]), "exportfs");
        if (ours && text.n) {
            mn_slice_next(&text, '\n', &line);
            int n = line.n < sizeof s->complaint - 1
                        ? (int)line.n
                        : (int)sizeof s->complaint - 1;
            snprintf(s->complaint, sizeof s->complaint, "%.*s", n, line.p);
        }
    }
}

/* What is in force on server i against what is wanted. */
static int
look(struct mn_knfs_job *job, size_t i, struct mn_error *err)
{
    struct mn_knfs_server *s = &job->servers[i];
    const struct mn_result *r = &job->fan.results[i];
    struct mn_exports list = MN_EXPORTS_INIT;
    mn_knfs_gap_dispose(&s->gap);
    int rc = mn_knfs_job_list(job, i, -1, &list, err);
    if (!rc) {
        keep_complaint(s, r);
        s->changed |= r->steps[0].status != 0;
        rc = mn_knfs__compare(list.v, list.n, &job->goal.spec, &job->goal.want,
                              &s->gap, err);
    }
    mn_exports_dispose(&list);
    return rc == MN_ENOMEM ? rc : 0;
}

static int
look_at_all(struct mn_knfs_job *job, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (job->fan.plans[i] && !job->servers[i].rc) {
            rc = look(job, i, err);
        }
    }
    return rc;
}

static void
build_updates(struct mn_knfs_job *job)
{
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_knfs_server *s = &job->servers[i];
        mn_plan_dispose(&s->plan);
        mn_knfs__update_plan(&s->plan, &job->goal);
    }
}

static void
build_repairs(struct mn_knfs_job *job)
{
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_knfs_server *s = &job->servers[i];
        if (!s->rc && !mn_knfs_gap_is_none(&s->gap)) {
            mn_gpfs__log(&job->k->log, MN_LOG_DEBUG,
                         "%s: NFS server %s: %zu clients to export, %zu to "
                         "unexport",
                         job->share->name, job->k->servers[i].name,
                         s->gap.missing.n + s->gap.stale.n, s->gap.extra.n);
            mn_plan_dispose(&s->plan);
            mn_knfs__add_repair(&s->plan, &job->goal.spec, &s->gap);
            mn_knfs__add_list(&s->plan);
            s->changed = true;
        }
    }
}

int
mn_knfs_job_reach(struct mn_knfs_job *job, struct mn_error *err)
{
    mn_buf_clear(&job->content);
    mn_exports_render_file(&job->content, &job->goal.spec, &job->goal.want);
    if (job->content.failed) {
        return mn_error_nomem(err);
    }
    job->goal.content = mn_buf_view(&job->content);
    build_updates(job);
    int rc = mn_knfs_job_run(job, false, err);
    rc = rc ? rc : look_at_all(job, err);
    if (rc) {
        return rc;
    }
    build_repairs(job);
    rc = mn_knfs_job_run(job, true, err);
    return rc ? rc : look_at_all(job, err);
}

static void
judge_rule(const struct mn_knfs_job *job, const struct mn_access_rule *rule,
           struct mn_rule_state *state)
{
    struct mn_access a;
    for (size_t i = 0; i < job->fan.n && !state->code; i++) {
        const struct mn_knfs_server *s = &job->servers[i];
        const char *name = job->k->servers[i].name;
        if (s->rc) {
            state->code = (enum mn_code)s->rc;
            snprintf(state->text, sizeof state->text, "%.*s",
                     (int)sizeof state->text - 1, s->err.text);
        }
        else if (!mn_access_parse(rule->access_type, rule->access_to,
                                  rule->access_level, &a, NULL)
                 && mn_access_set_find(&s->gap.missing, &a.net)) {
            state->code = MN_EREMOTE;
            snprintf(state->text, sizeof state->text,
                     "not in force on NFS server %.60s: %s", name,
                     s->complaint[0] ? s->complaint
                                     : "exportfs -s does not "
                                       "show it as wanted");
        }
    }
}

int
mn_knfs_job_judge(struct mn_knfs_job *job, struct mn_rules all,
                  struct mn_rule_state *states, struct mn_error *err)
{
    int rc = 0;
    bool changed = false;
    for (size_t i = 0; states && i < all.n; i++) {
        judge_rule(job, &all.v[i], &states[i]);
    }
    for (size_t i = 0; i < job->fan.n; i++) {
        const struct mn_knfs_server *s = &job->servers[i];
        int code = s->rc;
        changed |= s->changed;
        if (code) {
            mn_error_set(err, (enum mn_code)code, "%s", s->err.text);
        }
        else if (s->gap.extra.n) {
            code = mn_error_set(err, MN_EREMOTE,
                                "NFS server %s still exports "
                                "to %s: %s",
                                job->k->servers[i].name, s->gap.extra.v[0],
                                s->complaint);
        }
        rc = rc ? rc : code;
    }
    if (!rc) {
        mn_gpfs__log(&job->k->log, MN_LOG_INFO,
                     "%s: exports %s: %zu clients on %zu servers",
                     job->share->name, changed ? "changed" : "unchanged",
                     job->goal.want.n, job->fan.n);
    }
    return rc;
}
