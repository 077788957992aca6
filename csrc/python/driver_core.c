/* SPDX-License-Identifier: Apache-2.0 */
#include "python/driver_core.h"

#include "core/alloc.h"
#include "python/raise.h"

int
mnpy_call_begin(struct mnpy_call *call, PyObject *self)
{
    struct mnpy_setup *setup = ((struct mnpy_driver *)self)->setup;
    *call = (struct mnpy_call){0};
    if (!setup) {
        PyErr_SetString(PyExc_RuntimeError,
                        "the driver is not set up: call do_setup() first");
        return -1;
    }
    Py_INCREF((PyObject *)setup);
    call->setup = setup;
    call->driver = setup->driver;
    call->gpfs = setup->gpfs;
    call->services = &setup->services;
    return 0;
}

void
mnpy_call_end(struct mnpy_call *call)
{
    mnpy_share_dispose(&call->share);
    mnpy_snapshot_dispose(&call->snapshot);
    Py_CLEAR(call->setup);
}

bool
mnpy_call_guard(struct mnpy_call *call, PyObject *share)
{
    char *proto;
    if (mnpy_get_text(share, "share_proto", &proto) < 0) {
        return false;
    }
    const struct mnpy_reader *r = &call->setup->reader;
    struct mn_slice s = mn_slice_of(proto);
    bool served = mn_slice_eq_nocase(s, "NFS")
                  || (r->cifs && mn_slice_eq_nocase(s, "CIFS"));
    if (!served) {
        struct mn_buf text = MN_BUF_INIT;
        mn_buf_printf(&text, "Share protocol %s not supported by %s driver.",
                      proto ? proto : "(none)", r->backend);
        mnpy_raise(call->services, MNPY_INVALID_SHARE, "INVAL",
                   mn_buf_str(&text));
        mn_buf_dispose(&text);
    }
    mn_free(proto);
    return served;
}

int
mnpy_call_share(struct mnpy_call *call, PyObject *share, enum mnpy_specs specs)
{
    if (!mnpy_call_guard(call, share)) {
        return -1;
    }
    return mnpy_share_init(&call->share, share, &call->setup->reader,
                           specs == MNPY_WITH_SPECS, NULL);
}

int
mnpy_call_parse(struct mnpy_call *call, PyObject *self, PyObject *args,
                PyObject *kwargs, const char *format, enum mnpy_specs specs)
{
    static char *names[] = {"context", "share", "share_server", NULL};
    PyObject *context;
    PyObject *share;
    PyObject *server;
    if (mnpy_call_begin(call, self) < 0) {
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &context,
                                     &share, &server)
        || mnpy_call_share(call, share, specs) < 0) {
        mnpy_call_end(call);
        return -1;
    }
    return 0;
}

int
mnpy_call_snapshot(struct mnpy_call *call, PyObject *snapshot, PyObject *share,
                   enum mnpy_specs specs)
{
    PyObject *of = share;
    if (share == Py_None) {
        of = mnpy_share_of_snapshot(snapshot);
    }
    else {
        Py_INCREF(of);
    }
    int rc =
        of ? mnpy_snapshot_init(&call->snapshot, snapshot, of,
                                &call->setup->reader, specs == MNPY_WITH_SPECS)
           : -1;
    Py_XDECREF(of);
    return rc;
}

PyObject *
mnpy_locations(const struct mn_buf *locations)
{
    struct mn_slice rest = mn_buf_view(locations);
    struct mn_slice one;
    PyObject *list = PyList_New(0);
    while (list && mn_slice_next(&rest, '\0', &one)) {
        PyObject *path = mnpy_str(one);
        PyObject *preferred = PyList_Size(list) ? Py_False : Py_True;
        PyObject *told =
            path ? Py_BuildValue("{s:N,s:O,s:{s:O}}", "path", path,
                                 "is_admin_only", Py_False, "metadata",
                                 "preferred", preferred)
                 : NULL;
        if (!told || PyList_Append(list, told) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(told);
    }
    return list;
}

PyObject *
mnpy_call_none(struct mnpy_call *call, int rc)
{
    bool failed = mnpy_failed(call->services, rc, &call->err);
    mnpy_call_end(call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
mnpy_call_error(struct mnpy_call *call)
{
    mnpy_call_end(call);
    return NULL;
}
