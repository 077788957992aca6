/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SSH connection, with libssh2 as a pure codec ("sans-IO"): its SEND
 * callback appends to our buffer and never says EAGAIN, its RECV callback
 * reads what we read from the socket before.
 *
 * The gate: libssh2 1.x corrupts multiplexed channels when a call for one
 * channel reads the reply that belongs to another. So input is shut off
 * (RECV says EAGAIN) except during one drain per round, which sorts all
 * packets to their channels; every other call then finds its packets queued.
 * Before the first channel is open there is nothing to mix up, and the gate
 * stays open.
 */
#include "ssh/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/secret.h"
#include "ssh/rsa.h"

enum {
    READ_CHUNK = 65536,
    OUT_MAX = 16 << 20,
    DEAD_PEER_MS = 30000, /* unacknowledged data for so long: it is gone */
};

static ssize_t
on_send(libssh2_socket_t fd, const void *bytes, size_t n, int flags,
        void **abstract)
{
    struct mn_session *s = *abstract;
    (void)fd;
    (void)flags;
    mn_buf_add(&s->out, bytes, n);
    return mn_buf_failed(&s->out) ? -ENOMEM : (ssize_t)n;
}

static ssize_t
on_recv(libssh2_socket_t fd, void *bytes, size_t n, int flags, void **abstract)
{
    struct mn_session *s = *abstract;
    size_t left = s->in.n - s->in_used;
    (void)fd;
    (void)flags;
    if (s->gate_shut || (!left && !s->peer_closed)) {
        return -EAGAIN;
    }
    n = n < left ? n : left;
    if (n) {
        memcpy(bytes, s->in.p + s->in_used, n);
        s->in_used += n;
    }
    if (s->in_used == s->in.n) {
        mn_buf_clear(&s->in);
        s->in_used = 0;
    }
    return (ssize_t)n;
}

const char *
mn_session__ssh_error(struct mn_session *s)
{
    char *text = NULL;
    libssh2_session_last_error(s->ssh, &text, NULL, 0);
    return text && *text ? text : "no reason given";
}

void
mn_session__fail(struct mn_session *s, enum mn_code code, const char *text)
{
    mn_error_set(&s->err, code, "%s: %s", s->pool->host->name, text);
    s->state = MN_SESSION_DEAD;
    mn_session__pump_later(s);
}

void
mn_session__pump_later(struct mn_session *s)
{
    mn_task_queue(&s->pump);
}

static void
session_free(struct mn_session *s)
{
    mn_connect_cancel(s->connect);
    mn_watch_stop(&s->watch);
    mn_timer_stop(&s->timer);
    mn_task_forget(&s->pump);
    while (s->shells) {
        struct mn_shell *sh = s->shells;
        s->shells = sh->next;
        mn_free(sh); /* its channel goes with the session */
    }
    if (s->ssh) {
        /* No goodbye on the wire: the socket closes right after. */
        s->peer_closed = true;
        s->gate_shut = false;
        mn_buf_clear(&s->in);
        s->in_used = 0;
        libssh2_session_free(s->ssh);
    }
    if (s->watch.fd >= 0) {
        close(s->watch.fd);
    }
    mn_buf_dispose(&s->in);
    mn_buf_dispose(&s->out);
    mn_buf_dispose(&s->auth_log);
    mn_rsa_free(s->rsa);
    mn_free(s);
}

void
mn_session__close(struct mn_session *s)
{
    struct mn_pool *pool = s->pool;
    mn_pool__session_ended(pool, s, NULL);
    session_free(s);
}

/* ---- the socket ---- */

static void
socket_read(struct mn_session *s)
{
    if (!mn_buf_reserve(&s->in, READ_CHUNK)) {
        mn_session__fail(s, MN_ENOMEM, "out of memory");
        return;
    }
    ssize_t n = recv(s->watch.fd, s->in.p + s->in.n, READ_CHUNK, MSG_DONTWAIT);
    if (n > 0) {
        s->in.n += (size_t)n;
    }
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->peer_closed = true;
    }
}

static void
socket_write(struct mn_session *s)
{
    while (s->out.n) {
        ssize_t n =
            send(s->watch.fd, s->out.p, s->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            mn_buf_drop_front(&s->out, (size_t)n);
        }
        else if (n < 0 && errno == EAGAIN) {
            break;
        }
        else if (n < 0 && errno != EINTR) {
            s->peer_closed = true;
            break;
        }
    }
    s->watch.events = (short)(s->out.n ? POLLIN | POLLOUT : POLLIN);
}

