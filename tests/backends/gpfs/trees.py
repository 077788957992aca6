# SPDX-License-Identifier: Apache-2.0
"""Where the files of a file system are: plain directories, or real btrfs.

A strategy object per file system, which the model in `cluster` calls:

PlainTrees  a tmpfs; filesets and snapshots are directories, quotas only
            numbers.  Fast, and works everywhere.
BtrfsTrees  a btrfs on a loop file; filesets are subvolumes that are mounted
            at their junctions, with their hard block quota as the limit of
            the qgroup (enforced, for root too); snapshots are read-only.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import stat
import struct
import subprocess

from . import sandbox
from .failure import Failure

LOOP_CTL_GET_FREE, LOOP_CONFIGURE, LOOP_CLR_FD = 0x4C82, 0x4C0A, 0x4C01
LO_FLAGS_AUTOCLEAR = 4
FICLONE = 0x40049409
EMPTY = 16384                   # bytes that an empty subvolume refers to
SIZE = "64G"


class PlainTrees:
    """Directories of a tmpfs.

    A linked fileset is a directory at its junction, an unlinked one is kept
    aside, a snapshot is a copy.
    """

    def __init__(self, fs):
        self.fs = fs
        os.makedirs(fs.unlinked, exist_ok=True)
        os.makedirs(fs.root, exist_ok=True)
        os.chmod(fs.root, 0o755)

    @staticmethod
    def prepare(store, name, size=SIZE):
        """Mount an empty file system at the directory `store`."""
        sandbox.tmpfs(store, f"size={size},mode=755", f"/dev/{name}")

    # Paths

    def inside(self, path):
        """Where the server finds what nodes see at `path`."""
        return self.fs.root + path[len(self.fs.mount_point):]

    def tree(self, fileset):
        """The real directory of a fileset."""
        if fileset.path is None:
            return os.path.join(self.fs.unlinked, str(fileset.id))
        return self.inside(fileset.path)

    # Filesets

    def create(self, fileset):
        os.mkdir(self.tree(fileset), 0o700)

    create_linked = create

    def link(self, fileset, path):
        """Before the model knows the junction."""
        os.rename(self.tree(fileset), self.inside(path))

    def unlink(self, fileset):
        """While the model still knows the junction."""
        os.rename(self.tree(fileset),
                  os.path.join(self.fs.unlinked, str(fileset.id)))

    def delete(self, fileset):
        shutil.rmtree(self.tree(fileset))

    def limit(self, fileset, kib):
        """A new hard block limit; 0 is none."""

    def blocks(self, fileset, counted):
        """KiB that a fileset uses, given what its files seem to use."""
        return counted

    def is_open(self, fileset):
        """Whether a process has a file of the fileset open, or works in it.

        Nodes see the tree at another path than we do, so compare the path
        below the junction as /proc shows it; in a chroot(2) it shows our
        root's path before that.
        """
        top = fileset.path + "/"
        return any(top in target + "/" for target in open_paths())

    # Snapshots

    def take(self, fileset, target):
        """Make a snapshot of a fileset at `target`, below .snapshots."""
        source = self.tree(fileset)
        make_snapdir(target)
        os.mkdir(target)
        copy_tree(source, target, self.fs.snapdir)
        if fileset.id:
            self._leave_out_independent(source, target)

    def _leave_out_independent(self, source, target):
        for other in self.fs.filesets.values():
            inside = self.tree(other)
            if other.owner and inside.startswith(source + "/"):
                shutil.rmtree(target + inside[len(source):],
                              ignore_errors=True)

    def drop(self, target):
        shutil.rmtree(target)

    def restore(self, fileset, source):
        """Bring the content of a snapshot back."""
        target = self.tree(fileset)
        keep = {self.fs.snapdir}
        for other in self.fs.filesets.values():
            inside = self.tree(other)
            if other.path and inside.startswith(target + "/"):
                keep.add(inside[len(target) + 1:].split("/")[0])
        for name in set(os.listdir(target)) - keep:
            remove(os.path.join(target, name))
        copy_tree(source, target, self.fs.snapdir)

    def clear(self):
        """Back to an empty file system; the model is cleared later."""
        for top in (self.fs.root, self.fs.unlinked):
            for name in os.listdir(top):
                remove(os.path.join(top, name))


class BtrfsTrees:
    """Subvolumes, bind-mounted at the junctions.

    The junction itself is an empty directory of the parent.  Mounts are made
    below the mount point as nodes see it, and so reach them all.  Below a
    junction, the fileset's snapshots are mounts as well: NFS-Ganesha's FSAL
    VFS knows file systems by their mounts, and serves no other subvolume.
    """

    def __init__(self, fs):
        self.fs = fs
        self.parts = {}         # see `take`
        btrfs("subvolume", "create", fs.root)
        os.chmod(fs.root, 0o755)
        os.mkdir(fs.unlinked)

    @staticmethod
    def prepare(store, name, size=SIZE):
        """Mount an empty btrfs at the directory `store`."""
        base = store + ".img"
        os.mkdir(base)
        sandbox.tmpfs(base)
        for folder in ("dev", "pool"):
            os.mkdir(f"{base}/{folder}")
        image = f"{base}/{os.path.basename(os.path.dirname(store))}-{name}"
        with open(image, "wb") as file:
            file.truncate(size_in_bytes(size))
        subprocess.run(["mkfs.btrfs", "-q", "-K", image], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
        with loop_device(image) as device:
            os.mknod(f"{base}/dev/{name}", stat.S_IFBLK | 0o600, device)
            mount_in(base, f"/dev/{name}", "/pool")
        sandbox.mount(f"{base}/pool", store, None, sandbox.MS_BIND)
        sandbox.umount(f"{base}/pool")
        sandbox.umount(base)
        btrfs("quota", "enable", store)

    # Paths

    def inside(self, path):
        return path             # we see the mount point as nodes do

    def tree(self, fileset):
        if fileset.id == 0:
            return self.fs.root
        return os.path.join(self.fs.unlinked, str(fileset.id))

    # Filesets

    def create(self, fileset):
        btrfs("subvolume", "create", self.tree(fileset))
        os.chmod(self.tree(fileset), 0o700)

    def create_linked(self, fileset):
        self.create(fileset)
        self.link(fileset, fileset.path)

    def link(self, fileset, path):
        os.mkdir(path)
        for source, target in self._mounts(fileset, path):
            bind(source, target)

    def _mounts(self, fileset, path):
        """(source, target) of a fileset at a junction and its snapshots."""
        top, snapdir = self.tree(fileset), self.fs.snapdir
        return [(top, path)] + [
            (os.path.join(top, snapdir, name),
             os.path.join(path, snapdir, name))
            for tree, name in self.parts if tree == top]

    def unlink(self, fileset):
        sandbox.umount(fileset.path)    # with what is mounted below
        os.rmdir(fileset.path)

    def delete(self, fileset):
        delete_subvolumes(self.tree(fileset))

    def limit(self, fileset, kib):
        """Not through the subvolume itself: if it is full, that fails."""
        if fileset.id:
            btrfs("qgroup", "limit", f"{kib}K" if kib else "none",
                  "0/" + subvolume_id(self.tree(fileset)), self.fs.store)

    @contextlib.contextmanager
    def _unlimited(self, fileset):
        """Snapshots are made in a fileset, also when it is full."""
        limit = self.fs.quota(fileset).block_hard
        if not limit:
            yield
            return
        self.limit(fileset, 0)
        try:
            yield
        finally:
            self.limit(fileset, limit)

    def blocks(self, fileset, _counted):
        top = self.tree(fileset)
        sync(top)
        shown = btrfs("qgroup", "show", "--raw", "-f", top)
        refers = int(shown.splitlines()[-1].split()[1])
        return max(0, refers - EMPTY) // 1024

    def is_open(self, fileset):
        """Whether umount(2) says that a node uses it, or a snapshot."""
        gone = []
        try:
            for source, target in reversed(self._mounts(fileset,
                                                        fileset.path)):
                sandbox.umount(target, 0)
                gone.append((source, target))
        except OSError as error:
            if error.errno == errno.EBUSY:
                return True
            raise
        finally:
            for source, target in reversed(gone):
                bind(source, target)
        return False

    # Snapshots

    def take(self, fileset, target):
        """self.parts knows a snapshot's subvolumes, outermost first, each
        as path below the snapshot: source.
        """
        parts = {"": self.tree(fileset)}
        for other in self._below(fileset):
            parts[other.path[len(fileset.path):]] = self.tree(other)
        with self._unlimited(fileset):
            make_snapdir(target)
            self._take(parts, target)
        read_only(parts, target, "true")
        if self._is_shown(fileset):
            bind(target, self._place(fileset, target))

    @staticmethod
    def _is_shown(fileset):
        return bool(fileset.id and fileset.path)

    def _place(self, fileset, snapshot):
        """Where nodes see a snapshot of a linked fileset."""
        return fileset.path + snapshot[len(self.tree(fileset)):]

    def _take(self, parts, target):
        made = self.parts[identity(target)] = {}
        for part, source in parts.items():
            if part:
                os.rmdir(target + part)         # the junction
            btrfs("subvolume", "snapshot", source, target + part)
            made[part] = source
            stubs = os.path.join(target + part, self.fs.snapdir)
            if os.path.isdir(stubs):
                with same_times(target + part):
                    shutil.rmtree(stubs)

    def _below(self, fileset):
        """Filesets that a snapshot of this one covers, outermost first."""
        below = [f for f in self.fs.linked_below(fileset)
                 if not (fileset.id and f.owner)]
        return sorted(below, key=lambda f: f.path)

    def drop(self, target):
        fileset = self._by_tree()[identity(target)[0]]
        parts = self.parts.pop(identity(target))
        if self._is_shown(fileset):
            sandbox.umount(self._place(fileset, target))
        read_only(parts, target, "false")
        with self._unlimited(fileset):
            delete_subvolumes(*(target + part for part in reversed(parts)))

    def _by_tree(self):
        return {self.tree(f): f for f in self.fs.filesets.values()}

    def restore(self, _fileset, source):
        trees = self._by_tree()
        for part, tree in self.parts[identity(source)].items():
            if tree in trees:
                with self._unlimited(trees[tree]):
                    bring_back(source + part, tree, self._keep(trees[tree]))

    def _keep(self, fileset):
        """What a restore leaves alone in a fileset's directory."""
        top = self.tree(fileset)
        keep = {top + f.path[len(fileset.path):]
                for f in self.fs.linked_below(fileset)}
        return keep | {os.path.join(top, self.fs.snapdir)}

    def clear(self):
        for top, name in list(self.parts):
            self.drop(os.path.join(top, self.fs.snapdir, name))
        filesets = [f for f in self.fs.filesets.values() if f.id]
        for fileset in sorted(filesets, key=lambda f: f.path or "",
                              reverse=True):
            if fileset.path:
                sandbox.umount(fileset.path)
        if filesets:
            delete_subvolumes(*map(self.tree, filesets))
        for name in os.listdir(self.fs.root):
            remove(os.path.join(self.fs.root, name))


