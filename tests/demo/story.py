# SPDX-License-Identifier: Apache-2.0
"""The life of one share: what the user does, and what must come of it."""

import time

from keystoneauth1 import exceptions as keystone_exceptions
from manilaclient import exceptions

from tests.demo import storage

HOST = '192.0.2.10'
NETWORK = '198.51.100.0/24'
HOST6 = '2001:db8::10'
EXPORT_OPTIONS = 'sync,no_root_squash'

_POLL = 0.1
_TIMEOUT = 60


class Failure(Exception):
    """A step or a check failed; the text is a sentence for people."""


class Story:
    """Carries out the steps, one method each, in the order of run()."""

    def __init__(self, console, cluster, client):
        self._console = console
        self._cluster = cluster
        self._client = client
        self._share = None
        self._path = None
        self._rules = {}        # {client: rule}
        self._levels = {}       # what must be in force: {client: level}
        self._size = 0

    def run(self):
        self._step('Create a share type with export options '
                   f'"{EXPORT_OPTIONS}"', self._create_type)
        self._step('Create an NFS share of 1 GiB', self._create_share)
        self._console.detail('location', self._location)
        self._check()
        self._step_rule(f'Give {HOST} read and write access', HOST, 'rw')
        self._step_rule(f'Give {NETWORK} read access', NETWORK, 'ro')
        self._step_rule(f'Give {HOST6} read access (IPv6)', HOST6, 'ro')
        self._step('Extend the share to 2 GiB', self._extend)
        self._check()
        self._step(f'Let {NETWORK} write, too', self._change_level)
        self._check()
        self._step(f'Take the access of {HOST} away', self._delete_rule)
        self._check()
        self._step('Delete the share', self._delete_share)
        self._check_gone()

    def _step(self, title, action):
        try:
            return self._console.run(title, action)
        except exceptions.ClientException as error:
            raise Failure(f'Manila answered: {error}') from error
        except keystone_exceptions.ConnectFailure as error:
            raise Failure('Manila does not answer any more') from error

    def _step_rule(self, title, client, level):
        self._step(title, lambda: self._add_rule(client, level))
        self._check()

    # What the user does

    def _create_type(self):
        self._client.share_types.create(
            'gpfs', spec_driver_handles_share_servers=False,
            extra_specs={'knfs:export_options': EXPORT_OPTIONS})

    def _create_share(self):
        self._share = self._client.shares.create(
            'NFS', 1, name='demo', share_type='gpfs')
        self._wait_for_share('available')
        locations = self._client.share_export_locations.list(self._share)
        paths = [location.path for location in locations]
        if not paths:
            raise Failure('the share has no export location')
        self._location = ', '.join(paths)
        self._path = paths[0].rpartition(':')[2]
        self._size = 1

    def _add_rule(self, client, level):
        rule = self._client.shares.allow(self._share, 'ip', client, level)
        rule_id = rule['id'] if isinstance(rule, dict) else rule.id
        self._rules[client] = rule_id
        self._levels[client] = level
        self._wait_for_rule(rule_id)

    def _extend(self):
        self._share.extend(2)
        self._wait_for_share('available')
        self._size = 2

    def _change_level(self):
        rule_id = self._rules[NETWORK]
        self._client.share_access_rules.set_access_level(rule_id, 'rw')
        self._levels[NETWORK] = 'rw'
        self._wait_for_rule(rule_id)

    def _delete_rule(self):
        self._client.shares.deny(self._share, self._rules[HOST])
        del self._levels[HOST]
        self._until('the rule is gone',
                    lambda: HOST not in self._access_list())

    def _delete_share(self):
        self._client.shares.delete(self._share)
        self._until('the share is gone', self._share_is_gone)

    # How Manila says that it is done

    def _wait_for_share(self, status):
        def reached():
            share = self._client.shares.get(self._share.id)
            if 'error' in share.status:
                raise Failure(f'the share went to status "{share.status}"')
            return share.status == status
        self._until(f'the share is {status}', reached)

    def _wait_for_rule(self, rule_id):
        def active():
            rule = self._client.share_access_rules.get(rule_id)
            if rule.state == 'error':
                raise Failure('the access rule went to state "error"')
            return rule.state == 'active'
        self._until('the access rule is active', active)

    def _share_is_gone(self):
        try:
            share = self._client.shares.get(self._share.id)
        except exceptions.NotFound:
            return True
        if 'error' in share.status:
            raise Failure(f'the share went to status "{share.status}"')
        return False

    def _access_list(self):
        rules = self._client.share_access_rules.access_list(self._share)
        return {rule.access_to for rule in rules}

    def _until(self, what, condition):
        deadline = time.monotonic() + _TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f'{_TIMEOUT} s have passed before {what}')
            time.sleep(_POLL)

    # What must stand on the servers

    def _check(self):
        standing = storage.look(self._cluster, self._path)
        storage.show(self._console, standing)
        if standing.fileset is None:
            raise Failure(f'no fileset is linked at {self._path}')
        if standing.quota_gib != self._size:
            raise Failure(f'the quota is {standing.quota_gib:g} GiB, but '
                          f'the share has {self._size} GiB')
        for server in standing.servers:
            self._check_server(server)

    def _check_server(self, server):
        levels = server.levels()
        if levels != self._levels:
            raise Failure(f'{server.name} exports to {_list(levels)}, but it '
                          f'must be {_list(self._levels)}')
        for client, options in server.clients.items():
            missing = set(EXPORT_OPTIONS.split(',')) - options
            if missing:
                raise Failure(f'{server.name} exports to {client} without '
                              f'{_list(missing)}')
        if server.written != set(self._levels):
            raise Failure(f'in {storage.EXPORTS_DIRECTORY} of {server.name} '
                          f'are {_list(server.written)}, but it must be '
                          f'{_list(self._levels)}')

    def _check_gone(self):
        standing = storage.look(self._cluster, self._path)
        storage.show(self._console, standing)
        if not standing.empty():
            raise Failure('something of the deleted share is left on the '
                          'servers')


def _list(clients):
    if isinstance(clients, dict):
        clients = [f'{name} {level}' for name, level in clients.items()]
    return ', '.join(sorted(clients)) or 'nobody'
