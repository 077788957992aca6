/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/plan.h"

#include <stdarg.h>
#include <string.h>

#include "core/alloc.h"

/* Where writes go after an allocation failed: per thread, emptied on use. */
static _Thread_local struct mn_step spare;

static void
step_dispose(struct mn_step *step)
{
    mn_argv_dispose(&step->argv);
    mn_buf_dispose(&step->input);
}

static void
step_init(struct mn_step *step)
{
    *step = (struct mn_step){.guard = {.step = -1}};
}

struct mn_step *
mn_plan_add(struct mn_plan *plan)
{
    if (plan->n == plan->cap && !plan->failed) {
        size_t cap = plan->cap ? plan->cap * 2 : 8;
        struct mn_step *steps = mn_realloc(plan->steps, cap * sizeof *steps);
        if (steps) {
            plan->steps = steps;
            plan->cap = cap;
        }
        plan->failed |= !steps;
    }
    if (plan->failed) {
        step_dispose(&spare);
        step_init(&spare);
        return &spare;
    }
    struct mn_step *step = &plan->steps[plan->n++];
    step_init(step);
    return step;
}

struct mn_step *
mn_plan_run(struct mn_plan *plan, const char *arg0, ...)
{
    struct mn_step *step = mn_plan_add(plan);
    va_list ap;
    va_start(ap, arg0);
    for (const char *arg = arg0; arg; arg = va_arg(ap, const char *)) {
        mn_argv_add(&step->argv, arg);
    }
    va_end(ap);
    return step;
}

int
mn_plan_last(const struct mn_plan *plan)
{
    return (int)plan->n - 1;
}

void
mn_step_accept(struct mn_step *step, unsigned char status)
{
    for (size_t i = 0; i < sizeof step->accept; i++) {
        if (step->accept[i] == 0) {
            step->accept[i] = status;
            return;
        }
    }
}

void
mn_step_guard(struct mn_step *step, int earlier, int status, bool negate)
{
    step->guard = (struct mn_guard){earlier, status, negate};
}

static struct mn_step *
guarded(struct mn_step *step, const struct mn_guard *guard)
{
    if (guard) {
        step->guard = *guard;
    }
    return step;
}

void
mn_plan_write_file(struct mn_plan *plan, const char *path,
                   struct mn_slice content, const struct mn_guard *guard)
{
    const char *slash = strrchr(path, '/');
    struct mn_buf dir = MN_BUF_INIT;
    struct mn_buf tmp = MN_BUF_INIT;
    mn_buf_add(&dir, path, slash ? (size_t)(slash - path) + 1 : 0);
    mn_buf_printf(&tmp, "%s.%s.new", mn_buf_str(&dir),
                  slash ? slash + 1 : path);

    struct mn_step *step = guarded(mn_plan_add(plan), guard);
    mn_argv_add(&step->argv, "dd");
    mn_argv_addf(&step->argv, "of=%s", mn_buf_str(&tmp));
    mn_argv_add(&step->argv, "conv=fsync");
    mn_argv_add(&step->argv, "status=none");
    mn_buf_slice(&step->input, content);
    guarded(mn_plan_run(plan, "mv", "-f", "--", mn_buf_str(&tmp), path, NULL),
            guard);
    guarded(mn_plan_run(plan, "sync", "--", mn_buf_str(&dir), NULL), guard);
    plan->failed |= dir.failed || tmp.failed;
    mn_buf_dispose(&dir);
    mn_buf_dispose(&tmp);
}

bool
mn_plan_failed(const struct mn_plan *plan)
{
    bool failed = plan->failed;
    for (size_t i = 0; i < plan->n; i++) {
        failed |= plan->steps[i].argv.failed || plan->steps[i].input.failed;
    }
    return failed;
}

void
mn_plan_dispose(struct mn_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        step_dispose(&plan->steps[i]);
    }
    mn_free(plan->steps);
    *plan = (struct mn_plan)MN_PLAN_INIT;
    step_dispose(&spare);
}

