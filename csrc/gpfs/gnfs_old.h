/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_GPFS_GNFS_OLD_H
#define MN_GPFS_GNFS_OLD_H

#include "gpfs/helper.h"

/* NFS-Ganesha 1.5 and 2.0, as mn_gnfs_new() for later ones. */
int mn_gnfs_old_new(const struct mn_nfs_helper_config *config,
                    struct mn_nfs_helper **helper, struct mn_error *err);

#endif
