/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's own state and its types. Nothing Python-like is static, so the
 * module may be loaded, dropped and loaded again.
 */
#ifndef MN_PYTHON_STATE_H
#define MN_PYTHON_STATE_H

#include "python/services.h"

struct mnpy_state {
    struct mnpy_services services;
    PyObject *setup_type;
};

/* The state of the module that type, or the nearest base of it that is ours,
   was made by. NULL with an exception for a stranger. [gil] */
struct mnpy_state *mnpy_state_of(PyTypeObject *type);

/* Each adds its types to the module: 0, or -1 with an exception. [gil] */
int mnpy_add_exceptions(PyObject *module, struct mnpy_state *state);
int mnpy_add_setup_type(PyObject *module, struct mnpy_state *state);
int mnpy_add_gpfs_type(PyObject *module);
int mnpy_add_tegile_type(PyObject *module);
int mnpy_add_helper_types(PyObject *module);
int mnpy_add_ssh_type(PyObject *module);

/* Make a type from spec with one base (NULL: object) and add it. A base in
   pure Python is not possible: PyType_FromModuleAndSpec() breaks on it before
   3.12. New reference. [gil] */
PyObject *mnpy_add_type(PyObject *module, PyType_Spec *spec, PyObject *base);

/* What tp_dealloc of our types ends with. [gil] */
void mnpy_free_object(PyObject *self);

/* A PyCFunction of the kind METH_VARARGS | METH_KEYWORDS for a method table */
#define MNPY_METHOD(f) ((PyCFunction)(void (*)(void))(f))

#endif
