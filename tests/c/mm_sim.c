/* SPDX-License-Identifier: Apache-2.0 */
#include "mm_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIN "/usr/lpp/mmfs/bin/"

struct mm_fileset *
mm_sim_find(struct mm_sim *sim, const char *name)
{
    for (size_t i = 0; i < MM_FILESETS; i++) {
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
    struct mm_fileset *f = sim->v;
    while (f->name[0]) {
        f++;
    }
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->comment, sizeof f->comment, "%s", comment);
    snprintf(f->path, sizeof f->path, "%s", path);
    f->quota_gib = quota_gib;
    f->busy = f->chmod = false;
    return f;
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

static int
list(struct mm_sim *sim, const char *name, struct mn_buf *out,
     struct mn_buf *err)
{
    if (name && !mm_sim_find(sim, name)) {
        return missing(name, err);
    }
    mn_buf_puts(out, "mmlsfileset::HEADER:version:reserved:reserved:"
                     "filesystemName:filesetName:id:status:path:comment:\n");
    for (size_t i = 0; i < MM_FILESETS; i++) {
        const struct mm_fileset *f = &sim->v[i];
        if (!f->name[0] || (name && strcmp(f->name, name) != 0)) {
            continue;
        }
        mn_buf_puts(out, "mmlsfileset::0:1:::gpfs0:");
        put(out, f->name);
        mn_buf_printf(out, "%zu:%s:", i, f->path[0] ? "Linked" : "Unlinked");
        put(out, f->path[0] ? f->path : "--");
        put(out, f->comment);
        mn_buf_puts(out, "\n");
    }
    return 0;
}

static void
quotas(struct mm_sim *sim, const char *command, const char *name,
       struct mn_buf *out)
{
    mn_buf_printf(out,
                  "*** Report for FILESET quotas on gpfs0\n"
                  "%s::HEADER:version:reserved:reserved:filesystemName:"
                  "quotaType:id:name:blockUsage:blockQuota:blockLimit:\n",
                  command);
    for (size_t i = 0; i < MM_FILESETS; i++) {
        const struct mm_fileset *f = &sim->v[i];
        unsigned long kib = f->quota_gib << 20;
        if (f->name[0] && (!name || strcmp(f->name, name) == 0)) {
            mn_buf_printf(out, "%s::0:1:::gpfs0:FILESET:%zu:%s:7:%lu:%lu:\n",
                          command, i, f->name, kib, kib);
        }
    }
}

static int
change(struct mm_sim *sim, const char *command, char **v, struct mn_buf *err)
{
    struct mm_fileset *f = mm_sim_find(sim, v[2]);
    if (strcmp(command, "mmcrfileset") == 0) {
        if (f) {
            mn_buf_printf(err, "Fileset %s already exists.\n", v[2]);
            return 17;
        }
        mm_sim_add(sim, v[2], v[4], "", 0);
        return 0;
    }
    if (!f) {
        return missing(v[2], err);
    }
    if (strcmp(command, "mmlinkfileset") == 0) {
        snprintf(f->path, sizeof f->path, "%s", v[4]);
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

static int
set_quota(struct mm_sim *sim, char **v, struct mn_buf *err)
{
    const char *name = strchr(v[1], ':') + 1;
    struct mm_fileset *f = mm_sim_find(sim, name);
    if (!f) {
        return missing(name, err);
    }
    f->quota_gib = strtoul(v[3], NULL, 10);
    return 0;
}

static int
handle(struct fake *fake, const struct mn_step *step, const char *line,
       struct mn_buf *out, struct mn_buf *err)
{
    struct mm_sim *sim = fake->ctx;
    char **v = step->argv.v;
    if (strcmp(v[0], "df") == 0) {
        mn_buf_puts(out, "Filesystem 1024-blocks Used Available Capacity "
                         "Mounted on\n/dev/gpfs0 1000 400 600 40% /gpfs0\n");
        return 0;
    }
    if (strcmp(v[0], "stat") == 0) {
        mn_buf_puts(out, "directory\n");
        return 0;
    }
    if (strcmp(v[0], "chmod") == 0) {
        for (size_t i = 0; i < MM_FILESETS; i++) {
            sim->v[i].chmod |= strcmp(sim->v[i].path, v[2]) == 0;
        }
        return 0;
    }
    const char *command =
        strncmp(line, BIN, sizeof BIN - 1) == 0 ? v[0] + sizeof BIN - 1 : "";
    if (strcmp(command, "mmlsfileset") == 0) {
        return list(sim, step->argv.n == 5 ? v[2] : NULL, out, err);
    }
    if (strcmp(command, "mmrepquota") == 0) {
        quotas(sim, command, NULL, out);
        return 0;
    }
    if (strcmp(command, "mmlsquota") == 0) {
        quotas(sim, command, v[2], out);
        return 0;
    }
    if (strcmp(command, "mmsetquota") == 0) {
        return set_quota(sim, v, err);
    }
    if (strcmp(command, "mmgetstate") == 0) {
        mn_buf_puts(out, "mmgetstate::HEADER:version:reserved:reserved:"
                         "nodeName:nodeNumber:state:\n"
                         "mmgetstate::0:1:::n1:1:active:\n");
        return 0;
    }
    if (strcmp(command, "mmlsfs") == 0) {
        mn_buf_puts(out, "mmlsfs::HEADER:version:reserved:reserved:"
                         "deviceName:fieldName:data:remarks:\n"
                         "mmlsfs::0:1:::gpfs0:quotasEnforced:"
                         "user;group;fileset::\n");
        return 0;
    }
    return step->argv.n > 2 ? change(sim, command, v, err) : 0;
}

void
mm_sim_init(struct mm_sim *sim)
{
    memset(sim, 0, sizeof *sim);
    fake_init(&sim->fake, handle, sim);
}

void
mm_sim_dispose(struct mm_sim *sim)
{
    fake_dispose(&sim->fake);
}
