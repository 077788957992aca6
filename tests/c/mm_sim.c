/* SPDX-License-Identifier: Apache-2.0 */
#include "mm_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIN "/usr/lpp/mmfs/bin/"

struct mm_fileset *
mm_sim_find(struct mm_sim *sim, const char *name)
{
    for (size_t i = 0; i < sim->n; i++) {
        if (sim->v[i].name[0] && strcmp(sim->v[i].name, name) == 0) {
            return &sim->v[i];
        }
    }
    return NULL;
}

struct mm_fileset *
mm_sim_add(struct mm_sim *sim, const char *name, const char *comment,
           const char *path, unsigned long quota_gib)
{
    size_t i = 0;
    while (sim->n < 100 && i < sim->n && sim->v[i].name[0]) {
        i++;
    }
    i = sim->n < 100 ? i : sim->n;
    if (i == sim->cap) {
        sim->cap = sim->cap ? 2 * sim->cap : 16;
        sim->v = realloc(sim->v, sim->cap * sizeof *sim->v);
    }
    sim->n = i == sim->n ? i + 1 : sim->n;
    struct mm_fileset *f = &sim->v[i];
    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->comment, sizeof f->comment, "%s", comment);
    snprintf(f->path, sizeof f->path, "%s", path);
    snprintf(f->device, sizeof f->device, "gpfs0");
    f->soft_kib = f->hard_kib = quota_gib << 20;
    f->usage_kib = 7;
    return f;
}

struct mm_snapshot *
mm_sim_snapshot(struct mm_sim *sim, const char *fileset, const char *name)
{
    for (size_t i = 0; i < MM_SNAPSHOTS; i++) {
        struct mm_snapshot *s = &sim->snapshots[i];
        if (s->name[0] && strcmp(s->name, name) == 0
            && strcmp(s->fileset, fileset) == 0) {
            return s;
        }
    }
    return NULL;
}

void
mm_sim_add_snapshot(struct mm_sim *sim, const char *fileset, const char *name,
                    const char *status)
{
    struct mm_snapshot *s = sim->snapshots;
    const struct mm_fileset *f = mm_sim_find(sim, fileset);
    while (s->name[0]) {
        s++;
    }
    snprintf(s->device, sizeof s->device, "%s", f ? f->device : "gpfs0");
    snprintf(s->fileset, sizeof s->fileset, "%s", fileset);
    snprintf(s->name, sizeof s->name, "%s", name);
    s->status = status;
}

struct mm_job *
mm_sim_job(struct mm_sim *sim, const char *id)
{
    for (size_t i = 0; i < MM_JOBS; i++) {
        const char *slash = strrchr(sim->jobs[i].dir, '/');
        if (slash && strcmp(slash + 1, id) == 0) {
            return &sim->jobs[i];
        }
    }
    return NULL;
}

static int
missing(const char *name, struct mn_buf *err)
{
    mn_buf_printf(err,
                  "Fileset name %s not found.\nmm: Command failed. "
                  "Examine previous error messages to determine cause.\n",
                  name);
    return 2;
}

/* As the commands print it: '/' and ':' encoded. */
static void
put(struct mn_buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("/:-", *text)) {
            mn_buf_printf(out, "%%%02X", (unsigned)*text);
        }
        else {
            mn_buf_putc(out, *text);
        }
    }
    mn_buf_putc(out, ':');
}

/* The word behind a flag, or NULL. */
static const char *
option(const struct mn_step *step, const char *flag)
{
    for (size_t i = 1; i + 1 < step->argv.n; i++) {
        if (strcmp(step->argv.v[i], flag) == 0) {
            return step->argv.v[i + 1];
        }
    }
    return NULL;
}

static struct mm_fileset *
find_at(struct mm_sim *sim, const char *path)
{
    for (size_t i = 0; i < sim->n; i++) {
        if (sim->v[i].name[0] && strcmp(sim->v[i].path, path) == 0) {
            return &sim->v[i];
        }
    }
    return NULL;
}

