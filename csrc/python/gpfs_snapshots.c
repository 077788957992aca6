/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver for snapshots.
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

/* Put the snapshot's export location, if users may mount it on its own, into
   what Manila is told; takes update. */
static PyObject *
with_location(struct mnpy_call *call, PyObject *update)
{
    struct mn_gpfs_capabilities caps = {0};
    mn_gpfs_capabilities(call->gpfs, &caps);
    if (!update || !caps.mount_snapshot || !call->snapshot.mountable) {
        return update;
    }
    struct mn_buf location = MN_BUF_INIT;
    int rc = mn_gpfs_snapshot_location(call->gpfs, &call->snapshot.view,
                                       &location, &call->err);
    PyObject *locations = mnpy_failed(call->services, rc, &call->err)
                              ? NULL
                              : mnpy_locations(&location);
    if (!locations
        || PyDict_SetItemString(update, "export_locations", locations) < 0) {
        Py_CLEAR(update);
    }
    Py_XDECREF(locations);
    mn_buf_dispose(&location);
    return update;
}

PyObject *
mnpy_gpfs_create_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *update = NULL;
    struct mnpy_call call;
    if (parse(&call, self, args, kwargs, "OO|O:create_snapshot") < 0) {
        return NULL;
    }
    int rc =
        mn_gpfs_create_snapshot(call.gpfs, &call.snapshot.view, &call.err);
    if (!mnpy_failed(call.services, rc, &call.err)) {
        update = Py_BuildValue("{s:s}", "provider_location",
                               call.snapshot.view.name);
        update = with_location(&call, update);
    }
    mnpy_call_end(&call);
    return update;
}

PyObject *
mnpy_gpfs_delete_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct mnpy_call call;
    if (parse(&call, self, args, kwargs, "OO|O:delete_snapshot") < 0) {
        return NULL;
    }
    return mnpy_call_none(
        &call,
        mn_gpfs_delete_snapshot(call.gpfs, &call.snapshot.view, &call.err));
}

static enum mnpy_exception
manage_class(enum mn_code code)
{
    bool unfit =
        code == MN_EINVAL || code == MN_ENOTFOUND || code == MN_EEXISTS;
    return unfit ? MNPY_MANAGE_SNAPSHOT : mnpy_class_of(code);
}

/* A snapshot has no size of its own on GPFS: it is a share's. */
static PyObject *
managed(struct mnpy_call *call)
{
    long size = call->snapshot.size_gib;
    if (size <= 0) {
        size = (long)call->snapshot.share.view.size_gib;
    }
    PyObject *update =
        Py_BuildValue("{s:l,s:s}", "size", size, "provider_location",
                      call->snapshot.view.name);
    return with_location(call, update);
}

PyObject *
mnpy_gpfs_manage_existing_snapshot(PyObject *self, PyObject *args,
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
    int rc =
        mn_gpfs_manage_snapshot(call.gpfs, &call.snapshot.view, &call.err);
    PyObject *update =
        mnpy_failed_as(call.services, rc, &call.err, manage_class)
            ? NULL
            : managed(&call);
    mnpy_call_end(&call);
    return update;
}

/* GPFS does not know whose snapshot it is, so there is nothing to undo. */
PyObject *
mnpy_gpfs_unmanage_snapshot(PyObject *self, PyObject *args, PyObject *kwargs)
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
