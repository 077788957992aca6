/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/nfs_ensure.h"

#include "core/alloc.h"
#include "nfs/exports_dir.h"

enum { STEP_SHOW, STEP_FILES };

struct server {
    bool alive;
    void *live;
    struct mn_buf files;
    struct mn_exports_dir dir; /* views into files */
    struct mn_plan mend;
    bool *mended; /* for each share */
};

struct work {
    struct mn_nfs_base *h;
    const struct mn_nfs_ensure_kind *kind;
    struct mn_nfs_ensure *v; /* shares */
    size_t n;
    struct mn_fan fan;
    struct server *servers;
};

static void
view_dispose(struct mn_nfs_view *v)
{
    mn_buf_dispose(&v->options);
    mn_buf_dispose(&v->file);
    mn_buf_dispose(&v->content);
    mn_access_set_dispose(&v->want);
}

static int
view_init(struct mn_nfs_view *v, const struct work *w,
          const struct mn_nfs_export *e, struct mn_error *err)
{
    *v = (struct mn_nfs_view){.e = e};
    int rc = w->h->kind->check_options(e->export_options ? e->export_options
                                                         : w->h->options,
                                       &v->options, err);
    w->kind->add_file_name(w->h, e->name, &v->file);
    return rc ? rc : v->file.failed ? mn_error_nomem(err) : 0;
}

/* Do all servers have the same file, and is it what we would write for its
   clients today? Else only Manila's rules can tell who shall have access. */
static int
files_agree(const struct work *w, struct mn_nfs_view *v, bool *agree)
{
    bool read = false;
    *agree = false;
    for (size_t k = 0; k < w->h->n; k++) {
        const struct server *s = &w->servers[k];
        if (!s->alive) {
            continue;
        }
        const struct mn_exports_file *file =
            mn_exports_dir_find(&s->dir, mn_buf_str(&v->file));
        if (!file) {
            return 0;
        }
        struct mn_slice text = mn_buf_view(&file->content);
        int rc = read ? 0 : w->kind->rewrite(v, text);
        if (rc || v->content.failed) {
            return rc == MN_ENOMEM || v->content.failed ? MN_ENOMEM : 0;
        }
        read = true;
        if (!mn_slice_same(text, mn_buf_view(&v->content))) {
            return 0;
        }
    }
    *agree = read;
    return 0;
}

/* Append to each server's plan what it lacks of share i. */
static int
plan_share(struct work *w, size_t i, const struct mn_nfs_view *v,
           struct mn_error *err)
{
    int rc = 0;
    for (size_t k = 0; !rc && k < w->h->n; k++) {
        struct server *s = &w->servers[k];
        enum mn_nfs_found found = MN_NFS_RIGHT;
        if (s->alive) {
            rc = w->kind->compare(w->h, s->live, v, &s->mend, &found, err);
        }
        s->mended[i] = found == MN_NFS_LACKING;
        w->v[i].repaired |= s->mended[i];
        w->v[i].reapply_access |= found == MN_NFS_ASTRAY;
    }
    return rc;
}

/* Is share i right now on the servers where it was mended? */
static int
verify_share(struct work *w, size_t i, const struct mn_nfs_view *v,
             struct mn_error *err)
{
    int rc = 0;
    struct mn_nfs_ensure *r = &w->v[i];
    for (size_t k = 0; !rc && k < w->h->n; k++) {
        const struct server *s = &w->servers[k];
        enum mn_nfs_found found = MN_NFS_RIGHT;
        if (s->mended[i] && s->alive) {
            rc = w->kind->compare(w->h, s->live, v, NULL, &found, err);
        }
        if (found != MN_NFS_RIGHT) {
            r->code = (enum mn_code)mn_error_set(
                &r->err, MN_EREMOTE, "%s %s %s %s", w->h->kind->node_title,
                w->h->nodes[k].name, w->kind->not_taken, mn_buf_str(&v->file));
        }
    }
    return rc;
}

static int
each_share(struct work *w, bool verify, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < w->n; i++) {
        struct mn_nfs_ensure *r = &w->v[i];
        struct mn_nfs_view v;
        bool agree = false;
        if (r->code || r->reapply_access) {
            continue;
        }
        int bad = view_init(&v, w, &r->export, &r->err);
        r->code = (enum mn_code)bad;
        bad = bad ? bad : files_agree(w, &v, &agree);
        if (bad == MN_ENOMEM) {
            rc = mn_error_nomem(err);
        }
        else if (agree) {
            rc = verify ? verify_share(w, i, &v, err)
                        : plan_share(w, i, &v, err);
        }
        else if (!bad) {
            r->reapply_access = true;
        }
        view_dispose(&v);
    }
    return rc;
}

