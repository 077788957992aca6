# SPDX-License-Identifier: Apache-2.0
"""Access rules by Cluster Export Services (simulated mmnfs)."""

import pytest
from manila import exception

from tests.backends.gpfs import GPFSCluster
from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_rule, make_share, make_snapshot,
                                      update)

ENCODED = [False, True]


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings(), gpfs_nfs_server_type="CES")


@pytest.fixture
def share(driver):
    share = make_share()
    return located(share, driver.create_share(CONTEXT, share))


def path(cluster, share):
    return f"{cluster.mount_point}/{share['name']}"


def clients(cluster, share):
    """{client: access type} of the share, in order; None: not exported."""
    export = cluster.exports().get(path(cluster, share))
    return export and {c["client"]: c["Access_Type"]
                       for c in export["clients"]}


def calls(cluster):
    """The changing mmnfs calls in the journal."""
    return [line for line in cluster.journal.lines("mmnfs*")
            if " export list " not in line]


@pytest.mark.parametrize("encoded", ENCODED)
def test_rules_come_change_and_go(cluster, driver, share, encoded):
    cluster.configure_ces(encoded=encoded)
    rules = [make_rule("10.0.0.0/8"), make_rule("10.0.0.5", "ro"),
             make_rule("2001:db8::1"), make_rule("2001:db8:1::/48", "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert clients(cluster, share) == {
        "10.0.0.5": "RO", "2001:db8::1": "RW", "10.0.0.0/8": "RW",
        "2001:db8:1::/48": "RO"}
    assert cluster.export_access(path(cluster, share),
                                 "10.0.0.5")["Access_Type"] == "RO"
    cluster.journal.clear()
    assert update(driver, share, rules) == []
    assert calls(cluster) == []
    rules[2] = dict(rules[2], access_level="ro")
    new = make_rule("10.0.0.6", "ro")
    assert update(driver, share, rules[1:] + [new], add=[new],
                  delete=rules[:1], update=rules[2:3]) == []
    assert clients(cluster, share) == {
        "10.0.0.6": "RO", "10.0.0.5": "RO", "2001:db8::1": "RO",
        "2001:db8:1::/48": "RO"}
    assert update(driver, share, [], delete=rules) == []
    assert clients(cluster, share) is None
    assert cluster.nfs_restarts() == 0


def test_invalid_rules_keep_nobody_in(cluster, driver, share):
    good, bad = make_rule("10.0.0.1"), make_rule("2001:db8::/120")
    assert update(driver, share, [good, bad], add=[good, bad]) == [bad]
    assert list(clients(cluster, share)) == ["10.0.0.1"]
    assert update(driver, share, [bad], delete=[good]) == [bad]
    assert clients(cluster, share) is None


@pytest.mark.parametrize("last_client", ["keep", "refuse", "remove"])
def test_exported_to_nobody(cluster, driver, share, last_client):
    cluster.configure_ces(last_client=last_client)
    rule = make_rule("10.0.0.1")
    update(driver, share, [rule], add=[rule])
    cluster.nodes[0].run(
        ["/usr/lpp/mmfs/bin/mmnfs", "export", "change",
         path(cluster, share), "--nfsremove", "10.0.0.1"])
    assert update(driver, share, [rule]) == []
    assert clients(cluster, share) == {"10.0.0.1": "RW"}


def test_everybody(cluster, driver, share):
    rule = make_rule("0.0.0.0/0", "ro")
    assert update(driver, share, [rule], add=[rule]) == []
    where = path(cluster, share)
    assert cluster.export_access(where, "10.0.0.1")["Access_Type"] == "RO"
    assert cluster.export_access(where, "200.0.0.1")["Access_Type"] == "RO"
    assert cluster.export_access(where, "2001:db8::1") is None


def test_strangers_go_with_a_resync(cluster, driver, share):
    rule = make_rule("10.0.0.1")
    update(driver, share, [rule], add=[rule])
    cluster.nodes[0].run(
        ["/usr/lpp/mmfs/bin/mmnfs", "export", "change",
         path(cluster, share), "--nfsadd", "*(Access_Type=RW)"])
    assert update(driver, share, [rule]) == []
    assert clients(cluster, share) == {"10.0.0.1": "RW"}


def test_lost_exports_ask_for_their_rules(cluster, driver, share):
    rule = make_rule("10.0.0.1")
    update(driver, share, [rule], add=[rule])
    answer = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert not answer.get("reapply_access_rules")
    for verb in ("disable", "enable"):
        cluster.nodes[0].run(["/usr/lpp/mmfs/bin/mmces", "service", verb,
                              "NFS"], check=True)
    answer = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert answer["reapply_access_rules"]
    assert update(driver, share, [rule]) == []
    assert clients(cluster, share) == {"10.0.0.1": "RW"}


def test_failures_are_no_success(cluster, driver, share):
    rule = make_rule("10.0.0.1")
    update(driver, share, [rule], add=[rule])
    cluster.faults.add("mmnfs export list*", status=1,
                       stderr="mmnfs: The NFS service is not enabled.\n")
    with pytest.raises(exception.ManilaException, match="not enabled"):
        update(driver, share, [], delete=[rule])
    cluster.faults.clear()
    cluster.faults.add("mmnfs export remove*", status=1, times=9,
                       stderr="mmnfs: no way\n")
    with pytest.raises(exception.ManilaException, match="still exports"):
        update(driver, share, [], delete=[rule])


def test_interrupted_calls_are_repeated(cluster, driver, share):
    rule = make_rule("10.0.0.1")
    cluster.faults.add("mmnfs export add*", status=1, effect=True, times=1)
    assert update(driver, share, [rule], add=[rule]) == []
    assert clients(cluster, share) == {"10.0.0.1": "RW"}


def test_set_up_says_what_to_do(cluster, driver):
    driver.check_for_setup_error()
    cluster.configure_ces(authentication=None)
    with pytest.raises(exception.ManilaException,
                       match="mmuserauth service create"):
        driver.check_for_setup_error()
    cluster.configure_ces(nfs=False)
    with pytest.raises(exception.ManilaException,
                       match="mmces service enable NFS"):
        driver.check_for_setup_error()


def test_deleted_share_leaves_no_export(cluster, driver, share):
    rule = make_rule("10.0.0.1")
    update(driver, share, [rule], add=[rule])
    driver.delete_share(CONTEXT, share)
    assert cluster.exports() == {}


@pytest.mark.parametrize("release", ["4.2", "5.0.1", "5.0", "5.1", "5.2",
                                     "6.0"])
def test_every_release(release):
    """From 4.2.1 on; columns and the number of flags per call differ."""
    with GPFSCluster(release=release) as cluster:
        driver = make_driver(cluster.settings(), gpfs_nfs_server_type="CES")
        driver.check_for_setup_error()
        share = make_share()
        located(share, driver.create_share(CONTEXT, share))
        wide, host = make_rule("10.0.0.0/8", "ro"), make_rule("fd00::1")
        assert update(driver, share, [wide, host], add=[wide, host]) == []
        wide, near = dict(wide, access_level="rw"), make_rule("10.1.0.0/16",
                                                             "ro")
        assert update(driver, share, [wide, near], add=[near],
                      delete=[host], update=[wide]) == []
        assert clients(cluster, share) == {"10.1.0.0/16": "RO",
                                           "10.0.0.0/8": "RW"}
        assert list(clients(cluster, share)) == ["10.1.0.0/16", "10.0.0.0/8"]
        driver.delete_share(CONTEXT, share)
        assert cluster.exports() == {} and cluster.nfs_restarts() == 0


@pytest.mark.parametrize("release", ["4.2", "5.2", "6.0"])
def test_a_mounted_snapshot(release):
    """By NFSv4 outside of the share, where mmnfs can do that."""
    with GPFSCluster(release=release) as cluster:
        driver = make_driver(cluster.settings(), gpfs_nfs_server_type="CES")
        share = make_share(mount_snapshot_support=True)
        located(share, driver.create_share(CONTEXT, share))
        snapshot = make_snapshot(share)
        snapshot.update(driver.create_snapshot(CONTEXT, snapshot))
        path, pseudo = ["/" + each["path"].partition(":/")[2]
                        for each in snapshot["export_locations"]]
        rules = [make_rule("10.0.0.1"), make_rule("10.0.0.0/8")]
        for all_rules in (rules[:1], rules):
            driver.snapshot_update_access(CONTEXT, snapshot, all_rules,
                                          all_rules[-1:], [])
        export = cluster.exports()[path]
        assert {c["client"]: c["Access_Type"] for c in export["clients"]} == {
            "10.0.0.1": "RO", "10.0.0.0/8": "RO"}
        assert export["pseudo"] == (path if release == "4.2" else pseudo)
        driver.delete_snapshot(CONTEXT, snapshot)
        assert cluster.exports() == {}
