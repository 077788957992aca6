# SPDX-License-Identifier: Apache-2.0
"""A simulated GPFS (IBM Storage Scale) cluster for tests.

Nodes are mount namespaces of this machine with the real sshd, the real
exportfs and simulated mm commands that share one cluster state.  Start with
`GPFSCluster`; `unavailable()` says why it cannot run here, if so.

On demand the parts are real: hosts in a network, NFS-Ganesha 4 on each node,
NFS clients, and btrfs with enforced quotas and read-only snapshots.

Known differences from a real cluster: the file systems are tmpfs (`df` shows
the device, `stat -f` says tmpfs); quotas are kept and reported but not
enforced; filesetdf does not change `df`; .snapshots is an ordinary, writable
directory that exists while there are snapshots; junctions can be renamed or
removed like directories; every connection has an sshd of its own, so
MaxStartups has no effect.

Those of the real parts: a node that is cut off still accepts connections of
the test process, but never answers (on `manager` it does neither); FSAL GPFS
is FSAL VFS by another name; NFS-Ganesha shows .snapshots but answers EXDEV
below; filesets that were unlinked with -f stay readable for clients that
have them mounted; on btrfs a fileset's metadata, in steps of 16 KiB, counts
when a quota is enforced, and .snapshots itself is writable.
"""

from .api import (GPFSCluster, Node, SimulatorError, unavailable,
                  unavailable_btrfs, unavailable_ganesha,
                  unavailable_network)
from .remote import NFSError

__all__ = ["GPFSCluster", "NFSError", "Node", "SimulatorError",
           "unavailable", "unavailable_btrfs", "unavailable_ganesha",
           "unavailable_network"]
