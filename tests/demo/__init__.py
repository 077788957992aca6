# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the drivers in a real Manila, seen from both ends.

A user works through Manila's REST API; after each step the demo looks at
what stands on the storage, and fails unless it is what the step had to bring
about.  In the first part both back ends serve one Manila; in the others NFS
clients try all servers of a GPFS cluster, too.
"""
