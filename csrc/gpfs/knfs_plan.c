/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/knfs_plan.h"

#include <string.h>

#include "core/alloc.h"
#include "gpfs/nfs_takeover.h"

/* Far below the kernel's limit on arguments and a shell's line length. */
enum { ARGS_MAX = 64 << 10 };

void
mn_knfs__file(const char *share_name, struct mn_buf *out)
{
    mn_buf_printf(out, MN_KNFS_DIR MN_KNFS_PREFIX "%s" MN_KNFS_SUFFIX,
                  share_name);
}

/* Steps of `exportfs -o OPTIONS -- CLIENT:PATH ...`, begun anew when the
   level changes or the arguments become too long. */
struct group {
    struct mn_plan *plan;
    const struct mn_export_spec *spec;
    const struct mn_guard *guard;
    struct mn_step *step;
    size_t bytes;
    bool rw;
};

static struct mn_step *
exportfs_step(struct mn_plan *plan, const struct mn_guard *guard)
{
    struct mn_step *step = mn_plan_run(plan, "exportfs", NULL);
    step->accept_any = true;
    if (guard) {
        step->guard = *guard;
    }
    return step;
}

static void
group_begin(struct group *g, bool rw)
{
    struct mn_buf options = MN_BUF_INIT;
    mn_exports_render_options(&options, g->spec, rw);
    g->step = exportfs_step(g->plan, g->guard);
    mn_argv_add(&g->step->argv, "-o");
    mn_argv_add(&g->step->argv, mn_buf_str(&options));
    mn_argv_add(&g->step->argv, "--");
    g->plan->failed |= options.failed;
    g->rw = rw;
    g->bytes = options.n;
    mn_buf_dispose(&options);
}

static void
group_add(struct group *g, const struct mn_access *a)
{
    char client[MN_IPNET_TEXT];
    struct mn_buf arg = MN_BUF_INIT;
    mn_ipnet_format(&a->net, client);
    mn_exports_client_arg(&arg, mn_slice_of(client), g->spec->path);
    if (!g->step || g->rw != a->rw || g->bytes + arg.n + 1 > ARGS_MAX) {
        group_begin(g, a->rw);
    }
    mn_argv_add(&g->step->argv, mn_buf_str(&arg));
    g->bytes += arg.n + 1;
    g->plan->failed |= arg.failed;
    mn_buf_dispose(&arg);
}

static void
group_add_level(struct group *g, const struct mn_access_set *set, size_t from,
                size_t to, bool rw)
{
    for (size_t i = from; i < to; i++) {
        if (set->v[i].rw == rw) {
            group_add(g, &set->v[i]);
        }
    }
}

/* The most specific first here too, so that no host ever falls to a wider
   rule with more rights. Networks of one depth don't overlap, so their order
   is free: the level of the open step goes first. */
void
mn_knfs__add_exports(struct mn_plan *plan, const struct mn_export_spec *spec,
                     const struct mn_access_set *clients,
                     const struct mn_guard *guard)
{
    struct group g = {.plan = plan, .spec = spec, .guard = guard};
    for (size_t from = 0; from < clients->n;) {
        unsigned depth = mn_ipnet_depth(&clients->v[from].net);
        size_t to = from;
        while (to < clients->n
               && mn_ipnet_depth(&clients->v[to].net) == depth) {
            to++;
        }
        bool first = g.step ? g.rw : true;
        group_add_level(&g, clients, from, to, first);
        group_add_level(&g, clients, from, to, !first);
        from = to;
    }
}

void
mn_knfs__add_unexports(struct mn_plan *plan, const struct mn_argv *args,
                       const struct mn_guard *guard)
{
    struct mn_step *step = NULL;
    size_t bytes = 0;
    for (size_t i = 0; i < args->n; i++) {
        size_t n = strlen(args->v[i]) + 1;
        if (!step || bytes + n > ARGS_MAX) {
            step = exportfs_step(plan, guard);
            mn_argv_add(&step->argv, "-u");
            mn_argv_add(&step->argv, "--");
            bytes = 0;
        }
        mn_argv_add(&step->argv, args->v[i]);
        bytes += n;
    }
    plan->failed |= args->failed;
}

void
mn_knfs__add_list(struct mn_plan *plan)
{
    mn_plan_run(plan, "exportfs", "-s", NULL);
}

static void
add_arg(struct mn_argv *args, struct mn_slice client, const char *path)
{
    struct mn_buf arg = MN_BUF_INIT;
    mn_exports_client_arg(&arg, client, path);
    mn_argv_add(args, mn_buf_str(&arg));
    args->failed |= arg.failed;
    mn_buf_dispose(&arg);
}

static void
add_drops(struct mn_plan *plan, const struct mn_knfs_goal *goal,
          const struct mn_guard *guard)
{
    struct mn_argv args = MN_ARGV_INIT;
    for (size_t i = 0; i < goal->drop.n; i++) {
        char client[MN_IPNET_TEXT];
        mn_ipnet_format(&goal->drop.v[i].net, client);
        add_arg(&args, mn_slice_of(client), goal->spec.path);
    }
    mn_knfs__add_unexports(plan, &args, guard);
    mn_argv_dispose(&args);
}

static struct mn_step *
add_takeover(struct mn_plan *plan, const struct mn_knfs_goal *goal)
{
    struct mn_buf begin = MN_BUF_INIT;
    mn_exports_render_path(&begin, goal->spec.path);
    struct mn_step *step = mn_nfs__add_takeover(
        plan, MN_KNFS_DIR, MN_KNFS_PREFIX "*" MN_KNFS_SUFFIX, &begin);
    mn_buf_dispose(&begin);
    return step;
}

