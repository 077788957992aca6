/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call in the engine: begun when there is room, ended by libcurl or given
 * up. Everything but what frees it runs in the engine's thread.
 */
#include "core/alloc.h"
#include "engine/loop.h"
#include "rest/internal.h"

enum { MAX_IN_FLIGHT = 8 }; /* calls to one server at a time; others wait */

/* Give back what only the engine may touch. */
static void
end_transfer(struct mn_rest_call *call)
{
    long sent = 0;
    CURL *e = call->transfer.easy;
    if (!e) {
        return;
    }
    mn_transfer_stop(&call->transfer);
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &call->reply.status);
    curl_easy_getinfo(e, CURLINFO_REQUEST_SIZE, &sent);
    call->reply.sent = sent > 0;
    curl_easy_cleanup(e);
}

static void begin(struct mn_rest_call *call);

/* One call less is in flight: begin the next. */
static void
leave(struct mn_rest_client *c)
{
    c->in_flight--;
    struct mn_rest_call *next = c->waiting;
    if (next) {
        c->waiting = next->next;
        if (!c->waiting) {
            c->waiting_tail = &c->waiting;
        }
        next->queued = false;
        begin(next);
    }
}

static void
done(struct mn_transfer *transfer, CURLcode result)
{
    struct mn_rest_call *call = transfer->done_ctx;
    struct mn_rest_client *c = call->client;
    struct mn_error err = MN_ERROR_INIT;
    end_transfer(call);
    enum mn_code code = mn_rest__describe(call, result, &err);
    call->reply.json = code ? NULL : mn_json_reader_take(call->reader);
    leave(c); /* still held: the call has its reference until it is freed */
    mn_op_finish(&call->op, (int)code, &err);
}

/* In flight already; ends the call when it can't begin. */
static void
begin(struct mn_rest_call *call)
{
    struct mn_error err = MN_ERROR_INIT;
    struct mn_rest_client *c = call->client;
    CURL *e = curl_easy_init();
    c->in_flight++;
    call->transfer =
        (struct mn_transfer){.easy = e, .done = done, .done_ctx = call};
    if (e) {
        mn_rest__set_options(call);
    }
    if (!e || !mn_transfer_start(&call->transfer)) {
        end_transfer(call);
        leave(c);
        mn_op_finish(&call->op, mn_error_nomem(&err), &err);
    }
}

static void
start(struct mn_op *op)
{
    struct mn_rest_call *call = (struct mn_rest_call *)op;
    struct mn_rest_client *c = call->client;
    if (c->generation != mn_engine_generation() || !c->waiting_tail) {
        c->generation = mn_engine_generation();
        c->in_flight = 0;
        c->waiting = NULL;
        c->waiting_tail = &c->waiting;
    }
    if (c->in_flight < MAX_IN_FLIGHT) {
        begin(call);
        return;
    }
    call->queued = true;
    *c->waiting_tail = call;
    c->waiting_tail = &call->next;
}

static bool
abandon(struct mn_op *op)
{
    struct mn_rest_call *call = (struct mn_rest_call *)op;
    struct mn_rest_client *c = call->client;
    if (!call->queued) {
        end_transfer(call);
        leave(c);
        return call->reply.sent;
    }
    struct mn_rest_call **link = &c->waiting;
    while (*link != call) {
        link = &(*link)->next;
    }
    *link = call->next;
    if (c->waiting_tail == &call->next) {
        c->waiting_tail = link;
    }
    return false;
}

static void
release(struct mn_op *op)
{
    struct mn_rest_call *call = (struct mn_rest_call *)op;
    mn_json_reader_free(call->reader);
    mn_rest_reply_dispose(&call->reply);
    mn_free(call->what);
    mn_free(call->url);
    mn_free(call->body);
    mn_rest__client_unref(call->client);
    mn_free(call);
}

const struct mn_op_kind mn_rest__call_kind = {
    .start = start, .abandon = abandon, .free = release};
