/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many shares at once.
 */
#ifndef MN_PYTHON_GPFS_MANY_H
#define MN_PYTHON_GPFS_MANY_H

#include "python/driver_core.h"

struct mnpy_many {
    PyObject *items; /* Manila's, a tuple */
    size_t n;        /* shares that could be converted */
    size_t *item;    /* which of items each of them is */
    struct mnpy_share *shares;
    struct mn_share *views;
};

/* Convert what can be converted, and log the others: one share that is not
   ours must not spoil those that are. specs: look extra specs up, once per
   share type. -1 with an exception; dispose in any case. [gil] */
int mnpy_many_init(struct mnpy_many *m, struct mnpy_call *call,
                   PyObject *shares, enum mnpy_specs specs);
void mnpy_many_dispose(struct mnpy_many *m); /* [gil] */

#endif
