/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All filesets and their quotas, from one listing of each per file system, in
 * one plan for all pools.
 */
#ifndef MN_GPFS_SURVEY_H
#define MN_GPFS_SURVEY_H

#include "gpfs/internal.h"
#include "gpfs/mmparse.h"

struct mn_gpfs_fs {
    const char *device;  /* NULL: not known */
    struct mn_error err; /* why nothing below is known */
    bool has_quotas;     /* else they could not be read */
    struct mn_mm_filesets filesets;
    struct mn_mm_quotas quotas;
};

struct mn_gpfs_survey {
    struct mn_gpfs_fs *fs; /* by pool; pools on one device share the first */
    size_t *first;         /* of pool i: the pool that was asked for it */
    size_t n;
};

/* filesets: these too, not only quotas. A file system that can't be asked
   has its err set; an error only when none can. Dispose also then. */
int mn_gpfs__survey(struct mn_gpfs *g, bool filesets,
                    struct mn_gpfs_survey *survey, struct mn_error *err);
const struct mn_gpfs_fs *mn_gpfs__surveyed(const struct mn_gpfs_survey *survey,
                                           const struct mn_gpfs *g,
                                           const struct mn_gpfs_base *pool);
void mn_gpfs__survey_dispose(struct mn_gpfs_survey *survey);

#endif
