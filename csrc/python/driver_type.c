/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver types have in common.
 */
#include "python/driver_core.h"

PyObject *
mnpy_driver_setup(PyObject *self, PyObject *args, PyObject *kwargs,
                  struct mnpy_setup *(*make)(struct mnpy_state *, PyObject *))
{
    static char *names[] = {"options", NULL};
    PyObject *options;
    struct mnpy_state *state = mnpy_state_of(Py_TYPE(self));
    if (!state
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "O!:_native_setup",
                                        names, &PyDict_Type, &options)) {
        return NULL;
    }
    struct mnpy_setup *setup = make(state, options);
    if (!setup) {
        return NULL;
    }
    struct mnpy_setup *old = ((struct mnpy_driver *)self)->setup;
    ((struct mnpy_driver *)self)->setup = setup;
    Py_XDECREF((PyObject *)old);
    Py_RETURN_NONE;
}

PyObject *
mnpy_driver_check(PyObject *self, PyObject *unused)
{
    struct mnpy_call call;
    (void)unused;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    return mnpy_call_none(&call,
                          call.driver->vtable->check(call.driver, &call.err));
}

PyObject *
mnpy_driver_allocations(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromLong(0);
}

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

int
mnpy_add_driver_type(PyObject *module, const char *name, const char *doc,
                     PyMethodDef *methods)
{
    union { /* a slot takes no const */
        const char *in;
        void *out;
    } text = {doc};
    PyType_Slot slots[] = {
        {Py_tp_doc, text.out},
        {Py_tp_new, (void *)driver_new},
        {Py_tp_traverse, (void *)driver_traverse},
        {Py_tp_clear, (void *)driver_clear},
        {Py_tp_dealloc, (void *)driver_dealloc},
        {Py_tp_methods, methods},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = name,
        .basicsize = sizeof(struct mnpy_driver),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    PyObject *type = mnpy_add_type(module, &spec, NULL);
    Py_XDECREF(type);
    return type ? 0 : -1;
}
