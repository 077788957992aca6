# SPDX-License-Identifier: Apache-2.0
from ..fixtures import (  # noqa: F401
    gpfs_cluster, gpfs_cluster2, gpfs_real_cluster, gpfs_real_session_cluster,
    gpfs_real_shared_cluster, gpfs_session_cluster, gpfs_shared_cluster)
