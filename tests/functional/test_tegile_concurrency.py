# SPDX-License-Identifier: Apache-2.0
"""Many callers of one array: threads, greenthreads, forked processes."""

import json
import signal
import statistics
import subprocess
import sys
from concurrent import futures

import pytest

from tests.functional import drivers
from tests.functional.tegile_worlds import KEPT, PASSWORD, World

SMALL_MULTIPLE = 5
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


def start(module, world):
    """A program that uses the array, and the fault that its extensions by 99
    meet: they hang."""
    array = world.array
    settings = {"server": array.host, "port": array.port, "login": "admin",
                "password": PASSWORD, "project": "openstack",
                "ssl_cert_verify": True, "ssl_cert_path": array.ca_file,
                "request_timeout": 60, "operation_timeout": 60}
    hanging = array.fault(
        "modifyShareProperties", how="hang", times=None,
        where=lambda r: str(99 * 2 ** 30) in repr(r.params))
    for number in range(10):
        array.add_share("pool-a", "openstack", f"share-{number}")
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.functional.{module}",
         json.dumps(settings)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return program, hanging


def last_line(program):
    """What it prints at its end."""
    try:
        output, errors = program.communicate(timeout=120)
    finally:
        program.kill()
    assert program.returncode == 0, errors
    return output.splitlines()[-1]


def test_eventlets_hub_never_stalls(world, record_property):
    program, _ = start("tegile_greenthreads", world)
    report = json.loads(last_line(program))
    idle = statistics.median(report["idle"])
    load = statistics.median(report["load"])
    record_property("hub_gap_idle_ms", idle * 1000)
    record_property("hub_gap_load_ms", load * 1000)
    print(f"longest hub gap, median: {idle * 1000:.1f} ms idle, "
          f"{load * 1000:.1f} ms with 24 greenthreads that call an array")
    assert load <= SMALL_MULTIPLE * idle
    assert report["timeouts"] == 10
    assert most_at_once([r for r in world.array.journal if r.finished]
                        ) <= MAX_IN_FLIGHT


def test_forked_children_and_interrupts(world):
    program, hanging = start("tegile_processes", world)
    arrived = world.array.wait_fault(hanging)
    program.send_signal(signal.SIGINT)
    assert last_line(program) == "ok"
    assert arrived
