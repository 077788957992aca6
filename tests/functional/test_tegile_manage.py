# SPDX-License-Identifier: Apache-2.0
"""Datasets that become shares, and shares in other projects than today's."""

import json

import pytest

from manila import exception

from tests.backends.intelliflash import Assumptions, GiB, MiB, TiB
from tests.functional.drivers import make_rule, make_snapshot, update
from tests.functional.tegile_drivers import (
    CONTEXT, FIRMWARES, NEW, OLD, Array, access, asked, clone_of, create,
    located, make_driver, make_share, paths, snapshot_of)

PROTOCOLS = ("NFS", "CIFS")


@pytest.fixture(params=FIRMWARES)
def array(request):
    with Array(firmware=request.param,
               projects=("openstack", "legacy")) as array:
        yield array


@pytest.fixture
def driver(array):
    return make_driver(array)


def location_of(made):
    """Where an operator sees a dataset."""
    ip = made.pool.floating_ips[0]
    return (f"{ip}:{made.mount_point}" if made.protocol == "NFS"
            else f"\\\\{ip}\\{made.display_name}")


def found(array, project="legacy", name="accounts", proto="NFS", quota=2 * GiB,
          **settings):
    """A dataset made by hand, and the share that it is to be."""
    made = array.add_share("pool-a", project, name, proto, quota, **settings)
    made.put("precious", b"data")
    return made, located(make_share(size=0, share_proto=proto),
                         [{"path": location_of(made)}])


def manage(driver, share, **options):
    answer = driver.manage_existing(share, options)
    share["size"] = answer["size"]
    return located(share, answer["export_locations"])


