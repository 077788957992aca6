# SPDX-License-Identifier: Apache-2.0
"""Snapshots: taken, mounted, copied into shares, and gone back to."""

import stat

import pytest

from manila import exception

from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_rule, make_share, make_snapshot,
                                      path_of, wait_for_job)
from tests.functional.test_gpfs_access import exports

MM = "/usr/lpp/mmfs/bin/"


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def node(cluster):
    return cluster.nodes[0]


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings())


@pytest.fixture
def share(driver):
    share = make_share(size=2)
    return located(share, driver.create_share(CONTEXT, share))


def snapshots(cluster):
    return {(s["fileset"], s["name"]) for s in cluster.snapshots()}


def key(snapshot):
    return snapshot["share"]["name"], snapshot["name"]


def take(driver, share, **changes):
    snapshot = make_snapshot(share, **changes)
    snapshot.update(driver.create_snapshot(CONTEXT, snapshot))
    return snapshot


# ---- taking and deleting ----

def test_create_and_delete(cluster, driver, share):
    snapshot = make_snapshot(share)
    assert driver.create_snapshot(CONTEXT, snapshot) == {
        "provider_location": snapshot["name"]}
    assert snapshots(cluster) == {key(snapshot)}
    # the service died before it could tell Manila
    driver.create_snapshot(CONTEXT, snapshot)
    assert snapshots(cluster) == {key(snapshot)}
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(cluster) == set()
    driver.delete_snapshot(CONTEXT, snapshot)


def test_delete_without_its_share(driver):
    driver.delete_snapshot(CONTEXT, make_snapshot(make_share()))


def test_an_interrupted_deletion_is_completed(cluster, driver, share):
    """GPFS keeps it in a state of which nothing else can be made."""
    snapshot = take(driver, share)
    fault = cluster.faults.add("mmdelsnapshot", interrupt=True)
    driver.delete_snapshot(CONTEXT, snapshot)
    assert fault.hits == 1
    assert cluster.journal.count("mmdelsnapshot*") == 2
    assert snapshots(cluster) == set()


def test_a_failed_snapshot_tells_why(cluster, driver, share):
    cluster.faults.add("mmcrsnapshot", status=1, stderr="bang\n")
    with pytest.raises(exception.ShareBackendException, match="bang"):
        driver.create_snapshot(CONTEXT, make_snapshot(share))


@pytest.mark.parametrize("name", ["a:b", "a,b", "../x", "-x", "a b", ""])
def test_dangerous_names_are_refused(cluster, driver, share, name):
    cluster.journal.clear()
    snapshot = make_snapshot(share, name=name, id=name)
    for call in (driver.create_snapshot, driver.delete_snapshot):
        with pytest.raises(exception.InvalidInput):
            call(CONTEXT, snapshot)
    assert cluster.journal.lines("mm*snapshot*") == []


# ---- managed ones ----

def test_manage_and_unmanage(cluster, driver, share, node):
    node.run([MM + "mmcrsnapshot", cluster.device, "by-hand", "-j",
              share["name"]], check=True)
    snapshot = make_snapshot(share, provider_location="by-hand")
    assert driver.manage_existing_snapshot(snapshot, {}) == {
        "size": 2, "provider_location": "by-hand"}
    driver.unmanage_snapshot(snapshot)
    assert snapshots(cluster) == {(share["name"], "by-hand")}
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(cluster) == set()


@pytest.mark.parametrize("name", ["absent", "", "a/b", "global"])
def test_manage_what_is_no_snapshot_of_the_share(cluster, driver, share, node,
                                                 name):
    node.run([MM + "mmcrsnapshot", cluster.device, "global"], check=True)
    snapshot = make_snapshot(share, provider_location=name)
    with pytest.raises(exception.ManageInvalidShareSnapshot):
        driver.manage_existing_snapshot(snapshot, {})


# ---- mounting ----

def snapshot_exports(node, path):
    found = {}
    for line in node.exportfs().splitlines():
        where, client = line.split()[:2]
        if where == path:
            client, _, options = client.partition("(")
            found[client] = "rw" if "rw" in options.split(",") else "ro"
    return found


