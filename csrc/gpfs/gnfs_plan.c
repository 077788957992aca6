/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/gnfs_plan.h"

#include <string.h>

#include "gpfs/nfs_takeover.h"

/* A daemon that lives answers in milliseconds; to add or remove an export it
   may have to wait for others. */
enum { REPLY_S = 20, REPLY_MARGIN_S = 5 };

bool
mn_gnfs_files_init(struct mn_gnfs_files *f, const char *dir,
                   const char *config, const char *name)
{
    *f = (struct mn_gnfs_files){.dir = dir, .config = config};
    mn_buf_printf(&f->file, "%s/%s.conf", dir, name);
    mn_buf_printf(&f->own, "%s/.manila-native", dir);
    mn_buf_printf(&f->fresh, "%s/%s.new", mn_buf_str(&f->own), name);
    mn_buf_printf(&f->index, "%s/INDEX.conf", dir);
    return !f->file.failed && !f->own.failed && !f->fresh.failed
           && !f->index.failed;
}

void
mn_gnfs_files_dispose(struct mn_gnfs_files *f)
{
    mn_buf_dispose(&f->file);
    mn_buf_dispose(&f->fresh);
    mn_buf_dispose(&f->own);
    mn_buf_dispose(&f->index);
}

/* FNV-1a */
unsigned
mn_gnfs__first_id(const char *share_id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *p = share_id; *p; p++) {
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    }
    return (unsigned)((hash ^ hash >> 32) % MN_GNFS_ID_MAX) + 1;
}

unsigned
mn_gnfs__next_id(unsigned id)
{
    return id % MN_GNFS_ID_MAX + 1;
}

static struct mn_step *
guarded(struct mn_step *step, const struct mn_guard *guard)
{
    if (guard) {
        step->guard = *guard;
    }
    return step;
}

unsigned
mn_gnfs__reply_s(unsigned command_timeout_s)
{
    return command_timeout_s && command_timeout_s < REPLY_S ? command_timeout_s
                                                            : REPLY_S;
}

/* dbus-send gives up before the executor does, and so can tell why. */
static struct mn_step *
dbus(struct mn_plan *plan, unsigned reply_s, const char *method)
{
    struct mn_step *step =
        mn_plan_run(plan, "dbus-send", "--system", "--print-reply", NULL);
    mn_argv_addf(&step->argv, "--reply-timeout=%u000", reply_s);
    mn_argv_add(&step->argv, "--dest=org.ganesha.nfsd");
    mn_argv_add(&step->argv, "/org/ganesha/nfsd/ExportMgr");
    mn_argv_addf(&step->argv, "org.ganesha.nfsd.exportmgr.%s", method);
    step->accept_any = true;
    step->timeout_s = reply_s + REPLY_MARGIN_S;
    step->no_answer =
        (struct mn_no_answer){"org.freedesktop.DBus.Error.NoReply", reply_s,
                              "NFS-Ganesha hangs or has just ended; look at "
                              "its log, restart it and repeat the operation"};
    return step;
}

void
mn_gnfs__add_show(struct mn_plan *plan, unsigned reply_s)
{
    dbus(plan, reply_s, "ShowExports");
}

static void
add_remove_exports(struct mn_plan *plan, unsigned reply_s, const unsigned *ids,
                   size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mn_argv_addf(&dbus(plan, reply_s, "RemoveExport")->argv, "uint16:%u",
                     ids[i]);
    }
}

static void
add_display(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
            const struct mn_guard *guard, struct mn_gnfs_steps *at)
{
    unsigned export_id = goal->spec.export_id;
    struct mn_step *step =
        guarded(dbus(plan, goal->reply_s, "DisplayExport"), guard);
    mn_argv_addf(&step->argv, "uint16:%u", export_id);
    at->display = mn_plan_last(plan);
    mn_step_guard(dbus(plan, goal->reply_s, "ShowExports"), at->display, 0,
                  true);
    at->strays = mn_plan_last(plan);
}

static int
add_file_call(struct mn_plan *plan, unsigned reply_s, const char *method,
              const char *file, unsigned export_id)
{
    struct mn_step *step = dbus(plan, reply_s, method);
    mn_argv_addf(&step->argv, "string:%s", file);
    mn_argv_addf(&step->argv, "string:EXPORT(Export_Id=%u)", export_id);
    return mn_plan_last(plan);
}