static void
add_file(struct mn_plan *plan, const struct mn_knfs_goal *goal,
         struct mn_guard *differs)
{
    struct mn_step *cmp =
        mn_plan_run(plan, "cmp", "-s", "-", goal->file, NULL);
    cmp->accept_any = true;
    mn_buf_slice(&cmp->input, goal->content);
    *differs = (struct mn_guard){mn_plan_last(plan), 0, true};
    mn_step_guard(add_takeover(plan, goal), differs->step, 2, false);
    mn_step_guard(mn_plan_run(plan, "mkdir", "-p", "--", MN_KNFS_DIR, NULL),
                  differs->step, 2, false);
    mn_plan_write_file(plan, goal->file, goal->content, differs);
}

static void
add_file_removal(struct mn_plan *plan, const struct mn_knfs_goal *goal,
                 struct mn_guard *exists)
{
    mn_step_accept(mn_plan_run(plan, "test", "!", "-e", goal->file, NULL), 1);
    *exists = (struct mn_guard){mn_plan_last(plan), 0, true};
    add_takeover(plan, goal);
    mn_plan_run(plan, "rm", "-f", "--", goal->file, NULL)->guard = *exists;
    mn_plan_run(plan, "sync", "--", MN_KNFS_DIR, NULL)->guard = *exists;
}

void
mn_knfs__update_plan(struct mn_plan *plan, const struct mn_knfs_goal *goal)
{
    struct mn_guard changed;
    if (goal->want.n) {
        add_file(plan, goal, &changed);
        /* one export is enough to bring the options of the file into force */
        struct mn_access_set one = {.v = goal->want.v, .n = 1};
        mn_knfs__add_exports(plan, &goal->spec,
                             goal->put.n ? &goal->put : &one, &changed);
    }
    else {
        add_file_removal(plan, goal, &changed);
    }
    add_drops(plan, goal, &changed);
    mn_knfs__add_list(plan);
}

/* The client as one of the wanted, spelled as we spell it; else NULL: the
   same network spelled otherwise is another client for exportfs. */
static const struct mn_access *
wanted(const struct mn_access_set *want, struct mn_slice client)
{
    char text[MN_IPNET_TEXT];
    struct mn_ipnet net;
    if (mn_ipnet_parse(client, &net, NULL)) {
        return NULL;
    }
    mn_ipnet_format(&net, text);
    return mn_slice_eq(client, text) ? mn_access_set_find(want, &net) : NULL;
}

/* Is a behind one that shadows it? A host too can be: releases of nfs-utils
   differ in whether hosts go first. */
static bool
is_shadowed(const struct mn_access_set *want, const struct mn_export *before,
            size_t n, const char *path, const struct mn_access *a)
{
    bool shadowed = false;
    for (size_t i = 0; !shadowed && i < n; i++) {
        const struct mn_access *b = mn_slice_eq(before[i].path, path)
                                        ? wanted(want, before[i].client)
                                        : NULL;
        shadowed = b && mn_access_is_shadowed(a, &b->net, want);
    }
    return shadowed;
}

int
mn_knfs__compare(const struct mn_export *in_force, size_t n,
                 const struct mn_export_spec *spec,
                 const struct mn_access_set *want, struct mn_nfs_gap *gap,
                 struct mn_error *err)
{
    int rc = 0;
    unsigned deepest = 0;
    struct mn_access_set good = MN_ACCESS_SET_INIT;
    for (size_t i = 0; !rc && i < n; i++) {
        const struct mn_export *e = &in_force[i];
        if (!mn_slice_eq(e->path, spec->path)) {
            continue;
        }
        const struct mn_access *a = wanted(want, e->client);
        if (!a) {
            add_arg(&gap->extra, e->client, spec->path);
            continue;
        }
        unsigned depth = mn_ipnet_depth(&a->net);
        bool shadowed =
            depth < deepest && is_shadowed(want, in_force, i, spec->path, a);
        deepest = depth > deepest ? depth : deepest;
        if (e->rw == a->rw && !shadowed) {
            rc = mn_access_set_put(&good, a, err);
        }
        if (!rc && mn_exports_contradicts(e, spec)) {
            rc = mn_access_set_put(&gap->stale, a, err);
        }
    }
    struct mn_access_set none = MN_ACCESS_SET_INIT;
    if (!rc) {
        rc = mn_access_diff(&good, want, &gap->missing, &none, err);
    }
    if (!rc && gap->extra.failed) {
        rc = mn_error_nomem(err);
    }
    mn_access_set_dispose(&good);
    mn_access_set_dispose(&none);
    return rc;
}

void
mn_knfs__add_repair(struct mn_plan *plan, const struct mn_export_spec *spec,
                    const struct mn_nfs_gap *gap)
{
    struct mn_access_set both = MN_ACCESS_SET_INIT;
    for (size_t i = 0; i < gap->missing.n + gap->stale.n; i++) {
        const struct mn_access *a = i < gap->missing.n
                                        ? &gap->missing.v[i]
                                        : &gap->stale.v[i - gap->missing.n];
        plan->failed |= mn_access_set_put(&both, a, NULL) != 0;
    }
    mn_knfs__add_exports(plan, spec, &both, NULL);
    mn_knfs__add_unexports(plan, &gap->extra, NULL);
    mn_access_set_dispose(&both);
}
