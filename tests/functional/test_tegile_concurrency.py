# SPDX-License-Identifier: Apache-2.0
"""Many callers of one array: threads, greenthreads, forked processes."""

import json
import signal
import subprocess
import sys
from concurrent import futures

import pytest

from tests.functional import drivers
from tests.functional import hub_gaps
from tests.functional.tegile_worlds import KEPT, PASSWORD, World

MAX_IN_FLIGHT = 8
THREADS = 64


@pytest.fixture
def world():
    world = World(settings={"tegile_request_timeout": 60,
                            "tegile_operation_timeout": 120})
    yield world
    world.close()


def most_at_once(journal):
    """How many requests were in the array's hands at one time."""
    events = sorted([(r.started, 1) for r in journal]
                    + [(r.finished, -1) for r in journal])
    now = most = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def test_threads(world):
    def live(number):
        """A share's life."""
        share = world.create()
        rule = drivers.make_rule(KEPT)
        assert world.update(share, [rule], add=[rule]) == []
        assert world.may(share, KEPT) == "rw"
        snapshot = world.snap(share)
        world.driver.extend_share(share, 2)
        world.driver.delete_snapshot(None, snapshot)
        world.driver.delete_share(None, share)
        return share

    with futures.ThreadPoolExecutor(THREADS) as pool:
        shares = list(pool.map(live, range(THREADS)))
    assert len({share["name"] for share in shares}) == THREADS
    assert world.array.shares == {}
    assert most_at_once(world.array.journal) <= MAX_IN_FLIGHT
    assert world.array.connections <= 2 * MAX_IN_FLIGHT


def test_no_more_at_once_while_the_array_hangs(world):
    """Those that wait get their turn; those that are given up lose it."""
    world.create()
    hanging = world.array.fault("getArrayStats", how="hang", when="after",
                                times=MAX_IN_FLIGHT)
    with futures.ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(world.driver._get_array_stats)
                 for _ in range(THREADS)]
        assert world.array.wait_fault(hanging, MAX_IN_FLIGHT)
        assert len(world.array.calls("getArrayStats")) == MAX_IN_FLIGHT
        world.array.release()
        assert all(each.result()["pools"] for each in asked)
    assert most_at_once(world.array.journal) <= MAX_IN_FLIGHT


@pytest.fixture
def hanging(world):
    """What extensions by 99 meet, of the shares that the programs know."""
    for number in range(10):
        world.array.add_share("pool-a", "openstack", f"share-{number}")
    return world.array.fault(
        "modifyShareProperties", how="hang", times=None,
        where=lambda r: str(99 * 2 ** 30) in repr(r.params))


def start(module, array):
    """A program that uses the array."""
    settings = {"server": array.host, "port": array.port, "login": "admin",
                "password": PASSWORD, "project": "openstack",
                "ssl_cert_verify": True, "ssl_cert_path": array.ca_file,
                "request_timeout": 60, "operation_timeout": 60}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.functional.{module}",
         json.dumps(settings)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def last_line(program):
    """What it prints at its end."""
    try:
        output, errors = program.communicate(timeout=300)
    finally:
        program.kill()
    assert program.returncode == 0, errors
    return output.splitlines()[-1]


def test_eventlets_hub_never_stalls(world, hanging, record_property):
    report = hub_gaps.check(
        lambda: json.loads(last_line(start("tegile_greenthreads",
                                           world.array))),
        record_property)
    assert report["timeouts"] == 10
    assert most_at_once([r for r in world.array.journal if r.finished]
                        ) <= MAX_IN_FLIGHT


def test_forked_children_and_interrupts(world, hanging):
    program = start("tegile_processes", world.array)
    arrived = world.array.wait_fault(hanging)
    program.send_signal(signal.SIGINT)
    assert last_line(program) == "ok"
    assert arrived