/* UpdateExport came with 2.4 and fails for an export that is not there. */
int
mn_gnfs__add_publish(struct mn_plan *plan, unsigned reply_s, const char *file,
                     unsigned export_id, const struct mn_guard *guard)
{
    int update = add_file_call(plan, reply_s, "UpdateExport", file, export_id);
    if (!plan->failed) {
        guarded(&plan->steps[update], guard);
        int add = add_file_call(plan, reply_s, "AddExport", file, export_id);
        if (!plan->failed) {
            mn_step_guard(&plan->steps[add], update, 0, true);
        }
    }
    return update;
}

/* Make INDEX.conf anew, an %include of each export file below "$1"; "$2" is
   its temporary name. */
#define INDEX_SCRIPT(without, and_then)                                   \
    "find \"$1\" -maxdepth 1 -name \"*.conf\" ! -name INDEX.conf" without \
    " -fprintf \"$2\" '%%include \"%p\"\\n' && "                          \
    "sync -- \"$2\" && mv -f -- \"$2\" \"$1/INDEX.conf\"" and_then

static const char index_script[] = INDEX_SCRIPT("", "");
/* Without "$3", which goes: a daemon does not start that shall include a file
   that is not there. */
static const char removal_script[] =
    INDEX_SCRIPT(" ! -name \"$3\"", " && rm -f -- \"$1/$3\"");

/* Under a lock: of two that list the files at the same time, the one that
   comes last might not have seen the other's file. */
static void
add_index(struct mn_plan *plan, const struct mn_gnfs_files *f,
          const char *script, const struct mn_guard *guard)
{
    guarded(mn_plan_run(plan, "mkdir", "-p", "--", mn_buf_str(&f->own), NULL),
            guard);
    struct mn_step *flock =
        guarded(mn_plan_run(plan, "flock", "--", f->dir, "sh", "-c", script,
                            "manila-index", f->dir, NULL),
                guard);
    mn_argv_addf(&flock->argv, "%s/INDEX.new", mn_buf_str(&f->own));
    mn_argv_add(&flock->argv, strrchr(mn_buf_str(&f->file), '/') + 1);
}

/* INDEX.conf, if the operator has one, names the file; whether or not the file
   was written just now, as the call before may not have come so far. */
static void
add_to_index(struct mn_plan *plan, const struct mn_gnfs_files *f,
             const struct mn_guard *guard)
{
    struct mn_step *grep =
        guarded(mn_plan_run(plan, "grep", "-qsxF", "-e", NULL), guard);
    grep->accept_any = true;
    mn_argv_addf(&grep->argv, "%%include \"%s\"", mn_buf_str(&f->file));
    mn_argv_add(&grep->argv, "--");
    mn_argv_add(&grep->argv, mn_buf_str(&f->index));
    struct mn_guard unnamed = {mn_plan_last(plan), 1, false};
    add_index(plan, f, index_script, &unnamed);
    guarded(mn_plan_run(plan, "sync", "--", f->dir, NULL), &unnamed);
}

static struct mn_step *
add_takeover(struct mn_plan *plan, const struct mn_gnfs_goal *goal)
{
    struct mn_buf line = MN_BUF_INIT;
    mn_ganesha_path_line(&line, goal->spec.path);
    struct mn_step *step =
        mn_nfs__add_takeover(plan, goal->files->dir, "*.conf", &line);
    mn_buf_dispose(&line);
    return step;
}

/* The export's file goes, from the index first. */
static void
add_file_removal(struct mn_plan *plan, const struct mn_gnfs_goal *goal)
{
    const struct mn_gnfs_files *f = goal->files;
    mn_plan_run(plan, "test", "-e", mn_buf_str(&f->index), NULL)->accept_any =
        true;
    struct mn_guard index = {mn_plan_last(plan), 0, false};
    struct mn_guard no_index = {mn_plan_last(plan), 0, true};
    add_index(plan, f, removal_script, &index);
    guarded(mn_plan_run(plan, "rm", "-f", "--", mn_buf_str(&f->file), NULL),
            &no_index);
    add_takeover(plan, goal);
    add_index(plan, f, index_script, &index);
}