int
mn_result_init(struct mn_result *r, size_t n, struct mn_error *err)
{
    *r = (struct mn_result)MN_RESULT_INIT;
    r->steps = mn_calloc(n, sizeof *r->steps);
    if (!r->steps) {
        return mn_error_nomem(err);
    }
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        r->steps[i].status = MN_STATUS_NOT_RUN;
        r->steps[i].out = r->steps[i].err = mn_slice_of("");
    }
    return 0;
}

void
mn_result_dispose(struct mn_result *r)
{
    mn_free(r->steps);
    mn_buf_dispose(&r->out);
    mn_buf_dispose(&r->err);
    *r = (struct mn_result)MN_RESULT_INIT;
}

bool
mn_step_unanswered(const struct mn_step *step, int status, struct mn_slice err)
{
    return step->no_answer.sign && status != 0
           && mn_slice_contains(err, step->no_answer.sign);
}

bool
mn_step_accepts(const struct mn_step *step, int status, struct mn_slice err)
{
    if (mn_step_unanswered(step, status, err)) {
        return false;
    }
    if (step->accept_any || status == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof step->accept && step->accept[i]; i++) {
        if (step->accept[i] == status) {
            return true;
        }
    }
    return false;
}

bool
mn_guard_allows(const struct mn_guard *guard, const struct mn_result *r)
{
    if (guard->step < 0) {
        return true;
    }
    int status = r->steps[guard->step].status;
    return status != MN_STATUS_NOT_RUN
           && (status == guard->status) != guard->negate;
}

static struct mn_slice
last_line(struct mn_slice text)
{
    struct mn_slice line;
    struct mn_slice last = mn_slice_of("");
    while (mn_slice_next(&text, '\n', &line)) {
        line = mn_slice_trim(line);
        /* the mm commands close with this line, which tells nothing */
        if (line.n && !mn_slice_contains(line, "Examine previous error")) {
            last = line;
        }
    }
    return last;
}

int
mn_result_check(const struct mn_result *r, const struct mn_plan *plan,
                const char *host, struct mn_error *err)
{
    if (r->stopped_at < 0) {
        return 0;
    }
    const struct mn_step *step = &plan->steps[r->stopped_at];
    const struct mn_step_result *sr = &r->steps[r->stopped_at];
    struct mn_buf cmd = MN_BUF_INIT;
    mn_argv_render(&cmd, &step->argv);
    struct mn_slice why = last_line(sr->err);
    if (!why.n) {
        why = last_line(sr->out);
    }
    int shown = cmd.n > 300 ? 300 : (int)cmd.n;
    const char *cut = cmd.n > 300 ? "..." : "";
    int whylen = why.n > 400 ? 400 : (int)why.n;
    int code;
    if (mn_step_unanswered(step, sr->status, sr->err)) {
        code = mn_error_set(err, MN_ETIMEDOUT,
                            "no answer within %u s to %.*s%s on %s: %s",
                            step->no_answer.after_s, shown, mn_buf_str(&cmd),
                            cut, host, step->no_answer.advice);
    }
    else if (sr->status == 124) {
        code = mn_error_set(err, MN_ETIMEDOUT,
                            "%.*s%s on %s did not end in time and was killed",
                            shown, mn_buf_str(&cmd), cut, host);
    }
    else if (sr->status > 128) {
        code = mn_error_set(err, MN_EREMOTE,
                            "%.*s%s on %s was killed by signal %d: %.*s",
                            shown, mn_buf_str(&cmd), cut, host,
                            sr->status - 128, whylen, why.p);
    }
    else {
        code = mn_error_set(
            err, MN_EREMOTE, "%.*s%s failed with exit status %d on %s: %.*s",
            shown, mn_buf_str(&cmd), cut, sr->status, host, whylen, why.p);
    }
    mn_buf_dispose(&cmd);
    return code;
}
