# SPDX-License-Identifier: Apache-2.0
"""Linux calls for namespaces, mounts and processes (mount(2), unshare(2)).

Everything happens in a private mount and PID namespace, so the machine
itself never sees these mounts, and they go away with the last process.
Network namespaces have no names: open files keep them, until the last
process ends.
"""

import contextlib
import ctypes
import os
import select
import signal

MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4
MS_BIND, MS_REC = 4096, 16384
MS_PRIVATE, MS_SLAVE, MS_SHARED = 1 << 18, 1 << 19, 1 << 20
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWNET = 0x40000000
NETWORK = "/proc/thread-self/ns/net"

libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _text(value):
    return None if value is None else os.fsencode(value)


def mount(source, target, kind=None, flags=0, data=None):
    _check(libc.mount(_text(source), _text(target), _text(kind),
                      ctypes.c_ulong(flags), _text(data)),
           f"mount {kind or source} on {target}")


def umount(target, flags=MNT_DETACH):
    _check(libc.umount2(_text(target), flags), f"umount {target}")


def unshare(flags):
    _check(libc.unshare(flags), "unshare")


def enter(namespace):
    """This thread moves into a namespace, given as an open file."""
    _check(libc.setns(namespace, 0), "setns")


@contextlib.contextmanager
def inside(network):
    """This thread, and what it starts, is in a network for a while."""
    own = os.open(NETWORK, os.O_RDONLY)
    try:
        enter(network)
        yield
    finally:
        enter(own)
        os.close(own)


def new_network():
    """An empty network namespace, as an open file."""
    own = os.open(NETWORK, os.O_RDONLY)
    try:
        unshare(CLONE_NEWNET)
        return os.open(NETWORK, os.O_RDONLY)
    finally:
        enter(own)
        os.close(own)


def sethostname(name):
    data = name.encode()
    _check(libc.sethostname(data, len(data)), "sethostname")


def tmpfs(target, options="mode=755", source="tmpfs"):
    mount(source, target, "tmpfs", data=options)


def overlay(target, scratch):
    """Private changes over a directory, kept below `scratch`."""
    upper, work = os.path.join(scratch, "u"), os.path.join(scratch, "w")
    os.makedirs(upper)
    os.makedirs(work)
    os.chmod(upper, os.stat(target).st_mode & 0o7777)
    mount("overlay", target, "overlay",
          data=f"lowerdir={target},upperdir={upper},workdir={work}")


def parent(process):
    """(parent pid, command name) of a process."""
    with open(f"/proc/{process}/stat", encoding="utf-8",
              errors="replace") as file:
        text = file.read()
    name = text[text.index("(") + 1:text.rindex(")")]
    return int(text[text.rindex(")") + 1:].split()[1]), name


def processes():
    return [int(p) for p in os.listdir("/proc") if p.isdigit()]


def in_my_namespace():
    """Processes in the mount namespace of this one, other than it."""
    mine = os.stat("/proc/self/ns/mnt").st_ino
    found = []
    for process in processes():
        try:
            if os.stat(f"/proc/{process}/ns/mnt").st_ino == mine:
                found.append(process)
        except OSError:
            continue
    return [p for p in found if p != os.getpid()]


def kill_and_wait(pids):
    """Kill processes and return when they are dead (zombies count)."""
    watched = []
    for pid in pids:
        try:
            watched.append(os.pidfd_open(pid))
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for fd in watched:
        select.select([fd], [], [])
        os.close(fd)


def ssh_ancestors(process):
    """The sshd processes that a process runs under."""
    found = []
    while process > 1:
        try:
            process, _name = parent(process)
            name = parent(process)[1]
        except (OSError, ValueError):
            break
        if name.startswith("sshd"):
            found.append(process)
    return found