def live(array, driver, share, made):
    """Every operation on a share, which is that dataset."""
    size = share["size"]
    driver.extend_share(share, size + 2)
    assert made.quota == (size + 2) * GiB
    driver.shrink_share(share, size + 1)
    assert made.quota == (size + 1) * GiB
    share["size"] = size + 1
    rules = [make_rule("alice", access_type="user"),
             make_rule("bobby", "ro", access_type="user")]
    if share["share_proto"] == "NFS":
        rules += [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert made.users == {"alice": "rw", "bobby": "ro"}
    assert update(driver, share, rules[1:], delete=rules[:1]) == []
    assert made.users == {"bobby": "ro"}
    assert update(driver, share, rules[1:]) == []
    told = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert told["status"] == "available"
    assert paths(told["export_locations"]) == paths(
        share["export_locations"])
    assert paths(driver.ensure_share(CONTEXT, share)) == paths(
        share["export_locations"])
    usage, = driver.update_share_usage_size(CONTEXT, [share])
    assert usage["used_size"] == pytest.approx(made.used / GiB)
    snapshot = snapshot_of(driver, share)
    before = made.contents
    clone = clone_of(driver, snapshot)
    assert array.share(clone["name"]).contents == before
    assert array.share(clone["name"]).project is made.project
    live_of_a_clone(driver, clone, array)
    made.put("later", b"x")
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    assert made.contents == before
    driver.delete_snapshot(CONTEXT, snapshot)
    assert not made.snapshots
    driver.delete_share(CONTEXT, share)
    assert made.path not in array.shares


def live_of_a_clone(driver, clone, array):
    driver.extend_share(clone, clone["size"] + 1)
    rule = make_rule("carol", access_type="user")
    assert update(driver, clone, [rule], add=[rule]) == []
    assert access(array, clone) == {"carol": "rw"}
    assert update(driver, clone, [], delete=[rule]) == []
    assert access(array, clone) == {}
    driver.delete_share(CONTEXT, clone)


# ---- manage ----

@pytest.mark.parametrize("proto", PROTOCOLS)
def test_a_managed_share_s_life(array, driver, proto):
    made, share = found(array, proto=proto)
    manage(driver, share)
    assert share["size"] == 2
    assert paths(share["export_locations"])[0] == location_of(made)
    live(array, driver, share, made)


def test_a_quota_without_an_end_is_none():
    with Array(NEW) as array:
        driver = make_driver(array)
        array.add_share("pool-a", "openstack", "legacy", "NFS")
        share = located(make_share(), [
            {"path": "198.51.100.20:/export/openstack/legacy"}])
        array.fault("getShareProperty", how="status", status=200,
                    body=json.dumps({"propertyKey": "quotaInByte",
                                     "propertyValue": 2 ** 63 - 1}).encode())
        try:
            size = driver.manage_existing(share, {})["size"]
        except exception.ManageInvalidShare:
            size = None     # it has none, and needs one
        assert size in (None, 2 ** 33)


#: From 3.7 the share can be asked for, and from 3.10 that tells all.
QUESTIONS = {"3.5.1": ["listShares", "listPools", "listShares"],
             "3.7.0": ["getShare", "isShareExposedOverNFS",
                       "getDatasetSpaceInfo"],
             "3.10.0": ["getShare", "getDatasetSpaceInfo"]}


@pytest.mark.parametrize("firmware", QUESTIONS)
def test_what_is_asked_of_a_share_to_manage(firmware):
    with Array(firmware, projects=("openstack", "legacy")) as array:
        driver = make_driver(array)
        _, share = found(array)
        methods = asked(array, manage, driver, share)
        n = len(QUESTIONS[firmware])
        start = methods.index("listShares") + 1
        assert methods[start:start + n] == QUESTIONS[firmware]


@pytest.mark.parametrize("firmware", [OLD, NEW])
@pytest.mark.parametrize("assumption", [
    {"nfs_name": "share"}, {"cifs_name": "share"},
    {"display_name": "project-share"}, {"display_name": "share"},
    {"floating_ip": "last"}, {"openstack_errors": "text"},
    {"string_numbers": True}, {"deny_absent": "error"},
    {"mountpoints_listed": False}], ids=str)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_managed_shares_however_arrays_are(firmware, assumption, proto):
    with Array(firmware, projects=("openstack", "legacy"),
               assumptions=Assumptions(**assumption)) as array:
        driver = make_driver(array)
        made, share = found(array, proto=proto)
        other, _ = found(array, name="accounts2", proto=proto)
        if assumption.get(f"{proto.lower()}_name") == "share":
            path = location_of(made)
            for name in (made.mount_point, made.display_name):
                path = path.replace(name, made.name)
            located(share, [{"path": path}])
        manage(driver, share)
        live(array, driver, share, made)
        assert other.contents == {"precious": b"data"}


@pytest.mark.parametrize("quota, given, size", [
    (2 * GiB, None, 2), (GiB + MiB, None, 2), (5 * GiB, "3", 3),
    (2 * GiB, 7, 7), (0, "4", 4), (300 * MiB, None, 1)])
def test_the_size_of_a_managed_share(array, driver, quota, given, size):
    made, share = found(array, quota=quota)
    manage(driver, share, **({"size": given} if given else {}))
    assert share["size"] == size
    assert made.quota == size * GiB


def test_manage_again(array, driver):
    """After a call whose answer was lost."""
    _, share = found(array)
    first = driver.manage_existing(share, {})
    assert driver.manage_existing(share, {}) == first


def refused(driver, share, text="", **options):
    with pytest.raises(exception.ManageInvalidShare, match=text or "."):
        driver.manage_existing(share, options)


def test_what_can_t_be_managed(array, driver):
    made, share = found(array, quota=0)
    refused(driver, share, "size=N")
    made.write(3 * GiB)
    refused(driver, share, "holds", size="2")
    assert made.quota == 0
    ip = made.pool.floating_ips[0]
    for path in (f"{ip}:/export/legacy/gone", f"{ip}:/export/gone/accounts",
                 f"{ip}:", "nonsense", "", f"\\\\{ip}\\gone", f"{ip}:/",
                 f"{ip}:/export/../legacy/accounts"):
        refused(driver, located(make_share(size=0), [{"path": path}]))
    refused(driver, make_share(size=0), "location")
    assert made.quota == 0 and len(array.shares) == 1


@pytest.mark.parametrize("size", ["many", "-1", "1.5", ""])
def test_sizes_that_are_none(array, driver, size):
    made, share = found(array)
    with pytest.raises((exception.ManilaException, ValueError)):
        driver.manage_existing(share, {"size": size})
    assert made.quota == 2 * GiB


@pytest.mark.parametrize("proto, other", [PROTOCOLS, PROTOCOLS[::-1]])
def test_a_share_of_the_other_protocol(array, driver, proto, other):
    made, share = found(array, proto=proto)
    share["share_proto"] = other
    refused(driver, share)
    assert made.contents == {"precious": b"data"}


def test_neighbours_are_not_mistaken(array, driver):
    """Names that are parts of others, and mount points that tell lies."""
    wanted, share = found(array, name="acc", proto="CIFS",
                          display_name="legacy_accounts")
    other, _ = found(array, name="accounts", proto="CIFS",
                     display_name="elsewhere")
    manage(driver, share)
    driver.extend_share(share, 9)
    assert (wanted.quota, other.quota) == (9 * GiB, 2 * GiB)
    liar, share = found(array, name="liar",
                        mount_point="/export/legacy/honest")
    honest, _ = found(array, name="honest",
                      mount_point="/export/legacy/real")
    manage(driver, share)
    driver.extend_share(share, 9)
    assert (liar.quota, honest.quota) == (9 * GiB, 2 * GiB)
    driver.delete_share(CONTEXT, share)
    assert "pool-a/Local/legacy/honest" in array.shares
    assert "pool-a/Local/legacy/liar" not in array.shares


@pytest.mark.parametrize("default", ["openstack", "finance", "finance_team"])
def test_display_names_that_two_shares_could_have(default):
    """The array makes them of the project, "_" or "-", and the name."""
    with Array(NEW, projects=("openstack", "finance",
                              "finance_team")) as array:
        driver = make_driver(array, tegile_default_project=default)
        one, share = found(array, "finance", "team-docs", "CIFS")
        two, other = found(array, "finance_team", "docs", "CIFS")
        manage(driver, share)
        manage(driver, other)
        driver.extend_share(share, 5)
        driver.extend_share(other, 7)
        assert (one.quota, two.quota) == (5 * GiB, 7 * GiB)
        share["size"], other["size"] = 6, 8
        told = driver.ensure_shares(CONTEXT, [share, other])
        assert {each["status"] for each in told.values()} == {"available"}
        assert (one.quota, two.quota) == (6 * GiB, 8 * GiB)
        driver.delete_share(CONTEXT, share)
        assert list(array.shares) == [two.path]


def test_unmanage(array, driver):
    made, share = found(array)
    manage(driver, share)
    rules = [make_rule("10.0.0.1")]
    update(driver, share, rules, add=rules)
    assert asked(array, driver.unmanage, share) == []
    assert array.may(made.path, "10.0.0.1") == "rw"
    again = located(make_share(size=0), share["export_locations"])
    assert driver.manage_existing(again, {})["size"] == 2


def test_a_share_of_ours_is_managed_again(array, driver):
    for proto in PROTOCOLS:
        share = create(driver, size=3, share_proto=proto)
        driver.unmanage(share)
        again = located(make_share(size=0, share_proto=proto),
                        share["export_locations"])
        manage(driver, again)
        live(array, driver, again, array.share(share["name"]))


def test_round_trips_of_a_managed_share(array, driver):
    """It has another name than Manila's, which is tried first; then two or
    three listings find it."""
    _, share = found(array)
    manage(driver, share)
    quota = "resizeShare" if array.state.firmware < (3, 7) else (
        "modifyShareProperties")
    assert asked(array, driver.extend_share, share, 3) == [
        quota, "listShares", quota]


# ---- a changed tegile_default_project ----

@pytest.mark.parametrize("proto", PROTOCOLS)
def test_a_changed_project_orphans_nothing(array, driver, proto):
    share = create(driver, size=2, share_proto=proto)
    made = array.share(share["name"])
    later = make_driver(array, tegile_default_project="legacy")
    live(array, later, share, made)
    fresh = create(later)
    assert array.share(fresh["name"]).project.name == "legacy"


@pytest.mark.parametrize("proto", PROTOCOLS)
def test_shares_without_known_locations(array, driver, proto):
    """As long as Manila knows none."""
    share = create(driver, share_proto=proto)
    del share["export_locations"]
    later = make_driver(array, tegile_default_project="legacy")
    later.extend_share(share, 3)
    assert array.share(share["name"]).quota == 3 * GiB
    rule = make_rule("alice", access_type="user")
    update(driver, share, [rule], add=[rule])
    assert update(later, share, [], delete=[rule]) == []
    assert access(array, share) == {}
    later.delete_share(CONTEXT, share)
    assert array.shares == {}


def test_a_project_that_is_gone(array, driver):
    share = create(driver)
    made = array.share(share["name"])
    later = make_driver(array, tegile_default_project="legacy")
    del array.pools["pool-a"].projects["openstack"]
    for call in (later.extend_share, later.shrink_share):
        with pytest.raises(exception.ManilaException,
                           match=share["name"]):
            call(share, 2)
    later.delete_share(CONTEXT, share)
    later.delete_snapshot(CONTEXT, make_snapshot(share))
    assert later.update_share_usage_size(CONTEXT, [share]) == []
    assert later.ensure_shares(CONTEXT, [share])[share["id"]][
        "status"] == "error"
    assert made.quota == GiB


def test_many_projects_are_listed_once_each(driver, array):
    """Whatever the number of shares that moved."""
    shares = [create(driver, share_proto=proto)
              for proto in PROTOCOLS for _ in range(10)]
    managed = [manage(driver, found(array, name=f"m{i}", proto=proto)[1])
               for i, proto in enumerate(PROTOCOLS * 5)]
    later = make_driver(array, tegile_default_project="legacy")
    array.journal.clear()
    told = later.ensure_shares(CONTEXT, shares + managed)
    assert {each["status"] for each in told.values()} == {"available"}
    assert len(array.journal.calls("listShares")) == 2
    array.journal.clear()
    usage = later.update_share_usage_size(CONTEXT, shares + managed)
    assert len(usage) == 30
    assert len(array.journal.calls("listShares")) == 2


def test_the_pool_of_a_share_is_not_guessed():
    with Array(pools={"a": TiB, "b": TiB}) as array:
        driver = make_driver(array)
        share = create(driver, pool="a")
        share["host"] = "host@tegile#b"
        driver.delete_share(CONTEXT, share)
        assert array.share(share["name"])
