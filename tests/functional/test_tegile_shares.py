# SPDX-License-Identifier: Apache-2.0
"""Shares on the simulated array: made, resized, looked after, deleted."""

import json
import threading

import pytest

from manila import exception

from tests.backends.intelliflash import Assumptions, GiB, MiB, TiB
from tests.functional import drivers
from tests.functional.tegile_drivers import (
    CONTEXT, FIRMWARES, NEW, OLD, PROJECT, Array, asked, create, fails,
    located, make_driver, make_share, new_driver, paths, snapshot_of)

PROTOCOLS = ("NFS", "CIFS")


@pytest.fixture
def array():
    """Of the newest firmware."""
    with Array(firmware=NEW) as array:
        yield array


@pytest.fixture
def driver(array):
    return make_driver(array)


@pytest.fixture(params=FIRMWARES)
def any_array(request):
    with Array(firmware=request.param) as array:
        yield array


@pytest.fixture
def any_driver(any_array):
    return make_driver(any_array)


def several_ips(array):
    """Has the firmware getFloatingIPList?"""
    return array.state.firmware >= (3, 7, 1)


# ---- create and delete ----

@pytest.mark.parametrize("proto", PROTOCOLS)
def test_create_and_delete(any_array, any_driver, proto):
    share = make_share(size=3, share_proto=proto)
    locations = any_driver.create_share(CONTEXT, share)
    made = any_array.share(f"{PROJECT}/{share['name']}")
    assert (made.protocol, made.quota) == (proto, 3 * GiB)
    ips = ["198.51.100.20", "198.51.100.21"][:1 + several_ips(any_array)]
    form = ("{}:" + made.mount_point if proto == "NFS"
            else "\\\\{}\\" + made.display_name)
    assert paths(locations) == [form.format(ip) for ip in ips]
    assert not any(each["is_admin_only"] for each in locations)
    assert [each["metadata"]["preferred"] for each in locations] == [
        True, False][:len(ips)]
    any_driver.delete_share(CONTEXT, located(share, locations))
    assert any_array.shares == {}
    any_driver.delete_share(CONTEXT, share)


@pytest.mark.parametrize("proto", ["nfs", "cifs"])
def test_protocols_in_small_letters(array, driver, proto):
    share = create(driver, share_proto=proto)
    assert array.share(share["name"]).protocol == proto.upper()


@pytest.mark.parametrize("proto", ["GLUSTERFS", "HDFS", "CEPHFS", ""])
def test_other_protocols_are_refused(array, driver, proto):
    with pytest.raises(exception.InvalidShare):
        driver.create_share(CONTEXT, make_share(share_proto=proto))
    assert len(array.journal) == 0


def test_round_trips(any_array, any_driver):
    """Each of these requests is needed: the first call of the array makes
    the share, the second its quota, which openstack/createShare does not
    take; from 3.7.1 the pool's addresses are asked for once a minute."""
    quota = ["resizeShare" if any_array.state.firmware < (3, 7)
             else "modifyShareProperties"]
    ips = ["getFloatingIPList"] * several_ips(any_array)
    share = make_share()
    assert asked(any_array, any_driver.create_share, CONTEXT, share) == [
        "createShare", *quota, *ips]
    assert asked(any_array, any_driver.create_share, CONTEXT,
                 make_share()) == ["createShare", *quota]
    assert asked(any_array, any_driver.extend_share, share, 2) == quota
    used = ["listShares" if any_array.state.firmware < (3, 7)
            else "getDatasetSpaceInfo"]
    assert asked(any_array, any_driver.shrink_share, share, 1) == [
        *used, *quota]
    deleted = asked(any_array, any_driver.delete_share, CONTEXT, share)
    assert deleted == ["listSnapshots"] * (
        any_array.state.firmware < (3, 7)) + ["deleteShare"]
    assert any_array.connections == 1


def test_one_connection_for_everything(array, driver):
    for _ in range(3):
        share = create(driver)
        driver.extend_share(share, 2)
        driver.get_share_stats(refresh=True)
        driver.delete_share(CONTEXT, share)
    assert array.connections == 1


def test_an_array_that_closes_each_connection(array, driver):
    array.assume(keep_alive=False)
    for _ in range(3):
        share = create(driver)
        driver.delete_share(CONTEXT, share)
    assert array.shares == {}


