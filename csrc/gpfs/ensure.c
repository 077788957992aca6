/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ensure_shares: look at everything with one plan per host, mend the filesets
 * with few more on the cluster, then the exports through the helper. However
 * many shares there are.
 */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/mmcmd.h"
#include "gpfs/survey.h"

/* Repairs in one plan: enough to save round trips, few enough that it ends in
   time when each of them waits for a lock. */
enum { CHUNK = 64 };

/* The repairs, and the share that each step is for. */
struct mend {
    struct mn_gpfs *g;
    struct mn_ensure_result *results;
    struct mn_plan plan;
    size_t share_of[CHUNK + 2];
};

static bool
quota_is_right(const struct mn_mm_quotas *quotas, const struct mn_share *share)
{
    const struct mn_mm_quota *q = mn_mm_find_quota(quotas, share->name);
    return q && mn_gpfs__is_limit(q->hard_kib, share->size_gib);
}

/* Is there a fileset of this share where it belongs? */
static void
judge_fileset(const struct mn_gpfs *g, const struct mn_share *share,
              const struct mn_mm_fileset *f, const char *path,
              struct mn_ensure_result *r)
{
    int rc = 0;
    if (!f) {
        rc = mn_error_set(&r->err, MN_ENOTFOUND,
                          "fileset %s does not exist on %s", share->name,
                          g->cluster.name);
    }
    else if (mn_gpfs__is_foreign(f->comment, share)) {
        rc = mn_error_set(&r->err, MN_EEXISTS,
                          "fileset %s is another share's: its comment is '%s'",
                          share->name, f->comment);
    }
    else if (f->linked && strcmp(f->path, path) != 0) {
        rc = mn_error_set(&r->err, MN_EREMOTE,
                          "fileset %s is linked at %s, not at %s", share->name,
                          f->path, path);
    }
    r->code = (enum mn_code)rc;
}

static void
add_repairs(struct mend *m, size_t i, const struct mn_share *share,
            const struct mn_gpfs_fs *fs, const struct mn_mm_fileset *f,
            const char *path)
{
    if (!f->linked) {
        m->share_of[m->plan.n] = i;
        mn_mm_linkfileset(&m->plan, fs->device, share->name, path)
            ->accept_any = true;
    }
    if (fs->has_quotas && share->size_gib
        && !quota_is_right(&fs->quotas, share)) {
        m->share_of[m->plan.n] = i;
        mn_mm_setquota(&m->plan, fs->device, share->name, share->size_gib)
            ->accept_any = true;
    }
}

/* Run the repairs, if any, and make room for more. */
static int
mend_flush(struct mend *m, struct mn_error *err)
{
    struct mn_result result = MN_RESULT_INIT;
    int rc = m->plan.n || m->plan.failed
                 ? mn_gpfs__run(m->g, &m->plan, &result, err)
                 : 0;
    for (size_t step = 0; !rc && step < m->plan.n; step++) {
        struct mn_ensure_result *r = &m->results[m->share_of[step]];
        mn_mm_check(&result, &m->plan, (int)step, m->g->cluster.name, &r->err);
        r->code = r->err.code;
        r->repaired = true;
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&m->plan);
    return rc;
}

/* What is wrong with one share alone is in its result; NOMEM is returned. */
static int
judge_share(struct mend *m, const struct mn_gpfs_survey *survey, size_t i,
            const struct mn_share *share, const struct mn_gpfs_place *place,
            struct mn_error *err)
{
    struct mn_ensure_result *r = &m->results[i];
    const struct mn_gpfs_fs *fs = mn_gpfs__surveyed(survey, m->g, place->pool);
    const char *path = mn_buf_str(&place->path);
    int rc = mn_gpfs__location(m->g, path, &r->location, err);
    if (rc) {
        return rc;
    }
    if (fs->err.code) {
        r->code = fs->err.code;
        mn_error_set(&r->err, r->code, "%s", fs->err.text);
        return 0;
    }
    const struct mn_mm_fileset *f =
        mn_mm_find_fileset(&fs->filesets, share->name);
    judge_fileset(m->g, share, f, path, r);
    if (!r->code) {
        add_repairs(m, i, share, fs, f, path);
    }
    return m->plan.n >= CHUNK ? mend_flush(m, err) : 0;
}

static int
place_and_judge(struct mend *m, const struct mn_gpfs_survey *survey, size_t i,
                const struct mn_share *share, struct mn_error *err)
{
    struct mn_gpfs_place place;
    struct mn_ensure_result *r = &m->results[i];
    int rc = mn_gpfs__path(m->g, share, &place, &r->err);
    if (rc) {
        r->code = (enum mn_code)rc;
        rc = rc == MN_ENOMEM ? mn_error_nomem(err) : 0;
    }
    else {
        rc = judge_share(m, survey, i, share, &place, err);
    }
    mn_gpfs__place_dispose(&place);
    return rc;
}

static int
ensure_filesets(struct mn_gpfs *g, const struct mn_share *shares, size_t n,
                struct mn_ensure_result *results, struct mn_error *err)
{
    struct mn_gpfs_survey survey;
    struct mend mend = {.g = g, .results = results};
    int rc = mn_gpfs__survey(g, true, &survey, err);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = place_and_judge(&mend, &survey, i, &shares[i], err);
    }
    rc = rc ? rc : mend_flush(&mend, err);
    mn_plan_dispose(&mend.plan);
    mn_gpfs__survey_dispose(&survey);
    return rc;
}

/* The helper's list: those shares that are in order so far. from[k] is the
   share of v[k]; the path is behind the ':' of its location. */
static size_t
list_exports(const struct mn_share *shares, size_t n,
             const struct mn_ensure_result *results, struct mn_nfs_ensure *v,
             size_t *from)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!results[i].code) {
            const char *path = strstr(mn_buf_str(&results[i].location), ":/");
            v[k].export = (struct mn_nfs_export){
                .path = path + 1,
                .id = shares[i].id,
                .name = shares[i].name,
                .export_options = shares[i].export_options,
            };
            from[k++] = i;
        }
    }
    return k;
}

static int
ensure_exports(struct mn_gpfs *g, const struct mn_share *shares, size_t n,
               struct mn_ensure_result *results, struct mn_error *err)
{
    struct mn_nfs_ensure *v = mn_calloc(n, sizeof *v);
    size_t *from = mn_calloc(n, sizeof *from);
    int rc = v && from ? 0 : mn_error_nomem(err);
    size_t k = rc ? 0 : list_exports(shares, n, results, v, from);
    if (k) {
        rc = g->helper->vtable->ensure(g->helper, v, k, err);
    }
    for (size_t i = 0; !rc && i < k; i++) {
        struct mn_ensure_result *r = &results[from[i]];
        r->code = v[i].code;
        r->err = v[i].err;
        r->repaired |= v[i].repaired;
        r->reapply_access = v[i].reapply_access;
    }
    mn_free(v);
    mn_free(from);
    return rc;
}

int
mn_gpfs_ensure_shares(struct mn_gpfs *g, const struct mn_share *shares,
                      size_t n, struct mn_ensure_result *results,
                      struct mn_error *err)
{
    for (size_t i = 0; i < n; i++) {
        results[i] = (struct mn_ensure_result){0};
    }
    if (!n) {
        return 0;
    }
    int rc = ensure_filesets(g, shares, n, results, err);
    return rc ? rc : ensure_exports(g, shares, n, results, err);
}
