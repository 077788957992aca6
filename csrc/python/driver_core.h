/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _native.GPFSShareDriver and _native.TegileShareDriver: what of Manila's
 * driver interface is done in C. Each is a base class for a Python class that
 * stands before Manila's own ShareDriver in the method resolution order. They
 * have no tp_init, and their tp_new ignores its arguments, so that object
 * construction is Manila's. Methods that both have call share/driver.h.
 *
 * Each method takes six steps: guard (set up? protocol?), parse, convert to
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
    struct mn_driver *driver;
    struct mn_gpfs *gpfs; /* the same, when it is that one */
    struct mnpy_services *services;
    struct mnpy_share share;
    struct mnpy_snapshot snapshot;
    struct mn_error err;
};

enum mnpy_specs { MNPY_WITHOUT_SPECS, MNPY_WITH_SPECS };

/* -1 with an exception, and nothing to end, before do_setup(). [gil] */
int mnpy_call_begin(struct mnpy_call *call, PyObject *self);
/* False with InvalidShare for a share of another protocol. [gil] */
bool mnpy_call_guard(struct mnpy_call *call, PyObject *share);
/* Begin the call of a method (context, share, share_server=None), and convert
   the share. -1 with an exception, and nothing to end. [gil] */
int mnpy_call_parse(struct mnpy_call *call, PyObject *self, PyObject *args,
                    PyObject *kwargs, const char *format,
                    enum mnpy_specs specs);
/* Guard and convert the share; -1 with an exception. [gil] */
int mnpy_call_share(struct mnpy_call *call, PyObject *share,
                    enum mnpy_specs specs);
/* Convert a snapshot. share: its share, or None: as the snapshot
   tells. [gil] */
int mnpy_call_snapshot(struct mnpy_call *call, PyObject *snapshot,
                       PyObject *share, enum mnpy_specs specs);
void mnpy_call_end(struct mnpy_call *call); /* [gil] */
/* End the call: None, or NULL with the exception that rc stands for. [gil] */
PyObject *mnpy_call_none(struct mnpy_call *call, int rc);
/* End the call whose exception is set; NULL. [gil] */
PyObject *mnpy_call_error(struct mnpy_call *call);

/* Manila's list of export locations, the first one preferred. New
   reference. [gil] */
PyObject *mnpy_locations(const struct mn_buf *locations);

/* The methods of every driver, METH_VARARGS | METH_KEYWORDS. [gil] */
#define MNPY_DRIVER_METHODS(X)    \
    X(create_share)               \
    X(delete_share)               \
    X(extend_share)               \
    X(shrink_share)               \
    X(ensure_share)               \
    X(ensure_shares)              \
    X(update_access)              \
    X(allow_access)               \
    X(deny_access)                \
    X(create_snapshot)            \
    X(delete_snapshot)            \
    X(manage_existing_snapshot)   \
    X(unmanage_snapshot)          \
    X(create_share_from_snapshot) \
    X(revert_to_snapshot)         \
    X(manage_existing)            \
    X(unmanage)                   \
    X(update_share_usage_size)    \
    X(get_backend_info)

#define MNPY_DECLARE_(name)                                      \
    PyObject *mnpy_driver_##name(PyObject *self, PyObject *args, \
                                 PyObject *kwargs);
MNPY_DRIVER_METHODS(MNPY_DECLARE_)
MNPY_DECLARE_(snapshot_update_access) /* where the vtable has it */
#undef MNPY_DECLARE_

/* Their rows in a PyMethodDef table; docs.h has the docstrings. */
#define MNPY_ROW(name)                                                     \
    {#name, MNPY_METHOD(mnpy_driver_##name), METH_VARARGS | METH_KEYWORDS, \
     name##_doc},

/* METH_NOARGS. [gil] */
PyObject *mnpy_driver_check(PyObject *self, PyObject *unused);
PyObject *mnpy_driver_allocations(PyObject *self, PyObject *unused);

/* Parse the options and let make() turn them into the driver's setup. [gil] */
PyObject *mnpy_driver_setup(PyObject *self, PyObject *args, PyObject *kwargs,
                            struct mnpy_setup *(*make)(struct mnpy_state *,
                                                       PyObject *));

/* A driver type of these methods and this docstring: 0, or -1 with an
   exception. [gil] */
int mnpy_add_driver_type(PyObject *module, const char *name, const char *doc,
                         PyMethodDef *methods);

#endif
