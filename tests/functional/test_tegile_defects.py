# SPDX-License-Identifier: Apache-2.0
"""The in-tree Tegile driver's defects: each shown there, and gone here."""

import time
from unittest import mock

import pytest

from manila import exception

from tests.backends.intelliflash import Assumptions, GiB
from tests.functional import drivers
from tests.functional.drivers import make_rule, update
from tests.functional.tegile_drivers import (
    CONTEXT, FIRMWARES, NEW, OLD, Array, access, clone_of, create, fails,
    located, make_driver, make_in_tree_driver, make_share, new_driver,
    snapshot_of)

TREE = exception.ManilaException


@pytest.fixture(params=FIRMWARES)
def array(request):
    with Array(firmware=request.param) as array:
        yield array


@pytest.fixture
def driver(array):
    return make_driver(array)


@pytest.fixture
def in_tree(array):
    return make_in_tree_driver(array)


def share_of(driver, **changes):
    """A share that the in-tree driver made."""
    share = make_share(**changes)
    return located(share, [driver.create_share(CONTEXT, share)])


def test_1_certificates_are_checked(recwarn):
    with Array(certificate="self-signed") as array:
        make_in_tree_driver(array).get_share_stats(refresh=True)
        careful = new_driver(array)
        careful.do_setup(CONTEXT)
        fails(careful.check_for_setup_error, code="HOSTKEY",
              text="tegile_ssl_cert_path")
        assert len(array.journal.calls("listSystemProperties")) == 0
        make_driver(array, tegile_ssl_cert_path=array.certificate_file)
        make_driver(array, tegile_ssl_cert_verify=False)


def test_1_an_array_that_hangs_is_left():
    with Array() as array:
        in_tree = make_in_tree_driver(array)
        with mock.patch("requests.get", side_effect=RuntimeError) as get:
            with pytest.raises(RuntimeError):
                in_tree.get_share_stats(refresh=True)
        assert "timeout" not in get.call_args.kwargs
        driver = new_driver(array, tegile_request_timeout=1,
                            tegile_operation_timeout=1)
        driver.do_setup(CONTEXT)
        array.fault("createShare", how="hang", times=None)
        fails(driver.create_share, CONTEXT, make_share(), code="TIMEDOUT")


def test_2_what_was_done_is_not_done_twice(array, driver, in_tree):
    def lose_reply():
        array.fault("createShare", when="after", how="reset")

    lose_reply()
    with mock.patch.object(time, "sleep"):      # half a minute
        with pytest.raises(TREE, match="already exists"):
            in_tree.create_share(CONTEXT, make_share())
    lose_reply()
    array.journal.clear()
    share = create(driver)
    assert len(array.journal.calls("createShare")) == 1
    assert array.share(share["name"]).quota == GiB


@pytest.mark.parametrize("code", ["BUSY", "SUSPENDED", "REQUEST_EXIST"])
def test_2_a_busy_array_is_asked_again(array, driver, in_tree, code):
    for made_by, expected in ((in_tree, TREE), (driver, None)):
        fault = array.fault("createShare", how="error", code=code)
        if expected:
            with pytest.raises(expected):
                made_by.create_share(CONTEXT, make_share())
        else:
            made_by.create_share(CONTEXT, make_share())
        assert fault.hits == 1


def test_3_the_size_is_the_quota(array, driver, in_tree):
    old = share_of(in_tree, size=3)
    assert array.share(old["name"]).quota == 0
    new = create(driver, size=3)
    assert array.share(new["name"]).quota == 3 * GiB
    clone = clone_of(driver, snapshot_of(driver, new), size=5)
    assert array.share(clone["name"]).quota == 5 * GiB
    # and those that the old driver made get theirs at the first start
    driver.ensure_shares(CONTEXT, [old])
    assert array.share(old["name"]).quota == 3 * GiB