@pytest.mark.parametrize("firmware", [OLD, NEW])
@pytest.mark.parametrize("assumption", [
    {"nfs_name": "share"}, {"cifs_name": "share"}, {"floating_ip": "last"},
    {"floating_ip": "rotate"}, {"display_name": "project-share"},
    {"display_name": "share"}, {"openstack_void": "zero"},
    {"openstack_void": "null"}, {"openstack_errors": "text"},
    {"string_numbers": True}, {"extended_data": "array"},
    {"extended_data": "missing"}, {"message_key": "messages"},
    {"quota_writable": True}, {"missing_project_fails": False},
    {"mountpoints_listed": False}],
    ids=str)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_a_share_s_life_however_arrays_are(firmware, assumption, proto):
    with Array(firmware, assumptions=Assumptions(**assumption)) as array:
        driver = make_driver(array)
        share = create(driver, size=2, share_proto=proto)
        made = array.share(share["name"])
        assert made.quota == 2 * GiB
        made.write(GiB + 1)
        with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
            driver.shrink_share(share, 1)
        driver.extend_share(share, 4)
        driver.shrink_share(share, 3)
        assert made.quota == 3 * GiB
        share["size"] = 3
        told = driver.ensure_shares(CONTEXT, [share])[share["id"]]
        assert told["status"] == "available"
        usage, = driver.update_share_usage_size(CONTEXT, [share])
        assert usage["used_size"] == pytest.approx(1 + 2 ** -30)
        driver.delete_share(CONTEXT, share)
        assert array.shares == {}
        driver.delete_share(CONTEXT, share)


def test_create_again_adopts_what_is_there(any_array, any_driver):
    share = make_share(size=2)
    any_array.add_share("pool-a", "openstack", share["name"])
    first = any_driver.create_share(CONTEXT, share)
    assert any_array.share(share["name"]).quota == 2 * GiB
    assert any_driver.create_share(CONTEXT, share) == first


def test_a_missing_project_is_told(any_array, any_driver):
    driver = make_driver(any_array)
    gone = new_driver(any_array, tegile_default_project="gone")
    gone.do_setup(CONTEXT)
    share = make_share()
    fails(gone.create_share, CONTEXT, share, code="NOTFOUND",
          text="create project gone in pool pool-a")
    gone.delete_share(CONTEXT, share)
    fails(driver.create_share, CONTEXT, make_share(pool="gone"),
          code="NOTFOUND", text="pool gone")
    assert any_array.shares == {}


def test_an_array_that_makes_projects(any_array):
    any_array.assume(create_project=True)
    driver = new_driver(any_array, tegile_default_project="fresh")
    driver.do_setup(CONTEXT)
    share = create(driver)
    assert any_array.share(f"pool-a/Local/fresh/{share['name']}")


def test_each_pool_has_its_shares():
    with Array(pools={"a": TiB, "b": TiB}) as array:
        driver = make_driver(array)
        for pool in "ab":
            share = create(driver, pool=pool)
            made = array.share(f"{pool}/Local/openstack/{share['name']}")
            assert all(p.partition(":")[0] in made.pool.floating_ips
                       for p in paths(share["export_locations"]))


def test_a_host_without_a_pool_is_refused(array, driver):
    share = make_share(host="host@tegile")
    fails(driver.create_share, CONTEXT, share, code="INVAL",
          text="names no pool")
    assert len(array.journal) == 0


def test_deleting_a_share_takes_its_snapshots(any_array, any_driver):
    share = create(any_driver)
    any_array.add_snapshot(share["name"], "Auto-LF-Day-011714-21:15")
    any_array.add_snapshot(share["name"], "Manual-S-by-hand")
    any_driver.delete_share(CONTEXT, share)
    assert any_array.shares == {}


BAD_NAMES = ["", " ", "a b", "a\nb", "../x", "..", ".", "a/b", "a\\b", "a@b",
             "a,b", "a'b", 'a"b', "a;b", "$(id)", "a*", "a?", "a#b", "a|b",
             "a\x01b", "a\x7fb", "<a>", "{a}", "[a]", "a%00b", "a:b", "a=b",
             "a~b", "a+b", "a^b", "a!b", "(a)", "x" * 256, "x" * 100000]


@pytest.mark.parametrize("project, name", [
    ("openstack", "backup-{}"), ("copies", "{}"), ("copies", "copies_{}")])
@pytest.mark.parametrize("default", ["openstack", "copies"])
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_copies_are_not_taken_for_a_share_that_is_gone(any_array, default,
                                                       proto, project, name):
    """Such as an administrator made before the share went."""
    any_array.add_project("pool-a", "copies")
    share = create(make_driver(any_array), share_proto=proto, size=2)
    driver = make_driver(any_array, tegile_default_project=default)
    driver.delete_share(CONTEXT, share)
    copy = any_array.add_share("pool-a", project, name.format(share["name"]),
                               proto, quota=GiB)
    driver.delete_share(CONTEXT, share)
    assert copy.path in any_array.shares
    fails(driver.extend_share, share, 3, code="NOTFOUND")
    told = driver.ensure_shares(CONTEXT, [share])
    assert told[share["id"]]["status"] == "error"
    assert driver.update_share_usage_size(CONTEXT, [share]) == []
    assert copy.quota == GiB


