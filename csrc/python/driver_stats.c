/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of the drivers that tell of the back end and of what shares use.
 */
#include "core/alloc.h"
#include "python/many.h"
#include "python/raise.h"

#ifndef MN_VERSION
#define MN_VERSION "unknown"
#endif

PyObject *
mnpy_driver_get_backend_info(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", NULL};
    PyObject *context;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:get_backend_info", names,
                                     &context)) {
        return mnpy_call_error(&call);
    }
    struct mn_buf info = MN_BUF_INIT;
    int rc = call.driver->vtable->backend_info(call.driver, &info, &call.err);
    PyObject *text = mnpy_failed(call.services, rc, &call.err)
                         ? NULL
                         : mnpy_str(mn_buf_view(&info));
    PyObject *result = text ? Py_BuildValue("{s:N,s:s}", "backend", text,
                                            "manila_native", MN_VERSION)
                            : NULL;
    mn_buf_dispose(&info);
    mnpy_call_end(&call);
    return result;
}

/* The present time as Manila writes it: UTC, and it does not say so. */
static PyObject *
utc_now(void)
{
    PyObject *datetime = PyImport_ImportModule("datetime");
    PyObject *cls =
        datetime ? PyObject_GetAttrString(datetime, "datetime") : NULL;
    PyObject *zone =
        datetime ? PyObject_GetAttrString(datetime, "timezone") : NULL;
    PyObject *utc = zone ? PyObject_GetAttrString(zone, "utc") : NULL;
    PyObject *now =
        cls && utc ? PyObject_CallMethod(cls, "now", "O", utc) : NULL;
    PyObject *replace = now ? PyObject_GetAttrString(now, "replace") : NULL;
    PyObject *none = Py_BuildValue("{s:O}", "tzinfo", Py_None);
    PyObject *nothing = PyTuple_New(0);
    PyObject *result = replace && none && nothing
                           ? PyObject_Call(replace, nothing, none)
                           : NULL;
    Py_XDECREF(nothing);
    Py_XDECREF(none);
    Py_XDECREF(replace);
    Py_XDECREF(now);
    Py_XDECREF(utc);
    Py_XDECREF(zone);
    Py_XDECREF(cls);
    Py_XDECREF(datetime);
    return result;
}

static int
usage_add(PyObject *list, PyObject *item, uint64_t bytes, PyObject *now)
{
    PyObject *id = mnpy_get(item, "id");
    PyObject *row = id ? Py_BuildValue("{s:N,s:d,s:O}", "id", id, "used_size",
                                       (double)bytes / (1024.0 * 1024 * 1024),
                                       "gathered_at", now)
                       : NULL;
    int rc = row ? PyList_Append(list, row) : -1;
    Py_XDECREF(row);
    return rc;
}

static PyObject *
usage_told(const struct mnpy_many *m, const uint64_t *used)
{
    PyObject *now = utc_now();
    PyObject *list = now ? PyList_New(0) : NULL;
    for (size_t i = 0; list && i < m->n; i++) {
        PyObject *item = PyTuple_GetItem(m->items, (Py_ssize_t)m->item[i]);
        if (used[i] != UINT64_MAX && usage_add(list, item, used[i], now) < 0) {
            Py_CLEAR(list);
        }
    }
    Py_XDECREF(now);
    return list;
}

static PyObject *
usage(struct mnpy_call *call, const struct mnpy_many *m)
{
    uint64_t *used = mn_calloc(m->n + 1, sizeof *used);
    int rc = used ? 0 : mn_error_nomem(&call->err);
    if (rc == 0 && m->n) {
        rc = call->driver->vtable->usage(call->driver, m->views, m->n, used,
                                         &call->err);
    }
    PyObject *list = mnpy_failed(call->services, rc, &call->err)
                         ? NULL
                         : usage_told(m, used);
    mn_free(used);
    return list;
}

PyObject *
mnpy_driver_update_share_usage_size(PyObject *self, PyObject *args,
                                    PyObject *kwargs)
{
    static char *names[] = {"context", "shares", NULL};
    PyObject *context;
    PyObject *shares;
    PyObject *list = NULL;
    struct mnpy_many m;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "OO:update_share_usage_size", names,
                                     &context, &shares)) {
        return mnpy_call_error(&call);
    }
    if (mnpy_many_init(&m, &call, shares, MNPY_WITHOUT_SPECS) == 0) {
        list = usage(&call, &m);
    }
    mnpy_many_dispose(&m);
    mnpy_call_end(&call);
    return list;
}
