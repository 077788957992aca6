/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"
#include "gpfs/knfs_plan.h"
#include "gpfs/knfs_servers.h"
#include "gpfs/nfs_job.h"
#include "nfs/exports_dir.h"

enum { STEP_LIST, STEP_FILES };

struct server {
    bool alive;
    struct mn_exports list;    /* sorted */
    struct mn_exports_dir dir; /* its texts belong to files */
    struct mn_buf files;
    struct mn_plan mend;
    bool *mended; /* for each share */
};

struct work {
    struct mn_nfs_base *h;
    struct mn_nfs_ensure *v; /* shares */
    size_t n;
    struct mn_fan fan;
    struct server *servers;
};

/* One share as its file says. */
struct view {
    struct mn_export_spec spec;
    struct mn_buf options;
    struct mn_buf content; /* as we would write it */
    char *file;
    struct mn_access_set want;
};

static void
view_dispose(struct view *v)
{
    mn_buf_dispose(&v->options);
    mn_buf_dispose(&v->content);
    mn_free(v->file);
    mn_access_set_dispose(&v->want);
}

static int
view_init(struct view *v, const struct work *w, const struct mn_nfs_export *e,
          struct mn_error *err)
{
    const char *options =
        e->export_options ? e->export_options : w->h->options;
    *v = (struct view){0};
    int rc = mn_exports_check_options(options, &v->options, err);
    v->file = mn_knfs__file(e->name);
    if (!rc && !v->file) {
        rc = mn_error_nomem(err);
    }
    v->spec.share_id = e->id;
    v->spec.path = e->path;
    v->spec.options = mn_buf_str(&v->options);
    mn_exports_fsid(e->id, v->spec.fsid);
    return rc;
}

/* The clients in a file of ours, and how we would write it. */
static int
read_clients(struct view *v, struct mn_slice text)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    int rc = mn_exports_parse_file(text, &list, NULL);
    for (size_t i = 0; !rc && i < list.n; i++) {
        struct mn_access a = {.rw = list.v[i].rw};
        rc = mn_ipnet_parse(list.v[i].client, &a.net, NULL);
        rc = rc ? rc : mn_access_set_put(&v->want, &a, NULL);
    }
    mn_exports_dispose(&list);
    mn_exports_render_file(&v->content, &v->spec, &v->want);
    return rc ? rc : v->content.failed ? MN_ENOMEM : 0;
}

/* Do all servers have the same file, and is it what we would write for its
   clients today? Else only Manila's rules can tell who shall have access. */
static int
files_agree(const struct work *w, struct view *v, bool *agree)
{
    bool read = false;
    *agree = false;
    for (size_t i = 0; i < w->h->n; i++) {
        const struct server *s = &w->servers[i];
        const struct mn_exports_file *file = NULL;
        if (!s->alive) {
            continue;
        }
        file = mn_exports_dir_find(&s->dir, v->file);
        if (!file) {
            return 0;
        }
        struct mn_slice text = mn_buf_view(&file->content);
        int rc = read ? 0 : read_clients(v, text);
        if (rc) {
            return rc == MN_ENOMEM ? rc : 0;
        }
        read = true;
        if (!mn_slice_same(text, mn_buf_view(&v->content))) {
            return 0;
        }
    }
    *agree = read;
    return 0;
}

static int
compare(const struct server *s, const struct view *v, struct mn_nfs_gap *gap,
        struct mn_error *err)
{
    size_t n;
    const struct mn_export *e = mn_exports_of_path(&s->list, v->spec.path, &n);
    return mn_knfs__compare(e, n, &v->spec, &v->want, gap, err);
}

/* Append to each server's plan what its exports of share i lack. */
static int
plan_share(struct work *w, size_t i, const struct view *v,
           struct mn_error *err)
{
    int rc = 0;
    for (size_t k = 0; !rc && k < w->h->n; k++) {
        struct server *s = &w->servers[k];
        struct mn_nfs_gap gap = {0};
        if (s->alive) {
            rc = compare(s, v, &gap, err);
        }
        if (!rc && !mn_nfs_gap_is_none(&gap)) {
            mn_knfs__add_repair(&s->mend, &v->spec, &gap);
            s->mended[i] = true;
            w->v[i].repaired = true;
        }
        mn_nfs_gap_dispose(&gap);
    }
    return rc;
}

