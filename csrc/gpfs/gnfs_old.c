/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NFS-Ganesha 1.5 and 2.0: ganesha_config_path is edited on each server, and
 * the daemon, which can be told nothing while it runs, restarted, if the file
 * changed. A mark beside the file says that a restart is due for a share, so
 * that one that was not reached is made up for. Two that edit at the same
 * time: the file is replaced, under a lock, only if it is still what was read,
 * else read again.
 */
#include "gpfs/gnfs_old.h"

#include <string.h>

#include "core/alloc.h"
#include "gpfs/gnfs_job.h"
#include "gpfs/nfs_check.h"
#include "nfs/ganesha_access.h"
#include "nfs/ganesha_old.h"

enum { ROUNDS = 4, RESTART_TIMEOUT_S = 300 };
enum { STEP_CAT, STEP_MARK };

struct gnfs_old {
    struct mn_nfs_base base; /* first */
    const char *config_path;
    const char *service;
    bool fsal;
};

struct old_server {
    struct mn_buf text; /* of the file, as read */
    struct mn_buf edited;
    bool due;    /* a restart */
    int service; /* step of the restart; -1 */
};

struct own {
    struct mn_ganesha_spec spec;
    struct mn_access_set want; /* split, and what fits */
    struct mn_access_set rest;
    struct mn_buf dir; /* of the file; what is locked */
    struct mn_buf fresh;
    struct mn_buf mark;
    struct old_server *servers;
};

static int
begin(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct gnfs_old *g = (const struct gnfs_old *)job->h;
    struct own *own = job->own;
    own->servers = mn_calloc(job->fan.n, sizeof *own->servers);
    const char *slash = strrchr(g->config_path, '/');
    mn_buf_add(&own->dir, g->config_path,
               (size_t)(slash - g->config_path) + 1);
    mn_buf_printf(&own->fresh, "%s.manila-%s.new", g->config_path,
                  job->e->name);
    mn_buf_printf(&own->mark, "%s.manila-%s.restart", g->config_path,
                  job->e->name);
    own->spec = (struct mn_ganesha_spec){.share_id = job->e->id,
                                         .path = job->e->path,
                                         .pseudo = job->e->pseudo,
                                         .tag = job->e->name,
                                         .options = mn_buf_str(&job->options)};
    bool failed = own->dir.failed || own->fresh.failed || own->mark.failed;
    return own->servers && !failed ? 0 : mn_error_nomem(err);
}

static void
end(struct mn_nfs_job *job)
{
    struct own *own = job->own;
    for (size_t i = 0; own->servers && i < job->fan.n; i++) {
        mn_buf_dispose(&own->servers[i].text);
        mn_buf_dispose(&own->servers[i].edited);
    }
    mn_free(own->servers);
    mn_access_set_dispose(&own->want);
    mn_access_set_dispose(&own->rest);
    mn_buf_dispose(&own->dir);
    mn_buf_dispose(&own->fresh);
    mn_buf_dispose(&own->mark);
}

static int
read_files(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct gnfs_old *g = (const struct gnfs_old *)job->h;
    struct own *own = job->own;
    for (size_t i = 0; i < job->fan.n; i++) {
        struct mn_plan *plan = &job->servers[i].plan;
        mn_plan_dispose(plan);
        mn_plan_run(plan, "cat", "--", g->config_path, NULL);
        mn_plan_run(plan, "test", "-e", mn_buf_str(&own->mark), NULL)
            ->accept_any = true;
    }
    int rc = mn_nfs_job_run(job, err);
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        struct old_server *s = &own->servers[i];
        if (!mn_nfs_job_answered(job, i) || mn_nfs_job_check(job, i)) {
            continue;
        }
        mn_buf_clear(&s->text);
        mn_buf_slice(&s->text, mn_nfs_job_step(job, i, STEP_CAT).out);
        s->due = mn_nfs_job_step(job, i, STEP_MARK).status == 0;
        rc = s->text.failed ? mn_error_nomem(err) : 0;
    }
    return rc;
}

