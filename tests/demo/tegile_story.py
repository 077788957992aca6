# SPDX-License-Identifier: Apache-2.0
"""NFS and CIFS shares on an IntelliFlash array, and who may do what."""

from tests.backends.intelliflash import GiB
from tests.demo.steps import Failure, Steps, listed

TYPE = 'tegile'
FEATURES = {'share_backend_name': 'tegile1',
            'snapshot_support': 'True',
            'create_share_from_snapshot_support': 'True',
            'revert_to_snapshot_support': 'True'}
HOST, NETWORK = '192.0.2.10', '198.51.100.0/24'
NEIGHBOUR = '198.51.100.7'      # in NETWORK
STRANGER = '203.0.113.5'
USERS = 'alice', 'robert', 'eleanor'
CLIENTS = {'NFS': (HOST, NEIGHBOUR, STRANGER, 'alice'), 'CIFS': USERS}
FILE = 'file'
DATA, CHANGED = b'as it was at first', b'something else'
BIG = 3 * GiB // 2


class TegileStory(Steps):
    """Carries out the steps in the order of run().

    cluster: the array.  Its clients are simulated: they write, and what they
    may do is what the array makes of its rules.
    """

    def __init__(self, console, array, client):
        super().__init__(console, array, client)
        self._array = array
        self._share = self._cifs = self._copy = self._snapshot = None

    def run(self):
        self._step(f'Create a share type bound to {TYPE}1',
                   self._create_type)
        self._nfs()
        self._cifs_share()
        self._snapshots()
        self._sizes()
        self._finish()

    def _create_type(self):
        self._client.share_types.create(
            TYPE, spec_driver_handles_share_servers=False,
            extra_specs=dict(FEATURES))     # the client adds to it

    # Who may do what

    def _nfs(self):
        self._share = share = self._new('NFS', name='demo')
        for client, level, kind in ((HOST, 'rw', 'ip'),
                                    (NETWORK, 'ro', 'ip'),
                                    ('alice', 'ro', 'user')):
            self._give(share, client, level, kind)
        self._step(f'Let {NETWORK} write, too',
                   lambda: self._set_level(share, NETWORK, 'rw'))
        self._check(share)
        self._step(f'Take the access of {HOST} away',
                   lambda: self._deny(share, HOST))
        self._check(share)

    def _cifs_share(self):
        self._cifs = share = self._new('CIFS', name='cifs')
        self._give(share, 'alice', 'rw', 'user')
        self._give(share, 'robert', 'ro', 'user')
        self._step(f'Giving {HOST} access is refused, without harm',
                   lambda: self._allow_in_vain(share, HOST))
        self._check(share)

    def _new(self, protocol, **more):
        share = self._step(
            f'Create a share of 1 GiB for {protocol}',
            lambda: self._create(1, TYPE, protocol, **more))
        self._show_location(share)
        self._check(share)
        return share

    def _show_location(self, share):
        for location in share.location.split(', '):
            self._console.detail('location', location)

    def _give(self, share, client, level, kind):
        word = {'rw': 'read and write', 'ro': 'read'}[level]
        self._step(f'Give {client} {word} access', lambda: self._allow(
            share, client, level, kind))
        self._check(share)

    def _allow_in_vain(self, share, client):
        try:
            self._allow(share, client, 'rw')
        except Failure:
            pass            # as it has to be: "error"
        else:
            raise Failure(f'{client} was allowed to use a CIFS share')
        self._deny(share, client)

    # Snapshots

    def _snapshots(self):
        share = self._share
        standing = self._standing(share)
        self._step('A client writes a file',
                   lambda: standing.put(FILE, DATA))
        self._snapshot = self._step(
            'Take a snapshot', lambda: self._take_snapshot_of(share))
        self._console.detail('snapshot', listed([*standing.snapshots]))
        self._step('A client changes the file',
                   lambda: standing.put(FILE, CHANGED))
        self._show_content(share, CHANGED)
        self._copy = self._step(
            'Create a share from the snapshot', lambda: self._create(
                1, TYPE, name='copy', snapshot_id=self._snapshot.id))
        self._show_location(self._copy)
        self._check(self._copy)
        self._show_content(self._copy, DATA)
        self._step('Revert the share to the snapshot', self._go_back)
        self._check(share)
        self._show_content(share, DATA)

    def _go_back(self):
        self._client.shares.revert_to_snapshot(self._share.share,
                                               self._snapshot)
        self._wait_for_share(self._share, 'available')
        self._wait_for_snapshot(self._snapshot)

    def _show_content(self, share, data):
        content = self._standing(share).contents.get(FILE)
        if content != data:
            raise Failure(f'the file has {content!r} in it, not {data!r}')
        self._console.detail('the file', repr(content.decode()))

    # Size

    def _sizes(self):
        share = self._share
        self._step('Extend the share to 2 GiB',
                   lambda: self._extend_to(share, 2))
        self._check(share)
        self._step(f'A client writes {BIG / GiB:g} GiB',
                   lambda: self._standing(share).write(BIG))
        message = self._step('Shrinking it to 1 GiB is refused',
                             lambda: self._shrink_in_vain(share, 1))
        self._show_message(message)
        self._check(share)

    # The end

    def _finish(self):
        self._step('Delete the snapshot',
                   lambda: self._forget_snapshot(self._snapshot))
        self._step('Delete the share', lambda: self._delete(self._share))
        self._check_gone(self._share)
        self._check(self._copy)         # it stays
        self._show_content(self._copy, DATA)
        for share in self._copy, self._cifs:
            self._step(f'Delete "{share.share.name}"',
                       lambda share=share: self._delete(share))
            self._check_gone(share)
        if self._array.shares:
            raise Failure(f'left on the array: {listed(self._array.shares)}')

    # What must stand on the array

    def _standing(self, share):
        """The share on the array, None: there is none."""
        for each in self._array.shares.values():
            names = ((each.mount_point,) if each.sharenfs == 'on'
                     else (each.display_name,))
            if share.path.rpartition('\\')[2] in names:
                return each
        return None

    def _check(self, share):
        standing = self._standing(share)
        if standing is None:
            raise Failure(f'the array has no share for {share.location}')
        may = {client: self._array.may(standing.path, client)
               for client in CLIENTS[standing.protocol or 'NFS']}
        self._console.detail('array', f'{standing.path.split("/")[0]}, quota '
                             f'{standing.quota / GiB:g} GiB')
        self._console.detail('may', ', '.join(
            f'{client} {level or "nothing"}'
            for client, level in may.items()))
        if standing.quota != share.size * GiB:
            raise Failure(f'the quota is {standing.quota / GiB:g} GiB, but '
                          f'the share has {share.size} GiB')
        for client, level in may.items():
            rule = NETWORK if client == NEIGHBOUR else client
            if level != share.levels.get(rule):
                raise Failure(f'{client} may {level or "nothing"}, but it '
                              f'must be {share.levels.get(rule)}')

    def _check_gone(self, share):
        if self._standing(share) is not None:
            raise Failure('the deleted share is left on the array')
        self._console.detail('array', 'it is gone')
