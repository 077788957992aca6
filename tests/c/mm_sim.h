/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPFS file systems in memory, as far as the driver uses them: filesets,
 * quotas, snapshots, and its long jobs. /gpfs0/x is on the device gpfs0,
 * /gpfs1/x on gpfs1.
 */
#ifndef MM_SIM_H
#define MM_SIM_H

#include "fake_executor.h"

struct mm_fileset {
    char name[264];
    char comment[264];
    char path[300]; /* "": not linked */
    char device[32];
    unsigned long soft_kib;
    unsigned long hard_kib;
    unsigned long usage_kib;
    unsigned long doubt_kib;
    bool busy; /* can only be unlinked by force */
    bool chmod;
    bool dependent;
};

struct mm_snapshot {
    char device[32];
    char fileset[64];
    char name[64]; /* "": none */
    const char *status;
};

/* One job directory. */
struct mm_job {
    char dir[300]; /* "": none */
    char kind[16];
    char expect[32];
    char spec[600];    /* its words, joined by blanks */
    const char *state; /* "running", "done", or "failed" and its lines */
    bool stuck;        /* does not end when told to */
    int polls;
};

enum { MM_SNAPSHOTS = 32, MM_JOBS = 4 };

struct mm_sim {
    struct fake fake;
    struct mm_fileset *v;
    size_t n; /* slots in use; an empty name is a free one */
    size_t cap;
    struct mm_snapshot snapshots[MM_SNAPSHOTS];
    struct mm_job jobs[MM_JOBS];
    const char *root_quota;  /* enforceFilesetQuotaOnRoot; NULL: as good */
    unsigned long grows_kib; /* usage after the next mmsetquota */
    int done_after;          /* a job is done at its n-th poll; 0: never */
};

void mm_sim_init(struct mm_sim *sim);
void mm_sim_dispose(struct mm_sim *sim);
void mm_sim_clear(struct mm_sim *sim); /* no fileset, snapshot, job */
/* NULL: no such fileset. */
struct mm_fileset *mm_sim_find(struct mm_sim *sim, const char *name);
struct mm_fileset *mm_sim_add(struct mm_sim *sim, const char *name,
                              const char *comment, const char *path,
                              unsigned long quota_gib);
struct mm_snapshot *mm_sim_snapshot(struct mm_sim *sim, const char *fileset,
                                    const char *name);
void mm_sim_add_snapshot(struct mm_sim *sim, const char *fileset,
                         const char *name, const char *status);
/* Of the share with that id. */
struct mm_job *mm_sim_job(struct mm_sim *sim, const char *id);

#endif
