# SPDX-License-Identifier: Apache-2.0
"""A simulated array and a driver for it, for tests of bad days."""

import base64
import copy
import itertools
import logging
import re
import traceback

from tests.backends.intelliflash import Array, GiB, TiB
from tests.functional import drivers
from tests.functional import tegile_drivers

PASSWORD = "s3cr3t-Passw0rd/of+the=array"
POOL = "pool-a"
KEPT, GONE, NEW, STRANGER = ("192.0.2.1", "192.0.2.2", "192.0.2.3",
                             "192.0.2.9")
_numbers = itertools.count()


def make_driver(array, **changes):
    """A set-up TegileShareDriver that has asked the array nothing yet;
    changes: options of the back end."""
    driver = tegile_drivers.new_driver(array, **changes)
    driver.do_setup(None)
    return driver


class World:
    """An array with its driver, and what Manila knows of its shares."""

    def __init__(self, firmware="3.7.1", certificate="valid", settings=None,
                 **assumptions):
        self.array = Array(firmware=firmware, password=PASSWORD,
                           certificate=certificate)
        self.array.assume(**assumptions)
        self.firmware = firmware
        self.pool = POOL
        self.driver = make_driver(self.array, **(settings or {}))

    def close(self):
        self.array.close()

    def twin(self, **settings):
        """The same array, with another driver and another pool."""
        twin = copy.copy(self)
        twin.pool = f"pool{next(_numbers)}"
        self.array.add_pool(twin.pool, TiB, ["198.51.100.20"])
        self.array.add_project(twin.pool, "openstack")
        twin.driver = make_driver(self.array, **settings)
        return twin

    def forget_twins(self):
        """The array as it was, without the other pools."""
        self.array.clear_faults()
        self.array.release()
        with self.array.lock:
            for name in self.array.pools:
                if name != self.pool:
                    del self.array.state.pools[name]
        self.array.journal.clear()

    def fault(self, method, **details):
        """Disturb this world's driver alone."""
        return self.array.fault(method, where=self._is_ours, **details)

    def calls(self, method):
        return [r for r in self.array.calls(method) if self._is_ours(r)]

    def _is_ours(self, request):
        return re.search(rf"\b{self.pool}\b", repr(request.params))

    def path(self, share):
        return f"{self.pool}/Local/openstack/{share['name']}"

    def make_share(self, **changes):
        return drivers.make_share(host=f"h@b#{self.pool}", **changes)

    def create(self, share=None):
        """A new share as Manila knows it then."""
        share = share or self.make_share()
        return drivers.located(share, self.driver.create_share(None, share))

    def snap(self, share):
        snapshot = drivers.make_snapshot(share)
        self.driver.create_snapshot(None, snapshot)
        return snapshot

    def update(self, share, rules, **lists):
        return drivers.update(self.driver, share, rules, **lists)

    def may(self, share, client):
        return self.array.may(self.path(share), client)

    def has(self, share):
        return self.path(share) in self.array.shares

    def quota(self, share):
        return self.array.share(self.path(share)).quota / GiB


def secrets(password=PASSWORD, login="admin"):
    """What must be nowhere: the password and what HTTP makes of it."""
    both = f"{login}:{password}".encode()
    return [password, base64.b64encode(both).decode()[8:-4]]


def all_of(error):
    """Whatever of an exception a log may come to hold."""
    return "\n".join([str(error), repr(error), *map(str, error.args),
                      *traceback.format_exception(
                          type(error), error, error.__traceback__)])


def check_error(error, world, share, method):
    """The text of an error: one line that says what and where."""
    text = str(error)
    assert "\n" not in text
    assert share["name"] in text
    assert world.array.host in text
    if method:
        assert method in text
    for secret in secrets():
        assert secret not in all_of(error)


class LogOfAll(logging.Handler):
    """All records, as text, from DEBUG on."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record):
        self.text += f"{record.name} {record.getMessage()} {record.args}\n"

    def __enter__(self):
        self._root = logging.getLogger()
        self._before = self._root.level
        self._root.setLevel(logging.DEBUG)
        self._root.addHandler(self)
        return self

    def __exit__(self, *_):
        self._root.removeHandler(self)
        self._root.setLevel(self._before)
