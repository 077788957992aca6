/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of one share's fileset, and their exports. */
#include "gpfs/snapshots.h"

#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/mmcmd.h"

/* What one call on one snapshot works with. */
struct work {
    struct mn_gpfs *g;
    const struct mn_snapshot *s;
    struct mn_gpfs_place place;
    struct mn_plan plan;
    struct mn_result result;
};

int
mn_gpfs__check_snapshot(const struct mn_snapshot *s, struct mn_error *err)
{
    if (!mn_gpfs__is_name(s->name, 255) || !mn_gpfs__is_name(s->id, 128)) {
        return mn_error_set(err, MN_EINVAL,
                            "'%.80s' can't be the name of a snapshot",
                            s->name ? s->name : "");
    }
    return 0;
}

static int
work_init(struct work *w, struct mn_gpfs *g, const struct mn_snapshot *s,
          struct mn_error *err)
{
    *w = (struct work){.g = g, .s = s, .result = MN_RESULT_INIT};
    int rc = mn_gpfs__check_snapshot(s, err);
    return rc ? rc : mn_gpfs__place(g, &s->share, &w->place, err);
}

static void
work_reset(struct work *w)
{
    mn_plan_dispose(&w->plan);
    mn_result_dispose(&w->result);
}

static void
work_dispose(struct work *w)
{
    work_reset(w);
    mn_gpfs__place_dispose(&w->place);
}

static int
check_step(struct work *w, int step, struct mn_error *err)
{
    return mn_mm_check(&w->result, &w->plan, step, w->g->cluster.name, err);
}

struct mn_step *
mn_gpfs__look_for_snapshot(struct mn_plan *plan, const char *device,
                           const struct mn_snapshot *s)
{
    struct mn_step *step = mn_mm_lssnapshot(plan, device, s->share.name);
    step->accept_any = true;
    return step;
}

int
mn_gpfs__read_snapshot(const struct mn_gpfs *g, const struct mn_plan *plan,
                       const struct mn_result *result, int step,
                       const struct mn_snapshot *s, char status[32],
                       struct mn_error *err)
{
    struct mn_mm_snapshots list = {0};
    status[0] = '\0';
    if (mn_mm_classify(&result->steps[step]) == MN_ENOTFOUND) {
        return 0; /* not even the fileset is there */
    }
    int rc = mn_mm_check(result, plan, step, g->cluster.name, err);
    rc = rc ? rc : mn_mm_read_snapshots(result->steps[step].out, &list, err);
    const struct mn_mm_snapshot *found =
        rc ? NULL : mn_mm_find_snapshot(&list, s->share.name, s->name);
    if (found) {
        snprintf(status, 32, "%s", found->status);
    }
    mn_mm_snapshots_dispose(&list);
    return rc;
}

int
mn_gpfs__check_valid(const struct mn_snapshot *s, const char *status,
                     enum mn_code code, struct mn_error *err)
{
    if (strcmp(status, "Valid") == 0) {
        return 0;
    }
    if (!status[0]) {
        return mn_error_set(err, MN_ENOTFOUND, "fileset %s has no snapshot %s",
                            s->share.name, s->name);
    }
    return mn_error_set(err, code,
                        "snapshot %s of fileset %s is in state '%s'", s->name,
                        s->share.name, status);
}

int
mn_gpfs_create_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                        struct mn_error *err)
{
    struct work w;
    char status[32];
    int rc = work_init(&w, g, s, err);
    if (!rc) {
        mn_mm_crsnapshot(&w.plan, w.place.device, s->share.name, s->name)
            ->accept_any = true;
        mn_step_guard(mn_gpfs__look_for_snapshot(&w.plan, w.place.device, s),
                      0, 0, true);
        rc = mn_gpfs__run(g, &w.plan, &w.result, err);
    }
    if (!rc && mn_mm_classify(&w.result.steps[0]) == MN_EEXISTS) {
        rc = mn_gpfs__read_snapshot(g, &w.plan, &w.result, 1, s, status, err);
        rc = rc ? rc : mn_gpfs__check_valid(s, status, MN_EBUSY, err);
    }
    else if (!rc) {
        rc = check_step(&w, 0, err);
    }
    work_dispose(&w);
    return rc;
}

/* The deletion did not succeed. Is the snapshot gone nevertheless? One whose
   deletion was interrupted must be deleted once more. */
static int
settle_deletion(struct work *w, struct mn_error *err)
{
    char status[32];
    struct mn_error why = MN_ERROR_INIT;
    int rc = mn_gpfs__read_snapshot(w->g, &w->plan, &w->result, 1, w->s,
                                    status, &why);
    if (rc == MN_ENOMEM) {
        return mn_error_nomem(err);
    }
    if (!rc && !status[0]) {
        return 0;
    }
    if (rc || strcmp(status, "DeleteRequired") != 0) {
        return check_step(w, 0, err);
    }
    work_reset(w);
    mn_mm_delsnapshot(&w->plan, w->place.device, w->s->share.name, w->s->name)
        ->accept_any = true;
    rc = mn_gpfs__run(w->g, &w->plan, &w->result, err);
    if (!rc && mn_mm_classify(&w->result.steps[0]) != MN_ENOTFOUND) {
        rc = check_step(w, 0, err);
    }
    return rc;
}

static int
delete_snapshot(struct work *w, struct mn_error *err)
{
    const char *device = w->place.device;
    mn_mm_delsnapshot(&w->plan, device, w->s->share.name, w->s->name)
        ->accept_any = true;
    mn_step_guard(mn_gpfs__look_for_snapshot(&w->plan, device, w->s), 0, 0,
                  true);
    int rc = mn_gpfs__run(w->g, &w->plan, &w->result, err);
    if (!rc && w->result.steps[0].status != 0) {
        rc = settle_deletion(w, err);
    }
    return rc;
}

