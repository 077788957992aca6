/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an export helper works with: the options of its configuration object,
 * and executors over its execute callable for the servers named there.
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
    char *options; /* export options of the kind of server */
    char *ganesha_version;
    char *ganesha_config_path;
    char *ganesha_export_dir;
    char *ganesha_service_name;
    struct mn_gpfs_node *nodes;
    size_t n;
    struct mn_gpfs_node cluster; /* where execute itself leads */
};

/* Read the options that are there; others than texts, numbers and lists count
   as missing. 0, or -1 with an exception; dispose in any case. [gil] */
int mnpy_servers_read(struct mnpy_servers *s, PyObject *configuration,
                      enum mn_nfs_server_type type);

/* An executor for each server; for this machine when none is named. And one
   for the cluster. [gil] */
int mnpy_servers_make(struct mnpy_servers *s, PyObject *execute,
                      struct mn_error *err);
void mnpy_servers_dispose(struct mnpy_servers *s); /* [gil] */

#endif
