# SPDX-License-Identifier: Apache-2.0
"""Access rules on two servers with the real exportfs."""

import ipaddress
import re

import pytest

from manila_native import _native
from tests.functional.drivers import (CONTEXT, make_driver, make_rule,
                                      make_share, update)

EXPORTED = re.compile(r"(\S+)  (\S+)\((.*)\)")


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings())


@pytest.fixture
def share(driver):
    share = make_share()
    driver.create_share(CONTEXT, share)
    return share


def exports(node, share):
    """{client: level} in force on a node for the share, in order."""
    found = {}
    for line in node.exportfs().splitlines():
        path, client, options = EXPORTED.fullmatch(line).groups()
        if path.endswith("/" + share["name"]):
            words = options.split(",")
            found[client] = "rw" if "rw" in words else "ro"
            fsid = [w for w in words if w.startswith("fsid=")]
            assert [w.replace("-", "").replace(":", "") for w in fsid] == [
                "fsid=" + share["id"].replace("-", "")]
    return found


def on_all(cluster, share):
    """The exports of the share, the same on every server."""
    first, *others = [exports(node, share) for node in cluster.nodes]
    assert all(list(o.items()) == list(first.items()) for o in others)
    return first


def exports_file(share):
    return f"/etc/exports.d/manila-{share['name']}.exports"


def changes(cluster):
    """The exportfs calls in the journal that change something."""
    return [line for line in cluster.journal.lines("exportfs*")
            if line != "exportfs -s"]


