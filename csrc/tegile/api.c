/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "tegile/internal.h"
#include "tegile/judge.h"

enum {
    FIRST_PAUSE_MS = 250,
    DOUBLINGS = 4, /* up to 4 s */
};

void
mn_tegile__op_init(struct mn_tegile_op *op, struct mn_tegile *t)
{
    *op = (struct mn_tegile_op){.t = t,
                                .started_ms = mn_clock_ms(),
                                .limit_ms = t->operation_ms,
                                .patient = true};
}

void
mn_tegile__op_init_once(struct mn_tegile_op *op, struct mn_tegile *t)
{
    mn_tegile__op_init(op, t);
    op->limit_ms = t->request_ms;
    op->patient = false;
}

char *
mn_tegile__args(const char *letters, ...)
{
    struct mn_buf body = MN_BUF_INIT;
    va_list ap;
    va_start(ap, letters);
    mn_json_vargs(&body, letters, ap);
    va_end(ap);
    return mn_buf_take(&body);
}

/* What is left of the operation's time. A pause counts in full, whatever the
   clock says. */
static int64_t
left_ms(const struct mn_tegile_op *op)
{
    int64_t passed = mn_clock_ms() - op->started_ms;
    return op->limit_ms - (passed > op->paused_ms ? passed : op->paused_ms);
}

int
mn_tegile__pause(struct mn_tegile_op *op, unsigned attempt,
                 struct mn_error *err)
{
    unsigned ms = FIRST_PAUSE_MS
                  << (attempt < DOUBLINGS ? attempt : DOUBLINGS);
    if (!op->patient || left_ms(op) <= (int64_t)ms) {
        return mn_error_set(err, MN_ETIMEDOUT,
                            "array %s: not done within %lld s (option "
                            "tegile_operation_timeout)",
                            op->t->server, (long long)op->limit_ms / 1000);
    }
    op->paused_ms += ms;
    return op->t->rest->vtable->pause(op->t->rest, ms, err);
}

/* Of a call that brought no reply. */
static struct mn_tegile_verdict
no_reply(int rc, const struct mn_rest_reply *reply)
{
    enum mn_code code = (enum mn_code)rc;
    bool network = code == MN_ECONNECT || code == MN_ETIMEDOUT;
    return (struct mn_tegile_verdict){
        .code = code,
        .lost = reply->sent,
        .transient = network && !reply->sent,
        .hopeless = code == MN_EPROTO, /* too long */
    };
}

static struct mn_tegile_verdict
call_now(struct mn_tegile_op *op, const struct mn_tegile_method *method,
         const char *body, struct mn_json **json, struct mn_error *err)
{
    struct mn_tegile *t = op->t;
    struct mn_rest_reply reply = {0};
    struct mn_buf what = MN_BUF_INIT;
    struct mn_tegile_verdict v;
    int64_t left = left_ms(op);
    left = left > 1 ? left : 1;
    const struct mn_rest_request request = {
        .path = method->path,
        .body = body,
        .replay = method->kind != MN_TEGILE_ONCE,
        .timeout_ms = left < t->request_ms ? left : t->request_ms,
    };
    mn_buf_printf(&what, "array %s: %s", t->server, method->path);
    int rc = t->rest->vtable->call(t->rest, &request, &reply, err);
    if (rc) {
        v = no_reply(rc, &reply);
    }
    else {
        v = mn_tegile__judge(method, &reply, mn_buf_str(&what), err);
    }
    if (v.code == MN_OK) {
        *json = reply.json;
        reply.json = NULL;
    }
    mn_rest_reply_dispose(&reply);
    mn_buf_dispose(&what);
    return v;
}

static bool
may_repeat(const struct mn_tegile_method *method,
           const struct mn_tegile_verdict *v)
{
    bool again = v->transient || (v->lost && method->kind != MN_TEGILE_ONCE);
    return again && !v->hopeless;
}

/* Until it is done, or may not be repeated, or time is over; then the error
   is that of the last try. */
static int
call(struct mn_tegile_op *op, const struct mn_tegile_method *method,
     const char *body, struct mn_json **reply, struct mn_error *err)
{
    for (unsigned attempt = 0;; attempt++) {
        struct mn_error why = MN_ERROR_INIT;
        struct mn_error over = MN_ERROR_INIT;
        struct mn_tegile_verdict v = call_now(op, method, body, reply, &why);
        if (v.code == MN_OK) {
            return 0;
        }
        int rc = may_repeat(method, &v) ? mn_tegile__pause(op, attempt, &over)
                                        : MN_ETIMEDOUT;
        /* a pause may take longer than it was to */
        if (rc || left_ms(op) <= 0) {
            op->lost = v.lost;
            op->no_method = v.no_method;
            *err = rc == MN_ECANCELED ? over : why;
            return rc == MN_ECANCELED ? rc : (int)v.code;
        }
    }
}

int
mn_tegile__call(struct mn_tegile_op *op, const struct mn_tegile_method *method,
                char *body, struct mn_json **reply, struct mn_error *err)
{
    struct mn_json *json = NULL;
    bool get = method->kind == MN_TEGILE_GET;
    if (reply) {
        *reply = NULL;
    }
    if (!get && !body) {
        return mn_error_nomem(err);
    }
    int rc = call(op, method, get ? NULL : body, &json, err);
    mn_free(body);
    if (reply) {
        *reply = json;
    }
    else {
        mn_json_free(json);
    }
    return rc;
}

/* Refusals after which the object may be there nevertheless: it was before, or
   the array gave up half-way. */
static bool
is_doubtful(int rc)
{
    return rc == MN_EEXISTS || rc == MN_EREMOTE || rc == MN_ENOSPACE;
}

/* The call failed with rc and why, which stay what there is to tell when the
   array can't be asked about it; then *known is false. */
static int
ask_probe(struct mn_tegile_op *op, mn_tegile_probe *probe, const void *ctx,
          int rc, bool *known, bool *done, struct mn_error *why)
{
    struct mn_error err = MN_ERROR_INIT;
    int asked = probe(op, ctx, done, &err);
    if (asked == MN_ECANCELED || asked == MN_ENOMEM) {
        *why = err;
        return asked;
    }
    *known = asked == 0;
    return rc;
}

int
mn_tegile__call_once(struct mn_tegile_op *op,
                     const struct mn_tegile_method *method, const char *body,
                     mn_tegile_probe *probe, const void *ctx,
                     struct mn_json **reply, bool *made, struct mn_error *err)
{
    *reply = NULL;
    *made = false;
    if (!body) {
        return mn_error_nomem(err);
    }
    for (unsigned attempt = 0;; attempt++) {
        bool done = false;
        bool known = false;
        struct mn_error why = MN_ERROR_INIT;
        int rc = call(op, method, body, reply, &why);
        bool lost = rc && rc != MN_ECANCELED && op->lost;
        if (!rc) {
            *made = true;
            return 0;
        }
        if (lost || is_doubtful(rc)) {
            rc = ask_probe(op, probe, ctx, rc, &known, &done, &why);
        }
        if (done) {
            return 0;
        }
        if (!lost || !known || mn_tegile__pause(op, attempt, err)) {
            mn_error_clear(err);
            *err = why;
            return rc;
        }
    }
}
