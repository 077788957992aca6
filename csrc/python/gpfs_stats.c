/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver that tell what the cluster has and can
 * do.
 */
#include <string.h>

#include "core/alloc.h"
#include "core/ipnet.h"
#include "python/gpfs_methods.h"
#include "python/raise.h"

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

/* The pool with the longest base that path lies below, or NULL. */
static const struct mn_gpfs_pool *
pool_above(const struct mnpy_setup *setup, const char *path)
{
    const struct mn_gpfs_pool *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; path && i < setup->pools_n; i++) {
        const char *base = setup->pools[i].base;
        size_t n = strlen(base);
        while (n && base[n - 1] == '/') {
            n--;
        }
        if (n >= longest && strncmp(path, base, n) == 0 && path[n] == '/') {
            found = &setup->pools[i];
            longest = n;
        }
    }
    return found;
}

PyObject *
mnpy_gpfs_get_pool(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", NULL};
    PyObject *share;
    char *location = NULL;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:get_pool", names, &share)
        || mnpy_location_of(share, &location) < 0) {
        return mnpy_call_error(&call);
    }
    const struct mnpy_setup *setup = call.setup;
    const struct mn_gpfs_pool *pool = setup->pools;
    if (setup->reader.named_pools) {
        pool =
            pool_above(setup, location ? mnpy_location_path(location) : NULL);
    }
    PyObject *result =
        pool ? mnpy_str(mn_slice_of(pool->name)) : Py_BuildValue("");
    mn_free(location);
    mnpy_call_end(&call);
    return result;
}
