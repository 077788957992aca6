# SPDX-License-Identifier: Apache-2.0
"""What a core file of a process would hold."""

import ctypes
import os
import re

# Where the text of bytes and of ASCII strings begins.
BYTES_HEAD = bytes.__basicsize__ - 1
TEXT_HEAD = str().__sizeof__() - 1


def dumped_regions(pid):
    """(first, end, name) of each writable region that core files hold."""
    with open(f"/proc/{pid}/smaps") as file:
        text = file.read()
    regions = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)\n"
                         r"(?:[A-Z]\w+:.*\n)*?VmFlags: (.*)$", text, re.M)
    assert regions
    assert any("dd" in flags.split() for *_, flags in regions)
    return [(int(first, 16), int(end, 16), name)
            for first, end, rights, name, flags in regions
            if "w" in rights and "dd" not in flags.split()]


def found(pid, needles):
    """(needle, region's name, what surrounds it) for each find."""
    finds = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for first, end, name in dumped_regions(pid):
            memory.seek(first)
            data = b""
            while len(data) < end - first:
                piece = memory.read(end - first - len(data))
                if not piece:
                    break
                data += piece
            for needle in needles:
                at = data.find(needle)
                if at >= 0:
                    finds.append((needle, name, data[max(at - 80, 0):
                                                     at + 120]))
    return finds


# ---- for the process itself, whose parent looks ----

def read_secret():
    """The bytes of standard input and their text, to be wiped."""
    given = os.read(0, 1000)
    return given, given.decode()


def wipe(given, text):
    ctypes.memset(id(text) + TEXT_HEAD, 0, len(text))
    ctypes.memset(id(given) + BYTES_HEAD, 0, len(given))


def pause(state):
    """Tell the parent, and wait until it has looked."""
    print(state, flush=True)
    os.read(0, 100)
