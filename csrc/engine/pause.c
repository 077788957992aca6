/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pause.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "engine/loop.h"

struct pause {
    struct mn_op op; /* first: casts both ways */
    struct mn_timer timer;
    unsigned ms;
};

enum { GRACE_MS = 60000 }; /* its deadline is not to come before its end */

static void
expired(struct mn_timer *timer)
{
    mn_op_finish(timer->ctx, 0, NULL);
}

static void
start(struct mn_op *op)
{
    struct pause *p = (struct pause *)op;
    p->timer = (struct mn_timer){.expired = expired, .ctx = op};
    mn_timer_start(&p->timer, mn_clock_ms() + p->ms);
}

static bool
abandon(struct mn_op *op)
{
    mn_timer_stop(&((struct pause *)op)->timer);
    return false;
}

static void
release(struct mn_op *op)
{
    mn_free(op);
}

static const struct mn_op_kind kind = {
    .start = start, .abandon = abandon, .free = release};

int
mn_pause(const struct mn_waiter *waiter, unsigned ms, struct mn_error *err)
{
    struct pause *p = mn_calloc(1, sizeof *p);
    if (!p) {
        return mn_error_nomem(err);
    }
    p->ms = ms;
    int rc = mn_op_init(&p->op, &kind, mn_waiter_wants_eventfd(waiter), err);
    p->op.what = "pause";
    if (rc == 0) {
        rc = mn_op_submit(&p->op, (int64_t)ms + GRACE_MS, err);
    }
    if (rc == 0) {
        rc = mn_waiter_wait(waiter, &p->op, err);
    }
    mn_op_unref(&p->op);
    return rc;
}
