# SPDX-License-Identifier: Apache-2.0
"""The processes that are measured, and the relay: one line in, one out.

Each stays up for the whole run, so that its connections stay warm, and ends
with its standard input: nothing survives this process.
"""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 120          # seconds without an answer: it hangs
CFLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra"]


class BenchmarkError(Exception):
    """A figure cannot be had; the text says why."""


def compile_c(name, directory, package=None):
    """Compile HERE/name.c with a pkg-config package; the program's path."""
    program = os.path.join(directory, name)
    libraries = []
    if package:
        libraries = output(["pkg-config", "--cflags", "--libs",
                            package]).split()
    output(["cc", *CFLAGS, "-o", program, str(HERE / f"{name}.c"),
            *libraries])
    return program


def output(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise BenchmarkError(f"there is no {command[0]}") from None
    if done.returncode:
        raise BenchmarkError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


class Child:
    """A process that answers lines; a context manager."""

    def __init__(self, name, command, directory, environment=None):
        self.name = name
        self.log = os.path.join(directory, f"{name.replace('/', '-')}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, cwd=HERE.parent,
                env=dict(os.environ, **(environment or {})))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def read(self):
        """The next line that it prints."""
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise self.error(f"no answer in {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self.error("it ended")
        return line.decode().strip()

    def ask(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.error("it ended") from None
        return self.read()

    def error(self, what):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            tail = file.read()[-2000:]
        return BenchmarkError(f"{self.name}: {what}\n{tail}".strip())


class Relay:
    """A network with a round trip time, in front of one address and port."""

    def __init__(self, program, name, address, port, rtt_ms, directory):
        self.child = Child(f"relay of {name}", [
            program, address, str(port), str(round(rtt_ms * 500))], directory)
        self.port = int(self.child.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.__exit__()

    def counters(self):
        """(round trips, microseconds late, chunks) since the start."""
        turns, late, chunks = self.child.ask("").split()
        return int(turns), float(late), int(chunks)


def python(module, *arguments):
    return [sys.executable, "-m", f"benchmarks.{module}", *arguments]


def seconds(text):
    """An answer: the seconds that each call took."""
    return [float(value) for value in json.loads(text)]
