/* SPDX-License-Identifier: Apache-2.0 */
#include "python/wait.h"

#include "python/raise.h"

enum { SLICE_MS = 100 }; /* how late Ctrl-C may be noticed */

/* New reference to the callable that waits on an fd, or NULL: wait as a
   thread (or an exception that ends the call is pending). */
static PyObject *
choose(struct mnpy_services *s)
{
    if (!s->wait || PyErr_Occurred()) {
        return NULL;
    }
    PyObject *callable = PyObject_CallObject(s->wait, NULL);
    if (callable == Py_None) {
        Py_CLEAR(callable);
    }
    else if (!callable && mnpy_swallowable()) {
        PyErr_WriteUnraisable(s->wait);
    }
    return callable;
}

static bool
wants_eventfd(void *ctx)
{
    PyObject *callable = choose(ctx);
    Py_XDECREF(callable);
    return callable != NULL;
}

/* Gives the GIL away. No lock is held: the signal handlers that
   PyErr_CheckSignals() runs may do anything. */
static int
wait_as_thread(struct mn_op *op)
{
    for (;;) {
        bool done;
        Py_BEGIN_ALLOW_THREADS
        done = mn_op_wait(op, SLICE_MS);
        Py_END_ALLOW_THREADS
        if (done) {
            return 0;
        }
        if (PyErr_CheckSignals() < 0) {
            return -1;
        }
    }
}

/* Keeps the GIL; the callable switches to the hub, so that other greenthreads
   of this thread run (and may call us) before it returns. */
static int
wait_as_greenthread(PyObject *callable, struct mn_op *op)
{
    while (!mn_op_done(op)) {
        PyObject *r = PyObject_CallFunction(callable, "i", op->eventfd);
        if (!r) {
            return -1;
        }
        Py_DECREF(r);
    }
    return 0;
}

static int
wait_for(void *ctx, struct mn_op *op, struct mn_error *err)
{
    int rc = -1;
    PyObject *callable = op->eventfd >= 0 ? choose(ctx) : NULL;
    /* After a wait raised, whoever cleans up waits for nothing any more. */
    if (!PyErr_Occurred()) {
        rc = callable ? wait_as_greenthread(callable, op) : wait_as_thread(op);
    }
    Py_XDECREF(callable);
    if (rc < 0) {
        return mn_error_set(err, MN_ECANCELED, "the caller gave up");
    }
    return 0;
}

struct mn_waiter
mnpy_waiter(struct mnpy_services *s)
{
    return (struct mn_waiter){
        .wait = wait_for, .ctx = s, .wants_eventfd = wants_eventfd};
}
