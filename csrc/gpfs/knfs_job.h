/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call on all kernel NFS servers: do, look, mend once, look again.
 */
#ifndef MN_GPFS_KNFS_JOB_H
#define MN_GPFS_KNFS_JOB_H

#include "gpfs/internal.h"
#include "gpfs/knfs_plan.h"

struct mn_knfs_server {
    struct mn_plan plan;
    struct mn_knfs_gap gap;
    int rc; /* other than 0: given up, err says why */
    struct mn_error err;
    bool changed;
    char complaint[160]; /* what exportfs said last when it failed */
};

struct mn_knfs_job {
    const struct mn_knfs *k;
    const struct mn_share *share;
    struct mn_knfs_goal goal;
    struct mn_buf options;
    struct mn_buf content;
    char *file;
    struct mn_fan fan;
    struct mn_knfs_server *servers;
};

/* Checks everything that will stand in a command or a file. Must be disposed
   also after a failure. */
int mn_knfs_job_init(struct mn_knfs_job *job, const struct mn_knfs *k,
                     const char *path, const struct mn_share *share,
                     struct mn_error *err);
void mn_knfs_job_dispose(struct mn_knfs_job *job);

/* Run the plans of the servers that were not given up. With skip_done only
   those that have a gap. Fails only when all has to end at once. */
int mn_knfs_job_run(struct mn_knfs_job *job, bool skip_done,
                    struct mn_error *err);

/* What does exportfs say, the step'th of server i's plan, or the last (-1)?
   Gives the server up when its plan stopped or the text is not understood. */
int mn_knfs_job_list(struct mn_knfs_job *job, size_t i, int step,
                     struct mn_exports *list, struct mn_error *err);

/* Give server i up for this call. */
void mn_knfs_job_give_up(struct mn_knfs_job *job, size_t i,
                         const struct mn_error *why);

/* Reach job->goal (want, put and drop are set) on all servers. What could not
   be reached stands in servers[i].rc and servers[i].gap. */
int mn_knfs_job_reach(struct mn_knfs_job *job, struct mn_error *err);

/* Turn that into states of the rules (may be NULL) and an error of the call:
   a server given up, or somebody who still has access and must not. */
int mn_knfs_job_judge(struct mn_knfs_job *job, struct mn_rules all,
                      struct mn_rule_state *states, struct mn_error *err);

#endif