def test_a_share_is_deleted_where_it_is(any_array):
    """Its location does not tell the project, and the default one was
    changed: that nothing is there is not enough."""
    any_array.assume(nfs_name="share")
    any_array.add_project("pool-a", "fresh")
    share = create(make_driver(any_array), share_proto="NFS")
    driver = make_driver(any_array, tegile_default_project="fresh")
    driver.delete_share(CONTEXT, share)
    assert any_array.shares == {}


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda n: ascii(n[:9]))
def test_hostile_names_are_refused_before_anything_is_sent(array, driver,
                                                           name):
    share = make_share(name=name)
    for call in (driver.create_share, driver.delete_share):
        fails(call, CONTEXT, share, code="INVAL")
    fails(driver.extend_share, share, 2, code="INVAL")
    fails(driver.shrink_share, share, 1, code="INVAL")
    fails(driver.update_access, CONTEXT, share, [], [], [], [], code="INVAL")
    assert len(array.journal) == 0


@pytest.mark.parametrize("pool", ["../x", "..", "a/b", "a b", "a@b", "a\nb",
                                  "x" * 300])
def test_hostile_pools_are_refused_before_anything_is_sent(array, driver,
                                                           pool):
    share = make_share(pool=pool)
    for call in (driver.create_share, driver.delete_share):
        fails(call, CONTEXT, share, code="INVAL")
    fails(driver.extend_share, share, 2, code="INVAL")
    assert len(array.journal) == 0


@pytest.mark.parametrize("part", ["..", ".", "a b", "a@b"])
def test_hostile_locations_lead_nowhere(array, driver, part):
    share = make_share()
    share["export_locations"] = [
        {"path": f"198.51.100.20:/export/{part}/{share['name']}"}]
    fails(driver.extend_share, share, 2, code="INVAL")
    assert len(array.journal) == 0


# ---- size ----

def test_the_size_is_the_quota_from_the_start(any_array, any_driver):
    share = create(any_driver, size=1)
    with pytest.raises(OSError):
        any_array.share(share["name"]).write(GiB + 1)


def test_extend_and_shrink(any_array, any_driver):
    share = create(any_driver, size=1)
    made = any_array.share(share["name"])
    any_driver.extend_share(share, 7)
    assert made.quota == 7 * GiB
    made.write(2 * GiB)
    any_driver.shrink_share(share, 2)       # exactly what it holds
    assert made.quota == 2 * GiB
    with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
        any_driver.shrink_share(share, 1)
    assert made.quota == 2 * GiB


@pytest.mark.parametrize("resize", ["refuse", "accept"])
def test_shrink_counts_snapshots(any_array, any_driver, resize):
    any_array.assume(resize_below_used=resize)
    share = create(any_driver, size=4)
    made = any_array.share(share["name"])
    made.write(3 * GiB)
    snapshot_of(any_driver, share)
    made.delete_data(3 * GiB)
    any_array.journal.clear()
    with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
        any_driver.shrink_share(share, 2)
    assert made.quota == 4 * GiB
    assert len(any_array.journal) == 1      # nothing but the question


@pytest.mark.parametrize("total, available", [
    (None, None), (-1, -1), ("x", "y"), (1, 5), (True, []), (4.5, "")])
def test_no_shrink_where_the_used_space_is_not_told(any_array, any_driver,
                                                    total, available):
    any_array.assume(resize_below_used="accept")
    share = create(any_driver, size=4)
    made = any_array.share(share["name"])
    made.write(3 * GiB)
    for method, reply in (
            ("listShares", [{"name": share["name"], "totalSize": total,
                             "availableSize": available}]),
            ("getDatasetSpaceInfo", {"usedByDataAndSnapshot": available
                                     if available != 5 else -5})):
        any_array.fault(method, how="status", status=200,
                        body=json.dumps(reply).encode())
    fails(any_driver.shrink_share, share, 1, code="PROTO",
          text="no used space told")
    assert made.quota == 4 * GiB


