# SPDX-License-Identifier: Apache-2.0
"""What a core file would hold of an array's password."""

import base64
import re
import subprocess
import sys

import pytest

from tests.functional.tegile_worlds import PASSWORD, World


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


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def credentials():
    """The password, and a long part of what HTTP makes of it."""
    encoded = base64.b64encode(f"admin:{PASSWORD}".encode())
    return [PASSWORD.encode(), encoded[12:-4]]


def test_password_in_core_files(world):
    array = world.array
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.functional.tegile_memory", array.host,
         str(array.port), array.ca_file], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    try:
        child.stdin.write(PASSWORD.encode())
        child.stdin.flush()
        for state in (b"set up\n", b"done\n"):
            assert child.stdout.readline() == state
            assert found(child.pid, credentials()) == []
            if state == b"done\n":
                fault = array.fault("getArrayStats", how="hang")
            child.stdin.write(b"go on\n")
            child.stdin.flush()
        assert array.wait_fault(fault)
        # libcurl, which waits for a reply, holds the request.
        assert found(child.pid, credentials()) == []
    finally:
        child.kill()
        child.communicate()
