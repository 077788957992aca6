/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IntelliFlash (Tegile) driver without Python: shares are datasets
 * "pool/Local/project/name" of the array, made and changed by calls of its
 * REST services "openstack" and "v2". Between calls nothing is remembered here
 * but the array's firmware level and, for a minute, its addresses. Manila
 * keeps what the array can't be asked for: the access rules that it was told
 * one by one.
 */
#ifndef MN_TEGILE_DRIVER_H
#define MN_TEGILE_DRIVER_H

#include "rest/rest.h"
#include "share/driver.h"

/* All strings are copied. */
struct mn_tegile_config {
    const char *server;  /* tegile_nas_server, for messages */
    const char *project; /* tegile_default_project: where shares are made */
    const char *const *pools; /* tegile_pools; none: all that the array has */
    size_t pools_n;
    unsigned request_timeout_s;   /* for one answer of the array */
    unsigned operation_timeout_s; /* for all that an operation asks */
    struct mn_log log;
    struct mn_private_data private_data;
};

struct mn_tegile;

/* Takes rest over, also when it fails. */
int mn_tegile_new(const struct mn_tegile_config *config, struct mn_rest *rest,
                  struct mn_tegile **tegile, struct mn_error *err);
struct mn_driver *mn_tegile_driver(struct mn_tegile *tegile);

/* A pool as getArrayStats tells. */
struct mn_tegile_pool {
    char *name;
    double total_gb; /* GiB */
    double free_gb;
    double allocated_gb;
    bool qos;
};

struct mn_tegile_stats {
    struct mn_tegile_pool *pools;
    size_t n;
    bool revert; /* the firmware can bring a share back to a snapshot */
};

/* The pools that the driver works with, and what the firmware can do; asked
   anew each time. The caller disposes stats, also after a failure. */
int mn_tegile_stats(struct mn_tegile *t, struct mn_tegile_stats *stats,
                    struct mn_error *err);
void mn_tegile_stats_dispose(struct mn_tegile_stats *stats);

/* Manila's get_pool: the pool that the share is in. NOTFOUND. */
int mn_tegile_pool_of(struct mn_tegile *t, const struct mn_share *share,
                      struct mn_buf *pool, struct mn_error *err);

#endif
