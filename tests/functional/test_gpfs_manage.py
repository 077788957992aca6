# SPDX-License-Identifier: Apache-2.0
"""Filesets that become shares, and shares that become filesets again."""

import pytest

from manila import exception

from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_rule, make_share, path_of, update)
from tests.functional.test_gpfs_access import exports

MM = "/usr/lpp/mmfs/bin/"
CLIENT = "192.0.2.77"


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings())


def run(cluster, *words):
    return cluster.nodes[0].run(list(words), check=True)


def make_fileset(cluster, name, path, *options, quota=None):
    run(cluster, MM + "mmcrfileset", cluster.device, name, *options)
    run(cluster, MM + "mmlinkfileset", cluster.device, name, "-J", path)
    if quota:
        run(cluster, MM + "mmsetquota", f"{cluster.device}:{name}",
            "--block", quota)


@pytest.fixture
def share(cluster):
    """One to be managed: a fileset that was made by hand."""
    path = f"{cluster.mount_point}/projects"
    make_fileset(cluster, "projects", path, "-t", "by hand",
                 "--inode-space", "new", quota="0:1500M")
    ip = cluster.settings()["gpfs_share_export_ip"]
    return located(make_share(size=0), [{"path": f"{ip}:{path}"}])


def test_manage(cluster, driver, share):
    before = share["export_locations"][0]["path"]
    run(cluster, "touch", path_of(share) + "/precious")
    cluster.journal.clear()
    answer = driver.manage_existing(share, {})
    assert answer["size"] == 2      # whole GiB
    assert [e["path"] for e in answer["export_locations"]] == [before]
    fileset = cluster.filesets()[share["name"]]
    assert fileset["path"] == path_of(share)
    assert fileset["comment"].startswith(f"manila:{share['id']}")
    assert fileset["quota"]["block_hard"] == 2 << 20
    assert "projects" not in cluster.filesets()
    assert cluster.journal.lines("mmunlinkfileset*") == []   # no client cut
    assert "precious" in cluster.nodes[0].listdir(path_of(share))


def test_all_of_a_life_at_its_own_place(cluster, driver, share):
    """The junction is not where shares usually are."""
    answer = driver.manage_existing(share, {})
    share.update(size=answer["size"])
    located(share, answer["export_locations"])
    rule = make_rule(CLIENT)
    assert update(driver, share, [rule], add=[rule]) == []
    for node in cluster.nodes:
        assert path_of(share) + "  " + CLIENT in node.exportfs()
    driver.extend_share(share, 3)
    told = driver.ensure_shares(CONTEXT, [dict(share, size=3)])
    assert told[share["id"]]["status"] == "available"
    assert told[share["id"]]["export_locations"] == \
        answer["export_locations"]
    assert [u["id"] for u in driver.update_share_usage_size(
        CONTEXT, [share])] == [share["id"]]
    driver.delete_share(CONTEXT, share)
    assert list(cluster.filesets()) == ["root"]
    assert all(CLIENT not in node.exportfs() for node in cluster.nodes)


def test_manage_again(cluster, driver, share):
    """After a call whose answer was lost."""
    first = driver.manage_existing(share, {})
    assert driver.manage_existing(share, {}) == first


def test_unmanage(cluster, driver, share):
    answer = driver.manage_existing(share, {})
    located(share, answer["export_locations"])
    rule = make_rule(CLIENT)
    update(driver, share, [rule], add=[rule])
    driver.unmanage(share)
    (fileset,) = [f for f in cluster.filesets().values()
                  if f["path"] == path_of(share)]
    assert not fileset["comment"].startswith("manila:")
    assert all(CLIENT in node.exportfs() for node in cluster.nodes)
    driver.unmanage(share)          # nothing is left to be done
    again = located(make_share(), share["export_locations"])
    assert driver.manage_existing(again, {})["size"] == 2


def test_unmanage_of_a_share_of_ours(cluster, driver):
    share = make_share()
    located(share, driver.create_share(CONTEXT, share))
    driver.unmanage(share)
    assert not any(f["comment"].startswith("manila:")
                   for f in cluster.filesets().values())
    assert exports(cluster.nodes[0], share) == {}


def test_unmanage_while_the_cluster_is_away(cluster, driver, share):
    driver.manage_existing(share, {})
    cluster.faults.add("mm*", status=1, stderr="bang\n", times=None)
    with pytest.raises(exception.UnmanageInvalidShare):
        driver.unmanage(share)


def refused(driver, share, text=""):
    with pytest.raises(exception.ManageInvalidShare, match=text or "."):
        driver.manage_existing(share, {})


def at(cluster, path, **changes):
    ip = cluster.settings()["gpfs_share_export_ip"]
    return located(make_share(**changes), [{"path": f"{ip}:{path}"}])


def test_what_can_t_be_managed(cluster, driver):
    base = cluster.mount_point
    make_fileset(cluster, "dependent", f"{base}/dependent")
    run(cluster, "mkdir", f"{base}/directory")
    for path in (f"{base}/dependent", base, f"{base}/directory",
                 f"{base}/nothing", "/tmp", f"{base}/../x"):
        before = cluster.filesets()
        refused(driver, at(cluster, path))
        assert cluster.filesets() == before
    refused(driver, make_share(), "location")


def test_another_share_s(cluster, driver):
    mine = make_share()
    located(mine, driver.create_share(CONTEXT, mine))
    before = cluster.filesets()
    refused(driver, at(cluster, path_of(mine)))
    assert cluster.filesets() == before


@pytest.mark.parametrize("command", ["mmchfileset", "mmsetquota"])
def test_a_failure_leaves_it_as_it_was(cluster, driver, share, command):
    before = cluster.filesets()["projects"]
    cluster.faults.add(command, status=1, stderr="bang\n")
    with pytest.raises(exception.ManilaException, match="bang"):
        driver.manage_existing(share, {})
    after = cluster.filesets()["projects"]
    for key in ("path", "comment", "quota"):
        assert after[key] == before[key]


def test_other_protocols(driver, share):
    with pytest.raises(exception.InvalidShare):
        driver.manage_existing(dict(share, share_proto="CIFS"), {})
