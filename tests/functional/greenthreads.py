# SPDX-License-Identifier: Apache-2.0
"""Does the engine ever stop eventlet's hub? Run as a program, prints JSON.

Rounds of quiet and load take turns. A probe greenthread sleeps 5 ms at a time
and notes the longest gap between two of its turns: whatever stops the hub
makes it longer. The load is 20 greenthreads that run 50 commands of 50 ms
each, all rounds together.
"""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

from manila_native import _native  # noqa: E402
from manila_native import waiting  # noqa: E402

GREENTHREADS = 20
ROUNDS = 5
COMMANDS = 50 // ROUNDS


class Probe:
    """The longest time, in seconds, that the hub did not come around."""

    def __enter__(self):
        self.longest = 0
        self._running = True
        self._thread = eventlet.spawn(self._run)
        return self

    def _run(self):
        before = time.monotonic()
        while self._running:
            eventlet.sleep(0.005)
            now = time.monotonic()
            self.longest = max(self.longest, now - before)
            before = now

    def __exit__(self, *_):
        self._running = False
        self._thread.wait()


def main():
    settings = json.loads(sys.argv[1])
    ssh = _native.SSHExecutor(settings.pop("host"), wait=waiting.choose,
                              **settings)

    def work(name):
        for i in range(COMMANDS):
            out, _ = ssh.execute("sh", "-c", f"sleep 0.05; echo {name}.{i}")
            assert out == f"{name}.{i}\n", out

    def load():
        threads = [eventlet.spawn(work, n) for n in range(GREENTHREADS)]
        for thread in threads:
            thread.wait()

    report = {"idle": [], "load": []}
    load()          # connections and shells are there
    for _ in range(ROUNDS):
        with Probe() as probe:
            eventlet.sleep(0.3)
        report["idle"].append(probe.longest)
        with Probe() as probe:
            load()
        report["load"].append(probe.longest)
    report["timeout"] = interrupted(ssh)
    print(json.dumps(report))


def interrupted(ssh):
    """A greenthread's timeout ends its call; later calls are not hurt."""
    ended = 0
    for _ in range(10):
        try:
            with eventlet.Timeout(0.02):
                ssh.execute("sleep", "120")
        except eventlet.Timeout:
            ended += 1
        assert ssh.execute("echo", "fine") == ("fine\n", "")
    victim = eventlet.spawn(ssh.execute, "sleep", "120")
    eventlet.sleep(0.02)
    victim.kill()
    assert ssh.execute("echo", "fine") == ("fine\n", "")
    return ended


if __name__ == "__main__":
    main()
