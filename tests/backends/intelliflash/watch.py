# SPDX-License-Identifier: Apache-2.0
"""Records every change of what a client may do."""

from typing import NamedTuple

from . import access


class Change(NamedTuple):
    """before, after: 'rw', 'ro' or None.

    request: what caused it; None if it was the test itself.
    """

    before: str
    after: str
    request: object


class Watch:
    """What one client may do with one share, from now on."""

    def __init__(self, state, path, client, protocol):
        self._state = state
        self.path = path
        self.client = client
        self.protocol = protocol
        self.changes = []
        self.now = self._look()

    def _look(self):
        return may(self._state, self.path, self.client, self.protocol)

    def look(self, request):
        now = self._look()
        if now != self.now:
            self.changes.append(Change(self.now, now, request))
            self.now = now

    @property
    def levels(self):
        """All that the client could do, one after the other."""
        return [*(change.before for change in self.changes), self.now]

    @property
    def lost(self):
        """Whether there ever was a moment without access."""
        return None in self.levels


class Watches:
    def __init__(self, state):
        self._state = state
        self._all = []

    def add(self, path, client, protocol):
        with self._state.lock:
            watch = Watch(self._state, path, client, protocol)
            self._all.append(watch)
        return watch

    def look(self, request):
        for watch in self._all:
            watch.look(request)


def find(state, path):
    """The share with that path (or name, if only one has it) or None."""
    if '/' in path:
        parts = path.split('/')
        if len(parts) != 4 or parts[0] not in state.pools:
            return None
        project = state.pools[parts[0]].projects.get(parts[2])
        return project and project.shares.get(parts[3])
    found = [project.shares[path] for pool in state.pools.values()
             for project in pool.projects.values() if path in project.shares]
    return found[0] if len(found) == 1 else None


def may(state, path, client, protocol=None):
    share = find(state, path)
    if share is None:
        return None
    if protocol is None:
        protocol = share.protocol or ('NFS' if share.access.nfs_on
                                      else 'CIFS')
    return access.may(share, client, protocol,
                      state.assumptions.empty_acl_open)
