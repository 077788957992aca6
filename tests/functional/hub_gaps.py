# SPDX-License-Identifier: Apache-2.0
"""What the programs that watch eventlet's hub report, and its judgement."""

import statistics

import pytest

ATTEMPTS = 3
SMALL_MULTIPLE = 5


def check(measure, record_property):
    """The report of an attempt in which the hub came around as it should.

    measure() gives one: the longest gap of each round, in seconds, as "idle"
    and as "load". A busy machine makes gaps longer now and then; a call that
    stops the hub does so every time.
    """
    for _ in range(ATTEMPTS):
        report = measure()
        idle, load = (statistics.median(report[name]) * 1000
                      for name in ("idle", "load"))
        text = (f"longest hub gap, median of {len(report['idle'])} rounds: "
                f"{idle:.1f} ms idle, {load:.1f} ms under load")
        print(text)
        if load <= SMALL_MULTIPLE * idle:
            record_property("hub_gap_idle_ms", idle)
            record_property("hub_gap_load_ms", load)
            return report
    pytest.fail(text)
