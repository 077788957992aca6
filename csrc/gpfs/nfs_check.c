/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/nfs_check.h"

#include <stdio.h>

#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

void
mn_nfs_check_fail(struct mn_nfs_check *c, enum mn_code code, const char *fmt,
                  ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mn_gpfs__log(&c->h->config.log, MN_LOG_ERROR, "%s", text);
    mn_error_set(c->err, code, "%s", text);
    c->rc = c->rc ? c->rc : (int)code;
}

bool
mn_nfs_check_passed(struct mn_nfs_check *c, size_t i, int step,
                    const char *advice)
{
    struct mn_error why = MN_ERROR_INIT;
    if (!mn_mm_check(&c->fan.results[i], &c->plan, step, c->h->nodes[i].name,
                     &why)) {
        return true;
    }
    mn_nfs_check_fail(c, MN_ECONFIG, "%s; %s", why.text, advice);
    return false;
}

/* The pools' directories are asked about in the steps from `first` on. */
static void
judge_pools(struct mn_nfs_check *c, size_t i, size_t first)
{
    const struct mn_nfs_helper_config *config = &c->h->config;
    for (size_t k = 0; k < config->pools_n; k++) {
        size_t step = first + k;
        if (mn_nfs_check_passed(c, i, (int)step,
                                "mount the GPFS file system there")
            && !mn_slice_eq(mn_slice_trim(c->fan.results[i].steps[step].out),
                            "directory")) {
            mn_nfs_check_fail(c, MN_ECONFIG,
                              "gpfs_mount_point_base %s on %s %s is not a "
                              "directory",
                              config->pools[k].base, c->h->kind->node_title,
                              c->h->nodes[i].name);
        }
    }
}

static int
check_all(struct mn_nfs_check *c, mn_nfs_check_judge *judge, size_t own_steps)
{
    int rc = mn_fan_run(&c->fan, c->err);
    for (size_t i = 0; !rc && i < c->fan.n; i++) {
        if (c->fan.codes[i]) {
            mn_nfs_check_fail(c, c->fan.errs[i].code, "%s %s: %s",
                              c->h->kind->node_title, c->h->nodes[i].name,
                              c->fan.errs[i].text);
            continue;
        }
        struct mn_error why = MN_ERROR_INIT;
        if (mn_result_check(&c->fan.results[i], &c->plan, c->h->nodes[i].name,
                            &why)) {
            mn_nfs_check_fail(c, why.code, "%s %s: %s", c->h->kind->node_title,
                              c->h->nodes[i].name, why.text);
            continue;
        }
        judge(c, i);
        judge_pools(c, i, own_steps);
    }
    return rc ? rc : c->rc;
}

int
mn_nfs_check_run(struct mn_nfs_check *c, mn_nfs_check_judge *judge)
{
    size_t own_steps = c->plan.n;
    for (size_t k = 0; k < c->h->config.pools_n; k++) {
        mn_mm_stat(&c->plan, c->h->config.pools[k].base);
    }
    for (size_t i = 0; i < c->plan.n; i++) {
        c->plan.steps[i].accept_any = true;
    }
    int rc = mn_fan_init(&c->fan, c->h->n, c->err);
    for (size_t i = 0; !rc && i < c->fan.n; i++) {
        c->fan.exs[i] = c->h->nodes[i].ex;
        c->fan.plans[i] = &c->plan;
    }
    rc = rc ? rc : check_all(c, judge, own_steps);
    mn_fan_dispose(&c->fan);
    mn_plan_dispose(&c->plan);
    return rc;
}

static int
read_answer(struct mn_nfs_base *h, const struct mn_fan *fan, size_t i,
            mn_nfs_ask_read *read, void *ctx, struct mn_error *err)
{
    const struct mn_result *r = &fan->results[i];
    struct mn_error why = fan->errs[i];
    int rc = fan->codes[i];
    rc = rc ? rc : mn_result_check(r, fan->plans[i], h->nodes[i].name, &why);
    rc = rc ? rc : read(r, ctx, &why);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    return rc ? mn_error_set(err, (enum mn_code)rc, "%s %s: %s",
                             h->kind->node_title, h->nodes[i].name, why.text)
              : 0;
}

int
mn_nfs_ask(struct mn_nfs_base *h, const struct mn_plan *plan,
           mn_nfs_ask_read *read, void *ctx, struct mn_error *err)
{
    struct mn_fan fan;
    int rc = mn_fan_init(&fan, h->n, err);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < h->n; i++) {
        fan.exs[i] = h->nodes[i].ex;
        fan.plans[i] = plan;
    }
    rc = mn_fan_run(&fan, err);
    for (size_t i = 0; !rc && i < h->n; i++) {
        rc = read_answer(h, &fan, i, read, ctx, err);
    }
    mn_fan_dispose(&fan);
    return rc;
}
