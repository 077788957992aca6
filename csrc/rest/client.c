/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/client.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "core/secret.h"
#include "engine/loop.h"
#include "engine/pause.h"
#include "engine/transfer.h"
#include "rest/json_reader.h"

enum {
    MAX_IN_FLIGHT = 8, /* calls to one server at a time; others wait */
    MAX_BODY = 64 << 20,
    HEADERS_N = 3,
};

struct call;

/* Counted: a call that its caller gave up may outlive the driver. */
struct client {
    struct mn_rest rest; /* first: casts both ways */
    atomic_int refs;
    struct mn_waiter waiter;
    char *server;
    char *prefix; /* "https://host:port/zebi/api/" */
    char *ca_path;
    bool ca_is_directory;
    char *hint;
    char *authorization; /* a secret: the whole header */
    bool verify;
    long connect_timeout_ms;
    struct curl_slist headers[HEADERS_N]; /* libcurl reads them only */
    /* [engine] of the process with this generation */
    unsigned generation;
    unsigned in_flight;
    struct call *waiting;
    struct call **waiting_tail;
};

struct call {
    struct mn_op op; /* first: casts both ways */
    struct mn_transfer transfer;
    struct client *client; /* a reference */
    char *what;            /* "array HOST: path", for messages */
    char *url;
    char *body; /* NULL: a GET */
    size_t body_n;
    size_t body_sent;
    bool replay;
    bool queued;
    bool too_long;
    struct call *next; /* waiting */
    struct mn_json_reader *reader;
    struct mn_rest_reply reply; /* the caller's once done */
    char error[CURL_ERROR_SIZE];
};

static atomic_ulong calls_done;
static atomic_ulong connections_made;

void
mn_rest_stats(struct mn_rest_stats *stats)
{
    stats->calls = atomic_load(&calls_done);
    stats->connections = atomic_load(&connections_made);
}

/* ---- the client ---- */

static void
client_unref(struct client *c)
{
    if (!c || atomic_fetch_sub(&c->refs, 1) != 1) {
        return;
    }
    mn_secret_free(c->authorization);
    mn_free(c->server);
    mn_free(c->prefix);
    mn_free(c->ca_path);
    mn_free(c->hint);
    mn_free(c);
}

static char *
prefix_of(const struct mn_rest_config *config)
{
    struct mn_buf url = MN_BUF_INIT;
    bool literal6 = strchr(config->server, ':') != NULL;
    mn_buf_printf(&url, "https://%s%s%s:%u%s", literal6 ? "[" : "",
                  config->server, literal6 ? "]" : "", config->port,
                  config->prefix);
    return mn_buf_take(&url);
}

static void
wipe(struct mn_buf *buf)
{
    if (buf->p) {
        explicit_bzero(buf->p, buf->cap);
    }
    mn_buf_dispose(buf);
}

/* The header in memory of its own. The buffers have their final size from
   the start, so that no smaller copy is left behind; and printf() would leave
   one on the stack. */
static char *
authorization_of(const struct mn_rest_config *config)
{
    size_t n = strlen(config->login) + strlen(config->password) + 2;
    struct mn_buf plain = MN_BUF_INIT;
    struct mn_buf header = MN_BUF_INIT;
    char *secret = NULL;
    if (mn_buf_reserve(&plain, n) && mn_buf_reserve(&header, 2 * n + 64)) {
        mn_buf_puts(&plain, config->login);
        mn_buf_putc(&plain, ':');
        mn_buf_puts(&plain, config->password);
        mn_buf_puts(&header, "Authorization: Basic ");
        mn_base64_encode(&header, mn_buf_view(&plain), true);
        secret = mn_buf_failed(&plain) || mn_buf_failed(&header)
                     ? NULL
                     : mn_secret_new(mn_buf_view(&header));
    }
    wipe(&plain);
    wipe(&header);
    return secret;
}

static void
set_headers(struct client *c)
{
    static char type[] = "Content-Type: application/json";
    static char expect[] = "Expect:"; /* no pause before the body */
    c->headers[0] = (struct curl_slist){c->authorization, &c->headers[1]};
    c->headers[1] = (struct curl_slist){type, &c->headers[2]};
    c->headers[2] = (struct curl_slist){expect, NULL};
}

/* ---- one call, in the engine ---- */

static size_t
take_bytes(char *p, size_t size, size_t n, void *ctx)
{
    struct call *call = ctx;
    struct mn_rest_reply *r = &call->reply;
    n *= size;
    for (size_t i = 0; i < n && r->body_n + i < MN_REST_HEAD; i++) {
        bool plain = (unsigned char)p[i] >= ' ' && p[i] != 0x7f;
        r->head[r->body_n + i] = plain ? p[i] : ' ';
    }
    r->body_n += n;
    if (r->body_n > MAX_BODY) {
        call->too_long = true;
        return 0; /* ends the transfer */
    }
    mn_json_reader_add(call->reader, (struct mn_slice){p, n});
    return n;
}

