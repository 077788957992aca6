# SPDX-License-Identifier: Apache-2.0
"""The state of one GPFS cluster: file systems, filesets, quotas, snapshots.

A plain model without any GPFS command in it; `commands` builds those on top.
Files are the business of `trees`.  Behaviour follows the IBM Documentation
pages of mmcrfileset, mmlinkfileset, mmunlinkfileset, mmdelfileset,
mmsetquota, mmcrsnapshot, mmdelsnapshot and mmrestorefs; statuses are errno
values as observed.
"""

import os
import threading
import time
from dataclasses import dataclass, field

from .ces import CES
from .release import RELEASES
from .trees import PlainTrees, same_times

FIRST_INODES = 100096           # of a new inode space
SNAPSHOTS = ".snapshots"        # unless mmsnapdir changed it
MAX_SNAPSHOTS = 256             # of one file system


@dataclass
class Fileset:
    id: int
    name: str
    root_inode: int
    inode_space: int
    owner: bool                 # independent: owns its inode space
    created: float
    parent: int = None          # of a linked fileset
    path: str = None            # junction; None is unlinked
    comment: str = ""
    max_inodes: int = 0
    alloc_inodes: int = 0
    used: tuple = None          # (KiB, inodes) as told by a test


@dataclass
class Quota:
    """Limits of one fileset; blocks in KiB."""

    block_soft: int = 0
    block_hard: int = 0
    files_soft: int = 0
    files_hard: int = 0

    def set(self):
        return any(vars(self).values())


@dataclass
class Snapshot:
    id: int
    name: str
    fileset: str                # "" is a global snapshot
    created: float
    status: str = "Valid"       # or Restoring, DeleteRequired


