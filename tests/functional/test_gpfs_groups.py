# SPDX-License-Identifier: Apache-2.0
"""Snapshots of share groups, and groups from them."""

import concurrent.futures
import uuid

import pytest

from manila import exception

from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_share, make_snapshot, path_of)


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings())


@pytest.fixture
def shares(cluster, driver):
    made = []
    for number in range(3):
        share = make_share()
        located(share, driver.create_share(CONTEXT, share))
        cluster.nodes[0].write_file(f"{path_of(share)}/name",
                                    f"share {number}\n")
        made.append(share)
    return made


def group_snapshot(shares):
    return {"id": str(uuid.uuid4()), "share_group_id": "group",
            "share_group_snapshot_members": [
                make_snapshot(share) for share in shares]}


def members(snap):
    return snap["share_group_snapshot_members"]


def snapshots(cluster):
    return {(s["fileset"], s["name"]) for s in cluster.snapshots()}


def wanted(snap):
    return {(m["share"]["name"], m["name"]) for m in members(snap)}


def test_all_members_at_one_instant(cluster, driver, shares):
    snap = group_snapshot(shares)
    cluster.journal.clear()
    update, told = driver.create_share_group_snapshot(CONTEXT, snap)
    assert update is None
    assert told == [{"id": m["id"], "status": "available",
                     "provider_location": m["name"]} for m in members(snap)]
    assert snapshots(cluster) == wanted(snap)
    assert cluster.journal.count("mmcrsnapshot*") == 1
    assert len({s["created"] for s in cluster.snapshots()}) == 1
    # the service died before it could tell Manila
    driver.create_share_group_snapshot(CONTEXT, snap)
    assert snapshots(cluster) == wanted(snap)
    assert driver.delete_share_group_snapshot(CONTEXT, snap) == (None, None)
    assert snapshots(cluster) == set()
    driver.delete_share_group_snapshot(CONTEXT, snap)


def test_all_or_none(cluster, driver, shares):
    snap = group_snapshot([*shares, make_share()])
    with pytest.raises(exception.ShareBackendException):
        driver.create_share_group_snapshot(CONTEXT, snap)
    assert snapshots(cluster) == set()


def test_no_members(driver):
    snap = group_snapshot([])
    assert driver.create_share_group_snapshot(CONTEXT, snap) == (None, [])
    assert driver.delete_share_group_snapshot(CONTEXT, snap) == (None, None)


def test_the_group_itself_needs_nothing(cluster, driver):
    cluster.journal.clear()
    assert driver.create_share_group(CONTEXT, {"id": "g"}) is None
    assert driver.delete_share_group(CONTEXT, {"id": "g"}) is None
    assert cluster.journal.lines("mm*") == []


def group_from(snap):
    return {"id": str(uuid.uuid4()), "shares": [
        make_share(source_share_group_snapshot_member_id=m["id"])
        for m in members(snap)]}


def test_group_from_snapshot(cluster, driver, shares):
    snap = group_snapshot(shares)
    driver.create_share_group_snapshot(CONTEXT, snap)
    for share in shares:
        cluster.nodes[0].write_file(f"{path_of(share)}/name", "later\n")
    group = group_from(snap)
    update, told = driver.create_share_group_from_share_group_snapshot(
        CONTEXT, group, snap)
    assert update is None
    assert [t["id"] for t in told] == [s["id"] for s in group["shares"]]
    for number, (share, tell) in enumerate(zip(group["shares"], told)):
        # Manila takes them for available, so they must be
        assert tell["status"] == "available"
        located(share, tell["export_locations"])
        assert cluster.nodes[0].read_file(
            f"{path_of(share)}/name") == f"share {number}\n"


def test_a_failed_copy_is_told(cluster, driver, shares):
    snap = group_snapshot(shares)
    driver.create_share_group_snapshot(CONTEXT, snap)
    driver.delete_snapshot(CONTEXT, members(snap)[1])
    with pytest.raises(exception.ShareBackendException):
        driver.create_share_group_from_share_group_snapshot(
            CONTEXT, group_from(snap), snap)


def test_others_work_meanwhile(cluster, driver, shares):
    """Nobody holds the interpreter while the copies are waited for."""
    snap = group_snapshot(shares)
    driver.create_share_group_snapshot(CONTEXT, snap)
    # nth: the first one is asked before the copying begins
    looking = cluster.faults.add("mmlsquota", nth=2, hang="before")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        made = pool.submit(
            driver.create_share_group_from_share_group_snapshot,
            CONTEXT, group_from(snap), snap)
        looking.wait()
        # who held the interpreter would get here when his command's time
        # limit has passed, and fail
        looking.release()
        made.result()
