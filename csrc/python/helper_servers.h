/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an export helper's commands run: the servers that its configuration
 * object names, reached through its execute callable.
 */
#ifndef MN_PYTHON_HELPER_SERVERS_H
#define MN_PYTHON_HELPER_SERVERS_H

#include "core/argv.h"
#include "gpfs/driver.h"
#include "python/api.h"

/* What the configuration object tells, and the executors made from it. */
struct mnpy_servers {
    struct mn_argv names; /* gpfs_nfs_server_list */
    struct mn_argv local; /* this machine's addresses */
    char *login;
    char *port;
    char *private_key;
    char *options;
    struct mn_gpfs_node *nodes;
    size_t n;
};

/* Read the options that are there; others than texts, numbers and lists count
   as missing. 0, or -1 with an exception; dispose in any case. [gil] */
int mnpy_servers_read(struct mnpy_servers *s, PyObject *configuration);

/* An executor for each server; for this machine when none is named. [gil] */
int mnpy_servers_make(struct mnpy_servers *s, PyObject *execute,
                      struct mn_error *err);
void mnpy_servers_dispose(struct mnpy_servers *s); /* [gil] */

#endif
