/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ensure_shares: look at everything with one plan per host, mend the filesets
 * with one more on the cluster, then the exports with one more on each NFS
 * server that needs it. However many shares there are.
 */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/ensure_exports.h"
#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

enum { QUOTA_TOLERANCE_KIB = 16 << 10 };

struct cluster {
    struct mn_mm_filesets filesets;
    struct mn_mm_quotas quotas;
    bool has_quotas;
};

static int
ask_cluster(struct mn_gpfs *g, const char *device, struct cluster *cl,
            struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_error why = MN_ERROR_INIT;
    mn_mm_lsfileset(&plan, device, NULL);
    mn_mm_repquota(&plan, device)->accept_any = true;
    int rc = mn_gpfs__run(g, &plan, &result, err);
    rc = rc ? rc : mn_mm_check(&result, &plan, 0, g->cluster.name, err);
    if (!rc) {
        rc = mn_mm_read_filesets(result.steps[0].out, &cl->filesets, err);
    }
    if (!rc) {
        /* shares without a known quota still serve; say so and go on */
        int bad = mn_mm_check(&result, &plan, 1, g->cluster.name, &why);
        bad = bad ? bad
                  : mn_mm_read_quotas("mmrepquota", result.steps[1].out,
                                      &cl->quotas, &why);
        cl->has_quotas = !bad;
        rc = bad == MN_ENOMEM ? mn_error_nomem(err) : 0;
        if (bad) {
            mn_gpfs__log(&g->log, MN_LOG_WARNING,
                         "the quotas of the shares were not checked: %s",
                         why.text);
        }
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

static bool
quota_is_right(const struct mn_mm_quotas *quotas, const struct mn_share *share)
{
    const struct mn_mm_quota *q = mn_mm_find_quota(quotas, share->name);
    uint64_t wanted = share->size_gib << 20;
    return q && q->hard_kib >= wanted
           && q->hard_kib - wanted <= QUOTA_TOLERANCE_KIB;
}

/* Is there a fileset of this share where it belongs? */
static void
judge_fileset(const struct mn_gpfs *g, const struct mn_share *share,
              const struct mn_mm_fileset *f, const char *path,
              struct mn_ensure_result *r)
{
    int rc = 0;
    size_t tag = strlen(MN_MM_TAG);
    if (!f) {
        rc = mn_error_set(&r->err, MN_ENOTFOUND,
                          "fileset %s does not exist "
                          "on %s",
                          share->name, g->cluster.name);
    }
    else if (strncmp(f->comment, MN_MM_TAG, tag) == 0
             && !mn_gpfs__is_tagged(f->comment, share)) {
        rc = mn_error_set(&r->err, MN_EEXISTS,
                          "fileset %s is another "
                          "share's: its comment is '%s'",
                          share->name, f->comment);
    }
    else if (f->linked && strcmp(f->path, path) != 0) {
        rc = mn_error_set(&r->err, MN_EREMOTE,
                          "fileset %s is linked at %s, "
                          "not at %s",
                          share->name, f->path, path);
    }
    r->code = (enum mn_code)rc;
}

/* Append what mends the fileset of one share. */
static int
judge_share(struct mn_gpfs *g, const struct cluster *cl, const char *device,
            const struct mn_share *share, struct mn_ensure_result *r,
            struct mn_plan *plan, struct mn_error *err)
{
    struct mn_buf path = MN_BUF_INIT;
    int rc = mn_gpfs__check_share(share, &r->err);
    if (rc) {
        r->code = (enum mn_code)rc;
        return 0;
    }
    mn_gpfs__path(g, share->name, &path);
    mn_gpfs__location(g, share->name, &r->location);
    if (path.failed || r->location.failed) {
        mn_buf_dispose(&path);
        return mn_error_nomem(err);
    }
    const struct mn_mm_fileset *f =
        mn_mm_find_fileset(&cl->filesets, share->name);
    judge_fileset(g, share, f, mn_buf_str(&path), r);
    if (!r->code && !f->linked) {
        mn_mm_linkfileset(plan, device, share->name, mn_buf_str(&path))
            ->accept_any = true;
    }
    if (!r->code && cl->has_quotas && share->size_gib
        && !quota_is_right(&cl->quotas, share)) {
        mn_mm_setquota(plan, device, share->name, share->size_gib)
            ->accept_any = true;
    }
    mn_buf_dispose(&path);
    return 0;
}

/* Run the repairs; upto[i] is how many steps the plan had after share i. */
static int
mend_filesets(struct mn_gpfs *g, const struct mn_plan *plan,
              const size_t *upto, size_t n, struct mn_ensure_result *results,
              struct mn_error *err)
{
    struct mn_result result = MN_RESULT_INIT;
    int rc = plan->n || plan->failed ? mn_gpfs__run(g, plan, &result, err) : 0;
    size_t step = 0;
    for (size_t i = 0; !rc && i < n; i++) {
        for (; step < upto[i]; step++) {
            mn_mm_check(&result, plan, (int)step, g->cluster.name,
                        &results[i].err);
            results[i].code = results[i].err.code;
            results[i].repaired = true;
        }
    }
    mn_result_dispose(&result);
    return rc;
}

static int
ensure_filesets(struct mn_gpfs *g, const struct mn_share *shares, size_t n,
                struct mn_ensure_result *results, struct mn_error *err)
{
    const char *device;
    struct cluster cl = {0};
    struct mn_plan plan = MN_PLAN_INIT;
    size_t *upto = mn_calloc(n, sizeof *upto);
    int rc = upto ? 0 : mn_error_nomem(err);
    rc = rc ? rc : mn_gpfs__device(g, &device, err);
    rc = rc ? rc : ask_cluster(g, device, &cl, err);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = judge_share(g, &cl, device, &shares[i], &results[i], &plan, err);
        upto[i] = plan.n;
    }
    rc = rc ? rc : mend_filesets(g, &plan, upto, n, results, err);
    mn_plan_dispose(&plan);
    mn_mm_filesets_dispose(&cl.filesets);
    mn_mm_quotas_dispose(&cl.quotas);
    mn_free(upto);
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
    rc = rc ? rc : mn_gpfs__ensure_exports(g, shares, n, results, err);
    return rc;
}
