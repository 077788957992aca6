/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/remote.h"

#include <string.h>

#include "core/alloc.h"
#include "exec/script.h"

enum {
    STEP_MARGIN_MS = 5000, /* for the server to end a step that overran */
};

struct remote {
    struct mn_executor base; /* first */
    struct mn_ssh_host *host;
    bool sudo;
    unsigned command_timeout_s;
    unsigned connect_timeout_s;
    struct mn_waiter waiter;
};

struct mn_pending {
    const struct mn_plan *plan; /* the caller's */
    struct mn_ssh_op *op;
    char mark[MN_SCRIPT_MARK_SIZE];
};

static struct remote *
remote_of(struct mn_executor *ex)
{
    return (struct remote *)ex;
}

static void
pending_free(struct mn_pending *p)
{
    if (p->op) {
        mn_op_unref(mn_ssh_op_base(p->op));
    }
    mn_free(p);
}

static int64_t
deadline_ms(const struct remote *r, const struct mn_plan *plan)
{
    int64_t ms = (int64_t)r->connect_timeout_s * 1000;
    for (size_t i = 0; i < plan->n; i++) {
        unsigned s = plan->steps[i].timeout_s;
        ms += (int64_t)(s ? s : r->command_timeout_s) * 1000 + STEP_MARGIN_MS;
    }
    return ms;
}

static int
render(struct remote *r, struct mn_pending *p, struct mn_error *err)
{
    struct mn_buf end = MN_BUF_INIT;
    struct mn_buf killed = MN_BUF_INIT;
    int rc = mn_script_mark(p->mark, err);
    if (rc == 0) {
        struct mn_script_options options = {
            .sudo = r->sudo,
            .timeout_s = r->command_timeout_s,
            .mark = p->mark,
        };
        rc = mn_script_render(p->plan, &options, mn_ssh_op_script(p->op), err);
    }
    mn_script_ends(p->mark, &end, &killed);
    mn_ssh_op_end_marks(p->op, mn_buf_str(&end), mn_buf_str(&killed));
    bool failed = mn_buf_failed(&end) || mn_buf_failed(&killed);
    rc = rc || !failed ? rc : mn_error_nomem(err);
    mn_buf_dispose(&end);
    mn_buf_dispose(&killed);
    return rc;
}

static int
remote_submit(struct mn_executor *ex, const struct mn_plan *plan,
              struct mn_pending **pending, struct mn_error *err)
{
    struct remote *r = remote_of(ex);
    bool eventfd = mn_waiter_wants_eventfd(&r->waiter);
    struct mn_pending *p = mn_calloc(1, sizeof *p);
    if (!p) {
        return mn_error_nomem(err);
    }
    p->plan = plan;
    int rc = mn_ssh_op_new(r->host, eventfd, &p->op, err);
    if (rc == 0) {
        rc = render(r, p, err);
    }
    if (rc == 0) {
        rc = mn_op_submit(mn_ssh_op_base(p->op), deadline_ms(r, plan), err);
    }
    if (rc) {
        pending_free(p);
        return rc;
    }
    *pending = p;
    return 0;
}

static void
move(struct mn_buf *to, struct mn_buf *from)
{
    *to = *from;
    mn_buf_init(from, 0);
}

static int
collect(struct mn_executor *ex, struct mn_pending *p, struct mn_result *result,
        struct mn_error *err)
{
    int rc = mn_result_init(result, p->plan->n, err);
    if (rc == 0) {
        move(&result->out, mn_ssh_op_out(p->op));
        move(&result->err, mn_ssh_op_err(p->op));
        rc = mn_script_parse(p->plan, p->mark, result, err);
        if (rc) {
            mn_error_prefix(err, "host %s: ", ex->host);
        }
    }
    return rc;
}

static int
remote_finish(struct mn_executor *ex, struct mn_pending *p,
              struct mn_result *result, struct mn_error *err)
{
    int rc =
        mn_waiter_wait(&remote_of(ex)->waiter, mn_ssh_op_base(p->op), err);
    if (rc == 0) {
        rc = collect(ex, p, result, err);
    }
    pending_free(p);
    return rc;
}

static void
remote_cancel(struct mn_executor *ex, struct mn_pending *p)
{
    (void)ex;
    mn_op_cancel(mn_ssh_op_base(p->op));
    pending_free(p);
}

static void
remote_free(struct mn_executor *ex)
{
    struct remote *r = remote_of(ex);
    if (r->host) {
        mn_ssh_host_release(r->host);
        mn_ssh_host_unref(r->host);
    }
    mn_free(r);
}

static const struct mn_executor_vtable vtable = {remote_submit, remote_finish,
                                                 remote_cancel, remote_free};

int
mn_remote_new(const struct mn_remote_config *config, struct mn_executor **ex,
              struct mn_error *err)
{
    struct remote *r = mn_calloc(1, sizeof *r);
    if (!r) {
        return mn_error_nomem(err);
    }
    r->base.vtable = &vtable;
    r->base.host = mn_strdup(config->ssh.host);
    r->host = mn_ssh_host_new(&config->ssh);
    r->sudo = config->sudo;
    r->command_timeout_s = config->command_timeout_s;
    r->connect_timeout_s = config->ssh.connect_timeout_s;
    r->waiter = config->waiter;
    if (!r->base.host || !r->host) {
        mn_executor_free(&r->base);
        return mn_error_nomem(err);
    }
    *ex = &r->base;
    return 0;
}
