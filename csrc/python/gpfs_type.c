/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type _native.GPFSShareDriver; see driver_core.h.
 */
#include "python/driver_core.h"
#include "python/raise.h"

#ifndef MN_VERSION
#define MN_VERSION "unknown"
#endif

PyDoc_STRVAR(native_setup_doc,
             "_native_setup($self, /, options)\n"
             "--\n"
             "\n"
             "Take options and callables (see manila_native.gpfs). May be\n"
             "called again; operations that run keep the old ones.");

static PyObject *
native_setup(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"options", NULL};
    PyObject *options;
    struct mnpy_state *state = mnpy_state_of(Py_TYPE(self));
    if (!state
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "O!:_native_setup",
                                        names, &PyDict_Type, &options)) {
        return NULL;
    }
    struct mnpy_setup *setup = mnpy_setup_new(state, options);
    if (!setup) {
        return NULL;
    }
    struct mnpy_setup *old = ((struct mnpy_driver *)self)->setup;
    ((struct mnpy_driver *)self)->setup = setup;
    Py_XDECREF((PyObject *)old);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(check_doc,
             "check_for_setup_error($self, /)\n"
             "--\n"
             "\n"
             "Raise when the cluster or an NFS server is not fit for use.");

static PyObject *
check_for_setup_error(PyObject *self, PyObject *unused)
{
    struct mnpy_call call;
    (void)unused;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    return mnpy_call_none(&call, mn_gpfs_check(call.gpfs, &call.err));
}

PyDoc_STRVAR(create_share_doc,
             "create_share($self, /, context, share, share_server=None)\n"
             "--\n"
             "\n"
             "Create the fileset of a share. Returns its export locations.");

PyDoc_STRVAR(delete_share_doc,
             "delete_share($self, /, context, share, share_server=None)\n"
             "--\n"
             "\n"
             "Delete exports and fileset of a share; absent is success.");

PyDoc_STRVAR(extend_share_doc,
             "extend_share($self, /, share, new_size, share_server=None)\n"
             "--\n"
             "\n"
             "Raise the quota of a share to new_size GiB.");

PyDoc_STRVAR(ensure_share_doc,
             "ensure_share($self, /, context, share, share_server=None)\n"
             "--\n"
             "\n"
             "Mend link, quota and exports of one share. Returns its export\n"
             "locations.");

PyDoc_STRVAR(
    update_access_doc,
    "update_access($self, /, context, share, access_rules, add_rules,\n"
    "              delete_rules, update_rules, share_server=None)\n"
    "--\n"
    "\n"
    "Make the exports of a share what access_rules say. Returns\n"
    "{access_id: {'state': 'active' or 'error'}}.");

PyDoc_STRVAR(
    allow_access_doc,
    "allow_access($self, /, context, share, access, share_server=None)\n"
    "--\n"
    "\n"
    "Add one access rule; the others stay.");

PyDoc_STRVAR(
    deny_access_doc,
    "deny_access($self, /, context, share, access, share_server=None)\n"
    "--\n"
    "\n"
    "Take one access rule away; the others stay.");

PyDoc_STRVAR(backend_info_doc,
             "get_backend_info($self, /, context)\n"
             "--\n"
             "\n"
             "A dict that changes when the exports of all shares must be\n"
             "looked at again.");

static PyObject *
get_backend_info(PyObject *self, PyObject *args, PyObject *kwargs)
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

PyDoc_STRVAR(capacity_doc, "_get_capacity($self, /)\n"
                           "--\n"
                           "\n"
                           "(total, free) of the file system, in bytes.");

static PyObject *
get_capacity(PyObject *self, PyObject *unused)
{
    struct mnpy_call call;
    (void)unused;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    struct mn_gpfs_stats stats = {0, 0};
    int rc = mn_gpfs_stats(call.gpfs, &stats, &call.err);
    bool failed = mnpy_failed(call.services, rc, &call.err);
    mnpy_call_end(&call);
    if (failed) {
        return NULL;
    }
    return Py_BuildValue("(KK)", (unsigned long long)stats.total_bytes,
                         (unsigned long long)stats.free_bytes);
}

