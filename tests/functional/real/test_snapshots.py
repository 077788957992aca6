# SPDX-License-Identifier: Apache-2.0
"""Mounted snapshots, as real NFS clients see them."""

import pytest

from tests.backends.gpfs import NFSError
from tests.functional.drivers import (CONTEXT, make_rule, make_snapshot,
                                      path_of, update)
from tests.functional.real import (DATA, USER, levels, live)

NONE = {"c1": "none", "c2": "none", "c3": "none"}


class Mounted:
    """A snapshot with rules of its own, of a share that changed since."""

    def __init__(self, cluster, driver, share):
        share["mount_snapshot_support"] = True
        self.driver, self.share, self.rules = driver, share, []
        self.snapshot = make_snapshot(share)
        made = driver.create_snapshot(CONTEXT, self.snapshot)
        self.snapshot["provider_location"] = made["provider_location"]
        # the first for NFSv3, the second for NFSv4
        self.path, self.pseudo = [
            "/" + location["path"].partition(":/")[2]
            for location in made["export_locations"]]
        cluster.nodes[0].write_file(path_of(share) + "/later", b"later")

    def places(self):
        return (self.path, 3), (self.pseudo, 4)

    def allow(self, client):
        rule = make_rule(client.address, "ro")
        self.rules.append(rule)
        self._update([rule], [])

    def deny(self, client):
        gone = [r for r in self.rules if r["access_to"] == client.address]
        self.rules = [r for r in self.rules if r not in gone]
        self._update([], gone)

    def _update(self, add, drop):
        assert not self.driver.snapshot_update_access(
            CONTEXT, self.snapshot, self.rules, add, drop)

    def delete(self):
        self.driver.delete_snapshot(CONTEXT, self.snapshot)


def seen(cluster, mounted):
    """{client's name: level} of the snapshot, by both versions."""
    by_3, by_4 = [levels(cluster, where, version=version)
                  for where, version in mounted.places()]
    assert by_3 == by_4
    return by_4


@pytest.fixture
def mounted(cluster, driver, share):
    """c1 has access to the share, nobody to the snapshot."""
    rule = make_rule(cluster.clients[0].address)
    assert update(driver, share, [rule], add=[rule]) == []
    return Mounted(cluster, driver, share)


@pytest.fixture
def held(cluster, mounted, path):
    """c1 writes to the share on all servers, all the time."""
    holders = []
    for number, node in enumerate(cluster.nodes):
        node.write_file(f"{path}/held-{number}", b"old", mode=0o666)
        holders.append(cluster.clients[0].hold(
            node, path, f"/held-{number}", uid=USER, gid=USER))
    yield holders
    for holder in holders:
        holder.wait(1)
        assert holder.release() == []


@pytest.mark.usefixtures("held")
def test_its_life(cluster, mounted, path):
    c1, c2, _ = cluster.clients
    assert seen(cluster, mounted) == NONE
    mounted.allow(c2)
    assert seen(cluster, mounted) == dict(NONE, c2="ro")
    assert levels(cluster, path) == dict(NONE, c1="rw")
    views = [c2.mount(node, where, version=version, uid=USER)
             for node in cluster.nodes
             for where, version in mounted.places()]
    for view in views:
        assert "later" not in view.listdir()
        with pytest.raises(NFSError):
            view.create("/new")
    mounted.allow(c1)
    mounted.deny(c2)
    for view in views:
        with pytest.raises(OSError):
            view.read("/file")
    assert seen(cluster, mounted) == dict(NONE, c1="ro")
    mounted.deny(c1)
    assert seen(cluster, mounted) == NONE
    assert levels(cluster, path) == dict(NONE, c1="rw")
    for node in cluster.nodes:
        assert list(live(node).values()) == [path]


@pytest.mark.usefixtures("held")
def test_deleted_while_clients_read_it(cluster, mounted, path):
    _, c2, _ = cluster.clients
    mounted.allow(c2)
    views = [c2.mount(cluster.nodes[1], where, version=version, uid=USER)
             for where, version in mounted.places()]
    for view in views:
        assert view.read("/file") == DATA
    for _ in range(2):
        mounted.delete()
        assert cluster.snapshots() == []
        for view in views:
            with pytest.raises(OSError):
                view.read("/file")
        for node in cluster.nodes:
            assert list(live(node).values()) == [path]
    assert levels(cluster, path) == dict(NONE, c1="rw")


def test_the_share_loses_all_access(cluster, mounted, driver, share, path):
    """Not so the snapshot, whose export is no part of the share's."""
    _, c2, _ = cluster.clients
    mounted.allow(c2)
    assert update(driver, share, []) == []
    assert levels(cluster, path) == NONE
    assert seen(cluster, mounted) == dict(NONE, c2="ro")
    mounted.delete()
    driver.delete_share(CONTEXT, share)
    assert [live(node) for node in cluster.nodes] == [{}, {}]
