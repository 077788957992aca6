/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of pools. Each share that is made has to tell them, and they
 * hardly ever change: what the array told is good for a minute. Who looks
 * after shares that are there asks anew.
 */
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "tegile/internal.h"

enum { GOOD_MS = 60000 };

static struct mn_tegile_addresses *
find(struct mn_tegile *t, const char *pool)
{
    struct mn_tegile_addresses *known = t->addresses;
    while (known && strcmp(known->pool, pool) != 0) {
        known = known->next;
    }
    return known;
}

static void
forget(struct mn_tegile_addresses *known)
{
    mn_argv_dispose(&known->ips);
    mn_free(known->pool);
    mn_free(known);
}

/* Without memory for it the array is asked once more. */
static void
remember(struct mn_tegile *t, const char *pool, const struct mn_argv *ips)
{
    struct mn_tegile_addresses *fresh = mn_calloc(1, sizeof *fresh);
    if (!fresh) {
        return;
    }
    fresh->asked_ms = mn_clock_ms();
    fresh->pool = mn_strdup(pool);
    for (size_t i = 0; i < ips->n; i++) {
        mn_argv_add(&fresh->ips, ips->v[i]);
    }
    if (!fresh->pool || fresh->ips.failed) {
        forget(fresh);
        return;
    }
    pthread_mutex_lock(&t->addresses_mutex);
    struct mn_tegile_addresses *known = find(t, pool);
    if (known) {
        struct mn_argv old = known->ips;
        known->ips = fresh->ips;
        known->asked_ms = fresh->asked_ms;
        fresh->ips = old;
    }
    else {
        fresh->next = t->addresses;
        t->addresses = fresh;
    }
    pthread_mutex_unlock(&t->addresses_mutex);
    if (known) {
        forget(fresh);
    }
}

static bool
recall(struct mn_tegile *t, const char *pool, struct mn_argv *ips)
{
    pthread_mutex_lock(&t->addresses_mutex);
    const struct mn_tegile_addresses *known = find(t, pool);
    bool good = known && mn_clock_ms() - known->asked_ms < GOOD_MS;
    for (size_t i = 0; good && i < known->ips.n; i++) {
        mn_argv_add(ips, known->ips.v[i]);
    }
    pthread_mutex_unlock(&t->addresses_mutex);
    return good;
}

void
mn_tegile__addresses_dispose(struct mn_tegile *t)
{
    while (t->addresses) {
        struct mn_tegile_addresses *next = t->addresses->next;
        forget(t->addresses);
        t->addresses = next;
    }
    pthread_mutex_destroy(&t->addresses_mutex);
}

int
mn_tegile__floating_ips(struct mn_tegile_op *op, const char *pool,
                        struct mn_argv *ips, struct mn_error *err)
{
    unsigned level;
    struct mn_json *reply;
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc || level < MN_TEGILE_FLOATING_IPS) {
        return rc;
    }
    rc = mn_tegile__call(op, &mn_tegile_m_floating_ips,
                         mn_tegile__args("s", pool), &reply, err);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < mn_json_count(reply); i++) {
        const struct mn_json *row = mn_json_at(reply, i);
        const char *ip = mn_json_field(row, "ipAddress");
        const char *of = mn_json_field(row, "poolName");
        if (*ip && (!*pool || !*of || strcmp(of, pool) == 0)) {
            mn_argv_add(ips, ip);
        }
    }
    mn_json_free(reply);
    if (ips->failed) {
        return mn_error_nomem(err);
    }
    remember(op->t, pool, ips);
    return 0;
}

int
mn_tegile__recent_ips(struct mn_tegile_op *op, const char *pool,
                      struct mn_argv *ips, struct mn_error *err)
{
    if (!recall(op->t, pool, ips)) {
        return mn_tegile__floating_ips(op, pool, ips, err);
    }
    return ips->failed ? mn_error_nomem(err) : 0;
}
