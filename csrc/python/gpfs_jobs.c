/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver that start long jobs on the cluster, and
 * the one that asks how they go.
 */
#include <string.h>

#include "core/alloc.h"
#include "python/driver_core.h"
#include "python/logbridge.h"
#include "python/raise.h"

/* Manila's words */
#define CREATING "creating_from_snapshot"
#define REVERTING "reverting_to_snapshot"

PyObject *
mnpy_gpfs_create_share_from_snapshot(PyObject *self, PyObject *args,
                                     PyObject *kwargs)
{
    static char *names[] = {"context",      "share",        "snapshot",
                            "share_server", "parent_share", NULL};
    PyObject *context;
    PyObject *share;
    PyObject *snapshot;
    PyObject *server;
    PyObject *parent = Py_None;
    PyObject *result = NULL;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOO|OO:create_share_from_snapshot", names, &context,
            &share, &snapshot, &server, &parent)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0
        || mnpy_call_snapshot(&call, snapshot, parent, MNPY_WITHOUT_SPECS)
               < 0) {
        return mnpy_call_error(&call);
    }
    struct mn_buf location = MN_BUF_INIT;
    int rc = mn_gpfs_create_share_from_snapshot(call.gpfs, &call.share.view,
                                                &call.snapshot.view, &location,
                                                &call.err);
    if (!mnpy_failed(call.services, rc, &call.err)) {
        PyObject *locations = mnpy_locations(&location);
        result = locations ? Py_BuildValue("{s:s,s:N}", "status", CREATING,
                                           "export_locations", locations)
                           : NULL;
    }
    mn_buf_dispose(&location);
    mnpy_call_end(&call);
    return result;
}

/* Manila takes the snapshot's size for the share's after a revert, but the
   quota is not part of what is reverted. A share that was shrunk since then
   needs the room first; one that was extended loses it only when the revert
   has begun. If that fails, ensure_shares() will mend it. */
static int
revert(struct mnpy_call *call)
{
    const struct mn_snapshot *s = &call->snapshot.view;
    uint64_t size = (uint64_t)call->snapshot.size_gib;
    struct mn_error why = MN_ERROR_INIT;
    int rc = 0;
    if (size > s->share.size_gib) {
        rc = mn_gpfs_extend_share(call->gpfs, &s->share, size, &call->err);
    }
    if (rc == 0) {
        rc = mn_gpfs_revert_to_snapshot(
            call->gpfs, s, !call->setup->async_revert, &call->err);
    }
    if (rc == 0 && size && size < s->share.size_gib && !PyErr_Occurred()
        && mn_gpfs_extend_share(call->gpfs, &s->share, size, &why) != 0
        && !PyErr_Occurred()) {
        mnpy_log_write(call->services, MN_LOG_WARNING,
                       "share %s is being reverted, but keeps its quota: %s",
                       s->share.name, why.text);
    }
    return rc;
}

PyObject *
mnpy_gpfs_revert_to_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context",
                            "snapshot",
                            "share_access_rules",
                            "snapshot_access_rules",
                            "share_server",
                            NULL};
    PyObject *context;
    PyObject *snapshot;
    PyObject *share_rules;
    PyObject *snapshot_rules;
    PyObject *server;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOO|O:revert_to_snapshot",
                                     names, &context, &snapshot, &share_rules,
                                     &snapshot_rules, &server)
        || mnpy_call_snapshot(&call, snapshot, Py_None, MNPY_WITHOUT_SPECS)
               < 0) {
        return mnpy_call_error(&call);
    }
    bool later = call.setup->async_revert;
    PyObject *result = mnpy_call_none(&call, revert(&call));
    if (result && later) {
        Py_DECREF(result);
        result = Py_BuildValue("{s:s}", "status", REVERTING);
    }
    return result;
}

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
