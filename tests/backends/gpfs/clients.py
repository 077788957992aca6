# SPDX-License-Identifier: Apache-2.0
"""An NFS client host: a process in its own network, with libnfs.

op_* are its control requests.  What NFS refuses comes back as {"error":
[number, text]}, anything else as {"value": value}.
"""

import base64
import errno
import os
import threading
import time

from . import libnfs, sandbox, wire

BYTES = ("read",)               # operations that give bytes
SYN_RETRIES = "/proc/sys/net/ipv4/tcp_syn_retries"
HOLDER_PAUSE = 0.002            # seconds between two turns of a holder
KEPT = 1000                     # failures that a holder remembers


class Agent:
    def __init__(self, host):
        self.host = host
        self.library = libnfs.load()
        self.mounts = {}                # number -> (Mount, Lock)
        self.holders = {}
        self.count = 0
        self.lock = threading.Lock()

    def main(self, control):
        sandbox.enter(self.host.namespace)
        with open(SYN_RETRIES, "w", encoding="ascii") as file:
            file.write("1")             # libnfs does not limit connecting
        wire.serve(control, self)

    def keep(self, where, thing):
        with self.lock:
            self.count += 1
            where[self.count] = thing
            return self.count

    def op_mount(self, **how):
        if self.library is None:
            raise RuntimeError("no libnfs here (package libnfs-dev)")

        def mount():
            mounted = libnfs.Mount(self.library, **how)
            return self.keep(self.mounts, (mounted, threading.Lock()))
        return answer(mount)

    def op_umount(self, mount):
        mounted, lock = self.mounts.pop(mount)
        with lock:
            mounted.close()

    def op_file(self, mount, call, arguments):
        mounted, lock = self.mounts[mount]
        if "data" in arguments:
            arguments["data"] = base64.b64decode(arguments["data"])

        def work():
            with lock:
                value = getattr(mounted, call)(**arguments)
            if call in BYTES:
                value = base64.b64encode(value).decode()
            return value
        return answer(work)

    # Holders

    def op_hold(self, path, writes, **how):
        def start():
            mounted = libnfs.Mount(self.library, **how)
            holder = Holder(mounted, path, writes)
            return self.keep(self.holders, holder)
        return answer(start)

    def op_holder(self, holder):
        return self.holders[holder].report()

    def op_holder_wait(self, holder, turns, failures, timeout):
        return self.holders[holder].wait(turns, failures, timeout)

    def op_release(self, holder):
        return self.holders.pop(holder).stop()

    def op_reset(self):
        for number in list(self.holders):
            self.op_release(number)
        for number in list(self.mounts):
            self.op_umount(number)


def answer(function):
    try:
        return {"value": function()}
    except OSError as error:
        return {"error": [error.errno or errno.EIO, error.strerror]}


class Holder:
    """Reads, and writes, an open file without end, and notes failures."""

    def __init__(self, mount, path, writes):
        self.mount, self.path, self.writes = mount, path, writes
        self.handle = None
        self.turns = 0
        self.failures = []              # [monotonic time, errno, operation]
        self.failed = 0
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self._open()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _open(self):
        if self.writes:
            self.mount.create(self.path)
        self.handle = self.mount.open(
            self.path, os.O_RDWR if self.writes else os.O_RDONLY)

    def _run(self):
        while not self.stopping.wait(HOLDER_PAUSE):
            data = b"%d" % self.turns
            if self.writes:
                self._try("write", lambda: self.mount.write_open(
                    self.handle, data))
            self._try("read", lambda: self.mount.read_open(self.handle))
            self._try("stat", lambda: self.mount.stat(self.path))
            with self.changed:
                self.turns += 1
                self.changed.notify_all()

    def _try(self, operation, function):
        try:
            function()
        except OSError as error:
            with self.changed:
                self.failed += 1
                if len(self.failures) < KEPT:
                    self.failures.append(
                        [time.monotonic(), error.errno, operation])
                self.changed.notify_all()

    def report(self):
        with self.changed:
            return {"turns": self.turns, "failed": self.failed,
                    "failures": list(self.failures)}

    def wait(self, turns, failures, timeout):
        """Wait for so many more turns and failures; whether they came."""
        with self.changed:
            turns += self.turns
            failures += self.failed
            return self.changed.wait_for(
                lambda: self.turns >= turns and self.failed >= failures,
                timeout)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.mount.close()
        return self.report()
