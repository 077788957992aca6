/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NFS-Ganesha of the operator: one file for each export on each server of
 * gpfs_nfs_server_list, and D-Bus calls that bring it into force. The daemon
 * is never restarted and never sent a signal.
 */
#include <string.h>

#include "core/alloc.h"
#include "gpfs/gnfs_job.h"
#include "gpfs/gnfs_old.h"
#include "nfs/ganesha_access.h"

static int
begin(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct mn_gnfs *g = (const struct mn_gnfs *)job->h;
    struct mn_gnfs_own *own = job->own;
    bool ok = mn_gnfs_files_init(&own->files, g->export_dir, g->config_path,
                                 job->e->name);
    own->steps = mn_calloc(job->fan.n, sizeof *own->steps);
    own->guessed_wrong = mn_calloc(job->fan.n, sizeof *own->guessed_wrong);
    if (!ok || !own->steps || !own->guessed_wrong) {
        return mn_error_nomem(err);
    }
    own->goal.files = &own->files;
    own->goal.reply_s = g->reply_s;
    own->goal.spec =
        (struct mn_ganesha_spec){.share_id = job->e->id,
                                 .path = job->e->path,
                                 .pseudo = job->e->pseudo,
                                 .tag = job->e->name,
                                 .options = mn_buf_str(&job->options),
                                 .export_id = mn_gnfs__first_id(job->e->id)};
    return 0;
}

static void
end(struct mn_nfs_job *job)
{
    struct mn_gnfs_own *own = job->own;
    mn_gnfs_files_dispose(&own->files);
    mn_buf_dispose(&own->content);
    mn_access_set_dispose(&own->want);
    mn_free(own->steps);
    mn_free(own->guessed_wrong);
}

/* Ganesha's own words. */
static void
keep_complaint(struct mn_nfs_job *job, size_t i)
{
    const struct mn_gnfs_own *own = job->own;
    struct mn_nfs_server *s = &job->servers[i];
    struct mn_step_result r = mn_nfs_job_step(job, i, own->steps[i].update);
    if (r.status > 0) { /* then AddExport ran, and tells why it can't be */
        mn_nfs_server_complains(s, r.err);
        r = mn_nfs_job_step(job, i, own->steps[i].add);
    }
    if (r.status > 0) {
        mn_nfs_server_complains(s, r.err);
    }
    else if (mn_ganesha_has_errors(r.out)) {
        mn_gpfs__log(&job->h->config.log, MN_LOG_WARNING,
                     "%s: NFS server %s did not take all of %s: %.*s",
                     job->e->name, job->h->nodes[i].name,
                     mn_buf_str(&own->files.file),
                     r.out.n > 500 ? 500 : (int)r.out.n, r.out.p);
        mn_nfs_server_complains(s, r.out);
    }
}

static int
miss_everything(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    const struct mn_ganesha_shown nothing = {0};
    const struct mn_gnfs_own *own = job->own;
    return mn_gnfs__compare(&nothing, &own->want, &job->servers[i].gap, err);
}

static int
look_at_display(struct mn_nfs_job *job, size_t i, struct mn_slice text,
                struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    struct mn_ganesha_shown shown = {0};
    struct mn_error why = MN_ERROR_INIT;
    int rc = mn_ganesha_read_display(text, &shown, &why);
    if (rc == MN_ENOMEM) {
        mn_error_nomem(err);
    }
    else if (rc) {
        mn_nfs_job_give_up(job, i, &why);
        rc = 0;
    }
    else if (!mn_slice_eq(shown.path, job->e->path)) {
        mn_gnfs__give_up(
            job, i, MN_EEXISTS,
            "the share's Export_Id is in use there; give this export "
            "another one",
            shown.path);
    }
    else {
        rc = mn_gnfs__compare(&shown, &own->want, &job->servers[i].gap, err);
    }
    mn_ganesha_shown_dispose(&shown);
    return rc;
}

