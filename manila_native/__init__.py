# SPDX-License-Identifier: Apache-2.0
"""Share drivers for OpenStack Manila, written in C.

In manila.conf: ``share_driver = manila_native.gpfs.GPFSShareDriver``.
"""

__version__ = '0.1.0'
