/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes: extending, shrinking, and what shares hold. */
#include <inttypes.h>

#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"
#include "gpfs/survey.h"

/* What one call works with. */
struct sizing {
    struct mn_gpfs *g;
    const struct mn_share *share;
    struct mn_gpfs_place place;
    struct mn_plan plan;
    struct mn_result result;
};

static int
sizing_init(struct sizing *s, struct mn_gpfs *g, const struct mn_share *share,
            uint64_t gib, struct mn_error *err)
{
    *s = (struct sizing){.g = g, .share = share, .result = MN_RESULT_INIT};
    int rc = mn_gpfs__place(g, share, &s->place, err);
    return rc ? rc : mn_gpfs__check_size(gib, err);
}

static void
sizing_reset(struct sizing *s)
{
    mn_plan_dispose(&s->plan);
    mn_result_dispose(&s->result);
}

static void
sizing_dispose(struct sizing *s)
{
    sizing_reset(s);
    mn_gpfs__place_dispose(&s->place);
}

/* Run the plan, whose last step is mmlsquota, and read its row. */
static int
run_and_read(struct sizing *s, struct mn_mm_quota *quota, struct mn_error *err)
{
    struct mn_mm_quotas list = {0};
    mn_mm_lsquota(&s->plan, s->place.device, s->share->name);
    int rc = mn_gpfs__run(s->g, &s->plan, &s->result, err);
    if (!rc && s->result.stopped_at >= 0) {
        rc = mn_mm_check(&s->result, &s->plan, s->result.stopped_at,
                         s->g->cluster.name, err);
    }
    if (!rc) {
        struct mn_slice out = s->result.steps[mn_plan_last(&s->plan)].out;
        rc = mn_mm_read_quotas("mmlsquota", out, &list, err);
    }
    const struct mn_mm_quota *q = mn_mm_find_quota(&list, s->share->name);
    if (!rc && !q) {
        rc = mn_error_set(err, MN_EREMOTE, "fileset %s has no quota",
                          s->share->name);
    }
    if (!rc) {
        *quota = *q;
        quota->name = NULL; /* goes with the list */
    }
    mn_mm_quotas_dispose(&list);
    return rc;
}

static int
verify(const struct sizing *s, const struct mn_mm_quota *q, uint64_t gib,
       struct mn_error *err)
{
    return mn_gpfs__is_limit(q->hard_kib, gib)
               ? 0
               : mn_error_set(err, MN_EREMOTE,
                              "the quota of fileset %s is %" PRIu64
                              " KiB after it was set to %" PRIu64 " KiB",
                              s->share->name, q->hard_kib, gib << 20);
}

int
mn_gpfs_extend_share(struct mn_gpfs *g, const struct mn_share *share,
                     uint64_t new_size_gib, struct mn_error *err)
{
    struct sizing s;
    struct mn_mm_quota q;
    int rc = sizing_init(&s, g, share, new_size_gib, err);
    if (!rc) {
        mn_mm_setquota(&s.plan, s.place.device, share->name, new_size_gib);
        rc = run_and_read(&s, &q, err);
    }
    rc = rc ? rc : verify(&s, &q, new_size_gib, err);
    sizing_dispose(&s);
    return rc;
}

/* What nodes were granted may be used already, so it counts. */
static int
check_fits(const struct sizing *s, const struct mn_mm_quota *q, uint64_t gib,
           struct mn_error *err)
{
    uint64_t used = q->usage_kib + q->in_doubt_kib;
    return used <= gib << 20 ? 0
                             : mn_error_set(err, MN_ENOSPACE,
                                            "share %s holds %" PRIu64
                                            " KiB, more than %" PRIu64 " GiB",
                                            s->share->name, used, gib);
}

/* The quota as it was before. The first cause stays the error. */
static void
put_back(struct sizing *s, const struct mn_mm_quota *old, struct mn_error *err)
{
    struct mn_mm_quota now;
    struct mn_error why = MN_ERROR_INIT;
    sizing_reset(s);
    mn_mm_setquota_kib(&s->plan, s->place.device, s->share->name,
                       old->soft_kib, old->hard_kib);
    if (run_and_read(s, &now, &why)) {
        mn_error_prefix(err, "the old quota could not be set again: ");
        mn_gpfs__log(&s->g->log, MN_LOG_ERROR,
                     "the quota of share %s could not be set back to %" PRIu64
                     " KiB: %s",
                     s->share->name, old->hard_kib, why.text);
    }
}

int
mn_gpfs_shrink_share(struct mn_gpfs *g, const struct mn_share *share,
                     uint64_t new_size_gib, struct mn_error *err)
{
    struct sizing s;
    struct mn_mm_quota old;
    struct mn_mm_quota now;
    int rc = sizing_init(&s, g, share, new_size_gib, err);
    rc = rc ? rc : run_and_read(&s, &old, err);
    rc = rc ? rc : check_fits(&s, &old, new_size_gib, err);
    if (!rc) {
        sizing_reset(&s);
        mn_mm_setquota(&s.plan, s.place.device, share->name, new_size_gib);
        rc = run_and_read(&s, &now, err);
        rc = rc ? rc : verify(&s, &now, new_size_gib, err);
    }
    if (!rc) {
        rc = check_fits(&s, &now, new_size_gib, err);
        if (rc) {
            put_back(&s, &old, err);
        }
    }
    sizing_dispose(&s);
    return rc;
}

int
mn_gpfs_usage(struct mn_gpfs *g, const struct mn_share *shares, size_t n,
              uint64_t *used_bytes, struct mn_error *err)
{
    struct mn_gpfs_survey v;
    int rc = mn_gpfs__survey(g, false, &v, err);
    for (size_t i = 0; !rc && i < n; i++) {
        struct mn_gpfs_base *pool;
        used_bytes[i] = UINT64_MAX;
        if (mn_gpfs__pool(g, &shares[i], &pool, NULL)) {
            continue; /* no such pool any more */
        }
        const struct mn_mm_quota *q = mn_mm_find_quota(
            &mn_gpfs__surveyed(&v, g, pool)->quotas, shares[i].name);
        if (q) {
            used_bytes[i] = q->usage_kib << 10;
        }
    }
    mn_gpfs__survey_dispose(&v);
    return rc;
}
