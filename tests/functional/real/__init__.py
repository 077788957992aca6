# SPDX-License-Identifier: Apache-2.0
"""What the tests with real NFS servers and clients have in common."""

import contextlib
import threading

import pytest

from tests.backends.gpfs import (GPFSCluster, NFSError, unavailable_btrfs,
                                 unavailable_ganesha)
from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_share, path_of)

USER = 1000
DATA = b"what was there before\n"
KINDS = ("GNFS", "CES")


@contextlib.contextmanager
def running_cluster(**ganesha):
    """A cluster whose Ganesha serves export files and exports of CES."""
    reason = unavailable_ganesha() or unavailable_btrfs()
    if reason:
        pytest.skip(reason)
    with GPFSCluster(nodes=2, network=True, trees="btrfs",
                     ganesha=dict(ganesha, ces=True)) as cluster:
        yield cluster


def connect(cluster, kind, **changes):
    """A driver for a kind of NFS server.

    The test process is not in the cluster's network: the export address is
    one by which it reaches the first node.
    """
    return make_driver(cluster.settings(), gpfs_nfs_server_type=kind,
                       gpfs_share_export_ip=cluster.nodes[0].address,
                       **changes)


def share_with_file(cluster, driver, **changes):
    """A share with a file in it that everybody may write."""
    share = make_share(**changes)
    located(share, driver.create_share(CONTEXT, share))
    cluster.nodes[0].write_file(f"{path_of(share)}/file", DATA, mode=0o666)
    return share


def level(client, node, path, ipv6=False, version=4):
    """What a client can do with a share now: "rw", "ro" or "none"."""
    try:
        mount = client.mount(node, path, ipv6=ipv6, version=version,
                             uid=USER, gid=USER)
    except NFSError as error:
        assert error.name == {4: "ENOENT", 3: "EACCES"}[version], error
        return "none"
    with mount:
        assert "file" in mount.listdir()
        assert mount.read("/file") == DATA
        return level_of_mount(mount)


def level_of_mount(mount):
    """The same of what is mounted already."""
    try:
        assert mount.read("/file") == DATA
    except NFSError as error:
        # version 3 refuses in RPC, for which libnfs has no number
        assert (error.name == "EACCES"
                or "RPC Packet not accepted" in str(error)), error
        return "none"
    try:
        mount.write("/file", DATA)
    except NFSError as error:
        # of version 3, libnfs asks for access first
        assert error.name in ("EROFS", "EACCES"), error
        return "ro"
    return "rw"


def levels(cluster, path, ipv6=False, version=4):
    """{client's name: level}, the same on every server."""
    found = [{client.name: level(client, node, path, ipv6, version)
              for client in cluster.clients} for node in cluster.nodes]
    assert all(each == found[0] for each in found), found
    return found[0]


def address(client, ipv6=False):
    return client.address6 if ipv6 else client.address


def live(node, path=None):
    """{Export_Id: path} that the daemon exports, of all or of one path."""
    return {number: export["path"]
            for number, export in node.ganesha.exports().items()
            if path in (None, export["path"])}


def served(node, path):
    """[(client, access type)] of a path in the daemon's own order."""
    return [(c["client"], c["access_type"])
            for export in node.ganesha.exports().values()
            if export["path"] == path for c in export["clients"]]


def export_files(node):
    """Names of the export files of GNFS on a node."""
    return [name for name in node.listdir("/etc/ganesha/export.d")
            if not name.startswith(".")]


def together(*calls):
    """Call all at the same time; raise what the first of them raised."""
    failures = []

    def work(call):
        try:
            call()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
