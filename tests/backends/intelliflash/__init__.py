# SPDX-License-Identifier: Apache-2.0
"""A simulated IntelliFlash array for tests.

It speaks HTTPS like the array's management address: the documented `v2`
service (API 2.0 to 2.4, as the firmware has it) and the private `openstack`
service, both on one state.  Start with `Array`; `Assumptions` says what
nobody knows about real arrays and lets a test have it either way.

    with Array(firmware='3.7.1') as array:
        ... https://{array.host}:{array.port}/zebi/api/v2/listPools ...

Known differences from a real array: data are sizes and small byte strings,
not files that a client could mount; compression, deduplication and
replication do not exist; all that one request changes changes at once.
"""

from .array import Array
from .assumptions import Assumptions
from .faults import Fault
from .journal import Request
from .model import GiB, KiB, MiB, NoSpace, QuotaExceeded, TiB

__all__ = ['Array', 'Assumptions', 'Fault', 'GiB', 'KiB', 'MiB', 'NoSpace',
           'QuotaExceeded', 'Request', 'TiB']
