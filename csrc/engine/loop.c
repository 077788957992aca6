/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/loop.h"

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/secret.h"
#include "engine/curl_memory.h"
#include "engine/op.h"
#include "engine/transfer.h"

struct engine {
    CURLM *multi;
    struct mn_op *submitted; /* under engine_mutex */
    struct mn_op **submitted_tail;
    struct mn_op *live;        /* started and not finished */
    struct mn_watch **watches; /* a slot is NULL after its watch stopped */
    struct curl_waitfd *fds;   /* as many as watches */
    size_t watches_n;
    size_t watches_cap;
    struct mn_timer *timers;
    struct mn_task *tasks;
    struct mn_task **tasks_tail;
};

/* Guards engine, generation and the queue of submissions. */
static pthread_mutex_t engine_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct engine *engine; /* NULL until the first submission */
static unsigned generation;

/* Held by the engine's thread but while it sleeps, and taken before
   engine_mutex. Whoever gets it finds that thread with nothing half done, and
   in the midst of no library. */
static pthread_mutex_t turn_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool process_ends; /* under turn_mutex */

/* ---- watches ---- */

static bool
watches_grow(struct engine *e)
{
    size_t cap = e->watches_cap ? e->watches_cap * 2 : 16;
    struct mn_watch **w = mn_realloc(e->watches, cap * sizeof *w);
    if (w) {
        e->watches = w;
    }
    struct curl_waitfd *f = mn_realloc(e->fds, cap * sizeof *f);
    if (f) {
        e->fds = f;
    }
    if (w && f) {
        e->watches_cap = cap;
    }
    return w && f;
}

void
mn_watch_start(struct mn_watch *watch)
{
    struct engine *e = engine;
    if (watch->active) {
        return;
    }
    if (e->watches_n == e->watches_cap && !watches_grow(e)) {
        /* Without memory for a slot the owner's timer ends the wait. */
        return;
    }
    watch->slot = e->watches_n;
    watch->active = true;
    e->watches[e->watches_n++] = watch;
}

void
mn_watch_stop(struct mn_watch *watch)
{
    if (watch->active) {
        engine->watches[watch->slot] = NULL;
        watch->active = false;
    }
}

/* Close the gaps that stopped watches left, and write the poll list. */
static unsigned
watches_prepare(struct engine *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->watches_n; i++) {
        struct mn_watch *w = e->watches[i];
        if (w) {
            w->slot = n;
            e->watches[n] = w;
            /* CURL_WAIT_POLLIN, PRI and OUT are poll(2)'s 1, 2 and 4 */
            e->fds[n] = (struct curl_waitfd){w->fd, w->events, 0};
            n++;
        }
    }
    e->watches_n = n;
    return (unsigned)n;
}

static void
watches_dispatch(struct engine *e, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        short revents = e->fds[i].revents;
        struct mn_watch *w = e->watches[i];
        if (revents && w) {
            w->ready(w, revents);
        }
    }
}

/* ---- timers and tasks ---- */

void
mn_timer_start(struct mn_timer *timer, int64_t due_ms)
{
    timer->due_ms = due_ms;
    if (!timer->active) {
        timer->active = true;
        timer->next = engine->timers;
        engine->timers = timer;
    }
}

void
mn_timer_stop(struct mn_timer *timer)
{
    if (!timer->active) {
        return;
    }
    struct mn_timer **link = &engine->timers;
    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    timer->active = false;
}

/* A handler may start and stop any timer: begin anew after each. */
static void
timers_expire(struct engine *e)
{
    int64_t now = mn_clock_ms();
    struct mn_timer *t = e->timers;
    while (t) {
        if (t->due_ms > now) {
            t = t->next;
            continue;
        }
        mn_timer_stop(t);
        t->expired(t);
        t = e->timers;
    }
}

void
mn_task_queue(struct mn_task *task)
{
    if (!task->queued) {
        task->queued = true;
        task->next = NULL;
        *engine->tasks_tail = task;
        engine->tasks_tail = &task->next;
    }
}

void
mn_task_forget(struct mn_task *task)
{
    struct engine *e = engine;
    if (!task->queued) {
        return;
    }
    struct mn_task **link = &e->tasks;
    while (*link != task) {
        link = &(*link)->next;
    }
    *link = task->next;
    if (e->tasks_tail == &task->next) {
        e->tasks_tail = link;
    }
    task->queued = false;
}

static void
tasks_run(struct engine *e)
{
    struct mn_task *task;
    while ((task = e->tasks)) {
        mn_task_forget(task);
        task->run(task);
    }
}

/* ---- operations ---- */

static void
op_cancel(struct mn_op *op)
{
    struct mn_error err = MN_ERROR_INIT;
    op->kind->abandon(op);
    mn_error_set(&err, MN_ECANCELED, "%s: canceled", op->what);
    mn_op_finish(op, MN_ECANCELED, &err);
}

static void
op_time_out(struct mn_op *op)
{
    struct mn_error err = MN_ERROR_INIT;
    bool begun = op->kind->abandon(op);
    mn_error_set(&err, MN_ETIMEDOUT, "%s: no answer in time; %s", op->what,
                 begun ? "outcome unknown" : "nothing was sent");
    mn_op_finish(op, MN_ETIMEDOUT, &err);
}

