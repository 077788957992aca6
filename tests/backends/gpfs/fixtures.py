# SPDX-License-Identifier: Apache-2.0
"""pytest fixtures: pytest_plugins = ["tests.backends.gpfs.fixtures"].

Tests that use them are skipped, with the reason, where the simulator cannot
run (not root, sshd or exportfs missing).
"""

import pytest

from .api import (GPFSCluster, unavailable, unavailable_btrfs,
                  unavailable_ganesha)


def _start(**settings):
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    return GPFSCluster(**settings)


def _start_real(**settings):
    """With all real parts: network, NFS-Ganesha, clients, btrfs."""
    reason = unavailable_ganesha() or unavailable_btrfs()
    if reason:
        pytest.skip(reason)
    return GPFSCluster(nodes=2, ganesha=True, trees="btrfs", **settings)


@pytest.fixture
def gpfs_cluster():
    """A fresh cluster of one node."""
    with _start() as cluster:
        yield cluster


@pytest.fixture
def gpfs_cluster2():
    """A fresh cluster of two nodes."""
    with _start(nodes=2) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def gpfs_session_cluster():
    """The two-node cluster behind gpfs_shared_cluster."""
    with _start(nodes=2) as cluster:
        yield cluster


@pytest.fixture
def gpfs_shared_cluster(gpfs_session_cluster):
    """Two nodes, one start for the whole run, clean for every test."""
    gpfs_session_cluster.reset()
    return gpfs_session_cluster


@pytest.fixture
def gpfs_real_cluster():
    """A fresh cluster of two nodes with real NFS-Ganesha, on btrfs."""
    with _start_real() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def gpfs_real_session_cluster():
    """The cluster behind gpfs_real_shared_cluster."""
    with _start_real() as cluster:
        yield cluster


@pytest.fixture
def gpfs_real_shared_cluster(gpfs_real_session_cluster):
    """Two real nodes, one start for the whole run, clean for every test."""
    gpfs_real_session_cluster.reset()
    return gpfs_real_session_cluster
