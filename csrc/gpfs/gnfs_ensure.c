/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exports of many shares: what a daemon lacks of its own files is exported
 * again. Files that differ between servers or are gone are left to Manila's
 * rules. A server that can't be asked is logged and left out.
 */
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"
#include "gpfs/gnfs_job.h"
#include "nfs/exports_dir.h"

enum { STEP_SHOW, STEP_FILES };

struct live {
    struct mn_slice path;
    unsigned id;
};

struct server {
    bool alive;
    struct live *live; /* by path; views into shown */
    size_t live_n;
    size_t live_cap;
    struct mn_buf shown;
    struct mn_buf files;
    struct mn_exports_dir dir; /* views into files */
    struct mn_plan mend;
    bool *mended; /* for each share */
};

struct work {
    struct mn_gnfs *g;
    struct mn_nfs_ensure *v;
    size_t n;
    struct mn_fan fan;
    struct server *servers;
};

/* One share as its file says. */
struct view {
    struct mn_ganesha_spec spec;
    struct mn_buf options;
    struct mn_buf content; /* as we would write it */
    struct mn_buf file;
};

static void
view_dispose(struct view *v)
{
    mn_buf_dispose(&v->options);
    mn_buf_dispose(&v->content);
    mn_buf_dispose(&v->file);
}

static int
view_init(struct view *v, const struct work *w, const struct mn_nfs_export *e,
          struct mn_error *err)
{
    const char *options =
        e->export_options ? e->export_options : w->g->base.options;
    *v = (struct view){0};
    int rc = mn_ganesha_check_options(options, &v->options, err);
    mn_buf_printf(&v->file, "%s/%s.conf", w->g->export_dir, e->name);
    v->spec = (struct mn_ganesha_spec){.share_id = e->id,
                                       .path = e->path,
                                       .tag = e->name,
                                       .options = mn_buf_str(&v->options)};
    return rc ? rc : v->file.failed ? mn_error_nomem(err) : 0;
}

/* How would we write the file for its clients today? */
static int
rewrite(struct view *v, struct mn_slice text)
{
    struct mn_ganesha_blocks blocks = {0};
    int rc = mn_ganesha_parse(text, &blocks, NULL);
    if (!rc && blocks.n == 1 && blocks.v[0].has_id
        && blocks.v[0].export_id <= MN_GNFS_ID_MAX) {
        v->spec.export_id = (unsigned)blocks.v[0].export_id;
        mn_ganesha_render(&v->content, &v->spec, &blocks.v[0].clients);
        rc = v->content.failed ? MN_ENOMEM : 0;
    }
    mn_ganesha_blocks_dispose(&blocks);
    return rc == MN_ENOMEM ? rc : 0;
}

/* Do all servers have the same file, and is it that? */
static int
files_agree(const struct work *w, struct view *v, bool *agree)
{
    bool read = false;
    *agree = false;
    for (size_t i = 0; i < w->g->base.n; i++) {
        const struct server *s = &w->servers[i];
        if (!s->alive) {
            continue;
        }
        const struct mn_exports_file *file =
            mn_exports_dir_find(&s->dir, mn_buf_str(&v->file));
        if (!file) {
            return 0;
        }
        struct mn_slice text = mn_buf_view(&file->content);
        int rc = read ? 0 : rewrite(v, text);
        read = true;
        if (rc || !mn_slice_same(text, mn_buf_view(&v->content))) {
            return rc;
        }
    }
    *agree = read;
    return 0;
}

static int
compare_paths(struct mn_slice a, struct mn_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int
by_path(const void *a, const void *b)
{
    return compare_paths(((const struct live *)a)->path,
                         ((const struct live *)b)->path);
}

/* The number under which the daemon exports the path; 0: under none. */
static unsigned
live_id(const struct server *s, const struct view *v)
{
    struct live key = {mn_slice_of(v->spec.path), 0};
    const struct live *found =
        s->live_n ? bsearch(&key, s->live, s->live_n, sizeof key, by_path)
                  : NULL;
    return found ? found->id : 0;
}

static void
plan_share(struct work *w, size_t i, const struct view *v)
{
    for (size_t k = 0; k < w->g->base.n; k++) {
        struct server *s = &w->servers[k];
        unsigned id = s->alive ? live_id(s, v) : v->spec.export_id;
        if (!id) {
            mn_gnfs__add_publish(&s->mend, w->g->reply_s, mn_buf_str(&v->file),
                                 v->spec.export_id, NULL);
            s->mended[i] = true;
            w->v[i].repaired = true;
        }
        else if (id != v->spec.export_id) {
            w->v[i].reapply_access = true;
        }
    }
}

static void
verify_share(struct work *w, size_t i, const struct view *v)
{
    struct mn_nfs_ensure *r = &w->v[i];
    for (size_t k = 0; k < w->g->base.n; k++) {
        const struct server *s = &w->servers[k];
        if (s->mended[i] && s->alive && !r->code
            && live_id(s, v) != v->spec.export_id) {
            r->code = (enum mn_code)mn_error_set(
                &r->err, MN_EREMOTE,
                "NFS-Ganesha on %s does not take the export in %s",
                w->g->base.nodes[k].name, mn_buf_str(&v->file));
        }
    }
}

static int
each_share(struct work *w, bool verify, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < w->n; i++) {
        struct mn_nfs_ensure *r = &w->v[i];
        struct view v;
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
        else if (!bad && !agree) {
            r->reapply_access = true;
        }
        else if (!bad && verify) {
            verify_share(w, i, &v);
        }
        else if (!bad) {
            plan_share(w, i, &v);
        }
        view_dispose(&v);
    }
    return rc;
}

