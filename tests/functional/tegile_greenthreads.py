# SPDX-License-Identifier: Apache-2.0
"""Does a hanging array ever stop eventlet's hub? Run as a program, as
greenthreads.py, and prints JSON."""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import sys  # noqa: E402

from manila_native import _native  # noqa: E402
from manila_native import waiting  # noqa: E402
from tests.functional.greenthreads import Probe  # noqa: E402

GREENTHREADS = 20
ROUNDS = 5
CALLS = 20


def share(number):
    return {"id": str(number), "name": f"share-{number}", "size": 1,
            "share_proto": "NFS", "host": "h@b#pool-a"}


def main():
    settings = json.loads(sys.argv[1])
    driver = _native.TegileShareDriver()
    driver._native_setup(dict(settings, wait=waiting.choose))

    def load():
        """Calls that are answered, and some that hang: an extension by 99
        does."""
        def work():
            for _ in range(CALLS):
                driver._get_array_stats()
        threads = [eventlet.spawn(work) for _ in range(GREENTHREADS)]
        hanging = [eventlet.spawn(driver.extend_share, share(n), 99)
                   for n in range(4)]
        for thread in threads:
            thread.wait()
        for thread in hanging:
            thread.kill()

    report = {"idle": [], "load": []}
    load()
    for _ in range(ROUNDS):
        with Probe() as probe:
            eventlet.sleep(0.3)
        report["idle"].append(probe.longest)
        with Probe() as probe:
            load()
        report["load"].append(probe.longest)
    report["timeouts"] = 0
    for n in range(10):
        try:
            with eventlet.Timeout(0.02):
                driver.extend_share(share(n), 99)
        except eventlet.Timeout:
            report["timeouts"] += 1
        driver._get_array_stats()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