def test_writes_that_overtake_a_shrink():
    """The array refuses the quota then: that is data loss, too."""
    def write(request):
        if request.method in ("getDatasetSpaceInfo", "listShares"):
            array.share(share["name"]).write(3 * GiB)

    for firmware in FIRMWARES:
        with Array(firmware, listener=write) as array:
            driver = make_driver(array)
            share = create(driver, size=4)
            with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
                driver.shrink_share(share, 2)
            assert array.share(share["name"]).quota == 4 * GiB


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_that_are_none(array, driver, size):
    share = create(driver)
    fails(driver.extend_share, share, size, code="INVAL")
    fails(driver.shrink_share, share, size, code="INVAL")
    assert array.share(share["name"]).quota == GiB


def test_absent_shares_are_not_resized(any_array, any_driver):
    share = make_share()
    fails(any_driver.extend_share, share, 2, code="NOTFOUND",
          text=share["name"])
    fails(any_driver.shrink_share, share, 2, code="NOTFOUND",
          text=share["name"])


# ---- many at once ----

def test_ensure_tells_the_locations(any_array, any_driver):
    shares = [create(any_driver, share_proto=proto) for proto in PROTOCOLS]
    told = any_driver.ensure_shares(CONTEXT, shares)
    for share in shares:
        assert told[share["id"]]["status"] == "available"
        assert told[share["id"]]["reapply_access_rules"] is False
        assert paths(told[share["id"]]["export_locations"]) == paths(
            share["export_locations"])
        assert paths(any_driver.ensure_share(CONTEXT, share)) == paths(
            share["export_locations"])


def test_ensure_mends_quotas(any_array, any_driver):
    none, other, full, fine, gone = [
        create(any_driver, size=n) for n in (1, 2, 3, 4, 5)]
    any_array.share(none["name"]).quota = 0
    any_array.share(other["name"]).quota = 7 * GiB
    any_array.share(full["name"]).quota = 0
    any_array.share(full["name"]).write(4 * GiB)
    any_driver.delete_share(CONTEXT, gone)
    told = any_driver.ensure_shares(CONTEXT, [none, other, full, fine, gone])
    assert [each["status"] for each in told.values()] == (
        ["available"] * 4 + ["error"])
    assert any_array.share(none["name"]).quota == GiB
    assert any_array.share(other["name"]).quota == 2 * GiB
    assert any_array.share(full["name"]).quota == 0     # holds more
    assert any_array.share(fine["name"]).quota == 4 * GiB


def test_ensure_when_the_pool_is_nearly_full(any_array, any_driver):
    """Quotas that the pool's room hides are right afterwards."""
    shares = [create(any_driver, size=n) for n in (100, 100, 100)]
    wrong = any_array.share(shares[2]["name"])
    wrong.quota = 0
    filler = any_array.add_share("pool-a", "openstack", "filler")
    filler.write(10 * TiB - 50 * GiB)
    any_array.journal.clear()
    told = any_driver.ensure_shares(CONTEXT, shares)
    assert {each["status"] for each in told.values()} == {"available"}
    for share in shares:
        assert any_array.share(share["name"]).quota == 100 * GiB
    # not one more for each share that is there
    assert len(any_array.journal.calls("listShares")) == 1
    assert len(any_array.journal.calls("listPools")) == 0


def test_ensure_follows_the_addresses(array, driver):
    share = create(driver)
    array.pools["pool-a"].floating_ips = ("192.0.2.1", "198.51.100.21",
                                          "192.0.2.3")
    told = driver.ensure_shares(CONTEXT, [share])[share["id"]]
    name = array.share(share["name"]).mount_point
    assert paths(told["export_locations"]) == [
        f"192.0.2.1:{name}", f"198.51.100.21:{name}", f"192.0.2.3:{name}"]


def test_ensure_without_addresses_takes_none_away(array, driver):
    shares = [create(driver) for _ in range(3)]
    array.fault("getFloatingIPList", when="before", how="error", times=None,
                code="EZEBI_GENERAL", status=500)
    array.journal.clear()
    told = driver.ensure_shares(CONTEXT, shares)
    assert {each["status"] for each in told.values()} == {"available"}
    # Manila leaves locations as they are when it is told of none
    assert not any(each["export_locations"] for each in told.values())
    assert len(array.calls("getFloatingIPList")) == 1


def test_ensure_follows_the_address_of_old_firmware():
    with Array(OLD) as array:
        driver = make_driver(array)
        shares = [create(driver) for _ in range(3)]
        array.pools["pool-a"].floating_ips = ("192.0.2.1",)
        told = driver.ensure_shares(CONTEXT, shares)
        for share in shares:
            assert paths(told[share["id"]]["export_locations"]) == [
                "192.0.2.1:" + array.share(share["name"]).mount_point]