static int
read_server(struct work *w, size_t k, struct mn_error *err)
{
    struct server *s = &w->servers[k];
    const struct mn_plan *plan = w->fan.plans[k];
    const struct mn_result *r = &w->fan.results[k];
    bool first = plan != &s->mend;
    size_t show = first ? (size_t)STEP_SHOW : plan->n - 1;
    int rc = mn_result_check(r, plan, w->h->nodes[k].name, err);
    rc = rc ? rc : w->kind->read_live(s->live, &r->steps[show], err);
    if (rc || !first) {
        return rc;
    }
    if (w->kind->check_files) {
        rc = w->kind->check_files(&r->steps[STEP_FILES], err);
    }
    mn_buf_slice(&s->files, r->steps[STEP_FILES].out);
    rc = rc ? rc : s->files.failed ? mn_error_nomem(err) : 0;
    return rc ? rc
              : mn_exports_dir_parse(mn_buf_view(&s->files),
                                     w->kind->dir(w->h), &s->dir, err);
}

/* Take in the answers of one round; who has none is left out. */
static int
read_servers(struct work *w, struct mn_error *err)
{
    for (size_t k = 0; k < w->h->n; k++) {
        struct mn_error why = w->fan.errs[k];
        if (!w->fan.plans[k]) {
            continue;
        }
        int rc = w->fan.codes[k];
        rc = rc ? rc : read_server(w, k, &why);
        if (rc == MN_ENOMEM) {
            return mn_error_nomem(err);
        }
        w->servers[k].alive = !rc;
        if (rc) {
            mn_gpfs__log(&w->h->config.log, MN_LOG_ERROR,
                         "the exports of NFS server %s were not checked: %s",
                         w->h->nodes[k].name, why.text);
        }
    }
    return 0;
}

static int
ask(struct work *w, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    w->kind->add_show(w->h, &plan);
    w->kind->add_files(w->h, &plan);
    for (size_t k = 0; k < w->h->n; k++) {
        w->fan.exs[k] = w->h->nodes[k].ex;
        w->fan.plans[k] = &plan;
    }
    int rc = mn_fan_run(&w->fan, err);
    rc = rc ? rc : read_servers(w, err);
    mn_plan_dispose(&plan);
    return rc;
}

static int
mend(struct work *w, struct mn_error *err)
{
    bool any = false;
    for (size_t k = 0; k < w->h->n; k++) {
        struct server *s = &w->servers[k];
        bool needed = s->alive && (s->mend.n || s->mend.failed);
        if (needed) {
            w->kind->add_show(w->h, &s->mend);
        }
        w->fan.plans[k] = needed ? &s->mend : NULL;
        any |= needed;
    }
    if (!any) {
        return 0;
    }
    int rc = mn_fan_run(&w->fan, err);
    rc = rc ? rc : read_servers(w, err);
    return rc ? rc : each_share(w, true, err);
}

static void
work_dispose(struct work *w)
{
    for (size_t k = 0; w->servers && k < w->h->n; k++) {
        struct server *s = &w->servers[k];
        if (s->live) {
            w->kind->dispose_live(s->live);
        }
        mn_free(s->live);
        mn_exports_dir_dispose(&s->dir);
        mn_buf_dispose(&s->files);
        mn_plan_dispose(&s->mend);
        mn_free(s->mended);
    }
    mn_free(w->servers);
    mn_fan_dispose(&w->fan);
}

static int
work_init(struct work *w, struct mn_error *err)
{
    int rc = mn_fan_init(&w->fan, w->h->n, err);
    w->servers = rc ? NULL : mn_calloc(w->h->n, sizeof *w->servers);
    bool ok = w->servers;
    for (size_t k = 0; ok && k < w->h->n; k++) {
        struct server *s = &w->servers[k];
        s->live = mn_calloc(1, w->kind->live_size);
        s->mended = mn_calloc(w->n, 1);
        ok = s->live && s->mended;
    }
    return rc || ok ? rc : mn_error_nomem(err);
}

/* Is there anybody to compare with? */
static bool
any_alive(const struct work *w)
{
    bool alive = false;
    for (size_t k = 0; k < w->h->n; k++) {
        alive |= w->servers[k].alive;
    }
    return alive;
}

int
mn_nfs_ensure_all(struct mn_nfs_base *h, const struct mn_nfs_ensure_kind *kind,
                  struct mn_nfs_ensure *v, size_t n, struct mn_error *err)
{
    struct work w = {.h = h, .kind = kind, .v = v, .n = n};
    if (!n) {
        return 0;
    }
    int rc = work_init(&w, err);
    rc = rc ? rc : ask(&w, err);
    if (!rc && any_alive(&w)) {
        rc = each_share(&w, false, err);
        rc = rc ? rc : mend(&w, err);
    }
    work_dispose(&w);
    return rc;
}