def test_rules_of_all_kinds_at_once(cluster, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.0/24", "ro"),
             make_rule("2001:db8::1"), make_rule("2001:db8:1::/48", "ro"),
             make_rule("192.0.2.7/32", "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert on_all(cluster, share) == {
        "10.0.0.1": "rw", "10.0.0.0/24": "ro", "2001:db8::1": "rw",
        "2001:db8:1::/48": "ro", "192.0.2.7": "ro"}


def test_add_delete_and_update_in_one_call(cluster, driver, share):
    stays, goes = make_rule("10.0.0.1"), make_rule("10.0.0.2")
    changes_level = make_rule("10.0.0.3", "ro")
    before = [stays, goes, changes_level]
    update(driver, share, before, add=before)
    new, now = make_rule("10.0.0.4", "ro"), dict(changes_level,
                                                 access_level="rw")
    cluster.journal.clear()
    assert update(driver, share, [stays, now, new], add=[new],
                  delete=[goes], update=[now]) == []
    assert on_all(cluster, share) == {
        "10.0.0.1": "rw", "10.0.0.3": "rw", "10.0.0.4": "ro"}
    assert not any("10.0.0.1:" in line for line in changes(cluster))
    assert not any("-u" in line and "10.0.0.3" in line
                   for line in changes(cluster))


def test_all_rules_gone(cluster, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("fd00::/64")]
    update(driver, share, rules, add=rules)
    update(driver, share, [], delete=rules)
    assert on_all(cluster, share) == {}
    for node in cluster.nodes:
        assert node.listdir("/etc/exports.d") == []


def test_deleting_a_share_takes_its_exports(cluster, driver, share):
    rules = [make_rule("10.0.0.1")]
    update(driver, share, rules, add=rules)
    driver.delete_share(CONTEXT, share)
    assert on_all(cluster, share) == {}
    for node in cluster.nodes:
        assert node.listdir("/etc/exports.d") == []


def test_exports_survive_a_reboot_and_exportfs_ra(cluster, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.0/8", "ro")]
    update(driver, share, rules, add=rules)
    before = on_all(cluster, share)
    for node in cluster.nodes:
        node.run(["/usr/sbin/exportfs", "-ra"], check=True)
    assert on_all(cluster, share) == before
    for node in cluster.nodes:
        node.reboot()
    assert on_all(cluster, share) == before


def test_resync_makes_exactly_the_rules(cluster, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro")]
    update(driver, share, rules, add=rules)
    path = f"{cluster.mount_point}/{share['name']}"
    one, two = cluster.nodes
    one.run(["/usr/sbin/exportfs", "-o", "rw,no_subtree_check",
             f"10.9.9.9:{path}"], check=True)
    one.run(["/usr/sbin/exportfs", "-o", "rw,no_subtree_check",
             f"10.0.0.2:{path}"], check=True)
    two.run(["/usr/sbin/exportfs", "-u", f"10.0.0.1:{path}"], check=True)
    two.write_file(exports_file(share), "junk\n")
    cluster.journal.clear()
    assert update(driver, share, rules) == []
    assert on_all(cluster, share) == {"10.0.0.1": "rw", "10.0.0.2": "ro"}
    assert not any(f"10.0.0.1:{path}" in line
                   for line in cluster.journal.lines(node=one.name)
                   if line != "exportfs -s")
    assert one.read_file(exports_file(share)) == two.read_file(
        exports_file(share))


def test_a_thousand_rules_twice(cluster, driver, share):
    base = int(ipaddress.ip_address("10.1.0.0"))
    rules = [make_rule(str(ipaddress.ip_address(base + i)),
                       "rw" if i % 3 else "ro") for i in range(1000)]
    before = _native.ssh_stats()["scripts"]
    assert update(driver, share, rules, add=rules) == []
    # a script is a round trip: one for each server
    assert _native.ssh_stats()["scripts"] - before == 2
    assert len(on_all(cluster, share)) == 1000
    cluster.journal.clear()
    assert update(driver, share, rules, add=rules) == []
    assert _native.ssh_stats()["scripts"] - before == 4
    assert changes(cluster) == []
    assert len(on_all(cluster, share)) == 1000


def test_the_most_specific_rule_wins(cluster, driver, share):
    wide = make_rule("10.0.0.0/8", "ro")
    update(driver, share, [wide], add=[wide])
    narrow = make_rule("10.1.0.0/16", "rw")
    update(driver, share, [wide, narrow], add=[narrow])
    assert list(on_all(cluster, share).items()) == [
        ("10.1.0.0/16", "rw"), ("10.0.0.0/8", "ro")]


def test_a_bad_rule_is_only_its_own_error(cluster, driver, share):
    good = make_rule("10.0.0.1")
    bad = [make_rule("10.0.0.1/33"), make_rule("host.example"),
           make_rule("alice", access_type="user"),
           make_rule("10.0.0.2", "wx"), make_rule("10.0.0.999")]
    rules = [good] + bad
    assert update(driver, share, rules, add=rules) == bad
    assert on_all(cluster, share) == {"10.0.0.1": "rw"}


@pytest.mark.parametrize("client", [
    "*", "10.0.0.1 *", "10.0.0.1(rw)", "10.0.0.1;id", "$(id)", "-a",
    "10.0.0.1\n/ *(rw)", "@all", "'10.0.0.1'", "", " ",
    "10.0.0.0/24 10.0.0.1", "0x0a000001", "10.1", "fe80::1%eth0", "#"])
def test_hostile_clients_never_reach_a_server(cluster, driver, share,
                                              client):
    rule = make_rule(client)
    cluster.journal.clear()
    assert update(driver, share, [rule], add=[rule]) == [rule]
    assert on_all(cluster, share) == {}
    assert changes(cluster) == []
    for node in cluster.nodes:
        assert node.listdir("/etc/exports.d") == []


def test_foreign_exports_are_not_touched(cluster, driver, share):
    one = cluster.nodes[0]
    one.write_file("/etc/exports", "/srv 10.7.7.7(ro,no_subtree_check)\n")
    one.write_file("/etc/exports.d/other.exports",
                   "/usr 10.8.8.8(ro,no_subtree_check)\n")
    one.run(["/usr/sbin/exportfs", "-ra"])
    one.run(["/usr/sbin/exportfs", "-o", "ro,no_subtree_check",
             "10.6.6.6:/opt"])
    foreign = sorted(one.exportfs().splitlines())
    assert len(foreign) == 3
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2")]
    update(driver, share, rules, add=rules)
    update(driver, share, rules[:1], delete=rules[1:])
    update(driver, share, rules[:1])
    update(driver, share, [], delete=rules[:1])
    assert sorted(one.exportfs().splitlines()) == foreign


def test_a_foreign_broken_file_is_no_obstacle(cluster, driver, share):
    cluster.nodes[0].write_file("/etc/exports.d/a-broken.exports",
                                "/usr 10.8.8.8(bogus_option)\n")
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert on_all(cluster, share) == {"10.0.0.1": "rw", "10.0.0.2": "ro"}
    assert update(driver, share, rules[1:], delete=rules[:1]) == []
    assert on_all(cluster, share) == {"10.0.0.2": "ro"}


def test_a_server_that_is_away_fails_the_call_and_the_next_mends(
        cluster, driver, share):
    rules = [make_rule("10.0.0.1")]
    two = cluster.nodes[1]
    two.refuse_connections()
    two.kill_connections()
    with pytest.raises(Exception) as caught:
        update(driver, share, rules, add=rules)
    assert two.address in str(caught.value)
    two.refuse_connections(False)
    assert update(driver, share, rules, add=rules) == []
    assert on_all(cluster, share) == {"10.0.0.1": "rw"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_while_exporting(cluster, driver, share, when):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro")]
    cluster.faults.add("exportfs -o*", cut=when)
    with pytest.raises(Exception) as caught:
        update(driver, share, rules, add=rules)
    assert caught.value.native_code == "CONNECT"
    assert update(driver, share, rules) == []
    assert on_all(cluster, share) == {"10.0.0.1": "rw", "10.0.0.2": "ro"}


def test_exportfs_that_fails_is_the_rules_error(cluster, driver, share):
    rules = [make_rule("10.0.0.1")]
    cluster.faults.add("exportfs -o*", status=1, stderr="bang\n", times=None)
    assert update(driver, share, rules, add=rules) == rules
    cluster.faults.clear()
    assert update(driver, share, rules, add=rules) == []


def test_a_client_that_cannot_be_unexported_fails_the_call(cluster, driver,
                                                           share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2")]
    update(driver, share, rules, add=rules)
    cluster.faults.add("exportfs -u*", status=1, stderr="bang\n",
                       times=None)
    with pytest.raises(Exception, match="10.0.0.2"):
        update(driver, share, rules[:1], delete=rules[1:])


def test_single_rule_calls(cluster, driver, share):
    one, two = make_rule("10.0.0.1"), make_rule("fd00::5", "ro")
    driver.allow_access(CONTEXT, share, one)
    driver.allow_access(CONTEXT, share, two)
    driver.allow_access(CONTEXT, share, two)
    assert on_all(cluster, share) == {"10.0.0.1": "rw", "fd00::5": "ro"}
    driver.deny_access(CONTEXT, share, one)
    driver.deny_access(CONTEXT, share, one)
    assert on_all(cluster, share) == {"fd00::5": "ro"}


def test_export_options(cluster):
    driver = make_driver(cluster.settings(),
                         knfs_export_options="rw,async,root_squash,"
                                             "no_subtree_check,fsid=1")
    share = make_share()
    driver.create_share(CONTEXT, share)
    rule = make_rule("10.0.0.1", "ro")
    update(driver, share, [rule], add=[rule])
    text = cluster.nodes[0].exportfs()
    assert "async" in text and "root_squash" in text
    assert on_all(cluster, share) == {"10.0.0.1": "ro"}


def test_ensure_shares_brings_exports_back(cluster, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.0/16", "ro")]
    update(driver, share, rules, add=rules)
    before = on_all(cluster, share)
    one, two = cluster.nodes
    one.run(["/usr/sbin/exportfs", "-ua"], check=True)
    answer = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert answer["status"] == "available"
    assert not answer["reapply_access_rules"]
    assert on_all(cluster, share) == before
    two.run(["rm", exports_file(share)], check=True)
    answer = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert answer["reapply_access_rules"]
    update(driver, share, rules)
    assert on_all(cluster, share) == before
