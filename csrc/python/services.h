/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Python side lends to C: exception classes, where log records go,
 * how to wait, how to look up a share's extra specs, what keeps its data. The
 * module has a set of them, and every object that works with others has its
 * own copy.
 */
#ifndef MN_PYTHON_SERVICES_H
#define MN_PYTHON_SERVICES_H

#include "python/api.h"

/* index, name in Python, index of the base class (itself: Exception). The
   first four of each driver stand in the same order: raise.c counts on it. */
#define MNPY_EXCEPTIONS(X)                                            \
    X(GPFS, "GPFSException", GPFS)                                    \
    X(CONFIGURATION, "GPFSConfigurationException", GPFS)              \
    X(TIMEOUT, "GPFSTimeoutException", GPFS)                          \
    X(CONNECTION, "GPFSConnectionException", GPFS)                    \
    X(TEGILE, "TegileException", TEGILE)                              \
    X(TEGILE_CONFIGURATION, "TegileConfigurationException", TEGILE)   \
    X(TEGILE_TIMEOUT, "TegileTimeoutException", TEGILE)               \
    X(TEGILE_CONNECTION, "TegileConnectionException", TEGILE)         \
    X(INVALID_SHARE, "InvalidShare", INVALID_SHARE)                   \
    X(INVALID_ACCESS, "InvalidShareAccess", INVALID_ACCESS)           \
    X(INVALID_INPUT, "InvalidInput", INVALID_INPUT)                   \
    X(SHRINK, "ShareShrinkingPossibleDataLoss", SHRINK)               \
    X(MANAGE, "ManageInvalidShare", INVALID_SHARE)                    \
    X(UNMANAGE, "UnmanageInvalidShare", INVALID_SHARE)                \
    X(MANAGE_SNAPSHOT, "ManageInvalidShareSnapshot", MANAGE_SNAPSHOT) \
    X(COMMAND, "CommandError", COMMAND)

enum mnpy_exception {
#define MNPY_INDEX_(id, name, base) MNPY_##id,
    MNPY_EXCEPTIONS(MNPY_INDEX_)
#undef MNPY_INDEX_
        MNPY_EXCEPTIONS_N
};

struct mnpy_services {
    enum mnpy_exception family; /* MNPY_GPFS or MNPY_TEGILE */
    PyObject *exceptions[MNPY_EXCEPTIONS_N];
    PyObject *log;          /* log(level: int, text: str), or NULL */
    PyObject *wait;         /* see wait.h, or NULL: wait as a thread */
    PyObject *extra_specs;  /* extra_specs(share) -> dict, or NULL: none */
    PyObject *private_data; /* Manila's DriverPrivateData, or NULL: none */
};

/* New references to what from holds. [gil] */
void mnpy_services_copy(struct mnpy_services *s,
                        const struct mnpy_services *from);

/* Replace what the dict's keys "exceptions" (itself a dict), "log", "wait",
   "extra_specs" and "private_data" give; None takes away. 0, or -1 with an
   exception. [gil] */
int mnpy_services_update(struct mnpy_services *s, PyObject *dict);

int mnpy_services_traverse(struct mnpy_services *s, visitproc visit,
                           void *arg);             /* [gil] */
void mnpy_services_clear(struct mnpy_services *s); /* [gil] */

#endif
