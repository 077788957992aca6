/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of the drivers for snapshots, and for what becomes of them: shares
 * made from one, and shares brought back to one.
 */
#include "core/alloc.h"
#include "python/driver_core.h"
#include "python/raise.h"

/* Begin a call of (context, snapshot, share_server=None). -1 with an
   exception, and nothing to end. */
static int
parse(struct mnpy_call *call, PyObject *self, PyObject *args, PyObject *kwargs,
      const char *format)
{
    static char *names[] = {"context", "snapshot", "share_server", NULL};
    PyObject *context;
    PyObject *snapshot;
    PyObject *server;
    if (mnpy_call_begin(call, self) < 0) {
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &context,
                                     &snapshot, &server)
        || mnpy_call_snapshot(call, snapshot, Py_None, MNPY_WITHOUT_SPECS)
               < 0) {
        mnpy_call_end(call);
        return -1;
    }
    return 0;
}

/* Put the snapshot's export locations, if users may mount it on its own, into
   what Manila is told; takes update. */
static PyObject *
with_locations(struct mnpy_call *call, PyObject *update)
{
    const struct mn_driver_vtable *vtable = call->driver->vtable;
    if (!update || !vtable->snapshot_location || !call->snapshot.mountable) {
        return update;
    }
    struct mn_buf buf = MN_BUF_INIT;
    int rc = vtable->snapshot_location(call->driver, &call->snapshot.view,
                                       &buf, &call->err);
    PyObject *locations = mnpy_failed(call->services, rc, &call->err)
                              ? NULL
                              : mnpy_locations(&buf);
    if (!locations
        || (buf.n
            && PyDict_SetItemString(update, "export_locations", locations)
                   < 0)) {
        Py_CLEAR(update);
    }
    Py_XDECREF(locations);
    mn_buf_dispose(&buf);
    return update;
}

PyObject *
mnpy_driver_create_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *update = NULL;
    struct mnpy_call call;
    if (parse(&call, self, args, kwargs, "OO|O:create_snapshot") < 0) {
        return NULL;
    }
    int rc = call.driver->vtable->create_snapshot(
        call.driver, &call.snapshot.view, &call.err);
    if (!mnpy_failed(call.services, rc, &call.err)) {
        update = Py_BuildValue("{s:s}", "provider_location",
                               call.snapshot.view.name);
        update = with_locations(&call, update);
    }
    mnpy_call_end(&call);
    return update;
}

PyObject *
mnpy_driver_delete_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct mnpy_call call;
    if (parse(&call, self, args, kwargs, "OO|O:delete_snapshot") < 0) {
        return NULL;
    }
    return mnpy_call_none(&call,
                          call.driver->vtable->delete_snapshot(
                              call.driver, &call.snapshot.view, &call.err));
}

static enum mnpy_exception
manage_class(const struct mnpy_services *s, enum mn_code code)
{
    bool unfit =
        code == MN_EINVAL || code == MN_ENOTFOUND || code == MN_EEXISTS;
    return unfit ? MNPY_MANAGE_SNAPSHOT : mnpy_class_of(s, code);
}

/* A snapshot has no size of its own: it is a share's. */
static PyObject *
managed(struct mnpy_call *call, const struct mn_buf *name)
{
    uint64_t size = call->snapshot.view.size_gib;
    if (!size) {
        size = call->snapshot.share.view.size_gib;
    }
    PyObject *update =
        Py_BuildValue("{s:K,s:s}", "size", (unsigned long long)size,
                      "provider_location", mn_buf_str(name));
    return with_locations(call, update);
}

PyObject *
mnpy_driver_manage_existing_snapshot(PyObject *self, PyObject *args,
                                     PyObject *kwargs)
{
    static char *names[] = {"snapshot", "driver_options", NULL};
    PyObject *snapshot;
    PyObject *options;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "OO:manage_existing_snapshot", names,
                                     &snapshot, &options)
        || mnpy_call_snapshot(&call, snapshot, Py_None, MNPY_WITHOUT_SPECS)
               < 0) {
        return mnpy_call_error(&call);
    }
    struct mn_buf name = MN_BUF_INIT;
    int rc = call.driver->vtable->manage_snapshot(
        call.driver, &call.snapshot.view, &name, &call.err);
    PyObject *update =
        mnpy_failed_as(call.services, rc, &call.err, manage_class)
            ? NULL
            : managed(&call, &name);
    mn_buf_dispose(&name);
    mnpy_call_end(&call);
    return update;
}

/* No back end knows whose snapshot it is, so there is nothing to undo. */
PyObject *
mnpy_driver_unmanage_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"snapshot", NULL};
    PyObject *snapshot;
    (void)self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:unmanage_snapshot",
                                     names, &snapshot)) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
mnpy_driver_create_share_from_snapshot(PyObject *self, PyObject *args,
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
    bool copying = false;
    int rc = call.driver->vtable->create_share_from_snapshot(
        call.driver, &call.share.view, &call.snapshot.view, &copying,
        &location, &call.err);
    if (!mnpy_failed(call.services, rc, &call.err)) {
        PyObject *locations = mnpy_locations(&location);
        result = locations ? Py_BuildValue("{s:s,s:N}", "status",
                                           copying ? "creating_from_snapshot"
                                                   : "available",
                                           "export_locations", locations)
                           : NULL;
    }
    mn_buf_dispose(&location);
    mnpy_call_end(&call);
    return result;
}

PyObject *
mnpy_driver_revert_to_snapshot(PyObject *self, PyObject *args,
                               PyObject *kwargs)
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
    bool reverting = false;
    int rc = call.driver->vtable->revert_to_snapshot(
        call.driver, &call.snapshot.view, !call.setup->async_revert,
        &reverting, &call.err);
    PyObject *result = mnpy_call_none(&call, rc);
    if (result && reverting) {
        Py_DECREF(result);
        result = Py_BuildValue("{s:s}", "status", "reverting_to_snapshot");
    }
    return result;
}
