/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver and the export helpers make of the options of an NFS
 * server.
 */
#ifndef MN_PYTHON_EXPORT_OPTIONS_H
#define MN_PYTHON_EXPORT_OPTIONS_H

#include "gpfs/driver.h"

/* Take what access rules and shares determine (rw, ro, fsid; access_type) out
   of a text of export options, in place; when it is NULL or nothing is left,
   those of the original driver, of which NFS-Ganesha 2.1 needs none. The
   result is options or static. [any] */
const char *mnpy_export_options(char *options, enum mn_nfs_server_type type,
                                enum mn_ganesha_syntax syntax);

/* Of options; NULL for those that are not set: the newest
   gpfs_ganesha_version, and NFS-Ganesha's usual places. The result borrows
   them. CONFIG for an unknown version. [any] */
int mnpy_ganesha_config(struct mn_ganesha_config *config, const char *version,
                        const char *config_path, const char *export_dir,
                        const char *service_name, struct mn_error *err);

#endif
