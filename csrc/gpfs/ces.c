/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cluster Export Services: mmnfs keeps the exports for all protocol nodes, so
 * that there is one place to ask and to tell. List, tell the difference, list
 * again. What restarts NFS on all nodes (mmnfs config change, export load) is
 * never called.
 */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/ces_plan.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"
#include "gpfs/nfs_check.h"
#include "nfs/ganesha_access.h"

enum { NODE = 0 }; /* the one node that is asked */

struct own {
    struct mn_ces_spec spec;
    struct mn_ces_rows rows;   /* of the last listing */
    struct mn_access_set want; /* split */
    bool exists;               /* mmnfs said so, though it lists no client */
    bool told;                 /* changes were made in this call */
};

static int
begin(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    (void)err;
    own->spec.path = job->e->path;
    own->spec.pseudo = job->e->pseudo;
    own->spec.options = mn_buf_str(&job->options);
    return 0;
}

static void
end(struct mn_nfs_job *job)
{
    struct own *own = job->own;
    mn_ces_rows_dispose(&own->rows);
    mn_access_set_dispose(&own->want);
}

/* Read the listing that ends the plan, or give up. */
static int
read_rows(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    struct mn_error why = MN_ERROR_INIT;
    const struct mn_plan *plan = &job->servers[NODE].plan;
    int last = mn_plan_last(plan);
    mn_ces_rows_dispose(&own->rows);
    if (mn_nfs_job_check(job, NODE)) {
        return job->servers[NODE].rc;
    }
    int rc = mn_ces_rows_parse(mn_nfs_job_step(job, NODE, last).out,
                               own->spec.path, &own->rows, &why);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (rc) {
        mn_nfs_job_give_up(job, NODE, &why);
    }
    return rc;
}

/* mmnfs' own words about what may turn out not to be in force. */
static void
read_complaints(struct mn_nfs_job *job)
{
    struct own *own = job->own;
    struct mn_nfs_server *s = &job->servers[NODE];
    for (int k = 0; k < mn_plan_last(&s->plan); k++) {
        struct mn_step_result r = mn_nfs_job_step(job, NODE, k);
        if (r.status != 0) {
            mn_nfs_server_complains(s, r.err.n ? r.err : r.out);
            own->exists |= mn_slice_contains_nocase(r.err, "already")
                           || mn_slice_contains_nocase(r.out, "already");
        }
    }
}

static int
look(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    struct own *own = job->own;
    struct mn_nfs_gap *gap = &job->servers[i].gap;
    read_complaints(job);
    int rc = read_rows(job, err);
    if (rc) {
        return rc == MN_ENOMEM ? rc : 0;
    }
    rc = mn_ces__compare(&own->rows, &own->spec, &own->want, gap, err);
    if (own->told) {
        /* mmnfs may list an option in other words than it was given; to tell
           it once is enough */
        mn_access_set_dispose(&gap->stale);
    }
    return rc;
}

static void
plan_repair(struct mn_nfs_job *job, size_t i)
{
    struct own *own = job->own;
    struct mn_nfs_server *s = &job->servers[i];
    mn_ces__add_changes(&s->plan, &own->spec, &own->rows, own->exists,
                        &own->want, &s->gap);
    mn_ces__add_list(&s->plan, own->spec.path);
    own->told = true;
}

static int
list(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct own *own = job->own;
    struct mn_plan *plan = &job->servers[NODE].plan;
    mn_plan_dispose(plan);
    mn_ces__add_list(plan, own->spec.path);
    return mn_nfs_job_run(job, err);
}

static int
reach(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    int rc = mn_ganesha_split(&job->goal.want, &own->want, err);
    rc = rc ? rc : list(job, err);
    rc = rc ? rc : mn_nfs_job_look(job, err);
    rc = rc ? rc : mn_nfs_job_mend(job, err);
    /* once more for what mmnfs refused: exported meanwhile, or to nobody */
    rc = rc ? rc : mn_nfs_job_mend(job, err);
    /* for the judge alone: mmnfs must not be told of a /0 */
    return rc ? rc
              : mn_ganesha_join_missing(&job->goal.want,
                                        &job->servers[NODE].gap.missing, err);
}

static int
read_current(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct own *own = job->own;
    int rc = list(job, err);
    rc = rc || job->servers[NODE].rc ? rc : read_rows(job, err);
    if (rc && rc != MN_ENOMEM && rc == job->servers[NODE].rc) {
        return 0; /* given up; the judge tells */
    }
    for (size_t i = 0; !rc && i < own->rows.n; i++) {
        const struct mn_ces_row *row = &own->rows.v[i];
        struct mn_access a = {
            row->net, mn_slice_eq_nocase(mn_slice_of(row->access), "RW")};
        if (row->is_net
            && (a.rw || mn_slice_eq_nocase(mn_slice_of(row->access), "RO"))) {
            rc = mn_nfs_goal_keep(&job->goal, &a, err);
        }
    }
    return rc;
}

/* ---- the cluster as a whole ---- */

enum { STEP_LIST, STEP_SERVICES, STEP_AUTH };

