# SPDX-License-Identifier: Apache-2.0
"""The state of one GPFS cluster: file systems, filesets, quotas, snapshots.

A plain model without any GPFS command in it; `commands` builds those on top.
File trees are real directories: a linked fileset is a directory at its
junction, an unlinked one is kept aside, a snapshot is a copy below
`.snapshots`.  Behaviour follows the IBM Documentation pages of mmcrfileset,
mmlinkfileset, mmunlinkfileset, mmdelfileset, mmsetquota, mmcrsnapshot,
mmdelsnapshot and mmrestorefs; statuses are errno values as observed.
"""

import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field

from .ces import CES
from .release import RELEASES

FIRST_INODES = 100096           # of a new inode space
SNAPSHOTS = ".snapshots"        # unless mmsnapdir changed it
MAX_SNAPSHOTS = 256             # of one file system


class Failure(Exception):
    """A command fails: exit status and the lines it prints on stderr."""

    def __init__(self, status, *lines):
        super().__init__(status, *lines)
        self.status = status
        self.lines = lines


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
    the trees of filesets without a junction.
    """

    name: str
    mount_point: str
    store: str
    block_size: int
    created: float
    quotas: str = "user;group;fileset"
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

    def __post_init__(self):
        self.defaults = {name: getattr(self, name) for name in (
            "block_size", "quotas", "perfileset_quotas", "filesetdf",
            "max_snapshots", "snapdir", "snapdir_everywhere",
            "global_snapshots")}
        os.makedirs(self.unlinked, exist_ok=True)
        os.makedirs(self.root, exist_ok=True)
        os.chmod(self.root, 0o755)
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
        return self.root + path[len(self.mount_point):]

    def tree(self, fileset):
        """The real directory of a fileset."""
        if fileset.path is None:
            return os.path.join(self.unlinked, str(fileset.id))
        return self.inside(fileset.path)

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
        os.mkdir(self.tree(fileset), 0o700)
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
        os.makedirs(self.inside(below), exist_ok=True)
        parent = self.containing(below)
        for name in names:
            if name in self.filesets:
                raise ValueError(f"fileset {name} exists")
            fileset = self._new_fileset(name, None, comment, FIRST_INODES,
                                        FIRST_INODES)
            fileset.path, fileset.parent = f"{below}/{name}", parent.id
            fileset.used = used
            os.mkdir(self.tree(fileset), 0o700)
            self.filesets[name] = fileset
            self.junctions[fileset.path] = fileset
            if quota is not None:
                self.limits[fileset.id] = Quota(block_hard=quota)

    def link(self, fileset, path):
        origin = self.tree(fileset)
        parent = self.containing(os.path.dirname(path))
        os.rename(origin, self.inside(path))
        fileset.path, fileset.parent = path, parent.id
        self.junctions[path] = fileset

    def unlink(self, fileset):
        origin = self.tree(fileset)
        del self.junctions[fileset.path]
        fileset.path = fileset.parent = None
        os.rename(origin, self.tree(fileset))

    def rename(self, fileset, name):
        del self.filesets[fileset.name]
        for snapshot in self.snapshots:
            if snapshot.fileset == fileset.name:
                snapshot.fileset = name
        fileset.name = name
        self.filesets[name] = fileset

    def delete(self, fileset):
        shutil.rmtree(self.tree(fileset))
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
        return sum(blocks.values()) // 2, len(blocks)

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
        """Whether a process has a file of the fileset open, or works in it.

        Nodes see the tree at another path than we do, so compare device and
        path below the junction as /proc shows them.
        """
        top = fileset.path
        for process in filter(str.isdigit, os.listdir("/proc")):
            links = [f"/proc/{process}/cwd"]
            try:
                links += [f"/proc/{process}/fd/{fd}"
                          for fd in os.listdir(f"/proc/{process}/fd")]
            except OSError:
                continue
            for link in links:
                try:
                    target = os.readlink(link)
                except OSError:
                    continue
                if target == top or target.startswith(top + "/"):
                    return True
        return False

    # Snapshots

    def snapshots_of(self, name):
        return [s for s in self.snapshots if s.fileset == name]

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
        source = os.path.dirname(os.path.dirname(target))
        if not os.path.isdir(os.path.dirname(target)):
            os.mkdir(os.path.dirname(target), 0o555)
        os.mkdir(target)
        copy_tree(source, target, self.snapdir)
        if fileset:
            self._leave_out_independent(source, target)
        self.snapshots.append(snapshot)
        return snapshot

    def _leave_out_independent(self, source, target):
        for other in self.filesets.values():
            inside = self.tree(other)
            if other.owner and inside.startswith(source + "/"):
                shutil.rmtree(target + inside[len(source):],
                              ignore_errors=True)

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
            shutil.rmtree(path)
        above = os.path.dirname(path)
        if os.path.isdir(above) and not os.listdir(above):
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
        source = self.snapshot_dir(snapshot)
        target = os.path.dirname(os.path.dirname(source))
        keep = {self.snapdir}
        for other in self.filesets.values():
            inside = self.tree(other)
            if other.path and inside.startswith(target + "/"):
                keep.add(inside[len(target) + 1:].split("/")[0])
        for name in set(os.listdir(target)) - keep:
            remove(os.path.join(target, name))
        copy_tree(source, target, self.snapdir)

    # Quotas

    def quota(self, fileset):
        return self.limits.get(fileset.id, Quota())

    def blocks(self, size):
        """Bytes as KiB, rounded up to the block size as mmsetquota does."""
        return -(-size // self.block_size) * self.block_size // 1024


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def copy_tree(source, target, snapdir):
    """Copy the content and attributes of a directory, less snapshots."""
    names = [os.path.join(source, n) for n in sorted(os.listdir(source))
             if n != snapdir]
    if names:
        subprocess.run(["cp", "-a", "--target-directory", target, "--"]
                       + names, check=True, capture_output=True)
        for here, folders, _files in os.walk(target):
            if snapdir in folders and here != target:
                shutil.rmtree(os.path.join(here, snapdir))
                folders.remove(snapdir)
    info = os.stat(source)
    os.chown(target, info.st_uid, info.st_gid)
    shutil.copystat(source, target)


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
        self.ces = CES(self.release, nodes)
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

    def quorum(self):
        return len(self.nodes) // 2 + 1

    def up(self):
        return sum(1 for s in self.daemon.values() if s == "active")

    def clear(self):
        """Back to empty file systems."""
        with self.lock:
            for fs in self.filesystems.values():
                for top in (fs.root, fs.unlinked):
                    for name in os.listdir(top):
                        remove(os.path.join(top, name))
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
