# SPDX-License-Identifier: Apache-2.0
"""The simulated array, as tests use it."""

import dataclasses
import tempfile

from . import levels, watch
from .assumptions import Assumptions
from .certificates import Authority
from .dispatch import Dispatcher
from .faults import Fault, Faults
from .journal import Journal
from .model import TiB
from .server import Server
from .state import State


class Array:
    """An array that listens on a port of 127.0.0.1 from its creation on.

    firmware: decides which methods there are.
    pools: name -> bytes.  projects: names of projects in each pool.
    floating_ips: pool -> addresses; None: two for each pool.
    smb_mode: 'CIFS' or 'SMB3'.
    certificate: 'valid', 'self-signed', 'expired', 'not-yet-valid',
        'wrong-name' or 'other-ca'.
    port: 0 lets the kernel choose.

    Attributes: host, port, ca_file (of the authority behind all certificates
    but two), certificate_file (the one in use), login, password, journal,
    lock (holds everything still).

    A share has path, name, protocol, quota (bytes, 0: none), reservation,
    used, snapshots (name -> snapshot), nfs_acls [(host, mode, root)],
    smb_acls [(host, mode)], users {name: level}, sharenfs, sharesmb ('on',
    'off'), mount_point, display_name, properties, contents {file: bytes or
    size} and origin (path of the snapshot that it is a clone of, or None);
    write(), put(), delete_data() and remove() are what clients do.  A
    snapshot has name, path, share, contents, complete and clones.
    """

    def __init__(self, firmware='3.7.1', pools=None, projects=('openstack',),
                 login='admin', password='secret', floating_ips=None,
                 assumptions=None, smb_mode='CIFS', certificate='valid',
                 port=0, listener=None):
        self.login = login
        self.password = password
        if smb_mode not in ('CIFS', 'SMB3'):
            raise ValueError(f'smb_mode={smb_mode!r}')
        self.state = State(firmware, assumptions or Assumptions(), smb_mode)
        self.lock = self.state.lock
        pools = {'pool-a': 10 * TiB} if pools is None else pools
        for number, (name, size) in enumerate(pools.items()):
            addresses = ((f'198.51.100.{20 + 2 * number}',
                          f'198.51.100.{21 + 2 * number}')
                         if floating_ips is None
                         else floating_ips.get(name, ()))
            self.state.add_pool(name, size, addresses)
            for project in projects:
                self.state.add_project(name, project)
        self.journal = Journal(listener)
        self._watches = watch.Watches(self.state)
        self._faults = Faults()
        self._directory = tempfile.TemporaryDirectory(prefix='intelliflash-')
        try:
            self._authority = Authority(self._directory.name)
            self.ca_file = self._authority.ca_file
            context, self.certificate_file = self._authority.context(
                certificate)
            self._server = Server(self.state, Dispatcher(
                self.state, self.journal, self._watches, login, password),
                self._faults, port)
        except BaseException:
            self._directory.cleanup()
            raise
        self._server.context = context
        self.host = self._server.host
        self.port = self._server.port
        self._server.listen()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End everything; hanging requests, too."""
        self._server.close()
        self._directory.cleanup()

    # What is there

    @property
    def pools(self):
        return dict(self.state.pools)

    @property
    def projects(self):
        """path -> project"""
        with self.lock:
            return {project.path: project
                    for pool in self.state.pools.values()
                    for project in pool.projects.values()}

    @property
    def shares(self):
        """path -> share"""
        with self.lock:
            return {share.path: share for project in self.projects.values()
                    for share in project.shares.values()}

    def share(self, path):
        """The share with that path, or name if only one has it."""
        with self.lock:
            share = watch.find(self.state, path)
        if share is None:
            raise KeyError(path)
        return share

    def add_pool(self, name, size, floating_ips=()):
        with self.lock:
            return self.state.add_pool(name, size, floating_ips)

    def add_project(self, pool, name, quota=0, protocols=('NFS', 'SMB'),
                    nfs=False, smb=False):
        """nfs, smb: whether it is shared over these."""
        with self.lock:
            project = self.state.add_project(pool, name, quota=quota,
                                             protocols=protocols)
            project.access.nfs_on = nfs
            project.access.smb_on = smb
            return project

    def add_share(self, pool, project, name, protocol='NFS', quota=0,
                  mount_point=None, display_name=None):
        """protocol None: not shared, like after v2's createShare."""
        with self.lock:
            return self.state.add_share(
                self.state.pools[pool].projects[project], name, protocol,
                quota, mount_point, display_name)

    def add_snapshot(self, path, name):
        """A complete one.  The name gets no prefix."""
        with self.lock:
            return self.state.add_snapshot(self.share(path), name)

    def may(self, path, client, protocol=None):
        """'rw', 'ro' or None: what a client can do with a share now.

        client: the address of a host, a user, or (user, address).  Without
        a protocol, it is the share's.
        """
        with self.lock:
            return watch.may(self.state, path, client, protocol)

    def watch(self, path, client, protocol=None):
        """Record all changes of may(): has changes, levels and lost."""
        return self._watches.add(path, client, protocol)

    # What was asked

    def calls(self, method):
        return self.journal.calls(method)

    @property
    def connections(self):
        """How many were accepted so far."""
        return self._server.accepted

    # What can be changed

    @property
    def assumptions(self):
        return self.state.assumptions

    def assume(self, **changes):
        """Change assumptions from now on."""
        with self.lock:
            self.state.assumptions = dataclasses.replace(
                self.state.assumptions, **changes)

    def set_firmware(self, firmware):
        with self.lock:
            self.state.firmware = levels.parse(firmware)
            self.state.firmware_name = firmware

    def change_certificate(self, kind):
        """For new connections; those that exist are closed."""
        self._server.context, self.certificate_file = (
            self._authority.context(kind))
        self.drop_connections()

    def drop_connections(self):
        self._server.drop()

    def restart(self):
        """All connections end; state and port stay."""
        self._server.refuse()
        self._server.drop()
        self._server.listen()

    def finish_snapshots(self):
        with self.lock:
            for share in self.shares.values():
                for snapshot in share.snapshots.values():
                    snapshot.polls = 0

    def finish_clones(self):
        with self.lock:
            for share in self.shares.values():
                share.polls = 0

    # Faults

    def fault(self, method, when='before', how='reset', times=1, skip=0,
              service=None, where=None, **details):
        """Spoil requests of a method (None: of any); returns the `Fault`.

        when: 'before' (instead of) or 'after' the work is done.
        times: how many requests (None: all).  skip: let so many pass first.
        where: function(Request) that tells which requests are meant.

        how, and its details:
        'reset', 'close'    RST, or FIN, instead of a reply
        'hang'              until release() or the connection's end; then the
                            connection is closed ('before') or the reply is
                            sent ('after'), unless then='continue' or
                            then='close' says otherwise; a request that hung
                            'before' and continues does its work then
        'slow'              piece=1 byte at a time, interval=0.05 seconds,
                            until release()
        'truncated'         missing=100 bytes; status, value for 'before'
        'huge'              size bytes of endless JSON (None: no end);
                            chunked=True
        'not-json', 'html'  body=b'...', status=200
        'empty'             status=200
        'status'            status=500, code, message; or body=b'...'
        'error'             code='BUSY', status=400, message
        'enum'              status 200 with value=2 where success would be
        'deep'              depth=100000
        'duplicate-keys'    each key twice, null the second time

        With method None, on connections (new ones; drop=False spares those
        that exist): 'refuse' (until clear_faults()), 'tls-garbage',
        'tls-hang' (until release()).
        """
        drop = details.pop('drop', True)
        fault = Fault(method, how, when, times, skip, service, where,
                      details)
        if how == 'refuse':
            self._server.refuse()
        else:
            self._faults.add(fault)
        if drop and how in ('refuse', 'tls-garbage', 'tls-hang'):
            self._server.drop()
        return fault

    def wait_fault(self, fault, hits=1, timeout=120):
        """Wait until a fault struck that often; whether it did."""
        return self._faults.wait(fault, hits, timeout)

    def release(self):
        """Let those go on that hang now."""
        self._faults.release()

    def clear_faults(self):
        """No more faults; does not release what hangs."""
        self._faults.clear()
        self._server.listen()
