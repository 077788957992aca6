/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/transfer.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static CURLM *multi;
static unsigned under_way;

/* libcurl's open sockets, plus one; 0: free. Without locks, because a fork
   may happen at any instant. One that finds no room is not closed in a
   child. */
static atomic_int sockets[256];
enum { SOCKETS_N = sizeof sockets / sizeof sockets[0] };

static void
replace_socket(int from, int to)
{
    for (int i = 0; i < SOCKETS_N; i++) {
        int expected = from;
        if (atomic_compare_exchange_strong(&sockets[i], &expected, to)) {
            return;
        }
    }
}

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)ctx;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    replace_socket(0, fd + 1);
    return fd;
}

static int
close_socket(void *ctx, curl_socket_t fd)
{
    (void)ctx;
    replace_socket(fd + 1, 0);
    return close(fd);
}

void
mn_transfer_setup(CURLM *handle)
{
    multi = handle;
    under_way = 0;
}

void
mn_transfer_forget(void)
{
    for (int i = 0; i < SOCKETS_N; i++) {
        int fd = atomic_exchange(&sockets[i], 0) - 1;
        if (fd >= 0) {
            close(fd);
        }
    }
}

bool
mn_transfer_start(struct mn_transfer *t)
{
    CURL *e = t->easy;
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
#if LIBCURL_VERSION_NUM >= 0x075700 /* 7.87.0 */
    /* A transfer that is given up leaves the thread that resolves its host's
       name to itself; older ones wait for it. */
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
    if (curl_multi_add_handle(multi, e) != CURLM_OK) {
        return false;
    }
    under_way++;
    t->active = true;
    return true;
}

void
mn_transfer_stop(struct mn_transfer *t)
{
    if (t->active) {
        curl_multi_remove_handle(multi, t->easy);
        under_way--;
        t->active = false;
    }
}

void
mn_transfer_advance(void)
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
            char *ctx = NULL;
            CURLcode result = msg->data.result;
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &ctx);
            struct mn_transfer *t = (struct mn_transfer *)ctx;
            t->done(t, result);
        }
    }
}
