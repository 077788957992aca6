/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/waiter.h"

bool
mn_waiter_wants_eventfd(const struct mn_waiter *w)
{
    return w->wants_eventfd && w->wants_eventfd(w->ctx);
}

int
mn_waiter_wait(const struct mn_waiter *w, struct mn_op *op,
               struct mn_error *err)
{
    int rc = 0;
    if (w->wait) {
        rc = w->wait(w->ctx, op, err);
    }
    else {
        mn_op_wait(op, -1);
    }
    if (rc) {
        mn_op_cancel(op);
        return rc;
    }
    if (op->code) {
        *err = op->err;
    }
    return op->code;
}
