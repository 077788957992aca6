/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the array has and can do, and whether it is fit for use.
 */
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

/* ---- pools ---- */

static bool
is_ours(const struct mn_tegile *t, const char *pool)
{
    for (size_t i = 0; i < t->pools.n; i++) {
        if (strcmp(t->pools.v[i], pool) == 0) {
            return true;
        }
    }
    return t->pools.n == 0;
}

/* Numbers come as strings from some arrays. */
static double
number(const struct mn_json *pool, const char *key)
{
    double value;
    return mn_json_double(mn_json_get(pool, key), &value) ? value : 0.0;
}

static int
add_pool(struct mn_tegile_stats *stats, const struct mn_json *json,
         struct mn_error *err)
{
    struct mn_tegile_pool *pool = &stats->pools[stats->n];
    *pool = (struct mn_tegile_pool){
        .name = mn_strdup(mn_json_field(json, "pool_name")),
        .total_gb = number(json, "total_capacity_gb"),
        .free_gb = number(json, "free_capacity_gb"),
        .allocated_gb = number(json, "allocated_capacity_gb"),
    };
    mn_json_bool(mn_json_get(json, "QoS_support"), &pool->qos);
    if (!pool->name) {
        return mn_error_nomem(err);
    }
    stats->n++;
    return 0;
}

static int
add_pools(struct mn_tegile *t, struct mn_tegile_stats *stats,
          const struct mn_json *pools, struct mn_error *err)
{
    size_t n = mn_json_count(pools);
    int rc = 0;
    stats->pools = mn_calloc(n + 1, sizeof *stats->pools);
    if (!stats->pools) {
        return mn_error_nomem(err);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct mn_json *pool = mn_json_at(pools, i);
        const char *name = mn_json_field(pool, "pool_name");
        rc = *name && is_ours(t, name) ? add_pool(stats, pool, err) : 0;
    }
    return rc;
}

int
mn_tegile_stats(struct mn_tegile *t, struct mn_tegile_stats *stats,
                struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_json *reply = NULL;
    unsigned level = 0;
    *stats = (struct mn_tegile_stats){0};
    mn_tegile__op_init_once(&op, t);
    /* asked anew: the array may have been updated since */
    int rc = mn_tegile__ask_firmware(&op, &level, err);
    if (rc == 0) {
        rc = mn_tegile__call(&op, &mn_tegile_m_array_stats, NULL, &reply, err);
    }
    if (rc == 0) {
        rc = add_pools(t, stats, mn_json_get(reply, "pools"), err);
    }
    if (rc == 0 && stats->n == 0) {
        rc = mn_error_set(err, MN_EPROTO, "array %s: %s tells of no pool%s",
                          t->server, mn_tegile_m_array_stats.path,
                          t->pools.n ? " that tegile_pools names" : "");
    }
    stats->revert = level >= MN_TEGILE_LEAST;
    mn_json_free(reply);
    return rc;
}

void
mn_tegile_stats_dispose(struct mn_tegile_stats *stats)
{
    for (size_t i = 0; i < stats->n; i++) {
        mn_free(stats->pools[i].name);
    }
    mn_free(stats->pools);
    *stats = (struct mn_tegile_stats){0};
}

/* The names of the pools that the driver works with. */
static int
list_pools(struct mn_tegile_op *op, struct mn_argv *pools,
           struct mn_error *err)
{
    struct mn_json *reply;
    int rc = mn_tegile__call(op, &mn_tegile_m_list_pools, NULL, &reply, err);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < mn_json_count(reply); i++) {
        const char *name = mn_json_field(mn_json_at(reply, i), "name");
        if (*name && is_ours(op->t, name)) {
            mn_argv_add(pools, name);
        }
    }
    mn_json_free(reply);
    return pools->failed ? mn_error_nomem(err) : 0;
}

int
mn_tegile_pool_of(struct mn_tegile *t, const struct mn_share *share,
                  struct mn_buf *pool, struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_argv pools = MN_ARGV_INIT;
    struct mn_tegile_place place = {0};
    bool found = false;
    mn_tegile__op_init(&op, t);
    int rc = list_pools(&op, &pools, err);
    for (size_t i = 0; rc == 0 && !found && i < pools.n; i++) {
        struct mn_share at = *share;
        at.pool = pools.v[i];
        rc = mn_tegile__search(&op, &at, &place, err);
        found = rc == 0;
        if (rc == MN_ENOTFOUND) {
            mn_error_clear(err);
            rc = 0;
        }
        mn_tegile__place_dispose(&place);
        if (found) {
            mn_buf_puts(pool, pools.v[i]);
            rc = mn_buf_failed(pool) ? mn_error_nomem(err) : 0;
        }
    }
    mn_argv_dispose(&pools);
    if (rc == 0 && !found) {
        rc = mn_error_set(err, MN_ENOTFOUND, "array %s: no pool has share %s",
                          t->server, share->name);
    }
    return rc;
}

/* ---- check ---- */

static int
check_pools(struct mn_tegile_op *op, const struct mn_argv *pools,
            struct mn_error *err)
{
    const struct mn_argv *wanted = &op->t->pools;
    for (size_t i = 0; i < wanted->n; i++) {
        if (!mn_argv_holds(pools, wanted->v[i])) {
            return mn_error_set(err, MN_ECONFIG,
                                "array %s has no pool %s: check tegile_pools",
                                op->t->server, wanted->v[i]);
        }
    }
    return pools->n ? 0
                    : mn_error_set(err, MN_ECONFIG, "array %s has no pool",
                                   op->t->server);
}

/* The project must be there in each pool that is named, and in one of those
   that just are there. */
static int
check_project(struct mn_tegile_op *op, const struct mn_argv *pools,
              struct mn_error *err)
{
    struct mn_tegile *t = op->t;
    size_t missing = 0;
    for (size_t i = 0; i < pools->n; i++) {
        struct mn_argv projects = MN_ARGV_INIT;
        int rc = mn_tegile__list_projects(op, pools->v[i], &projects, err);
        bool there = rc == 0 && mn_argv_holds(&projects, t->project);
        mn_argv_dispose(&projects);
        if (rc) {
            return rc;
        }
        if (!there) {
            missing++;
            mn_tegile__log(t, MN_LOG_WARNING,
                           "array %s: pool %s has no project %s: shares can't "
                           "be made there",
                           t->server, pools->v[i], t->project);
        }
    }
    if (missing == pools->n || (missing && t->pools.n)) {
        return mn_error_set(err, MN_ECONFIG,
                            "array %s: project %s is missing: create it in "
                            "each pool, or set tegile_default_project",
                            t->server, t->project);
    }
    return 0;
}

int
mn_tegile__check(struct mn_driver *d, struct mn_error *err)
{
    struct mn_tegile *t = mn_tegile__of(d);
    struct mn_tegile_op op;
    struct mn_argv pools = MN_ARGV_INIT;
    unsigned level;
    mn_tegile__op_init_once(&op, t);
    int rc = mn_tegile__ask_firmware(&op, &level, err);
    if (rc == 0 && level < MN_TEGILE_LEAST) {
        rc = mn_error_set(err, MN_ECONFIG,
                          "array %s has firmware %u.%u.%u; 3.5.1 or later is "
                          "needed",
                          t->server, level / 1000000, level / 1000 % 1000,
                          level % 1000);
    }
    if (rc == 0) {
        rc = list_pools(&op, &pools, err);
    }
    if (rc == 0) {
        rc = check_pools(&op, &pools, err);
    }
    if (rc == 0) {
        rc = check_project(&op, &pools, err);
    }
    mn_argv_dispose(&pools);
    return rc;
}
