/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this directory share.
 */
#ifndef MN_GPFS_INTERNAL_H
#define MN_GPFS_INTERNAL_H

#include <stdarg.h>

#include "gpfs/driver.h"
#include "gpfs/knfs.h"

void mn_gpfs__log(const struct mn_log *log, enum mn_log_level level,
                  const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A fileset name that GPFS takes and that is harmless in a command, a path
   and a file name; an id that may stand in a comment. INVAL otherwise. */
int mn_gpfs__check_share(const struct mn_share *share, struct mn_error *err);

/* Absolute, no control bytes, no "." or ".." in it. INVAL otherwise. */
int mn_gpfs__check_path(const char *path, struct mn_error *err);

/* Plans for several hosts, side by side. */
struct mn_fan {
    size_t n;
    struct mn_executor **exs;
    const struct mn_plan **plans; /* NULL skips the host */
    struct mn_result *results;
    int *codes;
    struct mn_error *errs;
};

int mn_fan_init(struct mn_fan *fan, size_t n, struct mn_error *err);
/* Drops the results of a run before. MN_ECANCELED or MN_ENOMEM here end
   everything; what happened on the single hosts is in codes and errs. */
int mn_fan_run(struct mn_fan *fan, struct mn_error *err);
void mn_fan_dispose(struct mn_fan *fan);

struct mn_gpfs {
    char *export_ip;
    char *base;
    char *export_options; /* canonical */
    struct mn_gpfs_node cluster;
    struct mn_gpfs_node *servers;
    size_t servers_n;
    struct mn_log log;
    struct mn_knfs knfs; /* borrows from the above */
    /* The GPFS device below base: the one fact that is remembered, because it
       can't change while the directory is mounted and in use. Set once. */
    _Atomic(char *) device;
};

/* One plan on the cluster. */
int mn_gpfs__run(struct mn_gpfs *g, const struct mn_plan *plan,
                 struct mn_result *result, struct mn_error *err);

/* The device, asked for on first need; a failure is not remembered. */
int mn_gpfs__device(struct mn_gpfs *g, const char **device,
                    struct mn_error *err);

/* Append base/name; "IP:base/name". */
void mn_gpfs__path(const struct mn_gpfs *g, const char *name,
                   struct mn_buf *out);
void mn_gpfs__location(const struct mn_gpfs *g, const char *name,
                       struct mn_buf *out);

/* Is the comment of a fileset the tag of this share? */
bool mn_gpfs__is_tagged(const char *comment, const struct mn_share *share);

#endif
