/* SPDX-License-Identifier: Apache-2.0 */
#include "python/docs.h"
#include "python/gpfs_methods.h"

static PyObject *
native_setup(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return mnpy_driver_setup(self, args, kwargs, mnpy_gpfs_setup_new);
}

static PyMethodDef methods[] = {
    {"_native_setup", MNPY_METHOD(native_setup), METH_VARARGS | METH_KEYWORDS,
     native_setup_doc},
    {"check_for_setup_error", mnpy_driver_check, METH_NOARGS, check_doc},
    MNPY_DRIVER_METHODS(MNPY_ROW) MNPY_ROW(snapshot_update_access)
#define ROW_(name)                                                       \
    {#name, MNPY_METHOD(mnpy_gpfs_##name), METH_VARARGS | METH_KEYWORDS, \
     name##_doc},
        MNPY_GPFS_METHODS(ROW_)
#undef ROW_
            {"get_network_allocations_number", mnpy_driver_allocations,
             METH_NOARGS, allocations_doc},
    {"get_configured_ip_versions", mnpy_gpfs_ip_versions, METH_NOARGS,
     ip_versions_doc},
    {"_get_capacities", mnpy_gpfs_capacities, METH_NOARGS, capacities_doc},
    {"_get_capabilities", mnpy_gpfs_capabilities, METH_NOARGS,
     capabilities_doc},
    {NULL, NULL, 0, NULL},
};

int
mnpy_add_gpfs_type(PyObject *module)
{
    return mnpy_add_driver_type(
        module, "manila_native._native.GPFSShareDriver",
        "Shares on GPFS: the part of the driver that is in C.", methods);
}
