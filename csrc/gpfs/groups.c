/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of several shares at one instant: one command for all members on
 * one file system. Across file systems GPFS knows no common instant; there
 * the commands follow each other in one plan.
 */
#include <string.h>

#include "core/alloc.h"
#include "gpfs/mmcmd.h"
#include "gpfs/snapshots.h"

struct group {
    struct mn_gpfs *g;
    const struct mn_snapshot *v;
    size_t n;
    const char **device; /* of member i */
    size_t *command;     /* of member i: which command is for its device */
    size_t commands;
    struct mn_plan plan;
    struct mn_result result;
};

static int
find_device(struct group *gr, size_t i, struct mn_error *err)
{
    struct mn_gpfs_place place = {0};
    int rc = mn_gpfs__check_snapshot(&gr->v[i], err);
    rc = rc ? rc : mn_gpfs__place(gr->g, &gr->v[i].share, &place, err);
    if (!rc) {
        size_t k = 0;
        gr->device[i] = place.device;
        while (strcmp(gr->device[k], place.device) != 0) {
            k++;
        }
        gr->command[i] = k < i ? gr->command[k] : gr->commands++;
    }
    mn_gpfs__place_dispose(&place);
    return rc;
}

static int
group_init(struct group *gr, struct mn_gpfs *g, const struct mn_snapshot *v,
           size_t n, struct mn_error *err)
{
    *gr = (struct group){.g = g, .v = v, .n = n, .result = MN_RESULT_INIT};
    gr->device = mn_calloc(n, sizeof *gr->device);
    gr->command = mn_calloc(n, sizeof *gr->command);
    int rc = gr->device && gr->command ? 0 : mn_error_nomem(err);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = find_device(gr, i, err);
    }
    return rc;
}

static void
group_reset(struct group *gr)
{
    mn_plan_dispose(&gr->plan);
    mn_result_dispose(&gr->result);
}

static void
group_dispose(struct group *gr)
{
    group_reset(gr);
    mn_free(gr->device);
    mn_free(gr->command);
}

/* "fileset:snapshot,fileset:snapshot" of the members that take includes. */
static const char *
names_of(const struct group *gr, size_t command, const bool *take,
         struct mn_buf *out)
{
    const char *device = NULL;
    for (size_t i = 0; i < gr->n; i++) {
        if (gr->command[i] == command && (!take || take[i])) {
            mn_buf_printf(out, "%s%s:%s", out->n ? "," : "",
                          gr->v[i].share.name, gr->v[i].name);
            device = gr->device[i];
        }
    }
    return device;
}

/* A command for each file system; the first that fails ends it. */
static void
build(struct group *gr)
{
    for (size_t c = 0; c < gr->commands; c++) {
        struct mn_buf names = MN_BUF_INIT;
        const char *device = names_of(gr, c, NULL, &names);
        struct mn_step *step =
            mn_mm_crsnapshots(&gr->plan, device, mn_buf_str(&names));
        step->accept_any = true;
        if (c) {
            mn_step_guard(step, (int)c - 1, 0, false);
        }
        gr->plan.failed |= names.failed;
        mn_buf_dispose(&names);
    }
}

/* Which members are there, and are all of them valid? */
static int
look(struct group *gr, bool *there, bool *all, struct mn_error *err)
{
    group_reset(gr);
    for (size_t i = 0; i < gr->n; i++) {
        mn_gpfs__look_for_snapshot(&gr->plan, gr->device[i], &gr->v[i]);
    }
    int rc = mn_gpfs__run(gr->g, &gr->plan, &gr->result, err);
    *all = true;
    for (size_t i = 0; !rc && i < gr->n; i++) {
        char status[32];
        rc = mn_gpfs__read_snapshot(gr->g, &gr->plan, &gr->result, (int)i,
                                    &gr->v[i], status, err);
        there[i] = status[0] != '\0';
        *all &= strcmp(status, "Valid") == 0;
    }
    return rc;
}

/* All or none: delete those that are there. */
static int
take_back(struct group *gr, const bool *there, struct mn_error *err)
{
    group_reset(gr);
    for (size_t c = 0; c < gr->commands; c++) {
        struct mn_buf names = MN_BUF_INIT;
        const char *device = names_of(gr, c, there, &names);
        if (device) {
            mn_mm_delsnapshots(&gr->plan, device, mn_buf_str(&names))
                ->accept_any = true;
        }
        gr->plan.failed |= names.failed;
        mn_buf_dispose(&names);
    }
    int rc = gr->plan.n || gr->plan.failed
                 ? mn_gpfs__run(gr->g, &gr->plan, &gr->result, err)
                 : 0;
    for (size_t i = 0; !rc && i < gr->plan.n; i++) {
        rc = mn_mm_check(&gr->result, &gr->plan, (int)i, gr->g->cluster.name,
                         err);
    }
    return rc;
}

/* A command failed. A call before may have made them all; otherwise what is
   there goes, and if it was in the way (*again) all can be made at one
   instant now. */
static int
settle(struct group *gr, int failed, bool *again, struct mn_error *err)
{
    bool all = false;
    bool *there = mn_calloc(gr->n, sizeof *there);
    struct mn_error cause = MN_ERROR_INIT;
    struct mn_error why = MN_ERROR_INIT;
    bool exists = mn_mm_classify(&gr->result.steps[failed]) == MN_EEXISTS;
    if (exists) {
        mn_error_set(&cause, MN_EEXISTS,
                     "snapshots of the group exist already");
    }
    else {
        mn_mm_check(&gr->result, &gr->plan, failed, gr->g->cluster.name,
                    &cause);
    }
    int rc = there ? look(gr, there, &all, &why) : mn_error_nomem(&why);
    if (!rc && all && exists) {
        mn_free(there);
        return 0;
    }
    rc = rc ? rc : take_back(gr, there, &why);
    mn_free(there);
    *again = !rc && exists;
    if (rc == MN_ENOMEM || rc == MN_ECANCELED) {
        return mn_error_set(err, (enum mn_code)rc, "%s", why.text);
    }
    if (rc) {
        mn_gpfs__log(&gr->g->log, MN_LOG_ERROR,
                     "snapshots of a group that failed could not be deleted: "
                     "%s",
                     why.text);
        mn_error_prefix(&cause, "some snapshots of the group are left: ");
    }
    return mn_error_set(err, cause.code, "%s", cause.text);
}

static int
make(struct group *gr, bool *again, struct mn_error *err)
{
    *again = false;
    group_reset(gr);
    build(gr);
    int rc = mn_gpfs__run(gr->g, &gr->plan, &gr->result, err);
    for (size_t c = 0; !rc && c < gr->commands; c++) {
        if (gr->result.steps[c].status != 0) {
            return settle(gr, (int)c, again, err);
        }
    }
    return rc;
}

int
mn_gpfs_create_group_snapshot(struct mn_gpfs *g, const struct mn_snapshot *v,
                              size_t n, struct mn_error *err)
{
    struct group gr;
    struct mn_error first = MN_ERROR_INIT;
    bool again = false;
    if (!n) {
        return 0;
    }
    int rc = group_init(&gr, g, v, n, err);
    rc = rc ? rc : make(&gr, &again, &first);
    if (again) {
        rc = make(&gr, &again, err);
    }
    else if (rc && first.code) {
        mn_error_set(err, first.code, "%s", first.text);
    }
    group_dispose(&gr);
    return rc;
}