static int
parse(struct mn_nfs_job *job, size_t i, struct mn_ganesha_blocks *blocks,
      struct mn_error *err)
{
    const struct gnfs_old *g = (const struct gnfs_old *)job->h;
    const struct own *own = job->own;
    struct mn_error why = MN_ERROR_INIT;
    int rc =
        mn_ganesha_parse(mn_buf_view(&own->servers[i].text), blocks, &why);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (rc) {
        mn_error_prefix(&why, "%s: ", g->config_path);
        mn_nfs_job_give_up(job, i, &why);
    }
    return rc;
}

/* The number of the export on any server, else one that is free on all. */
static int
choose_id(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    unsigned char *used = mn_calloc(MN_GNFS_ID_MAX + 1, 1);
    int rc = used ? 0 : mn_error_nomem(err);
    own->spec.export_id = 0;
    for (size_t i = 0; rc != MN_ENOMEM && i < job->fan.n; i++) {
        struct mn_ganesha_blocks blocks = {0};
        if (job->servers[i].rc) {
            continue;
        }
        rc = parse(job, i, &blocks, err);
        for (size_t k = 0; !rc && k < blocks.n; k++) {
            const struct mn_ganesha_block *b = &blocks.v[k];
            if (!b->has_id || !b->export_id || b->export_id > MN_GNFS_ID_MAX) {
                continue;
            }
            used[b->export_id] = 1;
            if (!own->spec.export_id && strcmp(b->path, job->e->path) == 0) {
                own->spec.export_id = (unsigned)b->export_id;
            }
        }
        mn_ganesha_blocks_dispose(&blocks);
    }
    unsigned id = mn_gnfs__first_id(job->e->id);
    for (unsigned n = 0; used && used[id] && n < MN_GNFS_ID_MAX; n++) {
        id = mn_gnfs__next_id(id);
    }
    own->spec.export_id = own->spec.export_id ? own->spec.export_id : id;
    mn_free(used);
    return rc == MN_ENOMEM ? rc : 0;
}

/* The file "$1" takes the place of "$2" in the directory "$3", if that still
   is what comes in. Ends with 1 if not. */
static const char replace_script[] =
    "cmp -s - \"$2\" || exit 1; mv -f -- \"$1\" \"$2\" || exit 2; "
    "sync -- \"$3\" || exit 2";

/* Replace the file if it is still what was read, and restart. */
static void
plan_write(const struct gnfs_old *g, const struct own *own,
           struct old_server *s, struct mn_plan *plan)
{
    const char *dir = mn_buf_str(&own->dir);
    const char *fresh = mn_buf_str(&own->fresh);
    bool changes =
        !mn_slice_same(mn_buf_view(&s->text), mn_buf_view(&s->edited));
    struct mn_guard same = {-1, 0, false};
    s->service = -1;
    if (changes) {
        mn_plan_run(plan, "touch", "--", mn_buf_str(&own->mark), NULL);
        mn_plan_run(plan, "cp", "-p", "--", g->config_path, fresh, NULL);
        struct mn_step *dd = mn_plan_run(plan, "dd", NULL);
        mn_argv_addf(&dd->argv, "of=%s", fresh);
        mn_argv_add(&dd->argv, "conv=fsync");
        mn_argv_add(&dd->argv, "status=none");
        mn_buf_slice(&dd->input, mn_buf_view(&s->edited));
        struct mn_step *replace =
            mn_plan_run(plan, "flock", "--", dir, "sh", "-c", replace_script,
                        "manila-replace", fresh, g->config_path, dir, NULL);
        mn_step_accept(replace, 1);
        mn_buf_slice(&replace->input, mn_buf_view(&s->text));
        same = (struct mn_guard){mn_plan_last(plan), 0, false};
    }
    if (changes || s->due) {
        struct mn_step *restart =
            mn_plan_run(plan, "service", g->service, "restart", NULL);
        restart->timeout_s = RESTART_TIMEOUT_S;
        restart->guard = same;
        s->service = mn_plan_last(plan);
        mn_plan_run(plan, "rm", "-f", "--", mn_buf_str(&own->mark), NULL)
            ->guard = same;
    }
}

