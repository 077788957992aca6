/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builders of plan steps, one for each mm command that the driver uses. Full
 * paths: the directory is not on the PATH of an SSH command. The step that
 * they return is good until the next append to the plan.
 */
#ifndef MN_GPFS_MMCMD_H
#define MN_GPFS_MMCMD_H

#include <stdint.h>

#include "exec/plan.h"

/* The comment of a fileset made here: "manila:" and the share's id. */
#define MN_MM_TAG "manila:"

#define MN_MM_BIN "/usr/lpp/mmfs/bin/"

struct mn_step *mn_mm_crfileset(struct mn_plan *plan, const char *device,
                                const char *name, const char *share_id);
struct mn_step *mn_mm_linkfileset(struct mn_plan *plan, const char *device,
                                  const char *name, const char *path);
struct mn_step *mn_mm_unlinkfileset(struct mn_plan *plan, const char *device,
                                    const char *name, bool force);
struct mn_step *mn_mm_delfileset(struct mn_plan *plan, const char *device,
                                 const char *name);

/* Soft and hard limit alike, so that no grace period ever runs. */
struct mn_step *mn_mm_setquota(struct mn_plan *plan, const char *device,
                               const char *name, uint64_t gib);

struct mn_step *mn_mm_setquota_kib(struct mn_plan *plan, const char *device,
                                   const char *name, uint64_t soft_kib,
                                   uint64_t hard_kib);
/* Rename (new_name), change the comment (comment), or both; NULL: as is. */
struct mn_step *mn_mm_chfileset(struct mn_plan *plan, const char *device,
                                const char *name, const char *new_name,
                                const char *comment);

/* name == NULL: all filesets */
struct mn_step *mn_mm_lsfileset(struct mn_plan *plan, const char *device,
                                const char *name);
/* The one that is linked at path. */
struct mn_step *mn_mm_lsfileset_at(struct mn_plan *plan, const char *device,
                                   const char *path);
struct mn_step *mn_mm_lsquota(struct mn_plan *plan, const char *device,
                              const char *name);
struct mn_step *mn_mm_repquota(struct mn_plan *plan, const char *device);

/* Of one fileset; names: "fileset:snapshot,fileset:snapshot" of several. */
struct mn_step *mn_mm_crsnapshot(struct mn_plan *plan, const char *device,
                                 const char *fileset, const char *name);
struct mn_step *mn_mm_crsnapshots(struct mn_plan *plan, const char *device,
                                  const char *names);
struct mn_step *mn_mm_delsnapshot(struct mn_plan *plan, const char *device,
                                  const char *fileset, const char *name);
struct mn_step *mn_mm_delsnapshots(struct mn_plan *plan, const char *device,
                                   const char *names);
/* fileset == NULL: of all */
struct mn_step *mn_mm_lssnapshot(struct mn_plan *plan, const char *device,
                                 const char *fileset);

struct mn_step *mn_mm_getstate(struct mn_plan *plan);
struct mn_step *mn_mm_lsattr(struct mn_plan *plan, const char *path);
struct mn_step *mn_mm_lsfs_quota(struct mn_plan *plan, const char *device);
struct mn_step *mn_mm_lsconfig(struct mn_plan *plan, const char *attribute);

/* `df -P [-B 1] PATH` and `stat --format=%F PATH` */
struct mn_step *mn_mm_df(struct mn_plan *plan, const char *path, bool bytes);
struct mn_step *mn_mm_stat(struct mn_plan *plan, const char *path);

#endif
