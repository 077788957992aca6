# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the GPFS driver in a real Manila, seen from both ends.

A user works through Manila's REST API; after each step the demo looks at
what stands on the storage servers, and fails unless it is what the step had
to bring about.  In the second part NFS clients try all servers, too.
"""