static int
edit(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    const struct gnfs_old *g = (const struct gnfs_old *)job->h;
    struct own *own = job->own;
    struct old_server *s = &own->servers[i];
    struct mn_error why = MN_ERROR_INIT;
    mn_plan_dispose(&job->servers[i].plan);
    mn_buf_clear(&s->edited);
    if (job->servers[i].rc) {
        return 0;
    }
    int rc = mn_ganesha_old_edit(mn_buf_view(&s->text), &own->spec, g->fsal,
                                 &own->want, &s->edited, &why);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (rc) {
        mn_error_prefix(&why, "%s: ", g->config_path);
        mn_nfs_job_give_up(job, i, &why);
        return 0;
    }
    plan_write(g, own, s, &job->servers[i].plan);
    job->servers[i].changed |= job->servers[i].plan.n > 0;
    return 0;
}

/* After the plans: is anybody's file not what it should be? */
static bool
lost_a_race(struct mn_nfs_job *job)
{
    const struct own *own = job->own;
    bool lost = false;
    for (size_t i = 0; i < job->fan.n; i++) {
        const struct old_server *s = &own->servers[i];
        if (mn_nfs_job_answered(job, i) && !mn_nfs_job_check(job, i)) {
            lost |= s->service >= 0
                    && mn_nfs_job_step(job, i, s->service).status
                           == MN_STATUS_NOT_RUN;
        }
    }
    return lost;
}

static int
say_what_does_not_fit(struct mn_nfs_job *job, struct mn_error *err)
{
    const struct own *own = job->own;
    struct mn_nfs_gap *gap = &job->servers[0].gap;
    int rc = 0;
    for (size_t i = 0; !rc && i < own->rest.n; i++) {
        rc = mn_access_set_put(&gap->missing, &own->rest.v[i], err);
    }
    return rc ? rc
              : mn_ganesha_join_missing(&job->goal.want, &gap->missing, err);
}

static int
reach(struct mn_nfs_job *job, struct mn_error *err)
{
    struct own *own = job->own;
    struct mn_access_set split = MN_ACCESS_SET_INIT;
    bool again = true;
    int rc = mn_ganesha_split(&job->goal.want, &split, err);
    rc = rc ? rc : mn_ganesha_old_fit(&split, &own->want, &own->rest, err);
    mn_access_set_dispose(&split);
    for (int k = 0; !rc && again && k < ROUNDS; k++) {
        rc = read_files(job, err);
        rc = rc ? rc : choose_id(job, err);
        for (size_t i = 0; !rc && i < job->fan.n; i++) {
            rc = edit(job, i, err);
        }
        rc = rc ? rc : mn_nfs_job_run(job, err);
        again = !rc && lost_a_race(job);
    }
    for (size_t i = 0; !rc && again && i < job->fan.n; i++) {
        struct mn_error why = MN_ERROR_INIT;
        mn_error_set(&why, MN_EBUSY,
                     "somebody else keeps changing the "
                     "configuration of NFS-Ganesha");
        if (!job->servers[i].rc) {
            mn_nfs_job_give_up(job, i, &why);
        }
    }
    return rc ? rc : say_what_does_not_fit(job, err);
}

static int
read_current(struct mn_nfs_job *job, struct mn_error *err)
{
    int rc = read_files(job, err);
    for (size_t i = 0; rc != MN_ENOMEM && i < job->fan.n; i++) {
        struct mn_ganesha_blocks blocks = {0};
        rc = job->servers[i].rc ? 0 : parse(job, i, &blocks, err);
        for (size_t k = 0; !rc && k < blocks.n; k++) {
            const struct mn_ganesha_block *b = &blocks.v[k];
            bool ours = strcmp(b->path, job->e->path) == 0;
            for (size_t m = 0; ours && !rc && m < b->clients.n; m++) {
                rc = mn_nfs_goal_keep(&job->goal, &b->clients.v[m], err);
            }
        }
        mn_ganesha_blocks_dispose(&blocks);
    }
    return rc == MN_ENOMEM || rc == MN_ECANCELED ? rc : 0;
}

/* Never called: reach does it all. */
static void
plan_repair(struct mn_nfs_job *job, size_t i)
{
    (void)job;
    (void)i;
}

