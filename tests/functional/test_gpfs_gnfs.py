# SPDX-License-Identifier: Apache-2.0
"""Access rules by NFS-Ganesha on two servers: the real one, and clients that
mount from it."""

import pytest
from manila import exception

from tests.backends.gpfs.remote import NFSError
from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_rule, make_share, update)

EXPORT_DIR = "/etc/ganesha/export.d"


@pytest.fixture
def cluster(gpfs_real_shared_cluster):
    return gpfs_real_shared_cluster


@pytest.fixture
def driver(cluster):
    # the nodes' own addresses are in a network that this process is not in
    return make_driver(cluster.settings(), gpfs_nfs_server_type="GNFS",
                       gpfs_share_export_ip=cluster.nodes[0].address,
                       ganesha_export_dir=EXPORT_DIR,
                       ganesha_config_path="/etc/ganesha/ganesha.conf")


@pytest.fixture
def share(driver):
    share = make_share()
    return located(share, driver.create_share(CONTEXT, share))


def path(cluster, share):
    return f"{cluster.mount_point}/{share['name']}"


def exports(cluster, share):
    """[(id, {client: access type})] of the share on each server."""
    return [(number, {c["client"]: c["access_type"]
                      for c in export["clients"]})
            for node in cluster.nodes
            for number, export in node.ganesha.exports().items()
            if export["path"] == path(cluster, share)]


def rights(cluster, share, client, node):
    """"rw", "ro" or None: what a client gets by mounting."""
    try:
        with client.mount(node, path(cluster, share)) as mount:
            mount.listdir()
            try:
                mount.create(f"by-{client.name}-on-{node.name}")
                return "rw"
            except NFSError as error:
                assert error.name == "EROFS"
                return "ro"
    except NFSError as error:
        assert error.name in ("ENOENT", "EACCES")
        return None


def all_rights(cluster, share):
    """Of the clients, the same on every server."""
    first, *others = [[rights(cluster, share, client, node)
                       for client in cluster.clients]
                      for node in cluster.nodes]
    assert all(other == first for other in others)
    return first


def test_clients_get_what_the_rules_give(cluster, driver, share):
    one, two, three = cluster.clients
    starts = [node.ganesha.starts() for node in cluster.nodes]
    rules = [make_rule(one.address), make_rule(two.address, "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert all_rights(cluster, share) == ["rw", "ro", None]
    (number, _), (other, _) = exports(cluster, share)
    assert number == other
    rules[0] = dict(rules[0], access_level="ro")
    new = make_rule(three.address)
    assert update(driver, share, [rules[0], new], add=[new],
                  delete=rules[1:], update=rules[:1]) == []
    assert all_rights(cluster, share) == ["ro", None, "rw"]
    assert update(driver, share, [], delete=rules + [new]) == []
    assert all_rights(cluster, share) == [None, None, None]
    assert exports(cluster, share) == []
    assert [node.ganesha.starts() for node in cluster.nodes] == starts


def test_the_most_specific_rule_counts(cluster, driver, share):
    one, two, _ = cluster.clients
    network = one.address.rsplit(".", 1)[0] + ".0/24"
    rules = [make_rule(network), make_rule(two.address, "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert all_rights(cluster, share) == ["rw", "ro", "rw"]


def test_everybody_of_ipv4_is_not_everybody(cluster, driver, share):
    rule = make_rule("0.0.0.0/0", "ro")
    assert update(driver, share, [rule], add=[rule]) == []
    assert all_rights(cluster, share) == ["ro", "ro", "ro"]
    client, node = cluster.clients[0], cluster.nodes[0]
    with pytest.raises(NFSError):
        client.mount(node, path(cluster, share), ipv6=True)


def test_exports_survive_a_restart(cluster, driver, share):
    one = cluster.clients[0]
    rule = make_rule(one.address)
    update(driver, share, [rule], add=[rule])
    for node in cluster.nodes:
        node.ganesha.restart()
    assert all_rights(cluster, share) == ["rw", None, None]
    for node in cluster.nodes:
        node.ganesha.reload()
    assert update(driver, share, [rule]) == []
    assert all_rights(cluster, share) == ["rw", None, None]


def test_nobody_who_keeps_access_is_cut_off(cluster, driver, share):
    one, two, _ = cluster.clients
    rule = make_rule(one.address)
    update(driver, share, [rule], add=[rule])
    node = cluster.nodes[0]
    with one.mount(node, path(cluster, share)) as mount:
        mount.create("before")
        for level in ("rw", "ro"):
            new = make_rule(two.address, level)
            assert update(driver, share, [rule, new], add=[new]) == []
            mount.write("before", b"more")


def test_a_server_that_is_down(cluster, driver, share):
    one = cluster.clients[0]
    rule = make_rule(one.address)
    down = cluster.nodes[1]
    down.ganesha.stop()
    try:
        with pytest.raises(exception.ManilaException, match=down.address):
            update(driver, share, [rule], add=[rule])
    finally:
        down.ganesha.start()
    # its file was written, so that its start brought the export
    assert len(exports(cluster, share)) == 2
    assert all_rights(cluster, share) == ["rw", None, None]
    down.ganesha.stop()
    try:
        with pytest.raises(exception.ManilaException, match=down.address):
            update(driver, share, [], delete=[rule])
    finally:
        down.ganesha.start()
    assert all_rights(cluster, share) == [None, None, None]
    assert update(driver, share, [], delete=[rule]) == []


def test_lost_exports_come_back(cluster, driver, share):
    rule = make_rule(cluster.clients[0].address)
    update(driver, share, [rule], add=[rule])
    node = cluster.nodes[1]
    ((number, _), _) = exports(cluster, share)
    node.run(["dbus-send", "--system", "--print-reply",
              "--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr",
              "org.ganesha.nfsd.exportmgr.RemoveExport",
              f"uint16:{number}"], check=True)
    answer = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert not answer.get("reapply_access_rules")
    assert all_rights(cluster, share) == ["rw", None, None]


def test_set_up(cluster, driver):
    driver.check_for_setup_error()


def test_many_shares_have_numbers_of_their_own(cluster, driver):
    rule = make_rule(cluster.clients[0].address)
    shares = [make_share() for _ in range(8)]
    for share in shares:
        driver.create_share(CONTEXT, share)
        assert update(driver, share, [rule], add=[rule]) == []
    numbers = [exports(cluster, share)[0][0] for share in shares]
    assert len(set(numbers)) == len(shares)
