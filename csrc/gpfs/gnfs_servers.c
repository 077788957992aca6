/* SPDX-License-Identifier: Apache-2.0 */
/* The servers as a whole: fit to serve, and what they serve. */
#include "gpfs/gnfs_job.h"
#include "gpfs/nfs_check.h"

enum { STEP_SHOW, STEP_MKDIR, STEP_CMP, STEP_FIND, STEP_INCLUDED };

static void
judge(struct mn_nfs_check *c, size_t i)
{
    const struct mn_gnfs *g = (const struct mn_gnfs *)c->h;
    const struct mn_step_result *r = c->fan.results[i].steps;
    mn_nfs_check_passed(c, i, STEP_SHOW,
                        "run NFS-Ganesha with D-Bus there and let this login "
                        "call dbus-send");
    mn_nfs_check_passed(c, i, STEP_MKDIR,
                        "let this login write to ganesha_export_dir");
    mn_nfs_check_passed(c, i, STEP_CMP, "install diffutils there");
    mn_nfs_check_passed(c, i, STEP_FIND, "install findutils there");
    if (r[STEP_INCLUDED].status != 0) {
        mn_gpfs__log(&c->h->config.log, MN_LOG_WARNING,
                     "%s on NFS server %s does not name %s: exports would be "
                     "lost when NFS-Ganesha starts; add a line %%dir %s",
                     g->config_path, c->h->nodes[i].name, g->export_dir,
                     g->export_dir);
    }
}

int
mn_gnfs__check(struct mn_nfs_helper *h, struct mn_error *err)
{
    const struct mn_gnfs *g = (const struct mn_gnfs *)h;
    struct mn_nfs_check c = {.h = (struct mn_nfs_base *)h, .err = err};
    struct mn_gnfs_files files;
    int rc = mn_gnfs_files_init(&files, g->export_dir, g->config_path, "x")
                 ? 0
                 : mn_error_nomem(err);
    mn_gnfs__add_show(&c.plan, g->reply_s);
    mn_plan_run(&c.plan, "mkdir", "-p", "--", mn_buf_str(&files.own), NULL);
    mn_plan_run(&c.plan, "cmp", "-s", "/dev/null", "/dev/null", NULL);
    mn_plan_run(&c.plan, "find", mn_buf_str(&files.own), "-maxdepth", "0",
                "-lname", "x", NULL);
    mn_plan_run(&c.plan, "grep", "-qsF", "-e", g->export_dir, "--",
                g->config_path, NULL);
    mn_gnfs_files_dispose(&files);
    if (rc) {
        mn_plan_dispose(&c.plan);
        return rc;
    }
    return mn_nfs_check_run(&c, judge);
}

struct question {
    const char *path;
    bool *has;
};

static int
read_exports(const struct mn_result *r, void *ctx, struct mn_error *err)
{
    const struct question *q = ctx;
    struct mn_ganesha_exports list = {r->steps[0].out};
    struct mn_slice path;
    unsigned id;
    if (r->steps[0].status != 0) {
        struct mn_slice why = mn_slice_trim(r->steps[0].err);
        return mn_error_set(err, MN_EREMOTE,
                            "NFS-Ganesha can't be asked: %.*s",
                            why.n > 300 ? 300 : (int)why.n, why.p);
    }
    while (mn_ganesha_next_export(&list, &id, &path)) {
        *q->has |= mn_slice_eq(path, q->path);
    }
    return 0;
}

int
mn_gnfs__has_clients(struct mn_nfs_helper *h, const char *path, bool *has,
                     struct mn_error *err)
{
    struct question q = {path, has};
    struct mn_plan plan = MN_PLAN_INIT;
    *has = false;
    mn_gnfs__add_show(&plan, ((const struct mn_gnfs *)h)->reply_s);
    int rc = mn_nfs_ask((struct mn_nfs_base *)h, &plan, read_exports, &q, err);
    mn_plan_dispose(&plan);
    return rc;
}