static int
list(struct mm_sim *sim, const struct mn_step *step, struct mn_buf *out,
     struct mn_buf *err)
{
    const char *path = option(step, "-J");
    const char *name = step->argv.n == 5 ? step->argv.v[2] : NULL;
    struct mm_fileset *one = path   ? find_at(sim, path)
                             : name ? mm_sim_find(sim, name)
                                    : NULL;
    if ((path || name) && !one) {
        return missing(path ? path : name, err);
    }
    mn_buf_puts(out, "mmlsfileset::HEADER:version:reserved:reserved:"
                     "filesystemName:filesetName:id:status:path:comment:"
                     "isInodeSpaceOwner:\n");
    for (size_t i = 0; i < sim->n; i++) {
        const struct mm_fileset *f = &sim->v[i];
        if (!f->name[0] || (one && f != one)
            || strcmp(f->device, step->argv.v[1]) != 0) {
            continue;
        }
        mn_buf_printf(out, "mmlsfileset::0:1:::%s:", f->device);
        put(out, f->name);
        mn_buf_printf(out, "%zu:%s:", i, f->path[0] ? "Linked" : "Unlinked");
        put(out, f->path[0] ? f->path : "--");
        put(out, f->comment);
        mn_buf_printf(out, "%d:\n", !f->dependent);
    }
    return 0;
}

static void
quotas(struct mm_sim *sim, const char *command, const char *device,
       const char *name, struct mn_buf *out)
{
    mn_buf_printf(out,
                  "*** Report for FILESET quotas on gpfs0\n"
                  "%s::HEADER:version:reserved:reserved:filesystemName:"
                  "quotaType:id:name:blockUsage:blockQuota:blockLimit:"
                  "blockInDoubt:\n",
                  command);
    for (size_t i = 0; i < sim->n; i++) {
        const struct mm_fileset *f = &sim->v[i];
        if (f->name[0] && (!name || strcmp(f->name, name) == 0)
            && strcmp(f->device, device) == 0) {
            mn_buf_printf(out,
                          "%s::0:1:::%s:FILESET:%zu:%s:%lu:%lu:%lu:%lu:\n",
                          command, f->device, i, f->name, f->usage_kib,
                          f->soft_kib, f->hard_kib, f->doubt_kib);
        }
    }
}

static void
change_fileset(const struct mn_step *step, struct mm_fileset *f)
{
    const char *name = option(step, "-j");
    const char *comment = option(step, "-t");
    if (name) {
        snprintf(f->name, sizeof f->name, "%s", name);
    }
    if (comment) {
        snprintf(f->comment, sizeof f->comment, "%s", comment);
    }
}

static int
change(struct mm_sim *sim, const char *command, const struct mn_step *step,
       struct mn_buf *err)
{
    char **v = step->argv.v;
    struct mm_fileset *f = mm_sim_find(sim, v[2]);
    const char *name = option(step, "-j");
    bool create = strcmp(command, "mmcrfileset") == 0;
    if (create ? f != NULL : name && mm_sim_find(sim, name)) {
        mn_buf_printf(err, "Fileset %s already exists.\n", v[2]);
        return 17;
    }
    if (create) {
        f = mm_sim_add(sim, v[2], v[4], "", 0);
        snprintf(f->device, sizeof f->device, "%s", v[1]);
        return 0;
    }
    if (!f) {
        return missing(v[2], err);
    }
    if (strcmp(command, "mmlinkfileset") == 0) {
        snprintf(f->path, sizeof f->path, "%s", v[4]);
    }
    else if (strcmp(command, "mmchfileset") == 0) {
        change_fileset(step, f);
    }
    else if (strcmp(command, "mmunlinkfileset") == 0) {
        if (f->busy && !v[3]) {
            mn_buf_puts(err, "Fileset has open files.\n");
            return 1;
        }
        f->path[0] = '\0';
    }
    else if (strcmp(command, "mmdelfileset") == 0) {
        if (f->path[0]) {
            mn_buf_puts(err, "Fileset is linked.\n");
            return 1;
        }
        f->name[0] = '\0';
    }
    return 0;
}

static unsigned long
kib(const char *text, char **end)
{
    unsigned long n = strtoul(text, end, 10);
    n <<= **end == 'G' ? 20 : 0;
    ++*end;
    return n;
}

static int
set_quota(struct mm_sim *sim, char **v, struct mn_buf *err)
{
    char *end;
    const char *name = strchr(v[1], ':') + 1;
    struct mm_fileset *f = mm_sim_find(sim, name);
    if (!f) {
        return missing(name, err);
    }
    f->soft_kib = kib(v[3], &end);
    f->hard_kib = kib(end + 1 - (*end != ':'), &end);
    if (sim->grows_kib) {
        f->usage_kib = sim->grows_kib;
        sim->grows_kib = 0;
    }
    return 0;
}

/* ---- snapshots ---- */

