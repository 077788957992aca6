# SPDX-License-Identifier: Apache-2.0
"""Measures what the drivers cost per operation; see README.rst."""

import argparse
import contextlib
import datetime
import json
import os
import signal
import sys
import tempfile
import time

from tests.backends.gpfs import GPFSCluster, SimulatorError

from .contenders import OPERATIONS, TITLES, Arena
from .processes import BenchmarkError
from .report import Report, Series, machine

WARM_UP = 2


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks",
                                     description=__doc__)
    parser.add_argument("--rounds", type=int, default=7,
                        help="of all contenders (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=8,
                        help="of each contender, operation and round trip "
                             "time in each round (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE",
                        help="write every sample to this file")
    options = parser.parse_args()
    if options.rounds < 1 or options.calls < 1:
        parser.error("at least one round of one call")
    return options


def turns(arena, number):
    """(contender, operation) of one round; who begins changes.

    Both round trip times of a contender follow each other: their difference
    is one of the figures.
    """
    for operation in OPERATIONS:
        first = number % len(TITLES)
        for name in [*TITLES][first:] + [*TITLES][:first]:
            for contender in arena.contenders:
                if (contender.name == name
                        and operation in contender.operations):
                    yield contender, operation


def measure(arena, rounds, calls):
    """{(rtt, operation, contender name): Series}"""
    results = {}
    for contender, operation in turns(arena, 0):
        if not contender.pause:         # else it shares a process
            arena.run(contender, operation, WARM_UP)
    for number in range(rounds):
        for contender, operation in turns(arena, number):
            progress(f"round {number + 1} of {rounds}: {operation}, RTT "
                     f"{contender.rtt} ms, {contender.name}")
            key = contender.rtt, operation, contender.name
            results.setdefault(key, Series()).add(
                *arena.run(contender, operation, calls))
    progress("")
    return results


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def run(options):
    start = time.monotonic()
    now = datetime.datetime.now().astimezone()
    load = [f"{os.getloadavg()[0]:.1f}"]
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        cluster = stack.enter_context(GPFSCluster(nodes=1))
        progress("starting")
        arena = Arena(cluster, directory, stack)
        versions = dict(machine(), **arena.versions())
        results = measure(arena, options.rounds, options.calls)
        late = arena.late_us()
    load.append(f"{os.getloadavg()[0]:.1f}")
    return Report(results, {
        "date": now.isoformat(sep=" ", timespec="seconds"),
        "versions": ", ".join(f"{name} {version}"
                              for name, version in versions.items()),
        "machine": f"{os.cpu_count()} CPUs, load {' to '.join(load)}",
        "method": f"{options.rounds} rounds of {options.calls} calls",
        "relay": f"delivers {late:.0f} us late on average",
        "took": f"{time.monotonic() - start:.0f} s"})


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        report = run(options)
    except (BenchmarkError, SimulatorError) as error:
        sys.exit(f"benchmarks: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(report.text())
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report.plain_data(), file, indent=1)


if __name__ == "__main__":
    main()
