# SPDX-License-Identifier: Apache-2.0
"""Pools on two GPFS file systems."""

import pytest

from manila import exception

from tests.backends.gpfs import GPFSCluster
from tests.backends.gpfs.api import unavailable
from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_rule, make_share, make_snapshot,
                                      path_of, update, wait_for_job)

POOLS = {"fast": "/mnt/fs1", "slow": "/mnt/fs2/shares"}


@pytest.fixture(scope="module")
def module_cluster():
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with GPFSCluster(filesystems={"fs1": {}, "fs2": {}}) as cluster:
        yield cluster


@pytest.fixture
def cluster(module_cluster):
    module_cluster.reset()
    module_cluster.nodes[0].run(["mkdir", "-p", POOLS["slow"]], check=True)
    return module_cluster


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings(), gpfs_pools=POOLS)


def make(driver, pool, **changes):
    share = make_share(host=f"h@b#{pool}", **changes)
    return located(share, driver.create_share(CONTEXT, share))


def device_of(pool):
    return {"fast": "fs1", "slow": "fs2"}[pool]


def test_check(driver):
    driver.check_for_setup_error()


def test_check_tells_the_pool(cluster):
    driver = make_driver(cluster.settings(),
                         gpfs_pools=dict(POOLS, bad="/nowhere"))
    with pytest.raises(exception.ManilaException, match="/nowhere"):
        driver.check_for_setup_error()


@pytest.mark.parametrize("pool", POOLS)
def test_a_share_s_life(cluster, driver, pool):
    share = make(driver, pool)
    assert path_of(share) == f"{POOLS[pool]}/{share['name']}"
    fileset = cluster.filesets(device_of(pool))[share["name"]]
    assert fileset["path"] == path_of(share)
    rule = make_rule("192.0.2.5")
    assert update(driver, share, [rule], add=[rule]) == []
    assert path_of(share) in cluster.nodes[0].exportfs()
    driver.extend_share(share, 2)
    assert driver.get_pool(share) == pool
    driver.delete_share(CONTEXT, share)
    assert list(cluster.filesets(device_of(pool))) == ["root"]


def test_stats(cluster, driver):
    stats = driver.get_share_stats(refresh=True)
    assert [p["pool_name"] for p in stats["pools"]] == list(POOLS)
    for pool in stats["pools"]:
        assert 0 < pool["free_capacity_gb"] <= pool["total_capacity_gb"]
        assert pool["snapshot_support"] is True
    assert stats["share_group_stats"] == {
        "consistent_snapshot_support": "pool"}


def test_a_pool_that_is_away(cluster):
    driver = make_driver(cluster.settings(),
                         gpfs_pools=dict(POOLS, bad="/nowhere"))
    fast, slow, bad = driver.get_share_stats(refresh=True)["pools"]
    assert fast["total_capacity_gb"] > 0 < slow["total_capacity_gb"]
    assert (bad["total_capacity_gb"], bad["free_capacity_gb"]) == (0, 0)


def test_many_shares_of_both(cluster, driver):
    shares = [make(driver, pool) for pool in ("fast", "slow", "fast")]
    told = driver.ensure_shares(CONTEXT, shares)
    assert {t["status"] for t in told.values()} == {"available"}
    cluster.journal.clear()
    used = driver.update_share_usage_size(CONTEXT, shares)
    assert [u["id"] for u in used] == [s["id"] for s in shares]
    assert cluster.journal.count("mmrepquota*") == 2


def test_a_pool_that_is_gone(driver):
    with pytest.raises(exception.ManilaException, match="lost"):
        make(driver, "lost")


def test_from_one_pool_into_the_other(cluster, driver):
    share = make(driver, "fast")
    cluster.nodes[0].write_file(path_of(share) + "/file", "content\n")
    snapshot = make_snapshot(share)
    driver.create_snapshot(CONTEXT, snapshot)
    new = make_share(host="h@b#slow", status="creating_from_snapshot")
    answer = driver.create_share_from_snapshot(CONTEXT, new, snapshot,
                                               parent_share=share)
    located(new, answer["export_locations"])
    assert path_of(new).startswith(POOLS["slow"])
    assert wait_for_job(driver, new)[-1]["status"] == "available"
    assert cluster.nodes[0].read_file(path_of(new) + "/file") == "content\n"


def test_shares_from_before_there_were_pools(cluster):
    """A pool with the back end's name takes them over."""
    before = make_driver(cluster.settings())
    share = make_share(host="h@b#gpfs1")
    located(share, before.create_share(CONTEXT, share))
    base = cluster.settings()["gpfs_mount_point_base"]
    driver = make_driver(cluster.settings(),
                         gpfs_pools=dict(POOLS, gpfs1=base))
    told = driver.ensure_shares(CONTEXT, [share])
    assert told[share["id"]]["status"] == "available"
    driver.delete_share(CONTEXT, share)