def test_ensure_follows_the_mount_point(any_array, any_driver):
    share = create(any_driver)
    any_array.share(share["name"]).mount_point = "/export/elsewhere"
    told = any_driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert all(path.endswith(":/export/elsewhere")
               for path in paths(told["export_locations"]))


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_pool_that_is_gone_is_no_other_pool_s_trouble(firmware):
    with Array(firmware, pools={"a": TiB, "b": TiB}) as array:
        driver = make_driver(array)
        one, other = create(driver, pool="a"), create(driver, pool="b")
        homeless = make_share(host="host@tegile")
        del array.state.pools["b"]
        told = driver.ensure_shares(CONTEXT, [other, homeless, one])
        assert [told[share["id"]]["status"]
                for share in (one, other, homeless)] == [
                    "available", "error", "error"]
        usage = driver.update_share_usage_size(CONTEXT, [other, one])
        assert [each["id"] for each in usage] == [one["id"]]


@pytest.mark.parametrize("fault", [
    {"how": "error", "code": "SUSPENDED"}, {"how": "hang"},
    {"how": "error", "code": "GENERAL"}, {"how": "not-json"}])
@pytest.mark.parametrize("firmware", FIRMWARES)
@drivers.hasty
def test_a_pool_that_can_t_be_listed_is_no_other_pool_s_trouble(firmware,
                                                                fault):
    """Nor does it take all the time that there is."""
    with Array(firmware, pools={"a": TiB, "b": TiB}) as array:
        driver = make_driver(array, tegile_request_timeout=1,
                             tegile_operation_timeout=6)
        one, other = create(driver, pool="a"), create(driver, pool="b")
        array.fault("listShares", times=None,
                    where=lambda r: r.params[0] == "b", **fault)
        told = driver.ensure_shares(CONTEXT, [other, one])
        assert [told[share["id"]]["status"] for share in (one, other)] == [
            "available", "error"]
        if fault["how"] == "error":
            usage = driver.update_share_usage_size(CONTEXT, [other, one])
            assert [each["id"] for each in usage] == [one["id"]]


def test_a_copy_is_not_taken_for_a_share_that_can_t_be_listed(any_array,
                                                              any_driver):
    """Its project can't be listed; another one, where a share of that name
    is, too, can."""
    any_array.add_project("pool-a", "copies")
    copied, other = create(any_driver, size=2), make_share()
    copy = any_array.add_share("pool-a", "copies", copied["name"], quota=GiB)
    located(other, [{"path": f"198.51.100.20:/export/copies/{other['name']}"}])
    any_array.add_share("pool-a", "copies", other["name"], quota=GiB)
    any_array.fault("listShares", how="error", code="GENERAL", times=None,
                    where=lambda r: r.params[1] == "openstack")
    told = any_driver.ensure_shares(CONTEXT, [other, copied])
    assert told[copied["id"]]["status"] == "error"
    assert copy.quota == GiB


def test_ensure_when_a_name_is_in_several_projects():
    """Such as copies that an administrator keeps."""
    projects = ("a", "openstack", "z")
    for firmware in FIRMWARES:
        with Array(firmware, projects=projects) as array:
            driver = make_driver(array)
            shares = [create(driver, size=2) for _ in range(9)]
            shares += [create(make_driver(array, tegile_default_project="z"),
                              size=2, share_proto="NFS") for _ in range(9)]
            copies = [array.add_share("pool-a", project, share["name"],
                                      quota=GiB)
                      for share in shares for project in projects
                      if f"/{project}/" not in paths(
                          share["export_locations"])[0]]
            # one that is nowhere makes the driver list all projects
            told = driver.ensure_shares(CONTEXT, [make_share(), *shares])
            assert [told[share["id"]]["export_locations"]
                    for share in shares] == [share["export_locations"]
                                             for share in shares]
            assert {copy.quota for copy in copies} == {GiB}


def test_ensure_sets_no_quota_where_sizes_are_not_told():
    with Array(OLD) as array:
        array.assume(resize_below_used="accept")
        driver = make_driver(array)
        share = create(driver, size=1)
        made = array.share(share["name"])
        made.quota = 0
        made.write(3 * GiB)
        array.fault("listShares", how="status", status=200, body=json.dumps(
            [{"name": share["name"], "totalSize": None}]).encode())
        driver.ensure_shares(CONTEXT, [share])
        assert made.quota == 0


def test_ensure_asks_for_a_pool_s_addresses_once():
    with Array("3.7.1") as array:
        driver = make_driver(array)
        shares = [create(driver, share_proto="NFS") for _ in range(5)]
        for share in shares:
            array.share(share["name"]).mount_point = f"/x/{share['name']}"
        methods = asked(array, driver.ensure_shares, CONTEXT, shares)
        assert methods.count("getFloatingIPList") == 1


