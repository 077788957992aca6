/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call on all NFS servers: do, look, mend once, look again. What differs
 * between the kinds of server is behind struct mn_nfs_kind.
 */
#ifndef MN_GPFS_NFS_JOB_H
#define MN_GPFS_NFS_JOB_H

#include "gpfs/helper.h"
#include "gpfs/internal.h"
#include "gpfs/nfs_goal.h"

struct mn_nfs_kind;

/* What all helpers begin with. */
struct mn_nfs_base {
    struct mn_nfs_helper helper; /* first */
    const struct mn_nfs_kind *kind;
    struct mn_nfs_helper_config config; /* borrowed */
    const struct mn_gpfs_node *nodes;   /* where plans run: the servers, or */
    size_t n;                           /* with CES one node of the cluster */
    struct mn_gpfs_node cluster;
    char *options; /* canonical */
};

struct mn_nfs_server {
    struct mn_plan plan;
    struct mn_nfs_gap gap;
    int rc; /* other than 0: given up, err says why */
    struct mn_error err;
    bool changed;
    char complaint[160]; /* what its commands said last when they failed */
};

struct mn_nfs_job {
    struct mn_nfs_base *h;
    const struct mn_nfs_export *e;
    struct mn_nfs_goal goal;
    struct mn_buf options; /* canonical */
    struct mn_fan fan;
    struct mn_nfs_server *servers;
    void *own; /* kind->own_size zeroed bytes */
};

struct mn_nfs_kind {
    struct mn_nfs_helper_vtable vtable;
    const char *node_title;   /* "NFS server" */
    const char *not_in_force; /* when the server itself did not complain */
    bool splits_any;          /* says a network of /0 as its two halves */
    size_t own_size;
    /* Check export options and append the canonical list. NULL: "". */
    int (*check_options)(const char *options, struct mn_buf *out,
                         struct mn_error *err);
    mn_nfs_check_access *check_access; /* may be NULL */
    /* Fill job->own; end must cope with a begin that failed. */
    int (*begin)(struct mn_nfs_job *job, struct mn_error *err);
    void (*end)(struct mn_nfs_job *job);
    /* Merge into goal.want who has access now (mn_nfs_goal_keep). */
    int (*read)(struct mn_nfs_job *job, struct mn_error *err);
    /* Reach job->goal on all servers. What could not be reached stands in
       servers[i].rc and servers[i].gap. */
    int (*reach)(struct mn_nfs_job *job, struct mn_error *err);
    /* For mn_nfs_job_mend: append the steps that close server i's gap, with
       what look wants to see. */
    void (*plan_repair)(struct mn_nfs_job *job, size_t i);
    /* Compare what server i answered with the goal: its gap, changed and
       complaint, or give it up. Fails with NOMEM alone. */
    int (*look)(struct mn_nfs_job *job, size_t i, struct mn_error *err);
};

/* size: of the kind's struct, which begins with struct mn_nfs_base. CONFIG
   for no servers or bad options. */
int mn_nfs_base_new(const struct mn_nfs_kind *kind,
                    const struct mn_nfs_helper_config *config, size_t size,
                    struct mn_nfs_base **base, struct mn_error *err);

/* Members of every kind's vtable, made of the kind's functions. */
int mn_nfs__update_access(struct mn_nfs_helper *h,
                          const struct mn_nfs_export *e, struct mn_rules all,
                          struct mn_rules add, struct mn_rules drop,
                          struct mn_rules update, struct mn_rule_state *states,
                          struct mn_error *err);
int mn_nfs__allow_access(struct mn_nfs_helper *h,
                         const struct mn_nfs_export *e,
                         const struct mn_access_rule *rule,
                         struct mn_error *err);
int mn_nfs__deny_access(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
                        const struct mn_access_rule *rule,
                        struct mn_error *err);
int mn_nfs__remove_export(struct mn_nfs_helper *h,
                          const struct mn_nfs_export *e, struct mn_error *err);
void mn_nfs__free(struct mn_nfs_helper *h);

/* Checks everything that will stand in a command or a file. Must be disposed
   also after a failure. */
int mn_nfs_job_init(struct mn_nfs_job *job, struct mn_nfs_base *h,
                    const struct mn_nfs_export *e, struct mn_error *err);
void mn_nfs_job_dispose(struct mn_nfs_job *job);

/* Run the plans of the servers that were not given up and have one. Fails
   only when all has to end at once. */
int mn_nfs_job_run(struct mn_nfs_job *job, struct mn_error *err);

/* Did server i's plan run just now, and was it not given up? */
bool mn_nfs_job_answered(const struct mn_nfs_job *job, size_t i);

/* The step'th step of the plan that ran last on server i; a step that did not
   run when there is no such one. */
struct mn_step_result mn_nfs_job_step(const struct mn_nfs_job *job, size_t i,
                                      int step);

/* Give the server up if its plan stopped. Returns its rc. */
int mn_nfs_job_check(struct mn_nfs_job *job, size_t i);

/* Give server i up for this call. */
void mn_nfs_job_give_up(struct mn_nfs_job *job, size_t i,
                        const struct mn_error *why);

/* Keep the first line of text as the server's complaint, unless empty. */
void mn_nfs_server_complains(struct mn_nfs_server *s, struct mn_slice text);

/* kind->look at all servers that answered. */
int mn_nfs_job_look(struct mn_nfs_job *job, struct mn_error *err);

/* kind->plan_repair on the servers with a gap, run, look again. */
int mn_nfs_job_mend(struct mn_nfs_job *job, struct mn_error *err);

/* Turn what could not be reached into states of the rules (may be NULL) and
   an error of the call: a server given up, or somebody who still has access
   and must not. */
int mn_nfs_job_judge(struct mn_nfs_job *job, struct mn_rules all,
                     struct mn_rule_state *states, struct mn_error *err);

#endif
