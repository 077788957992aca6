/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel NFS in mn_nfs_ensure_all(): what is in force and in no file is
   unexported too. */
#include "gpfs/knfs_plan.h"
#include "gpfs/knfs_servers.h"
#include "gpfs/nfs_ensure.h"

static const char *
dir(const struct mn_nfs_base *h)
{
    (void)h;
    return MN_KNFS_DIR;
}

static void
add_file_name(const struct mn_nfs_base *h, const char *name,
              struct mn_buf *out)
{
    (void)h;
    mn_knfs__file(name, out);
}

static void
add_show(const struct mn_nfs_base *h, struct mn_plan *plan)
{
    (void)h;
    mn_knfs__add_list(plan);
}

static void
add_files(const struct mn_nfs_base *h, struct mn_plan *plan)
{
    (void)h;
    mn_plan_run(plan, "grep", "-aHr",
                "--include=" MN_KNFS_PREFIX "*" MN_KNFS_SUFFIX, "",
                "/etc/exports.d", NULL)
        ->accept_any = true;
}

/* grep ends with 1 when there is no such file, with 2 when there is no such
   directory; anything else it says is a failure. */
static int
check_files(const struct mn_step_result *files, struct mn_error *err)
{
    struct mn_slice why = files->err;
    if (files->status <= 1 || mn_slice_contains(why, "No such file")) {
        return 0;
    }
    return mn_error_set(err, MN_EREMOTE,
                        "the exports files can't be read: "
                        "%.*s",
                        why.n > 300 ? 300 : (int)why.n, why.p);
}

static int
read_live(void *live, const struct mn_step_result *show, struct mn_error *err)
{
    struct mn_exports *list = live;
    mn_exports_dispose(list);
    int rc = mn_exports_parse_list(show->out, list, err);
    mn_exports_sort(list);
    return rc;
}

static void
dispose_live(void *live)
{
    mn_exports_dispose(live);
}

static struct mn_export_spec
spec_of(const struct mn_nfs_view *v)
{
    struct mn_export_spec spec = {.share_id = v->e->id,
                                  .path = v->e->path,
                                  .options = mn_buf_str(&v->options)};
    mn_exports_fsid(v->e->id, spec.fsid);
    return spec;
}

static int
rewrite(struct mn_nfs_view *v, struct mn_slice text)
{
    const struct mn_export_spec spec = spec_of(v);
    struct mn_exports list = MN_EXPORTS_INIT;
    int rc = mn_exports_parse_file(text, &list, NULL);
    for (size_t i = 0; !rc && i < list.n; i++) {
        struct mn_access a = {.rw = list.v[i].rw};
        rc = mn_ipnet_parse(list.v[i].client, &a.net, NULL);
        rc = rc ? rc : mn_access_set_put(&v->want, &a, NULL);
    }
    mn_exports_dispose(&list);
    mn_exports_render_file(&v->content, &spec, &v->want);
    return rc;
}

static int
compare(const struct mn_nfs_base *h, const void *live,
        const struct mn_nfs_view *v, struct mn_plan *plan,
        enum mn_nfs_found *found, struct mn_error *err)
{
    const struct mn_export_spec spec = spec_of(v);
    struct mn_nfs_gap gap = {0};
    size_t n;
    const struct mn_export *e = mn_exports_of_path(live, spec.path, &n);
    int rc = mn_knfs__compare(e, n, &spec, &v->want, &gap, err);
    (void)h;
    /* other options are told once, as exportfs may say them otherwise */
    bool lacks =
        plan ? !mn_nfs_gap_is_none(&gap) : gap.missing.n || gap.extra.n;
    *found = lacks ? MN_NFS_LACKING : MN_NFS_RIGHT;
    if (!rc && lacks && plan) {
        mn_knfs__add_repair(plan, &spec, &gap);
    }
    mn_nfs_gap_dispose(&gap);
    return rc;
}

int
mn_knfs__ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                struct mn_error *err)
{
    static const struct mn_nfs_ensure_kind kind = {
        .not_taken = "does not export to the clients of",
        .live_size = sizeof(struct mn_exports),
        .dir = dir,
        .add_file_name = add_file_name,
        .add_show = add_show,
        .add_files = add_files,
        .check_files = check_files,
        .read_live = read_live,
        .dispose_live = dispose_live,
        .rewrite = rewrite,
        .compare = compare,
    };
    return mn_nfs_ensure_all((struct mn_nfs_base *)h, &kind, v, n, err);
}
