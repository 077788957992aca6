# SPDX-License-Identifier: Apache-2.0
"""What a core file would hold of an array's password."""

import base64
import subprocess
import sys

import pytest

from tests.functional.core_files import found
from tests.functional.tegile_worlds import PASSWORD, World


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def credentials():
    """The end of the password, as the allocator writes over the beginning of
    what is freed, and a long part of what HTTP makes of it."""
    encoded = base64.b64encode(f"admin:{PASSWORD}".encode())
    return [PASSWORD[16:].encode(), encoded[12:-4]]


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
