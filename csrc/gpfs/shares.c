/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and deleting shares. */
#include <string.h>

#include "gpfs/internal.h"
#include "gpfs/jobs.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

/* What one call on one share works with. */
struct job {
    struct mn_gpfs *g;
    const struct mn_share *share;
    const struct mn_job_spec *copy; /* begun at the end, or NULL */
    struct mn_gpfs_place place;
    struct mn_plan plan;
    struct mn_result result;
};

static int
job_init(struct job *job, struct mn_gpfs *g, const struct mn_share *share,
         struct mn_error *err)
{
    *job = (struct job){.g = g, .share = share, .result = MN_RESULT_INIT};
    return mn_gpfs__place(g, share, &job->place, err);
}

/* Ready for the next plan of the same call. */
static void
job_reset(struct job *job)
{
    mn_plan_dispose(&job->plan);
    mn_result_dispose(&job->result);
}

static void
job_dispose(struct job *job)
{
    job_reset(job);
    mn_gpfs__place_dispose(&job->place);
}

static int
job_run(struct job *job, struct mn_error *err)
{
    return mn_gpfs__run(job->g, &job->plan, &job->result, err);
}

/* The step at which the plan stopped, with its class; 0: it did not. */
static int
job_check(struct job *job, struct mn_error *err)
{
    int at = job->result.stopped_at;
    return at < 0 ? 0
                  : mn_mm_check(&job->result, &job->plan, at,
                                job->g->cluster.name, err);
}

static int
job_check_step(struct job *job, int step, struct mn_error *err)
{
    return mn_mm_check(&job->result, &job->plan, step, job->g->cluster.name,
                       err);
}

/* What follows once the fileset exists. */
static void
add_completion(struct job *job, bool linked, const struct mn_guard *guard)
{
    const struct mn_share *share = job->share;
    size_t first = job->plan.n;
    const char *path = mn_buf_str(&job->place.path);
    if (!linked) {
        mn_mm_linkfileset(&job->plan, job->place.device, share->name, path);
    }
    mn_mm_setquota(&job->plan, job->place.device, share->name,
                   share->size_gib);
    mn_plan_run(&job->plan, "chmod", "777", path, NULL);
    if (job->copy) {
        mn_job_add_start(&job->plan, job->copy);
    }
    for (size_t i = first; guard && i < job->plan.n; i++) {
        job->plan.steps[i].guard = *guard;
    }
}

/* The fileset's row in the output of mmlsfileset; NULL: not listed. */
static int
read_fileset(struct job *job, int step, struct mn_mm_filesets *list,
             const struct mn_mm_fileset **fileset, struct mn_error *err)
{
    *fileset = NULL;
    int rc = job_check_step(job, step, err);
    if (!rc) {
        rc = mn_mm_read_filesets(job->result.steps[step].out, list, err);
    }
    if (!rc) {
        *fileset = mn_mm_find_fileset(list, job->share->name);
    }
    return rc;
}

static int
not_ours(struct job *job, const struct mn_mm_fileset *f, struct mn_error *err)
{
    return mn_error_set(err, MN_EEXISTS,
                        "fileset %s of %s is not this "
                        "share's: its comment is '%s', not '" MN_MM_TAG "%s'",
                        f->name, job->place.device, f->comment,
                        job->share->id);
}

/* The fileset was there: ours from a call before that did not end? Then do
   the rest. */
static int
adopt(struct job *job, int look, struct mn_error *err)
{
    struct mn_mm_filesets list = {0};
    const struct mn_mm_fileset *f;
    int rc = read_fileset(job, look, &list, &f, err);
    if (!rc && !f) {
        rc = mn_error_set(err, MN_EBUSY,
                          "fileset %s can neither be created "
                          "nor found",
                          job->share->name);
    }
    if (!rc && !mn_gpfs__is_tagged(f->comment, job->share)) {
        rc = not_ours(job, f, err);
    }
    if (!rc && f->linked
        && strcmp(f->path, mn_buf_str(&job->place.path)) != 0) {
        rc = mn_error_set(err, MN_EEXISTS,
                          "fileset %s is linked at %s, not "
                          "at %s",
                          f->name, f->path, mn_buf_str(&job->place.path));
    }
    if (!rc) {
        bool linked = f->linked;
        job_reset(job);
        add_completion(job, linked, NULL);
        rc = job_run(job, err);
        rc = rc ? rc : job_check(job, err);
    }
    mn_mm_filesets_dispose(&list);
    return rc;
}

/* Remove the fileset that this call made. The first cause stays the error. */
static void
take_back(struct job *job, struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    const char *name = job->share->name;
    job_reset(job);
    if (job->copy) {
        mn_job_add_stop(&job->plan, job->copy->base, job->share->id);
        job->plan.failed |= job->plan.n != 2;
        if (!job->plan.failed) {
            job->plan.steps[1].accept_any = true;
        }
    }
    mn_mm_unlinkfileset(&job->plan, job->place.device, name, true)
        ->accept_any = true;
    mn_mm_delfileset(&job->plan, job->place.device, name);
    int at = mn_plan_last(&job->plan);
    int rc = job_run(job, &why);
    if (!rc && mn_mm_classify(&job->result.steps[at]) != MN_ENOTFOUND) {
        rc = job_check_step(job, at, &why);
    }
    if (rc) {
        mn_error_prefix(err, "fileset %s is left behind half-made: ", name);
        mn_gpfs__log(&job->g->log, MN_LOG_ERROR,
                     "fileset %s could not be "
                     "taken back: %s",
                     name, why.text);
    }
}

