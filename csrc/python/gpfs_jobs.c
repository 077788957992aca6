/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The method of _native.GPFSShareDriver that asks how long jobs on the
 * cluster go.
 */
#include <string.h>

#include "core/alloc.h"
#include "python/gpfs_methods.h"
#include "python/logbridge.h"
#include "python/raise.h"

/* Manila's words */
#define CREATING "creating_from_snapshot"
#define REVERTING "reverting_to_snapshot"

static PyObject *
told(const char *status, const struct mn_buf *location, PyObject *progress)
{
    PyObject *locations = progress ? mnpy_locations(location) : NULL;
    if (!locations) {
        Py_XDECREF(progress);
        return NULL;
    }
    return Py_BuildValue("{s:s,s:N,s:N}", "status", status, "export_locations",
                         locations, "progress", progress);
}

/* What Manila calls the job. A share that was reverting when it failed has an
   error of its own. */
static const char *
status_of(const struct mn_job_state *state, const char *before)
{
    bool reverting = before && strcmp(before, REVERTING) == 0;
    switch (state->status) {
    case MN_JOB_COPYING:
        return CREATING;
    case MN_JOB_REVERTING:
        return REVERTING;
    case MN_JOB_FAILED:
        return reverting ? "reverting_error" : "error";
    case MN_JOB_NONE:
    case MN_JOB_DONE:
        break;
    }
    return "available";
}

/* Did nobody answer, so that the job may well go on? An exception would have
   Manila give the share up. */
static bool
is_unknown(int rc, const char *before)
{
    enum mn_code code = (enum mn_code)rc;
    bool polled =
        before
        && (strcmp(before, CREATING) == 0 || strcmp(before, REVERTING) == 0);
    return polled && !PyErr_Occurred()
           && (code == MN_ECONNECT || code == MN_ETIMEDOUT || code == MN_EBUSY
               || code == MN_EAUTH || code == MN_EHOSTKEY);
}

static PyObject *
share_status(struct mnpy_call *call, const char *before)
{
    const char *name = call->share.view.name;
    struct mn_job_state state = {.status = MN_JOB_NONE};
    struct mn_buf location = MN_BUF_INIT;
    PyObject *result = NULL;
    int rc = mn_gpfs_share_status(call->gpfs, &call->share.view, &state,
                                  &location, &call->err);
    if (is_unknown(rc, before)) {
        mnpy_log_write(call->services, MN_LOG_WARNING,
                       "share %s: still %s, as far as is known: %s", name,
                       before, call->err.text);
        mn_buf_clear(&location);
        result = PyErr_Occurred() ? NULL
                                  : told(before, &location, Py_BuildValue(""));
    }
    else if (!mnpy_failed(call->services, rc, &call->err)) {
        if (state.status == MN_JOB_FAILED) {
            mnpy_log_write(call->services, MN_LOG_ERROR, "share %s: %s", name,
                           state.text);
        }
        bool over = state.status == MN_JOB_NONE || state.status == MN_JOB_DONE;
        result = PyErr_Occurred()
                     ? NULL
                     : told(status_of(&state, before), &location,
                            PyUnicode_FromFormat("%u%%",
                                                 over ? 100 : state.percent));
    }
    mn_buf_dispose(&location);
    return result;
}

PyObject *
mnpy_gpfs_get_share_status(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", "share_server", NULL};
    PyObject *share;
    PyObject *server;
    char *before = NULL;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:get_share_status",
                                     names, &share, &server)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0
        || mnpy_get_text(share, "status", &before) < 0) {
        return mnpy_call_error(&call);
    }
    PyObject *result = share_status(&call, before);
    mn_free(before);
    mnpy_call_end(&call);
    return result;
}
