/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/local.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "engine/loop.h"
#include "engine/process.h"

enum {
    STATUS_TIMED_OUT = 124, /* as timeout(1) tells it */
    STATUS_NO_COMMAND = 127,
    STEP_MARGIN_MS = 5000,
};

struct local {
    struct mn_executor base; /* first */
    struct mn_argv root_helper;
    unsigned command_timeout_s;
    struct mn_waiter waiter;
};

/* The engine works on its own copy of the plan: the caller may give up, and
   free its plan, at any time. */
struct mn_pending {
    struct mn_op base; /* first */
    struct mn_plan plan;
    struct mn_result result;
    size_t step;
    struct mn_process *process;
    struct mn_timer limit;
    /* a step's output: [from, to) of result.out and result.err */
    struct span {
        size_t out, out_n, err, err_n;
    } * spans;
};

static struct mn_pending *
pending_of(struct mn_op *op)
{
    return (struct mn_pending *)op;
}

/* ---- in the engine ---- */

static void run_next(struct mn_pending *p);

static void
op_end(struct mn_pending *p)
{
    bool failed =
        mn_buf_failed(&p->result.out) || mn_buf_failed(&p->result.err);
    struct mn_error err = MN_ERROR_INIT;
    if (failed) {
        mn_error_set(&err, MN_EPROTO, "a command printed too much");
    }
    mn_op_finish(&p->base, err.code, &err);
}

static void
step_end(struct mn_pending *p, int status, struct mn_slice out,
         struct mn_slice err)
{
    struct mn_result *r = &p->result;
    p->spans[p->step] = (struct span){r->out.n, out.n, r->err.n, err.n};
    r->steps[p->step].status = status;
    mn_buf_slice(&r->out, out);
    mn_buf_slice(&r->err, err);
    mn_timer_stop(&p->limit);
    p->process = NULL;
    if (!mn_step_accepts(&p->plan.steps[p->step], status, err)) {
        r->stopped_at = (int)p->step;
        op_end(p);
        return;
    }
    p->step++;
    run_next(p);
}

static void
on_done(void *ctx, int status, struct mn_buf *out, struct mn_buf *err)
{
    struct mn_pending *p = ctx;
    p->result.out.failed |= mn_buf_failed(out);
    p->result.err.failed |= mn_buf_failed(err);
    step_end(p, status, mn_buf_view(out), mn_buf_view(err));
}

static void
on_limit(struct mn_timer *timer)
{
    struct mn_pending *p = timer->ctx;
    mn_process_abandon(p->process);
    step_end(p, STATUS_TIMED_OUT, mn_slice_of(""), mn_slice_of(""));
}

static void
run_next(struct mn_pending *p)
{
    while (p->step < p->plan.n
           && !mn_guard_allows(&p->plan.steps[p->step].guard, &p->result)) {
        p->step++;
    }
    if (p->step == p->plan.n) {
        op_end(p);
        return;
    }
    const struct mn_step *step = &p->plan.steps[p->step];
    struct mn_error err = MN_ERROR_INIT;
    p->process = mn_process_start(&step->argv, mn_buf_view(&step->input),
                                  on_done, p, &err);
    if (!p->process) {
        step_end(p, STATUS_NO_COMMAND, mn_slice_of(""), mn_slice_of(err.text));
        return;
    }
    p->limit = (struct mn_timer){.expired = on_limit, .ctx = p};
    mn_timer_start(&p->limit, mn_clock_ms() + (int64_t)step->timeout_s * 1000);
}

static void
op_start(struct mn_op *op)
{
    run_next(pending_of(op));
}

static bool
op_abandon(struct mn_op *op)
{
    struct mn_pending *p = pending_of(op);
    mn_timer_stop(&p->limit);
    if (p->process) {
        mn_process_abandon(p->process);
    }
    return p->process;
}

static void
op_free(struct mn_op *op)
{
    struct mn_pending *p = pending_of(op);
    mn_plan_dispose(&p->plan);
    mn_result_dispose(&p->result);
    mn_free(p->spans);
    mn_free(p);
}

static const struct mn_op_kind kind = {op_start, op_abandon, op_free};

/* ---- the executor ---- */

static struct local *
local_of(struct mn_executor *ex)
{
    return (struct local *)ex;
}