def test_a_location_that_can_t_be_told_is_one_share_s_trouble(array, driver):
    """The display name of a managed share may belong to several shares of
    the listing, which are asked about."""
    array.add_share("pool-a", "openstack", "data", "CIFS")
    share = create(driver)
    managed = located(make_share(share_proto="CIFS"), [
        {"path": r"\\198.51.100.20\openstack_data-2"}])
    array.fault("getShareIPAndMountPoint", how="error", code="GENERAL",
                times=None, where=lambda r: r.params[0].endswith("/data"))
    told = driver.ensure_shares(CONTEXT, [managed, share])
    assert [told[each["id"]]["status"] for each in (managed, share)] == [
        "error", "available"]


def test_shares_of_a_pool_that_is_away_are_not_deleted(any_array,
                                                       any_driver):
    """It may be on its way to the other controller."""
    share = create(any_driver)
    snapshot = snapshot_of(any_driver, share)
    pool = any_array.state.pools.pop("pool-a")
    fails(any_driver.delete_share, CONTEXT, share, code="REMOTE",
          text="pool-a")
    fails(any_driver.delete_snapshot, CONTEXT, snapshot, code="REMOTE")
    fails(any_driver.update_access, CONTEXT, share, [], [], [], [],
          code="REMOTE")
    any_array.state.pools["pool-a"] = pool
    any_driver.delete_share(CONTEXT, share)
    assert any_array.shares == {}


def not_found(array, *methods):
    """What the array answers once while the pool comes back."""
    for method in methods:
        array.fault(method, how="status", status=404, body=json.dumps(
            {"code": "EZEBI_RESOURCE_NOT_FOUND",
             "message": "dataset does not exist"}).encode())


def test_a_pool_that_was_away_for_an_instant_has_its_shares(any_array,
                                                            any_driver):
    """What is not found is only deleted if it is not listed either."""
    share = create(any_driver)
    not_found(any_array, "deleteShare")
    fails(any_driver.delete_share, CONTEXT, share, code="NOTFOUND")
    not_found(any_array, "deleteShare", "listShares")
    fails(any_driver.delete_share, CONTEXT, share, code="NOTFOUND")
    not_found(any_array, "resizeShare", "modifyShareProperties", "listShares")
    fails(any_driver.extend_share, share, 2, code="NOTFOUND",
          text="dataset does not exist")
    any_array.clear_faults()
    not_found(any_array, "listShares")
    told = any_driver.ensure_shares(CONTEXT, [share])[share["id"]]
    assert told["status"] == "available"
    any_driver.delete_share(CONTEXT, share)
    assert any_array.shares == {}


@pytest.mark.parametrize("project", ["openstack", "legacy"])
def test_a_pool_that_goes_away_while_it_is_searched(project):
    """Its projects are told, and then not found."""
    with Array(NEW, projects=("openstack", "legacy")) as array:
        share = create(make_driver(array, tegile_default_project=project))
        snapshot = snapshot_of(make_driver(array), share)
        driver = make_driver(array, tegile_default_project="openstack")
        for call, given in ((driver.delete_share, share),
                            (driver.delete_snapshot, snapshot)):
            not_found(array, "deleteShare", "deleteShareSnapshot")
            array.fault("listSnapshots", how="status", status=404, body=b'''
                {"code": "EZEBI_RESOURCE_NOT_FOUND", "message": "x"}''')
            array.fault("listShares", how="status", status=404, times=None,
                        body=b'''{"code": "EZEBI_RESOURCE_NOT_FOUND",
                                 "message": "dataset does not exist"}''')
            fails(call, CONTEXT, given, code="REMOTE", text="or not now")
            array.clear_faults()
        assert list(array.shares) == [f"pool-a/Local/{project}/"
                                      + share["name"]]


def test_ensure_never_raises(array, driver):
    share = create(driver)
    array.fault("listShares", how="error", code="GENERAL", times=None)
    told = driver.ensure_shares(CONTEXT, [share])
    assert told[share["id"]]["status"] == "error"


