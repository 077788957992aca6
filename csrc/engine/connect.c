/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "engine/loop.h"

struct mn_connect {
    CURL *easy;
    mn_connect_done *done;
    void *ctx;
    char *name; /* "host:port" */
    char error[CURL_ERROR_SIZE];
};

static CURLM *multi;
static unsigned under_way;

void
mn_connect_setup(CURLM *handle)
{
    multi = handle;
    under_way = 0;
}

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
    CURL *e = c->easy;
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
    /* an http_proxy of the environment is not meant for SSH */
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
}

struct mn_connect *
mn_connect_start(const char *host, uint16_t port, int64_t timeout_ms,
                 mn_connect_done *done, void *ctx)
{
    struct mn_connect *c = mn_calloc(1, sizeof *c);
    char *url = is_plain_host(host) ? url_of(host, port) : NULL;
    if (!c || !url || !(c->easy = curl_easy_init())) {
        mn_free(url);
        mn_free(c);
        return NULL;
    }
    c->done = done;
    c->ctx = ctx;
    set_options(c, url, timeout_ms);
    c->name = url;
    curl_multi_add_handle(multi, c->easy);
    under_way++;
    return c;
}

void
mn_connect_cancel(struct mn_connect *c)
{
    if (c) {
        curl_multi_remove_handle(multi, c->easy);
        curl_easy_cleanup(c->easy);
        under_way--;
        mn_free(c->name);
        mn_free(c);
    }
}

/* The socket is closed together with the easy handle: go on with a copy. */
static int
take_socket(CURL *easy)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
    int copy = fd == CURL_SOCKET_BAD ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy >= 0) {
        int one = 1;
        fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK);
        setsockopt(copy, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    return copy;
}

static void
finish(struct mn_connect *c, CURLcode result)
{
    struct mn_error err = MN_ERROR_INIT;
    int fd = -1;
    if (result == CURLE_OK) {
        fd = take_socket(c->easy);
    }
    if (fd < 0) {
        mn_error_set(&err, MN_ECONNECT, "%s",
                     c->error[0] ? c->error : curl_easy_strerror(result));
    }
    mn_connect_done *done = c->done;
    void *ctx = c->ctx;
    mn_connect_cancel(c);
    done(ctx, fd, &err);
}

void
mn_connect_advance(void)
{
    int running;
    int left;
    CURLMsg *msg;
    if (!under_way) {
        return;
    }
    curl_multi_perform(multi, &running);
    while ((msg = curl_multi_info_read(multi, &left))) {
        if (msg->msg == CURLMSG_DONE) {
            struct mn_connect *c;
            CURLcode result = msg->data.result;
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &c);
            finish(c, result);
        }
    }
}
