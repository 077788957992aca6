/* SPDX-License-Identifier: Apache-2.0 */
#include "python/docs.h"
#include "python/driver_core.h"
#include "python/raise.h"

static PyObject *
native_setup(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return mnpy_driver_setup(self, args, kwargs, mnpy_tegile_setup_new);
}

static PyObject *
pool_told(const struct mn_tegile_pool *pool)
{
    PyObject *name = mnpy_str(mn_slice_of(pool->name));
    return name ? Py_BuildValue("{s:N,s:d,s:d,s:d,s:O}", "pool_name", name,
                                "total_capacity_gb", pool->total_gb,
                                "free_capacity_gb", pool->free_gb,
                                "allocated_capacity_gb", pool->allocated_gb,
                                "qos", pool->qos ? Py_True : Py_False)
                : NULL;
}

static PyObject *
stats_told(const struct mn_tegile_stats *stats)
{
    PyObject *pools = PyList_New(0);
    for (size_t i = 0; pools && i < stats->n; i++) {
        PyObject *told = pool_told(&stats->pools[i]);
        if (!told || PyList_Append(pools, told) < 0) {
            Py_CLEAR(pools);
        }
        Py_XDECREF(told);
    }
    return pools ? Py_BuildValue("{s:N,s:O}", "pools", pools,
                                 "revert_to_snapshot_support",
                                 stats->revert ? Py_True : Py_False)
                 : NULL;
}

static PyObject *
get_array_stats(PyObject *self, PyObject *unused)
{
    struct mn_tegile_stats stats;
    struct mnpy_call call;
    (void)unused;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    int rc = mn_tegile_stats(call.setup->tegile, &stats, &call.err);
    PyObject *told =
        mnpy_failed(call.services, rc, &call.err) ? NULL : stats_told(&stats);
    mn_tegile_stats_dispose(&stats);
    mnpy_call_end(&call);
    return told;
}

static PyObject *
find_pool(struct mnpy_call *call)
{
    struct mn_buf pool = MN_BUF_INIT;
    int rc = mn_tegile_pool_of(call->setup->tegile, &call->share.view, &pool,
                               &call->err);
    PyObject *told = mnpy_failed(call->services, rc, &call->err)
                         ? NULL
                         : mnpy_str(mn_buf_view(&pool));
    mn_buf_dispose(&pool);
    return told;
}

static PyObject *
get_pool(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", NULL};
    PyObject *share;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:get_pool", names, &share)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    const char *pool = call.share.view.pool;
    PyObject *told = pool ? mnpy_str(mn_slice_of(pool)) : find_pool(&call);
    mnpy_call_end(&call);
    return told;
}

static PyMethodDef methods[] = {
    {"_native_setup", MNPY_METHOD(native_setup), METH_VARARGS | METH_KEYWORDS,
     native_setup_doc},
    {"check_for_setup_error", mnpy_driver_check, METH_NOARGS, check_doc},
    MNPY_DRIVER_METHODS(MNPY_ROW){"get_pool", MNPY_METHOD(get_pool),
                                  METH_VARARGS | METH_KEYWORDS, get_pool_doc},
    {"get_network_allocations_number", mnpy_driver_allocations, METH_NOARGS,
     allocations_doc},
    {"_get_array_stats", get_array_stats, METH_NOARGS, array_stats_doc},
    {NULL, NULL, 0, NULL},
};

int
mnpy_add_tegile_type(PyObject *module)
{
    return mnpy_add_driver_type(
        module, "manila_native._native.TegileShareDriver",
        "Shares on IntelliFlash arrays: the part of the driver that is in C.",
        methods);
}