/* Is share i right now on the servers where it was mended? */
static int
verify_share(struct work *w, size_t i, const struct view *v,
             struct mn_error *err)
{
    int rc = 0;
    struct mn_nfs_ensure *r = &w->v[i];
    for (size_t k = 0; !rc && k < w->h->n; k++) {
        const struct server *s = &w->servers[k];
        struct mn_nfs_gap gap = {0};
        if (!s->mended[i] || !s->alive) {
            continue;
        }
        rc = compare(s, v, &gap, err);
        if (!rc && (gap.missing.n || gap.extra.n)) {
            r->code = (enum mn_code)mn_error_set(
                &r->err, MN_EREMOTE,
                "NFS server %s does not export %s to "
                "the clients of %s",
                w->h->nodes[k].name, v->spec.path, v->file);
        }
        mn_nfs_gap_dispose(&gap);
    }
    return rc;
}

static int
each_share(struct work *w, bool verify, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < w->n; i++) {
        struct mn_nfs_ensure *r = &w->v[i];
        struct view v;
        if (r->code || r->reapply_access) {
            continue;
        }
        bool agree = false;
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

/* grep ends with 1 when there is no such file, with 2 when there is no such
   directory; anything else it says is a failure. */
static int
check_files_step(const struct mn_step_result *r, struct mn_error *err)
{
    struct mn_slice why = r->err;
    if (r->status <= 1 || mn_slice_contains(why, "No such file")) {
        return 0;
    }
    return mn_error_set(err, MN_EREMOTE,
                        "the exports files can't be read: "
                        "%.*s",
                        why.n > 300 ? 300 : (int)why.n, why.p);
}

static int
read_server(struct work *w, size_t k, const struct mn_plan *plan,
            struct mn_error *err)
{
    struct server *s = &w->servers[k];
    const struct mn_result *r = &w->fan.results[k];
    mn_exports_dispose(&s->list);
    int rc = mn_result_check(r, plan, w->h->nodes[k].name, err);
    size_t list = plan == &s->mend ? plan->n - 1 : (size_t)STEP_LIST;
    rc = rc ? rc : mn_exports_parse_list(r->steps[list].out, &s->list, err);
    mn_exports_sort(&s->list);
    if (rc || plan == &s->mend) {
        return rc;
    }
    rc = check_files_step(&r->steps[STEP_FILES], err);
    if (!rc) {
        mn_buf_slice(&s->files, r->steps[STEP_FILES].out);
        rc = s->files.failed ? mn_error_nomem(err) : 0;
    }
    return rc ? rc
              : mn_exports_dir_parse(mn_buf_view(&s->files),
                                     MN_KNFS_DIR MN_KNFS_PREFIX, &s->dir, err);
}

/* Take in the answers of one round; who has none is left out. */
static int
read_servers(struct work *w, struct mn_error *err)
{
    for (size_t k = 0; k < w->h->n; k++) {
        struct mn_error why = MN_ERROR_INIT;
        if (!w->fan.plans[k]) {
            continue;
        }
        int rc = w->fan.codes[k];
        why = w->fan.errs[k];
        rc = rc ? rc : read_server(w, k, w->fan.plans[k], &why);
        if (rc == MN_ENOMEM) {
            return mn_error_nomem(err);
        }
        w->servers[k].alive = !rc;
        if (rc) {
            mn_gpfs__log(&w->h->config.log, MN_LOG_ERROR,
                         "the exports of NFS "
                         "server %s were not checked: %s",
                         w->h->nodes[k].name, why.text);
        }
    }
    return 0;
}

static int
look(struct work *w, struct mn_error *err)
{
    struct mn_plan plan = MN_PLAN_INIT;
    mn_knfs__add_list(&plan);
    mn_plan_run(&plan, "grep", "-aHr",
                "--include=" MN_KNFS_PREFIX "*" MN_KNFS_SUFFIX, "",
                "/etc/exports.d", NULL)
        ->accept_any = true;
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
            mn_knfs__add_list(&s->mend);
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
        mn_exports_dispose(&s->list);
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
    size_t n = w->h->n;
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
mn_knfs__ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                struct mn_error *err)
{
    struct work w = {.h = (struct mn_nfs_base *)h, .v = v, .n = n};
    if (!n) {
        return 0;
    }
    int rc = work_init(&w, err);
    rc = rc ? rc : look(&w, err);
    if (!rc && any_alive(&w)) {
        rc = each_share(&w, false, err);
        rc = rc ? rc : mend(&w, err);
    }
    work_dispose(&w);
    return rc;
}
