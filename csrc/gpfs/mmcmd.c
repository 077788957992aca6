/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/mmcmd.h"

#include <inttypes.h>
#include <stddef.h>

#define BIN MN_MM_BIN

/* Making and deleting take time with the number of inodes and with the data;
   the others answer in seconds, or wait up to a minute for a lock. */
enum { CREATE_TIMEOUT_S = 600, DELETE_TIMEOUT_S = 6 * 3600 };

struct mn_step *
mn_mm_crfileset(struct mn_plan *plan, const char *device, const char *name,
                const char *share_id)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmcrfileset", device, name, "-t", NULL);
    mn_argv_addf(&step->argv, MN_MM_TAG "%s", share_id);
    mn_argv_add(&step->argv, "--inode-space");
    mn_argv_add(&step->argv, "new");
    step->timeout_s = CREATE_TIMEOUT_S;
    return step;
}

struct mn_step *
mn_mm_linkfileset(struct mn_plan *plan, const char *device, const char *name,
                  const char *path)
{
    return mn_plan_run(plan, BIN "mmlinkfileset", device, name, "-J", path,
                       NULL);
}

struct mn_step *
mn_mm_unlinkfileset(struct mn_plan *plan, const char *device, const char *name,
                    bool force)
{
    return mn_plan_run(plan, BIN "mmunlinkfileset", device, name,
                       force ? "-f" : NULL, NULL);
}

struct mn_step *
mn_mm_delfileset(struct mn_plan *plan, const char *device, const char *name)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmdelfileset", device, name, "-f", NULL);
    step->timeout_s = DELETE_TIMEOUT_S;
    return step;
}

struct mn_step *
mn_mm_setquota(struct mn_plan *plan, const char *device, const char *name,
               uint64_t gib)
{
    struct mn_step *step = mn_plan_run(plan, BIN "mmsetquota", NULL);
    mn_argv_addf(&step->argv, "%s:%s", device, name);
    mn_argv_add(&step->argv, "--block");
    mn_argv_addf(&step->argv, "%" PRIu64 "G:%" PRIu64 "G", gib, gib);
    return step;
}

struct mn_step *
mn_mm_setquota_kib(struct mn_plan *plan, const char *device, const char *name,
                   uint64_t soft_kib, uint64_t hard_kib)
{
    struct mn_step *step = mn_plan_run(plan, BIN "mmsetquota", NULL);
    mn_argv_addf(&step->argv, "%s:%s", device, name);
    mn_argv_add(&step->argv, "--block");
    mn_argv_addf(&step->argv, "%" PRIu64 "K:%" PRIu64 "K", soft_kib, hard_kib);
    return step;
}

struct mn_step *
mn_mm_chfileset(struct mn_plan *plan, const char *device, const char *name,
                const char *new_name, const char *comment)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmchfileset", device, name, NULL);
    if (new_name) {
        mn_argv_add(&step->argv, "-j");
        mn_argv_add(&step->argv, new_name);
    }
    if (comment) {
        mn_argv_add(&step->argv, "-t");
        mn_argv_add(&step->argv, comment);
    }
    return step;
}

struct mn_step *
mn_mm_lsfileset_at(struct mn_plan *plan, const char *device, const char *path)
{
    return mn_plan_run(plan, BIN "mmlsfileset", device, "-J", path, "-L", "-Y",
                       NULL);
}

struct mn_step *
mn_mm_lsfileset(struct mn_plan *plan, const char *device, const char *name)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmlsfileset", device, name, NULL);
    mn_argv_add(&step->argv, "-L");
    mn_argv_add(&step->argv, "-Y");
    return step;
}

struct mn_step *
mn_mm_lsquota(struct mn_plan *plan, const char *device, const char *name)
{
    return mn_plan_run(plan, BIN "mmlsquota", "-j", name, "-v", "-Y", device,
                       NULL);
}

struct mn_step *
mn_mm_repquota(struct mn_plan *plan, const char *device)
{
    return mn_plan_run(plan, BIN "mmrepquota", "-j", "-Y", device, NULL);
}

struct mn_step *
mn_mm_crsnapshot(struct mn_plan *plan, const char *device, const char *fileset,
                 const char *name)
{
    struct mn_step *step = mn_plan_run(plan, BIN "mmcrsnapshot", device, name,
                                       "-j", fileset, NULL);
    step->timeout_s = CREATE_TIMEOUT_S;
    return step;
}

struct mn_step *
mn_mm_crsnapshots(struct mn_plan *plan, const char *device, const char *names)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmcrsnapshot", device, names, NULL);
    step->timeout_s = CREATE_TIMEOUT_S;
    return step;
}

struct mn_step *
mn_mm_delsnapshot(struct mn_plan *plan, const char *device,
                  const char *fileset, const char *name)
{
    struct mn_step *step = mn_plan_run(plan, BIN "mmdelsnapshot", device, name,
                                       "-j", fileset, NULL);
    step->timeout_s = DELETE_TIMEOUT_S;
    return step;
}

struct mn_step *
mn_mm_delsnapshots(struct mn_plan *plan, const char *device, const char *names)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmdelsnapshot", device, names, NULL);
    step->timeout_s = DELETE_TIMEOUT_S;
    return step;
}

struct mn_step *
mn_mm_lssnapshot(struct mn_plan *plan, const char *device, const char *fileset)
{
    struct mn_step *step =
        mn_plan_run(plan, BIN "mmlssnapshot", device, "-Y", NULL);
    if (fileset) {
        mn_argv_add(&step->argv, "-j");
        mn_argv_add(&step->argv, fileset);
    }
    return step;
}

struct mn_step *
mn_mm_getstate(struct mn_plan *plan)
{
    return mn_plan_run(plan, BIN "mmgetstate", "-Y", NULL);
}

struct mn_step *
mn_mm_lsattr(struct mn_plan *plan, const char *path)
{
    return mn_plan_run(plan, BIN "mmlsattr", path, NULL);
}

struct mn_step *
mn_mm_lsfs_quota(struct mn_plan *plan, const char *device)
{
    return mn_plan_run(plan, BIN "mmlsfs", device, "-Q", "-Y", NULL);
}

struct mn_step *
mn_mm_lsconfig(struct mn_plan *plan, const char *attribute)
{
    return mn_plan_run(plan, BIN "mmlsconfig", attribute, "-Y", NULL);
}

struct mn_step *
mn_mm_df(struct mn_plan *plan, const char *path, bool bytes)
{
    if (bytes) {
        return mn_plan_run(plan, "df", "-P", "-B", "1", path, NULL);
    }
    return mn_plan_run(plan, "df", "-P", path, NULL);
}

struct mn_step *
mn_mm_stat(struct mn_plan *plan, const char *path)
{
    return mn_plan_run(plan, "stat", "--format=%F", path, NULL);
}
