# SPDX-License-Identifier: Apache-2.0
"""The driver as Manila builds it, for tests in this process."""

import contextlib
import functools
import itertools
import time
import uuid

import pytest
from manila.share import configuration
from manila.share import driver as share_driver
from oslo_config import cfg

from manila_native import gpfs
from manila_native import options

CONTEXT = None
JOB_SECONDS = 120
ATTEMPTS = 3
_numbers = itertools.count()


def hasty(test):
    """Decorates what has to happen within short limits of the driver's own.

    A machine that stands still exceeds them now and then; what is wrong with
    the driver does so every time. Each attempt begins anew, with a share of
    its own; faults may be there still.
    """
    @functools.wraps(test)
    def attempts(*args, **kwargs):
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(Exception, pytest.fail.Exception):
                return test(*args, **kwargs)
        return test(*args, **kwargs)
    return attempts


def configure(settings, *lists):
    """The configuration of a new back end with these options (dict); lists:
    of the options that it knows besides Manila's own."""
    group = f"backend{next(_numbers)}"
    config = configuration.Configuration(share_driver.share_opts,
                                         config_group=group)
    for opts in lists:
        config.append_config_values(opts)
    values = dict({"driver_handles_share_servers": False,
                   "share_backend_name": group}, **settings)
    for name, value in values.items():
        cfg.CONF.set_override(name, value, group=group)
    return config


def make_driver(settings, **changes):
    """A set-up GPFSShareDriver.

    settings: options of the back end (dict), as of GPFSCluster.settings();
    changes: more of them.
    """
    config = configure(dict(settings, **changes), options.GPFS_OPTS,
                       share_driver.ssh_opts, share_driver.ganesha_opts)
    driver = gpfs.GPFSShareDriver(configuration=config)
    driver.do_setup(CONTEXT)
    return driver


def make_share(**changes):
    """What Manila tells a driver about a share instance."""
    number = str(uuid.uuid4())
    share = {"id": number, "name": f"share-{number}", "size": 1,
             "share_proto": "NFS", "share_type_id": None,
             "share_id": str(uuid.uuid4())}
    share.update(changes)
    return share


def make_snapshot(share, **changes):
    """What Manila tells a driver about a snapshot instance."""
    number = str(uuid.uuid4())
    snapshot = {"id": number, "name": f"share-snapshot-{number}",
                "snapshot_id": str(uuid.uuid4()), "size": share["size"],
                "share": share, "share_id": share["id"],
                "share_name": share["name"], "provider_location": None}
    snapshot.update(changes)
    return snapshot


def located(share, locations):
    """The share, as Manila tells it once the driver gave its locations."""
    share["export_locations"] = [dict(each) for each in locations]
    return share


def path_of(share):
    """Where a located share is linked."""
    return "/" + share["export_locations"][0]["path"].partition(":/")[2]


def wait_for_job(driver, share, status="creating_from_snapshot"):
    """Poll as Manila does; returns all answers, the last is the end."""
    answers = []
    end = time.monotonic() + JOB_SECONDS
    while time.monotonic() < end:
        answers.append(driver.get_share_status(dict(share, status=status)))
        if answers[-1]["status"] != status:
            return answers
        time.sleep(0.05)
    raise AssertionError(f"no end in {JOB_SECONDS} s: {answers[-1]}")


def make_rule(access_to, access_level="rw", access_type="ip"):
    """What Manila tells a driver about an access rule."""
    return {"id": str(uuid.uuid4()), "access_id": str(uuid.uuid4()),
            "access_type": access_type, "access_to": access_to,
            "access_level": access_level, "state": "applying"}


def update(driver, share, rules, add=(), delete=(), update=()):
    """update_access; returns the rules that are in error."""
    states = driver.update_access(CONTEXT, share, list(rules), list(add),
                                  list(delete), list(update)) or {}
    assert set(states) <= {r["access_id"] for r in rules}
    return [r for r in rules
            if states.get(r["access_id"], {}).get("state") == "error"]
