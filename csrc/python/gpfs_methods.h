/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods that GPFSShareDriver alone has.
 */
#ifndef MN_PYTHON_GPFS_METHODS_H
#define MN_PYTHON_GPFS_METHODS_H

#include "python/driver_core.h"

/* METH_VARARGS | METH_KEYWORDS. [gil] */
#define MNPY_GPFS_METHODS(X)       \
    X(get_share_status)            \
    X(get_pool)                    \
    X(create_share_group_snapshot) \
    X(delete_share_group_snapshot) \
    X(create_share_group_from_share_group_snapshot)

#define MNPY_DECLARE_(name)                                    \
    PyObject *mnpy_gpfs_##name(PyObject *self, PyObject *args, \
                               PyObject *kwargs);
MNPY_GPFS_METHODS(MNPY_DECLARE_)
#undef MNPY_DECLARE_

/* METH_NOARGS. [gil] */
PyObject *mnpy_gpfs_capacities(PyObject *self, PyObject *unused);
PyObject *mnpy_gpfs_capabilities(PyObject *self, PyObject *unused);
PyObject *mnpy_gpfs_ip_versions(PyObject *self, PyObject *unused);

#endif