static void
add_write(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
          const struct mn_guard *guard)
{
    const struct mn_gnfs_files *f = goal->files;
    const char *fresh = mn_buf_str(&f->fresh);
    guarded(mn_plan_run(plan, "mkdir", "-p", "--", mn_buf_str(&f->own), NULL),
            guard);
    struct mn_step *dd = guarded(mn_plan_run(plan, "dd", NULL), guard);
    mn_argv_addf(&dd->argv, "of=%s", fresh);
    mn_argv_add(&dd->argv, "conv=fsync");
    mn_argv_add(&dd->argv, "status=none");
    mn_buf_slice(&dd->input, goal->content);
    guarded(
        mn_plan_run(plan, "mv", "-f", "--", fresh, mn_buf_str(&f->file), NULL),
        guard);
    guarded(mn_plan_run(plan, "sync", "--", f->dir, NULL), guard);
}

/* Bring the file and the daemon to the goal. */
static void
add_update(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
           const struct mn_guard *guard, bool publish_always,
           struct mn_gnfs_steps *at)
{
    const char *file = mn_buf_str(&goal->files->file);
    struct mn_step *cmp =
        guarded(mn_plan_run(plan, "cmp", "-s", "-", file, NULL), guard);
    cmp->accept_any = true;
    mn_buf_slice(&cmp->input, goal->content);
    at->cmp = mn_plan_last(plan);
    struct mn_guard differs = {at->cmp, 0, true};
    mn_step_guard(add_takeover(plan, goal), at->cmp, 2, false);
    add_write(plan, goal, &differs);
    add_to_index(plan, goal->files, guard);
    at->update =
        mn_gnfs__add_publish(plan, goal->reply_s, file, goal->spec.export_id,
                             publish_always ? NULL : &differs);
    at->add = at->update + 1;
    add_display(plan, goal, guard, at);
}

static void
add_reserve(struct mn_plan *plan, const struct mn_gnfs_files *f,
            const char *share_id, unsigned export_id,
            const struct mn_guard *guard)
{
    struct mn_step *ln =
        guarded(mn_plan_run(plan, "ln", "-sT", "--", share_id, NULL), guard);
    mn_argv_addf(&ln->argv, "%s/%u", mn_buf_str(&f->own), export_id);
    ln->accept_any = true;
}

static void
add_mine(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
         const struct mn_guard *guard)
{
    struct mn_step *find =
        guarded(mn_plan_run(plan, "find", mn_buf_str(&goal->files->own),
                            "-maxdepth", "1", "-type", "l", "-lname",
                            goal->spec.share_id, "-printf", "%f\\n", NULL),
                guard);
    find->accept_any = true; /* the directory may not be there yet */
}

static void
add_used(struct mn_plan *plan, const struct mn_gnfs_files *f,
         const struct mn_guard *guard)
{
    guarded(mn_plan_run(plan, "grep", "-rhisoE", "-e",
                        "export_id[[:space:]]*=[[:space:]]*[0-9]+", "--",
                        f->dir, f->config, NULL),
            guard)
        ->accept_any = true;
}

void
mn_gnfs__guess_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                    bool arbiter, struct mn_gnfs_steps *at)
{
    const struct mn_gnfs_files *f = goal->files;
    const char *file = mn_buf_str(&f->file);
    struct mn_buf line = MN_BUF_INIT;
    *at = MN_GNFS_NO_STEPS;
    mn_ganesha_id_line(&line, goal->spec.export_id);
    mn_plan_run(plan, "grep", "-qsxF", "-e", mn_buf_str(&line), "--", file,
                NULL)
        ->accept_any = true;
    plan->failed |= line.failed;
    mn_buf_dispose(&line);
    at->established = mn_plan_last(plan);
    struct mn_guard yes = {at->established, 0, false};
    struct mn_guard no = {at->established, 0, true};
    add_update(plan, goal, &yes, false, at);

    guarded(mn_plan_run(plan, "cat", "--", file, NULL), &no)->accept_any =
        true;
    at->cat = mn_plan_last(plan);
    struct mn_guard absent = {at->cat, 1, false};
    if (arbiter) {
        add_mine(plan, goal, &no); /* before a new one is made */
        at->mine = mn_plan_last(plan);
        guarded(
            mn_plan_run(plan, "mkdir", "-p", "--", mn_buf_str(&f->own), NULL),
            &absent);
        add_reserve(plan, f, goal->spec.share_id, goal->spec.export_id,
                    &absent);
        at->reserve = mn_plan_last(plan);
    }
    add_used(plan, f, &absent);
    at->used = mn_plan_last(plan);
    guarded(dbus(plan, goal->reply_s, "ShowExports"), &no);
    at->show = mn_plan_last(plan);
}

