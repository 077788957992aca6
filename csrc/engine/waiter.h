/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a caller waits for the engine without stopping its own kind of
 * concurrency: native threads block, eventlet's greenthreads give way to
 * their hub. The binding supplies it.
 */
#ifndef MN_ENGINE_WAITER_H
#define MN_ENGINE_WAITER_H

#include "core/error.h"
#include "engine/op.h"

struct mn_waiter {
    /* Return 0 once mn_op_done(op), or MN_ECANCELED when the caller gave up
       (a host exception is then pending). NULL: mn_op_wait(). */
    int (*wait)(void *ctx, struct mn_op *op, struct mn_error *err);
    void *ctx;
    /* Tells before submit whether op needs an eventfd to wait on; NULL: no. */
    bool (*wants_eventfd)(void *ctx);
};

bool mn_waiter_wants_eventfd(const struct mn_waiter *w);

/* Wait for op and hand out how it ended. A caller that gives up cancels it. */
int mn_waiter_wait(const struct mn_waiter *w, struct mn_op *op,
                   struct mn_error *err);

#endif