/* What is in force on server i against what is wanted. */
static int
look_at_update(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    struct mn_gnfs_own *own = job->own;
    struct mn_nfs_server *s = &job->servers[i];
    struct mn_step_result shown =
        mn_nfs_job_step(job, i, own->steps[i].display);
    int rc = 0;
    own->guessed_wrong[i] = shown.status == MN_STATUS_NOT_RUN;
    if (own->guessed_wrong[i]) {
        return 0;
    }
    s->changed |= mn_nfs_job_step(job, i, own->steps[i].cmp).status > 0;
    keep_complaint(job, i);
    if (shown.status == 0) {
        rc = look_at_display(job, i, shown.out, err);
    }
    else if (mn_slice_contains(shown.err, "Export id not found")) {
        rc = miss_everything(job, i, err);
    }
    else {
        mn_gnfs__give_up(
            job, i, MN_EREMOTE,
            "the export file is written, but NFS-Ganesha can't be told; "
            "does it run there, with D-Bus?",
            mn_slice_trim(shown.err));
    }
    return rc ? rc
              : mn_ganesha_join_missing(&job->goal.want, &s->gap.missing, err);
}

static int
look(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    if (mn_nfs_job_check(job, i)) {
        return 0;
    }
    if (!job->goal.want.n) {
        return mn_gnfs__look_at_removal(job, i, err);
    }
    return look_at_update(job, i, err);
}

static void
plan_repair(struct mn_nfs_job *job, size_t i)
{
    struct mn_gnfs_own *own = job->own;
    unsigned ids[MN_GNFS_STRAYS];
    if (!job->goal.want.n) {
        mn_gnfs__plan_removal(job, i);
        return;
    }
    size_t n =
        mn_gnfs__live_ids(job, i, own->steps[i].strays, ids, MN_GNFS_STRAYS);
    mn_gnfs__repair_plan(&job->servers[i].plan, &own->goal, ids, n,
                         &own->steps[i]);
}

static int
render(struct mn_gnfs_own *own, struct mn_error *err)
{
    mn_buf_clear(&own->content);
    mn_ganesha_render(&own->content, &own->goal.spec, &own->want);
    own->goal.content = mn_buf_view(&own->content);
    return own->content.failed ? mn_error_nomem(err) : 0;
}

static bool
any_wrong(const struct mn_nfs_job *job)
{
    const struct mn_gnfs_own *own = job->own;
    bool wrong = false;
    for (size_t i = 0; i < job->fan.n; i++) {
        wrong |= own->guessed_wrong[i] && !job->servers[i].rc;
    }
    return wrong;
}

/* With the right number on the servers where the guess was wrong. */
static int
reach_surely(struct mn_nfs_job *job, struct mn_error *err)
{
    struct mn_gnfs_own *own = job->own;
    unsigned(*strays)[MN_GNFS_STRAYS] = mn_calloc(job->fan.n, sizeof *strays);
    size_t *n = mn_calloc(job->fan.n, sizeof *n);
    int rc = strays && n ? 0 : mn_error_nomem(err);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        n[i] = mn_gnfs__live_ids(job, i, own->steps[i].show, strays[i],
                                 MN_GNFS_STRAYS);
    }
    rc = rc ? rc : mn_gnfs__settle_id(job, err);
    rc = rc ? rc : render(own, err);
    mn_gnfs__clear_plans(job);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        unsigned other[MN_GNFS_STRAYS];
        size_t k = 0;
        for (size_t m = 0; m < n[i]; m++) {
            if (strays[i][m] != own->goal.spec.export_id) {
                other[k++] = strays[i][m];
            }
        }
        if (own->guessed_wrong[i] && !job->servers[i].rc) {
            mn_gnfs__sure_plan(&job->servers[i].plan, &own->goal, other, k,
                               &own->steps[i]);
        }
    }
    rc = rc ? rc : mn_nfs_job_run(job, err);
    rc = rc ? rc : mn_nfs_job_look(job, err);
    mn_free(strays);
    mn_free(n);
    return rc;
}

static int
reach_access(struct mn_nfs_job *job, struct mn_error *err)
{
    struct mn_gnfs_own *own = job->own;
    int rc = mn_ganesha_split(&job->goal.want, &own->want, err);
    rc = rc ? rc : render(own, err);
    mn_gnfs__clear_plans(job);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        mn_gnfs__guess_plan(&job->servers[i].plan, &own->goal,
                            i == MN_GNFS_ARBITER, &own->steps[i]);
    }
    rc = rc ? rc : mn_nfs_job_run(job, err);
    rc = rc ? rc : mn_nfs_job_look(job, err);
    if (!rc && any_wrong(job)) {
        rc = reach_surely(job, err);
    }
    return rc ? rc : mn_nfs_job_mend(job, err);
}

static int
reach(struct mn_nfs_job *job, struct mn_error *err)
{
    return job->goal.want.n ? reach_access(job, err)
                            : mn_gnfs__remove(job, err);
}

