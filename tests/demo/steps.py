# SPDX-License-Identifier: Apache-2.0
"""What the stories have in common: steps, waiting, looking at the servers."""

import dataclasses
import textwrap
import time

from keystoneauth1 import exceptions as keystone_exceptions
from manilaclient import exceptions

from tests.backends.gpfs import NFSError
from tests.demo import storage

_POLL = 0.1
_TIMEOUT = 120
_WIDTH = 64             # of what Manila says


class Failure(Exception):
    """A step or a check failed; the text is a sentence for people."""


@dataclasses.dataclass
class Share:
    """A share of the story, and what must stand on the storage for it."""

    share: object       # as python-manilaclient has it
    size: int
    location: str = None
    path: str = None
    rules: dict = dataclasses.field(default_factory=dict)   # {client: id}
    levels: dict = dataclasses.field(default_factory=dict)  # {client: level}


class Steps:
    """Carries out steps through the API and checks them on the servers."""

    def __init__(self, console, cluster, client):
        self._console = console
        self._cluster = cluster
        self._client = client

    def _step(self, title, action):
        try:
            return self._console.run(title, action)
        except exceptions.ClientException as error:
            raise Failure(f'Manila answered: {error}') from error
        except keystone_exceptions.ConnectFailure as error:
            raise Failure('Manila does not answer any more') from error
        except NFSError as error:
            raise Failure(f'an NFS server answered {error}') from error

    # What the user does

    def _create(self, size, share_type, protocol='NFS', **more):
        """A share once it is available."""
        created = self._begin_creating(size, share_type, protocol, **more)
        self._wait_for_share(created, 'available')
        self._find_locations(created)
        return created

    def _begin_creating(self, size, share_type, protocol='NFS', **more):
        return Share(self._client.shares.create(
            protocol, size, share_type=share_type, **more), size)

    def _find_locations(self, share):
        locations = self._client.share_export_locations.list(share.share)
        paths = [location.path for location in locations]
        if not paths:
            raise Failure('the share has no export location')
        share.location = ', '.join(paths)
        share.path = paths[0].rpartition(':')[2]

    def _allow(self, share, client, level, kind='ip'):
        rule = self._client.shares.allow(share.share, kind, client, level)
        rule_id = rule['id'] if isinstance(rule, dict) else rule.id
        share.rules[client] = rule_id
        share.levels[client] = level
        self._wait_for_rule(rule_id)

    def _set_level(self, share, client, level):
        rule_id = share.rules[client]
        self._client.share_access_rules.set_access_level(rule_id, level)
        share.levels[client] = level
        self._wait_for_rule(rule_id)

    def _deny(self, share, client):
        self._client.shares.deny(share.share, share.rules.pop(client))
        del share.levels[client]
        self._until('the rule is gone',
                    lambda: client not in self._access_list(share))

    def _extend_to(self, share, size):
        share.share.extend(size)
        self._wait_for_share(share, 'available')
        share.size = size

    def _delete(self, share):
        self._client.shares.delete(share.share)
        self._until('the share is gone', lambda: self._is_gone(share))

    def _shrink_in_vain(self, share, size):
        """What Manila tells the user about why the share keeps its size."""
        self._client.shares.shrink(share.share, size)
        self._wait_for_share(share, 'available')
        if self._client.shares.get(share.share.id).size != share.size:
            raise Failure('Manila believes that the share was shrunk')
        messages = [each.user_message
                    for each in self._client.messages.list()
                    if each.resource_id == share.share.id]
        if not messages:
            raise Failure('Manila has no message about it for the user')
        return messages[0]

    def _show_message(self, message):
        for number, line in enumerate(textwrap.wrap(message, _WIDTH)):
            self._console.detail('' if number else 'Manila', line)

    def _take_snapshot_of(self, share):
        snapshot = self._client.share_snapshots.create(share.share,
                                                       name='demo')
        self._wait_for_snapshot(snapshot)
        return snapshot

    def _forget_snapshot(self, snapshot):
        self._client.share_snapshots.delete(snapshot)
        self._until('the snapshot is gone', lambda: snapshot.id not in [
            each.id for each in self._client.share_snapshots.list()])

    # How Manila says that it is done

    def _wait_for_share(self, share, status):
        """What was seen until then: [(status, progress)], without repeats."""
        said = []

        def reached():
            now = self._client.shares.get(share.share.id)
            if 'error' in now.status:
                raise Failure(f'the share went to status "{now.status}"')
            pair = now.status, getattr(now, 'progress', None)
            if pair not in said:
                said.append(pair)
            return now.status == status
        self._until(f'the share is {status}', reached)
        return said

    def _wait_for_snapshot(self, snapshot):
        def reached():
            status = self._client.share_snapshots.get(snapshot.id).status
            if 'error' in status:
                raise Failure(f'the snapshot went to status "{status}"')
            return status == 'available'
        self._until('the snapshot is available', reached)

    def _wait_for_rule(self, rule_id):
        def active():
            rule = self._client.share_access_rules.get(rule_id)
            if rule.state == 'error':
                raise Failure('the access rule went to state "error"')
            return rule.state == 'active'
        self._until('the access rule is active', active)

    def _is_gone(self, share):
        try:
            now = self._client.shares.get(share.share.id)
        except exceptions.NotFound:
            return True
        if 'error' in now.status:
            raise Failure(f'the share went to status "{now.status}"')
        return False

    def _access_list(self, share):
        rules = self._client.share_access_rules.access_list(share.share)
        return {rule.access_to for rule in rules}

    def _until(self, what, condition):
        deadline = time.monotonic() + _TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f'{_TIMEOUT} s have passed before {what}')
            time.sleep(_POLL)

    # What must stand on the servers

    server = staticmethod(storage.kernel_server)
    written_in = storage.EXPORTS_DIRECTORY

    def _look(self, share):
        standing = storage.look(self._cluster, share.path, self.server)
        storage.show(self._console, standing)
        return standing

    def _check(self, share):
        standing = self._look(share)
        if standing.fileset is None:
            raise Failure(f'no fileset is linked at {share.path}')
        if standing.quota_gib != share.size:
            raise Failure(f'the quota is {standing.quota_gib:g} GiB, but '
                          f'the share has {share.size} GiB')
        for server in standing.servers:
            self._check_server(server, share)

    def _check_server(self, server, share):
        levels = server.levels()
        if levels != share.levels:
            raise Failure(f'{server.name} exports to {listed(levels)}, but '
                          f'it must be {listed(share.levels)}')
        if server.written != set(share.levels):
            raise Failure(f'in {self.written_in} of {server.name} are '
                          f'{listed(server.written)}, but it must be '
                          f'{listed(share.levels)}')

    def _check_gone(self, share):
        if not self._look(share).empty():
            raise Failure('something of the deleted share is left on the '
                          'servers')


def listed(clients):
    if isinstance(clients, dict):
        clients = [f'{name} {level}' for name, level in clients.items()]
    return ', '.join(sorted(clients)) or 'nobody'