/* The next "fileset:snapshot" of a list. */
static bool
next_pair(const char **list_, const char *fileset, char f[64], char s[64])
{
    size_t n = strcspn(*list_, ",");
    const char *colon = memchr(*list_, ':', n);
    if (!n) {
        return false;
    }
    if (colon) {
        snprintf(f, 64, "%.*s", (int)(colon - *list_), *list_);
        snprintf(s, 64, "%.*s", (int)(*list_ + n - colon - 1), colon + 1);
    }
    else {
        snprintf(f, 64, "%s", fileset ? fileset : "");
        snprintf(s, 64, "%.*s", (int)n, *list_);
    }
    *list_ += n + ((*list_)[n] == ',');
    return true;
}

static int
create_snapshots(struct mm_sim *sim, const struct mn_step *step,
                 struct mn_buf *err)
{
    char f[64];
    char s[64];
    const char *in = option(step, "-j");
    const char *rest = step->argv.v[2];
    while (next_pair(&rest, in, f, s)) {
        if (!mm_sim_find(sim, f)) {
            return missing(f, err);
        }
        if (mm_sim_snapshot(sim, f, s)) {
            mn_buf_printf(err, "Snapshot %s already exists.\n", s);
            return 17;
        }
    }
    rest = step->argv.v[2];
    while (next_pair(&rest, in, f, s)) {
        mm_sim_add_snapshot(sim, f, s, "Valid");
    }
    return 0;
}

static int
delete_snapshots(struct mm_sim *sim, const struct mn_step *step,
                 struct mn_buf *err)
{
    char f[64];
    char s[64];
    const char *rest = step->argv.v[2];
    while (next_pair(&rest, option(step, "-j"), f, s)) {
        struct mm_snapshot *found = mm_sim_snapshot(sim, f, s);
        if (!found) {
            mn_buf_printf(err,
                          "Fileset %s in file system gpfs0 does not contain "
                          "snapshot %s, err = 2\n",
                          f, s);
            return 2;
        }
        found->name[0] = '\0';
    }
    return 0;
}

static int
list_snapshots(struct mm_sim *sim, const struct mn_step *step,
               struct mn_buf *out, struct mn_buf *err)
{
    bool any = false;
    const char *in = option(step, "-j");
    if (in && !mm_sim_find(sim, in)) {
        return missing(in, err);
    }
    for (size_t i = 0; i < MM_SNAPSHOTS; i++) {
        const struct mm_snapshot *s = &sim->snapshots[i];
        if (!s->name[0] || strcmp(s->device, step->argv.v[1]) != 0
            || (in && strcmp(s->fileset, in) != 0)) {
            continue;
        }
        if (!any) {
            mn_buf_puts(out, "mmlssnapshot::HEADER:version:reserved:reserved:"
                             "filesystemName:directory:snapID:status:created:"
                             "quotas:data:metadata:fileset:snapType:\n");
        }
        any = true;
        mn_buf_printf(out, "mmlssnapshot::0:1:::%s:", s->device);
        put(out, s->name);
        mn_buf_printf(out, "%zu:%s:x::0:0:%s::\n", i, s->status, s->fileset);
    }
    if (!any) {
        mn_buf_puts(out, "No snapshots in file system gpfs0\n");
    }
    return 0;
}

/* ---- jobs ---- */

static int
start_job(struct mm_sim *sim, const struct mn_step *step)
{
    char **v = step->argv.v; /* sh -c BOOT manila-job JOBS ID kind ... */
    struct mm_job *job = mm_sim_job(sim, v[5]);
    size_t n = 0;
    for (size_t i = 0; !job; i++) {
        job = sim->jobs[i].dir[0] ? NULL : &sim->jobs[i];
    }
    memset(job, 0, sizeof *job);
    snprintf(job->dir, sizeof job->dir, "%s/%s", v[4], v[5]);
    snprintf(job->kind, sizeof job->kind, "%s", v[6]);
    snprintf(job->expect, sizeof job->expect, "%s", v[17]);
    for (size_t i = 6; i < step->argv.n; i++) {
        n += (size_t)snprintf(job->spec + n, sizeof job->spec - n, "%s%s",
                              i > 6 ? " " : "", v[i]);
    }
    job->state = "running";
    return 0;
}

static struct mm_job *
job_of(struct mm_sim *sim, const char *script)
{
    for (size_t i = 0; i < MM_JOBS; i++) {
        size_t n = strlen(sim->jobs[i].dir);
        if (n && strncmp(script, sim->jobs[i].dir, n) == 0
            && strcmp(script + n, "/job") == 0) {
            return &sim->jobs[i];
        }
    }
    return NULL;
}