PyDoc_STRVAR(allocations_doc, "get_network_allocations_number($self, /)\n"
                              "--\n"
                              "\n"
                              "0: share servers are not managed.");

static PyObject *
get_network_allocations_number(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromLong(0);
}

PyDoc_STRVAR(ip_versions_doc, "get_configured_ip_versions($self, /)\n"
                              "--\n"
                              "\n"
                              "[4, 6]: rules of both families are served.");

static PyObject *
get_configured_ip_versions(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return Py_BuildValue("[ii]", 4, 6);
}

PyDoc_STRVAR(ensure_shares_doc,
             "ensure_shares($self, /, context, shares)\n"
             "--\n"
             "\n"
             "Mend what can be mended of many shares, with one listing per\n"
             "host. Returns {share id: {'status', 'reapply_access_rules',\n"
             "'export_locations'}} and never raises for what a host did:\n"
             "Manila would not ask again.");

static PyMethodDef driver_methods[] = {
    {"_native_setup", MNPY_METHOD(native_setup), METH_VARARGS | METH_KEYWORDS,
     native_setup_doc},
    {"check_for_setup_error", check_for_setup_error, METH_NOARGS, check_doc},
    {"create_share", MNPY_METHOD(mnpy_gpfs_create_share),
     METH_VARARGS | METH_KEYWORDS, create_share_doc},
    {"delete_share", MNPY_METHOD(mnpy_gpfs_delete_share),
     METH_VARARGS | METH_KEYWORDS, delete_share_doc},
    {"extend_share", MNPY_METHOD(mnpy_gpfs_extend_share),
     METH_VARARGS | METH_KEYWORDS, extend_share_doc},
    {"ensure_share", MNPY_METHOD(mnpy_gpfs_ensure_share),
     METH_VARARGS | METH_KEYWORDS, ensure_share_doc},
    {"ensure_shares", MNPY_METHOD(mnpy_gpfs_ensure_shares),
     METH_VARARGS | METH_KEYWORDS, ensure_shares_doc},
    {"update_access", MNPY_METHOD(mnpy_gpfs_update_access),
     METH_VARARGS | METH_KEYWORDS, update_access_doc},
    {"allow_access", MNPY_METHOD(mnpy_gpfs_allow_access),
     METH_VARARGS | METH_KEYWORDS, allow_access_doc},
    {"deny_access", MNPY_METHOD(mnpy_gpfs_deny_access),
     METH_VARARGS | METH_KEYWORDS, deny_access_doc},
    {"get_backend_info", MNPY_METHOD(get_backend_info),
     METH_VARARGS | METH_KEYWORDS, backend_info_doc},
    {"get_network_allocations_number", get_network_allocations_number,
     METH_NOARGS, allocations_doc},
    {"get_configured_ip_versions", get_configured_ip_versions, METH_NOARGS,
     ip_versions_doc},
    {"_get_capacity", get_capacity, METH_NOARGS, capacity_doc},
    {NULL, NULL, 0, NULL},
};

static PyObject *
driver_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    return alloc(type, 0);
}

static int
driver_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((struct mnpy_driver *)self)->setup);
    return 0;
}

static int
driver_clear(PyObject *self)
{
    Py_CLEAR(((struct mnpy_driver *)self)->setup);
    return 0;
}

static void
driver_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    driver_clear(self);
    mnpy_free_object(self);
}

static PyType_Slot driver_slots[] = {
    {Py_tp_doc, "Shares on GPFS: the part of the driver that is in C."},
    {Py_tp_new, (void *)driver_new},
    {Py_tp_traverse, (void *)driver_traverse},
    {Py_tp_clear, (void *)driver_clear},
    {Py_tp_dealloc, (void *)driver_dealloc},
    {Py_tp_methods, driver_methods},
    {0, NULL},
};

static PyType_Spec driver_spec = {
    .name = "manila_native._native.GPFSShareDriver",
    .basicsize = sizeof(struct mnpy_driver),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = driver_slots,
};

int
mnpy_add_gpfs_type(PyObject *module)
{
    PyObject *type = mnpy_add_type(module, &driver_spec, NULL);
    Py_XDECREF(type);
    return type ? 0 : -1;
}
