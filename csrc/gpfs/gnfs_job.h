/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the GNFS helper share. */
#ifndef MN_GPFS_GNFS_JOB_H
#define MN_GPFS_GNFS_JOB_H

#include "gpfs/gnfs_plan.h"
#include "gpfs/nfs_job.h"

enum { MN_GNFS_ARBITER = 0 }; /* the server that keeps the numbers */
enum { MN_GNFS_STRAYS = 8 };  /* exports of one path that are looked at */

#define MN_GNFS_EXPORT_DIR "/etc/ganesha/export.d"
#define MN_GNFS_CONFIG "/etc/ganesha/ganesha.conf"

struct mn_gnfs {
    struct mn_nfs_base base; /* first */
    const char *export_dir;
    const char *config_path;
    unsigned reply_s; /* mn_gnfs__reply_s() */
};

struct mn_gnfs_own {
    struct mn_gnfs_goal goal;
    struct mn_gnfs_files files;
    struct mn_buf content;
    struct mn_access_set want;   /* split */
    struct mn_gnfs_steps *steps; /* of each server's plan */
    bool *guessed_wrong;         /* for each server */
};

/* After the guess failed somewhere: the Export_Id that the share has or gets.
   Gives all servers up when there is none to be had. */
int mn_gnfs__settle_id(struct mn_nfs_job *job, struct mn_error *err);

/* The numbers under which the daemon of server i exports the path; at most
   max. show: the step with ShowExports in the plan that ran last. */
size_t mn_gnfs__live_ids(const struct mn_nfs_job *job, size_t i, int show,
                         unsigned *ids, size_t max);

void mn_gnfs__clear_plans(struct mn_nfs_job *job);
void mn_gnfs__give_up(struct mn_nfs_job *job, size_t i, enum mn_code code,
                      const char *text, struct mn_slice detail);

/* reach and look for a goal without any client. */
int mn_gnfs__remove(struct mn_nfs_job *job, struct mn_error *err);
int mn_gnfs__look_at_removal(struct mn_nfs_job *job, size_t i,
                             struct mn_error *err);
void mn_gnfs__plan_removal(struct mn_nfs_job *job, size_t i);

int mn_gnfs__check(struct mn_nfs_helper *h, struct mn_error *err);
int mn_gnfs__has_clients(struct mn_nfs_helper *h, const char *path, bool *has,
                         struct mn_error *err);
int mn_gnfs__ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
                    struct mn_error *err);

#endif
