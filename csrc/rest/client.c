/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/client.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "core/secret.h"
#include "engine/pause.h"
#include "rest/internal.h"

void
mn_rest__client_unref(struct mn_rest_client *c)
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
set_headers(struct mn_rest_client *c)
{
    static char type[] = "Content-Type: application/json";
    static char expect[] = "Expect:"; /* no pause before the body */
    c->headers[0] = (struct curl_slist){c->authorization, &c->headers[1]};
    c->headers[1] = (struct curl_slist){type, &c->headers[2]};
    c->headers[2] = (struct curl_slist){expect, NULL};
}

static char *
join(const char *a, const char *b, const char *c, const char *d)
{
    struct mn_buf text = MN_BUF_INIT;
    mn_buf_printf(&text, "%s%s%s%s", a, b, c, d);
    return mn_buf_take(&text);
}

static int
call_init(struct mn_rest_call *call, struct mn_rest_client *c,
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
    struct mn_rest_client *c = (struct mn_rest_client *)self;
    struct mn_rest_call *call = mn_calloc(1, sizeof *call);
    if (!call) {
        return mn_error_nomem(err);
    }
    atomic_fetch_add(&c->refs, 1);
    call->client = c;
    int rc = mn_op_init(&call->op, &mn_rest__call_kind,
                        mn_waiter_wants_eventfd(&c->waiter), err);
    if (rc == 0) {
        rc = call_init(call, c, request, err);
    }
    if (rc == 0) {
        rc = mn_op_submit(&call->op, request->timeout_ms, err);
    }
    if (rc == 0) {
        rc = mn_waiter_wait(&c->waiter, &call->op, err);
    }
    if (mn_op_done(&call->op)) {
        *reply = call->reply;
        call->reply.json = NULL;
    }
    mn_op_unref(&call->op);
    return rc;
}

static int
client_pause(struct mn_rest *self, unsigned ms, struct mn_error *err)
{
    return mn_pause(&((struct mn_rest_client *)self)->waiter, ms, err);
}

static void
client_free(struct mn_rest *self)
{
    mn_rest__client_unref((struct mn_rest_client *)self);
}

static const struct mn_rest_vtable vtable = {
    .call = client_call, .pause = client_pause, .free = client_free};

/* What libcurl would say of it only when it connects. */
static int
look_at_cas(struct mn_rest_client *c, const struct mn_rest_config *config,
            struct mn_error *err)
{
    struct stat st;
    if (!config->ca_path || !config->verify) {
        return 0;
    }
    if (stat(config->ca_path, &st) != 0
        || access(config->ca_path, R_OK) != 0) {
        return mn_error_set(err, MN_ECONFIG,
                            "the certificates in %s can't be read: %s",
                            config->ca_path, strerror(errno));
    }
    c->ca_is_directory = S_ISDIR(st.st_mode);
    return 0;
}

int
mn_rest_client_new(const struct mn_rest_config *config, struct mn_rest **rest,
                   struct mn_error *err)
{
    struct mn_rest_client *c = mn_calloc(1, sizeof *c);
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
        mn_rest__client_unref(c);
        return mn_error_nomem(err);
    }
    int rc = look_at_cas(c, config, err);
    if (rc) {
        mn_rest__client_unref(c);
        return rc;
    }
    set_headers(c);
    *rest = &c->rest;
    return 0;
}
