/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-up check: the cluster is asked in one plan, then about its file
 * systems in another, then the NFS servers through the helper; every failure
 * becomes one line that says what to do.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

enum { STEP_STATE, STEP_POOLS }; /* then these for each pool */
enum { POOL_STAT, POOL_ATTR, POOL_DF, POOL_STEPS };

struct check {
    struct mn_gpfs *g;
    struct mn_plan plan;
    struct mn_result result;
    int rc; /* of the first failure */
    struct mn_error *err;
};

/* Each failure is logged, the first is the answer. */
static void fail(struct check *c, enum mn_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
fail(struct check *c, enum mn_code code, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mn_gpfs__log(&c->g->log, MN_LOG_ERROR, "%s", text);
    mn_error_set(c->err, code, "%s", text);
    c->rc = c->rc ? c->rc : (int)code;
}

static void
check_reset(struct check *c)
{
    mn_plan_dispose(&c->plan);
    mn_result_dispose(&c->result);
}

static int
run(struct check *c)
{
    struct mn_error why = MN_ERROR_INIT;
    for (size_t i = 0; i < c->plan.n; i++) {
        c->plan.steps[i].accept_any = true;
    }
    int rc = mn_gpfs__run(c->g, &c->plan, &c->result, &why);
    if (rc) {
        fail(c, why.code, "GPFS node %s: %s", c->g->cluster.name, why.text);
    }
    return rc;
}

/* Did the step end well? If not, say what to do about it. */
static bool
passed(struct check *c, int step, const char *advice)
{
    struct mn_error why = MN_ERROR_INIT;
    if (!mn_mm_check(&c->result, &c->plan, step, c->g->cluster.name, &why)) {
        return true;
    }
    fail(c, MN_ECONFIG, "%s; %s", why.text, advice);
    return false;
}

static void
judge_state(struct check *c)
{
    const char *name = c->g->cluster.name;
    struct mn_buf state = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    if (!passed(c, STEP_STATE,
                "is GPFS installed there, and may this login use it?")) {
        return;
    }
    if (mn_mm_read_state(c->result.steps[STEP_STATE].out, &state, &why)) {
        fail(c, why.code, "%s: %s", name, why.text);
    }
    else if (strcmp(mn_buf_str(&state), "active") != 0) {
        fail(c, MN_ECONFIG,
             "GPFS on %s is in state '%s', not 'active'; start it with "
             "mmstartup",
             name, mn_buf_str(&state));
    }
    mn_buf_dispose(&state);
}

static void
judge_pool(struct check *c, size_t i)
{
    const struct mn_gpfs *g = c->g;
    const char *base = g->pools[i].base;
    const char *option = mn_gpfs__base_option(g);
    char advice[128];
    int first = STEP_POOLS + (int)i * POOL_STEPS;
    snprintf(advice, sizeof advice, "set %s to an existing directory", option);
    if (passed(c, first + POOL_STAT, advice)
        && !mn_slice_eq(mn_slice_trim(c->result.steps[first + POOL_STAT].out),
                        "directory")) {
        fail(c, MN_ECONFIG, "%s %s on %s is not a directory", option, base,
             g->cluster.name);
    }
    snprintf(advice, sizeof advice, "%s must be on GPFS", option);
    passed(c, first + POOL_ATTR, advice);
    snprintf(advice, sizeof advice, "%s must be on a mounted file system",
             option);
    passed(c, first + POOL_DF, advice);
}

static void
check_cluster(struct check *c)
{
    struct mn_gpfs *g = c->g;
    mn_mm_getstate(&c->plan);
    for (size_t i = 0; i < g->pools_n; i++) {
        mn_mm_stat(&c->plan, g->pools[i].base);
        mn_mm_lsattr(&c->plan, g->pools[i].base);
        mn_mm_df(&c->plan, g->pools[i].base, false);
    }
    if (!run(c)) {
        judge_state(c);
        for (size_t i = 0; i < g->pools_n; i++) {
            judge_pool(c, i);
        }
    }
    check_reset(c);
}

/* Without enforced fileset quotas a share has no size. */
static void
judge_quotas(struct check *c, int step, const char *device)
{
    struct mn_buf enforced = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    int rc = mn_mm_check(&c->result, &c->plan, step, c->g->cluster.name, &why);
    rc = rc ? rc
            : mn_mm_read_fs(c->result.steps[step].out, "quotasEnforced",
                            &enforced, &why);
    if (rc) {
        fail(c, why.code, "%s", why.text);
    }
    else if (!mn_slice_contains_nocase(mn_buf_view(&enforced), "fileset")) {
        fail(c, MN_ECONFIG,
             "file system %s does not enforce quotas of filesets "
             "(quotasEnforced: %s), so shares would have no size; run: mmchfs "
             "%s -Q yes",
             device, mn_buf_str(&enforced), device);
    }
    mn_buf_dispose(&enforced);
}

/* Root goes over any quota then: clients of exports with no_root_squash, and
   the copy of a share from a snapshot. A warning, because it is the default
   and all else works. */
static void
judge_root(struct check *c, int step)
{
    static const char name[] = "enforceFilesetQuotaOnRoot";
    struct mn_buf value = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    if (c->result.steps[step].status == 0
        && mn_mm_read_config(c->result.steps[step].out, name, &value, &why)) {
        fail(c, why.code, "%s", why.text);
    }
    else if (!mn_slice_eq_nocase(mn_buf_view(&value), "yes")) {
        mn_gpfs__log(&c->g->log, MN_LOG_WARNING,
                     "%s is not 'yes' on %s, so root can write more to a "
                     "share than its size; to change that run: mmchconfig "
                     "%s=yes -i",
                     name, c->g->cluster.name, name);
    }
    mn_buf_dispose(&value);
}

/* Pools on one device are asked about once. */
static bool
is_first(const struct mn_gpfs *g, size_t i)
{
    const char *device = atomic_load(&g->pools[i].device);
    for (size_t k = 0; device && k < i; k++) {
        const char *other = atomic_load(&g->pools[k].device);
        if (other && strcmp(device, other) == 0) {
            return false;
        }
    }
    return device != NULL;
}

static void
check_file_systems(struct check *c)
{
    struct mn_gpfs *g = c->g;
    int step = 0;
    for (size_t i = 0; i < g->pools_n; i++) {
        struct mn_error why = MN_ERROR_INIT;
        const char *device;
        if (mn_gpfs__device(g, &g->pools[i], &device, &why)) {
            fail(c, why.code, "%s", why.text);
            return;
        }
    }
    for (size_t i = 0; i < g->pools_n; i++) {
        if (is_first(g, i)) {
            mn_mm_lsfs_quota(&c->plan, atomic_load(&g->pools[i].device));
        }
    }
    mn_mm_lsconfig(&c->plan, "enforceFilesetQuotaOnRoot");
    if (!run(c)) {
        for (size_t i = 0; i < g->pools_n; i++) {
            if (is_first(g, i)) {
                judge_quotas(c, step++, atomic_load(&g->pools[i].device));
            }
        }
        judge_root(c, step);
    }
    check_reset(c);
}

int
mn_gpfs_check(struct mn_gpfs *g, struct mn_error *err)
{
    struct check c = {.g = g, .result = MN_RESULT_INIT, .err = err};
    check_cluster(&c);
    if (!c.rc) {
        check_file_systems(&c);
    }
    if (c.rc == MN_ECANCELED || c.rc == MN_ENOMEM) {
        return c.rc;
    }
    /* it logs its own failures; the first of all is the answer */
    int rc = g->helper->vtable->check(g->helper, err);
    return c.rc ? c.rc : rc;
}
