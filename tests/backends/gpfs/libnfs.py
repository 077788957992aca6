# SPDX-License-Identifier: Apache-2.0
"""libnfs, a user-space NFS client, through ctypes.

One `Mount` is one connection of its own and must not be used by two threads
at a time.  Failures are OSErrors with the errno that NFS answered.
"""

import ctypes
import errno
import itertools
import os
import re
from ctypes import POINTER, byref, c_char_p, c_int, c_uint64, c_void_p

COUNT = itertools.count()               # servers know clients by name
NAMES = ("libnfs.so.13", "libnfs.so.14")        # the same interface
SAFE_WRITE = {3: 1 << 16, 4: 2048}      # 4096 bytes at once fail with v4
SAFE_READ = 1 << 15
STAT = ("dev ino mode nlink uid gid rdev size blksize blocks atime mtime "
        "ctime atime_nsec mtime_nsec ctime_nsec used").split()
SAME = {"ACCESS": "ACCES", "EXPIRED": "STALE", "BAD": "STALE",
        "OLD": "STALE"}                 # BAD_STATEID, OLD_STATEID


class Stat(ctypes.Structure):
    _fields_ = [(name, c_uint64) for name in STAT]


class Entry(ctypes.Structure):
    _fields_ = [("next", c_void_p), ("name", c_char_p)]


PATH = [c_void_p, c_char_p]
SIGNATURES = {
    "nfs_destroy_context": [c_void_p], "nfs_get_error": [c_void_p],
    "nfs_set_version": [c_void_p, c_int],
    "nfs4_set_client_name": PATH,
    "nfs_set_timeout": [c_void_p, c_int],
    "nfs_set_autoreconnect": [c_void_p, c_int],
    "nfs_set_uid": [c_void_p, c_int], "nfs_set_gid": [c_void_p, c_int],
    "nfs_mount": PATH + [c_char_p], "nfs_umount": [c_void_p],
    "nfs_lstat64": PATH + [POINTER(Stat)],
    "nfs_open": PATH + [c_int, POINTER(c_void_p)],
    "nfs_create": PATH + [c_int, c_int, POINTER(c_void_p)],
    "nfs_close": [c_void_p, c_void_p],
    "nfs_fsync": [c_void_p, c_void_p],
    "nfs_pread": [c_void_p, c_void_p, c_uint64, c_uint64, c_char_p],
    "nfs_pwrite": [c_void_p, c_void_p, c_uint64, c_uint64, c_char_p],
    "nfs_truncate": PATH + [c_uint64], "nfs_unlink": PATH,
    "nfs_mkdir": PATH, "nfs_rmdir": PATH,
    "nfs_rename": PATH + [c_char_p], "nfs_chmod": PATH + [c_int],
    "nfs_chown": PATH + [c_int, c_int],
    "nfs_opendir": PATH + [POINTER(c_void_p)],
    "nfs_readdir": [c_void_p, c_void_p],
    "nfs_closedir": [c_void_p, c_void_p]}


def load():
    """The library, or None."""
    for name in NAMES:
        try:
            return declared(ctypes.CDLL(name))
        except OSError:
            continue
    return None


def declared(library):
    for name, arguments in SIGNATURES.items():
        getattr(library, name).argtypes = arguments
    library.nfs_init_context.restype = c_void_p
    library.nfs_get_error.restype = c_char_p
    library.nfs_readdir.restype = POINTER(Entry)
    for name in ("nfs_destroy_context", "nfs_set_timeout", "nfs_closedir",
                 "nfs_set_uid", "nfs_set_gid", "nfs_set_autoreconnect",
                 "nfs4_set_client_name"):
        getattr(library, name).restype = None
    return library


def answered(text):
    """The errno that a message of libnfs tells by its NFS name.

    libnfs 4.0 knows not all of them: NFS4ERR_DQUOT becomes ERANGE.
    """
    if "timed out" in text:
        return errno.ETIMEDOUT          # EINTR
    names = re.findall(r"(?:NFS3|NFS4|MNT3)ERR_([A-Z]+)", text)
    return names and getattr(
        errno, "E" + SAME.get(names[-1], names[-1]), None)


