/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/op.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "engine/loop.h"

int
mn_op_init(struct mn_op *op, const struct mn_op_kind *kind, bool want_eventfd,
           struct mn_error *err)
{
    op->kind = kind;
    op->eventfd = -1;
    op->what = "";
    atomic_init(&op->refs, 1);
    atomic_init(&op->done, false);
    atomic_init(&op->cancel_asked, false);
    pthread_mutex_init(&op->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&op->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (want_eventfd) {
        op->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (op->eventfd < 0) {
            return mn_error_set(err, MN_EINTERNAL,
                                "no eventfd to wait on: errno %d", errno);
        }
    }
    return 0;
}

void
mn_op_ref(struct mn_op *op)
{
    atomic_fetch_add(&op->refs, 1);
}

void
mn_op_unref(struct mn_op *op)
{
    if (op && atomic_fetch_sub(&op->refs, 1) == 1) {
        if (op->eventfd >= 0) {
            close(op->eventfd);
        }
        pthread_mutex_destroy(&op->mutex);
        pthread_cond_destroy(&op->cond);
        op->kind->free(op);
    }
}

int
mn_op_submit(struct mn_op *op, int64_t timeout_ms, struct mn_error *err)
{
    op->deadline_ms = mn_clock_ms() + timeout_ms;
    mn_op_ref(op);
    int rc = mn_engine_submit(op, err);
    if (rc) {
        mn_op_unref(op);
    }
    return rc;
}

bool
mn_op_done(struct mn_op *op)
{
    return atomic_load(&op->done);
}

bool
mn_op_wait(struct mn_op *op, int slice_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += slice_ms / 1000;
    until.tv_nsec += (long)(slice_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&op->mutex);
    while (!atomic_load(&op->done)) {
        if (slice_ms < 0) {
            pthread_cond_wait(&op->cond, &op->mutex);
        }
        else if (pthread_cond_timedwait(&op->cond, &op->mutex, &until)) {
            break;
        }
    }
    pthread_mutex_unlock(&op->mutex);
    return atomic_load(&op->done);
}

void
mn_op_cancel(struct mn_op *op)
{
    atomic_store(&op->cancel_asked, true);
    mn_engine_kick();
}

void
mn_op_finish(struct mn_op *op, int code, const struct mn_error *err)
{
    if (op->live_link) {
        *op->live_link = op->live_next;
        if (op->live_next) {
            op->live_next->live_link = op->live_link;
        }
        op->live_link = NULL;
    }
    op->code = code;
    if (err) {
        op->err = *err;
    }
    pthread_mutex_lock(&op->mutex);
    atomic_store(&op->done, true);
    pthread_cond_broadcast(&op->cond);
    pthread_mutex_unlock(&op->mutex);
    if (op->eventfd >= 0) {
        uint64_t one = 1;
        ssize_t n = write(op->eventfd, &one, sizeof one);
        (void)n; /* the counter can't be full: this is its only write */
    }
    mn_op_unref(op);
}
