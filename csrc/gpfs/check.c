/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-up check: every host is asked in one plan, all side by side; every
 * failure becomes one line that says what to do.
 */
#include <stdio.h>
#include <string.h>

#include "gpfs/internal.h"
#include "gpfs/knfs_plan.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

enum { STEP_STATE, STEP_STAT, STEP_ATTR, STEP_DF };  /* cluster */
enum { STEP_LIST, STEP_MKDIR, STEP_CMP, STEP_BASE }; /* NFS server */

struct check {
    struct mn_gpfs *g;
    struct mn_fan fan; /* the servers, then the cluster */
    struct mn_plan cluster;
    struct mn_plan server;
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
build(struct check *c)
{
    mn_mm_getstate(&c->cluster);
    mn_mm_stat(&c->cluster, c->g->base);
    mn_mm_lsattr(&c->cluster, c->g->base);
    mn_mm_df(&c->cluster, c->g->base, false);
    mn_knfs__add_list(&c->server);
    mn_plan_run(&c->server, "mkdir", "-p", "--", MN_KNFS_DIR, NULL);
    mn_plan_run(&c->server, "cmp", "-s", "/dev/null", "/dev/null", NULL);
    mn_mm_stat(&c->server, c->g->base);
    for (size_t i = 0; i < c->cluster.n; i++) {
        c->cluster.steps[i].accept_any = true;
    }
    for (size_t i = 0; i < c->server.n; i++) {
        c->server.steps[i].accept_any = true;
    }
}

/* Did the step end well? If not, say what to do about it. */
static bool
passed(struct check *c, size_t host, const struct mn_plan *plan,
       const char *name, int step, const char *advice)
{
    struct mn_error why = MN_ERROR_INIT;
    if (!mn_mm_check(&c->fan.results[host], plan, step, name, &why)) {
        return true;
    }
    fail(c, MN_ECONFIG, "%s; %s", why.text, advice);
    return false;
}

static bool
is_directory(const struct mn_result *r, int step)
{
    return mn_slice_eq(mn_slice_trim(r->steps[step].out), "directory");
}

static void
judge_state(struct check *c, size_t host)
{
    const char *name = c->g->cluster.name;
    struct mn_buf state = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    if (!passed(c, host, &c->cluster, name, STEP_STATE,
                "is GPFS installed there, and may this login use it?")) {
        return;
    }
    if (mn_mm_read_state(c->fan.results[host].steps[STEP_STATE].out, &state,
                         &why)) {
        fail(c, why.code, "%s: %s", name, why.text);
    }
    else if (strcmp(mn_buf_str(&state), "active") != 0) {
        fail(c, MN_ECONFIG,
             "GPFS on %s is in state '%s', not 'active'; "
             "start it with mmstartup",
             name, mn_buf_str(&state));
    }
    mn_buf_dispose(&state);
}

static void
judge_cluster(struct check *c, size_t host)
{
    const struct mn_gpfs *g = c->g;
    if (c->fan.codes[host]) {
        fail(c, c->fan.errs[host].code, "GPFS node %s: %s", g->cluster.name,
             c->fan.errs[host].text);
        return;
    }
    judge_state(c, host);
    if (passed(c, host, &c->cluster, g->cluster.name, STEP_STAT,
               "set gpfs_mount_point_base to an existing directory")
        && !is_directory(&c->fan.results[host], STEP_STAT)) {
        fail(c, MN_ECONFIG,
             "gpfs_mount_point_base %s on %s is not a "
             "directory",
             g->base, g->cluster.name);
    }
    passed(c, host, &c->cluster, g->cluster.name, STEP_ATTR,
           "gpfs_mount_point_base must be on GPFS");
    passed(c, host, &c->cluster, g->cluster.name, STEP_DF,
           "gpfs_mount_point_base must be on a mounted file system");
}

static void
judge_server(struct check *c, size_t host)
{
    const char *name = c->g->servers[host].name;
    if (c->fan.codes[host]) {
        fail(c, c->fan.errs[host].code, "NFS server %s: %s", name,
             c->fan.errs[host].text);
        return;
    }
    passed(c, host, &c->server, name, STEP_LIST,
           "install the kernel NFS server (nfs-utils) there and let this "
           "login run exportfs");
    passed(c, host, &c->server, name, STEP_MKDIR,
           "let this login write to " MN_KNFS_DIR);
    passed(c, host, &c->server, name, STEP_CMP, "install diffutils there");
    if (passed(c, host, &c->server, name, STEP_BASE,
               "mount the GPFS file system there")
        && !is_directory(&c->fan.results[host], STEP_BASE)) {
        fail(c, MN_ECONFIG,
             "gpfs_mount_point_base %s on NFS server %s is "
             "not a directory",
             c->g->base, name);
    }
}

/* Without enforced fileset quotas a share has no size. */
static void
check_quotas(struct check *c)
{
    const char *device;
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_buf enforced = MN_BUF_INIT;
    struct mn_error why = MN_ERROR_INIT;
    int rc = mn_gpfs__device(c->g, &device, &why);
    if (!rc) {
        mn_mm_lsfs_quota(&plan, device);
        rc = mn_gpfs__run(c->g, &plan, &result, &why);
    }
    if (!rc) {
        rc = mn_mm_check(&result, &plan, 0, c->g->cluster.name, &why);
    }
    if (!rc) {
        rc = mn_mm_read_fs(result.steps[0].out, "quotasEnforced", &enforced,
                           &why);
    }
    if (rc) {
        fail(c, why.code, "%s", why.text);
    }
    else if (!mn_slice_contains_nocase(mn_buf_view(&enforced), "fileset")) {
        fail(c, MN_ECONFIG,
             "file system %s does not enforce quotas of "
             "filesets (quotasEnforced: %s), so shares would have no size; "
             "run: mmchfs %s -Q yes",
             device, mn_buf_str(&enforced), device);
    }
    mn_buf_dispose(&enforced);
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
}

static int
check_all(struct check *c)
{
    struct mn_gpfs *g = c->g;
    size_t cluster = g->servers_n;
    build(c);
    for (size_t i = 0; i < g->servers_n; i++) {
        c->fan.exs[i] = g->servers[i].ex;
        c->fan.plans[i] = &c->server;
    }
    c->fan.exs[cluster] = g->cluster.ex;
    c->fan.plans[cluster] = &c->cluster;
    int rc = mn_fan_run(&c->fan, c->err);
    if (rc) {
        return rc;
    }
    judge_cluster(c, cluster);
    if (!c->rc) {
        check_quotas(c);
    }
    for (size_t i = 0; i < g->servers_n && c->rc != MN_ECANCELED; i++) {
        judge_server(c, i);
    }
    return c->rc;
}

int
mn_gpfs_check(struct mn_gpfs *g, struct mn_error *err)
{
    struct check c = {.g = g, .err = err};
    int rc = mn_fan_init(&c.fan, g->servers_n + 1, err);
    rc = rc ? rc : check_all(&c);
    mn_fan_dispose(&c.fan);
    mn_plan_dispose(&c.cluster);
    mn_plan_dispose(&c.server);
    return rc;
}
