# SPDX-License-Identifier: Apache-2.0
"""The journal: every simulated or wrapped command, in order of arrival."""

import threading
import time


class Journal:
    def __init__(self):
        self._changed = threading.Condition()
        self._records = []
        self._seq = 0

    def start(self, node, argv, connection):
        """A new record.  `connection` is $SSH_CONNECTION, "" if local."""
        with self._changed:
            self._seq += 1
            record = dict(seq=self._seq, node=node, argv=argv,
                          connection=connection, status=None,
                          started=time.monotonic(), ended=None,
                          changes=[])
            self._records.append(record)
            self._changed.notify_all()
            return record

    def finish(self, record, status, changes=()):
        """Status None: the command was killed or never ended itself."""
        with self._changed:
            record["changes"] = list(changes)
            record["status"] = status
            record["ended"] = time.monotonic()
            self._changed.notify_all()

    def records(self):
        with self._changed:
            return [dict(r) for r in self._records]

    def clear(self):
        with self._changed:
            self._records.clear()

    def wait(self, count, timeout):
        """Wait for so many ended records; whether they are there."""
        def enough():
            return count <= sum(r["ended"] is not None
                                for r in self._records)
        with self._changed:
            return self._changed.wait_for(enough, timeout)
