/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, as libcurl is told of it, and what libcurl tells of its end.
 */
#include <string.h>

#include "rest/internal.h"

enum { MAX_BODY = 64 << 20 };

static size_t
take_bytes(char *p, size_t size, size_t n, void *ctx)
{
    struct mn_rest_call *call = ctx;
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
    struct mn_rest_call *call = ctx;
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
set_body(CURL *e, struct mn_rest_call *call)
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
set_tls(CURL *e, const struct mn_rest_client *c)
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

void
mn_rest__set_options(struct mn_rest_call *call)
{
    CURL *e = call->transfer.easy;
    struct mn_rest_client *c = call->client;
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
           || result == CURLE_SSL_CACERT_BADFILE;
}

static const char *
reason(const struct mn_rest_call *call, CURLcode result)
{
    if (result == CURLE_SEND_FAIL_REWIND) { /* see refuse_rewind() */
        return "the connection ended before the reply";
    }
    return call->error[0] ? call->error : curl_easy_strerror(result);
}

enum mn_code
mn_rest__describe(const struct mn_rest_call *call, CURLcode result,
                  struct mn_error *err)
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
