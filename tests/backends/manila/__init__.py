# SPDX-License-Identifier: Apache-2.0
"""A real Manila to run share drivers under.

``Manila(backends={...})`` starts the API, the scheduler and one share
manager per back end, all from the installed ``manila`` package, and stops
them again.  Nothing is mocked: requests enter through the REST API, travel
through oslo.messaging and reach the driver as in production.  Only what is
around Manila is small: one process, SQLite instead of MariaDB, the in-memory
message transport instead of RabbitMQ, "noauthv2" instead of Keystone.
"""

from tests.backends.manila.harness import Manila, ManilaError

__all__ = ['Manila', 'ManilaError']