bool
mn_session__alive(struct mn_session *s)
{
    if (s->state == MN_SESSION_READY && !s->peer_closed) {
        socket_read(s);
    }
    if (s->peer_closed) {
        mn_session__pump_later(s);
    }
    return s->state == MN_SESSION_READY && !s->peer_closed;
}

static void
on_ready(struct mn_watch *watch, short revents)
{
    struct mn_session *s = watch->ctx;
    if (revents & (POLLIN | POLLHUP | POLLERR)) {
        socket_read(s);
    }
    mn_session__pump_later(s);
}

/* The kernel finds out that an idle or silent peer is gone. */
static void
socket_keepalive(int fd)
{
    int one = 1;
    int idle = 15;
    int interval = 5;
    int count = 3;
    unsigned dead = DEAD_PEER_MS;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof dead);
}

static void
set_callback(LIBSSH2_SESSION *ssh, int type, void (*callback)(void))
{
#if LIBSSH2_VERSION_NUM >= 0x010b01
    libssh2_session_callback_set2(ssh, type, callback);
#else
    libssh2_session_callback_set(ssh, type, (void *)callback);
#endif
}

/* Requests to log in hold passwords. */
static void *
allocate(size_t size, void **abstract)
{
    (void)abstract;
    return mn_secret_alloc(size);
}

static void *
reallocate(void *p, size_t size, void **abstract)
{
    (void)abstract;
    return mn_secret_realloc(p, size);
}

static void
release(void *p, void **abstract)
{
    (void)abstract;
    mn_secret_free(p);
}

/* Version 1.11 gives some memory of ECDSA keys to libc's free(), wherever it
   came from (libssh2's issue 1828). */
static LIBSSH2_SESSION *
new_ssh(struct mn_session *s, bool has_key)
{
    return has_key && libssh2_version(0x010b00)
               ? libssh2_session_init_ex(NULL, NULL, NULL, s)
               : libssh2_session_init_ex(allocate, release, reallocate, s);
}

static void
begin_handshake(struct mn_session *s)
{
    struct mn_error err = MN_ERROR_INIT;
    s->ssh = new_ssh(s, s->pool->host->config.private_key);
    if (!s->ssh) {
        mn_session__fail(s, MN_ENOMEM, "out of memory");
        return;
    }
    set_callback(s->ssh, LIBSSH2_CALLBACK_SEND, (void (*)(void))on_send);
    set_callback(s->ssh, LIBSSH2_CALLBACK_RECV, (void (*)(void))on_recv);
    libssh2_session_set_blocking(s->ssh, 0);
    if (mn_hostkey__prefer(s, &err)) {
        mn_session__fail(s, err.code, err.text);
        return;
    }
    s->state = MN_SESSION_HANDSHAKE;
}

static void
on_connected(void *ctx, int fd, const struct mn_error *err)
{
    struct mn_session *s = ctx;
    s->connect = NULL;
    if (fd < 0) {
        mn_session__fail(s, err->code, err->text);
        return;
    }
    socket_keepalive(fd);
    s->watch.fd = fd;
    s->watch.events = POLLIN;
    mn_watch_start(&s->watch);
    begin_handshake(s);
    mn_session__pump_later(s);
}

static void
on_timeout(struct mn_timer *timer)
{
    struct mn_session *s = timer->ctx;
    mn_session__fail(s, MN_ETIMEDOUT,
                     s->state == MN_SESSION_CONNECTING
                         ? "not reached within ssh_conn_timeout"
                         : "no SSH session within ssh_conn_timeout");
}

/* ---- the pump ---- */

static bool
step_handshake(struct mn_session *s)
{
    struct mn_error err = MN_ERROR_INIT;
    int rc = libssh2_session_handshake(s->ssh, s->watch.fd);
    if (rc == LIBSSH2_ERROR_EAGAIN) {
        return false;
    }
    if (rc) {
        struct mn_buf text = MN_BUF_INIT;
        mn_buf_printf(&text, "no SSH session: %s", mn_session__ssh_error(s));
        if (rc == LIBSSH2_ERROR_KEX_FAILURE) {
            mn_buf_puts(&text, " (no host key algorithm in common? libssh2 "
                               "before 1.11 can't use rsa-sha2 host keys: "
                               "add the server's ed25519 key to known_hosts "
                               "with ssh-keyscan)");
        }
        mn_session__fail(s, MN_ECONNECT, mn_buf_str(&text));
        mn_buf_dispose(&text);
    }
    else if (mn_hostkey__check(s, &err)) {
        mn_session__fail(s, err.code, err.text);
    }
    else {
        s->state = MN_SESSION_AUTH;
    }
    return true;
}

