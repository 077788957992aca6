/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One server with NFS-Ganesha in memory: files, symbolic links and the
 * exports of the daemon, as far as the driver uses them. It answers as 4.3
 * does.
 */
#ifndef GNFS_SIM_H
#define GNFS_SIM_H

#include "fake_executor.h"
#include "nfs/ganesha.h"

enum { GNFS_FILES = 64, GNFS_EXPORTS = 32 };

struct gnfs_file {
    char path[300];
    char *content; /* NULL: none here */
    bool link;     /* content is its target */
};

struct gnfs_export {
    unsigned id;
    char path[300];
    struct mn_access_set clients;
    bool anybody; /* shows '*' too */
};

struct gnfs_sim {
    struct fake fake;
    struct gnfs_file files[GNFS_FILES];
    struct gnfs_export exports[GNFS_EXPORTS];
    size_t exports_n;
    bool down;           /* the daemon */
    bool hangs;          /* it, too */
    bool old;            /* has no UpdateExport */
    bool drop_clients;   /* as for a CLIENT block with a syntax error */
    bool keep_anybody;   /* '*' survives an update */
    bool refuse_removal; /* of exports */
};

void gnfs_sim_init(struct gnfs_sim *sim);
void gnfs_sim_dispose(struct gnfs_sim *sim);
const char *gnfs_sim_file(const struct gnfs_sim *sim, const char *path);
void gnfs_sim_set(struct gnfs_sim *sim, const char *path, const char *content,
                  bool link);
struct gnfs_export *gnfs_sim_export(struct gnfs_sim *sim, unsigned id,
                                    const char *path);
/* By path; NULL: not exported. */
struct gnfs_export *gnfs_sim_find(struct gnfs_sim *sim, const char *path);
void gnfs_sim_forget(struct gnfs_sim *sim, unsigned id);
/* 'w', 'o', or 0: none. */
int gnfs_sim_level(struct gnfs_sim *sim, const char *path, const char *client);

#endif