def test_mounted_snapshot(cluster, driver, share):
    share["mount_snapshot_support"] = True
    snapshot = take(driver, share)
    (location,) = snapshot["export_locations"]
    assert location["is_admin_only"] is False
    path = f"{path_of(share)}/.snapshots/{snapshot['name']}"
    assert location["path"].endswith(":" + path)
    # rules of snapshots have no level
    rules = [make_rule("192.0.2.1"), make_rule("198.51.100.0/24")]
    for rule in rules:
        del rule["access_level"]
    access = driver.snapshot_update_access
    assert access(CONTEXT, snapshot, rules, rules, []) is None
    for node in cluster.nodes:
        assert snapshot_exports(node, path) == {
            "192.0.2.1": "ro", "198.51.100.0/24": "ro"}
    access(CONTEXT, snapshot, rules[:1], [], rules[1:])
    for node in cluster.nodes:
        assert snapshot_exports(node, path) == {"192.0.2.1": "ro"}
        assert exports(node, share) == {}
    driver.delete_snapshot(CONTEXT, snapshot)
    for node in cluster.nodes:
        assert snapshot_exports(node, path) == {}
    assert snapshots(cluster) == set()


def test_a_bad_rule_of_a_snapshot_raises(driver, share):
    """Manila takes all for active otherwise."""
    share["mount_snapshot_support"] = True
    snapshot = take(driver, share)
    rule = make_rule("joe", access_type="user")
    with pytest.raises(exception.InvalidShareAccess, match="joe"):
        driver.snapshot_update_access(CONTEXT, snapshot, [rule], [rule], [])


def test_no_location_unless_the_share_type_has_it(driver, share):
    share["mount_snapshot_support"] = False
    assert "export_locations" not in take(driver, share)


# ---- a share from a snapshot ----

def fill(node, share):
    """Content of which the in-tree driver's copy lost half."""
    path = path_of(share)
    node.write_file(f"{path}/file", "first\n", mode=0o640)
    node.run(["sh", "-e", "-c", """
        cd "$1"; chown 1234:5678 file; touch -d @1000000000 file
        ln -s file link; ln file hard; mkdir -m 2750 dir; echo x >dir/in
        truncate -s 100M sparse
        """, "sh", path], check=True)


def tree(node, path):
    """What matters of everything below path, but its snapshots."""
    names = node.run(
        ["sh", "-c", 'cd "$1" && find . -name .snapshots -prune -o '
         "-mindepth 1 -printf '%P %M %U:%G %s %l %n\\n'", "sh", path],
        check=True)
    return sorted(line for line in names.stdout.splitlines())


def clone(driver, snapshot, parent=None, **changes):
    share = make_share(size=snapshot["size"],
                       status="creating_from_snapshot", **changes)
    answer = driver.create_share_from_snapshot(
        CONTEXT, share, snapshot, share_server=None, parent_share=parent)
    assert answer["status"] == "creating_from_snapshot"
    return located(share, answer["export_locations"])


def test_share_from_snapshot(cluster, driver, share, node):
    fill(node, share)
    snapshot = take(driver, share)
    node.write_file(f"{path_of(share)}/later", "not in the snapshot\n")
    wanted = [line for line in tree(node, path_of(share))
              if not line.startswith("later")]
    new = clone(driver, snapshot)
    answers = wait_for_job(driver, new)
    assert answers[-1]["status"] == "available"
    assert answers[-1]["progress"] == "100%"
    assert [e["path"] for e in answers[-1]["export_locations"]] == [
        e["path"] for e in new["export_locations"]]
    for answer in answers:
        assert answer["progress"].endswith("%")
    assert tree(node, path_of(new)) == wanted
    status = node.stat(f"{path_of(new)}/file")
    assert (status["st_uid"], status["st_gid"]) == (1234, 5678)
    assert stat.S_IMODE(status["st_mode"]) == 0o640
    assert cluster.filesets()[new["name"]]["comment"].startswith(
        f"manila:{new['id']}")


def test_the_snapshot_s_share_as_manila_tells_it(driver, share, node):
    """In create_share_from_snapshot() only parent_share has it whole."""
    fill(node, share)
    snapshot = take(driver, share)
    bare = {key: value for key, value in snapshot.items() if key != "share"}
    new = clone(driver, bare, parent=share)
    assert wait_for_job(driver, new)[-1]["status"] == "available"
    assert tree(node, path_of(new)) == tree(node, path_of(share))


