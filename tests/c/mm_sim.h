/* SPDX-License-Identifier: Apache-2.0 */
/* A GPFS cluster in memory, as far as the driver's share operations use it. */
#ifndef MM_SIM_H
#define MM_SIM_H

#include "fake_executor.h"

enum { MM_FILESETS = 16 };

struct mm_fileset {
    char name[64];
    char comment[80];
    char path[300]; /* "": not linked */
    unsigned long quota_gib;
    bool busy; /* can only be unlinked by force */
    bool chmod;
};

struct mm_sim {
    struct fake fake;
    struct mm_fileset v[MM_FILESETS];
};

void mm_sim_init(struct mm_sim *sim);
void mm_sim_dispose(struct mm_sim *sim);
/* NULL: no such fileset. */
struct mm_fileset *mm_sim_find(struct mm_sim *sim, const char *name);
struct mm_fileset *mm_sim_add(struct mm_sim *sim, const char *name,
                              const char *comment, const char *path,
                              unsigned long quota_gib);

#endif
