# SPDX-License-Identifier: Apache-2.0
"""Nodes and clients as hosts in a network."""

import contextlib
import os
import socket
import subprocess
import sys

import pytest

from .. import api, build
from ..api import GPFSCluster
from .test_cluster import descendants, fingerprint, mm, mounts

SECONDS = 120
pytestmark = pytest.mark.skipif(api.unavailable_network() is not None,
                                reason=str(api.unavailable_network()))


@pytest.fixture(scope="module")
def cluster():
    with GPFSCluster(nodes=2, network=2) as started:
        yield started


@pytest.fixture
def gpfs(cluster):
    cluster.reset()
    return cluster


def ssh(cluster, command, node=0, **how):
    return subprocess.run(cluster.ssh(node) + [command], text=True,
                          capture_output=True, timeout=SECONDS,
                          stdin=subprocess.DEVNULL, **how)


def manager_ssh(cluster, target, *options):
    """ssh on the manager host, straight to a node's port 22."""
    return cluster.manager_run(
        ["ssh", "-F", "none", "-i", cluster.private_key, "-o",
         f"UserKnownHostsFile={cluster.known_hosts}", "-o",
         "BatchMode=yes", *options, f"root@{target}", "hostname"],
        capture_output=True, text=True, timeout=SECONDS,
        stdin=subprocess.DEVNULL)


def test_addresses(gpfs):
    assert [(n.ip, n.ip6) for n in gpfs.nodes] == [
        ("10.88.0.11", "fd88::11"), ("10.88.0.12", "fd88::12")]
    assert [(c.name, c.address, c.address6) for c in gpfs.clients] == [
        ("c1", "10.88.0.21", "fd88::21"), ("c2", "10.88.0.22", "fd88::22")]
    assert gpfs.settings()["gpfs_share_export_ip"] == "10.88.0.11"
    assert "10.88.0.12" in mm(gpfs.nodes[0], "mmlscluster -Y").stdout


def test_the_test_process_reaches_each_node(gpfs):
    for number, node in enumerate(gpfs.nodes):
        done = ssh(gpfs, "hostname; /usr/lpp/mmfs/bin/mmgetstate -Y", number)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(node.name + "\n")
        assert f":{node.name}:" in done.stdout
        assert node.connections()["accepted"] == 1
    assert gpfs.journal.records()[0].connection.startswith("10.88.0.100 ")


def test_input_and_output_pass_the_relay_whole(gpfs):
    data = os.urandom(3_000_000)
    done = subprocess.run(gpfs.ssh() + ["cat"], input=data,
                          capture_output=True, timeout=SECONDS)
    assert done.stdout == data


def test_manager_and_clients_reach_nodes_over_both_protocols(gpfs):
    two = gpfs.nodes[1]
    for target in (two.ip, two.ip6):
        assert manager_ssh(gpfs, target).stdout == "node2\n"
    for host in gpfs.clients:
        code = f"import socket; socket.create_connection(('{two.ip6}', 22))"
        host.run([sys.executable, "-c", code], check=True, timeout=SECONDS)


def test_nodes_have_networks_of_their_own(gpfs):
    one, two = gpfs.nodes
    shown = one.run(["ip", "-o", "address"], check=True).stdout
    assert "10.88.0.11/24" in shown and "10.88.0.12" not in shown
    assert "10.88" not in subprocess.run(
        ["ip", "-o", "address"], capture_output=True, text=True).stdout
    assert one.run(["getent", "hosts", "node2"]).stdout.split()[0] in (
        two.ip, two.ip6)


def test_cut_and_heal(gpfs):
    one, two = gpfs.nodes
    with socket.create_connection((one.address, one.port), SECONDS) as sock:
        sock.settimeout(SECONDS)
        assert sock.recv(100).startswith(b"SSH-2.0")
        gpfs.cut(one)
        sock.sendall(b"SSH-2.0-test\r\n")
        sock.settimeout(0.3)
        with pytest.raises(socket.timeout):
            sock.recv(100)
        done = manager_ssh(gpfs, one.ip, "-o", "ConnectTimeout=1")
        assert done.returncode == 255
        assert "timed out" in done.stderr
        assert ssh(gpfs, "hostname", 1).stdout == "node2\n"
        gpfs.heal(one)
        sock.settimeout(SECONDS)
        assert sock.recv(100)
    assert manager_ssh(gpfs, one.ip).stdout == "node1\n"


def test_reset_heals(gpfs):
    gpfs.cut(gpfs.nodes[0])
    gpfs.reset()
    assert ssh(gpfs, "hostname").stdout == "node1\n"


def test_refused_and_silent_nodes(gpfs):
    one = gpfs.nodes[0]
    one.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((one.address, one.port))
    assert "refused" in manager_ssh(gpfs, one.ip).stderr
    one.refuse_connections(False)
    one.stop_accepting()
    with socket.create_connection((one.address, one.port)) as sock:
        sock.settimeout(0.2)
        with pytest.raises(socket.timeout):
            sock.recv(100)
        one.start_accepting()
        sock.settimeout(SECONDS)
        assert sock.recv(100).startswith(b"SSH-2.0")


def test_end_of_connections_reaches_the_test_process(gpfs):
    one = gpfs.nodes[0]
    with socket.create_connection((one.address, one.port)) as sock:
        sock.settimeout(SECONDS)
        sock.recv(100)
        one.kill_connections()
        with contextlib.suppress(ConnectionError):
            while sock.recv(100):
                pass
    one.reboot()
    assert ssh(gpfs, "hostname").stdout == "node1\n"


def networks():
    with open("/proc/net/dev", encoding="utf-8") as file:
        devices = [line.split(":")[0] for line in file]
    return devices, os.path.exists("/run/netns") and os.listdir("/run/netns")


def test_nothing_stays_after_a_kill():
    before = mounts(), networks(), fingerprint()
    child = subprocess.Popen(
        [sys.executable, "-m", __package__.rpartition(".")[0], "--network"],
        cwd=build.ROOT, stdout=subprocess.PIPE, text=True)
    line = ""
    while "gpfs_ssh_private_key" not in line:
        line = child.stdout.readline()
    directory = os.path.dirname(line.split()[-1])
    assert networks() == before[1]
    watched = [os.pidfd_open(int(pid)) for pid in descendants(directory)]
    assert watched
    child.kill()
    child.wait()
    child.stdout.close()
    for fd in watched:
        assert api.wait_for_end(fd, SECONDS)
        os.close(fd)
    assert (mounts(), networks(), fingerprint()) == before
    assert not os.path.exists(directory)
