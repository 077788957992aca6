# SPDX-License-Identifier: Apache-2.0
"""Fork while the engine runs, as Manila does. Prints "ok" or fails."""

import json
import os
import sys
import threading
import warnings

from manila_native import _native

CHILDREN = 5


def child(ssh, name):
    """Use the executor in a forked child; the answer is its exit status."""
    status = 1
    try:
        ssh.execute("echo", name) == (f"{name}\n", "") or os._exit(2)
        ssh.execute("cat", process_input=name)
        status = 0
    finally:
        os._exit(status)


def child_that_drops(used, settings):
    """Drop an executor of the parent's that never got work here."""
    status = 1
    try:
        try:
            used[0].execute("cat", process_input="\0")
        except Exception as e:
            assert e.native_code == "INVAL", e
        used.clear()
        ssh = _native.SSHExecutor(**settings)
        assert ssh.execute("echo", "child") == ("child\n", "")
        status = 0
    finally:
        os._exit(status)


def main():
    warnings.simplefilter("ignore", DeprecationWarning)  # fork and threads
    settings = json.loads(sys.argv[1])
    ssh = _native.SSHExecutor(**settings)
    assert ssh.execute("echo", "before") == ("before\n", "")
    used = [_native.SSHExecutor(**settings)]
    assert used[0].execute("echo", "used") == ("used\n", "")
    stop = threading.Event()
    failures = []

    def keep_busy():
        while not stop.is_set():
            if ssh.execute("echo", "busy") != ("busy\n", ""):
                failures.append("wrong answer while forking")

    busy = [threading.Thread(target=keep_busy, daemon=True) for _ in range(3)]
    for thread in busy:
        thread.start()
    children = []
    for n in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            child(ssh, f"child {n}")
        children.append(pid)
        assert ssh.execute("echo", "parent") == ("parent\n", "")
    children.append(os.fork())
    if children[-1] == 0:
        child_that_drops(used, settings)
    for pid in children:
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"child ended with {status}"
    stop.set()
    for thread in busy:
        thread.join()
    assert not failures, failures
    assert ssh.execute("echo", "after") == ("after\n", "")
    print("ok")


if __name__ == "__main__":
    main()
