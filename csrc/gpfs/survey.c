/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/survey.h"

#include <stdatomic.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/mmcmd.h"

static int
find_devices(struct mn_gpfs *g, struct mn_gpfs_survey *v, struct mn_error *err)
{
    struct mn_error *errs = mn_calloc(g->pools_n, sizeof *errs);
    int rc = errs ? mn_gpfs__devices(g, errs, err) : mn_error_nomem(err);
    for (size_t i = 0; !rc && i < g->pools_n; i++) {
        struct mn_gpfs_fs *fs = &v->fs[i];
        fs->device = atomic_load(&g->pools[i].device);
        v->first[i] = i;
        for (size_t k = 0; fs->device && v->first[i] == i && k < i; k++) {
            if (v->fs[k].device && !strcmp(v->fs[k].device, fs->device)) {
                v->first[i] = k;
            }
        }
        fs->err = errs[i];
    }
    mn_free(errs);
    return rc;
}

static bool
is_asked(const struct mn_gpfs_survey *v, size_t i)
{
    return v->first[i] == i && v->fs[i].device;
}

static void
build(const struct mn_gpfs_survey *v, bool filesets, struct mn_plan *plan)
{
    for (size_t i = 0; i < v->n; i++) {
        if (is_asked(v, i) && filesets) {
            mn_mm_lsfileset(plan, v->fs[i].device, NULL)->accept_any = true;
        }
        if (is_asked(v, i)) {
            mn_mm_repquota(plan, v->fs[i].device)->accept_any = true;
        }
    }
}

/* Shares without a known quota still serve. */
static void
no_quotas(const struct mn_gpfs *g, const char *device, const char *why)
{
    mn_gpfs__log(&g->log, MN_LOG_WARNING,
                 "the quotas of the shares were not checked (%s): %s", device,
                 why);
}

/* The answers about one file system; step is the next one's index. */
static int
take(struct mn_gpfs *g, struct mn_gpfs_fs *fs, bool filesets,
     const struct mn_plan *plan, const struct mn_result *result, int *step,
     struct mn_error *err)
{
    int rc = 0;
    struct mn_error why = MN_ERROR_INIT;
    if (filesets) {
        rc = mn_mm_check(result, plan, *step, g->cluster.name, &fs->err);
        rc = rc ? rc
                : mn_mm_read_filesets(result->steps[*step].out, &fs->filesets,
                                      &fs->err);
        ++*step;
    }
    int bad = mn_mm_check(result, plan, *step, g->cluster.name, &why);
    bad = bad ? bad
              : mn_mm_read_quotas("mmrepquota", result->steps[*step].out,
                                  &fs->quotas, &why);
    ++*step;
    fs->has_quotas = !bad;
    if (bad && filesets) {
        no_quotas(g, fs->device, why.text);
    }
    else if (bad) {
        mn_error_set(&fs->err, why.code, "%s", why.text);
    }
    return rc == MN_ENOMEM || bad == MN_ENOMEM ? mn_error_nomem(err) : 0;
}

/* Only if nobody could tell anything it is a failure of the whole. */
static int
judge(const struct mn_gpfs *g, const struct mn_gpfs_survey *v,
      struct mn_error *err)
{
    bool any = false;
    for (size_t i = 0; i < v->n; i++) {
        const struct mn_gpfs_fs *fs = &v->fs[v->first[i]];
        any |= !fs->err.code;
    }
    if (!any) {
        return mn_error_set(err, v->fs[0].err.code, "%s", v->fs[0].err.text);
    }
    for (size_t i = 0; i < v->n; i++) {
        if (v->fs[i].err.code) {
            mn_gpfs__log(&g->log, MN_LOG_ERROR, "pool %s: %s",
                         g->pools[i].name, v->fs[i].err.text);
        }
    }
    return 0;
}

int
mn_gpfs__survey(struct mn_gpfs *g, bool filesets, struct mn_gpfs_survey *v,
                struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    int step = 0;
    *v = (struct mn_gpfs_survey){.n = g->pools_n};
    v->fs = mn_calloc(v->n, sizeof *v->fs);
    v->first = mn_calloc(v->n, sizeof *v->first);
    int rc = v->fs && v->first ? 0 : mn_error_nomem(err);
    rc = rc ? rc : find_devices(g, v, err);
    if (!rc) {
        build(v, filesets, &plan);
        rc = mn_gpfs__run(g, &plan, &result, err);
    }
    for (size_t i = 0; !rc && i < v->n; i++) {
        if (is_asked(v, i)) {
            rc = take(g, &v->fs[i], filesets, &plan, &result, &step, err);
        }
    }
    rc = rc ? rc : judge(g, v, err);
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

const struct mn_gpfs_fs *
mn_gpfs__surveyed(const struct mn_gpfs_survey *v, const struct mn_gpfs *g,
                  const struct mn_gpfs_base *pool)
{
    return &v->fs[v->first[pool - g->pools]];
}

void
mn_gpfs__survey_dispose(struct mn_gpfs_survey *v)
{
    for (size_t i = 0; v->fs && i < v->n; i++) {
        mn_mm_filesets_dispose(&v->fs[i].filesets);
        mn_mm_quotas_dispose(&v->fs[i].quotas);
    }
    mn_free(v->fs);
    mn_free(v->first);
}