class Mount:
    """A mounted export; paths are relative to it."""

    def __init__(self, library, server, export, version=4, uid=0, gid=0,
                 timeout=120):
        self._library = library
        self._context = library.nfs_init_context()
        self._version = version
        try:
            self._call("set_version", version)
            library.nfs4_set_client_name(
                self._context, f"{os.getpid()}.{next(COUNT)}".encode())
            library.nfs_set_timeout(self._context, int(timeout * 1000))
            library.nfs_set_autoreconnect(self._context, 0)
            library.nfs_set_uid(self._context, uid)
            library.nfs_set_gid(self._context, gid)
            self._call("mount", server.encode(), os.fsencode(export))
        except OSError:
            self.close()
            raise

    def close(self):
        """Not an unmount: it would wait for a server that is gone."""
        if self._context:
            self._library.nfs_destroy_context(self._context)
            self._context = None

    def _call(self, name, /, *arguments):
        result = getattr(self._library, "nfs_" + name)(self._context,
                                                       *arguments)
        if result < 0:
            raise self._error(-result)
        return result

    def _error(self, number):
        text = self._library.nfs_get_error(self._context) or b""
        text = text.decode(errors="replace").strip()
        return OSError(answered(text) or number, text)

    # Files

    def open(self, path, flags):
        handle = c_void_p()
        self._call("open", os.fsencode(path), flags, byref(handle))
        return handle

    def read(self, path):
        handle = self.open(path, os.O_RDONLY)
        try:
            return self.read_open(handle)
        finally:
            self._call("close", handle)

    def read_open(self, handle, offset=0):
        parts, buffer = [], ctypes.create_string_buffer(SAFE_READ)
        while True:
            size = self._call("pread", handle, offset, SAFE_READ, buffer)
            if size == 0:
                return b"".join(parts)
            parts.append(buffer.raw[:size])
            offset += size

    def write(self, path, data, offset=0):
        """Write into a file that exists; the number of bytes."""
        handle = self.open(path, os.O_WRONLY)
        try:
            return self.write_open(handle, data, offset)
        finally:
            self._call("close", handle)

    def write_open(self, handle, data, offset=0):
        step, done = SAFE_WRITE[self._version], 0
        while done < len(data):
            part = data[done:done + step]
            done += self._call("pwrite", handle, offset + done, len(part),
                               part)
        return done

    def create(self, path, mode=0o644):
        """An empty file, also if there was one (libnfs: not with v4)."""
        handle = c_void_p()
        try:
            self._call("create", os.fsencode(path), os.O_RDWR, mode,
                       byref(handle))
        except FileExistsError:
            self.truncate(path, 0)
            return
        self._call("close", handle)
        self.chmod(path, mode)          # v4 ignores the mode

    def truncate(self, path, size):
        self._call("truncate", os.fsencode(path), size)

    def unlink(self, path):
        self._call("unlink", os.fsencode(path))

    def rename(self, path, new):
        self._call("rename", os.fsencode(path), os.fsencode(new))

    def chmod(self, path, mode):
        self._call("chmod", os.fsencode(path), mode)

    def chown(self, path, uid, gid):
        self._call("chown", os.fsencode(path), uid, gid)

    def stat(self, path):
        """{"st_mode": ...} of a path, which is not followed."""
        info = Stat()
        self._call("lstat64", os.fsencode(path), byref(info))
        for name in ("uid", "gid"):     # nobody's are sign-extended
            setattr(info, name, getattr(info, name) & 0xFFFFFFFF)
        return {f"st_{name}": getattr(info, name) for name in STAT}

    # Directories

    def mkdir(self, path):
        self._call("mkdir", os.fsencode(path))

    def rmdir(self, path):
        self._call("rmdir", os.fsencode(path))

    def listdir(self, path="/"):
        handle, names = c_void_p(), []
        self._call("opendir", os.fsencode(path), byref(handle))
        try:
            while True:
                entry = self._library.nfs_readdir(self._context, handle)
                if not entry:
                    return sorted(set(names) - {".", ".."})
                names.append(os.fsdecode(entry.contents.name))
        finally:
            self._library.nfs_closedir(self._context, handle)
