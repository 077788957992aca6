# SPDX-License-Identifier: Apache-2.0
"""Snapshots on the simulated array, and what becomes of them."""

import itertools

import pytest

from manila import exception

from tests.backends.intelliflash import Assumptions, GiB, MiB, TiB
from tests.functional import drivers
from tests.functional.drivers import make_rule, update
from tests.functional.tegile_drivers import (
    CONTEXT, FIRMWARES, NEW, OLD, PROJECT, Array, access, asked, clone_of,
    create, fails, located, make_driver, make_share, paths, snapshot_of)

PROTOCOLS = ("NFS", "CIFS")
AUTO = "Auto-LF-Day-011714-21:15"


@pytest.fixture(params=FIRMWARES)
def array(request):
    with Array(firmware=request.param) as array:
        yield array


@pytest.fixture
def driver(array):
    return make_driver(array)


@pytest.fixture(params=PROTOCOLS)
def share(request, driver, array):
    share = create(driver, size=4, share_proto=request.param)
    array.share(share["name"]).put("a", b"old")
    return share


@pytest.fixture
def nfs(driver, array):
    share = create(driver, size=4)
    array.share(share["name"]).put("a", b"old")
    return share


def is_old(array):
    return array.state.firmware < (3, 7)


def snapshots(array, share):
    return list(array.share(share["name"]).snapshots)


# ---- create and delete ----

def test_create_and_delete(array, driver, share):
    snapshot = snapshot_of(driver, share)
    assert snapshots(array, share) == [f"Manual-S-{snapshot['name']}"]
    array.share(share["name"]).put("a", b"new")
    taken, = array.share(share["name"]).snapshots.values()
    assert taken.contents == {"a": b"old"}
    driver.create_snapshot(CONTEXT, snapshot)       # it is there already
    assert len(snapshots(array, share)) == 1
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(array, share) == []
    driver.delete_snapshot(CONTEXT, snapshot)


def test_round_trips(array, driver, nfs):
    """That a snapshot is complete only its status tells."""
    snapshot = drivers.make_snapshot(nfs)
    assert asked(array, driver.create_snapshot, CONTEXT, snapshot) == [
        "createShareSnapshot", "getShareSnapshotCreationStatus"]
    quota = "resizeShare" if is_old(array) else "modifyShareProperties"
    # the clone's own name is to be found; its parent's rules are not its own
    assert asked(array, clone_of, driver, snapshot) == [
        "cloneShareSnapshot", "getShareIPAndMountPoint", "clearAccessRules",
        quota]
    other = snapshot_of(driver, nfs)
    assert asked(array, driver.revert_to_snapshot, CONTEXT, other, [],
                 []) == ["rollBackToShareSnapshot"]
    assert asked(array, driver.delete_snapshot, CONTEXT, other) == [
        "deleteShareSnapshot"]
    assert array.connections == 1


@pytest.mark.parametrize("wrapped", [False, True])
def test_snapshots_that_take_time(array, driver, nfs, wrapped):
    array.assume(snapshot_polls=1, wrapped_snapshot_status=wrapped)
    snapshot = snapshot_of(driver, nfs)
    assert array.share(nfs["name"]).snapshots[
        f"Manual-S-{snapshot['name']}"].complete
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(array, nfs) == []


def test_a_snapshot_that_is_being_made_is_not_absent(array, driver, nfs):
    """Manila would forget it, and it would come after all."""
    snapshot = drivers.make_snapshot(nfs)
    array.assume(snapshot_polls=2)
    array.add_snapshot(nfs["name"], f"Manual-S-{snapshot['name']}").polls = 1
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(array, nfs) == []


def test_a_snapshot_that_the_array_can_t_take(array, driver, nfs):
    array.fault("createShareSnapshot", how="empty")     # does nothing
    fails(driver.create_snapshot, CONTEXT, drivers.make_snapshot(nfs),
          code="REMOTE", text="could not take")


def test_a_snapshot_of_no_share(array, driver):
    share = make_share()
    snapshot = drivers.make_snapshot(share)
    fails(driver.create_snapshot, CONTEXT, snapshot, code="NOTFOUND",
          text=share["name"])
    driver.delete_snapshot(CONTEXT, snapshot)
    assert array.shares == {}


BAD_NAMES = ["a b", "a\nb", "../x", "a/b", "a,b", "a'b", 'a"b', "a\x01b",
             "a*", "$(id)", "x" * 256]
