/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An export helper, and what one call of its methods works with.
 */
#ifndef MN_PYTHON_HELPER_CALL_H
#define MN_PYTHON_HELPER_CALL_H

#include "gpfs/helper.h"
#include "python/conv.h"
#include "python/helper_servers.h"
#include "python/state.h"

struct mnpy_helper {
    PyObject ob_base;
    PyObject *execute; /* NULL before __init__() */
    PyObject *configuration;
    enum mn_nfs_server_type type;
};

/* One call of a helper's method. */
struct mnpy_helper_call {
    struct mnpy_helper *helper;
    struct mnpy_state *state;
    struct mnpy_servers servers;
    struct mnpy_share share;
    char *path;
    struct mn_nfs_helper_config config;
    struct mn_nfs_helper *nfs;
    struct mn_nfs_export export;
    struct mn_error err;
};

/* Executors and a helper in C for the share at local_path. -1 with an
   exception; end in any case. [gil] */
int mnpy_helper_begin(struct mnpy_helper_call *call, PyObject *self,
                      PyObject *local_path, PyObject *share);
void mnpy_helper_end(struct mnpy_helper_call *call); /* [gil] */
/* End the call: None, or NULL with the exception that rc stands for. [gil] */
PyObject *mnpy_helper_none(struct mnpy_helper_call *call, int rc);

#endif
