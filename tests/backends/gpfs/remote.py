# SPDX-License-Identifier: Apache-2.0
"""What tests use of a cluster with a network: Ganesha, NFS clients."""

import errno
import subprocess

from .caller import Caller, SimulatorError, decode, encode


class Ganesha(Caller):
    """NFS-Ganesha of one node."""

    def _ask(self, call, /, **arguments):
        return self._call("ganesha", call=call, arguments=arguments)

    def log(self):
        return self._ask("log")

    def start(self):
        """Start the daemon, if it does not run, and wait for it."""
        self._ask("start")

    def stop(self, kill=False):
        """Stop the daemon; an orderly stop takes more than a second."""
        self._ask("stop", kill=kill)

    def restart(self, kill=False):
        self._ask("restart", kill=kill)

    def reload(self):
        """Send the signal that makes it read its files again."""
        self._ask("reload")

    def freeze(self):
        """The daemon hangs, until thaw() or a reset."""
        self._ask("freeze", frozen=True)

    def thaw(self):
        self._ask("freeze", frozen=False)

    def pid(self):
        """None: it does not run."""
        return self._ask("state")["pid"]

    def starts(self):
        """How often it was started."""
        return self._ask("state")["starts"]

    def exports(self):
        """{id: {"id", "path", "pseudo", "tag", "clients": [{"client",
        "access_type", "squash", "anonymous_uid", "anonymous_gid"}]}}.

        As the daemon says, not its files; and not in the journal.  As
        pseudo path, Ganesha 4.3 shows the path.
        """
        return {int(number): export
                for number, export in self._ask("exports").items()}

    def mirror_export(self, path, definition):
        """Export like CES does; None removes the export.

        definition: {"id", "path", "pseudo", "clients": [{"client",
        "access_type", "squash", ...}]}, clients in order.
        """
        self._ask("mirror", path=path, definition=definition)


class NFSError(OSError):
    """What NFS answered: EROFS, ENOENT, EACCES, EDQUOT, ESTALE..."""

    @property
    def name(self):
        return errno.errorcode.get(self.errno, str(self.errno))

    def __str__(self):
        return f"{self.name}: {self.strerror}"


def checked(answer):
    if "error" in answer:
        raise NFSError(*answer["error"])
    return answer["value"]


class Host(Caller):
    """A host in the network, other than a node."""

    def __init__(self, path, pid, name, address, address6, namespace):
        super().__init__(path)
        self.name = name
        self.address = address
        self.address6 = address6
        self._network = f"/proc/{pid}/fd/{namespace}"

    def __repr__(self):
        return f"<{type(self).__name__} {self.name} {self.address}>"

    def command(self, argv):
        """The command line that runs a program on this host."""
        return ["nsenter", f"--net={self._network}", "--"] + list(argv)

    def run(self, argv, **how):
        """subprocess.run on this host."""
        return subprocess.run(self.command(argv), **how)


class NFSClient(Host):
    """A host that mounts exports, by libnfs."""

    def mount(self, server, export, version=4, ipv6=False, uid=0, gid=0,
              timeout=120):
        """A `Mount`; server: a node or an address.

        export: the pseudo path (version 4) or the path (version 3).
        """
        how = target(server, export, version, ipv6, uid, gid, timeout)
        return Mount(self._path, checked(self._call("mount", **how)))

    def hold(self, server, export, path, writes=True, version=4,
             ipv6=False, uid=0, gid=0, timeout=120):
        """A `Holder` of a file in an export."""
        how = target(server, export, version, ipv6, uid, gid, timeout)
        return Holder(self._path, checked(self._call(
            "hold", path=path, writes=writes, **how)))


def target(server, export, version, ipv6, uid, gid, timeout):
    if not isinstance(server, str):
        server = server.ip6 if ipv6 else server.ip
    return dict(server=server, export=export, version=version, uid=uid,
                gid=gid, timeout=timeout)


class Mount(Caller):
    """A mounted export; failures are NFSErrors."""

    def __init__(self, path, number):
        super().__init__(path)
        self._number = number

    def _file(self, call, /, **arguments):
        return checked(self._call("file", mount=self._number, call=call,
                                  arguments=arguments))

    def umount(self):
        self._call("umount", mount=self._number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.umount()

    def listdir(self, path="/"):
        return self._file("listdir", path=path)

    def read(self, path):
        return decode(self._file("read", path=path), binary=True)

    def write(self, path, data, offset=0):
        """Write into a file that exists; the number of bytes."""
        return self._file("write", path=path, data=encode(data),
                          offset=offset)

    def create(self, path, mode=0o644):
        """An empty file, also if there was one."""
        self._file("create", path=path, mode=mode)

    def truncate(self, path, size):
        self._file("truncate", path=path, size=size)

    def unlink(self, path):
        self._file("unlink", path=path)

    def rename(self, path, new):
        self._file("rename", path=path, new=new)

    def chmod(self, path, mode):
        self._file("chmod", path=path, mode=mode)

    def chown(self, path, uid, gid):
        self._file("chown", path=path, uid=uid, gid=gid)

    def stat(self, path="/"):
        """lstat(2) of a path as {"st_mode": ...}."""
        return self._file("stat", path=path)

    def mkdir(self, path):
        self._file("mkdir", path=path)

    def rmdir(self, path):
        self._file("rmdir", path=path)


class Holder(Caller):
    """A client that reads, and writes, one open file without end."""

    def __init__(self, path, number):
        super().__init__(path)
        self._number = number

    def turns(self):
        """How often it went round."""
        return self._call("holder", holder=self._number)["turns"]

    def failed(self):
        """How many operations failed."""
        return self._call("holder", holder=self._number)["failed"]

    def failures(self):
        """[(monotonic time, errno's name, operation)], oldest first, of the
        first thousand."""
        return names(self._call("holder", holder=self._number))

    def wait(self, turns=1, failures=0, timeout=120):
        """Wait for so many more turns and so many more failures."""
        if not self._call("holder_wait", holder=self._number, turns=turns,
                          failures=failures, timeout=timeout):
            raise SimulatorError(f"no {turns} turns and {failures} failures "
                                 f"in {timeout} s")

    def release(self):
        """Stop; the failures."""
        return names(self._call("release", holder=self._number))


def names(report):
    return [(when, errno.errorcode.get(number, str(number)), operation)
            for when, number, operation in report["failures"]]