def test_a_lost_node_is_no_failed_copy(cluster, driver, share, node):
    fill(node, share)
    new = clone(driver, take(driver, share))
    node.refuse_connections()
    node.kill_connections()
    try:
        answer = driver.get_share_status(new)
    finally:
        node.refuse_connections(False)
    assert answer == {"status": "creating_from_snapshot",
                      "export_locations": [], "progress": None}
    assert wait_for_job(driver, new)[-1]["status"] == "available"


def test_a_copy_from_nothing(driver, share):
    snapshot = make_snapshot(share)
    with pytest.raises(exception.ShareBackendException):
        clone(driver, snapshot)


def test_status_of_a_share_without_a_job(driver, share):
    answer = driver.get_share_status(dict(share, status="available"))
    assert answer["status"] == "available"
    assert answer["progress"] == "100%"


def test_delete_while_it_is_copied(cluster, driver, share, node):
    fill(node, share)
    new = clone(driver, take(driver, share))
    driver.delete_share(CONTEXT, new)
    assert new["name"] not in cluster.filesets()


# ---- revert ----

def assert_quota(cluster, share, gib):
    quota = cluster.filesets()[share["name"]]["quota"]
    assert quota["block_hard"] == gib << 20


@pytest.mark.parametrize("wait", [False, True])
def test_revert(cluster, share, node, wait, monkeypatch):
    from manila_native import gpfs
    monkeypatch.setattr(gpfs, "_polls_reverts", lambda: not wait)
    driver = make_driver(cluster.settings())
    fill(node, share)
    before = tree(node, path_of(share))
    snapshot = take(driver, share)
    node.run(["rm", "-r", path_of(share) + "/dir"], check=True)
    node.write_file(path_of(share) + "/file", "changed\n")
    answer = driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    if wait:
        assert answer is None
    else:
        assert answer == {"status": "reverting_to_snapshot"}
        answers = wait_for_job(driver, share, "reverting_to_snapshot")
        assert answers[-1]["status"] == "available"
    assert tree(node, path_of(share)) == before
    assert_quota(cluster, share, 2)


@pytest.mark.parametrize("resize, size", [("extend_share", 3),
                                          ("shrink_share", 1)])
def test_the_size_is_the_snapshot_s_again(cluster, driver, share, resize,
                                          size):
    snapshot = take(driver, share)
    getattr(driver, resize)(share, size)
    share["size"] = size
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    wait_for_job(driver, share, "reverting_to_snapshot")
    assert_quota(cluster, share, 2)


def test_a_failed_revert_has_a_status_of_its_own(cluster, driver, share):
    snapshot = take(driver, share)
    cluster.faults.add("mmrestorefs", status=1, stderr="bang\n", times=None)
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    answers = wait_for_job(driver, share, "reverting_to_snapshot")
    assert answers[-1]["status"] == "reverting_error"


def test_revert_to_nothing(driver, share):
    with pytest.raises(exception.ShareBackendException):
        driver.revert_to_snapshot(CONTEXT, make_snapshot(share), [], [])


# ---- size ----

def test_shrink(cluster, driver, share):
    driver.shrink_share(share, 1)
    assert_quota(cluster, share, 1)


def test_shrink_below_what_is_used(cluster, driver, share, node):
    node.run(["fallocate", "-l", "1100M", path_of(share) + "/big"],
             check=True)
    with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
        driver.shrink_share(share, 1)
    assert_quota(cluster, share, 2)


def test_usage(cluster, driver, share, node):
    node.run(["fallocate", "-l", "256M", path_of(share) + "/big"],
             check=True)
    other = make_share()
    driver.create_share(CONTEXT, other)
    cluster.journal.clear()
    told = driver.update_share_usage_size(
        CONTEXT, [share, other, make_share()])
    assert [each["id"] for each in told] == [share["id"], other["id"]]
    assert 0.25 <= told[0]["used_size"] < 0.3
    assert told[1]["used_size"] < 0.01
    assert all(each["gathered_at"].tzinfo is None for each in told)
    assert len(cluster.journal.lines("mmrepquota*")) == 1
