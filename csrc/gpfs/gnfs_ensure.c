/* SPDX-License-Identifier: Apache-2.0 */
/* NFS-Ganesha in mn_nfs_ensure_all(). */
#include <stdlib.h>

#include "core/alloc.h"
#include "core/vec.h"
#include "gpfs/gnfs_job.h"
#include "gpfs/nfs_ensure.h"

struct served {
    struct mn_slice path;
    unsigned id;
};

struct live {
    struct served *v; /* by path; views into shown */
    size_t n;
    size_t cap;
    struct mn_buf shown;
};

static const char *
dir(const struct mn_nfs_base *h)
{
    return ((const struct mn_gnfs *)h)->export_dir;
}

static void
add_file_name(const struct mn_nfs_base *h, const char *name,
              struct mn_buf *out)
{
    mn_buf_printf(out, "%s/%s.conf", dir(h), name);
}

static void
add_show(const struct mn_nfs_base *h, struct mn_plan *plan)
{
    mn_gnfs__add_show(plan, ((const struct mn_gnfs *)h)->reply_s);
}

static void
add_files(const struct mn_nfs_base *h, struct mn_plan *plan)
{
    mn_plan_run(plan, "grep", "-aHrs", "--include=*.conf", "-e", "", "--",
                dir(h), NULL)
        ->accept_any = true;
}

static int
by_path(const void *a, const void *b)
{
    return mn_slice_compare(((const struct served *)a)->path,
                            ((const struct served *)b)->path);
}

static int
push(struct live *live, const struct served *e, struct mn_error *err)
{
    struct served *v = mn_vec_grow(live->v, &live->cap, live->n, sizeof *v);
    if (!v) {
        return mn_error_nomem(err);
    }
    live->v = v;
    v[live->n++] = *e;
    return 0;
}

static int
read_live(void *of_server, const struct mn_step_result *show,
          struct mn_error *err)
{
    struct live *live = of_server;
    struct served e;
    int rc = 0;
    if (show->status != 0) {
        struct mn_slice why = mn_slice_trim(show->err);
        return mn_error_set(err, MN_EREMOTE,
                            "NFS-Ganesha can't be asked: %.*s",
                            why.n > 300 ? 300 : (int)why.n, why.p);
    }
    mn_buf_clear(&live->shown);
    mn_buf_slice(&live->shown, show->out);
    live->n = 0;
    struct mn_ganesha_exports list = {mn_buf_view(&live->shown)};
    while (!rc && mn_ganesha_next_export(&list, &e.id, &e.path)) {
        rc = push(live, &e, err);
    }
    if (live->n) {
        qsort(live->v, live->n, sizeof e, by_path);
    }
    return rc || !live->shown.failed ? rc : mn_error_nomem(err);
}

static void
dispose_live(void *of_server)
{
    struct live *live = of_server;
    mn_free(live->v);
    mn_buf_dispose(&live->shown);
}

/* The number under which the daemon exports the path; 0: under none. */
static unsigned
live_id(const struct live *live, const char *path)
{
    struct served key = {mn_slice_of(path), 0};
    const struct served *found =
        live->n ? bsearch(&key, live->v, live->n, sizeof key, by_path) : NULL;
    return found ? found->id : 0;
}

static int
rewrite(struct mn_nfs_view *v, struct mn_slice text)
{
    struct mn_ganesha_blocks blocks = {0};
    int rc = mn_ganesha_parse(text, &blocks, NULL);
    if (!rc && blocks.n == 1 && blocks.v[0].has_id
        && blocks.v[0].export_id <= MN_GNFS_ID_MAX) {
        v->export_id = (unsigned)blocks.v[0].export_id;
        const struct mn_ganesha_spec spec = {.share_id = v->e->id,
                                             .path = v->e->path,
                                             .tag = v->e->name,
                                             .options =
                                                 mn_buf_str(&v->options),
                                             .export_id = v->export_id};
        mn_ganesha_render(&v->content, &spec, &blocks.v[0].clients);
    }
    mn_ganesha_blocks_dispose(&blocks);
    return rc;
}

static int
compare(const struct mn_nfs_base *h, const void *live,
        const struct mn_nfs_view *v, struct mn_plan *plan,
        enum mn_nfs_found *found, struct mn_error *err)
{
    unsigned id = live_id(live, v->e->path);
    (void)err;
    *found = !id                  ? MN_NFS_LACKING
             : id != v->export_id ? MN_NFS_ASTRAY
                                  : MN_NFS_RIGHT;
    if (!id && plan) {
        mn_gnfs__add_publish(plan, ((const struct mn_gnfs *)h)->reply_s,
                             mn_buf_str(&v->file), v->export_id, NULL);
    }
    return 0;
}

int
mn_gnfs__ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                struct mn_error *err)
{
    static const struct mn_nfs_ensure_kind kind = {
        .not_taken = "has an NFS-Ganesha that does not take the export in",
        .live_size = sizeof(struct live),
        .dir = dir,
        .add_file_name = add_file_name,
        .add_show = add_show,
        .add_files = add_files,
        .read_live = read_live,
        .dispose_live = dispose_live,
        .rewrite = rewrite,
        .compare = compare,
    };
    return mn_nfs_ensure_all((struct mn_nfs_base *)h, &kind, v, n, err);
}