static int
run_job(struct mm_sim *sim, char **v, struct mn_buf *out, struct mn_buf *err)
{
    struct mm_job *job = job_of(sim, v[1]);
    if (strcmp(v[2], "stop") == 0) {
        if (job->stuck) {
            mn_buf_puts(err, "the job is busy and does not end\n");
            return 75;
        }
        job->dir[0] = '\0';
        return 0;
    }
    if (++job->polls == sim->done_after) {
        job->state = "done";
    }
    mn_buf_printf(out, "kind %s\nattempt 1\nexpect %s\nstate %s\n", job->kind,
                  job->expect, job->state);
    return 0;
}

/* ---- */

static int
mm_command(struct mm_sim *sim, const char *command, const struct mn_step *step,
           struct mn_buf *out, struct mn_buf *err)
{
    char **v = step->argv.v;
    if (strcmp(command, "mmlsfileset") == 0) {
        return list(sim, step, out, err);
    }
    if (strcmp(command, "mmrepquota") == 0) {
        quotas(sim, command, v[3], NULL, out);
        return 0;
    }
    if (strcmp(command, "mmlsquota") == 0) {
        if (!mm_sim_find(sim, v[2])) {
            mn_buf_printf(err,
                          "%s: no such fileset in quota enabled file "
                          "systems\n",
                          v[2]);
            return 1;
        }
        quotas(sim, command, v[5], v[2], out);
        return 0;
    }
    if (strcmp(command, "mmsetquota") == 0) {
        return set_quota(sim, v, err);
    }
    if (strcmp(command, "mmcrsnapshot") == 0) {
        return create_snapshots(sim, step, err);
    }
    if (strcmp(command, "mmdelsnapshot") == 0) {
        return delete_snapshots(sim, step, err);
    }
    if (strcmp(command, "mmlssnapshot") == 0) {
        return list_snapshots(sim, step, out, err);
    }
    if (strcmp(command, "mmgetstate") == 0) {
        mn_buf_puts(out, "mmgetstate::HEADER:version:reserved:reserved:"
                         "nodeName:nodeNumber:state:\n"
                         "mmgetstate::0:1:::n1:1:active:\n");
        return 0;
    }
    if (strcmp(command, "mmlsconfig") == 0) {
        mn_buf_printf(out,
                      "mmlsconfig::HEADER:version:reserved:reserved:"
                      "configParameter:value:nodeList:\n"
                      "mmlsconfig::0:1:::enforceFilesetQuotaOnRoot:%s::\n",
                      sim->root_quota ? sim->root_quota : "yes");
        return 0;
    }
    if (strcmp(command, "mmlsfs") == 0) {
        mn_buf_puts(out, "mmlsfs::HEADER:version:reserved:reserved:"
                         "deviceName:fieldName:data:remarks:\n"
                         "mmlsfs::0:1:::gpfs0:quotasEnforced:"
                         "user;group;fileset::\n");
        return 0;
    }
    return step->argv.n > 2 ? change(sim, command, step, err) : 0;
}

static int
handle(struct fake *fake, const struct mn_step *step, const char *line,
       struct mn_buf *out, struct mn_buf *err)
{
    struct mm_sim *sim = fake->ctx;
    char **v = step->argv.v;
    if (strcmp(v[0], "df") == 0) {
        const char *path = v[step->argv.n - 1];
        mn_buf_printf(out,
                      "Filesystem 1024-blocks Used Available Capacity Mounted "
                      "on\n/dev/%.*s 1000 400 600 40%% /gpfs0\n",
                      (int)strcspn(path + 1, "/"), path + 1);
        return 0;
    }
    if (strcmp(v[0], "stat") == 0) {
        mn_buf_puts(out, "directory\n");
        return 0;
    }
    if (strcmp(v[0], "chmod") == 0) {
        struct mm_fileset *f = find_at(sim, v[2]);
        if (f) {
            f->chmod = true;
        }
        return 0;
    }
    if (strcmp(v[0], "sh") == 0) {
        return strcmp(v[1], "-c") == 0 ? start_job(sim, step)
                                       : run_job(sim, v, out, err);
    }
    if (strcmp(v[0], "test") == 0) {
        return job_of(sim, v[2]) == NULL;
    }
    return strncmp(line, BIN, sizeof BIN - 1) == 0
               ? mm_command(sim, v[0] + sizeof BIN - 1, step, out, err)
               : 0;
}

void
mm_sim_init(struct mm_sim *sim)
{
    memset(sim, 0, sizeof *sim);
    fake_init(&sim->fake, handle, sim);
}

void
mm_sim_clear(struct mm_sim *sim)
{
    sim->n = 0;
    memset(sim->snapshots, 0, sizeof sim->snapshots);
    memset(sim->jobs, 0, sizeof sim->jobs);
}

void
mm_sim_dispose(struct mm_sim *sim)
{
    free(sim->v);
    fake_dispose(&sim->fake);
}
