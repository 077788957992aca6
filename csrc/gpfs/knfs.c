/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel NFS: the exports of one share on the servers of
 * gpfs_nfs_server_list. The share's clients stand in one file per share,
 * /etc/exports.d/manila-<share>.exports; exportfs(8) is called for what
 * changed and asked afterwards what is in force.
 */
#include "gpfs/knfs_plan.h"
#include "gpfs/knfs_servers.h"
#include "gpfs/nfs_job.h"

struct own {
    struct mn_knfs_goal goal; /* borrows the sets of the job's goal */
    struct mn_buf content;
    struct mn_buf file; /* its name */
};

static int
begin(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    mn_knfs__file(job->e->name, &own->file);
    if (own->file.failed) {
        return mn_error_nomem(err);
    }
    own->goal.file = mn_buf_str(&own->file);
    own->goal.spec.share_id = job->e->id;
    own->goal.spec.path = job->e->path;
    own->goal.spec.options = mn_buf_str(&job->options);
    mn_exports_fsid(job->e->id, own->goal.spec.fsid);
    return 0;
}

static void
end(struct mn_nfs_job *job)
{
    struct own *own = job->own;
    mn_buf_dispose(&own->content);
    mn_buf_dispose(&own->file);
}

/* What does exportfs say, the step'th of server i's plan? Gives the server up
   when its plan stopped or the text is not understood. */
static int
read_list(struct mn_nfs_job *job, size_t i, int step, struct mn_exports *list,
          struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    int rc = mn_nfs_job_check(job, i);
    if (rc) {
        return rc;
    }
    rc = mn_exports_parse_list(mn_nfs_job_step(job, i, step).out, list, &why);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (rc) {
        mn_nfs_job_give_up(job, i, &why);
    }
    return rc;
}

/* Keep exportfs' own words for what may turn out not to be in force. */
static void
keep_complaint(struct mn_nfs_job *job, size_t i)
{
    struct mn_nfs_server *s = &job->servers[i];
    for (size_t k = 0; k < s->plan.n; k++) {
        if (mn_slice_eq(mn_slice_of(s->plan.steps[k].argv.v[0]), "exportfs")) {
            mn_nfs_server_complains(s, mn_nfs_job_step(job, i, (int)k).err);
        }
    }
}

/* What is in force on server i against what is wanted. */
static int
look(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    const struct own *own = job->own;
    struct mn_nfs_server *s = &job->servers[i];
    struct mn_exports list = MN_EXPORTS_INIT;
    int rc = read_list(job, i, mn_plan_last(&s->plan), &list, err);
    if (!rc) {
        keep_complaint(job, i);
        s->changed |= mn_nfs_job_step(job, i, 0).status != 0;
        rc = mn_knfs__compare(list.v, list.n, &own->goal.spec, &job->goal.want,
                              &s->gap, err);
    }
    mn_exports_dispose(&list);
    return rc == MN_ENOMEM ? rc : 0;
}

static void
plan_repair(struct mn_nfs_job *job, size_t i)
{
    const struct own *own = job->own;
    struct mn_nfs_server *s = &job->servers[i];
    mn_knfs__add_repair(&s->plan, &own->goal.spec, &s->gap);
    mn_knfs__add_list(&s->plan);
}

static int
reach(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    own->goal.want = job->goal.want;
    own->goal.put = job->goal.put;
    own->goal.drop = job->goal.drop;
    mn_buf_clear(&own->content);
    mn_exports_render_file(&own->content, &own->goal.spec, &job->goal.want);
    if (own->content.failed) {
        return mn_error_nomem(err);
    }
    own->goal.content = mn_buf_view(&own->content);
    for (size_t i = 0; i < job->fan.n; i++) {
        mn_plan_dispose(&job->servers[i].plan);
        mn_knfs__update_plan(&job->servers[i].plan, &own->goal);
    }
    int rc = mn_nfs_job_run(job, err);
    rc = rc ? rc : mn_nfs_job_look(job, err);
    return rc ? rc : mn_nfs_job_mend(job, err);
}

