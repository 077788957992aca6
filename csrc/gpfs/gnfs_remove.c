/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No access for anybody: remove the file, then the export, and free the number
 * when no server has the export any more. Only exports of the share's own path
 * are removed, whatever number a file may name.
 */
#include "gpfs/gnfs_job.h"

void
mn_gnfs__clear_plans(struct mn_nfs_job *job)
{
    for (size_t i = 0; i < job->fan.n; i++) {
        mn_plan_dispose(&job->servers[i].plan);
    }
}

void
mn_gnfs__give_up(struct mn_nfs_job *job, size_t i, enum mn_code code,
                 const char *text, struct mn_slice detail)
{
    struct mn_error why = MN_ERROR_INIT;
    int n = detail.n > 300 ? 300 : (int)detail.n;
    mn_error_set(&why, code, "%s: %.*s", text, n, detail.p);
    mn_nfs_job_give_up(job, i, &why);
}

int
mn_gnfs__look_at_removal(struct mn_nfs_job *job, size_t i,
                         struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    struct mn_nfs_server *s = &job->servers[i];
    struct mn_step_result show = mn_nfs_job_step(job, i, own->steps[i].show);
    unsigned ids[MN_GNFS_STRAYS];
    s->changed |= mn_nfs_job_step(job, i, own->steps[i].exists).status == 0;
    for (size_t k = 0; k < s->plan.n; k++) {
        struct mn_step_result r = mn_nfs_job_step(job, i, (int)k);
        if (r.status > 0 && mn_slice_contains(r.err, "Error org.")) {
            mn_nfs_server_complains(s, r.err);
        }
    }
    if (show.status != 0) {
        mn_gnfs__give_up(
            job, i, MN_EREMOTE,
            "NFS-Ganesha can't be asked whether it still exports the "
            "share; does it run there, with D-Bus?",
            mn_slice_trim(show.err));
    }
    else if (mn_gnfs__live_ids(job, i, own->steps[i].show, ids,
                               MN_GNFS_STRAYS)) {
        mn_argv_add(&s->gap.extra, job->e->path);
    }
    return s->gap.extra.failed ? mn_error_nomem(err) : 0;
}

/* Free the share's numbers, after no server has its export any more. */
static int
release(struct mn_nfs_job *job, struct mn_slice numbers, struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    mn_gnfs__clear_plans(job);
    for (size_t i = 0; i < job->fan.n; i++) {
        if (job->servers[i].rc || job->servers[i].gap.extra.n) {
            return 0;
        }
    }
    if (numbers.n) {
        mn_gnfs__release_plan(&job->servers[MN_GNFS_ARBITER].plan, &own->files,
                              numbers);
    }
    int rc = mn_nfs_job_run(job, err);
    if (!rc && numbers.n && !job->servers[MN_GNFS_ARBITER].rc) {
        mn_nfs_job_check(job, MN_GNFS_ARBITER);
    }
    return rc;
}

/* What removes what the plan before this one found on server i. */
void
mn_gnfs__plan_removal(struct mn_nfs_job *job, size_t i)
{
    struct mn_gnfs_own *own = job->own;
    unsigned ids[MN_GNFS_STRAYS];
    size_t n =
        mn_gnfs__live_ids(job, i, own->steps[i].show, ids, MN_GNFS_STRAYS);
    mn_gnfs__remove_plan(&job->servers[i].plan, &own->goal, ids, n,
                         &own->steps[i]);
}

int
mn_gnfs__remove(struct mn_nfs_job *job, struct mn_error *err)
{
    struct mn_gnfs_own *own = job->own;
    struct mn_buf numbers = MN_BUF_INIT;
    mn_gnfs__clear_plans(job);
    for (size_t i = 0; i < job->fan.n; i++) {
        mn_gnfs__find_plan(&job->servers[i].plan, &own->goal,
                           i == MN_GNFS_ARBITER, &own->steps[i]);
    }
    int rc = mn_nfs_job_run(job, err);
    if (!rc) {
        int mine = own->steps[MN_GNFS_ARBITER].mine;
        mn_buf_slice(&numbers,
                     mn_nfs_job_step(job, MN_GNFS_ARBITER, mine).out);
        rc = numbers.failed ? mn_error_nomem(err) : 0;
    }
    rc = rc ? rc : mn_nfs_job_look(job, err);
    rc = rc ? rc : mn_nfs_job_mend(job, err);
    rc = rc ? rc : release(job, mn_buf_view(&numbers), err);
    mn_buf_dispose(&numbers);
    return rc;
}
