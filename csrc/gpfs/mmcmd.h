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

/* name == NULL: all filesets */
struct mn_step *mn_mm_lsfileset(struct mn_plan *plan, const char *device,
                                const char *name);
struct mn_step *mn_mm_lsquota(struct mn_plan *plan, const char *device,
                              const char *name);
struct mn_step *mn_mm_repquota(struct mn_plan *plan, const char *device);
struct mn_step *mn_mm_getstate(struct mn_plan *plan);
struct mn_step *mn_mm_lsattr(struct mn_plan *plan, const char *path);
struct mn_step *mn_mm_lsfs_quota(struct mn_plan *plan, const char *device);

/* `df -P [-B 1] PATH` and `stat --format=%F PATH` */
struct mn_step *mn_mm_df(struct mn_plan *plan, const char *path, bool bytes);
struct mn_step *mn_mm_stat(struct mn_plan *plan, const char *path);

#endif
