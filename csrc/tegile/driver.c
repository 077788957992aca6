/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver object.
 */
#include "tegile/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

void
mn_tegile__log(const struct mn_tegile *t, enum mn_log_level level,
               const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (!t->log.write) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    t->log.write(t->log.ctx, level, text);
}

static void
free_driver(struct mn_driver *d)
{
    struct mn_tegile *t = mn_tegile__of(d);
    mn_rest_free(t->rest);
    mn_tegile__addresses_dispose(t);
    mn_argv_dispose(&t->pools);
    mn_free(t->server);
    mn_free(t->project);
    mn_free(t);
}

int
mn_tegile_new(const struct mn_tegile_config *config, struct mn_rest *rest,
              struct mn_tegile **tegile, struct mn_error *err)
{
    struct mn_tegile *t = mn_calloc(1, sizeof *t);
    if (!t) {
        mn_rest_free(rest);
        return mn_error_nomem(err);
    }
    t->base.vtable = &mn_tegile__vtable;
    pthread_mutex_init(&t->addresses_mutex, NULL);
    t->rest = rest;
    t->log = config->log;
    t->private_data = config->private_data;
    t->operation_ms = (int64_t)config->operation_timeout_s * 1000;
    t->request_ms = (int64_t)config->request_timeout_s * 1000;
    if (t->request_ms > t->operation_ms) {
        t->request_ms = t->operation_ms;
    }
    t->server = mn_strdup(config->server);
    t->project = mn_strdup(config->project);
    for (size_t i = 0; i < config->pools_n; i++) {
        mn_argv_add(&t->pools, config->pools[i]);
    }
    if (!t->server || !t->project || t->pools.failed) {
        free_driver(&t->base);
        return mn_error_nomem(err);
    }
    *tegile = t;
    return 0;
}

struct mn_driver *
mn_tegile_driver(struct mn_tegile *tegile)
{
    return &tegile->base;
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All of the array's addresses, in an order of their own. None when they can't
   be asked for: then shares are looked after once too often. */
static int
add_addresses(struct mn_tegile *t, struct mn_buf *info, struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_argv ips = MN_ARGV_INIT;
    struct mn_error why = MN_ERROR_INIT;
    mn_tegile__op_init(&op, t);
    int rc = mn_tegile__floating_ips(&op, "", &ips, &why);
    if (rc == MN_ECANCELED || rc == MN_ENOMEM) {
        *err = why;
    }
    else {
        rc = 0;
    }
    if (ips.n) {
        qsort(ips.v, ips.n, sizeof *ips.v, compare_texts);
    }
    for (size_t i = 0; i < ips.n; i++) {
        mn_buf_printf(info, " %s", ips.v[i]);
    }
    mn_argv_dispose(&ips);
    return rc;
}

/* What the export locations depend on. When it is not what it was, Manila has
   all shares looked after at its start. */
static int
backend_info(struct mn_driver *d, struct mn_buf *info, struct mn_error *err)
{
    struct mn_tegile *t = mn_tegile__of(d);
    mn_buf_printf(info, "%s %s", t->server, t->project);
    for (size_t i = 0; i < t->pools.n; i++) {
        mn_buf_printf(info, " %s", t->pools.v[i]);
    }
    int rc = add_addresses(t, info, err);
    return rc == 0 && mn_buf_failed(info) ? mn_error_nomem(err) : rc;
}

/* The array does not know whose share it is: it need not be told. */
static int
unmanage_share(struct mn_driver *d, const struct mn_share *share,
               struct mn_error *err)
{
    return mn_tegile__forget(mn_tegile__of(d), share, err);
}

const struct mn_driver_vtable mn_tegile__vtable = {
    .check = mn_tegile__check,
    .backend_info = backend_info,
    .create_share = mn_tegile__create_share,
    .delete_share = mn_tegile__delete_share,
    .extend_share = mn_tegile__extend_share,
    .shrink_share = mn_tegile__shrink_share,
    .ensure_shares = mn_tegile__ensure_shares,
    .update_access = mn_tegile__update_access,
    .allow_access = mn_tegile__allow_access,
    .deny_access = mn_tegile__deny_access,
    .usage = mn_tegile__usage,
    .create_snapshot = mn_tegile__create_snapshot,
    .delete_snapshot = mn_tegile__delete_snapshot,
    .manage_snapshot = mn_tegile__manage_snapshot,
    .create_share_from_snapshot = mn_tegile__clone,
    .revert_to_snapshot = mn_tegile__revert,
    .manage_share = mn_tegile__manage_share,
    .unmanage_share = unmanage_share,
    .free = free_driver,
};