/* ---- single rules ---- */

static int
merge_file(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    struct mn_step_result cat = mn_nfs_job_step(job, i, 0);
    struct mn_ganesha_blocks blocks = {0};
    struct mn_error why = MN_ERROR_INIT;
    int rc = 0;
    if (cat.status == 0) {
        rc = mn_ganesha_parse(cat.out, &blocks, &why);
    }
    else if (!mn_slice_contains(cat.err, "No such file")) {
        rc = mn_error_set(&why, MN_EREMOTE, "%.*s",
                          cat.err.n > 300 ? 300 : (int)cat.err.n, cat.err.p);
    }
    if (rc == MN_ENOMEM) {
        mn_error_nomem(err);
    }
    else if (rc) {
        mn_error_prefix(&why, "%s: ", mn_buf_str(&own->files.file));
        mn_nfs_job_give_up(job, i, &why);
        rc = 0;
    }
    for (size_t k = 0; !rc && k < blocks.n; k++) {
        const struct mn_ganesha_block *b = &blocks.v[k];
        for (size_t m = 0; !rc && m < b->clients.n; m++) {
            if (strcmp(b->path, job->e->path) == 0) {
                rc = mn_nfs_goal_keep(&job->goal, &b->clients.v[m], err);
            }
        }
    }
    mn_ganesha_blocks_dispose(&blocks);
    return rc;
}

static int
read_current(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    mn_gnfs__clear_plans(job);
    for (size_t i = 0; i < job->fan.n; i++) {
        mn_plan_run(&job->servers[i].plan, "cat", "--",
                    mn_buf_str(&own->files.file), NULL)
            ->accept_any = true;
    }
    int rc = mn_nfs_job_run(job, err);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (mn_nfs_job_answered(job, i)) {
            rc = merge_file(job, i, err);
        }
    }
    return rc;
}

static const struct mn_nfs_kind kind = {
    .vtable = {.update_access = mn_nfs__update_access,
               .allow_access = mn_nfs__allow_access,
               .deny_access = mn_nfs__deny_access,
               .remove_export = mn_nfs__remove_export,
               .check = mn_gnfs__check,
               .ensure = mn_gnfs__ensure,
               .has_clients = mn_gnfs__has_clients,
               .free = mn_nfs__free},
    .node_title = "NFS server",
    .not_in_force = "NFS-Ganesha does not show it as wanted",
    .splits_any = true,
    .own_size = sizeof(struct mn_gnfs_own),
    .check_options = mn_ganesha_check_options,
    .check_access = mn_ganesha_check_access,
    .begin = begin,
    .end = end,
    .read = read_current,
    .reach = reach,
    .plan_repair = plan_repair,
    .look = look,
};

static int
check_config(const struct mn_nfs_helper_config *config, struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    const char *paths[] = {config->ganesha.export_dir,
                           config->ganesha.config_path};
    static const char *const options[] = {"ganesha_export_dir",
                                          "ganesha_config_path"};
    if (!config->servers_n) {
        return mn_error_set(err, MN_ECONFIG,
                            "gpfs_nfs_server_list: at least one NFS server "
                            "must be given");
    }
    for (int i = 0; i < 2; i++) {
        if (paths[i] && mn_gpfs__check_path(paths[i], &why)) {
            return mn_error_set(err, MN_ECONFIG, "%s: %s", options[i],
                                why.text);
        }
    }
    return 0;
}

int
mn_gnfs_new(const struct mn_nfs_helper_config *config,
            struct mn_nfs_helper **helper, struct mn_error *err)
{
    struct mn_nfs_base *base;
    int rc = check_config(config, err);
    if (!rc && config->ganesha.syntax != MN_GANESHA_2_1) {
        return mn_gnfs_old_new(config, helper, err);
    }
    rc = rc ? rc
            : mn_nfs_base_new(&kind, config, sizeof(struct mn_gnfs), &base,
                              err);
    if (rc) {
        return rc;
    }
    struct mn_gnfs *g = (struct mn_gnfs *)base;
    g->export_dir = config->ganesha.export_dir ? config->ganesha.export_dir
                                               : MN_GNFS_EXPORT_DIR;
    g->config_path = config->ganesha.config_path ? config->ganesha.config_path
                                                 : MN_GNFS_CONFIG;
    g->reply_s = mn_gnfs__reply_s(config->ganesha.command_timeout_s);
    *helper = &base->helper;
    return 0;
}
