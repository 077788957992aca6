/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of one host. Operations wait in one queue for any free
 * shell; shells are opened while more operations wait than shells are on
 * their way, first in the sessions that there are, then in a new one.
 */
#include "ssh/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"

enum {
    HOUSEKEEPING_MS = 15000,
    SHELL_IDLE_MS = 120000,
    SESSION_IDLE_MS = 300000,
};

/* ---- the queue ---- */

static void
queue_push(struct mn_pool *pool, struct mn_ssh_op *op)
{
    op->queue_next = NULL;
    *pool->queue_tail = op;
    pool->queue_tail = &op->queue_next;
    pool->queue_n++;
}

static void
queue_remove(struct mn_pool *pool, struct mn_ssh_op *op)
{
    struct mn_ssh_op **link = &pool->queue;
    while (*link && *link != op) {
        link = &(*link)->queue_next;
    }
    if (*link) {
        *link = op->queue_next;
        pool->queue_n--;
        if (pool->queue_tail == &op->queue_next) {
            pool->queue_tail = link;
        }
    }
}

static void
queue_fail(struct mn_pool *pool, const struct mn_error *err)
{
    while (pool->queue) {
        struct mn_ssh_op *op = pool->queue;
        queue_remove(pool, op);
        mn_op_finish(&op->base, err->code, err);
    }
}

/* ---- life ---- */

static void
pool_free(struct mn_pool *pool)
{
    struct mn_ssh_host *host = pool->host;
    mn_timer_stop(&pool->housekeeping);
    host->pool = NULL;
    mn_free(pool);
    mn_ssh_host_unref(host);
}

static bool
is_idle(const struct mn_session *s)
{
    for (const struct mn_shell *sh = s->shells; sh; sh = sh->next) {
        if (sh->op) {
            return false;
        }
    }
    return s->state == MN_SESSION_READY;
}

static void
close_idle_shells(struct mn_session *s, int64_t now)
{
    bool keep_one = true;
    for (struct mn_shell *sh = s->shells; sh; sh = sh->next) {
        if (sh->state != MN_SHELL_IDLE) {
            continue;
        }
        if (!keep_one && now - sh->idle_since_ms >= SHELL_IDLE_MS) {
            mn_shell__close(sh);
        }
        keep_one = false;
    }
}

/* Close sessions that were idle for idle_ms. May free the pool. */
static void
close_idle(struct mn_pool *pool, int64_t idle_ms)
{
    int64_t now = mn_clock_ms();
    struct mn_session *next;
    pool->sessions_n++; /* keeps the pool while we walk */
    for (struct mn_session *s = pool->sessions; s; s = next) {
        next = s->next;
        close_idle_shells(s, now);
        if (is_idle(s) && now - s->idle_since_ms >= idle_ms) {
            mn_session__close(s);
        }
    }
    if (--pool->sessions_n == 0 && pool->released && !pool->queue) {
        pool_free(pool);
    }
}

static void
on_housekeeping(struct mn_timer *timer)
{
    struct mn_pool *pool = timer->ctx;
    if (pool->sessions_n) {
        mn_timer_start(timer, mn_clock_ms() + HOUSEKEEPING_MS);
        pool->full = false;
        mn_pool__dispatch(pool);
        close_idle(pool, SESSION_IDLE_MS);
    }
}

/* The host's pool, or NULL; one that was made before a fork is not ours. */
static struct mn_pool *
pool_there(const struct mn_ssh_host *host)
{
    return host->generation == mn_engine_generation() ? host->pool : NULL;
}

static struct mn_pool *
pool_of(struct mn_ssh_host *host)
{
    struct mn_pool *pool = pool_there(host);
    if (pool) {
        return pool;
    }
    pool = mn_calloc(1, sizeof *pool);
    if (pool) {
        mn_ssh_host_ref(host);
        pool->host = host;
        pool->queue_tail = &pool->queue;
        pool->housekeeping =
            (struct mn_timer){.expired = on_housekeeping, .ctx = pool};
        host->pool = pool;
        host->generation = mn_engine_generation();
    }
    return pool;
}