@dataclass
class FileSystem:
    """One file system; `store` is the top of its hidden mount.

    store/root is what nodes see at the mount point, store/unlinked/<id> are
    the trees of filesets without a junction (or, see `trees`, of all).
    """

    name: str
    mount_point: str
    store: str
    block_size: int
    created: float
    quotas: str = "user;group;fileset"
    acl_semantics: str = "all"  # mmlsfs -k; mmcrfs makes it so
    perfileset_quotas: bool = False
    filesetdf: bool = False
    max_snapshots: int = MAX_SNAPSHOTS
    snapdir: str = SNAPSHOTS
    snapdir_everywhere: bool = False        # mmsnapdir -a; only shown
    global_snapshots: str = "rootfileset"   # or allfilesets; only shown
    filesets: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)          # fileset id -> Quota
    snapshots: list = field(default_factory=list)
    defaults: dict = field(default_factory=dict)        # as at the start
    next_fileset: int = 1
    next_space: int = 1
    next_snapshot: int = 1
    junctions: dict = field(default_factory=dict)       # path -> Fileset
    trees: object = PlainTrees              # the class, then the object

    def __post_init__(self):
        self.defaults = {name: getattr(self, name) for name in (
            "block_size", "quotas", "acl_semantics", "perfileset_quotas",
            "filesetdf",
            "max_snapshots", "snapdir", "snapdir_everywhere",
            "global_snapshots")}
        self.trees = self.trees(self)
        root = Fileset(
            0, "root", 3, 0, True, self.created, path=self.mount_point,
            comment="root fileset", max_inodes=513024, alloc_inodes=500736)
        self.start_with(root)

    def start_with(self, root):
        """No other filesets than the root one, no snapshots, no quotas."""
        self.filesets = {"root": root}
        self.junctions = {self.mount_point: root}
        self.limits, self.snapshots = {}, []

    @property
    def root(self):
        return os.path.join(self.store, "root")

    @property
    def unlinked(self):
        return os.path.join(self.store, "unlinked")

    # Paths

    def holds(self, path):
        return path == self.mount_point or path.startswith(
            self.mount_point + "/")

    def inside(self, path):
        """Where the server finds what nodes see at `path`."""
        return self.trees.inside(path)

    def tree(self, fileset):
        """The real directory of a fileset."""
        return self.trees.tree(fileset)

    # Filesets

    def fileset(self, name):
        return self.filesets.get(name)

    def at(self, path):
        """The fileset whose junction is `path`."""
        return self.junctions.get(path)

    def containing(self, path):
        """The fileset that a path of this file system lies in."""
        while self.at(path) is None:
            path = os.path.dirname(path)
        return self.at(path)

    def linked_below(self, fileset):
        return [f for f in self.filesets.values()
                if f.path and fileset.path
                and f.path.startswith(fileset.path + "/")]

    def create(self, name, space=None, comment="", inodes=0, alloc=0):
        """A new fileset; `space` is the owning fileset, None a new one."""
        fileset = self._new_fileset(name, space, comment, inodes, alloc)
        self.trees.create(fileset)
        self.filesets[name] = fileset
        return fileset

    def _new_fileset(self, name, space, comment, inodes, alloc):
        owner = space is None
        number = self.next_fileset
        self.next_fileset += 1
        if owner:
            inode_space = self.next_space
            self.next_space += 1
            root_inode = (inode_space << 19) + 3
        else:
            inode_space = space.inode_space
            root_inode = (number << 17) + 3
        return Fileset(number, name, root_inode, inode_space, owner,
                       time.time(), comment=comment,
                       max_inodes=inodes if owner else 0,
                       alloc_inodes=alloc if owner else 0)

    def preload(self, names, below, comment, quota, used):
        """Many independent filesets at once, linked in the root fileset.

        below: directory of the junctions; quota: KiB, or None for none;
        used: (KiB, inodes) to report, None to look at the real files.
        """
        taken = self.filesets.keys() & set(names)
        if taken:
            raise ValueError(f"filesets exist: {sorted(taken)[:3]}")
        os.makedirs(self.inside(below), exist_ok=True)
        parent = self.containing(below)
        for name in names:
            fileset = self._new_fileset(name, None, comment, FIRST_INODES,
                                        FIRST_INODES)
            fileset.path, fileset.parent = f"{below}/{name}", parent.id
            fileset.used = used
            self.trees.create_linked(fileset)
            self.filesets[name] = fileset
            self.junctions[fileset.path] = fileset
            if quota is not None:
                self.limit(fileset, Quota(block_hard=quota))

    def link(self, fileset, path):
        parent = self.containing(os.path.dirname(path))
        self.trees.link(fileset, path)
        fileset.path, fileset.parent = path, parent.id
        self.junctions[path] = fileset

    def unlink(self, fileset):
        self.trees.unlink(fileset)
        del self.junctions[fileset.path]
        fileset.path = fileset.parent = None

    def rename(self, fileset, name):
        del self.filesets[fileset.name]
        for snapshot in self.snapshots:
            if snapshot.fileset == fileset.name:
                snapshot.fileset = name
        fileset.name = name
        self.filesets[name] = fileset

    def delete(self, fileset):
        self.trees.delete(fileset)
        self.limits.pop(fileset.id, None)
        del self.filesets[fileset.name]

    def empty(self, fileset):
        return not set(os.listdir(self.tree(fileset))) - {self.snapdir}

    def usage(self, fileset):
        """(KiB, inodes) really used by a fileset's own files."""
        if fileset.used is not None:
            return fileset.used
        top = self.tree(fileset)
        blocks = {}                     # by inode: hard links count once
        for path in self._own_files(fileset, top):
            try:
                info = os.lstat(path)
            except FileNotFoundError:
                continue                # removed while we look
            blocks[info.st_ino] = info.st_blocks
        kib = self.trees.blocks(fileset, sum(blocks.values()) // 2)
        return kib, len(blocks)

    def _own_files(self, fileset, top):
        """Paths of a fileset's files: no snapshots, no other filesets."""
        waiting = [(top, fileset.path)]
        yield top
        while waiting:
            here, shown = waiting.pop()
            try:
                entries = list(os.scandir(here))
            except FileNotFoundError:
                continue
            for entry in entries:
                path = shown and f"{shown}/{entry.name}"
                if entry.name == self.snapdir or path in self.junctions:
                    continue
                yield entry.path
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, path))

    def is_open(self, fileset):
        """Whether a process has a file of the fileset open."""
        return self.trees.is_open(fileset)

    # Snapshots

    def snapshots_of(self, name):
        return [s for s in self.snapshots if s.fileset == name]

    def restoring(self, fileset):
        """Whether a restore of the fileset, or of everything, runs."""
        return any(s.status == "Restoring" and (
            s.fileset in ("", fileset.name)) for s in self.snapshots)

    def snapshot(self, name, fileset):
        for snapshot in self.snapshots:
            if (snapshot.name, snapshot.fileset) == (name, fileset):
                return snapshot
        return None

    def snapshot_dir(self, snapshot):
        source = self.filesets[snapshot.fileset or "root"]
        return os.path.join(self.tree(source), self.snapdir, snapshot.name)

    def take(self, name, fileset, created=None):
        snapshot = Snapshot(self.next_snapshot, name, fileset,
                            created or time.time())
        self.next_snapshot += 1
        target = self.snapshot_dir(snapshot)
        try:
            self.trees.take(self.filesets[fileset or "root"], target)
        except BaseException:
            self.invalidate(snapshot)
            raise
        self.snapshots.append(snapshot)
        return snapshot

    def take_all(self, pairs):
        """Snapshots of several filesets at one time: all or none."""
        made, now = [], time.time()
        try:
            for fileset, name in pairs:
                made.append(self.take(name, fileset, now))
        except BaseException:
            for snapshot in made:
                self.drop(snapshot)
            raise
        return made

    def invalidate(self, snapshot):
        """The first half of a deletion: the content is gone."""
        snapshot.status = "DeleteRequired"
        path = self.snapshot_dir(snapshot)
        if os.path.isdir(path):
            self.trees.drop(path)
        above = os.path.dirname(path)
        if os.path.isdir(above) and not os.listdir(above):
            with same_times(os.path.dirname(above)):
                os.rmdir(above)

    def drop(self, snapshot):
        self.invalidate(snapshot)
        if snapshot in self.snapshots:
            self.snapshots.remove(snapshot)

    def rename_snapdir(self, name):
        """What mmsnapdir -s does: another name for `.snapshots`."""
        for fileset in self.filesets.values():
            old = os.path.join(self.tree(fileset), self.snapdir)
            if os.path.isdir(old):
                os.rename(old, os.path.join(os.path.dirname(old), name))
        self.snapdir = name

    def restore(self, snapshot):
        self.trees.restore(self.filesets[snapshot.fileset or "root"],
                           self.snapshot_dir(snapshot))

    # Quotas

    def quota(self, fileset):
        return self.limits.get(fileset.id, Quota())

    def limit(self, fileset, quota):
        self.limits[fileset.id] = quota
        self.trees.limit(fileset, quota.block_hard)

    def blocks(self, size):
        """Bytes as KiB, rounded up to the block size as mmsetquota does."""
        return -(-size // self.block_size) * self.block_size // 1024


class Cluster:
    """The whole cluster: nodes, their daemons, file systems, configuration.

    `lock` guards the model; `admin_lock` is GPFS's own configuration lock,
    which tests may hold to make administration commands wait.
    """

    def __init__(self, name, release, nodes):
        self.name = name
        self.release = RELEASES[release]
        self.id = str(time.time_ns())[-19:]
        self.addresses = dict(nodes)
        self.daemon = {node: "active" for node, _address in nodes}
        self.nodes = [node for node, _address in nodes]  # by node number
        self.filesystems = {}
        self.config = {
            "clusterName": name, "clusterId": self.id, "autoload": "yes",
            "minReleaseLevel": self.release.product,
            "ccrEnabled": "yes", "enforceFilesetQuotaOnRoot": "no"}
        self.config_at_start = dict(self.config)
        self.ces = CES(self.release, nodes,
                       lambda node: self.daemon[node] == "active")
        self.missing_status = None              # overrides the release's
        self.lock = threading.RLock()
        self.admin_lock = None                  # a Gate while held by tests
        self.admin_timeout = 60.0

    def add_filesystem(self, name, mount_point, store, **settings):
        settings.setdefault("block_size", self.release.block_size)
        filesystem = FileSystem(name, mount_point, store,
                                created=time.time(), **settings)
        self.filesystems[name] = filesystem
        return filesystem

    def find(self, device):
        """A file system by device; "gpfs0" is as good as "/dev/gpfs0"."""
        if device.startswith("/dev/"):
            device = device[5:]
        return self.filesystems.get(device)

    def holding(self, path):
        """The file system that a path lies in."""
        for filesystem in self.filesystems.values():
            if filesystem.holds(path):
                return filesystem
        return None

    def preload(self, device, count, prefix, directory, comment, quota,
                used):
        """See GPFSCluster.preload_filesets."""
        fs = self.filesystems[device]
        names = [f"{prefix}{n:05}" for n in range(1, count + 1)]
        fs.preload(names, directory or fs.mount_point, comment, quota,
                   tuple(used) if used else None)

    def quorum(self):
        return len(self.nodes) // 2 + 1

    def up(self):
        return sum(1 for s in self.daemon.values() if s == "active")

    def clear(self):
        """Back to empty file systems."""
        with self.lock:
            for fs in self.filesystems.values():
                fs.trees.clear()
                fs.start_with(fs.filesets["root"])
                vars(fs).update(fs.defaults)
            self.daemon = dict.fromkeys(self.daemon, "active")
            self.missing_status = None
            self.config = dict(self.config_at_start)
            self.ces.clear()
            if self.admin_lock:
                self.admin_lock.open()
            self.admin_lock = None

    def state(self):
        """A description of everything, for tests."""
        with self.lock:
            return {
                "name": self.name, "daemon": dict(self.daemon),
                "config": dict(self.config), "ces": self.ces.state(),
                "filesystems": {
                    fs.name: {
                        "filesets": {f.name: dict(
                            vars(f), quota=vars(fs.quota(f)).copy())
                            for f in fs.filesets.values()},
                        "snapshots": [vars(s) for s in fs.snapshots]}
                    for fs in self.filesystems.values()}}
