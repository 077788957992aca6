/* SPDX-License-Identifier: Apache-2.0 */
/* What takes long: a share from a snapshot, and back to a snapshot. */
#include <string.h>

#include "gpfs/jobs.h"
#include "gpfs/mmcmd.h"
#include "gpfs/snapshots.h"

/* How long one plan waits for a job's end, and how many plans in a row may
   fail to reach the node before the caller is told. */
enum { WAIT_S = 20, LOST_MOST = 3 };

/* What is known of the snapshot before its job begins. */
struct source {
    struct mn_gpfs_place place;
    struct mn_buf path; /* of its directory */
    uint64_t used_kib;  /* by its fileset today, for want of better */
};

static void
source_dispose(struct source *src)
{
    mn_gpfs__place_dispose(&src->place);
    mn_buf_dispose(&src->path);
}

static int
read_source(struct mn_gpfs *g, const struct mn_snapshot *s,
            const struct mn_plan *plan, const struct mn_result *result,
            struct source *src, struct mn_error *err)
{
    char status[32];
    struct mn_mm_quotas list = {0};
    int rc = mn_gpfs__read_snapshot(g, plan, result, 0, s, status, err);
    rc = rc ? rc : mn_gpfs__check_valid(s, status, MN_EBUSY, err);
    if (!rc && result->steps[1].status == 0) {
        int bad =
            mn_mm_read_quotas("mmlsquota", result->steps[1].out, &list, NULL);
        rc = bad == MN_ENOMEM ? mn_error_nomem(err) : 0;
    }
    const struct mn_mm_quota *q = mn_mm_find_quota(&list, s->share.name);
    src->used_kib = q ? q->usage_kib : 0;
    mn_mm_quotas_dispose(&list);
    return rc;
}

