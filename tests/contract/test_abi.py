# SPDX-License-Identifier: Apache-2.0
"""The one extension module in every supported Python of this machine."""

import glob
import os
import pathlib
import shutil
import subprocess

import pytest

from manila_native import _native

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = ["3.10", "3.11", "3.12", "3.13"]

SMOKE = """
import gc, sys
sys.path.insert(0, sys.argv[1])
from manila_native import _native, gpfs

class Config:
    gpfs_share_export_ip = "192.0.2.1"
    gpfs_nfs_server_list = []

calls = []

def execute(*cmd, **kwargs):
    calls.append(cmd)
    return ("", "")

for _ in range(20):
    helper = gpfs.KNFSHelper(execute, Config())
    assert helper.create_export("/a/b") == "192.0.2.1:/a/b"
    for base in (_native.GPFSShareDriver, _native.TegileShareDriver):
        class Driver(base):
            pass
        assert Driver().get_network_allocations_number() == 0
    ssh = _native.SSHExecutor("127.0.0.1", port=1, login="nobody",
                              connect_timeout=5)
    try:
        ssh.execute("true")
    except _native.GPFSConnectionException as error:
        assert "127.0.0.1" in str(error)
    del ssh
    gc.collect()
print("fine", "%d.%d" % sys.version_info[:2])
"""


def interpreter(version):
    """A Python of this version that works, or None."""
    found = [shutil.which(f"python{version}")] + sorted(glob.glob(
        os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python")))
    for path in found:
        if path and subprocess.run(
                [path, "-c", "import sys; assert '%d.%d' % "
                 f"sys.version_info[:2] == '{version}'"],
                capture_output=True).returncode == 0:
            return path
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_module_serves(version):
    assert _native.__file__.endswith(".abi3.so")
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    done = subprocess.run(
        [python, "-I", "-c", SMOKE, str(ROOT)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"fine {version}\n"
