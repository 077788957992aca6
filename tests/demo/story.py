# SPDX-License-Identifier: Apache-2.0
"""The life of one share: what the user does, and what must come of it."""

from tests.demo.steps import Failure, Steps, listed

HOST = '192.0.2.10'
NETWORK = '198.51.100.0/24'
HOST6 = '2001:db8::10'
EXPORT_OPTIONS = 'sync,no_root_squash'


class Story(Steps):
    """Carries out the steps in the order of run()."""

    _share = None

    def run(self):
        self._step('Create a share type with export options '
                   f'"{EXPORT_OPTIONS}"', self._create_type)
        self._step('Create an NFS share of 1 GiB', self._create_share)
        share = self._share
        self._console.detail('location', share.location)
        self._check(share)
        self._step_rule(f'Give {HOST} read and write access', HOST, 'rw')
        self._step_rule(f'Give {NETWORK} read access', NETWORK, 'ro')
        self._step_rule(f'Give {HOST6} read access (IPv6)', HOST6, 'ro')
        self._step('Extend the share to 2 GiB',
                   lambda: self._extend_to(share, 2))
        self._check(share)
        self._step(f'Let {NETWORK} write, too',
                   lambda: self._set_level(share, NETWORK, 'rw'))
        self._check(share)
        self._step(f'Take the access of {HOST} away',
                   lambda: self._deny(share, HOST))
        self._check(share)
        self._step('Delete the share', lambda: self._delete(share))
        self._check_gone(share)

    def _step_rule(self, title, client, level):
        self._step(title, lambda: self._allow(self._share, client, level))
        self._check(self._share)

    def _create_type(self):
        self._client.share_types.create(
            'gpfs', spec_driver_handles_share_servers=False,
            extra_specs={'knfs:export_options': EXPORT_OPTIONS,
                         'share_backend_name': 'gpfs1'})

    def _create_share(self):
        self._share = self._create(1, 'gpfs', name='demo')

    def _check_server(self, server, share):
        super()._check_server(server, share)
        for client, options in server.clients.items():
            missing = set(EXPORT_OPTIONS.split(',')) - options
            if missing:
                raise Failure(f'{server.name} exports to {client} without '
                              f'{listed(missing)}')
