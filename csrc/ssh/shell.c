/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A warm shell: a channel on which `exec /bin/sh -s` was started once, to
 * which script after script is written. A script prints its end mark on both
 * streams; a shell whose script was given up, or that printed too much, is
 * abandoned, because what it prints later could not be told from the next
 * script's output.
 */
#include "ssh/internal.h"

#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"

enum {
    WINDOW = 1 << 20,
    PACKET = 32768,
    PLANS_MAX = 500, /* then a fresh shell takes over */
    STUCK_MAX = 3,   /* abandoned ones; then a fresh session takes over */
};

static const char start_command[] = "exec /bin/sh -s";

struct mn_shell *
mn_shell__open(struct mn_session *s)
{
    struct mn_shell *sh = mn_calloc(1, sizeof *sh);
    if (sh) {
        sh->session = s;
        sh->state = MN_SHELL_OPENING;
        sh->next = s->shells;
        s->shells = sh;
        s->shells_n++;
        mn_session__pump_later(s);
    }
    return sh;
}

void
mn_shell__give(struct mn_shell *sh, struct mn_ssh_op *op)
{
    atomic_fetch_add(&mn_ssh__counters.scripts, 1);
    sh->op = op;
    op->shell = sh;
    sh->written = 0;
    sh->state = MN_SHELL_BUSY;
    mn_session__pump_later(sh->session);
}

void
mn_shell__close(struct mn_shell *sh)
{
    sh->state = MN_SHELL_ZOMBIE;
    mn_session__pump_later(sh->session);
}

void
mn_shell__abandon(struct mn_shell *sh)
{
    struct mn_session *s = sh->session;
    unsigned stuck = 0;
    sh->op->shell = NULL;
    sh->op = NULL;
    sh->stuck = true;
    mn_shell__close(sh);
    for (const struct mn_shell *other = s->shells; other;
         other = other->next) {
        stuck += other->stuck;
    }
    s->retiring |= stuck >= STUCK_MAX;
    mn_pool__dispatch(s->pool);
}

void
mn_shell__drain(struct mn_session *s)
{
    for (struct mn_shell *sh = s->shells; sh; sh = sh->next) {
        if (sh->channel) {
            char nothing;
            s->gate_shut = false;
            ssize_t n = libssh2_channel_read_ex(sh->channel, 0, &nothing, 0);
            s->gate_shut = true;
            if (n < 0 && n != LIBSSH2_ERROR_EAGAIN
                && n != LIBSSH2_ERROR_CHANNEL_CLOSED) {
                mn_session__fail(s, MN_ECONNECT,
                                 "the SSH connection broke down");
            }
            return;
        }
    }
    s->gate_shut = false;
}

/* ---- opening ---- */

/* The server's MaxSessions is smaller than we hoped. The operations stay in
   the pool's queue for the shells that there are. */
static void
open_refused(struct mn_session *s)
{
    unsigned open = 0;
    for (struct mn_shell *sh = s->shells; sh; sh = sh->next) {
        if (sh->state == MN_SHELL_OPENING) {
            sh->state = MN_SHELL_GONE;
        }
        else {
            open++;
        }
    }
    s->shells_max = open;
    if (open == 0) {
        s->had_shell = false; /* a new connection would fare no better */
        mn_session__fail(s, MN_ECONNECT,
                         "the server opens no session channel");
    }
}

static bool
step_opening(struct mn_shell *sh)
{
    struct mn_session *s = sh->session;
    if (s->opener && s->opener != sh) {
        return false;
    }
    s->opener = sh;
    sh->channel =
        libssh2_channel_open_ex(s->ssh, "session", 7, WINDOW, PACKET, NULL, 0);
    int rc = sh->channel ? 0 : libssh2_session_last_errno(s->ssh);
    if (rc == LIBSSH2_ERROR_EAGAIN) {
        return false;
    }
    s->opener = NULL;
    if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE) {
        open_refused(s);
    }
    else if (rc) {
        mn_session__fail(s, MN_ECONNECT, mn_session__ssh_error(s));
    }
    else {
        sh->state = MN_SHELL_STARTING;
    }
    return true;
}

static bool
step_starting(struct mn_shell *sh)
{
    struct mn_session *s = sh->session;
    int rc = libssh2_channel_process_startup(
        sh->channel, "exec", 4, start_command, sizeof start_command - 1);
    if (rc == LIBSSH2_ERROR_EAGAIN) {
        return false;
    }
    if (rc) {
        mn_session__fail(s, MN_ECONNECT, "the server starts no shell");
        return true;
    }
    atomic_fetch_add(&mn_ssh__counters.shells, 1);
    sh->state = MN_SHELL_IDLE;
    sh->idle_since_ms = mn_clock_ms();
    s->had_shell = true;
    mn_pool__dispatch(s->pool);
    return true;
}

/* ---- running ---- */

static bool
write_script(struct mn_shell *sh)
{
    struct mn_slice script = mn_buf_view(&sh->op->script);
    bool moved = false;
    while (sh->written < script.n) {
        ssize_t n = libssh2_channel_write(sh->channel, script.p + sh->written,
                                          script.n - sh->written);
        if (n <= 0) {
            if (n != LIBSSH2_ERROR_EAGAIN) {
                /* also when the shell closed its end: reading tells */
                sh->written = script.n;
            }
            break;
        }
        sh->written += (size_t)n;
        moved = true;
    }
    return moved;
}