def test_4_a_resync_cuts_nobody_off(array, driver, in_tree):
    share = create(driver)
    rules = [make_rule("10.0.0.1")]
    update(driver, share, rules, add=rules)
    for made_by, lost in ((in_tree, True), (driver, False)):
        watch = array.watch(share["name"], "10.0.0.1")
        made_by.update_access(CONTEXT, share, rules, [], [], [])
        assert watch.lost is lost
        assert access(array, share) == {"10.0.0.1": "rw"}


def test_4_updated_rules_are_not_forgotten(array, driver, in_tree):
    for made_by, level in ((in_tree, "rw"), (driver, "ro")):
        share = create(driver)
        changed, new = make_rule("10.0.0.1"), make_rule("10.0.0.2")
        update(driver, share, [changed], add=[changed])
        changed = dict(changed, access_level="ro")
        made_by.update_access(CONTEXT, share, [changed, new], [new], [],
                              [changed])
        assert access(array, share) == {"10.0.0.1": level, "10.0.0.2": "rw"}


def test_4_a_bad_rule_fails_alone(array, driver, in_tree):
    good = make_rule("10.0.0.1")
    bad = make_rule("x", access_type="cert")
    share = create(driver)
    with pytest.raises(exception.InvalidShareAccess):
        in_tree.update_access(CONTEXT, share, [bad, good], [bad, good], [],
                              [])
    assert access(array, share) == {}
    assert update(driver, share, [bad, good], add=[bad, good]) == [bad]
    assert access(array, share) == {"10.0.0.1": "rw"}
    with pytest.raises(exception.InvalidShareAccess):
        in_tree.update_access(CONTEXT, share, [good], [], [bad], [])
    assert update(driver, share, [good], delete=[bad]) == []


def test_5_failures_inside_http_200_are_failures():
    with Array(OLD, assumptions=Assumptions(snapshot_refusal="200")) as array:
        driver = make_driver(array)
        snapshot = snapshot_of(driver, create(driver))
        clone_of(driver, snapshot)
        make_in_tree_driver(array).delete_snapshot(CONTEXT, snapshot)
        assert array.shares     # and the snapshot is there still
        fails(driver.delete_snapshot, CONTEXT, snapshot, code="BUSY")


def test_5_a_command_status_is_looked_at():
    with Array(NEW) as array:
        driver = make_driver(array)
        share = create(driver)
        array.fault("modifyShareProperties", how="enum")
        fails(driver.extend_share, share, 2, code="REMOTE",
              text="command status 2")


def test_6_no_clone_is_destroyed(array, driver, in_tree):
    array.assume(snapshot_refusal="200")
    for made_by in (in_tree, driver):
        share = create(driver)
        array.share(share["name"]).put("a", b"1")
        snapshot = snapshot_of(driver, share)
        clone = clone_of(driver, snapshot)
        for call, thing in ((made_by.delete_snapshot, snapshot),
                            (made_by.delete_share, share)):
            try:
                call(CONTEXT, thing)
            except TREE:
                assert made_by is driver and array.state.firmware < (3, 7)
        paths = [path for path in array.shares if clone["name"] in path]
        assert bool(paths) is (made_by is driver)


def test_7_a_shrink_looks_at_what_is_used(array, driver, in_tree):
    array.assume(resize_below_used="accept")
    share = create(driver, size=4)
    made = array.share(share["name"])
    made.write(3 * GiB)
    in_tree.shrink_share(share, 1)
    assert made.quota == GiB
    driver.extend_share(share, 4)
    with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
        driver.shrink_share(share, 1)
    assert made.quota == 4 * GiB


def test_8_many_shares_are_ensured_at_once(array, driver, in_tree):
    with pytest.raises(NotImplementedError):
        in_tree.ensure_shares(CONTEXT, [])
    with pytest.raises(NotImplementedError):
        in_tree.get_backend_info(CONTEXT)
    shares = [create(driver) for _ in range(20)]
    gone = make_share()
    with pytest.raises(TREE):
        in_tree.ensure_share(CONTEXT, gone)
    array.journal.clear()
    told = driver.ensure_shares(CONTEXT, [gone, *shares])
    assert [each["status"] for each in told.values()] == (
        ["error"] + ["available"] * 20)
    assert len(array.journal) < 6
    assert driver.get_backend_info(CONTEXT)