BAD_LOCATIONS = ["p/Local/o/s@a/b", "p/Local/o/s@a@b", "p/Local/o/s@a\nb",
                 "p/Local/o/s@", "p/Local/o/s@a b", "@", "a/b", "a\tb",
                 "s@" + "x" * 256]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda n: ascii(n[:9]))
def test_hostile_names_are_refused_before_anything_is_sent(name):
    with Array(NEW) as array:
        driver = make_driver(array)
        snapshot = drivers.make_snapshot(make_share(), name=name)
        refuse_all(array, driver, snapshot)


@pytest.mark.parametrize("name", BAD_LOCATIONS, ids=lambda n: ascii(n[:16]))
def test_hostile_locations_are_refused_before_anything_is_sent(name):
    with Array(NEW) as array:
        driver = make_driver(array)
        snapshot = drivers.make_snapshot(make_share(),
                                         provider_location=name)
        refuse_all(array, driver, snapshot)


def refuse_all(array, driver, snapshot):
    for call in (driver.create_snapshot, driver.delete_snapshot):
        fails(call, CONTEXT, snapshot, code="INVAL")
    fails(driver.create_share_from_snapshot, CONTEXT, make_share(), snapshot,
          code="INVAL")
    fails(driver.revert_to_snapshot, CONTEXT, snapshot, [], [],
          code="INVAL")
    assert len(array.journal) == 0


# ---- shares from snapshots ----

@pytest.mark.parametrize("size", [4, 9])
def test_a_share_from_a_snapshot(array, driver, share, size):
    snapshot = snapshot_of(driver, share)
    array.share(share["name"]).put("a", b"new")
    clone = clone_of(driver, snapshot, size=size)
    made = array.share(f"{PROJECT}/{clone['name']}")
    assert made.contents == {"a": b"old"}
    assert made.origin.endswith("@Manual-S-" + snapshot["name"])
    assert made.quota == size * GiB
    name = (made.mount_point if share["share_proto"] == "NFS"
            else made.display_name)
    assert all(path.endswith(name)
               for path in paths(clone["export_locations"]))
    assert len(clone["export_locations"]) == len(share["export_locations"])
    driver.extend_share(clone, size + 1)
    assert made.quota == (size + 1) * GiB


@pytest.mark.parametrize("keeps", list(itertools.product([False, True],
                                                         repeat=2)))
def test_a_clone_starts_without_rules_and_with_its_own_size(array, driver,
                                                            share, keeps):
    array.assume(clone_keeps_acls=keeps[0], clone_keeps_quota=keeps[1])
    rules = [make_rule("alice", access_type="user")]
    if share["share_proto"] == "NFS":
        rules.append(make_rule("10.0.0.1"))
    assert update(driver, share, rules, add=rules) == []
    clone = clone_of(driver, snapshot_of(driver, share), size=6)
    assert access(array, clone) == {}
    assert array.share(clone["name"]).quota == 6 * GiB
    assert set(access(array, share)) == {r["access_to"] for r in rules}


@pytest.mark.parametrize("name", ["new", "project-new"])
@pytest.mark.parametrize("polls", [0, 2])
def test_clones_of_other_names_that_take_time(array, driver, share, name,
                                              polls):
    array.assume(clone_name=name, clone_polls=polls)
    snapshot = snapshot_of(driver, share)
    clone = clone_of(driver, snapshot)
    full = {"new": "", "project-new": "openstack-"}[name] + clone["name"]
    made = array.share(f"{PROJECT}/{full}")
    assert made.quota == 4 * GiB
    # and all of its life
    driver.extend_share(clone, 5)
    assert made.quota == 5 * GiB
    rule = make_rule("alice", access_type="user")
    assert update(driver, clone, [rule], add=[rule]) == []
    assert made.users == {"alice": "rw"}
    assert update(driver, clone, [], delete=[rule]) == []
    assert made.users == {}
    clone["size"] = 5
    assert driver.ensure_shares(CONTEXT, [clone])[clone["id"]][
        "status"] == "available"
    made.write(GiB)
    usage, = driver.update_share_usage_size(CONTEXT, [clone])
    assert usage["used_size"] == 1.0
    taken = snapshot_of(driver, clone)
    driver.delete_snapshot(CONTEXT, taken)
    driver.delete_share(CONTEXT, clone)
    assert f"{PROJECT}/{full}" not in array.shares