static void
copy_argv(struct mn_argv *to, const struct mn_argv *from)
{
    for (size_t i = 0; i < from->n; i++) {
        mn_argv_add(to, from->v[i]);
    }
}

static void
copy_plan(struct mn_plan *to, const struct mn_plan *from,
          const struct local *l)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct mn_step *theirs = &from->steps[i];
        struct mn_step *ours = mn_plan_add(to);
        *ours = *theirs;
        ours->argv = (struct mn_argv)MN_ARGV_INIT;
        mn_buf_init(&ours->input, 0);
        copy_argv(&ours->argv, &l->root_helper);
        copy_argv(&ours->argv, &theirs->argv);
        mn_buf_slice(&ours->input, mn_buf_view(&theirs->input));
        if (!ours->timeout_s) {
            ours->timeout_s = l->command_timeout_s;
        }
    }
}

static int64_t
deadline_ms(const struct mn_plan *plan)
{
    int64_t ms = STEP_MARGIN_MS;
    for (size_t i = 0; i < plan->n; i++) {
        ms += (int64_t)plan->steps[i].timeout_s * 1000;
    }
    return ms;
}

static int
local_submit(struct mn_executor *ex, const struct mn_plan *plan,
             struct mn_pending **pending, struct mn_error *err)
{
    struct local *l = local_of(ex);
    bool eventfd = mn_waiter_wants_eventfd(&l->waiter);
    struct mn_pending *p = mn_calloc(1, sizeof *p);
    if (!p) {
        return mn_error_nomem(err);
    }
    int rc = mn_op_init(&p->base, &kind, eventfd, err);
    p->base.what = "this host";
    copy_plan(&p->plan, plan, l);
    p->spans = mn_calloc(plan->n, sizeof *p->spans);
    if (rc == 0) {
        rc = mn_result_init(&p->result, plan->n, err);
    }
    if (rc == 0 && (!p->spans || mn_plan_failed(&p->plan))) {
        rc = mn_error_nomem(err);
    }
    if (rc == 0) {
        rc = mn_op_submit(&p->base, deadline_ms(&p->plan), err);
    }
    if (rc) {
        mn_op_unref(&p->base);
        return rc;
    }
    *pending = p;
    return 0;
}

static void
collect(struct mn_pending *p, struct mn_result *result)
{
    *result = p->result;
    p->result = (struct mn_result)MN_RESULT_INIT;
    for (size_t i = 0; i < result->n; i++) {
        const struct span *s = &p->spans[i];
        struct mn_step_result *sr = &result->steps[i];
        sr->out =
            (struct mn_slice){mn_buf_str(&result->out) + s->out, s->out_n};
        sr->err =
            (struct mn_slice){mn_buf_str(&result->err) + s->err, s->err_n};
    }
}

static int
local_finish(struct mn_executor *ex, struct mn_pending *p,
             struct mn_result *result, struct mn_error *err)
{
    int rc = mn_waiter_wait(&local_of(ex)->waiter, &p->base, err);
    if (rc == 0) {
        collect(p, result);
    }
    mn_op_unref(&p->base);
    return rc;
}

static void
local_cancel(struct mn_executor *ex, struct mn_pending *p)
{
    (void)ex;
    mn_op_cancel(&p->base);
    mn_op_unref(&p->base);
}

static void
local_free(struct mn_executor *ex)
{
    struct local *l = local_of(ex);
    mn_argv_dispose(&l->root_helper);
    mn_free(l);
}

static const struct mn_executor_vtable vtable = {local_submit, local_finish,
                                                 local_cancel, local_free};

int
mn_local_new(const struct mn_local_config *config, struct mn_executor **ex,
             struct mn_error *err)
{
    static const char *const none[] = {NULL};
    struct local *l = mn_calloc(1, sizeof *l);
    if (!l) {
        return mn_error_nomem(err);
    }
    l->base.vtable = &vtable;
    l->base.host = mn_strdup("this host");
    mn_argv_add_all(&l->root_helper,
                    config->root_helper ? config->root_helper : none);
    l->command_timeout_s = config->command_timeout_s;
    l->waiter = config->waiter;
    if (!l->base.host || l->root_helper.failed) {
        mn_executor_free(&l->base);
        return mn_error_nomem(err);
    }
    *ex = &l->base;
    return 0;
}