def test_one_share_s_trouble_is_its_own(array, driver):
    shares = [create(driver, size=2) for _ in range(3)]
    bad = shares[1]
    for share in shares:
        array.share(share["name"]).quota = GiB
    array.fault("modifyShareProperties", how="error", code="GENERAL",
                times=None, where=lambda r: bad["name"] in r.params[0])
    told = driver.ensure_shares(CONTEXT, shares)
    assert [told[share["id"]]["status"] for share in shares] == [
        "available", "error", "available"]


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_ten_thousand_shares_cost_a_handful_of_requests(firmware):
    with Array(firmware, pools={"a": 100 * TiB, "b": 100 * TiB}) as array:
        driver = make_driver(array)
        shares = []
        for i in range(10000):
            share = make_share(pool="ab"[i % 2], share_proto="NFS")
            made = array.add_share("ab"[i % 2], "openstack", share["name"],
                                   quota=GiB)
            ip = made.pool.floating_ips[0]
            shares.append(located(share, [
                {"path": f"{ip}:{made.mount_point}"}]))
        told = driver.ensure_shares(CONTEXT, shares)
        assert {each["status"] for each in told.values()} == {"available"}
        # for each pool a listing, and what tells its addresses
        assert len(array.journal) == 4, array.journal.methods()[:9]
        assert asked(array, driver.update_share_usage_size, CONTEXT,
                     shares) == ["listShares"] * 2


def test_used_sizes(any_array, any_driver):
    shares = [create(any_driver, size=3, share_proto=proto)
              for proto in PROTOCOLS]
    any_array.share(shares[0]["name"]).write(GiB)
    any_array.share(shares[1]["name"]).write(512 * MiB)
    snapshot_of(any_driver, shares[1])
    any_array.share(shares[1]["name"]).delete_data(512 * MiB)
    any_array.journal.clear()
    usage = any_driver.update_share_usage_size(
        CONTEXT, [*shares, make_share()])
    assert [(u["id"], u["used_size"]) for u in usage] == [
        (shares[0]["id"], 1.0), (shares[1]["id"], 0.5)]
    assert any_driver.update_share_usage_size(CONTEXT, []) == []


# ---- what the array has ----

@pytest.mark.parametrize("strings", [True, False])
def test_stats(any_array, any_driver, strings):
    any_array.assume(string_stats=strings)
    any_array.add_share("pool-a", "openstack", "x").write(TiB)
    stats = any_driver.get_share_stats(refresh=True)
    wanted = {"vendor_name": "Tegile Systems Inc.",
              "storage_protocol": "NFS_CIFS", "qos": False,
              "total_capacity_gb": 10240.0, "free_capacity_gb": 9216.0,
              "snapshot_support": True, "ipv4_support": True,
              "ipv6_support": False, "driver_handles_share_servers": False,
              "create_share_from_snapshot_support": True,
              "revert_to_snapshot_support": True,
              "mount_snapshot_support": False}
    assert {key: stats[key] for key in wanted} == wanted
    pool, = stats["pools"]
    wanted = {"pool_name": "pool-a", "total_capacity_gb": 10240.0,
              "free_capacity_gb": 9216.0, "allocated_capacity_gb": 0.0,
              "qos": False, "reserved_percentage": 0,
              "revert_to_snapshot_support": True}
    assert {key: pool[key] for key in wanted} == wanted
    assert any_driver.get_network_allocations_number() == 0
    assert any_array.connections == 1


def test_stats_ask_twice(array, driver):
    assert asked(array, driver.get_share_stats, refresh=True) == [
        "listSystemProperties", "getArrayStats"]


def test_stats_of_the_chosen_pools():
    pools = {"a": TiB, "b": 2 * TiB, "c": 4 * TiB}
    with Array(pools=pools) as array:
        stats = make_driver(array).get_share_stats(refresh=True)
        assert [p["pool_name"] for p in stats["pools"]] == ["a", "b", "c"]
        stats = make_driver(array, tegile_pools=["c", "a"]).get_share_stats(
            refresh=True)
        assert [p["pool_name"] for p in stats["pools"]] == ["a", "c"]
        assert stats["total_capacity_gb"] == 5 * 1024


@pytest.mark.parametrize("reply", [
    b'{"pools":null}', b'{"pools":{}}', b"[]",
    b'{"total_capacity_gb":3,"pools":[{"pool_name":""},{"pool_name":5}]}'])
@pytest.mark.parametrize("pools, named", [([], False), (["pool-a"], True)])
def test_stats_without_pools(array, reply, pools, named):
    driver = make_driver(array, tegile_pools=pools)
    array.fault("getArrayStats", how="status", status=200, body=reply)
    text = fails(driver.get_share_stats, True, code="PROTO",
                 text="getArrayStats tells of no pool")
    assert ("tegile_pools" in text) is named


def test_stats_follow_a_firmware_update():
    """Asked anew each time: what 3.7.1 has is used as soon as it is there."""
    with Array(OLD) as array:
        driver = make_driver(array)
        assert len(create(driver)["export_locations"]) == 1
        array.set_firmware("3.7.1")
        driver.get_share_stats(refresh=True)
        assert len(create(driver)["export_locations"]) == 2


