/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _native.GPFSShareDriver: what of Manila's driver interface is done in C. A
 * base class for a Python class that stands before Manila's own ShareDriver
 * in the method resolution order. It has no tp_init, and its tp_new ignores
 * its arguments, so that object construction is Manila's.
 *
 * Each method takes six steps: guard (set up? NFS?), parse, convert to
 * structs that own their bytes, carry out, map the error, convert the result.
 * The GIL is held but for the wait for the engine (wait.c).
 */
#ifndef MN_PYTHON_DRIVER_CORE_H
#define MN_PYTHON_DRIVER_CORE_H

#include "python/conv.h"
#include "python/setup_type.h"

struct mnpy_driver {
    PyObject ob_base;
    struct mnpy_setup *setup; /* NULL before do_setup() */
};

/* One call of a method: what it works with. */
struct mnpy_call {
    struct mnpy_setup *setup; /* owned: do_setup() may replace it meanwhile */
    struct mn_gpfs *gpfs;
    struct mnpy_services *services;
    struct mnpy_share share;
    struct mn_error err;
};

enum mnpy_specs { MNPY_WITHOUT_SPECS, MNPY_WITH_SPECS };

/* -1 with an exception, and nothing to end, before do_setup(). [gil] */
int mnpy_call_begin(struct mnpy_call *call, PyObject *self);
/* False with InvalidShare for a share that is not NFS. [gil] */
bool mnpy_call_guard(struct mnpy_call *call, PyObject *share);
/* Guard and convert the share; -1 with an exception. [gil] */
int mnpy_call_share(struct mnpy_call *call, PyObject *share,
                    enum mnpy_specs specs);
void mnpy_call_end(struct mnpy_call *call); /* [gil] */
/* End the call: None, or NULL with the exception that rc stands for. [gil] */
PyObject *mnpy_call_none(struct mnpy_call *call, int rc);
/* End the call whose exception is set; NULL. [gil] */
PyObject *mnpy_call_error(struct mnpy_call *call);

/* The methods, METH_VARARGS | METH_KEYWORDS. [gil] */
PyObject *mnpy_gpfs_create_share(PyObject *self, PyObject *args,
                                 PyObject *kwargs);
PyObject *mnpy_gpfs_delete_share(PyObject *self, PyObject *args,
                                 PyObject *kwargs);
PyObject *mnpy_gpfs_extend_share(PyObject *self, PyObject *args,
                                 PyObject *kwargs);
PyObject *mnpy_gpfs_ensure_share(PyObject *self, PyObject *args,
                                 PyObject *kwargs);
PyObject *mnpy_gpfs_ensure_shares(PyObject *self, PyObject *args,
                                  PyObject *kwargs);
PyObject *mnpy_gpfs_update_access(PyObject *self, PyObject *args,
                                  PyObject *kwargs);
PyObject *mnpy_gpfs_allow_access(PyObject *self, PyObject *args,
                                 PyObject *kwargs);
PyObject *mnpy_gpfs_deny_access(PyObject *self, PyObject *args,
                                PyObject *kwargs);

#endif