static int
create(struct job *job, struct mn_error *err)
{
    const struct mn_share *share = job->share;
    const struct mn_guard made = {0, 0, false};
    mn_mm_crfileset(&job->plan, job->place.device, share->name, share->id)
        ->accept_any = true;
    add_completion(job, false, &made);
    struct mn_step *look =
        mn_mm_lsfileset(&job->plan, job->place.device, share->name);
    look->accept_any = true;
    mn_step_guard(look, 0, 0, true);

    int rc = job_run(job, err);
    if (rc) {
        return rc; /* outcome unknown; a later call finds our tag */
    }
    if (mn_mm_classify(&job->result.steps[0]) == MN_EEXISTS) {
        return adopt(job, mn_plan_last(&job->plan), err);
    }
    rc = job_check_step(job, 0, err);
    if (rc) {
        return rc;
    }
    rc = job_check(job, err);
    if (rc) {
        take_back(job, err);
    }
    return rc;
}

int
mn_gpfs__create(struct mn_gpfs *g, const struct mn_share *share,
                const struct mn_job_spec *copy, struct mn_buf *location,
                struct mn_error *err)
{
    struct job job;
    int rc = job_init(&job, g, share, err);
    job.copy = copy;
    rc = rc ? rc : mn_gpfs__check_size(share->size_gib, err);
    rc = rc ? rc : create(&job, err);
    rc = rc ? rc
            : mn_gpfs__location(g, mn_buf_str(&job.place.path), location, err);
    job_dispose(&job);
    return rc;
}

int
mn_gpfs_create_share(struct mn_gpfs *g, const struct mn_share *share,
                     struct mn_buf *location, struct mn_error *err)
{
    return mn_gpfs__create(g, share, NULL, location, err);
}

/* May the fileset of that name be deleted? Sets *there to false when there is
   none. A long job of this share ends first. */
static int
look_before_delete(struct job *job, bool *there, struct mn_error *err)
{
    struct mn_mm_filesets list = {0};
    const struct mn_mm_fileset *f;
    mn_mm_lsfileset(&job->plan, job->place.device, job->share->name)
        ->accept_any = true;
    mn_job_add_stop(&job->plan, job->place.pool->base, job->share->id);
    int rc = job_run(job, err);
    if (rc) {
        return rc;
    }
    rc = job_check(job, err);
    if (rc) {
        mn_error_prefix(err, "share %s: ", job->share->name);
        return rc;
    }
    *there = false;
    if (mn_mm_classify(&job->result.steps[0]) == MN_ENOTFOUND) {
        job_reset(job);
        return 0;
    }
    rc = read_fileset(job, 0, &list, &f, err);
    *there = f != NULL;
    if (!rc && f && f->comment[0] && strcmp(f->comment, "-") != 0
        && !mn_gpfs__is_tagged(f->comment, job->share)) {
        rc = not_ours(job, f, err);
    }
    mn_mm_filesets_dispose(&list);
    job_reset(job);
    return rc;
}

enum { DELETE_UNLINK, DELETE_UNLINK_FORCED, DELETE_DELETE, DELETE_LOOK };

/* The deletion did not succeed. Is the fileset gone nevertheless? */
static int
settle_deletion(struct job *job, struct mn_error *err)
{
    struct mn_mm_filesets list = {0};
    struct mn_error why = MN_ERROR_INIT;
    const struct mn_mm_fileset *f = NULL;
    int rc = read_fileset(job, DELETE_LOOK, &list, &f, &why);
    mn_mm_filesets_dispose(&list);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (rc == MN_ENOTFOUND || (!rc && !f)) {
        return 0;
    }
    if (job->result.steps[DELETE_UNLINK_FORCED].status > 0) {
        /* the fileset is still linked: that is the cause */
        struct mn_error cause = MN_ERROR_INIT;
        job_check_step(job, DELETE_UNLINK_FORCED, &cause);
        mn_gpfs__log(&job->g->log, MN_LOG_WARNING, "%s", cause.text);
    }
    return job_check_step(job, DELETE_DELETE, err);
}

/* Without force first: forced unlinking of a fileset in use may hang or leave
   clients with stale handles. */
static int
delete_fileset(struct job *job, struct mn_error *err)
{
    const char *name = job->share->name;
    mn_mm_unlinkfileset(&job->plan, job->place.device, name, false)
        ->accept_any = true;
    struct mn_step *forced =
        mn_mm_unlinkfileset(&job->plan, job->place.device, name, true);
    forced->accept_any = true;
    mn_step_guard(forced, DELETE_UNLINK, 0, true);
    mn_mm_delfileset(&job->plan, job->place.device, name)->accept_any = true;
    struct mn_step *look =
        mn_mm_lsfileset(&job->plan, job->place.device, name);
    look->accept_any = true;
    mn_step_guard(look, DELETE_DELETE, 0, true);
    int rc = job_run(job, err);
    if (rc || job->result.steps[DELETE_DELETE].status == 0) {
        return rc;
    }
    return settle_deletion(job, err);
}

int
mn_gpfs_delete_share(struct mn_gpfs *g, const struct mn_share *share,
                     struct mn_error *err)
{
    struct job job;
    bool there = false;
    int rc = job_init(&job, g, share, err);
    rc = rc ? rc : look_before_delete(&job, &there, err);
    if (!rc) {
        const struct mn_nfs_export e = {.path = mn_buf_str(&job.place.path),
                                        .id = share->id,
                                        .name = share->name};
        rc = g->helper->vtable->remove_export(g->helper, &e, err);
    }
    if (!rc && there) {
        rc = delete_fileset(&job, err);
    }
    job_dispose(&job);
    return rc;
}
