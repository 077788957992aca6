# SPDX-License-Identifier: Apache-2.0
"""Faults on demand."""

import threading
from dataclasses import dataclass, field

SPOILS = ('reset', 'close', 'hang', 'slow', 'truncated', 'huge', 'not-json',
          'html', 'empty', 'status', 'error', 'enum', 'deep',
          'duplicate-keys')
CONNECTIONS = ('refuse', 'tls-garbage', 'tls-hang')


@dataclass(eq=False)
class Fault:
    """What happens to matching requests; `Array.fault` has the details."""

    method: str
    how: str
    when: str = 'before'
    times: int = 1
    skip: int = 0
    service: str = None
    where: object = None
    details: dict = field(default_factory=dict)
    hits: int = 0

    def __post_init__(self):
        if self.how not in SPOILS + CONNECTIONS:
            raise ValueError(f'how={self.how!r}: not in '
                             f'{SPOILS + CONNECTIONS}')
        if self.when not in ('before', 'after'):
            raise ValueError(f'when={self.when!r}')

    def matches(self, request):
        return (self.method in (None, request.method)
                and request.authorized
                and self.service in (None, request.service)
                and (self.where is None or self.where(request)))


class Faults:
    def __init__(self):
        self._changed = threading.Condition()
        self._active = []
        self._releases = 0

    def add(self, fault):
        with self._changed:
            self._active.append(fault)
        return fault

    def clear(self):
        with self._changed:
            self._active.clear()

    def _strike(self, fits):
        with self._changed:
            for fault in self._active:
                if not fits(fault):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                if fault.times is not None and fault.hits >= fault.times:
                    self._active.remove(fault)
                self._changed.notify_all()
                return fault, self._releases
        return None, self._releases

    def strike_request(self, request):
        """The fault that this request meets or None, and what wait_release
        is to be told."""
        return self._strike(lambda fault: fault.how in SPOILS
                            and fault.matches(request))

    def strike_connection(self):
        return self._strike(lambda fault: fault.how in CONNECTIONS)

    def wait(self, fault, hits, timeout):
        with self._changed:
            return self._changed.wait_for(lambda: fault.hits >= hits,
                                          timeout)

    # Those who wait for a release

    def release(self):
        with self._changed:
            self._releases += 1
            self._changed.notify_all()

    def wait_release(self, since, ended, timeout=None):
        """Whether there was one; `ended()` ends the waiting, too.

        Whoever makes `ended()` true calls `poke`.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._releases > since or ended(), timeout)
            return self._releases > since

    def poke(self):
        with self._changed:
            self._changed.notify_all()