static void
judge(struct mn_nfs_check *c, size_t i)
{
    const struct mn_step_result *r = c->fan.results[i].steps;
    struct mn_ces_rows rows = {0};
    struct mn_error why = MN_ERROR_INIT;
    const char *node = c->h->nodes[i].name;
    bool off = r[STEP_SERVICES].status == 0
               && !mn_slice_contains(r[STEP_SERVICES].out, "NFS");
    bool no_auth =
        mn_slice_contains_nocase(r[STEP_LIST].err, "authentic")
        || (r[STEP_AUTH].status == 0
            && mn_slice_contains_nocase(r[STEP_AUTH].out, "FILE access not"));
    if (off) {
        mn_nfs_check_fail(c, MN_ECONFIG,
                          "the NFS service of CES is not enabled on the "
                          "cluster of %s; run: mmces service enable NFS",
                          node);
    }
    else if (no_auth) {
        mn_nfs_check_fail(c, MN_ECONFIG,
                          "CES on %s has no file authentication, so mmnfs "
                          "refuses exports; run: mmuserauth service create "
                          "--data-access-method file --type userdefined",
                          node);
    }
    else if (mn_nfs_check_passed(
                 c, i, STEP_LIST,
                 "install CES NFS on the cluster, enable it (mmces service "
                 "enable NFS), and let this login run mmnfs")
             && mn_ces_rows_parse(r[STEP_LIST].out, NULL, &rows, &why)) {
        mn_nfs_check_fail(c, why.code, "%s: %s", node, why.text);
    }
    mn_ces_rows_dispose(&rows);
}

static int
check(struct mn_nfs_helper *h, struct mn_error *err)
{
    struct mn_nfs_check c = {.h = (struct mn_nfs_base *)h, .err = err};
    mn_ces__add_list(&c.plan, NULL);
    mn_plan_run(&c.plan, MN_MM_BIN "mmces", "service", "list", NULL);
    mn_plan_run(&c.plan, MN_MM_BIN "mmuserauth", "service", "list", NULL);
    return mn_nfs_check_run(&c, judge);
}

struct question {
    const char *path;
    struct mn_ces_rows rows;
};

static int
read_all(const struct mn_result *r, void *ctx, struct mn_error *err)
{
    struct question *q = ctx;
    return mn_ces_rows_parse(r->steps[0].out, q->path, &q->rows, err);
}

static int
ask(struct mn_nfs_helper *h, struct question *q, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    mn_ces__add_list(&plan, q->path);
    int rc = mn_nfs_ask((struct mn_nfs_base *)h, &plan, read_all, q, err);
    mn_plan_dispose(&plan);
    return rc;
}

static int
has_clients(struct mn_nfs_helper *h, const char *path, bool *has,
            struct mn_error *err)
{
    struct question q = {.path = path};
    int rc = ask(h, &q, err);
    *has = false;
    for (size_t i = 0; i < q.rows.n; i++) {
        *has |= q.rows.v[i].client[0] != '\0';
    }
    mn_ces_rows_dispose(&q.rows);
    return rc;
}

static int
by_path(const void *a, const void *b)
{
    const struct mn_ces_row *x = a;
    const struct mn_ces_row *y = b;
    return strcmp(x->path, y->path);
}

/* Exports live in the cluster's own configuration: one that is not listed is
   gone, and only Manila's rules can bring it back. */
static int
ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
       struct mn_error *err)
{
    struct question q = {0};
    int rc = n ? ask(h, &q, err) : 0;
    if (!rc && q.rows.n) {
        qsort(q.rows.v, q.rows.n, sizeof *q.rows.v, by_path);
    }
    for (size_t i = 0; !rc && i < n; i++) {
        struct mn_ces_row key = {.path = (char *)v[i].export.path};
        bool listed =
            q.rows.n && bsearch(&key, q.rows.v, q.rows.n, sizeof key, by_path);
        v[i].reapply_access |= !v[i].code && !listed;
    }
    mn_ces_rows_dispose(&q.rows);
    return rc;
}

static const struct mn_nfs_kind kind = {
    .vtable = {.update_access = mn_nfs__update_access,
               .allow_access = mn_nfs__allow_access,
               .deny_access = mn_nfs__deny_access,
               .remove_export = mn_nfs__remove_export,
               .check = check,
               .ensure = ensure,
               .has_clients = has_clients,
               .free = mn_nfs__free},
    .node_title = "GPFS node",
    .not_in_force = "mmnfs export list does not show it as wanted",
    .splits_any = true,
    .own_size = sizeof(struct own),
    .check_options = mn_ces__check_options,
    .check_access = mn_ganesha_check_access,
    .begin = begin,
    .end = end,
    .read = read_current,
    .reach = reach,
    .plan_repair = plan_repair,
    .look = look,
};

int
mn_ces_new(const struct mn_nfs_helper_config *config,
           struct mn_nfs_helper **helper, struct mn_error *err)
{
    struct mn_nfs_base *base;
    int rc = mn_nfs_base_new(&kind, config, sizeof *base, &base, err);
    if (rc) {
        return rc;
    }
    base->nodes = &base->cluster;
    base->n = 1;
    *helper = &base->helper;
    return 0;
}
