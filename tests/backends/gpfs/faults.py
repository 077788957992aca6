# SPDX-License-Identifier: Apache-2.0
"""Faults on demand, and the gates that make commands wait.

A fault names a command by pattern, a node, and which of the matching calls
it strikes; what it does is carried out by the server, see `Fault`.
"""

import fnmatch
import os
import select
import socket
import threading
import time
from dataclasses import dataclass, field

from .failure import Failure


class Gone(Exception):
    """The command's process is gone."""


class Gate:
    """Commands wait here until it opens, time passes or they die."""

    def __init__(self):
        self._reader, self._writer = os.pipe()
        self._lock = threading.Lock()

    def open(self):
        with self._lock:
            if self._writer is not None:
                os.close(self._writer)
                self._writer = None

    def wait(self, conn, timeout=None):
        """True when open, False after the timeout."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0, end - time.monotonic())
            ready, _, _ = select.select([self._reader, conn], [], [], left)
            if conn in ready and not conn.recv(1, socket.MSG_PEEK):
                raise Gone
            if self._reader in ready:
                return True
            if not ready:
                return False

    def __del__(self):
        self.open()
        os.close(self._reader)


@dataclass(eq=False)
class Fault:
    """What happens to matching commands.

    command: pattern of the command's name, or of the whole command line.
    node: pattern of the node name.
    nth, times: strikes the nth matching call and the following ones, `times`
        in all (None: for ever).
    delay: seconds before anything else, even if released.
    hang: "before", "during" or "after" the effect, until released; only
        long commands (mmrestorefs, mmdelsnapshot) have a "during".
    interrupt: long commands break off halfway.
    status, stdout, stderr: the answer instead of the real one.
    signal: the command dies of this signal.
    effect: whether the command still does its work (before it fails).
    flood: bytes written to stdout and stderr each, before the output.
    lock: seconds that the configuration lock stays busy; then time-out.
    cut: kill the SSH connection "before" (and instead of) the effect, or
        "after" it.
    """

    command: str
    node: str = "*"
    nth: int = 1
    times: int = 1
    delay: float = 0
    hang: str = None
    interrupt: bool = False
    status: int = None
    stdout: str = None
    stderr: str = None
    signal: int = None
    effect: bool = None
    flood: int = 0
    lock: float = None
    cut: str = None
    id: int = 0
    seen: int = 0
    hits: int = 0
    halfway: int = 0
    gate: Gate = field(default_factory=Gate)

    def __post_init__(self):
        if self.hang not in (None, "before", "during", "after"):
            raise ValueError(f"hang={self.hang}")
        if self.cut not in (None, "before", "after"):
            raise ValueError(f"cut={self.cut}")

    @property
    def answers(self):
        """Whether the fault's answer stands in for the real one."""
        return not (self.status is None and self.stdout is None
                    and self.stderr is None and self.signal is None)

    @property
    def only_delays(self):
        return not (self.answers or self.hang or self.interrupt
                    or self.flood or self.cut or self.lock is not None)

    @property
    def works(self):
        """Whether the command still takes effect."""
        if self.cut == "before":
            return False
        if self.effect is None:
            return self.interrupt or not self.answers
        return self.effect

    def matches(self, node, name, line):
        if not fnmatch.fnmatchcase(node, self.node):
            return False
        return (fnmatch.fnmatchcase(name, self.command)
                or fnmatch.fnmatchcase(line, self.command))

    def strikes(self):
        """Count a matching call; whether the fault is due."""
        self.seen += 1
        last = None if self.times is None else self.nth + self.times
        return self.seen >= self.nth and (last is None or self.seen < last)


class Faults:
    """The faults in force."""

    def __init__(self):
        self._changed = threading.Condition()
        self._known = {}                # also those removed since
        self._active = []

    def add(self, **settings):
        with self._changed:
            fault = Fault(id=len(self._known) + 1, **settings)
            self._known[fault.id] = fault
            self._active.append(fault)
        return fault.id

    def match(self, node, argv):
        """(seconds of delay, the fault that strikes this call or None).

        Delays of all faults add up; else the first one counts.
        """
        name = os.path.basename(argv[0])
        line = " ".join([name] + argv[1:])
        with self._changed:
            due = [f for f in self._active
                   if f.matches(node, name, line) and f.strikes()]
            slow = [f for f in due if f.only_delays]
            other = [f for f in due if not f.only_delays][:1]
            for fault in slow + other:
                fault.hits += 1
            self._changed.notify_all()
        return sum(f.delay for f in slow + other), (other or [None])[0]

    def midway(self, fault, conn):
        """What happens in the middle of a long command."""
        with self._changed:
            fault.halfway += 1
            self._changed.notify_all()
        if fault.hang == "during":
            fault.gate.wait(conn)
        if fault.interrupt:
            raise Failure(fault.status or 1, "Interrupted.")

    def release(self, number):
        self._known[number].gate.open()

    def remove(self, number):
        fault = self._known[number]
        with self._changed:
            if fault in self._active:
                self._active.remove(fault)
        fault.gate.open()

    def clear(self):
        for fault in list(self._active):
            self.remove(fault.id)

    def hits(self, number):
        return self._known[number].hits

    def wait(self, number, hits, timeout):
        """Wait until a fault struck that often; whether it did.

        One that hangs "during" struck once the command is halfway.
        """
        fault = self._known[number]
        count = "halfway" if fault.hang == "during" else "hits"
        with self._changed:
            return self._changed.wait_for(
                lambda: getattr(fault, count) >= hits, timeout)