static int
read_live(struct server *s, struct mn_slice text, struct mn_error *err)
{
    struct live l;
    mn_buf_clear(&s->shown);
    mn_buf_slice(&s->shown, text);
    s->live_n = 0;
    struct mn_ganesha_exports list = {mn_buf_view(&s->shown)};
    while (mn_ganesha_next_export(&list, &l.id, &l.path)) {
        struct live *v =
            mn_vec_grow(s->live, &s->live_cap, s->live_n, sizeof *v);
        if (!v) {
            return mn_error_nomem(err);
        }
        s->live = v;
        v[s->live_n++] = l;
    }
    if (s->live_n) {
        qsort(s->live, s->live_n, sizeof l, by_path);
    }
    return s->shown.failed ? mn_error_nomem(err) : 0;
}

static int
read_server(struct work *w, size_t k, const struct mn_plan *plan,
            struct mn_error *err)
{
    struct server *s = &w->servers[k];
    const struct mn_result *r = &w->fan.results[k];
    struct mn_buf prefix = MN_BUF_INIT;
    bool first = plan != &s->mend;
    const struct mn_step_result *show =
        &r->steps[first ? (size_t)STEP_SHOW : plan->n - 1];
    int rc = mn_result_check(r, plan, w->g->base.nodes[k].name, err);
    if (!rc && show->status != 0) {
        struct mn_slice why = mn_slice_trim(show->err);
        rc = mn_error_set(err, MN_EREMOTE, "NFS-Ganesha can't be asked: %.*s",
                          why.n > 300 ? 300 : (int)why.n, why.p);
    }
    rc = rc ? rc : read_live(s, show->out, err);
    if (rc || !first) {
        return rc;
    }
    mn_buf_slice(&s->files, r->steps[STEP_FILES].out);
    mn_buf_printf(&prefix, "%s/", w->g->export_dir);
    rc = s->files.failed || prefix.failed
             ? mn_error_nomem(err)
             : mn_exports_dir_parse(mn_buf_view(&s->files),
                                    mn_buf_str(&prefix), &s->dir, err);
    mn_buf_dispose(&prefix);
    return rc;
}

/* Take in the answers of one round; who has none is left out. */
static int
read_servers(struct work *w, struct mn_error *err)
{
    for (size_t k = 0; k < w->g->base.n; k++) {
        struct mn_error why = w->fan.errs[k];
        if (!w->fan.plans[k]) {
            continue;
        }
        int rc = w->fan.codes[k];
        rc = rc ? rc : read_server(w, k, w->fan.plans[k], &why);
        if (rc == MN_ENOMEM) {
            return mn_error_nomem(err);
        }
        w->servers[k].alive = !rc;
        if (rc) {
            mn_gpfs__log(&w->g->base.config.log, MN_LOG_ERROR,
                         "the exports of NFS server %s were not checked: %s",
                         w->g->base.nodes[k].name, why.text);
        }
    }
    return 0;
}

static int
ask(struct work *w, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    mn_gnfs__add_show(&plan, w->g->reply_s);
    mn_plan_run(&plan, "grep", "-aHrs", "--include=*.conf", "-e", "", "--",
                w->g->export_dir, NULL)
        ->accept_any = true;
    for (size_t k = 0; k < w->g->base.n; k++) {
        w->fan.exs[k] = w->g->base.nodes[k].ex;
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
    for (size_t k = 0; k < w->g->base.n; k++) {
        struct server *s = &w->servers[k];
        bool needed = s->alive && (s->mend.n || s->mend.failed);
        if (needed) {
            mn_gnfs__add_show(&s->mend, w->g->reply_s);
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
    for (size_t k = 0; w->servers && k < w->g->base.n; k++) {
        struct server *s = &w->servers[k];
        mn_free(s->live);
        mn_buf_dispose(&s->shown);
        mn_buf_dispose(&s->files);
        mn_exports_dir_dispose(&s->dir);
        mn_plan_dispose(&s->mend);
        mn_free(s->mended);
    }
    mn_free(w->servers);
    mn_fan_dispose(&w->fan);
}

static int
work_init(struct work *w, struct mn_error *err)
{
    size_t n = w->g->base.n;
    int rc = mn_fan_init(&w->fan, n, err);
    w->servers = rc ? NULL : mn_calloc(n, sizeof *w->servers);
    for (size_t k = 0; w->servers && k < n; k++) {
        w->servers[k].mended = mn_calloc(w->n, 1);
        if (!w->servers[k].mended) {
            return mn_error_nomem(err);
        }
    }
    return rc ? rc : w->servers ? 0 : mn_error_nomem(err);
}

int
mn_gnfs__ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                struct mn_error *err)
{
    struct work w = {.g = (struct mn_gnfs *)h, .v = v, .n = n};
    bool alive = false;
    if (!n) {
        return 0;
    }
    int rc = work_init(&w, err);
    rc = rc ? rc : ask(&w, err);
    for (size_t k = 0; !rc && k < w.g->base.n; k++) {
        alive |= w.servers[k].alive;
    }
    if (alive) {
        rc = each_share(&w, false, err);
        rc = rc ? rc : mend(&w, err);
    }
    work_dispose(&w);
    return rc;
}
