/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, deleting and extending shares. */
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

/* The largest block of GPFS is 16 MiB, and limits are rounded to blocks. */
enum { QUOTA_TOLERANCE_KIB = 16 << 10 };

/* What one call on one share works with. */
struct job {
    struct mn_gpfs *g;
    const struct mn_share *share;
    const char *device;
    struct mn_buf path;
    struct mn_plan plan;
    struct mn_result result;
};

static int
job_init(struct job *job, struct mn_gpfs *g, const struct mn_share *share,
         struct mn_error *err)
{
    *job = (struct job){.g = g, .share = share, .result = MN_RESULT_INIT};
    int rc = mn_gpfs__check_share(share, err);
    rc = rc ? rc : mn_gpfs__device(g, &job->device, err);
    if (!rc) {
        mn_gpfs__path(g, share->name, &job->path);
        rc = job->path.failed ? mn_error_nomem(err) : 0;
    }
    return rc;
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
    mn_buf_dispose(&job->path);
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
    const char *path = mn_buf_str(&job->path);
    if (!linked) {
        mn_mm_linkfileset(&job->plan, job->device, share->name, path);
    }
    mn_mm_setquota(&job->plan, job->device, share->name, share->size_gib);
    mn_plan_run(&job->plan, "chmod", "777", path, NULL);
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
                        f->name, job->device, f->comment, job->share->id);
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
    if (!rc && f->linked && strcmp(f->path, mn_buf_str(&job->path)) != 0) {
        rc = mn_error_set(err, MN_EEXISTS,
                          "fileset %s is linked at %s, not "
                          "at %s",
                          f->name, f->path, mn_buf_str(&job->path));
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
    mn_mm_unlinkfileset(&job->plan, job->device, name, true)->accept_any =
        true;
    mn_mm_delfileset(&job->plan, job->device, name);
    int rc = job_run(job, &why);
    if (!rc && mn_mm_classify(&job->result.steps[1]) != MN_ENOTFOUND) {
        rc = job_check_step(job, 1, &why);
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
    mn_mm_crfileset(&job->plan, job->device, share->name, share->id)
        ->accept_any = true;
    add_completion(job, false, &made);
    struct mn_step *look =
        mn_mm_lsfileset(&job->plan, job->device, share->name);
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

static int
check_size(uint64_t gib, struct mn_error *err)
{
    /* 0 would mean no limit; the upper bound keeps KiB within 64 bits */
    return gib > 0 && gib < UINT64_C(1) << 40
               ? 0
               : mn_error_set(err, MN_EINVAL, "%" PRIu64 " GiB is not a size",
                              gib);
}

int
mn_gpfs_create_share(struct mn_gpfs *g, const struct mn_share *share,
                     struct mn_buf *location, struct mn_error *err)
{
    struct job job;
    int rc = job_init(&job, g, share, err);
    rc = rc ? rc : check_size(share->size_gib, err);
    rc = rc ? rc : create(&job, err);
    if (!rc) {
        mn_gpfs__location(g, share->name, location);
        rc = location->failed ? mn_error_nomem(err) : 0;
    }
    job_dispose(&job);
    return rc;
}

/* May the fileset of that name be deleted? Sets *there to false when there is
   none. */
static int
look_before_delete(struct job *job, bool *there, struct mn_error *err)
{
    struct mn_mm_filesets list = {0};
    const struct mn_mm_fileset *f;
    mn_mm_lsfileset(&job->plan, job->device, job->share->name)->accept_any =
        true;
    int rc = job_run(job, err);
    if (rc) {
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

/* Without force first: forced unlinking of a fileset in use may hang or leave
   clients with stale handles. */
static int
delete_fileset(struct job *job, struct mn_error *err)
{
    const char *name = job->share->name;
    mn_mm_unlinkfileset(&job->plan, job->device, name, false)->accept_any =
        true;
    struct mn_step *forced =
        mn_mm_unlinkfileset(&job->plan, job->device, name, true);
    forced->accept_any = true;
    mn_step_guard(forced, 0, 0, true);
    mn_mm_delfileset(&job->plan, job->device, name)->accept_any = true;
    int rc = job_run(job, err);
    if (rc) {
        return rc;
    }
    if (mn_mm_classify(&job->result.steps[2]) == MN_ENOTFOUND) {
        return 0;
    }
    rc = job_check_step(job, 2, err);
    if (rc && job->result.steps[1].status > 0) {
        /* the fileset is still linked: that is the cause */
        struct mn_error cause = MN_ERROR_INIT;
        job_check_step(job, 1, &cause);
        mn_gpfs__log(&job->g->log, MN_LOG_WARNING, "%s", cause.text);
    }
    return rc;
}

int
mn_gpfs_delete_share(struct mn_gpfs *g, const struct mn_share *share,
                     struct mn_error *err)
{
    struct job job;
    bool there = false;
    int rc = job_init(&job, g, share, err);
    rc = rc ? rc : look_before_delete(&job, &there, err);
    rc = rc ? rc
            : mn_knfs_remove_export(&g->knfs, mn_buf_str(&job.path), share,
                                    err);
    if (!rc && there) {
        rc = delete_fileset(&job, err);
    }
    job_dispose(&job);
    return rc;
}

static int
verify_quota(struct job *job, uint64_t gib, struct mn_error *err)
{
    struct mn_mm_quotas list = {0};
    int rc =
        mn_mm_read_quotas("mmlsquota", job->result.steps[1].out, &list, err);
    const struct mn_mm_quota *q = mn_mm_find_quota(&list, job->share->name);
    uint64_t wanted = gib << 20;
    if (!rc
        && (!q || q->hard_kib < wanted
            || q->hard_kib - wanted > QUOTA_TOLERANCE_KIB)) {
        rc = mn_error_set(err, MN_EREMOTE,
                          "the quota of fileset %s is %" PRIu64
                          " KiB after it was set to %" PRIu64 " KiB",
                          job->share->name, q ? q->hard_kib : 0, wanted);
    }
    mn_mm_quotas_dispose(&list);
    return rc;
}

int
mn_gpfs_extend_share(struct mn_gpfs *g, const struct mn_share *share,
                     uint64_t new_size_gib, struct mn_error *err)
{
    struct job job;
    int rc = job_init(&job, g, share, err);
    rc = rc ? rc : check_size(new_size_gib, err);
    if (!rc) {
        mn_mm_setquota(&job.plan, job.device, share->name, new_size_gib);
        mn_mm_lsquota(&job.plan, job.device, share->name);
        rc = job_run(&job, err);
    }
    rc = rc ? rc : job_check(&job, err);
    rc = rc ? rc : verify_quota(&job, new_size_gib, err);
    job_dispose(&job);
    return rc;
}
