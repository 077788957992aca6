/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_executor.h"

#include <assert.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"

struct mn_pending {
    const struct mn_plan *plan;
};

int
run_steps(const struct mn_plan *plan, step_runner *run, void *ctx,
          struct mn_result *result, struct mn_error *err)
{
    int rc = mn_result_init(result, plan->n, err);
    size_t *ends = calloc(plan->n * 2 + 2, sizeof *ends);
    for (size_t i = 0; !rc && i < plan->n; i++) {
        const struct mn_step *step = &plan->steps[i];
        if (result->stopped_at < 0 && mn_guard_allows(&step->guard, result)) {
            size_t n = result->err.n;
            int status = run(ctx, step, &result->out, &result->err);
            struct mn_slice said = mn_slice_of("");
            if (!result->err.failed) {
                said = (struct mn_slice){mn_buf_str(&result->err) + n,
                                         result->err.n - n};
            }
            result->steps[i].status = status;
            if (!mn_step_accepts(step, status, said)) {
                result->stopped_at = (int)i;
            }
        }
        ends[2 * i + 2] = result->out.n;
        ends[2 * i + 3] = result->err.n;
    }
    if (!rc && (result->out.failed || result->err.failed)) {
        rc = mn_error_nomem(err);
    }
    for (size_t i = 0; !rc && i < plan->n; i++) {
        struct mn_step_result *sr = &result->steps[i];
        sr->out.p = mn_buf_str(&result->out) + ends[2 * i];
        sr->out.n = ends[2 * i + 2] - ends[2 * i];
        sr->err.p = mn_buf_str(&result->err) + ends[2 * i + 1];
        sr->err.n = ends[2 * i + 3] - ends[2 * i + 1];
    }
    free(ends);
    return rc;
}

static void
let_others_act(struct fake *f, const char *line)
{
    struct fake_meanwhile m = f->meanwhile;
    if (m.pattern && fnmatch(m.pattern, line, 0) == 0) {
        f->meanwhile.pattern = NULL;
        m.act(m.ctx);
    }
}

static int
run_step(void *ctx, const struct mn_step *step, struct mn_buf *out,
         struct mn_buf *err)
{
    struct fake *f = ctx;
    char line[65536 * 4] = "";
    size_t n = 0;
    for (size_t i = 0; i < step->argv.n; i++) {
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%s", i ? " " : "",
                              step->argv.v[i]);
        assert(n < sizeof line);
    }
    let_others_act(f, line);
    mn_buf_printf(&f->log, "%s\n", line);
    for (size_t i = f->answers_n; i-- > 0;) {
        struct fake_answer *a = &f->answers[i];
        if (!(a->once && a->used) && fnmatch(a->pattern, line, 0) == 0) {
            a->used = true;
            mn_buf_puts(out, a->out ? a->out : "");
            mn_buf_puts(err, a->err ? a->err : "");
            return a->status;
        }
    }
    return f->handler ? f->handler(f, step, line, out, err) : 0;
}

static int
submit(struct mn_executor *self, const struct mn_plan *plan,
       struct mn_pending **pending, struct mn_error *err)
{
    struct fake *f = (struct fake *)self;
    f->plans++;
    if (f->fail && f->plans >= f->fail_from) {
        return mn_error_set(err, f->fail, "made to fail");
    }
    *pending = calloc(1, sizeof **pending);
    (*pending)->plan = plan;
    return 0;
}

static int
finish(struct mn_executor *self, struct mn_pending *pending,
       struct mn_result *result, struct mn_error *err)
{
    struct fake *f = (struct fake *)self;
    int rc = run_steps(pending->plan, run_step, self, result, err);
    if (!rc && (f->nomem || f->log.failed)) {
        rc = mn_error_nomem(err);
        f->nomem = f->log.failed = false;
    }
    free(pending);
    return rc;
}

static void
cancel(struct mn_executor *self, struct mn_pending *pending)
{
    (void)self;
    free(pending);
}

static void
no_free(struct mn_executor *self)
{
    (void)self;
}

static const struct mn_executor_vtable vtable = {submit, finish, cancel,
                                                 no_free};

void
fake_init(struct fake *f, fake_handler *handler, void *ctx)
{
    memset(f, 0, sizeof *f);
    f->base.vtable = &vtable;
    f->handler = handler;
    f->ctx = ctx;
}

void
fake_dispose(struct fake *f)
{
    mn_buf_dispose(&f->log);
}

void
fake_clear_log(struct fake *f)
{
    mn_buf_dispose(&f->log);
    f->plans = 0;
}

void
fake_answer(struct fake *f, const char *pattern, int status, const char *out,
            const char *err)
{
    f->answers[f->answers_n++] = (struct fake_answer){
        .pattern = pattern, .status = status, .out = out, .err = err};
}

void
fake_answer_once(struct fake *f, const char *pattern, int status,
                 const char *out, const char *err)
{
    fake_answer(f, pattern, status, out, err);
    f->answers[f->answers_n - 1].once = true;
}

void
fake_meanwhile(struct fake *f, const char *pattern, void (*act)(void *ctx),
               void *ctx)
{
    f->meanwhile = (struct fake_meanwhile){pattern, act, ctx};
}
