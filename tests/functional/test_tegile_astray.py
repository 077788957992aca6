# SPDX-License-Identifier: Apache-2.0
"""Access to shares that are not where they are likely to be, or nowhere."""

import pytest

from manila_native import exceptions
from tests.functional import drivers
from tests.functional.tegile_worlds import GONE, KEPT, World, make_driver


@pytest.fixture(params=["3.5.1", "3.7.1"])
def world(request):
    world = World(request.param)
    yield world
    world.close()


@pytest.mark.parametrize("error", [(404, "EZEBI_RESOURCE_NOT_FOUND"), None])
@pytest.mark.parametrize("proto, kind, who", [
    ("CIFS", "user", "mary"), ("NFS", "user", "mary"), ("NFS", "ip", GONE)])
def test_deny_after_the_project_was_changed(world, proto, kind, who, error):
    """What is not found may be the share, not the rule."""
    if error:
        world.array.assume(deny_absent="error", deny_absent_error=error)
    share = world.make_share(share_proto=proto)
    drivers.located(share, world.driver.create_share(None, share))
    share["export_locations"] = share["export_locations"][:1]
    share["export_locations"][0]["path"] = "\\\\198.51.100.20\\other"
    rule = drivers.make_rule(who, access_type=kind)
    assert world.update(share, [rule], add=[rule]) == []
    assert world.may(share, who) == "rw"
    world.array.add_project("pool-a", "new")
    world.driver = make_driver(world.array, tegile_default_project="new")
    assert world.update(share, [], delete=[rule]) == []
    assert world.may(share, who) is None
    assert world.update(share, [], delete=[rule]) == []


def test_no_access_to_what_is_gone(world):
    """Before Manila deletes a share it takes all rules away."""
    share = world.create()
    rule = drivers.make_rule(KEPT)
    assert world.update(share, [rule], add=[rule]) == []
    world.driver.delete_share(None, share)
    assert world.update(share, []) == []
    assert world.update(share, [], delete=[rule]) == []
    with pytest.raises(exceptions.TegileException):
        world.update(share, [rule], add=[rule])
    world.driver.delete_share(None, share)


def test_acl_that_makes_no_sense(world):
    """It is not written back, and nobody's access is lost."""
    if world.firmware == "3.5.1":
        pytest.skip("has no list to read")
    share = world.create()
    rule, fresh = drivers.make_rule(KEPT), drivers.make_rule(GONE)
    assert world.update(share, [rule], add=[rule]) == []
    for how in ("duplicate-keys", "enum"):
        world.array.fault("getNFSNetworkACLsOnShare", how=how, when="after")
        world.array.journal.clear()
        with pytest.raises(exceptions.TegileException):
            world.update(share, [rule, fresh], add=[fresh])
        assert not world.array.calls("setNFSNetworkACLsOnShare")
        assert world.may(share, KEPT) == "rw"
    assert world.update(share, [rule, fresh], add=[fresh]) == []
    assert world.may(share, GONE) == "rw"