/* ---- shells for the queue ---- */

static struct mn_shell *
idle_shell(struct mn_pool *pool)
{
    for (struct mn_session *s = pool->sessions; s; s = s->next) {
        if (s->retiring || s->state != MN_SESSION_READY) {
            continue;
        }
        for (struct mn_shell *sh = s->shells; sh; sh = sh->next) {
            if (sh->state == MN_SHELL_IDLE && mn_session__alive(s)) {
                return sh;
            }
        }
    }
    return NULL;
}

/* Shells on their way; a session that connects will bring at least one. */
static size_t
coming(const struct mn_pool *pool, size_t *usable)
{
    size_t n = 0;
    *usable = 0;
    for (const struct mn_session *s = pool->sessions; s; s = s->next) {
        if (s->retiring || s->state == MN_SESSION_DEAD || s->peer_closed) {
            continue;
        }
        ++*usable;
        n += s->state != MN_SESSION_READY;
        for (const struct mn_shell *sh = s->shells; sh; sh = sh->next) {
            n += sh->state == MN_SHELL_OPENING
                 || sh->state == MN_SHELL_STARTING;
        }
    }
    return n;
}

static bool
is_connecting(const struct mn_pool *pool)
{
    for (const struct mn_session *s = pool->sessions; s; s = s->next) {
        if (s->state < MN_SESSION_READY) {
            return true;
        }
    }
    return false;
}

/* A session came to nothing. */
static void
session_failed(struct mn_pool *pool, const struct mn_error *err)
{
    size_t usable;
    coming(pool, &usable);
    if (usable) {
        pool->full = true;
    }
    else {
        queue_fail(pool, err);
    }
}

static void
session_add(struct mn_pool *pool)
{
    struct mn_error err = MN_ERROR_INIT;
    struct mn_session *s = mn_session__start(pool, &err);
    if (s) {
        s->next = pool->sessions;
        pool->sessions = s;
        pool->sessions_n++;
        mn_timer_start(&pool->housekeeping, mn_clock_ms() + HOUSEKEEPING_MS);
    }
    else {
        session_failed(pool, &err);
    }
}

static void
see_to_shells(struct mn_pool *pool)
{
    size_t usable;
    size_t n = coming(pool, &usable);
    for (struct mn_session *s = pool->sessions; s; s = s->next) {
        while (n < pool->queue_n && s->state == MN_SESSION_READY
               && !s->retiring && !s->peer_closed
               && s->shells_n < s->shells_max && mn_shell__open(s)) {
            n++;
        }
    }
    if (n < pool->queue_n && usable < pool->host->config.max_sessions
        && !(pool->full && usable) && !is_connecting(pool)) {
        session_add(pool);
    }
}

void
mn_pool__dispatch(struct mn_pool *pool)
{
    while (pool->queue) {
        struct mn_shell *sh = idle_shell(pool);
        if (!sh) {
            see_to_shells(pool);
            return;
        }
        struct mn_ssh_op *op = pool->queue;
        queue_remove(pool, op);
        mn_shell__give(sh, op);
    }
}

void
mn_pool__session_ended(struct mn_pool *pool, struct mn_session *s,
                       const struct mn_error *err)
{
    struct mn_session **link = &pool->sessions;
    while (*link != s) {
        link = &(*link)->next;
    }
    *link = s->next;
    pool->sessions_n--;
    if (err && !s->had_shell) {
        session_failed(pool, err);
    }
    mn_pool__dispatch(pool);
    if (pool->released && !pool->sessions_n && !pool->queue) {
        pool_free(pool);
    }
}

/* ---- the operations ---- */

static struct mn_ssh_op *
op_of(struct mn_op *base)
{
    return (struct mn_ssh_op *)base;
}

