/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver that tell what the back end has and can
 * do.
 */
#include "core/alloc.h"
#include "core/ipnet.h"
#include "python/gpfs_many.h"
#include "python/raise.h"

#ifndef MN_VERSION
#define MN_VERSION "unknown"
#endif

PyObject *
mnpy_gpfs_get_backend_info(PyObject *self, PyObject *args, PyObject *kwargs)
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
    int rc = mn_gpfs_backend_info(call.gpfs, &info, &call.err);
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

/* [(pool, total, free)] */
static PyObject *
capacities_told(const struct mnpy_setup *setup,
                const struct mn_gpfs_stats *stats)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < setup->pools_n; i++) {
        PyObject *name = mnpy_str(mn_slice_of(setup->pools[i].name));
        PyObject *row =
            name ? Py_BuildValue("(NKK)", name,
                                 (unsigned long long)stats[i].total_bytes,
                                 (unsigned long long)stats[i].free_bytes)
                 : NULL;
        if (!row || PyList_Append(list, row) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

PyObject *
mnpy_gpfs_capacities(PyObject *self, PyObject *unused)
{
    struct mnpy_call call;
    (void)unused;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    struct mn_gpfs_stats *stats =
        mn_calloc(call.setup->pools_n, sizeof *stats);
    int rc = stats ? mn_gpfs_stats(call.gpfs, stats, &call.err)
                   : mn_error_nomem(&call.err);
    if (!mnpy_failed(call.services, rc, &call.err)) {
        result = capacities_told(call.setup, stats);
    }
    mn_free(stats);
    mnpy_call_end(&call);
    return result;
}

PyObject *
mnpy_gpfs_capabilities(PyObject *self, PyObject *unused)
{
    struct mnpy_call call;
    struct mn_gpfs_capabilities caps = {0};
    (void)unused;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    mn_gpfs_capabilities(call.gpfs, &caps);
    mnpy_call_end(&call);
    return Py_BuildValue("{s:O,s:O}", "mount_snapshot_support",
                         caps.mount_snapshot ? Py_True : Py_False,
                         "snapshot_inherit_share_access_support",
                         caps.snapshot_inherit_access ? Py_True : Py_False);
}

/* What family a name resolves to is its operator's business, and may change
   at any time. */
PyObject *
mnpy_gpfs_ip_versions(PyObject *self, PyObject *unused)
{
    const struct mnpy_setup *setup = ((struct mnpy_driver *)self)->setup;
    struct mn_ipnet net;
    (void)unused;
    if (!setup
        || mn_ipnet_parse(mn_slice_of(setup->export_ip), &net, NULL) != 0) {
        return Py_BuildValue("[ii]", 4, 6);
    }
    return Py_BuildValue("[i]", (int)net.family);
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
        rc = mn_gpfs_usage(call->gpfs, m->views, m->n, used, &call->err);
    }
    PyObject *list = mnpy_failed(call->services, rc, &call->err)
                         ? NULL
                         : usage_told(m, used);
    mn_free(used);
    return list;
}

PyObject *
mnpy_gpfs_update_share_usage_size(PyObject *self, PyObject *args,
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