static bool
holds(struct mn_slice text, const struct mn_ssh_mark *mark)
{
    return memmem(text.p, text.n, mark->text, mark->n) != NULL;
}

static void
look_for_end(struct mn_ssh_op *op, int stream)
{
    struct mn_buf *b = &op->out[stream];
    size_t from = op->scanned[stream];
    size_t longest = op->end.n > op->last.n ? op->end.n : op->last.n;
    if (op->ended[stream] || b->n < longest) {
        return;
    }
    struct mn_slice text = {b->p + from, b->n - from};
    bool last = holds(text, &op->last);
    op->shell_dies |= last;
    op->ended[stream] = last || holds(text, &op->end);
    op->scanned[stream] = b->n - (longest - 1);
}

/* Read what there is of both streams, into the operation or into nothing. */
static bool
read_streams(struct mn_shell *sh)
{
    static char chunk[65536]; /* one engine thread */
    bool moved = false;
    for (int stream = 0; stream < 2; stream++) {
        ssize_t n;
        while ((n = libssh2_channel_read_ex(sh->channel, stream, chunk,
                                            sizeof chunk))
               > 0) {
            moved = true;
            if (sh->op) {
                mn_buf_add(&sh->op->out[stream], chunk, (size_t)n);
            }
        }
        if (sh->op) {
            look_for_end(sh->op, stream);
        }
    }
    return moved;
}

/* What a login shell or banner said before the end may tell why. */
static void
fail(struct mn_shell *sh, enum mn_code code, const char *text)
{
    struct mn_ssh_op *op = sh->op;
    struct mn_error err = MN_ERROR_INIT;
    struct mn_slice said = mn_slice_trim(mn_buf_view(&op->out[1]));
    if (!said.n) {
        said = mn_slice_trim(mn_buf_view(&op->out[0]));
    }
    int shown = said.n < 200 ? (int)said.n : 200;
    mn_error_set(&err, code, "%s: %s%s%.*s", sh->session->pool->host->name,
                 text, shown ? ": " : "", shown, said.p);
    mn_shell__abandon(sh);
    mn_op_finish(&op->base, code, &err);
}

static void
succeed(struct mn_shell *sh)
{
    struct mn_ssh_op *op = sh->op;
    if (op->shell_dies) {
        mn_shell__abandon(sh);
        mn_op_finish(&op->base, MN_OK, NULL);
        return;
    }
    sh->op = NULL;
    op->shell = NULL;
    sh->idle_since_ms = mn_clock_ms();
    sh->session->idle_since_ms = sh->idle_since_ms;
    sh->state = MN_SHELL_IDLE;
    mn_op_finish(&op->base, MN_OK, NULL);
    if (++sh->plans_run >= PLANS_MAX) {
        mn_shell__close(sh);
    }
    mn_pool__dispatch(sh->session->pool);
}

static bool
step_busy(struct mn_shell *sh)
{
    bool wrote = write_script(sh);
    bool moved = read_streams(sh) || wrote;
    struct mn_ssh_op *op = sh->op;
    if (op->ended[0] && op->ended[1]) {
        succeed(sh);
        return true;
    }
    if (mn_buf_failed(&op->out[0]) || mn_buf_failed(&op->out[1])) {
        fail(sh, MN_EPROTO, "a command printed too much");
        return true;
    }
    if (libssh2_channel_eof(sh->channel)) {
        fail(sh, MN_ECONNECT,
             "the remote shell ended in the middle (outcome unknown)");
        return true;
    }
    return moved;
}

/* An idle shell has nothing to say, and one that ended is of no use. */
static bool
step_idle(struct mn_shell *sh)
{
    bool moved = read_streams(sh);
    if (libssh2_channel_eof(sh->channel)) {
        mn_shell__close(sh);
        return true;
    }
    return moved;
}

/* Its script may still run: sshd keeps the channel until that ends. */
static bool
step_zombie(struct mn_shell *sh)
{
    struct mn_session *s = sh->session;
    read_streams(sh);
    if (libssh2_channel_close(sh->channel) == LIBSSH2_ERROR_EAGAIN
        || libssh2_channel_free(sh->channel) == LIBSSH2_ERROR_EAGAIN) {
        return false;
    }
    sh->channel = NULL;
    sh->state = MN_SHELL_GONE;
    if (s->shells_max < MN_SHELLS_MAX) {
        s->shells_max++; /* a refusal may have counted this one */
    }
    return true;
}

bool
mn_shell__step(struct mn_shell *sh)
{
    switch (sh->state) {
    case MN_SHELL_OPENING:
        return step_opening(sh);
    case MN_SHELL_STARTING:
        return step_starting(sh);
    case MN_SHELL_IDLE:
        return step_idle(sh);
    case MN_SHELL_BUSY:
        return step_busy(sh);
    case MN_SHELL_ZOMBIE:
        return step_zombie(sh);
    case MN_SHELL_GONE:
        break;
    }
    return false;
}