static size_t
give_bytes(char *p, size_t size, size_t n, void *ctx)
{
    struct call *call = ctx;
    size_t left = call->body_n - call->body_sent;
    n = n * size < left ? n * size : left;
    memcpy(p, call->body + call->body_sent, n);
    call->body_sent += n;
    return n;
}

/* libcurl would send a request again, without a word, when a kept-alive
   connection ends before the reply. What must not be done twice says that it
   can't begin anew. */
static int
refuse_rewind(void *ctx, curl_off_t offset, int origin)
{
    (void)ctx;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static void
set_body(CURL *e, struct call *call)
{
    if (!call->body) {
        return;
    }
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_n);
    if (call->replay) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body);
        return;
    }
    curl_easy_setopt(e, CURLOPT_READFUNCTION, give_bytes);
    curl_easy_setopt(e, CURLOPT_READDATA, call);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, refuse_rewind);
}

static void
set_tls(CURL *e, const struct client *c)
{
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, c->verify ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, c->verify ? 2L : 0L);
    if (!c->ca_path) {
        return;
    }
    bool directory = c->ca_is_directory;
    curl_easy_setopt(e, directory ? CURLOPT_CAPATH : CURLOPT_CAINFO,
                     c->ca_path);
    curl_easy_setopt(e, directory ? CURLOPT_CAINFO : CURLOPT_CAPATH, NULL);
}

static void
set_options(struct call *call)
{
    CURL *e = call->transfer.easy;
    struct client *c = call->client;
    curl_easy_setopt(e, CURLOPT_URL, call->url);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, c->connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
    set_body(e, call);
    set_tls(e, c);
}

static bool
is_certificate_error(CURLcode result)
{
    return result == CURLE_PEER_FAILED_VERIFICATION
           || result == CURLE_SSL_CACERT_BADFILE
           || result == CURLE_SSL_ISSUER_ERROR;
}

static const char *
reason(const struct call *call, CURLcode result)
{
    if (result == CURLE_SEND_FAIL_REWIND) { /* see refuse_rewind() */
        return "the connection ended before the reply";
    }
    return call->error[0] ? call->error : curl_easy_strerror(result);
}

static enum mn_code
describe(const struct call *call, CURLcode result, struct mn_error *err)
{
    const char *why = reason(call, result);
    if (result == CURLE_OK) {
        return MN_OK;
    }
    if (call->too_long) {
        return (enum mn_code)mn_error_set(
            err, MN_EPROTO, "%s: the reply is longer than %d MiB", call->what,
            MAX_BODY >> 20);
    }
    if (is_certificate_error(result)) {
        return (enum mn_code)mn_error_set(
            err, MN_EHOSTKEY,
            "array %s: its TLS certificate is not trusted: %s; %s",
            call->client->server, why, call->client->hint);
    }
    enum mn_code code =
        result == CURLE_OPERATION_TIMEDOUT ? MN_ETIMEDOUT : MN_ECONNECT;
    return (enum mn_code)mn_error_set(err, code, "%s: %s%s", call->what, why,
                                      call->reply.sent ? " (outcome unknown)"
                                                       : "");
}

/* Give back what only the engine may touch. */
static void
end_transfer(struct call *call)
{
    long sent = 0;
    long connections = 0;
    CURL *e = call->transfer.easy;
    if (!e) {
        return;
    }
    mn_transfer_stop(&call->transfer);
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &call->reply.status);
    curl_easy_getinfo(e, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(e, CURLINFO_NUM_CONNECTS, &connections);
    atomic_fetch_add(&connections_made, (unsigned long)connections);
    call->reply.sent = sent > 0;
    curl_easy_cleanup(e);
    call->transfer.easy = NULL;
}

static void begin(struct call *call);

/* One call less is in flight: begin the next. */
static void
leave(struct client *c)
{
    c->in_flight--;
    struct call *next = c->waiting;
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
    struct call *call = transfer->done_ctx;
    struct client *c = call->client;
    struct mn_error err = MN_ERROR_INIT;
    end_transfer(call);
    enum mn_code code = describe(call, result, &err);
    call->reply.json = code ? NULL : mn_json_reader_take(call->reader);
    atomic_fetch_add(&calls_done, 1);
    leave(c); /* still held: the call has its reference until it is freed */
    mn_op_finish(&call->op, (int)code, &err);
}

