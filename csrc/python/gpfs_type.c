/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type _native.GPFSShareDriver; see driver_core.h.
 */
#include "python/driver_core.h"
#include "python/gpfs_docs.h"
#include "python/raise.h"

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

static PyObject *
get_network_allocations_number(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromLong(0);
}

static PyMethodDef driver_methods[] = {
    {"_native_setup", MNPY_METHOD(native_setup), METH_VARARGS | METH_KEYWORDS,
     native_setup_doc},
    {"check_for_setup_error", check_for_setup_error, METH_NOARGS, check_doc},
#define ROW_(name)                                                       \
    {#name, MNPY_METHOD(mnpy_gpfs_##name), METH_VARARGS | METH_KEYWORDS, \
     name##_doc},
    MNPY_GPFS_METHODS(ROW_)
#undef ROW_
        {"get_network_allocations_number", get_network_allocations_number,
         METH_NOARGS, allocations_doc},
    {"get_configured_ip_versions", mnpy_gpfs_ip_versions, METH_NOARGS,
     ip_versions_doc},
    {"_get_capacities", mnpy_gpfs_capacities, METH_NOARGS, capacities_doc},
    {"_get_capabilities", mnpy_gpfs_capabilities, METH_NOARGS,
     capabilities_doc},
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
