/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver that make, change and mend shares.
 */
#include "core/alloc.h"
#include "python/driver_core.h"
#include "python/logbridge.h"
#include "python/raise.h"

/* Manila's list of one export location. */
static PyObject *
locations_of(const struct mn_buf *location)
{
    PyObject *path = mnpy_str(mn_buf_view(location));
    if (!path) {
        return NULL;
    }
    return Py_BuildValue("[{s:N,s:O,s:{s:O}}]", "path", path, "is_admin_only",
                         Py_False, "metadata", "preferred", Py_True);
}

PyObject *
mnpy_gpfs_create_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", "share", "share_server", NULL};
    PyObject *context;
    PyObject *share;
    PyObject *server;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:create_share", names,
                                     &context, &share, &server)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    struct mn_buf location = MN_BUF_INIT;
    int rc = mn_gpfs_create_share(call.gpfs, &call.share.view, &location,
                                  &call.err);
    PyObject *result = mnpy_failed(call.services, rc, &call.err)
                           ? NULL
                           : locations_of(&location);
    mn_buf_dispose(&location);
    mnpy_call_end(&call);
    return result;
}

PyObject *
mnpy_gpfs_delete_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", "share", "share_server", NULL};
    PyObject *context;
    PyObject *share;
    PyObject *server;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:delete_share", names,
                                     &context, &share, &server)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    return mnpy_call_none(
        &call, mn_gpfs_delete_share(call.gpfs, &call.share.view, &call.err));
}

PyObject *
mnpy_gpfs_extend_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", "new_size", "share_server", NULL};
    PyObject *share;
    PyObject *server;
    long new_size;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ol|O:extend_share", names,
                                     &share, &new_size, &server)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    if (new_size <= 0) {
        return mnpy_call_none(
            &call,
            mn_error_set(&call.err, MN_EINVAL, "new_size must be positive"));
    }
    return mnpy_call_none(&call,
                          mn_gpfs_extend_share(call.gpfs, &call.share.view,
                                               (uint64_t)new_size, &call.err));
}

static PyObject *
ensure_one(struct mnpy_call *call)
{
    struct mn_ensure_result *result = mn_calloc(1, sizeof *result);
    if (!result) {
        return PyErr_NoMemory();
    }
    PyObject *locations = NULL;
    int rc = mn_gpfs_ensure_shares(call->gpfs, &call->share.view, 1, result,
                                   &call->err);
    if (!mnpy_failed(call->services, rc, &call->err)
        && !mnpy_failed(call->services, (int)result->code, &result->err)) {
        locations = locations_of(&result->location);
    }
    mn_buf_dispose(&result->location);
    mn_free(result);
    return locations;
}

PyObject *
mnpy_gpfs_ensure_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", "share", "share_server", NULL};
    PyObject *context;
    PyObject *share;
    PyObject *server;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:ensure_share", names,
                                     &context, &share, &server)
        || mnpy_call_share(&call, share, MNPY_WITH_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    PyObject *locations = ensure_one(&call);
    mnpy_call_end(&call);
    return locations;
}

/* Many shares at once. */
struct many {
    PyObject *items; /* Manila's, a tuple */
    PyObject *specs; /* extra specs by share type */
    size_t n;        /* shares that could be converted */
    size_t *item;    /* which of items each of them is */
    struct mnpy_share *shares;
    struct mn_share *views;
    struct mn_ensure_result *results;
};

static void
many_dispose(struct many *m)
{
    for (size_t i = 0; i < m->n; i++) {
        mnpy_share_dispose(&m->shares[i]);
        mn_buf_dispose(&m->results[i].location);
    }
    mn_free(m->item);
    mn_free(m->shares);
    mn_free(m->views);
    mn_free(m->results);
    Py_CLEAR(m->specs);
    Py_CLEAR(m->items);
}

static int
many_alloc(struct many *m, PyObject *shares)
{
    *m = (struct many){.items = mnpy_tuple(shares), .specs = PyDict_New()};
    size_t n = m->items ? (size_t)PyTuple_Size(m->items) + 1 : 1;
    m->item = mn_calloc(n, sizeof *m->item);
    m->shares = mn_calloc(n, sizeof *m->shares);
    m->views = mn_calloc(n, sizeof *m->views);
    m->results = mn_calloc(n, sizeof *m->results);
    if (!m->item || !m->shares || !m->views || !m->results) {
        PyErr_NoMemory();
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* Log the pending exception as the reason why a share can't be ensured; -1
   when it is one that must end the call. */
static int
skip_share(struct mnpy_call *call)
{
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    if (!mnpy_swallowable()) {
        return -1;
    }
    PyErr_Fetch(&type, &value, &traceback);
    struct mn_buf text = MN_BUF_INIT;
    PyObject *str = value ? PyObject_Str(value) : NULL;
    if (!str || mnpy_add_bytes(&text, str) < 0) {
        PyErr_Clear();
    }
    mnpy_log_write(call->services, MN_LOG_ERROR,
                   "a share can't be looked after: %.500s", mn_buf_str(&text));
    mn_buf_dispose(&text);
    Py_XDECREF(str);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return PyErr_Occurred() ? -1 : 0;
}

/* Manila never asks again for what ensure_shares() raised on, so one share
   that can't be converted must not spoil the others. */
static int
many_convert(struct mnpy_call *call, struct many *m)
{
    Py_ssize_t n = PyTuple_Size(m->items);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyTuple_GetItem(m->items, i);
        struct mnpy_share *share = &m->shares[m->n];
        if (mnpy_call_guard(call, item)
            && mnpy_share_init(share, item, call->services, true, m->specs)
                   == 0) {
            m->views[m->n] = share->view;
            m->item[m->n++] = (size_t)i;
            continue;
        }
        mnpy_share_dispose(share);
        if (skip_share(call) < 0) {
            return -1;
        }
    }
    return 0;
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
    PyObject *locations = dict && ok ? locations_of(&result->location) : NULL;
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
many_told(struct mnpy_call *call, const struct many *m)
{
    PyObject *all = PyDict_New();
    Py_ssize_t n = PyTuple_Size(m->items);
    size_t j = 0;
    for (Py_ssize_t i = 0; all && i < n; i++) {
        bool converted = j < m->n && m->item[j] == (size_t)i;
        PyObject *id = mnpy_get(PyTuple_GetItem(m->items, i), "id");
        PyObject *told = id ? told_of(call, converted ? &m->results[j] : NULL,
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

/* The whole could not be done: no share is known to stand. */
static void
many_fail(struct many *m, int rc, const struct mn_error *err)
{
    for (size_t i = 0; i < m->n; i++) {
        m->results[i].code = (enum mn_code)rc;
        m->results[i].err = *err;
    }
}

PyObject *
mnpy_gpfs_ensure_shares(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"context", "shares", NULL};
    PyObject *context;
    PyObject *shares;
    PyObject *told = NULL;
    struct many m = {0};
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:ensure_shares", names,
                                     &context, &shares)) {
        return mnpy_call_error(&call);
    }
    if (many_alloc(&m, shares) == 0 && many_convert(&call, &m) == 0) {
        int rc = mn_gpfs_ensure_shares(call.gpfs, m.views, m.n, m.results,
                                       &call.err);
        if (rc != MN_OK) {
            many_fail(&m, rc, &call.err);
        }
        told = PyErr_Occurred() ? NULL : many_told(&call, &m);
    }
    many_dispose(&m);
    mnpy_call_end(&call);
    return told;
}