static bool
step_auth(struct mn_session *s)
{
    struct mn_error err = MN_ERROR_INIT;
    int rc = mn_auth__step(s, &err);
    if (rc == LIBSSH2_ERROR_EAGAIN) {
        return false;
    }
    if (rc) {
        mn_session__fail(s, err.code, err.text);
        return true;
    }
    atomic_fetch_add(&mn_ssh__counters.connections, 1);
    s->state = MN_SESSION_READY;
    s->idle_since_ms = mn_clock_ms();
    mn_timer_stop(&s->timer);
    mn_pool__dispatch(s->pool);
    return true;
}

static void
shells_sweep(struct mn_session *s)
{
    struct mn_shell **link = &s->shells;
    unsigned before = s->shells_n;
    while (*link) {
        struct mn_shell *sh = *link;
        if (sh->state == MN_SHELL_GONE) {
            *link = sh->next;
            s->shells_n--;
            mn_free(sh);
        }
        else {
            link = &sh->next;
        }
    }
    if (s->shells_n < before) {
        mn_pool__dispatch(s->pool);
    }
}

static bool
step_shells(struct mn_session *s)
{
    bool moved = false;
    struct mn_shell *next;
    for (struct mn_shell *sh = s->shells; sh; sh = next) {
        next = sh->next;
        if (s->state != MN_SESSION_READY) {
            break;
        }
        moved |= mn_shell__step(sh);
    }
    shells_sweep(s);
    return moved;
}

static bool
step(struct mn_session *s)
{
    switch (s->state) {
    case MN_SESSION_HANDSHAKE:
        return step_handshake(s);
    case MN_SESSION_AUTH:
        return step_auth(s);
    case MN_SESSION_READY:
        mn_shell__drain(s);
        return s->state == MN_SESSION_READY && step_shells(s);
    case MN_SESSION_CONNECTING:
    case MN_SESSION_DEAD:
        break;
    }
    return false;
}

/* The operations of a lost connection: nobody knows how far they came. */
static void
ops_lose(struct mn_session *s)
{
    for (struct mn_shell *sh = s->shells; sh; sh = sh->next) {
        struct mn_ssh_op *op = sh->op;
        if (op) {
            struct mn_error err = MN_ERROR_INIT;
            mn_error_set(&err, MN_ECONNECT, "%s (outcome unknown)",
                         s->err.text);
            sh->op = NULL;
            op->shell = NULL;
            mn_op_finish(&op->base, err.code, &err);
        }
    }
}

static void
die(struct mn_session *s)
{
    struct mn_error err = s->err;
    ops_lose(s);
    mn_pool__session_ended(s->pool, s, &err);
    session_free(s);
}

static bool
is_idle(const struct mn_session *s)
{
    for (const struct mn_shell *sh = s->shells; sh; sh = sh->next) {
        if (sh->op || sh->state == MN_SHELL_OPENING) {
            return false;
        }
    }
    return true;
}

static void
on_pump(struct mn_task *task)
{
    struct mn_session *s = task->ctx;
    while (step(s)) {
    }
    if (s->watch.fd >= 0) {
        socket_write(s);
    }
    if (s->peer_closed && s->state != MN_SESSION_DEAD) {
        mn_session__fail(s, MN_ECONNECT, "the connection was lost");
    }
    if (s->state == MN_SESSION_DEAD) {
        die(s);
    }
    else if (s->retiring && is_idle(s)) {
        mn_session__close(s);
    }
}

struct mn_session *
mn_session__start(struct mn_pool *pool, struct mn_error *err)
{
    const struct mn_ssh_config *c = &pool->host->config;
    int64_t timeout_ms = (int64_t)c->connect_timeout_s * 1000;
    struct mn_session *s = mn_calloc(1, sizeof *s);
    if (!s) {
        mn_error_nomem(err);
        return NULL;
    }
    s->pool = pool;
    s->shells_max = MN_SHELLS_MAX;
    s->watch = (struct mn_watch){.fd = -1, .ready = on_ready, .ctx = s};
    s->timer = (struct mn_timer){.expired = on_timeout, .ctx = s};
    s->pump = (struct mn_task){.run = on_pump, .ctx = s};
    mn_buf_init(&s->out, OUT_MAX);
    s->connect =
        mn_connect_start(c->host, c->port, timeout_ms, on_connected, s);
    if (!s->connect) {
        mn_error_set(err, MN_ECONFIG, "%s port %u: not a host to connect to",
                     pool->host->name, c->port);
        mn_free(s);
        return NULL;
    }
    mn_timer_start(&s->timer, mn_clock_ms() + timeout_ms);
    return s;
}
