# SPDX-License-Identifier: Apache-2.0
"""Pools, projects, shares, snapshots, and the space that they take.

Like ZFS: a snapshot keeps the data that it saw, a clone takes space only for
what differs from its origin, and a quota counts data and snapshots.
"""

import errno
import itertools
from typing import NamedTuple

from .access import Access

KiB = 2 ** 10
MiB = 2 ** 20
GiB = 2 ** 30
TiB = 2 ** 40


class QuotaExceeded(OSError):
    def __init__(self, path):
        super().__init__(errno.EDQUOT, 'quota exceeded', path)


class NoSpace(OSError):
    def __init__(self, path):
        super().__init__(errno.ENOSPC, 'no space left in the pool', path)


class Extent:
    """Some stored data.  Once split, it stands for its parts."""

    __slots__ = ('size', 'parts')

    def __init__(self, size):
        self.size = size
        self.parts = ()

    def leaves(self):
        if not self.parts:
            return (self,)
        return itertools.chain.from_iterable(
            part.leaves() for part in self.parts)

    def split(self, size):
        """Into one of that size and the rest."""
        self.parts = (Extent(size), Extent(self.size - size))
        return self.parts


class File(NamedTuple):
    extents: tuple
    data: bytes = None

    def show(self):
        """The bytes, or the size if these were never told."""
        if self.data is not None:
            return self.data
        return sum(extent.size for extent in self.extents)


def extents(files):
    return {leaf for file in files.values() for extent in file.extents
            for leaf in extent.leaves()}


def size(some):
    return sum(extent.size for extent in some)


class Space(NamedTuple):
    data: int
    snapshots: int
    available: int

    @property
    def used(self):
        return self.data + self.snapshots

    @property
    def total(self):
        return self.used + self.available


class Pool:
    def __init__(self, name, capacity, floating_ips, lock):
        self.name = name
        self.size = capacity
        self.floating_ips = tuple(floating_ips)
        self.projects = {}
        self.lock = lock
        self.next_ip = 0                # for those who take turns

    @property
    def used(self):
        return sum(max(share.used, share.reservation)
                   for project in self.projects.values()
                   for share in project.shares.values())

    @property
    def available(self):
        return max(0, self.size - self.used)


class Project:
    def __init__(self, pool, name, quota=0, protocols=('NFS', 'SMB')):
        self.pool = pool
        self.name = name
        self.path = f'{pool.name}/Local/{name}'
        self.quota = quota              # bytes; 0: none
        self.reservation = 0
        self.protocols = tuple(protocols)
        self.access = Access()
        self.properties = {}
        self.shares = {}

    @property
    def used(self):
        return sum(share.used for share in self.shares.values())

    @property
    def available(self):
        free = self.pool.available
        if self.quota:
            free = min(free, max(0, self.quota - self.used))
        return free


class Snapshot:
    def __init__(self, share, name, number, polls=0):
        self.share = share
        self.name = name                # with its prefix
        self.number = number            # in order of creation
        self.polls = polls              # until complete; None: for ever
        self.files = dict(share.files)

    @property
    def path(self):
        return f'{self.share.path}@{self.name}'

    @property
    def complete(self):
        return self.polls == 0

    @property
    def contents(self):
        return {name: file.show() for name, file in self.files.items()}

    @property
    def clones(self):
        return [share for project in self.share.pool.projects.values()
                for share in project.shares.values()
                if share.source is self]


class Share:
    """What tests may look at is documented with `Array`."""

    def __init__(self, project, name, guid, protocol=None, quota=0,
                 mount_point=None, display_name=None):
        self.project = project
        self.name = name
        self.guid = guid
        self.protocol = protocol        # 'NFS', 'CIFS' or None
        self.quota = quota              # bytes; 0: none
        self.reservation = 0
        self.mount_point = mount_point
        self.display_name = display_name
        self.access = Access()
        self.guest = False
        self.properties = {}
        self.permissions = []
        self.snapshots = {}             # in order of creation
        self.source = None              # the snapshot that this is a clone of
        self.polls = 0                  # look-ups until it is visible
        self.files = {}
        self._used = None

    @property
    def pool(self):
        return self.project.pool

    @property
    def path(self):
        return f'{self.project.path}/{self.name}'

    @property
    def origin(self):
        return self.source and self.source.path

    @property
    def contents(self):
        return {name: file.show() for name, file in self.files.items()}

    @property
    def nfs_acls(self):
        return self.access.nfs

    @property
    def smb_acls(self):
        return self.access.smb

    @property
    def users(self):
        return self.access.users

    @property
    def sharenfs(self):
        return 'on' if self.access.nfs_on else 'off'

    @property
    def sharesmb(self):
        return 'on' if self.access.smb_on else 'off'

    # Space

    def changed(self):
        self._used = None

    def _measure(self):
        if self._used is None:
            seen = (extents(self.source.files) if self.source is not None
                    else set())
            live = extents(self.files) - seen
            held = set()
            for snapshot in self.snapshots.values():
                held |= extents(snapshot.files)
            self._used = size(live), size(held - live - seen)
        return self._used

    @property
    def used(self):
        return sum(self._measure())

    def space(self, free=None):
        """`free` is what the project has left, if known already."""
        data, held = self._measure()
        available = self.project.available if free is None else free
        available += max(0, self.reservation - data - held)
        if self.quota:
            available = min(available, max(0, self.quota - data - held))
        return Space(data, held, available)

    # What clients do

    def _replace(self, files):
        before = self.files
        self.files = files
        self.changed()
        error = None
        if self.quota and self.used > self.quota:
            error = QuotaExceeded(self.path)
        elif self.project.quota and self.project.used > self.project.quota:
            error = QuotaExceeded(self.project.path)
        elif self.pool.used > self.pool.size:
            error = NoSpace(self.path)
        if error is not None:
            self.files = before
            self.changed()
            raise error

    def write(self, nbytes, name='data'):
        """Append to a file; QuotaExceeded or NoSpace like a real one."""
        with self.pool.lock:
            old = self.files.get(name, File(()))
            new = File((*old.extents, Extent(nbytes)))
            self._replace({**self.files, name: new})

    def put(self, name, data):
        """Write a small file with known contents."""
        with self.pool.lock:
            new = File((Extent(len(data)),), bytes(data))
            self._replace({**self.files, name: new})

    def delete_data(self, nbytes, name='data'):
        """Cut that much off the end of a file that write() made."""
        with self.pool.lock:
            kept = [leaf for extent in self.files[name].extents
                    for leaf in extent.leaves()]
            if nbytes > size(kept):
                raise ValueError(f'{name} has {size(kept)} bytes')
            while nbytes:
                last = kept.pop()
                if last.size > nbytes:
                    kept.append(last.split(last.size - nbytes)[0])
                    nbytes = 0
                else:
                    nbytes -= last.size
            files = {**self.files, name: File(tuple(kept))}
            if not kept:
                del files[name]
            self.files = files
            self.changed()

    def remove(self, name):
        """Delete a file."""
        with self.pool.lock:
            self.files = {each: file for each, file in self.files.items()
                          if each != name}
            self.changed()

    def __repr__(self):
        return f'<Share {self.path}>'
