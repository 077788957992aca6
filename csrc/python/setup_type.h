/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one do_setup() made: the driver object in C, its executors and what
 * Python lends to them. A Python object, because operations that still run
 * keep the one they began with when do_setup() is called again.
 */
#ifndef MN_PYTHON_SETUP_TYPE_H
#define MN_PYTHON_SETUP_TYPE_H

#include "exec/executor.h"
#include "gpfs/driver.h"
#include "python/conv.h"
#include "python/hosts.h"
#include "python/state.h"
#include "tegile/driver.h"

struct mnpy_setup {
    PyObject ob_base;
    struct mnpy_services services;
    struct mnpy_reader reader; /* borrows from this object */
    struct mn_argv pool_texts; /* name, base, name, base ... */
    struct mn_gpfs_pool *pools;
    size_t pools_n;
    char *export_ip;
    bool async_revert; /* Manila asks get_share_status() how it goes */
    struct mn_driver *driver;
    struct mn_gpfs *gpfs;           /* the same, when it is that one */
    struct mn_tegile *tegile;       /* the same, when it is that one */
    struct mn_executor **executors; /* one per host name */
    size_t executors_n;
};

/* An empty one, with the services in dict. New reference. [gil] */
struct mnpy_setup *mnpy_setup_alloc(struct mnpy_state *state, PyObject *dict);

/* From the dict that a driver's do_setup() hands in; see gpfs.py and
   tegile.py for its keys. New reference. [gil] */
struct mnpy_setup *mnpy_gpfs_setup_new(struct mnpy_state *state,
                                       PyObject *dict);
struct mnpy_setup *mnpy_tegile_setup_new(struct mnpy_state *state,
                                         PyObject *dict);

#endif