@pytest.mark.parametrize("proto", ["NFS", "CIFS"])
def test_9_a_changed_project_orphans_no_share(proto):
    with Array(projects=("openstack", "other")) as array:
        share = create(make_driver(array), share_proto=proto)
        with pytest.raises(TREE):
            make_in_tree_driver(
                array, tegile_default_project="other").extend_share(share, 2)
        driver = make_driver(array, tegile_default_project="other")
        driver.extend_share(share, 2)
        assert array.share(share["name"]).quota == 2 * GiB
        snapshot = snapshot_of(driver, share)
        clone = clone_of(driver, snapshot)
        assert array.share(clone["name"]).project.name == "openstack"


def test_10_set_up_finds_what_is_wrong(array):
    for changes, code in (
            ({"tegile_nas_password": None}, "CONFIG"),
            ({"tegile_nas_password": "wrong"}, "AUTH"),
            ({"tegile_default_project": "gone"}, "CONFIG")):
        old = make_in_tree_driver(array, **changes)
        old.do_setup(CONTEXT)
        old.check_for_setup_error()     # is content
        new = new_driver(array, **changes)

        def set_up():
            new.do_setup(CONTEXT)
            new.check_for_setup_error()
        fails(set_up, code=code)


def test_11_stats_are_numbers_and_true(array, driver, in_tree):
    array.assume(string_stats=True)
    old = in_tree.get_share_stats(refresh=True)
    assert isinstance(old["total_capacity_gb"], str)
    new = driver.get_share_stats(refresh=True)
    for each in (new, *new["pools"]):
        assert isinstance(each["total_capacity_gb"], float)
        assert isinstance(each["free_capacity_gb"], float)
        assert each["qos"] is False
        assert each["revert_to_snapshot_support"] is True
    assert not any("QoS_support" in pool for pool in new["pools"])


def test_12_errors_are_short_and_have_classes(array, driver, in_tree):
    page = b"<html>\n" + b"x" * 100000 + b"</html>"
    errors = []
    for made_by in (in_tree, driver):
        array.fault("createShare", how="status", status=500, body=page)
        with pytest.raises(exception.TegileAPIException) as caught:
            made_by.create_share(CONTEXT, make_share())
        errors.append(str(caught.value))
    assert len(errors[0]) > 100000 and "\n" in errors[0]
    assert len(errors[1]) < 1000 and "\n" not in errors[1]
    assert "openstack/createShare" in errors[1]


def test_12_nothing_secret_is_in_an_error(array):
    driver = make_driver(array)
    array.fault(None, how="status", status=500, body=b"no", times=None)
    for call in (driver.create_share, driver.delete_share):
        with pytest.raises(TREE) as caught:
            call(CONTEXT, make_share())
        assert array.password not in repr(caught.value)


def test_13_who_can_be_given_access(array, driver):
    """Addresses and users of NFS, users of CIFS; each says so."""
    ip, user = make_rule("10.0.0.1"), make_rule("alice", access_type="user")
    nfs, cifs = create(driver), create(driver, share_proto="CIFS")
    assert update(driver, nfs, [ip, user], add=[ip, user]) == []
    assert update(driver, cifs, [ip, user], add=[ip, user]) == [ip]
    with pytest.raises(exception.InvalidShareAccess, match="Only USER"):
        driver.allow_access(CONTEXT, cifs, ip)
    with pytest.raises(exception.InvalidShareAccess, match="IP or USER"):
        driver.allow_access(CONTEXT, nfs, drivers.make_rule(
            "x", access_type="cert"))