void
mn_gnfs__sure_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                   const unsigned *strays, size_t n, struct mn_gnfs_steps *at)
{
    *at = MN_GNFS_NO_STEPS;
    add_remove_exports(plan, goal->reply_s, strays, n);
    add_update(plan, goal, NULL, true, at);
}

void
mn_gnfs__repair_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                     const unsigned *strays, size_t n,
                     struct mn_gnfs_steps *at)
{
    *at = MN_GNFS_NO_STEPS;
    add_remove_exports(plan, goal->reply_s, strays, n);
    at->update = mn_gnfs__add_publish(plan, goal->reply_s,
                                      mn_buf_str(&goal->files->file),
                                      goal->spec.export_id, NULL);
    at->add = at->update + 1;
    add_display(plan, goal, NULL, at);
}

void
mn_gnfs__reserve_plan(struct mn_plan *plan, const struct mn_gnfs_files *files,
                      const char *share_id, const unsigned *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct mn_guard taken = {(int)i - 1, 0, true};
        add_reserve(plan, files, share_id, ids[i], i ? &taken : NULL);
    }
}

void
mn_gnfs__find_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                   bool arbiter, struct mn_gnfs_steps *at)
{
    const struct mn_gnfs_files *f = goal->files;
    const char *file = mn_buf_str(&f->file);
    *at = MN_GNFS_NO_STEPS;
    mn_plan_run(plan, "test", "-e", file, NULL)->accept_any = true;
    at->exists = mn_plan_last(plan);
    struct mn_guard there = {at->exists, 0, false};
    if (arbiter) {
        add_mine(plan, goal, NULL);
        at->mine = mn_plan_last(plan);
    }
    add_file_removal(plan, goal);
    guarded(mn_plan_run(plan, "sync", "--", f->dir, NULL), &there);
    mn_gnfs__add_show(plan, goal->reply_s);
    at->show = mn_plan_last(plan);
}

void
mn_gnfs__remove_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                     const unsigned *ids, size_t n, struct mn_gnfs_steps *at)
{
    *at = MN_GNFS_NO_STEPS;
    add_remove_exports(plan, goal->reply_s, ids, n);
    mn_gnfs__add_show(plan, goal->reply_s);
    at->show = mn_plan_last(plan);
}

void
mn_gnfs__release_plan(struct mn_plan *plan, const struct mn_gnfs_files *files,
                      struct mn_slice numbers)
{
    struct mn_slice line;
    struct mn_step *rm = mn_plan_run(plan, "rm", "-f", "--", NULL);
    while (mn_slice_next(&numbers, '\n', &line)) {
        mn_argv_addf(&rm->argv, "%s/%.*s", mn_buf_str(&files->own),
                     MN_SLICE_ARG(line));
    }
}

/* Does a client before the i'th one shadow it, who is wanted as a? */
static bool
is_shadowed(const struct mn_ganesha_shown *shown, size_t i,
            const struct mn_access_set *want, const struct mn_access *a)
{
    bool shadowed = false;
    for (size_t k = 0; k < i; k++) {
        const struct mn_ganesha_client *c = &shown->v[k];
        shadowed |= c->is_net && mn_access_is_shadowed(a, &c->net, want);
    }
    return shadowed;
}

static void
add_extra(struct mn_nfs_gap *gap, struct mn_slice text)
{
    mn_argv_addf(&gap->extra, "%.*s", MN_SLICE_ARG(text));
}

int
mn_gnfs__compare(const struct mn_ganesha_shown *shown,
                 const struct mn_access_set *want, struct mn_nfs_gap *gap,
                 struct mn_error *err)
{
    int rc = 0;
    struct mn_access_set good = MN_ACCESS_SET_INIT;
    struct mn_access_set none = MN_ACCESS_SET_INIT;
    for (size_t i = 0; !rc && i < shown->n; i++) {
        const struct mn_ganesha_client *c = &shown->v[i];
        const struct mn_access *a =
            c->is_net ? mn_access_set_find(want, &c->net) : NULL;
        if (!a || (c->write && !a->rw)) {
            add_extra(gap, c->text);
        }
        else if (c->read && c->write == a->rw
                 && !is_shadowed(shown, i, want, a)) {
            rc = mn_access_set_put(&good, a, err);
        }
    }
    rc = rc ? rc : mn_access_diff(&good, want, &gap->missing, &none, err);
    if (!rc && gap->extra.failed) {
        rc = mn_error_nomem(err);
    }
    mn_access_set_dispose(&good);
    mn_access_set_dispose(&none);
    return rc;
}