def test_a_clone_that_is_there_is_adopted(array, driver, nfs):
    snapshot = snapshot_of(driver, nfs)
    clone = make_share(size=4)
    first = driver.create_share_from_snapshot(CONTEXT, clone, snapshot)
    assert driver.create_share_from_snapshot(
        CONTEXT, clone, snapshot, parent_share=nfs) == first


def test_no_clone_of_no_snapshot(array, driver, nfs):
    snapshot = drivers.make_snapshot(nfs)
    clone = make_share()
    fails(driver.create_share_from_snapshot, CONTEXT, clone, snapshot,
          code="NOTFOUND", text=snapshot["name"])
    assert list(array.shares) == [f"{PROJECT}/{nfs['name']}"]


def test_no_clone_in_another_pool():
    with Array(pools={"a": TiB, "b": TiB}) as array:
        driver = make_driver(array)
        snapshot = snapshot_of(driver, create(driver, pool="a"))
        array.journal.clear()
        fails(driver.create_share_from_snapshot, CONTEXT,
              make_share(pool="b"), snapshot, code="INVAL", text="pool")
        assert len(array.journal) == 0


@pytest.mark.parametrize("refusal", ["400", "200"])
def test_clones_survive_everything(array, driver, share, refusal):
    """From 3.7 on; before, whatever would hurt them is refused."""
    array.assume(snapshot_refusal=refusal)
    snapshot = snapshot_of(driver, share)
    other = snapshot_of(driver, share)
    clone = clone_of(driver, snapshot)
    if is_old(array):
        fails(driver.delete_snapshot, CONTEXT, snapshot, code="BUSY",
              text="need it")
        fails(driver.delete_share, CONTEXT, share, code="BUSY",
              text="delete those first")
        assert f"Manual-S-{snapshot['name']}" in snapshots(array, share)
        assert array.share(share["name"]).contents == {"a": b"old"}
        driver.delete_share(CONTEXT, clone)
    else:
        driver.delete_snapshot(CONTEXT, snapshot)
        driver.delete_snapshot(CONTEXT, other)
        driver.delete_share(CONTEXT, share)
        assert list(array.shares) == [f"{PROJECT}/{clone['name']}"]
        assert array.share(clone["name"]).contents == {"a": b"old"}
        driver.delete_share(CONTEXT, clone)
        assert array.shares == {}
        return
    driver.delete_snapshot(CONTEXT, snapshot)
    driver.delete_share(CONTEXT, share)
    assert array.shares == {}


@drivers.hasty
def test_nobody_is_told_of_clones_that_may_not_be():
    """Before 3.7 the array can't be asked for them, and it is busy for other
    reasons, too."""
    with Array(OLD) as array:
        driver = make_driver(array, tegile_operation_timeout=1)
        share = create(driver)
        snapshot_of(driver, share)
        array.fault("deleteShareSnapshot", how="error", code="BUSY",
                    times=None)
        fails(driver.delete_share, CONTEXT, share, code="BUSY",
              text="if shares that were made from its snapshots need it")


@pytest.mark.parametrize("method", ["clearAccessRules", "resizeShare",
                                    "modifyShareProperties"])
def test_a_clone_that_can_t_be_finished_is_taken_back(driver, array, share,
                                                      method):
    """It has its parent's rules, which nobody gave it."""
    rule = make_rule("alice", access_type="user")
    update(driver, share, [rule], add=[rule])
    snapshot = snapshot_of(driver, share)
    fault = array.fault(method, how="error", code="GENERAL")
    clone = make_share(size=4, share_proto=share["share_proto"])
    try:
        driver.create_share_from_snapshot(CONTEXT, clone, snapshot)
    except exception.ManilaException:
        assert list(array.shares) == [f"{PROJECT}/{share['name']}"]
        driver.create_share_from_snapshot(CONTEXT, clone, snapshot)
    else:
        assert not fault.hits       # the other firmware's method
    assert access(array, clone) == {}
    assert access(array, share) == {"alice": "rw"}


