/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to all servers at once that concern no single export: the set-up
 * check, and who serves a directory.
 */
#ifndef MN_GPFS_NFS_CHECK_H
#define MN_GPFS_NFS_CHECK_H

#include "gpfs/nfs_job.h"

struct mn_nfs_check {
    struct mn_nfs_base *h;
    struct mn_plan plan; /* the same on all nodes; any status is accepted */
    struct mn_fan fan;
    int rc; /* of the first failure */
    struct mn_error *err;
};

/* Look at what node i answered. */
typedef void mn_nfs_check_judge(struct mn_nfs_check *c, size_t i);

/* Run c->plan, to which the caller appended its steps, and that the pools'
   directories are there; judge every node that answers. Disposes the plan. */
int mn_nfs_check_run(struct mn_nfs_check *c, mn_nfs_check_judge *judge);

/* Each failure is logged, the first is the answer. */
void mn_nfs_check_fail(struct mn_nfs_check *c, enum mn_code code,
                       const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Did the step end well? If not, fail and say what to do about it. */
bool mn_nfs_check_passed(struct mn_nfs_check *c, size_t i, int step,
                         const char *advice);

/* Run one plan on all nodes and give each answer to read, in turn. The first
   failure ends it: a node that can't be asked may serve anybody. */
typedef int mn_nfs_ask_read(const struct mn_result *r, void *ctx,
                            struct mn_error *err);
int mn_nfs_ask(struct mn_nfs_base *h, const struct mn_plan *plan,
               mn_nfs_ask_read *read, void *ctx, struct mn_error *err);

#endif
