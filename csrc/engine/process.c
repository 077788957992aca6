/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "engine/loop.h"

enum {
    CHUNK = 65536,
    REAP_MS = 10,    /* how often we look whether it ended */
    LINGER_MS = 500, /* a pipe may be held open by a daemon it started */
};

extern char **environ;

struct mn_process {
    pid_t pid;
    mn_process_done *done;
    void *ctx;
    struct mn_watch pipes[3]; /* our ends of stdin, stdout, stderr */
    struct mn_buf input;
    struct mn_buf output[2];
    struct mn_timer reaper;
    int status; /* -1 until reaped */
    int64_t reaped_ms;
};

static void
pipe_close(struct mn_watch *w)
{
    if (w->fd >= 0) {
        mn_watch_stop(w);
        close(w->fd);
        w->fd = -1;
    }
}

static void
process_free(struct mn_process *p)
{
    mn_timer_stop(&p->reaper);
    for (int i = 0; i < 3; i++) {
        pipe_close(&p->pipes[i]);
    }
    mn_buf_dispose(&p->input);
    mn_buf_dispose(&p->output[0]);
    mn_buf_dispose(&p->output[1]);
    mn_free(p);
}

static void
finish_if_over(struct mn_process *p)
{
    bool open = p->pipes[1].fd >= 0 || p->pipes[2].fd >= 0;
    bool lingers = mn_clock_ms() - p->reaped_ms > LINGER_MS;
    if (p->status < 0 || (open && !lingers)) {
        mn_timer_start(&p->reaper, mn_clock_ms() + REAP_MS);
        return;
    }
    if (p->done) {
        p->done(p->ctx, p->status, &p->output[0], &p->output[1]);
    }
    process_free(p);
}

static void
reap(struct mn_process *p)
{
    int status;
    pid_t pid = p->status < 0 ? waitpid(p->pid, &status, WNOHANG) : 0;
    if (pid == p->pid) {
        p->status =
            WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        p->reaped_ms = mn_clock_ms();
    }
    else if (pid < 0 && errno == ECHILD) {
        /* somebody else's wait() took it: how it ended is not known */
        p->status = 255;
        p->reaped_ms = mn_clock_ms();
    }
    finish_if_over(p);
}

static void
on_reaper(struct mn_timer *timer)
{
    reap(timer->ctx);
}

static void
on_input(struct mn_watch *w, short revents)
{
    struct mn_process *p = w->ctx;
    ssize_t n = write(w->fd, p->input.p, p->input.n);
    if (n > 0) {
        mn_buf_drop_front(&p->input, (size_t)n);
    }
    if (p->input.n == 0 || (n < 0 && errno != EAGAIN) || (revents & POLLERR)) {
        pipe_close(w);
    }
}

static void
on_output(struct mn_watch *w, short revents)
{
    struct mn_process *p = w->ctx;
    struct mn_buf *b = &p->output[w == &p->pipes[2]];
    (void)revents;
    ssize_t n = -1;
    if (mn_buf_reserve(b, CHUNK)) {
        n = read(w->fd, b->p + b->n, CHUNK);
        b->n += n > 0 ? (size_t)n : 0;
    }
    if (n == 0 || (n < 0 && errno != EAGAIN) || mn_buf_failed(b)) {
        pipe_close(w);
        reap(p);
    }
}

/* theirs[i] becomes the child's descriptor i. */
static bool
open_pipes(struct mn_process *p, int theirs[3])
{
    for (int i = 0; i < 3; i++) {
        int ends[2];
        theirs[i] = -1;
        if (i == 0 && p->input.n == 0) {
            theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
            continue;
        }
        if (pipe2(ends, O_CLOEXEC) == 0) {
            p->pipes[i].fd = ends[i == 0];
            theirs[i] = ends[i != 0];
            fcntl(p->pipes[i].fd, F_SETFL, O_NONBLOCK);
        }
    }
    return theirs[0] >= 0 && theirs[1] >= 0 && theirs[2] >= 0;
}

static char **
environment(void)
{
    size_t n = 0;
    while (environ[n]) {
        n++;
    }
    char **env = mn_calloc(n + 2, sizeof *env);
    size_t used = 0;
    for (size_t i = 0; env && i < n; i++) {
        if (strncmp(environ[i], "LC_ALL=", 7) != 0) {
            env[used++] = environ[i];
        }
    }
    if (env) {
        env[used] = (char *)"LC_ALL=C";
    }
    return env;
}

static int
spawn(struct mn_process *p, const struct mn_argv *argv, const int theirs[3])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    sigset_t all;
    char **env = environment();
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    for (int i = 0; i < 3; i++) {
        posix_spawn_file_actions_adddup2(&files, theirs[i], i);
    }
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP
                                        | POSIX_SPAWN_SETSIGMASK
                                        | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    int rc =
        env ? posix_spawnp(&p->pid, argv->v[0], &files, &attr, argv->v, env)
            : ENOMEM;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    mn_free(env);
    return rc;
}

static void
watch_pipes(struct mn_process *p)
{
    for (int i = 0; i < 3; i++) {
        struct mn_watch *w = &p->pipes[i];
        w->events = i == 0 ? POLLOUT : POLLIN;
        w->ready = i == 0 ? on_input : on_output;
        w->ctx = p;
        if (w->fd >= 0) {
            mn_watch_start(w);
        }
    }
    p->reaper = (struct mn_timer){.expired = on_reaper, .ctx = p};
    mn_timer_start(&p->reaper, mn_clock_ms() + REAP_MS);
}

struct mn_process *
mn_process_start(const struct mn_argv *argv, struct mn_slice input,
                 mn_process_done *done, void *ctx, struct mn_error *error)
{
    int theirs[3];
    struct mn_process *p = mn_calloc(1, sizeof *p);
    if (!p) {
        mn_error_nomem(error);
        return NULL;
    }
    p->pipes[0].fd = p->pipes[1].fd = p->pipes[2].fd = -1;
    p->status = -1;
    p->done = done;
    p->ctx = ctx;
    mn_buf_slice(&p->input, input);
    if (mn_buf_failed(&p->input)) {
        mn_error_nomem(error);
        process_free(p);
        return NULL;
    }
    int rc = open_pipes(p, theirs) ? spawn(p, argv, theirs) : errno;
    for (int i = 0; i < 3; i++) {
        if (theirs[i] >= 0) {
            close(theirs[i]);
        }
    }
    if (rc) {
        mn_error_set(error, MN_EREMOTE, "%s can't be started: %s", argv->v[0],
                     strerror(rc));
        process_free(p);
        return NULL;
    }
    watch_pipes(p);
    return p;
}

void
mn_process_abandon(struct mn_process *p)
{
    p->done = NULL;
    if (p->status < 0) {
        kill(-p->pid, SIGKILL);
    }
    for (int i = 0; i < 3; i++) {
        pipe_close(&p->pipes[i]);
    }
}