def test_a_clone_without_room_for_what_it_would_take_over():
    """The snapshots of a deleted share count in its clones' sizes."""
    with Array(NEW) as array:
        driver = make_driver(array)
        parent = create(driver, size=2)
        array.share(parent["name"]).write(3 * GiB // 2)
        clone = clone_of(driver, snapshot_of(driver, parent))
        made = array.share(clone["name"])
        made.delete_data(GiB)
        made.write(GiB)
        fails(driver.delete_share, CONTEXT, parent, code="NOSPACE",
              text="extend those")
        assert array.share(parent["name"]).snapshots
        assert made.contents == {"data": 3 * GiB // 2}
        driver.extend_share(clone, 3)
        driver.delete_share(CONTEXT, parent)
        assert list(array.shares) == [made.path]
        assert made.contents == {"data": 3 * GiB // 2}


@pytest.mark.parametrize("array", FIRMWARES[1:], indirect=True)
def test_clones_of_clones(driver, array, nfs):
    clone = clone_of(driver, snapshot_of(driver, nfs))
    second = clone_of(driver, snapshot_of(driver, clone))
    driver.delete_share(CONTEXT, clone)
    driver.delete_share(CONTEXT, nfs)
    assert list(array.shares) == [f"{PROJECT}/{second['name']}"]
    assert array.share(second["name"]).contents == {"a": b"old"}


def test_deleting_a_clone_leaves_its_parent(array, driver, share):
    snapshot = snapshot_of(driver, share)
    clone = clone_of(driver, snapshot)
    driver.delete_share(CONTEXT, clone)
    assert array.share(share["name"]).contents == {"a": b"old"}
    assert len(snapshots(array, share)) == 1


# ---- revert ----

def test_revert(array, driver, share):
    snapshot = snapshot_of(driver, share)
    made = array.share(share["name"])
    made.put("a", b"new")
    made.put("b", b"more")
    driver.extend_share(share, 9)
    share["size"] = 9
    assert driver.revert_to_snapshot(CONTEXT, snapshot, [], []) is None
    assert made.contents == {"a": b"old"}
    assert made.quota == 4 * GiB
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    assert made.contents == {"a": b"old"}


def test_revert_of_a_share_that_was_shrunk(array, driver, nfs):
    made = array.share(nfs["name"])
    made.write(3 * GiB)
    snapshot = snapshot_of(driver, nfs)
    made.quota = 3 * GiB + MiB      # as after a shrink
    nfs["size"] = 3
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    assert made.quota == 4 * GiB


@pytest.mark.parametrize("size", [2, 4, 9])
@pytest.mark.parametrize("how", ["later", "clone", "schedule"])
def test_a_revert_that_would_destroy_something(array, driver, nfs, how,
                                               size):
    snapshot = snapshot_of(driver, nfs)
    if how == "schedule":
        array.add_snapshot(nfs["name"], AUTO)
    else:
        later = snapshot_of(driver, nfs)
        if how == "clone":
            clone = clone_of(driver, later)
    driver.extend_share(nfs, size)
    nfs["size"] = size
    made = array.share(nfs["name"])
    made.put("a", b"new")
    before = snapshots(array, nfs)
    fails(driver.revert_to_snapshot, CONTEXT, snapshot, [], [], code="BUSY",
          text="nothing was changed")
    assert made.contents == {"a": b"new"}
    assert made.quota == size * GiB
    assert snapshots(array, nfs) == before
    assert how != "clone" or array.share(clone["name"])


@pytest.mark.parametrize("lost", [
    {"how": "error", "code": "REQUEST_TIMEOUT"},
    {"how": "status", "status": 504}], ids=str)
@drivers.hasty
def test_a_revert_of_which_nobody_knows(array, lost):
    """Nothing is said of what was or was not changed."""
    driver = make_driver(array, tegile_request_timeout=1,
                         tegile_operation_timeout=1)
    nfs = create(driver)
    snapshot = snapshot_of(driver, nfs)
    array.fault("rollBackToShareSnapshot", when="after", times=None, **lost)
    text = fails(driver.revert_to_snapshot, CONTEXT, snapshot, [], [],
                 code="BUSY")
    assert "changed" not in text and "stand in the way" not in text


def test_a_revert_that_is_refused_in_words(array, driver, nfs):
    array.assume(rollback_refusal="words")
    snapshot = snapshot_of(driver, nfs)
    array.add_snapshot(nfs["name"], AUTO)
    fails(driver.revert_to_snapshot, CONTEXT, snapshot, [], [],
          code="REMOTE", text="later snapshots")


def test_a_clone_of_the_snapshot_itself_does_no_harm(array, driver, nfs):
    snapshot = snapshot_of(driver, nfs)
    clone = clone_of(driver, snapshot)
    array.share(nfs["name"]).put("a", b"new")
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    assert array.share(nfs["name"]).contents == {"a": b"old"}
    assert array.share(clone["name"]).contents == {"a": b"old"}


def test_revert_to_nothing(array, driver, nfs):
    snapshot = drivers.make_snapshot(nfs, size=9)
    fails(driver.revert_to_snapshot, CONTEXT, snapshot, [], [],
          code="NOTFOUND", text=snapshot["name"])
    assert array.share(nfs["name"]).contents == {"a": b"old"}
    assert array.share(nfs["name"]).quota == 4 * GiB


# ---- manage ----

@pytest.mark.parametrize("regex", ["whole", "part"])
@pytest.mark.parametrize("given", [
    "{share}@Manual-S-mine", "Manual-S-mine", "mine"])
def test_manage(array, driver, nfs, given, regex):
    array.assume(regex=regex)
    array.add_snapshot(nfs["name"], "Manual-S-mine-not")
    array.add_snapshot(nfs["name"], "Manual-S-mine")
    path = f"{PROJECT}/{nfs['name']}"
    snapshot = drivers.make_snapshot(
        nfs, size=None, provider_location=given.format(share=path))
    answer = driver.manage_existing_snapshot(snapshot, {})
    assert answer == {"size": 4,
                      "provider_location": f"{path}@Manual-S-mine"}
    snapshot.update(answer)
    clone = clone_of(driver, snapshot)
    assert array.share(clone["name"]).contents == {"a": b"old"}
    driver.delete_share(CONTEXT, clone)
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(array, nfs) == ["Manual-S-mine-not"]


def test_a_scheduled_snapshot_is_managed(array, driver, nfs):
    """Its name has a colon, which no name of ours may have."""
    array.add_snapshot(nfs["name"], AUTO)
    snapshot = drivers.make_snapshot(nfs, provider_location=AUTO)
    snapshot.update(driver.manage_existing_snapshot(snapshot, {}))
    array.share(nfs["name"]).put("a", b"new")
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    assert array.share(nfs["name"]).contents == {"a": b"old"}
    assert driver.unmanage_snapshot(snapshot) is None
    assert snapshots(array, nfs) == [AUTO]
    driver.delete_snapshot(CONTEXT, snapshot)
    assert snapshots(array, nfs) == []


@pytest.mark.parametrize("given", ["gone", "Manual-S-", "min", ".*",
                                   "Manual-S-mine.", "mine@mine"])
def test_what_can_t_be_managed(array, driver, nfs, given):
    array.add_snapshot(nfs["name"], "Manual-S-mine")
    snapshot = drivers.make_snapshot(nfs, provider_location=given)
    with pytest.raises(exception.ManageInvalidShareSnapshot):
        driver.manage_existing_snapshot(snapshot, {})
    assert snapshots(array, nfs) == ["Manual-S-mine"]


def test_a_managed_snapshot_of_no_share(driver):
    snapshot = drivers.make_snapshot(make_share(), provider_location="x")
    with pytest.raises(exception.ManageInvalidShareSnapshot):
        driver.manage_existing_snapshot(snapshot, {})


@pytest.mark.parametrize("firmware", [OLD, NEW])
@pytest.mark.parametrize("assumption", [
    {"string_numbers": True}, {"openstack_errors": "text"},
    {"openstack_void": "null"}, {"openstack_void": "zero"},
    {"extended_data": "array"}, {"message_key": "messages"},
    {"nfs_name": "share"}, {"cifs_name": "share"},
    {"display_name": "share"}, {"floating_ip": "rotate"},
    {"snapshot_refusal": "200"}, {"mountpoints_listed": False}], ids=str)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_a_snapshot_s_life_however_arrays_are(firmware, assumption, proto):
    with Array(firmware, assumptions=Assumptions(**assumption)) as array:
        driver = make_driver(array)
        share = create(driver, size=2, share_proto=proto)
        array.share(share["name"]).put("a", b"old")
        snapshot = snapshot_of(driver, share)
        array.share(share["name"]).put("a", b"new")
        clone = clone_of(driver, snapshot)
        assert array.share(clone["name"]).contents == {"a": b"old"}
        driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
        assert array.share(share["name"]).contents == {"a": b"old"}
        driver.delete_share(CONTEXT, clone)
        for _ in range(2):
            driver.delete_snapshot(CONTEXT, snapshot)
        driver.delete_share(CONTEXT, located(share, []))
        assert array.shares == {}
