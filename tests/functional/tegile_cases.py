# SPDX-License-Identifier: Apache-2.0
"""The operations that change something on an array, for tests that disturb
each of them at each of its steps."""

from manila_native import exceptions
from tests.backends.intelliflash import GiB
from tests.functional import drivers
from tests.functional.tegile_worlds import GONE, KEPT, NEW, STRANGER


class Case:
    """prepare() once, then run() as often as Manila repeats it; at the end
    check() says whether all is as it is to be. share is what errors name.
    """

    def __init__(self, world):
        self.world = world
        self.driver = world.driver
        self.prepare()

    def prepare(self):
        self.share = self.world.create()

    def nobody(self, share=None):
        for client in (KEPT, GONE, NEW, STRANGER):
            assert self.world.may(share or self.share, client) is None


class Create(Case):
    def prepare(self):
        self.share = self.world.make_share(size=3)

    def run(self):
        drivers.located(self.share, self.driver.create_share(None,
                                                             self.share))

    def check(self):
        assert self.world.quota(self.share) == 3
        assert self.share["export_locations"][0]["path"].endswith(
            f":/export/openstack/{self.share['name']}")
        self.nobody()


class Delete(Case):
    def run(self):
        self.driver.delete_share(None, self.share)

    def check(self):
        assert not self.world.has(self.share)


class DeleteWithSnapshot(Delete):
    def prepare(self):
        super().prepare()
        self.world.snap(self.share)


class Extend(Case):
    size = 7

    def run(self):
        self.driver.extend_share(self.share, self.size)

    def check(self):
        assert self.world.quota(self.share) == self.size


class Shrink(Extend):
    size = 2

    def prepare(self):
        self.share = self.world.create(self.world.make_share(size=5))

    def run(self):
        self.driver.shrink_share(self.share, self.size)


class Access(Case):
    """One rule stays, one goes, one comes."""

    def prepare(self):
        super().prepare()
        self.kept, self.gone, self.new = map(drivers.make_rule,
                                             (KEPT, GONE, NEW))
        self.world.update(self.share, [self.kept, self.gone],
                          add=[self.kept, self.gone])
        self.watch = self.world.array.watch(self.world.path(self.share),
                                            KEPT)

    def run(self):
        wrong = self.world.update(self.share, [self.kept, self.new],
                                  add=[self.new], delete=[self.gone])
        if wrong:
            raise exceptions.TegileException(
                f"{self.share['name']} {self.world.array.host} rule")

    def check(self):
        assert not self.watch.lost
        assert [self.world.may(self.share, client) for client in
                (KEPT, GONE, NEW, STRANGER)] == ["rw", None, "rw", None]


class Snapshot(Case):
    def prepare(self):
        super().prepare()
        self.snapshot = drivers.make_snapshot(self.share)
        self.full = "Manual-S-" + self.snapshot["name"]

    def names(self):
        return list(self.world.array.share(
            self.world.path(self.share)).snapshots)

    def run(self):
        self.driver.create_snapshot(None, self.snapshot)

    def check(self):
        assert self.names() == [self.full]


class DeleteSnapshot(Snapshot):
    def prepare(self):
        super().prepare()
        self.driver.create_snapshot(None, self.snapshot)

    def run(self):
        self.driver.delete_snapshot(None, self.snapshot)

    def check(self):
        assert self.names() == []


class Clone(DeleteSnapshot):
    """The parent's clients are not the clone's."""

    def prepare(self):
        super().prepare()
        self.parent = self.share
        kept = drivers.make_rule(KEPT)
        self.world.update(self.parent, [kept], add=[kept])
        self.share = self.world.make_share(size=4)

    def run(self):
        made = self.driver.create_share_from_snapshot(None, self.share,
                                                      self.snapshot)
        drivers.located(self.share, made["export_locations"])
        assert made["status"] == "available"

    def check(self):
        assert self.world.quota(self.share) == 4
        self.nobody()
        assert self.world.may(self.parent, KEPT) == "rw"


class Revert(DeleteSnapshot):
    def prepare(self):
        Case.prepare(self)
        self.dataset = self.world.array.share(self.world.path(self.share))
        self.dataset.put("file", b"old")
        self.snapshot = self.world.snap(self.share)
        self.dataset.put("file", b"new and longer")

    def run(self):
        self.driver.revert_to_snapshot(None, self.snapshot, [], [])

    def check(self):
        assert self.dataset.contents == {"file": b"old"}


class Manage(Case):
    def prepare(self):
        self.dataset = f"{self.world.pool}/Local/openstack/legacy"
        self.world.array.add_share(self.world.pool, "openstack", "legacy",
                                   quota=3 * GiB // 2)
        self.share = self.world.make_share(export_locations=[
            {"path": "198.51.100.20:/export/openstack/legacy"}])

    def run(self):
        self.told = self.driver.manage_existing(self.share, {})

    def check(self):
        assert self.told["size"] == 2
        assert self.world.array.share(self.dataset).quota == 2 * GiB


#: (case, method that is disturbed, firmware)
STEPS = [
    (Create, "createShare", "3.7.1"),
    (Create, "modifyShareProperties", "3.7.1"),
    (Create, "createShare", "3.5.1"),
    (Create, "resizeShare", "3.5.1"),
    (Delete, "deleteShare", "3.7.1"),
    (Delete, "deleteShare", "3.5.1"),
    (DeleteWithSnapshot, "deleteShareSnapshot", "3.5.1"),
    (Extend, "modifyShareProperties", "3.7.1"),
    (Extend, "resizeShare", "3.5.1"),
    (Shrink, "getDatasetSpaceInfo", "3.7.1"),
    (Shrink, "modifyShareProperties", "3.7.1"),
    (Shrink, "listShares", "3.5.1"),
    (Access, "getNFSNetworkACLsOnShare", "3.7.1"),
    (Access, "setNFSNetworkACLsOnShare", "3.7.1"),
    (Access, "shareAllowAccess", "3.5.1"),
    (Access, "shareDenyAccess", "3.5.1"),
    (Snapshot, "createShareSnapshot", "3.7.1"),
    (DeleteSnapshot, "deleteShareSnapshot", "3.7.1"),
    (Clone, "cloneShareSnapshot", "3.7.1"),
    (Clone, "clearAccessRules", "3.7.1"),
    (Clone, "cloneShareSnapshot", "3.5.1"),
    (Revert, "rollBackToShareSnapshot", "3.7.1"),
    (Manage, "modifyShareProperties", "3.7.1"),
    (Manage, "listShares", "3.7.1"),
]
#: Methods that must not be done twice unawares.
ONCE = ("createShare", "createShareSnapshot", "cloneShareSnapshot")


def name_of(step):
    case, method, firmware = step
    return f"{case.__name__}-{method}-{firmware}"