/* Add to the goal the clients of the share's path. */
static int
merge(struct mn_nfs_job *job, const struct mn_exports *list,
      struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < list->n; i++) {
        struct mn_access a = {.rw = list->v[i].rw};
        if (mn_slice_eq(list->v[i].path, job->e->path)
            && !mn_ipnet_parse(list->v[i].client, &a.net, NULL)) {
            rc = mn_nfs_goal_keep(&job->goal, &a, err);
        }
    }
    return rc;
}

/* Merge the exports file of server i, if it has one. */
static int
merge_file(struct mn_nfs_job *job, size_t i, bool *has_file,
           struct mn_error *err)
{
    const struct own *own = job->own;
    struct mn_step_result cat = mn_nfs_job_step(job, i, 0);
    struct mn_exports list = MN_EXPORTS_INIT;
    struct mn_error why = MN_ERROR_INIT;
    int rc = 0;
    if (cat.status == 0) {
        *has_file = true;
        rc = mn_exports_parse_file(cat.out, &list, &why);
    }
    else if (!mn_slice_contains(cat.err, "No such file")) {
        struct mn_result view = job->fan.results[i];
        view.stopped_at = 0;
        rc = mn_result_check(&view, &job->servers[i].plan,
                             job->h->nodes[i].name, &why);
    }
    if (rc == MN_ENOMEM) {
        mn_error_nomem(err);
    }
    else if (rc) {
        mn_error_prefix(&why, "%s: ", mn_buf_str(&own->file));
        mn_nfs_job_give_up(job, i, &why);
        rc = 0;
    }
    else {
        rc = merge(job, &list, err);
    }
    mn_exports_dispose(&list);
    return rc;
}

/* Merge what is in force on server i: shares exported before by the driver
   that keeps no files. */
static int
merge_list(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    int rc = read_list(job, i, 1, &list, err);
    if (!rc) {
        rc = merge(job, &list, err);
    }
    mn_exports_dispose(&list);
    return rc == MN_ENOMEM ? rc : 0;
}

static int
read_current(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct own *own = job->own;
    bool has_file = false;
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_plan *plan = &job->servers[i].plan;
        mn_plan_run(plan, "cat", "--", mn_buf_str(&own->file), NULL)
            ->accept_any = true;
        mn_knfs__add_list(plan);
    }
    int rc = mn_nfs_job_run(job, err);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (mn_nfs_job_answered(job, i)) {
            rc = merge_file(job, i, &has_file, err);
        }
    }
    for (size_t i = 0; !rc && !has_file && i < job->fan.n; i++) {
        if (mn_nfs_job_answered(job, i)) {
            rc = merge_list(job, i, err);
        }
    }
    return rc;
}

static const struct mn_nfs_kind kind = {
    .vtable = {.update_access = mn_nfs__update_access,
               .allow_access = mn_nfs__allow_access,
               .deny_access = mn_nfs__deny_access,
               .remove_export = mn_nfs__remove_export,
               .check = mn_knfs__check,
               .ensure = mn_knfs__ensure,
               .has_clients = mn_knfs__has_clients,
               .free = mn_nfs__free},
    .node_title = "NFS server",
    .not_in_force = "exportfs -s does not show it as wanted",
    .own_size = sizeof(struct own),
    .check_options = mn_exports_check_options,
    .begin = begin,
    .end = end,
    .read = read_current,
    .reach = reach,
    .plan_repair = plan_repair,
    .look = look,
};

int
mn_knfs_new(const struct mn_nfs_helper_config *config,
            struct mn_nfs_helper **helper, struct mn_error *err)
{
    struct mn_nfs_base *base;
    if (!config->servers_n) {
        return mn_error_set(err, MN_ECONFIG,
                            "gpfs_nfs_server_list: at least one NFS server "
                            "must be given");
    }
    int rc = mn_nfs_base_new(&kind, config, sizeof *base, &base, err);
    if (!rc) {
        *helper = &base->helper;
    }
    return rc;
}
