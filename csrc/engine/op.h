/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation that the engine thread carries out for a waiting caller. It
 * lives on the heap and is counted: the caller and the engine hold one
 * reference each, so that a caller may go away (a killed greenthread, a
 * timeout) while the engine is still busy with it. Nothing that the engine
 * touches may live on a caller's C stack: greenlets move stacks.
 */
#ifndef MN_ENGINE_OP_H
#define MN_ENGINE_OP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct mn_op;

struct mn_op_kind {
    void (*start)(struct mn_op *op);   /* [engine] */
    bool (*abandon)(struct mn_op *op); /* [engine] deadline or cancel: stop
                                          work; whether it may have had an
                                          effect; must not call finish */
    void (*free)(struct mn_op *op);    /* [any] last reference gone */
};

struct mn_op {
    const struct mn_op_kind *kind;
    atomic_int refs;
    atomic_bool done;
    atomic_bool cancel_asked;
    int eventfd;         /* becomes readable when done; -1 if not asked for */
    int64_t deadline_ms; /* of mn_clock_ms() */
    int code;            /* read these two once done */
    struct mn_error err;
    const char *what; /* for messages: "host stor1"; owned by the kind */
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct mn_op *next;      /* [engine] queue of submissions */
    struct mn_op *live_next; /* [engine] all started ones */
    struct mn_op **live_link;
};

/* Prepare the base of a new operation with one reference. */
int mn_op_init(struct mn_op *op, const struct mn_op_kind *kind,
               bool want_eventfd, struct mn_error *err);
void mn_op_ref(struct mn_op *op);
void mn_op_unref(struct mn_op *op); /* NULL-safe */

/* Hand it to the engine, starting the engine if need be. [any] */
int mn_op_submit(struct mn_op *op, int64_t timeout_ms, struct mn_error *err);
bool mn_op_done(struct mn_op *op); /* [any] */
/* Block this thread until done or slice_ms passed (negative: until done);
   true when done. [any, without the GIL] */
bool mn_op_wait(struct mn_op *op, int slice_ms);
/* Ask the engine to give it up; never waits. [any] */
void mn_op_cancel(struct mn_op *op);

/* Tell the waiter. Drops the engine's reference. [engine] */
void mn_op_finish(struct mn_op *op, int code, const struct mn_error *err);

#endif