/* The snapshot must be there and valid. */
static int
find_source(struct mn_gpfs *g, const struct mn_snapshot *s, struct source *src,
            struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    *src = (struct source){0};
    int rc = mn_gpfs__snapshot_path(g, s, &src->path, err);
    rc = rc ? rc : mn_gpfs__place(g, &s->share, &src->place, err);
    if (!rc) {
        mn_gpfs__look_for_snapshot(&plan, src->place.device, s);
        mn_mm_lsquota(&plan, src->place.device, s->share.name)->accept_any =
            true;
        rc = mn_gpfs__run(g, &plan, &result, err);
    }
    rc = rc ? rc : read_source(g, s, &plan, &result, src, err);
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

int
mn_gpfs_create_share_from_snapshot(struct mn_gpfs *g,
                                   const struct mn_share *share,
                                   const struct mn_snapshot *s,
                                   struct mn_buf *location,
                                   struct mn_error *err)
{
    struct source src;
    struct mn_gpfs_place target = {0};
    int rc = find_source(g, s, &src, err);
    rc = rc ? rc : mn_gpfs__path(g, share, &target, err);
    if (!rc) {
        const struct mn_job_spec spec = {
            .base = target.pool->base,
            .share_id = share->id,
            .device = src.place.device,
            .source = mn_buf_str(&src.path),
            .target = mn_buf_str(&target.path),
            .snapshot_dir = g->snapshot_dir,
            .expect_kib = src.used_kib,
        };
        rc = mn_gpfs__create(g, share, &spec, location, err);
    }
    mn_gpfs__place_dispose(&target);
    source_dispose(&src);
    return rc;
}

/* ---- how a job goes ---- */

struct look {
    struct mn_gpfs *g;
    const struct mn_share *share;
    struct mn_gpfs_place place;
    struct mn_job_report report;
    uint64_t used_kib;
    bool stands; /* the share is linked where it belongs */
};

/* df first: where the file system is not mounted there is no job directory
   either, and that must not look like a job that ended long ago. */
enum { STEP_DF, STEP_FILESET, STEP_QUOTA, STEP_JOB };

static int
read_look(struct look *k, const struct mn_plan *plan,
          const struct mn_result *result, struct mn_error *err)
{
    struct mn_mm_filesets filesets = {0};
    struct mn_mm_quotas quotas = {0};
    const char *host = k->g->cluster.name;
    int rc = mn_mm_check(result, plan, STEP_DF, host, err);
    rc = rc ? rc
            : mn_gpfs__check_mounted(k->g, k->place.pool,
                                     result->steps[STEP_DF].out, err);
    rc = rc ? rc : mn_job_read(result, plan, STEP_JOB, host, &k->report, err);
    if (!rc && result->steps[STEP_FILESET].status == 0) {
        rc = mn_mm_read_filesets(result->steps[STEP_FILESET].out, &filesets,
                                 err);
    }
    if (!rc && result->steps[STEP_QUOTA].status == 0) {
        rc = mn_mm_read_quotas("mmlsquota", result->steps[STEP_QUOTA].out,
                               &quotas, err);
    }
    const struct mn_mm_fileset *f =
        mn_mm_find_fileset(&filesets, k->share->name);
    const struct mn_mm_quota *q = mn_mm_find_quota(&quotas, k->share->name);
    k->stands = f && strcmp(f->path, mn_buf_str(&k->place.path)) == 0;
    k->used_kib = q ? q->usage_kib : 0;
    mn_mm_filesets_dispose(&filesets);
    mn_mm_quotas_dispose(&quotas);
    return rc;
}

static int
look_at_job(struct look *k, unsigned wait_s, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    const char *base = k->place.pool->base;
    const char *name = k->share->name;
    mn_mm_df(&plan, base, false);
    mn_mm_lsfileset(&plan, k->place.device, name)->accept_any = true;
    mn_mm_lsquota(&plan, k->place.device, name)->accept_any = true;
    mn_job_add_poll(&plan, base, k->share->id, wait_s);
    int rc = mn_gpfs__run(k->g, &plan, &result, err);
    rc = rc ? rc : read_look(k, &plan, &result, err);
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

static void
judge_progress(struct look *k)
{
    struct mn_job_state *state = &k->report.state;
    uint64_t all = k->report.expect_kib;
    if (state->status == MN_JOB_COPYING && all) {
        /* not 100 before it is done, as today's usage is no more than a guess
           of the snapshot's */
        uint64_t percent = k->used_kib < all ? k->used_kib * 100 / all : 99;
        state->percent = percent > 99 ? 99 : (unsigned)percent;
    }
    if (state->status == MN_JOB_DONE && !k->stands) {
        *state = (struct mn_job_state){.status = MN_JOB_FAILED,
                                       .code = MN_ENOTFOUND,
                                       .text = "the share's fileset is not "
                                               "linked where it belongs"};
    }
}

/* The end was seen; the job's directory goes. If it can't, the next look says
   DONE again. */
static int
forget_job(struct look *k, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_error why = MN_ERROR_INIT;
    mn_job_add_stop(&plan, k->place.pool->base, k->share->id);
    int rc = mn_gpfs__run(k->g, &plan, &result, &why);
    rc = rc ? rc : mn_result_check(&result, &plan, k->g->cluster.name, &why);
    if (rc && rc != MN_ENOMEM && rc != MN_ECANCELED) {
        mn_gpfs__log(&k->g->log, MN_LOG_WARNING,
                     "the job of share %s is done but still there: %s",
                     k->share->name, why.text);
        rc = 0;
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc ? mn_error_set(err, (enum mn_code)rc, "%s", why.text) : 0;
}

int
mn_gpfs_share_status(struct mn_gpfs *g, const struct mn_share *share,
                     struct mn_job_state *state, struct mn_buf *location,
                     struct mn_error *err)
{
    struct look k = {.g = g, .share = share};
    int rc = mn_gpfs__place(g, share, &k.place, err);
    rc = rc ? rc : look_at_job(&k, 0, err);
    if (!rc) {
        judge_progress(&k);
        *state = k.report.state;
        rc = mn_gpfs__location(g, mn_buf_str(&k.place.path), location, err);
    }
    if (!rc && state->status == MN_JOB_DONE) {
        rc = forget_job(&k, err);
    }
    mn_gpfs__place_dispose(&k.place);
    return rc;
}

/* ---- back to a snapshot ---- */

/* Until the job's end. A connection that is lost meanwhile is made again; the
   job does not need it. */
static int
wait_for_job(struct look *k, struct mn_error *err)
{
    int lost = 0;
    int rc;
    do {
        struct mn_error why = MN_ERROR_INIT;
        rc = look_at_job(k, WAIT_S, &why);
        lost = rc == MN_ECONNECT || rc == MN_ETIMEDOUT ? lost + 1 : 0;
        if (rc && (!lost || lost >= LOST_MOST)) {
            mn_error_prefix(&why, "the job goes on, but: ");
            return mn_error_set(err, why.code, "%s", why.text);
        }
    } while (rc || k->report.state.status == MN_JOB_REVERTING);
    judge_progress(k);
    const struct mn_job_state *state = &k->report.state;
    if (state->status == MN_JOB_FAILED) {
        return mn_error_set(err, state->code, "%s", state->text);
    }
    return state->status == MN_JOB_DONE ? forget_job(k, err) : 0;
}

static int
begin_revert(struct mn_gpfs *g, const struct mn_snapshot *s,
             const struct source *src, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    const struct mn_job_spec spec = {
        .revert = true,
        .base = src->place.pool->base,
        .share_id = s->share.id,
        .device = src->place.device,
        .fileset = s->share.name,
        .snapshot = s->name,
        .target = mn_buf_str(&src->place.path),
        .snapshot_dir = g->snapshot_dir,
    };
    mn_job_add_start(&plan, &spec)->accept_any = true;
    int rc = mn_gpfs__run(g, &plan, &result, err);
    rc = rc ? rc : mn_mm_check(&result, &plan, 0, g->cluster.name, err);
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

int
mn_gpfs_revert_to_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                           bool wait, struct mn_error *err)
{
    struct source src;
    int rc = find_source(g, s, &src, err);
    rc = rc ? rc : begin_revert(g, s, &src, err);
    if (!rc && wait) {
        struct look k = {.g = g, .share = &s->share};
        rc = mn_gpfs__place(g, &s->share, &k.place, err);
        rc = rc ? rc : wait_for_job(&k, err);
        mn_gpfs__place_dispose(&k.place);
    }
    source_dispose(&src);
    return rc;
}