static void
ops_start(struct engine *e)
{
    pthread_mutex_lock(&engine_mutex);
    struct mn_op *op = e->submitted;
    e->submitted = NULL;
    e->submitted_tail = &e->submitted;
    pthread_mutex_unlock(&engine_mutex);
    while (op) {
        struct mn_op *next = op->next;
        op->live_next = e->live;
        op->live_link = &e->live;
        if (e->live) {
            e->live->live_link = &op->live_next;
        }
        e->live = op;
        op->kind->start(op);
        op = next;
    }
}

/* What ends may make others begin, and end: begin anew after each. */
static void
ops_check(struct engine *e)
{
    int64_t now = mn_clock_ms();
    struct mn_op *op = e->live;
    while (op) {
        if (atomic_load(&op->cancel_asked)) {
            op_cancel(op);
            op = e->live;
        }
        else if (op->deadline_ms <= now) {
            op_time_out(op);
            op = e->live;
        }
        else {
            op = op->live_next;
        }
    }
}

static int
sleep_ms(const struct engine *e)
{
    int64_t due = INT64_MAX;
    for (const struct mn_timer *t = e->timers; t; t = t->next) {
        due = t->due_ms < due ? t->due_ms : due;
    }
    for (const struct mn_op *op = e->live; op; op = op->live_next) {
        due = op->deadline_ms < due ? op->deadline_ms : due;
    }
    int64_t left = due - mn_clock_ms();
    if (left < 0) {
        return 0;
    }
    return left > 60000 ? 60000 : (int)left;
}

/* Sleep until something happens, and for ever once the process ends. */
static void
engine_sleep(struct engine *e, unsigned n)
{
    int ms = sleep_ms(e);
    pthread_mutex_unlock(&turn_mutex);
    curl_multi_poll(e->multi, e->fds, n, ms, NULL);
    pthread_mutex_lock(&turn_mutex);
    while (process_ends) {
        pthread_mutex_unlock(&turn_mutex);
        pause();
        pthread_mutex_lock(&turn_mutex);
    }
}

static void *
engine_main(void *arg)
{
    struct engine *e = arg;
    pthread_mutex_lock(&turn_mutex);
    for (;;) {
        ops_start(e);
        ops_check(e);
        timers_expire(e);
        tasks_run(e);
        unsigned n = watches_prepare(e);
        engine_sleep(e, n);
        mn_transfer_advance();
        watches_dispatch(e, n);
    }
    return NULL;
}

/* ---- life ---- */

/* The child can't use what is locked or half changed when it begins: our own
   lists, and the libraries' locks. */
static void
fork_prepare(void)
{
    pthread_mutex_lock(&turn_mutex);
    pthread_mutex_lock(&engine_mutex);
}

static void
fork_parent(void)
{
    pthread_mutex_unlock(&engine_mutex);
    pthread_mutex_unlock(&turn_mutex);
}

/* The child has no engine thread. The sockets are the parent's: close our
   copies, so that they do not outlive it; leave all memory as it is. */
static void
fork_child(void)
{
    if (engine) {
        for (size_t i = 0; i < engine->watches_n; i++) {
            if (engine->watches[i]) {
                close(engine->watches[i]->fd);
            }
        }
        mn_transfer_forget();
        engine = NULL;
    }
    generation++;
    mn_secret_fork_child();
    pthread_mutex_init(&engine_mutex, NULL);
    pthread_mutex_init(&turn_mutex, NULL);
}

/* What exit() calls after this takes the libraries down. */
static void
at_exit(void)
{
    pthread_mutex_lock(&turn_mutex);
    process_ends = true;
    pthread_mutex_unlock(&turn_mutex);
}

/* exit() calls last what was registered first: libcrypto's clean-up, which
   libcurl had it register, so after at_exit(). */
static void
init_once(void)
{
    mn_curl_memory_init();
    pthread_atfork(fork_prepare, fork_parent, fork_child);
    atexit(at_exit);
}

static int
thread_start(struct engine *e)
{
    sigset_t all;
    sigset_t old;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    int rc = pthread_create(&thread, NULL, engine_main, e);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0) {
        pthread_detach(thread);
    }
    return rc;
}

/* With engine_mutex held. */
static int
engine_start(struct mn_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (engine) {
        return 0;
    }
    pthread_once(&once, init_once);
    struct engine *e = mn_calloc(1, sizeof *e);
    if (!e) {
        return mn_error_nomem(err);
    }
    e->submitted_tail = &e->submitted;
    e->tasks_tail = &e->tasks;
    e->multi = curl_multi_init();
    mn_transfer_setup(e->multi);
    engine = e;
    if (!e->multi || thread_start(e)) {
        engine = NULL;
        curl_multi_cleanup(e->multi);
        mn_free(e);
        return mn_error_set(err, MN_EINTERNAL,
                            "the engine's thread can't be started");
    }
    return 0;
}

unsigned
mn_engine_generation(void)
{
    return generation;
}

int
mn_engine_submit(struct mn_op *op, struct mn_error *err)
{
    pthread_mutex_lock(&engine_mutex);
    int rc = engine_start(err);
    if (rc == 0) {
        bool was_empty = !engine->submitted;
        op->next = NULL;
        *engine->submitted_tail = op;
        engine->submitted_tail = &op->next;
        if (was_empty) {
            curl_multi_wakeup(engine->multi);
        }
    }
    pthread_mutex_unlock(&engine_mutex);
    return rc;
}

void
mn_engine_kick(void)
{
    pthread_mutex_lock(&engine_mutex);
    if (engine) {
        curl_multi_wakeup(engine->multi);
    }
    pthread_mutex_unlock(&engine_mutex);
}