static void
op_start(struct mn_op *base)
{
    struct mn_ssh_op *op = op_of(base);
    struct mn_pool *pool = pool_of(op->host);
    if (!pool) {
        struct mn_error err = MN_ERROR_INIT;
        mn_op_finish(base, mn_error_nomem(&err), &err);
        return;
    }
    queue_push(pool, op);
    mn_pool__dispatch(pool);
}

static bool
op_abandon(struct mn_op *base)
{
    struct mn_ssh_op *op = op_of(base);
    if (op->shell) {
        mn_shell__abandon(op->shell);
        return true;
    }
    if (op->host->pool) {
        queue_remove(op->host->pool, op);
    }
    return false;
}

static void
op_free(struct mn_op *base)
{
    struct mn_ssh_op *op = op_of(base);
    mn_buf_dispose(&op->script);
    mn_buf_dispose(&op->out[0]);
    mn_buf_dispose(&op->out[1]);
    mn_ssh_host_unref(op->host);
    mn_free(op);
}

static const struct mn_op_kind run_kind = {op_start, op_abandon, op_free};

/* No more operations will come: close what is idle, now. */
static void
release_start(struct mn_op *base)
{
    struct mn_pool *pool = pool_there(op_of(base)->host);
    if (pool) {
        pool->released = true;
        for (struct mn_session *s = pool->sessions; s; s = s->next) {
            s->retiring = !pool->queue;
        }
        close_idle(pool, 0);
    }
    mn_op_finish(base, MN_OK, NULL);
}

static bool
release_abandon(struct mn_op *base)
{
    (void)base; /* start ends it at once */
    return false;
}

static const struct mn_op_kind release_kind = {release_start, release_abandon,
                                               op_free};

static int
op_new(struct mn_ssh_host *host, const struct mn_op_kind *kind,
       bool want_eventfd, struct mn_ssh_op **new_op, struct mn_error *err)
{
    struct mn_ssh_op *op = mn_calloc(1, sizeof *op);
    if (!op) {
        return mn_error_nomem(err);
    }
    mn_ssh_host_ref(host);
    op->host = host;
    int rc = mn_op_init(&op->base, kind, want_eventfd, err);
    if (rc) {
        mn_op_unref(&op->base);
        return rc;
    }
    op->base.what = host->name;
    *new_op = op;
    return 0;
}

int
mn_ssh_op_new(struct mn_ssh_host *host, bool want_eventfd,
              struct mn_ssh_op **op, struct mn_error *err)
{
    int rc = op_new(host, &run_kind, want_eventfd, op, err);
    if (rc == 0) {
        atomic_store(&host->used, mn_engine_generation() + 1);
    }
    return rc;
}

void
mn_ssh_host_release(struct mn_ssh_host *host)
{
    struct mn_ssh_op *op;
    if (atomic_load(&host->used) != mn_engine_generation() + 1) {
        return; /* this process has no connection to it */
    }
    if (op_new(host, &release_kind, false, &op, NULL) == 0) {
        mn_op_submit(&op->base, 60000, NULL);
        mn_op_unref(&op->base);
    }
}

struct mn_op *
mn_ssh_op_base(struct mn_ssh_op *op)
{
    return &op->base;
}

struct mn_buf *
mn_ssh_op_script(struct mn_ssh_op *op)
{
    return &op->script;
}

static void
set_mark(struct mn_ssh_mark *mark, const char *line)
{
    int n = snprintf(mark->text, sizeof mark->text, "\n%s\n", line);
    mark->n = (size_t)n;
}

void
mn_ssh_op_end_marks(struct mn_ssh_op *op, const char *end, const char *last)
{
    set_mark(&op->end, end);
    set_mark(&op->last, last);
}

struct mn_buf *
mn_ssh_op_out(struct mn_ssh_op *op)
{
    return &op->out[0];
}

struct mn_buf *
mn_ssh_op_err(struct mn_ssh_op *op)
{
    return &op->out[1];
}