/* In flight already; ends the call when it can't begin. */
static void
begin(struct call *call)
{
    struct mn_error err = MN_ERROR_INIT;
    struct client *c = call->client;
    CURL *e = curl_easy_init();
    c->in_flight++;
    call->transfer =
        (struct mn_transfer){.easy = e, .done = done, .done_ctx = call};
    if (e) {
        set_options(call);
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
    struct call *call = (struct call *)op;
    struct client *c = call->client;
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

static void
abandon(struct mn_op *op)
{
    struct call *call = (struct call *)op;
    struct client *c = call->client;
    if (!call->queued) {
        end_transfer(call);
        leave(c);
        return;
    }
    struct call **link = &c->waiting;
    while (*link != call) {
        link = &(*link)->next;
    }
    *link = call->next;
    if (c->waiting_tail == &call->next) {
        c->waiting_tail = link;
    }
    call->queued = false;
}

static void
release(struct mn_op *op)
{
    struct call *call = (struct call *)op;
    mn_json_reader_free(call->reader);
    mn_rest_reply_dispose(&call->reply);
    mn_free(call->what);
    mn_free(call->url);
    mn_free(call->body);
    client_unref(call->client);
    mn_free(call);
}

static const struct mn_op_kind kind = {
    .start = start, .abandon = abandon, .free = release};

/* ---- one call, as its caller sees it ---- */

static char *
join(const char *a, const char *b, const char *c, const char *d)
{
    struct mn_buf text = MN_BUF_INIT;
    mn_buf_printf(&text, "%s%s%s%s", a, b, c, d);
    return mn_buf_take(&text);
}

static int
call_init(struct call *call, struct client *c,
          const struct mn_rest_request *request, struct mn_error *err)
{
    call->replay = request->replay;
    call->url = join(c->prefix, request->path, "", "");
    call->what = join("array ", c->server, ": ", request->path);
    call->body = mn_strdup(request->body);
    call->body_n = request->body ? strlen(request->body) : 0;
    call->reader = mn_json_reader_new();
    if (!call->url || !call->what || !call->reader
        || (request->body && !call->body)) {
        return mn_error_nomem(err);
    }
    call->op.what = call->what;
    return 0;
}

static int
client_call(struct mn_rest *self, const struct mn_rest_request *request,
            struct mn_rest_reply *reply, struct mn_error *err)
{
    struct client *c = (struct client *)self;
    struct call *call = mn_calloc(1, sizeof *call);
    if (!call) {
        return mn_error_nomem(err);
    }
    atomic_fetch_add(&c->refs, 1);
    call->client = c;
    int rc =
        mn_op_init(&call->op, &kind, mn_waiter_wants_eventfd(&c->waiter), err);
    if (rc == 0) {
        rc = call_init(call, c, request, err);
    }
    if (rc == 0) {
        rc = mn_op_submit(&call->op, request->timeout_ms, err);
    }
    if (rc == 0) {
        rc = mn_waiter_wait(&c->waiter, &call->op, err);
    }
    if (rc != MN_ECANCELED && mn_op_done(&call->op)) {
        *reply = call->reply;
        call->reply.json = NULL;
    }
    mn_op_unref(&call->op);
    return rc;
}

static int
client_pause(struct mn_rest *self, unsigned ms, struct mn_error *err)
{
    return mn_pause(&((struct client *)self)->waiter, ms, err);
}

static void
client_free(struct mn_rest *self)
{
    client_unref((struct client *)self);
}

static const struct mn_rest_vtable vtable = {
    .call = client_call, .pause = client_pause, .free = client_free};

/* What libcurl would say of it only when it connects. */
static int
look_at_cas(struct client *c, const struct mn_rest_config *config,
            struct mn_error *err)
{
    struct stat st;
    if (!config->ca_path || !config->verify) {
        return 0;
    }
    if (stat(config->ca_path, &st) != 0
        || access(config->ca_path, R_OK) != 0) {
        return mn_error_set(err, MN_ECONFIG,
                            "the certificates in %s can't be read: errno %d",
                            config->ca_path, errno);
    }
    c->ca_is_directory = S_ISDIR(st.st_mode);
    return 0;
}

int
mn_rest_client_new(const struct mn_rest_config *config, struct mn_rest **rest,
                   struct mn_error *err)
{
    struct client *c = mn_calloc(1, sizeof *c);
    if (!c) {
        return mn_error_nomem(err);
    }
    c->rest.vtable = &vtable;
    atomic_init(&c->refs, 1);
    c->waiter = config->waiter;
    c->verify = config->verify;
    c->connect_timeout_ms = (long)config->connect_timeout_s * 1000;
    c->server = mn_strdup(config->server);
    c->prefix = prefix_of(config);
    c->ca_path = mn_strdup(config->ca_path);
    c->hint = mn_strdup(config->hint);
    c->authorization = authorization_of(config);
    if (!c->server || !c->prefix || !c->hint || !c->authorization
        || (config->ca_path && !c->ca_path)) {
        client_unref(c);
        return mn_error_nomem(err);
    }
    int rc = look_at_cas(c, config, err);
    if (rc) {
        client_unref(c);
        return rc;
    }
    set_headers(c);
    *rest = &c->rest;
    return 0;
}
