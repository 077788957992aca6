/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's one I/O thread: watched descriptors, timers, deferred tasks
 * and connecting sockets. Polling, name resolution, happy eyeballs and
 * waking up are libcurl's (curl_multi_poll, CURLOPT_CONNECT_ONLY,
 * curl_multi_wakeup).
 *
 * Everything in this header is for the engine thread, unless said. It starts
 * with the first submitted operation (Manila forks its workers after it built
 * the drivers) and lives as long as the process. A forked child finds no
 * engine and starts its own; what it inherited it closes or forgets, and
 * never frees.
 */
#ifndef MN_ENGINE_LOOP_H
#define MN_ENGINE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct mn_op;

struct mn_watch {
    int fd;
    short events; /* of poll(2); may be changed while watched */
    void (*ready)(struct mn_watch *watch, short revents);
    void *ctx;
    size_t slot;
    bool active;
};

void mn_watch_start(struct mn_watch *watch);
void mn_watch_stop(struct mn_watch *watch); /* also when not started */

struct mn_timer {
    int64_t due_ms; /* of mn_clock_ms() */
    void (*expired)(struct mn_timer *timer);
    void *ctx;
    struct mn_timer *next;
    bool active;
};

void mn_timer_start(struct mn_timer *timer, int64_t due_ms);
void mn_timer_stop(struct mn_timer *timer);

/* Work to be done once, right before the thread sleeps, however often it is
   asked for: so that many small events cause one write. */
struct mn_task {
    void (*run)(struct mn_task *task);
    void *ctx;
    struct mn_task *next;
    bool queued;
};

void mn_task_queue(struct mn_task *task);
void mn_task_forget(struct mn_task *task);

/* Connect a TCP socket. done is called once, with a descriptor that the
   callee owns (non-blocking, close-on-exec, TCP_NODELAY) or with -1 and an
   error; not after mn_connect_cancel. */
struct mn_connect;
typedef void mn_connect_done(void *ctx, int fd, const struct mn_error *err);
struct mn_connect *mn_connect_start(const char *host, uint16_t port,
                                    int64_t timeout_ms, mn_connect_done *done,
                                    void *ctx);
void mn_connect_cancel(struct mn_connect *connect); /* NULL-safe */

/* Counts up at each fork: what was made under another number is not ours.
   [any] */
unsigned mn_engine_generation(void);

/* Used by op.c: queue an operation. [any] */
int mn_engine_submit(struct mn_op *op, struct mn_error *err);
/* Used by op.c: have the thread look at cancel flags. [any] */
void mn_engine_kick(void);

#endif
