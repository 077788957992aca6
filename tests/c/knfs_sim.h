/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One kernel NFS server in memory: the files of /etc/exports.d and the table
 * of exportfs(8), as far as the driver uses them. As the real one, exportfs -o
 * reads the files first: their order and options win.
 */
#ifndef KNFS_SIM_H
#define KNFS_SIM_H

#include "fake_executor.h"

enum { SIM_FILES = 16, SIM_EXPORTS = 4096 };

struct sim_file {
    char path[300];
    char *content; /* NULL: no such file */
};

struct sim_export {
    char client[80];
    char path[300];
    char options[300];
};

struct knfs_sim {
    struct fake fake;
    struct sim_file files[SIM_FILES];
    struct sim_export *table;
    size_t table_n;
    const char *refuse_export;   /* clients that -o does not take */
    const char *refuse_unexport; /* clients that -u does not find */
};

void knfs_sim_init(struct knfs_sim *sim);
void knfs_sim_dispose(struct knfs_sim *sim);
/* Content of a file, NULL: absent. */
const char *knfs_sim_file(struct knfs_sim *sim, const char *path);
void knfs_sim_set_file(struct knfs_sim *sim, const char *path,
                       const char *content);
void knfs_sim_export(struct knfs_sim *sim, const char *client,
                     const char *path, const char *options);
/* Options of an export, NULL: not exported. */
const char *knfs_sim_options(struct knfs_sim *sim, const char *client,
                             const char *path);

#endif
