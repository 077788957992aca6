# SPDX-License-Identifier: Apache-2.0
"""The Tegile driver as Manila builds it, and what it leaves on the array."""

import pytest
from manila.share import driver as share_driver
from manila.share import drivers_private_data

from manila_native import options
from manila_native import tegile
from tests.backends.intelliflash import Array
from tests.functional import drivers
from tests.functional.drivers import CONTEXT, located

#: 3.5.1 has API 2.0, 3.7.0 2.1, 3.7.1 2.2 and 3.10 2.4.
FIRMWARES = ("3.5.1", "3.7.0", "3.7.1", "3.10.0")
OLD, NEW = FIRMWARES[0], FIRMWARES[-1]
PROJECT = "pool-a/Local/openstack"


def settings_of(array, **changes):
    """The options of a back end on that array."""
    return dict({"tegile_nas_server": array.host,
                 "tegile_nas_port": array.port,
                 "tegile_nas_login": array.login,
                 "tegile_nas_password": array.password,
                 "tegile_ssl_cert_path": array.ca_file}, **changes)


class Storage(drivers_private_data.StorageDriver):
    """What Manila has in a table of its database."""

    def __init__(self):
        super().__init__(None, None)
        self.entities = {}

    def get(self, entity_id, key, default):
        assert key is None
        return dict(self.entities.get(entity_id, {}))

    def update(self, entity_id, details, delete_existing):
        assert details and not delete_existing
        self.entities.setdefault(entity_id, {}).update(details)

    def delete(self, entity_id, key):
        assert key != []    # nothing to ask a database for
        if key is None:
            self.entities.pop(entity_id, None)
        for each in key or ():
            del self.entities[entity_id][each]


def new_storage(storage=None):
    """What Manila gives a driver to keep its data in."""
    return drivers_private_data.DriverPrivateData(
        storage=storage or Storage())


def make_driver(array, private_storage=None, **changes):
    """A set-up TegileShareDriver that knows the array's firmware, as after
    Manila's start; changes: options of the back end."""
    driver = new_driver(array, private_storage, **changes)
    driver.do_setup(CONTEXT)
    driver.check_for_setup_error()
    array.journal.clear()
    return driver


def new_driver(array, private_storage=None, **changes):
    """One whose do_setup() has not been called."""
    return tegile.TegileShareDriver(
        private_storage=private_storage or new_storage(),
        configuration=drivers.configure(settings_of(array, **changes),
                                        options.TEGILE_OPTS))


def make_in_tree_driver(array, **changes):
    """Manila's own Tegile driver, to show what it does."""
    module = pytest.importorskip("manila.share.drivers.tegile.tegile")
    values = settings_of(array, **changes)
    for name in ("tegile_nas_port", "tegile_ssl_cert_path"):
        del values[name]
    driver = module.TegileShareDriver(configuration=drivers.configure(
        values, module.tegile_opts, share_driver.share_opts))
    driver._api._hostname = f"{array.host}:{array.port}"    # has no option
    return driver


def make_share(pool="pool-a", **changes):
    """What Manila tells a driver about a share instance on the array."""
    return drivers.make_share(**dict({"host": f"host@tegile#{pool}"},
                                     **changes))


def create(driver, **changes):
    """A share that Manila knows the locations of."""
    share = make_share(**changes)
    return located(share, driver.create_share(CONTEXT, share))


def snapshot_of(driver, share, **changes):
    """A snapshot that was taken, as Manila tells it afterwards."""
    snapshot = drivers.make_snapshot(share, **changes)
    snapshot.update(driver.create_snapshot(CONTEXT, snapshot))
    return snapshot


def clone_of(driver, snapshot, **changes):
    """A share from a snapshot."""
    share = make_share(**dict({"size": snapshot["size"], "share_proto":
                               snapshot["share"]["share_proto"]}, **changes))
    answer = driver.create_share_from_snapshot(CONTEXT, share, snapshot)
    assert answer["status"] == "available"
    return located(share, answer["export_locations"])


def paths(locations):
    return [each["path"] for each in locations]


def asked(array, call, *args, **kwargs):
    """The methods that a call of the driver asks the array for."""
    array.journal.clear()
    call(*args, **kwargs)
    return array.journal.methods()


def fails(call, *args, code, text=""):
    """The call raises one line of text, with that code in it; returns it."""
    with pytest.raises(Exception) as caught:
        call(*args)
    assert getattr(caught.value, "native_code", None) == code, caught.value
    message = str(caught.value)
    assert text in message and "\n" not in message
    return message


def access(array, share):
    """Who may do what on the array: {address or user: level}."""
    found = array.share(share["name"])
    levels = {}
    for host, mode, _ in found.nfs_acls:
        levels.setdefault(host, mode)       # the first one counts
    return dict(levels, **found.users)


__all__ = ["Array", "CONTEXT", "FIRMWARES", "NEW", "OLD", "PROJECT", "Storage",
           "access", "asked", "clone_of", "create", "fails", "located",
           "make_driver", "make_in_tree_driver", "make_share", "new_driver",
           "new_storage", "paths", "settings_of", "snapshot_of"]
