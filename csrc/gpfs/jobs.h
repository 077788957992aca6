/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long jobs on a GPFS node: copying a snapshot into a share, and mmrestorefs.
 * A job belongs to a share and lives in <base>/.manila-jobs/<share id>/ on
 * GPFS: its script, what it shall do, its state. So any node can tell how it
 * goes, end it, or begin it again when the node it ran on died; and it needs
 * neither us nor our connection. What these steps run is the script.
 */
#ifndef MN_GPFS_JOBS_H
#define MN_GPFS_JOBS_H

#include "gpfs/driver.h"

enum {
    MN_JOB_STALE_S = 60, /* no beat for so long: its node died */
    MN_JOB_ATTEMPTS = 5,
};

/* The script: mn_acl_script, then mn_job_script. */
extern const char mn_acl_script[];
extern const char mn_job_script[];
void mn_job_put_script(struct mn_buf *buf);

/* What a job shall do. Strings without control characters, borrowed. */
struct mn_job_spec {
    bool revert; /* else copy */
    const char *base;
    const char *share_id; /* whose content changes */
    const char *device;   /* of the snapshot */
    const char *fileset;  /* revert */
    const char *snapshot; /* revert */
    const char *source;   /* copy: the snapshot's directory */
    const char *target;   /* copy: the share's directory */
    const char *snapshot_dir;
    uint64_t expect_kib; /* copy: how much there is to do, for the percent */
    /* for tests; 0 and NULL: as it should be */
    const char *beat_s; /* 2 */
    unsigned stale_s;
    const char *bin;
};

/* Append <base>/.manila-jobs/<share id>. */
void mn_job_dir(const char *base, const char *share_id, struct mn_buf *dir);

/* Begin it; one that goes on already is left alone. Exit status 75: another
   job of this share goes on; 73: the target holds files. */
struct mn_step *mn_job_add_start(struct mn_plan *plan,
                                 const struct mn_job_spec *spec);

/* Two steps: is there a job, and how is it. The second waits up to wait_s for
   its end, and begins it again when its node died. */
void mn_job_add_poll(struct mn_plan *plan, const char *base,
                     const char *share_id, unsigned wait_s);
enum { MN_JOB_POLL_STEPS = 2 };

/* Two steps: if there is a job, end it and remove its directory. Fails (75)
   when it does not end. */
void mn_job_add_stop(struct mn_plan *plan, const char *base,
                     const char *share_id);

/* What mn_job_add_poll() found; its steps begin at index first. */
struct mn_job_report {
    struct mn_job_state state; /* percent is 0 or 100 */
    uint64_t expect_kib;
};
int mn_job_read(const struct mn_result *result, const struct mn_plan *plan,
                int first, const char *host, struct mn_job_report *report,
                struct mn_error *err);

#endif
