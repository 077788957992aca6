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

from . import array_contenders, array_report, contenders, report
from .processes import BenchmarkError

WARM_UP = 2
PARTS = "gpfs", "tegile"


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks",
                                     description=__doc__)
    parser.add_argument("--rounds", type=int, default=7,
                        help="of all contenders (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=8,
                        help="of each contender, operation and round trip "
                             "time in each round (default: %(default)s)")
    parser.add_argument("--only", choices=PARTS,
                        help="one of the two drivers")
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
    names = [*dict.fromkeys(each.name for each in arena.contenders)]
    for operation in arena.operations:
        first = number % len(names)
        for name in names[first:] + names[:first]:
            for contender in arena.contenders:
                if (contender.name == name
                        and operation in contender.operations):
                    yield contender, operation


def measure(arena, series, rounds, calls):
    """{(rtt, operation, contender name): series}"""
    results = {}
    for contender, operation in turns(arena, 0):
        if not contender.pause:         # else it shares a process
            arena.run(contender, operation, WARM_UP)
    for number in range(rounds):
        for contender, operation in turns(arena, number):
            progress(f"round {number + 1} of {rounds}: {operation}, RTT "
                     f"{contender.rtt} ms, {contender.name}")
            key = contender.rtt, operation, contender.name
            results.setdefault(key, series()).add(
                *arena.run(contender, operation, calls))
    progress("")
    return results


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def gpfs_arena(directory, stack):
    cluster = stack.enter_context(GPFSCluster(nodes=1))
    return contenders.Arena(cluster, directory, stack)


def run(part, options):
    """The report of one part."""
    make_arena, module = {
        "gpfs": (gpfs_arena, report),
        "tegile": (array_contenders.Arena, array_report)}[part]
    start = time.monotonic()
    now = datetime.datetime.now().astimezone()
    load = [f"{os.getloadavg()[0]:.1f}"]
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        progress("starting")
        arena = make_arena(directory, stack)
        versions = dict(report.machine(), **arena.versions())
        results = measure(arena, module.Series, options.rounds,
                          options.calls)
        late, chunks = arena.late()
    load.append(f"{os.getloadavg()[0]:.1f}")
    return module.Report(results, {
        "driver": part,
        "date": now.isoformat(sep=" ", timespec="seconds"),
        "versions": ", ".join(f"{name} {version}"
                              for name, version in versions.items()),
        "machine": f"{os.cpu_count()} CPUs, load {' to '.join(load)}",
        "method": f"{options.rounds} rounds of {options.calls} calls",
        "relay": f"delivers {late / max(1, chunks):.0f} us late on average",
        "took": f"{time.monotonic() - start:.0f} s"})


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reports = {}
    try:
        for part in PARTS:
            if options.only in (None, part):
                reports[part] = run(part, options)
                print(reports[part].text(), end="\n\n", flush=True)
    except (BenchmarkError, SimulatorError) as error:
        sys.exit(f"benchmarks: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({part: each.plain_data()
                       for part, each in reports.items()}, file, indent=1)


if __name__ == "__main__":
    main()