def test_get_pool(any_array, any_driver):
    share = create(any_driver)
    assert asked(any_array, any_driver.get_pool, share) == []
    assert any_driver.get_pool(share) == "pool-a"


def test_get_pool_of_a_host_without_one():
    with Array(pools={"a": TiB, "b": TiB}) as array:
        driver = make_driver(array)
        share = create(driver, pool="b")
        share["host"] = "host@tegile"
        assert driver.get_pool(share) == "b"
        fails(driver.get_pool, make_share(host="host@tegile"),
              code="NOTFOUND")


def test_backend_info_changes_with_the_options(array, driver):
    info = driver.get_backend_info(CONTEXT)
    assert info and info == make_driver(array).get_backend_info(CONTEXT)
    array.add_project("pool-a", "other")
    for changes in ({"tegile_default_project": "other"},
                    {"tegile_pools": ["pool-a"]}):
        assert make_driver(array, **changes).get_backend_info(
            CONTEXT) != info


def test_backend_info_changes_with_the_addresses():
    """Manila has shares looked after at its start only when it does."""
    with Array("3.7.0", pools={"a": TiB, "b": TiB}) as array:
        def info():
            return make_driver(array).get_backend_info(CONTEXT)

        infos = [info()]
        array.set_firmware("3.7.1")     # has getFloatingIPList
        infos.append(info())
        array.pools["b"].floating_ips += ("198.51.100.99",)
        infos.append(info())
        for i, each in enumerate(infos):
            assert infos.index(each) == i
        # their order is the array's own affair
        for pool in array.pools.values():
            pool.floating_ips = pool.floating_ips[::-1]
        assert info() == infos[-1]
        assert asked(array, make_driver(array).get_backend_info,
                     CONTEXT) == ["getFloatingIPList"]
        array.fault("getFloatingIPList", how="error", code="GENERAL")
        assert info()


# ---- set-up ----

def set_up(array, **changes):
    driver = new_driver(array, **changes)
    driver.do_setup(CONTEXT)
    driver.check_for_setup_error()


def test_check_for_setup_error(any_array):
    set_up(any_array)
    set_up(any_array, tegile_pools=["pool-a"])


@pytest.mark.parametrize("changes, text", [
    ({"tegile_nas_server": None}, "tegile_nas_server"),
    ({"tegile_nas_login": None}, "tegile_nas_login"),
    ({"tegile_nas_password": None}, "tegile_nas_password"),
    ({"tegile_nas_password": ""}, "tegile_nas_password"),
    ({"tegile_pools": ["pool-a", "gone"]}, "no pool gone"),
    ({"tegile_default_project": "gone"}, "project gone"),
])
def test_bad_options_are_told_by_name(array, changes, text):
    fails(lambda: set_up(array, **changes), code="CONFIG", text=text)


@pytest.mark.parametrize("answer", ["401", "403", "200"])
def test_a_wrong_password_is_told(answer):
    with Array(assumptions=Assumptions(wrong_password=answer)) as array:
        fails(lambda: set_up(array, tegile_nas_password="wrong"),
              code="AUTH", text="tegile_nas_password")
        assert len(array.journal) == 1      # no second try locks it out


@pytest.mark.parametrize("firmware, fine", [
    ("2.1.2.1", False), ("3.4.9", False), ("3.5.0.1", False),
    ("3.5.1", True), ("3.5.1.0-170912", True), ("3.11.6.6", True),
    ("4.0", True)])
def test_firmware_of_all_ages(firmware, fine):
    with Array(firmware) as array:
        if fine:
            set_up(array)
        else:
            fails(lambda: set_up(array), code="CONFIG", text="3.5.1")


def test_a_project_in_some_pools():
    """Enough if nobody named the pools; else it must be in each."""
    with Array(pools={"a": TiB, "b": TiB}, projects=()) as array:
        array.add_project("b", "openstack")
        set_up(array)
        set_up(array, tegile_pools=["b"])
        fails(lambda: set_up(array, tegile_pools=["a", "b"]), code="CONFIG",
              text="openstack")


def test_an_array_without_pools():
    with Array(pools={}) as array:
        fails(lambda: set_up(array), code="CONFIG", text="no pool")


def test_32_callers_at_once(array, driver):
    failures = []

    def live(share):
        try:
            located(share, driver.create_share(CONTEXT, share))
            driver.extend_share(share, 2)
            assert array.share(share["name"]).quota == 2 * GiB
            driver.delete_share(CONTEXT, share)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=live, args=[make_share()])
               for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert array.shares == {}
