# SPDX-License-Identifier: Apache-2.0
"""What is not right yet."""

import json

import pytest

from manila import exception

from tests.backends.intelliflash import GiB
from tests.functional.drivers import make_rule, update
from tests.functional.tegile_drivers import (
    CONTEXT, NEW, OLD, Array, asked, create, located, make_driver, make_share)

pytestmark = pytest.mark.xfail(strict=True)


def test_taking_rules_away_opens_no_share():
    """An administrator stopped to share it; an array may let everybody in
    where there is no ACL."""
    with Array(NEW) as array:
        array.assume(empty_acl_open=True)
        driver = make_driver(array)
        share = create(driver, share_proto="NFS")
        array.share(share["name"]).access.nfs_on = False
        watch = array.watch(share["name"], "192.0.2.9")
        rule = make_rule("192.0.2.1")
        update(driver, share, [], delete=[rule])
        assert watch.levels == [None]


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


def test_users_in_another_case_keep_their_access():
    """Names of Windows users have none."""
    with Array(NEW) as array:
        driver = make_driver(array)
        share = create(driver, share_proto="CIFS")
        rule = make_rule("Alice", access_type="user")
        update(driver, share, [rule], add=[rule])
        array.fault("getShare", how="status", status=200, body=json.dumps(
            {"aclList": [{"aclType": "User", "aclUser": "alice",
                          "aclValDisplay": "rwx", "aclMode": "Allow"}]}
            ).encode())
        array.journal.clear()
        update(driver, share, [rule])
        assert "shareDenyAccess" not in array.journal.methods()


def test_ensure_asks_for_a_pool_s_addresses_once():
    with Array("3.7.1") as array:
        driver = make_driver(array)
        shares = [create(driver, share_proto="NFS") for _ in range(5)]
        for share in shares:
            array.share(share["name"]).mount_point = f"/x/{share['name']}"
        methods = asked(array, driver.ensure_shares, CONTEXT, shares)
        assert methods.count("getFloatingIPList") == 1
