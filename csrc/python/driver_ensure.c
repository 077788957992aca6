/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of the drivers that look after shares that are there.
 */
#include "core/alloc.h"
#include "python/many.h"
#include "python/logbridge.h"
#include "python/raise.h"

static PyObject *
ensure_one(struct mnpy_call *call)
{
    struct mn_ensure_result *result = mn_calloc(1, sizeof *result);
    if (!result) {
        return PyErr_NoMemory();
    }
    PyObject *locations = NULL;
    int rc = call->driver->vtable->ensure_shares(
        call->driver, &call->share.view, 1, result, &call->err);
    if (!mnpy_failed(call->services, rc, &call->err)
        && !mnpy_failed(call->services, (int)result->code, &result->err)) {
        locations = mnpy_locations(&result->location);
    }
    mn_buf_dispose(&result->location);
    mn_free(result);
    return locations;
}

PyObject *
mnpy_driver_ensure_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct mnpy_call call;
    if (mnpy_call_parse(&call, self, args, kwargs, "OO|O:ensure_share",
                        MNPY_WITH_SPECS)
        < 0) {
        return NULL;
    }
    PyObject *locations = ensure_one(&call);
    mnpy_call_end(&call);
    return locations;
}

/* What Manila is told of one share; result is NULL for one that could not be
   converted. */
static PyObject *
told_of(struct mnpy_call *call, const struct mn_ensure_result *result,
        const char *name)
{
    bool ok = result && result->code == MN_OK;
    if (result && !ok) {
        mnpy_log_write(call->services, MN_LOG_ERROR, "share %s: %s", name,
                       result->err.text);
    }
    PyObject *dict =
        Py_BuildValue("{s:s,s:O}", "status", ok ? "available" : "error",
                      "reapply_access_rules",
                      ok && result->reapply_access ? Py_True : Py_False);
    PyObject *locations =
        dict && ok ? mnpy_locations(&result->location) : NULL;
    if (locations
        && PyDict_SetItemString(dict, "export_locations", locations) < 0) {
        Py_CLEAR(dict);
    }
    Py_XDECREF(locations);
    if (PyErr_Occurred()) {
        Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *
all_told(struct mnpy_call *call, const struct mnpy_many *m,
         const struct mn_ensure_result *results)
{
    PyObject *all = PyDict_New();
    Py_ssize_t n = PyTuple_Size(m->items);
    size_t j = 0;
    for (Py_ssize_t i = 0; all && i < n; i++) {
        bool converted = j < m->n && m->item[j] == (size_t)i;
        PyObject *id = mnpy_get(PyTuple_GetItem(m->items, i), "id");
        PyObject *told = id ? told_of(call, converted ? &results[j] : NULL,
                                      converted ? m->views[j].name : "")
                            : NULL;
        if (!told || PyDict_SetItem(all, id, told) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(told);
        Py_XDECREF(id);
        j += converted;
    }
    return all;
}

/* Manila never asks again for what ensure_shares() raised on, so what failed
   as a whole is told of each share. */
static PyObject *
ensure_all(struct mnpy_call *call, const struct mnpy_many *m)
{
    struct mn_ensure_result *results = mn_calloc(m->n + 1, sizeof *results);
    if (!results) {
        return PyErr_NoMemory();
    }
    int rc = call->driver->vtable->ensure_shares(call->driver, m->views, m->n,
                                                 results, &call->err);
    for (size_t i = 0; rc != MN_OK && i < m->n; i++) {
        results[i].code = (enum mn_code)rc;
        results[i].err = call->err;
    }
    PyObject *told = PyErr_Occurred() ? NULL : all_told(call, m, results);
    for (size_t i = 0; i < m->n; i++) {
        mn_buf_dispose(&results[i].location);
    }
    mn_free(results);
    return told;
}

PyObject *
mnpy_driver_ensure_shares(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", "shares", NULL};
    PyObject *context;
    PyObject *shares;
    PyObject *told = NULL;
    struct mnpy_many m;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:ensure_shares", names,
                                     &context, &shares)) {
        return mnpy_call_error(&call);
    }
    if (mnpy_many_init(&m, &call, shares, MNPY_WITH_SPECS) == 0) {
        told = ensure_all(&call, &m);
    }
    mnpy_many_dispose(&m);
    mnpy_call_end(&call);
    return told;
}