static int
look(struct mn_nfs_job *job, size_t i, struct mn_error *err)
{
    (void)job;
    (void)i;
    (void)err;
    return 0;
}

/* ---- all exports ---- */

static void
judge(struct mn_nfs_check *c, size_t i)
{
    struct mn_error why = MN_ERROR_INIT;
    if (mn_nfs_check_passed(c, i, 0,
                            "set ganesha_config_path to the file with the "
                            "exports of NFS-Ganesha there")
        && mn_ganesha_validate(c->fan.results[i].steps[0].out, &why)) {
        mn_nfs_check_fail(c, why.code == MN_ENOMEM ? MN_ENOMEM : MN_ECONFIG,
                          "ganesha_config_path on %s: %s", c->h->nodes[i].name,
                          why.text);
    }
    mn_nfs_check_passed(c, i, 1,
                        "let this login write to the directory of "
                        "ganesha_config_path");
}

static int
check(struct mn_nfs_helper *h, struct mn_error *err)
{
    const struct gnfs_old *g = (const struct gnfs_old *)h;
    struct mn_nfs_check c = {.h = (struct mn_nfs_base *)h, .err = err};
    mn_plan_run(&c.plan, "cat", "--", g->config_path, NULL);
    mn_plan_run(&c.plan, "test", "-w", g->config_path, NULL);
    return mn_nfs_check_run(&c, judge);
}

struct question {
    struct mn_nfs_ensure *v; /* or NULL, and then: */
    size_t n;
    const char *path;
    bool has;
};

static int
read_all(const struct mn_result *r, void *ctx, struct mn_error *err)
{
    struct question *q = ctx;
    struct mn_ganesha_blocks blocks = {0};
    int rc = mn_ganesha_parse(r->steps[0].out, &blocks, err);
    for (size_t i = 0; !rc && i < q->n; i++) {
        bool there = false;
        for (size_t k = 0; k < blocks.n; k++) {
            there |= strcmp(blocks.v[k].path, q->v[i].export.path) == 0;
        }
        q->v[i].reapply_access |= !q->v[i].code && !there;
    }
    for (size_t k = 0; !rc && q->path && k < blocks.n; k++) {
        q->has |= strcmp(blocks.v[k].path, q->path) == 0
                  && (blocks.v[k].clients.n || blocks.v[k].foreign);
    }
    mn_ganesha_blocks_dispose(&blocks);
    return rc;
}

static int
ask(struct mn_nfs_helper *h, struct question *q, struct mn_error *err)
{
    const struct gnfs_old *g = (const struct gnfs_old *)h;
    struct mn_plan plan = MN_PLAN_INIT;
    mn_plan_run(&plan, "cat", "--", g->config_path, NULL);
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
    *has = q.has;
    return rc;
}

static int
ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
       struct mn_error *err)
{
    struct question q = {.v = v, .n = n};
    return n ? ask(h, &q, err) : 0;
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
    .node_title = "NFS server",
    .not_in_force = "NFS-Ganesha of 2.0 and before takes 128 clients and 1023 "
                    "bytes of them, and no \"ro\" below an \"rw\" network",
    .splits_any = true,
    .own_size = sizeof(struct own),
    .check_options = mn_ganesha_check_options,
    .check_access = mn_ganesha_old_check_access,
    .begin = begin,
    .end = end,
    .read = read_current,
    .reach = reach,
    .plan_repair = plan_repair,
    .look = look,
};

int
mn_gnfs_old_new(const struct mn_nfs_helper_config *config,
                struct mn_nfs_helper **helper, struct mn_error *err)
{
    struct mn_nfs_base *base;
    int rc =
        mn_nfs_base_new(&kind, config, sizeof(struct gnfs_old), &base, err);
    if (rc) {
        return rc;
    }
    struct gnfs_old *g = (struct gnfs_old *)base;
    g->config_path = config->ganesha.config_path ? config->ganesha.config_path
                                                 : MN_GNFS_CONFIG;
    g->service = config->ganesha.service_name ? config->ganesha.service_name
                                              : "ganesha.nfsd";
    g->fsal = config->ganesha.syntax == MN_GANESHA_2_0;
    *helper = &base->helper;
    return 0;
}
