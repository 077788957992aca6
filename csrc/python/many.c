/* SPDX-License-Identifier: Apache-2.0 */
#include "python/many.h"

#include "core/alloc.h"
#include "python/logbridge.h"
#include "python/raise.h"

void
mnpy_many_dispose(struct mnpy_many *m)
{
    for (size_t i = 0; i < m->n; i++) {
        mnpy_share_dispose(&m->shares[i]);
    }
    mn_free(m->item);
    mn_free(m->shares);
    mn_free(m->views);
    Py_CLEAR(m->items);
}

static int
many_alloc(struct mnpy_many *m, PyObject *shares)
{
    m->items = mnpy_tuple(shares);
    size_t n = m->items ? (size_t)PyTuple_Size(m->items) + 1 : 1;
    m->item = mn_calloc(n, sizeof *m->item);
    m->shares = mn_calloc(n, sizeof *m->shares);
    m->views = mn_calloc(n, sizeof *m->views);
    if (m->items && (!m->item || !m->shares || !m->views)) {
        PyErr_NoMemory();
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* Log the pending exception as the reason why a share can't be looked after;
   -1 when it is one that must end the call. */
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

static int
many_convert(struct mnpy_many *m, struct mnpy_call *call,
             enum mnpy_specs specs, PyObject *cache)
{
    Py_ssize_t n = PyTuple_Size(m->items);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyTuple_GetItem(m->items, i);
        struct mnpy_share *share = &m->shares[m->n];
        if (mnpy_call_guard(call, item)
            && mnpy_share_init(share, item, &call->setup->reader,
                               specs == MNPY_WITH_SPECS, cache)
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

int
mnpy_many_init(struct mnpy_many *m, struct mnpy_call *call, PyObject *shares,
               enum mnpy_specs specs)
{
    *m = (struct mnpy_many){0};
    PyObject *cache = PyDict_New();
    int rc = cache ? many_alloc(m, shares) : -1;
    if (rc == 0) {
        rc = many_convert(m, call, specs, cache);
    }
    Py_XDECREF(cache);
    return rc;
}