TREES = {"plain": PlainTrees, "btrfs": BtrfsTrees}


# Directories

@contextlib.contextmanager
def same_times(folder):
    """What is done in a directory does not change its times."""
    info = os.stat(folder)
    yield
    os.utime(folder, ns=(info.st_atime_ns, info.st_mtime_ns))


def open_paths():
    """All that processes have open or work in, as they see it."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        links = [f"/proc/{process}/cwd"]
        try:
            links += [f"/proc/{process}/fd/{fd}"
                      for fd in os.listdir(f"/proc/{process}/fd")]
        except OSError:
            continue
        for link in links:
            with contextlib.suppress(OSError):
                yield os.readlink(link)


def make_snapdir(snapshot):
    """The .snapshots directory, as if it had always been there."""
    folder = os.path.dirname(snapshot)
    if not os.path.isdir(folder):
        with same_times(os.path.dirname(folder)):
            os.mkdir(folder, 0o555)


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
    copy_attributes(source, target)


def copy_attributes(source, target):
    info = os.stat(source)
    os.chown(target, info.st_uid, info.st_gid)
    shutil.copystat(source, target)


def bring_back(source, target, keep):
    """Make a btrfs directory equal to its snapshot.

    What is still there is changed in place, so that open files and NFS file
    handles stay good.
    """
    missing = []
    match_folder(source, target, keep, missing)
    if missing:
        names = [os.path.relpath(path, source) for path in missing]
        subprocess.run(["cp", "-a", "--reflink=always", "--parents",
                        "--target-directory", target, "--"] + names,
                       check=True, capture_output=True, cwd=source)
    match_attributes(source, target, keep)


def match_folder(source, target, keep, missing):
    """Remove and change; tell what is missing."""
    for entry in list(os.scandir(target)):
        if entry.path not in keep and not same(
                os.path.join(source, entry.name), entry.path):
            remove(entry.path)
    for entry in os.scandir(source):
        there = os.path.join(target, entry.name)
        if there in keep:
            continue
        if not os.path.lexists(there):
            missing.append(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            match_folder(entry.path, there, keep, missing)
        elif entry.is_file(follow_symlinks=False):
            clone(entry.path, there)


def same(old, new):
    """Whether it is the same file (hard links are copied together)."""
    try:
        old, new = os.lstat(old), os.lstat(new)
    except FileNotFoundError:
        return False
    if (old.st_ino, stat.S_IFMT(old.st_mode)) != (
            new.st_ino, stat.S_IFMT(new.st_mode)):
        return False
    return stat.S_ISDIR(old.st_mode) or old.st_nlink == new.st_nlink == 1


def clone(source, target):
    """Give a file the content and attributes of another one."""
    with open(source, "rb") as old, open(target, "r+b") as new:
        new.truncate(0)
        fcntl.ioctl(new, FICLONE, old.fileno())
    copy_attributes(source, target)


def match_attributes(source, target, keep):
    """Attributes of the directories, innermost first."""
    for here, folders, _files in os.walk(source, topdown=False):
        there = os.path.normpath(
            os.path.join(target, os.path.relpath(here, source)))
        if there not in keep:
            copy_attributes(here, there)


# btrfs

def bind(source, target):
    sandbox.mount(source, target, None, sandbox.MS_BIND)


def btrfs(*argv):
    done = subprocess.run(["btrfs", *argv], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failure(errno.EIO, f"btrfs {' '.join(argv)}: "
                      + done.stderr.strip())
    return done.stdout


def subvolume_id(path):
    return btrfs("inspect-internal", "rootid", path).strip()


def identity(snapshot):
    """(fileset's tree, name): .snapshots may be renamed."""
    above, name = os.path.split(snapshot)
    return os.path.dirname(above), name


def read_only(parts, target, value):
    """Set a snapshot's subvolumes writable or not, in a safe order."""
    order = parts if value == "false" else reversed(parts)
    for part in order:
        btrfs("property", "set", "-ts", target + part, "ro", value)


def delete_subvolumes(*paths):
    btrfs("subvolume", "delete", *paths)


def sync(path):
    """Usage in qgroups is right only after a commit: syncfs(2)."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if sandbox.libc.syncfs(folder):
            number = ctypes.get_errno()
            raise OSError(number, f"syncfs {path}")
    finally:
        os.close(folder)


def size_in_bytes(text):
    text = str(text).upper()
    for power, suffix in enumerate("KMGT", 1):
        if text.endswith(suffix):
            return int(text[:-1]) << 10 * power
    return int(text)


@contextlib.contextmanager
def loop_device(path):
    """Device number of a loop device that lasts as long as it is used."""
    with open(path, "r+b") as image:
        device = attach(image)
    try:
        yield os.fstat(device).st_rdev
    finally:
        os.close(device)


def attach(image):
    """An open loop device; others may look for a free one, too."""
    with open("/dev/loop-control", "rb") as control:
        for _attempt in range(50):
            number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            device = os.open(f"/dev/loop{number}", os.O_RDWR)
            config = struct.pack("II", image.fileno(), 0) + struct.pack(
                "5Q4I", 0, 0, 0, 0, 0, 0, 0, 0, LO_FLAGS_AUTOCLEAR)
            try:
                fcntl.ioctl(device, LOOP_CONFIGURE, config.ljust(304, b"\0"))
                return device
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:
                    raise
    raise OSError(errno.EBUSY, "no free loop device")


def mount_in(top, device, target):
    """Mount with the device's name as seen below `top`: df shows it."""
    child = os.fork()
    if child == 0:
        try:
            os.chroot(top)
            os.chdir("/")
            sandbox.mount(device, target, "btrfs")
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(status, f"mount {device}: {os.strerror(status)}")


def unavailable():
    """Why BtrfsTrees cannot be used here, as one line, or None."""
    for program in ("btrfs", "mkfs.btrfs"):
        if shutil.which(program) is None:
            return f"btrfs trees need {program} (package btrfs-progs)"
    with open("/proc/filesystems", encoding="utf-8") as file:
        if "\tbtrfs\n" not in file.read():
            return "btrfs trees need btrfs in the kernel"
    try:
        with open("/dev/loop-control", "rb"):
            return None
    except OSError as error:
        return f"btrfs trees need loop devices: {error}"
