# SPDX-License-Identifier: Apache-2.0
"""A simulated GPFS (IBM Storage Scale) cluster for tests.

Nodes are mount namespaces of this machine with the real sshd, the real
exportfs and simulated mm commands that share one cluster state.  Start with
`GPFSCluster`; `unavailable()` says why it cannot run here, if so.

Known differences from a real cluster: the file systems are tmpfs (`df` shows
the device, `stat -f` says tmpfs); quotas are kept and reported but not
enforced; filesetdf does not change `df`; .snapshots is an ordinary, writable
directory that exists while there are snapshots; junctions can be renamed or
removed like directories; every connection has an sshd of its own, so
MaxStartups has no effect.
"""

from .api import GPFSCluster, Node, SimulatorError, unavailable

__all__ = ["GPFSCluster", "Node", "SimulatorError", "unavailable"]
