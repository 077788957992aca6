# SPDX-License-Identifier: Apache-2.0
"""Shares behind NFS-Ganesha, as real NFS clients see them."""

import contextlib
import errno
import hashlib
import os

from tests.backends.gpfs import NFSError
from tests.demo import clients, storage
from tests.demo.steps import Failure, Steps

TYPE = 'gpfs-snapshots'
FEATURES = {'snapshot_support': 'True',
            'mount_snapshot_support': 'True',
            'create_share_from_snapshot_support': 'True',
            'revert_to_snapshot_support': 'True'}
FILE, READ_FILE, BALLAST, BIG = '/file', '/read', '/ballast', '/big'
DATA = bytes(range(256)) * 200 + b'the end'
CHANGED = b'something else'
COPYING, REVERTING = 'creating_from_snapshot', 'reverting_to_snapshot'
MIB = 1 << 20
REST = 8                # MiB that the ballast leaves of the share
CHUNK = b'x' * (MIB // 4)


class GaneshaStory(Steps):
    """Carries out the steps in the order of run().

    c1, c2 and c3 are hosts with an NFS client of their own.
    """

    server = staticmethod(storage.ganesha_server)
    written_in = storage.GANESHA_DIRECTORY

    def __init__(self, console, cluster, client):
        super().__init__(console, cluster, client)
        self._c1, self._c2, self._c3 = cluster.clients
        self._names = {each.address: each.name for each in cluster.clients}
        self._share = self._copy = self._snapshot = self._readers = None

    def run(self):
        self._rules()
        self._mounted_snapshot()
        self._revert()
        self._copy_of_snapshot()
        self._quota()
        self._finish()

    # Who may do what

    def _rules(self):
        self._step('Create a share type with snapshots', self._create_type)
        self._step('Create an NFS share of 1 GiB', self._create_share)
        self._console.detail('location', self._share.location)
        self._check(self._share)
        self._step_rule('Give c1 read and write access', self._allow,
                        self._c1, 'rw')
        self._step_rule('Give c2 read access', self._allow, self._c2, 'ro')
        self._step('c1 writes a file, c2 reads it', self._write)
        self._show_content(self._c2, self._share)
        self._step('c1 starts reading on both servers, without a pause',
                   self._start_readers)
        self._step_rule('Let c2 write, too', self._set_level, self._c2, 'rw')
        self._step_rule('Give c3 read access', self._allow, self._c3, 'ro')
        self._step_rule('Let c2 only read again', self._set_level, self._c2,
                        'ro')
        self._step_rule('Take the access of c3 away', self._deny, self._c3)
        self._show_readers()

    def _create_type(self):
        self._client.share_types.create(
            TYPE, spec_driver_handles_share_servers=False,
            extra_specs=dict(FEATURES))     # the client adds to it

    def _create_share(self):
        self._share = self._create(1, TYPE, name='demo')

    def _step_rule(self, title, change, client, *level):
        self._step(title, lambda: change(self._share, client.address,
                                         *level))
        self._check(self._share)

    def _write(self):
        with self._mount(self._c1, self._share) as mount:
            for name, data in ((FILE, DATA), (READ_FILE, b'read me')):
                mount.create(name)
                mount.write(name, data)
        self._check_content(self._c2, self._share)

    def _start_readers(self):
        self._readers = clients.Readers(
            self._c1, self._cluster.nodes, self._share.path, READ_FILE)

    # Snapshots

    def _mounted_snapshot(self):
        self._step('Take a snapshot', self._take_snapshot)
        paths = self._snapshot_paths()
        for version, path in paths.items():
            self._console.detail(f'by NFSv{version}', path)
        self._step('c1 changes the file', self._change)
        rule = self._step('Give c3 access to the snapshot',
                          lambda: self._allow_snapshot(self._c3.address))
        self._check_clients(paths, {self._c3.name: 'ro'})
        self._check_old_content(paths)
        self._step('Take it away', lambda: self._deny_snapshot(rule))
        self._check_clients(paths, {})

    def _snapshot_paths(self):
        """{version: path}: the second location is not below the share."""
        paths = [each.path.rpartition(':')[2] for each in
                 self._client.share_snapshot_export_locations.list(
                     self._snapshot)]
        below = f'{self._share.path}/'
        paths.sort(key=lambda path: path.startswith(below))
        if len(paths) != 2:
            raise Failure(f'the snapshot is at {paths}')
        return dict(zip((4, 3), paths))

    def _allow_snapshot(self, client):
        rule = self._client.share_snapshots.allow(self._snapshot, 'ip',
                                                  client)
        self._until('the rule of the snapshot is active', lambda: [
            'active'] == [each.state for each in self._snapshot_rules()])
        return rule['id']

    def _deny_snapshot(self, rule):
        self._client.share_snapshots.deny(self._snapshot, rule)
        self._until('the rule of the snapshot is gone',
                    lambda: not self._snapshot_rules())

    def _snapshot_rules(self):
        return self._client.share_snapshots.access_list(self._snapshot)

    def _check_old_content(self, paths):
        for version, path in paths.items():
            with clients.mount(self._c3, self._cluster.nodes[-1], path,
                               version) as mount:
                if mount.read(FILE) != DATA:
                    raise Failure('the snapshot has another content')

    def _revert(self):
        self._step('c1 deletes the file', self._remove)
        said = self._step('Revert the share to the snapshot',
                          self._go_back)
        self._show_said(said)
        self._check(self._share)
        self._show_content(self._c2, self._share)
        self._check_content(self._c2, self._share)

    def _take_snapshot(self):
        self._snapshot = self._take_snapshot_of(self._share)

    def _change(self):
        with self._mount(self._c1, self._share) as mount:
            mount.truncate(FILE, 0)
            mount.write(FILE, CHANGED)
        self._check_content(self._c2, self._share, CHANGED)

    def _remove(self):
        with self._mount(self._c1, self._share) as mount:
            mount.unlink(FILE)
        for node in self._cluster.nodes:
            with self._mount(self._c2, self._share, node) as mount:
                if FILE.strip('/') in mount.listdir():
                    raise Failure(f'the file is still there on {node.name}')

    def _go_back(self):
        with self._first_look_held_up() as look:
            self._client.shares.revert_to_snapshot(self._share.share,
                                                   self._snapshot)
            said = self._follow(self._share, REVERTING, look)
        self._wait_for_snapshot(self._snapshot)
        return said

    @contextlib.contextmanager
    def _first_look_held_up(self):
        """What Manila's periodic task asks the driver about a long job has
        no answer until the fault, which is given, is released: until then
        the job is not done for Manila.
        """
        # the first mmlsquota is asked before the job begins
        look = self._cluster.faults.add('mmlsquota', nth=2, hang='before')
        try:
            yield look
        finally:
            look.remove()

    def _follow(self, share, status, look):
        """What Manila says of a job that has to be seen in this status."""
        said = self._wait_for_share(share, status)
        look.release()
        said += [pair for pair in self._wait_for_share(share, 'available')
                 if pair not in said]
        return said

    def _copy_of_snapshot(self):
        said = self._step('Create a share from the snapshot',
                          self._create_copy)
        self._console.detail('location', self._copy.location)
        self._show_said(said)
        self._check(self._copy)
        self._step('Give c3 read access to it', lambda: self._allow(
            self._copy, self._c3.address, 'ro'))
        self._check(self._copy)
        self._show_content(self._c3, self._copy)
        self._check_content(self._c3, self._copy)

    def _create_copy(self):
        with self._first_look_held_up() as look:
            self._copy = self._begin_creating(
                1, TYPE, name='copy', snapshot_id=self._snapshot.id)
            said = self._follow(self._copy, COPYING, look)
        self._find_locations(self._copy)
        return said

    def _show_said(self, said):
        self._console.detail('status', ', then '.join(
            f'{status} ({progress})' if status == COPYING else status
            for status, progress in said))

    # Size

    def _quota(self):
        share = self._share
        self._step(f'Fill the share on the storage but for {REST} MiB',
                   self._fill)
        wrote = self._step('c1 writes until the share is full',
                           self._write_until_full)
        self._console.detail('c1 wrote', f'{wrote:.1f} MiB, then EDQUOT: '
                             + os.strerror(errno.EDQUOT))
        self._step('Extend the share to 2 GiB',
                   lambda: self._extend_to(share, 2))
        self._check(share)
        wrote = self._step('c1 goes on', self._write_on)
        self._console.detail('c1 wrote', f'{wrote} MiB')
        message = self._step('Shrinking it to 1 GiB is refused',
                             lambda: self._shrink_in_vain(share, 1))
        self._show_message(message)
        self._check(share)

    def _fill(self):
        self._cluster.nodes[0].run(
            ['fallocate', '-l', f'{self._share.size * 1024 - REST}M',
             self._share.path + BALLAST], check=True)

    def _write_until_full(self):
        """MiB that c1 has written when the server refuses more."""
        with self._mount(self._c1, self._share) as mount:
            mount.create(BIG)
            self._refused('EDQUOT', f'writing {2 * REST} MiB', lambda:
                          self._write_big(mount))
            wrote = mount.stat(BIG)['st_size'] / MIB
        if not REST / 2 < wrote <= REST:
            raise Failure(f'the share was full after {wrote:.1f} MiB')
        return wrote

    def _write_on(self):
        """By the other server."""
        with self._mount(self._c1, self._share,
                         self._cluster.nodes[-1]) as mount:
            self._write_big(mount)
            size = mount.stat(BIG)['st_size']
        if size != 2 * REST * MIB:
            raise Failure(f'the file of c1 has {size} bytes')
        return 2 * REST

    @staticmethod
    def _write_big(mount):
        for offset in range(0, 2 * REST * MIB, len(CHUNK)):
            mount.write(BIG, CHUNK, offset=offset)

    # The end

    def _finish(self):
        turns = self._step('c1 stops reading', self._stop_readers)
        self._console.detail('c1 read', turns)
        self._step('Delete the new share', lambda: self._delete(self._copy))
        self._check_gone(self._copy)
        self._step('Delete the snapshot', self._delete_snapshot)
        self._step('Delete the share', lambda: self._delete(self._share))
        self._check_gone(self._share)
        self._check_nothing_is_left()

    def _stop_readers(self):
        self._check_readers()
        turns = self._turns()
        if self._readers.release():
            raise Failure('reading failed in the end')
        return turns

    def _delete_snapshot(self):
        self._forget_snapshot(self._snapshot)
        if self._cluster.snapshots():
            raise Failure('the storage still has '
                          f'{self._cluster.snapshots()}')

    def _check_nothing_is_left(self):
        cluster = self._cluster
        left = {name for name in cluster.filesets() if name != 'root'}
        for node in cluster.nodes:
            left.update(export['path']
                        for export in node.ganesha.exports().values())
            # the driver keeps directories of its own, but nothing in them
            left.update(node.run(
                ['find', cluster.mount_point, self.written_in,
                 '-type', 'f'], check=True).stdout.splitlines())
        if left:
            raise Failure(f'left on the servers: {", ".join(sorted(left))}')

    # What clients must see

    def _mount(self, client, share, node=None):
        return clients.mount(client, node or self._cluster.nodes[0],
                             share.path)

    def _check(self, share):
        super()._check(share)
        self._check_clients(
            dict.fromkeys(clients.VERSIONS, share.path),
            {self._names[address]: level
             for address, level in share.levels.items()})

    def _check_clients(self, paths, levels):
        found = clients.everything(self._cluster, paths)
        clients.show(self._console, found)
        wrong = clients.wrong(found, levels)
        if wrong:
            raise Failure(wrong)
        self._check_readers()

    def _check_gone(self, share):
        super()._check_gone(share)
        found = clients.everything(
            self._cluster, dict.fromkeys(clients.VERSIONS, share.path))
        wrong = clients.wrong(found, {})
        if wrong:
            raise Failure(wrong)

    def _check_readers(self):
        failures = self._readers.failures() if self._readers else []
        if failures:
            _when, name, operation = failures[0]
            raise Failure(f'{operation} of c1 failed with {name}, and '
                          f'{len(failures) - 1} more')

    def _show_readers(self):
        self._check_readers()
        self._console.detail('c1 read', self._turns())

    def _turns(self):
        turns = zip(self._cluster.nodes, self._readers.turns())
        return ', '.join(f'{count} times ({node.name})'
                         for node, count in turns) + ', none failed'

    def _contents(self, client, share):
        found = {}
        for node in self._cluster.nodes:
            with self._mount(client, share, node) as mount:
                found[node.name] = mount.read(FILE)
        return found

    def _check_content(self, client, share, data=DATA):
        for node, content in self._contents(client, share).items():
            if content != data:
                raise Failure(f'{client.name} reads something else than was '
                              f'written on {node}')

    def _show_content(self, client, share):
        lines = {}
        for node, content in self._contents(client, share).items():
            digest = hashlib.sha256(content).hexdigest()[:16]
            lines.setdefault(f'{len(content)} bytes, SHA-256 {digest}...',
                             []).append(node)
        for text, names in lines.items():
            self._console.detail(f'{client.name} reads',
                                 f'{text}  ({", ".join(names)})')

    @staticmethod
    def _refused(name, what, action):
        try:
            action()
        except NFSError as error:
            if error.name != name:
                raise Failure(f'{what} failed with {error}, not with '
                              f'{name}') from error
            return
        raise Failure(f'{what} did not fail with {name}')


class CESStory(GaneshaStory):
    """The same, told to the cluster's protocol nodes by mmnfs."""

    server = staticmethod(storage.ces_server)
    written_in = storage.CES_DIRECTORY