int
mn_gpfs_delete_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                        struct mn_error *err)
{
    struct work w;
    int rc = work_init(&w, g, s, err);
    if (!rc && !s->not_mountable) {
        struct mn_gpfs_snapshot_export e;
        rc = mn_gpfs__snapshot_export(g, s, &e, err);
        rc = rc ? rc
                : g->helper->vtable->remove_export(g->helper, &e.export, err);
        mn_gpfs__snapshot_export_dispose(&e);
    }
    rc = rc ? rc : delete_snapshot(&w, err);
    work_dispose(&w);
    return rc;
}

int
mn_gpfs_manage_snapshot(struct mn_gpfs *g, const struct mn_snapshot *s,
                        struct mn_error *err)
{
    struct work w;
    char status[32];
    int rc = work_init(&w, g, s, err);
    if (!rc) {
        mn_gpfs__look_for_snapshot(&w.plan, w.place.device, s);
        rc = mn_gpfs__run(g, &w.plan, &w.result, err);
    }
    rc = rc ? rc
            : mn_gpfs__read_snapshot(g, &w.plan, &w.result, 0, s, status, err);
    rc = rc ? rc : mn_gpfs__check_valid(s, status, MN_ENOTFOUND, err);
    work_dispose(&w);
    return rc;
}

/* ---- exports ---- */

int
mn_gpfs__snapshot_path(struct mn_gpfs *g, const struct mn_snapshot *s,
                       struct mn_buf *path, struct mn_error *err)
{
    struct mn_gpfs_place place = {0};
    int rc = mn_gpfs__check_snapshot(s, err);
    rc = rc ? rc : mn_gpfs__path(g, &s->share, &place, err);
    if (!rc) {
        mn_buf_printf(path, "%s/%s/%s", mn_buf_str(&place.path),
                      g->snapshot_dir, s->name);
        rc = path->failed ? mn_error_nomem(err) : 0;
    }
    mn_gpfs__place_dispose(&place);
    return rc;
}

int
mn_gpfs__snapshot_export(struct mn_gpfs *g, const struct mn_snapshot *s,
                         struct mn_gpfs_snapshot_export *e,
                         struct mn_error *err)
{
    *e = (struct mn_gpfs_snapshot_export){0};
    int rc = mn_gpfs__snapshot_path(g, s, &e->path, err);
    /* GPFS snapshots have names of their own in each fileset only, so the
       export's is made of the id */
    mn_buf_printf(&e->name, "snapshot-%s", s->id ? s->id : "");
    mn_buf_printf(&e->pseudo, "/%s", mn_buf_str(&e->name));
    rc = rc                                   ? rc
         : e->name.failed || e->pseudo.failed ? mn_error_nomem(err)
                                              : 0;
    e->export =
        (struct mn_nfs_export){.path = mn_buf_str(&e->path),
                               .id = s->id,
                               .name = mn_buf_str(&e->name),
                               .pseudo = mn_buf_str(&e->pseudo),
                               .export_options = s->share.export_options};
    return rc;
}

void
mn_gpfs__snapshot_export_dispose(struct mn_gpfs_snapshot_export *e)
{
    mn_buf_dispose(&e->path);
    mn_buf_dispose(&e->name);
    mn_buf_dispose(&e->pseudo);
}

int
mn_gpfs_snapshot_locations(struct mn_gpfs *g, const struct mn_snapshot *s,
                           struct mn_buf *locations, struct mn_error *err)
{
    struct mn_gpfs_snapshot_export e;
    int rc = mn_gpfs__snapshot_export(g, s, &e, err);
    rc = rc ? rc : mn_gpfs__location(g, e.export.path, locations, err);
    mn_buf_putc(locations, '\0');
    if (!rc && g->nfs_server_type != MN_NFS_KNFS) {
        rc = mn_gpfs__location(g, e.export.pseudo, locations, err);
        mn_buf_putc(locations, '\0');
    }
    mn_gpfs__snapshot_export_dispose(&e);
    return rc || !locations->failed ? rc : mn_error_nomem(err);
}

/* The rules, each of level ro. Copied, as the caller's are not ours. */
static int
as_read_only(struct mn_rules from, struct mn_rules *to, struct mn_error *err)
{
    struct mn_access_rule *v = NULL;
    *to = (struct mn_rules){0};
    if (from.n) {
        v = mn_calloc(from.n, sizeof *v);
        if (!v) {
            return mn_error_nomem(err);
        }
    }
    for (size_t i = 0; i < from.n; i++) {
        v[i] = from.v[i];
        v[i].access_level = "ro";
    }
    *to = (struct mn_rules){v, from.n};
    return 0;
}

int
mn_gpfs_snapshot_update_access(struct mn_gpfs *g, const struct mn_snapshot *s,
                               struct mn_rules all, struct mn_rules add,
                               struct mn_rules drop,
                               struct mn_rule_state *states,
                               struct mn_error *err)
{
    struct mn_gpfs_snapshot_export e;
    struct mn_rules ro[3] = {{0}, {0}, {0}};
    int rc = mn_gpfs__snapshot_export(g, s, &e, err);
    rc = rc ? rc : as_read_only(all, &ro[0], err);
    rc = rc ? rc : as_read_only(add, &ro[1], err);
    rc = rc ? rc : as_read_only(drop, &ro[2], err);
    if (!rc) {
        const struct mn_rules none = {0};
        rc = g->helper->vtable->update_access(g->helper, &e.export, ro[0],
                                              ro[1], ro[2], none, states, err);
    }
    for (size_t i = 0; i < 3; i++) {
        mn_free((void *)ro[i].v);
    }
    mn_gpfs__snapshot_export_dispose(&e);
    return rc;
}
