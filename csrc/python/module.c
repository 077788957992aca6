/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extension module manila_native._native.
 */
#include "python/conv.h"
#include "python/state.h"
#include "ssh/ssh.h"

#ifndef MN_VERSION
#define MN_VERSION "unknown"
#endif

static PyModuleDef module_def;

struct mnpy_state *
mnpy_state_of(PyTypeObject *type)
{
    while (type) {
        PyObject *module = PyType_GetModule(type);
        if (module && PyModule_GetDef(module) == &module_def) {
            return PyModule_GetState(module);
        }
        PyErr_Clear();
        type = PyType_GetSlot(type, Py_tp_base);
    }
    PyErr_SetString(PyExc_TypeError, "not a type of manila_native");
    return NULL;
}

PyObject *
mnpy_add_type(PyObject *module, PyType_Spec *spec, PyObject *base)
{
    PyObject *bases = base ? PyTuple_Pack(1, base) : NULL;
    if (base && !bases) {
        return NULL;
    }
    PyObject *type = PyType_FromModuleAndSpec(module, spec, bases);
    Py_XDECREF(bases);
    if (type && PyModule_AddType(module, (PyTypeObject *)type) < 0) {
        Py_CLEAR(type);
    }
    return type;
}

void
mnpy_free_object(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(configure_doc,
             "_configure($module, /, services)\n"
             "--\n"
             "\n"
             "Set what objects made from now on use: a dict with any of\n"
             "'exceptions' {name: class}, 'log' (callable(level, text)),\n"
             "'wait' (callable() -> callable(fd) or None), 'extra_specs'\n"
             "(callable(share) -> dict) and 'private_data' (Manila's\n"
             "DriverPrivateData).");

static PyObject *
configure(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"services", NULL};
    struct mnpy_state *state = PyModule_GetState(module);
    PyObject *services;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:_configure", names,
                                     &services)
        || mnpy_services_update(&state->services, services) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(ssh_stats_doc,
             "ssh_stats($module, /)\n"
             "--\n"
             "\n"
             "What happened in this process so far: {'scripts': round trips\n"
             "made by shells, 'connections': logins, 'shells': started}.");

static PyObject *
ssh_stats(PyObject *module, PyObject *unused)
{
    struct mn_ssh_stats stats;
    (void)module;
    (void)unused;
    mn_ssh_stats(&stats);
    return Py_BuildValue("{s:k,s:k,s:k}", "scripts", stats.scripts,
                         "connections", stats.connections, "shells",
                         stats.shells);
}

static int
module_exec(PyObject *module)
{
    struct mnpy_state *state = PyModule_GetState(module);
    if (PyModule_AddStringConstant(module, "__version__", MN_VERSION) < 0
        || mnpy_add_exceptions(module, state) < 0
        || mnpy_add_setup_type(module, state) < 0
        || mnpy_add_gpfs_type(module) < 0 || mnpy_add_tegile_type(module) < 0
        || mnpy_add_helper_types(module) < 0
        || mnpy_add_ssh_type(module) < 0) {
        return -1;
    }
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct mnpy_state *state = PyModule_GetState(module);
    if (!state) {
        return 0; /* before module_exec */
    }
    Py_VISIT(state->setup_type);
    return mnpy_services_traverse(&state->services, visit, arg);
}

static int
module_clear(PyObject *module)
{
    struct mnpy_state *state = PyModule_GetState(module);
    if (state) {
        Py_CLEAR(state->setup_type);
        mnpy_services_clear(&state->services);
    }
    return 0;
}

static void
module_free(void *module)
{
    module_clear(module);
}

static PyMethodDef module_methods[] = {
    {"_configure", MNPY_METHOD(configure), METH_VARARGS | METH_KEYWORDS,
     configure_doc},
    {"ssh_stats", ssh_stats, METH_NOARGS, ssh_stats_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

static PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "manila_native._native",
    .m_doc = "The C part of manila_native.",
    .m_size = sizeof(struct mnpy_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__native(void); /* nothing declares it for us */

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&module_def);
}
