# SPDX-License-Identifier: Apache-2.0
"""The journal: every request, in order of arrival."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(eq=False)
class Request:
    """One request to the API.  The password is nowhere in it.

    service, method, params: what was asked; params is a list.
    http: the HTTP method.
    headers: names in lower case; without Authorization.
    authorized: whether login and password were right.
    connection: the number of the connection, from 1.
    status: that of the reply, None while there is none (or never was).
    reply: the value in the reply, as it was before a fault spoiled it.
    error: the code of an error reply.
    fault: how a fault spoiled it.
    started, finished: time.monotonic(); finished is when the reply was
        ready (before it was sent) or the connection was dropped.
    """

    service: str
    method: str
    params: list
    http: str
    headers: dict
    authorized: bool
    connection: int
    status: int = None
    reply: object = None
    error: str = None
    fault: str = None
    started: float = field(default_factory=time.monotonic)
    finished: float = None

    def __str__(self):
        return (f'{self.service}/{self.method} {self.params} -> '
                f'{self.status}' + f' {self.error}' * bool(self.error)
                + f' ({self.fault})' * bool(self.fault))


class Journal(Sequence):
    """A sequence of `Request`."""

    def __init__(self, listener=None):
        self._changed = threading.Condition()
        self._requests = []
        self._listener = listener

    def __len__(self):
        return len(self._requests)

    def __getitem__(self, index):
        with self._changed:
            return self._requests[index]

    def __iter__(self):
        with self._changed:
            return iter(list(self._requests))

    def add(self, request):
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def finish(self, request, status):
        with self._changed:
            request.status = status
            request.finished = time.monotonic()
            self._changed.notify_all()
        if self._listener is not None:
            self._listener(request)

    def clear(self):
        with self._changed:
            self._requests.clear()

    def calls(self, method):
        return [each for each in self if each.method == method]

    def methods(self):
        return [each.method for each in self]

    def wait(self, method=None, count=1, finished=False, timeout=120):
        """Wait for so many (finished) requests; whether they are there."""
        def enough():
            return count <= sum(
                1 for each in self._requests
                if method in (None, each.method)
                and (each.finished is not None or not finished))
        with self._changed:
            return self._changed.wait_for(enough, timeout)
