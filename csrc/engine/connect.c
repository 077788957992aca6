/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "engine/loop.h"
#include "engine/transfer.h"

struct mn_connect {
    struct mn_transfer transfer;
    mn_connect_done *done;
    void *ctx;
    char *name; /* "host:port" */
    char error[CURL_ERROR_SIZE];
};

/* A URL that libcurl connects to and never sends anything to. */
static char *
url_of(const char *host, uint16_t port)
{
    struct mn_buf url = MN_BUF_INIT;
    bool literal6 = strchr(host, ':') != NULL;
    mn_buf_printf(&url, "http://%s%s%s:%u/", literal6 ? "[" : "", host,
                  literal6 ? "]" : "", port);
    return mn_buf_take(&url);
}

static bool
is_plain_host(const char *host)
{
    for (const char *p = host; *p; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
              || (*p >= '0' && *p <= '9') || strchr(".-_:", *p))) {
            return false;
        }
    }
    return *host != '\0';
}

static void
set_options(struct mn_connect *c, const char *url, int64_t timeout_ms)
{
    CURL *e = c->transfer.easy;
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
    /* an http_proxy of the environment is not meant for SSH */
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
}

/* The socket is closed together with the easy handle: go on with a copy. */
static int
take_socket(CURL *easy, struct mn_error *err)
{
    int one = 1;
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        mn_error_set(err, MN_ECONNECT, "its socket can't be copied: %s",
                     strerror(errno));
        return -1;
    }
    fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK);
    setsockopt(copy, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return copy;
}

static void
finish(struct mn_transfer *transfer, CURLcode result)
{
    struct mn_connect *c = transfer->done_ctx;
    struct mn_error err = MN_ERROR_INIT;
    int fd = -1;
    if (result == CURLE_OK) {
        fd = take_socket(c->transfer.easy, &err);
    }
    else {
        mn_error_set(&err, MN_ECONNECT, "%s",
                     c->error[0] ? c->error : curl_easy_strerror(result));
    }
    mn_connect_done *done = c->done;
    void *ctx = c->ctx;
    mn_connect_cancel(c);
    done(ctx, fd, &err);
}

struct mn_connect *
mn_connect_start(const char *host, uint16_t port, int64_t timeout_ms,
                 mn_connect_done *done, void *ctx)
{
    struct mn_connect *c = mn_calloc(1, sizeof *c);
    char *url = is_plain_host(host) ? url_of(host, port) : NULL;
    CURL *easy = c && url ? curl_easy_init() : NULL;
    if (!easy) {
        mn_free(url);
        mn_free(c);
        return NULL;
    }
    c->transfer =
        (struct mn_transfer){.easy = easy, .done = finish, .done_ctx = c};
    c->done = done;
    c->ctx = ctx;
    c->name = url;
    set_options(c, url, timeout_ms);
    if (!mn_transfer_start(&c->transfer)) {
        mn_connect_cancel(c);
        return NULL;
    }
    return c;
}

void
mn_connect_cancel(struct mn_connect *c)
{
    if (c) {
        mn_transfer_stop(&c->transfer);
        curl_easy_cleanup(c->transfer.easy);
        mn_free(c->name);
        mn_free(c);
    }
}
