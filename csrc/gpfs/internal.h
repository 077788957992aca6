/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this directory share.
 */
#ifndef MN_GPFS_INTERNAL_H
#define MN_GPFS_INTERNAL_H

#include <stdarg.h>

#include "gpfs/driver.h"
#include "gpfs/helper.h"

void mn_gpfs__log(const struct mn_log *log, enum mn_log_level level,
                  const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A fileset name that GPFS takes and that is harmless in a command, a path
   and a file name; an id that may stand in a comment. INVAL otherwise. */
int mn_gpfs__check_share(const struct mn_share *share, struct mn_error *err);

bool mn_gpfs__is_name(const char *s, size_t max);

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

/* A pool, as configured. */
struct mn_gpfs_base {
    char *name;
    char *base;
    /* The GPFS device below base: the one fact that is remembered, because it
       can't change while the directory is mounted and in use. Set once. */
    _Atomic(char *) device;
};

struct mn_gpfs {
    struct mn_driver base;
    enum mn_nfs_server_type nfs_server_type;
    char *export_ip;
    struct mn_gpfs_base *pools;
    struct mn_gpfs_pool *bases; /* the same for the helper; borrows from it */
    size_t pools_n;
    char *export_options; /* canonical for kernel NFS */
    char *snapshot_dir;
    struct mn_ganesha_config ganesha; /* its strings are ours */
    struct mn_gpfs_node cluster;
    struct mn_gpfs_node *servers;
    size_t servers_n;
    struct mn_log log;
    struct mn_nfs_helper *helper; /* borrows from the above */
};

extern const struct mn_driver_vtable mn_gpfs__vtable;

/* One plan on the cluster. */
int mn_gpfs__run(struct mn_gpfs *g, const struct mn_plan *plan,
                 struct mn_result *result, struct mn_error *err);

/* ---- places.c: where shares live ---- */

/* The option that names a pool's base, for messages. */
const char *mn_gpfs__base_option(const struct mn_gpfs *g);

/* CONFIG for a pool that gpfs_pools does not name. */
int mn_gpfs__pool(struct mn_gpfs *g, const struct mn_share *share,
                  struct mn_gpfs_base **pool, struct mn_error *err);

/* The pool's device, asked for on first need; a failure is not remembered. */
int mn_gpfs__device(struct mn_gpfs *g, struct mn_gpfs_base *pool,
                    const char **device, struct mn_error *err);
/* Ask for all devices that are not known yet in one plan. errs[i] is of pool
   i; an error only when no pool has a device. */
int mn_gpfs__devices(struct mn_gpfs *g, struct mn_error *errs,
                     struct mn_error *err);

/* The device in what df printed, as the mm commands take it. */
int mn_gpfs__read_device(const struct mn_gpfs *g, struct mn_slice text,
                         struct mn_slice *device, struct mn_error *err);

/* BUSY when df names another device than the pool's, as it does for what is
   below the mount point of a file system that is not mounted. */
int mn_gpfs__check_mounted(const struct mn_gpfs *g,
                           const struct mn_gpfs_base *pool,
                           struct mn_slice text, struct mn_error *err);

/* Where a share is, or belongs. */
struct mn_gpfs_place {
    struct mn_gpfs_base *pool;
    const char *device;
    struct mn_buf path; /* of its junction */
};

/* Check the share and find its pool and path, asking nobody. */
int mn_gpfs__path(struct mn_gpfs *g, const struct mn_share *share,
                  struct mn_gpfs_place *place, struct mn_error *err);
/* And its device. Dispose also after a failure. */
int mn_gpfs__place(struct mn_gpfs *g, const struct mn_share *share,
                   struct mn_gpfs_place *place, struct mn_error *err);
void mn_gpfs__place_dispose(struct mn_gpfs_place *place);

/* Append "IP:path". */
int mn_gpfs__location(const struct mn_gpfs *g, const char *path,
                      struct mn_buf *out, struct mn_error *err);

/* Is the comment of a fileset the tag of this share? Behind the id and a
   blank may stand what the fileset was before it was managed. */
bool mn_gpfs__is_tagged(const char *comment, const struct mn_share *share);

/* May this fileset be taken for the share's? Not one that carries another
   share's tag. */
bool mn_gpfs__is_foreign(const char *comment, const struct mn_share *share);

/* 0 or INVAL: 0 GiB would mean no limit. */
int mn_gpfs__check_size(uint64_t gib, struct mn_error *err);

/* Is a limit in KiB what was set as so many GiB? Limits are rounded up to
   blocks. */
bool mn_gpfs__is_limit(uint64_t kib, uint64_t gib);

/* ---- shares.c ---- */

struct mn_job_spec;

/* mn_gpfs_create_share(), and with copy the start of that job as the last
   step of the same plan. */
int mn_gpfs__create(struct mn_gpfs *g, const struct mn_share *share,
                    const struct mn_job_spec *copy, struct mn_buf *location,
                    struct mn_error *err);

#endif
