# SPDX-License-Identifier: Apache-2.0
"""Fork after an array was used, as Manila does; and Ctrl-C while it hangs,
from whoever runs this program. Prints "ok" or fails."""

import json
import os
import sys
import threading
import warnings

from manila_native import _native


def peers():
    """The TCP sockets of this process (inodes)."""
    return tcp_inodes() & set(map(inode_of, os.listdir("/proc/self/fd")))


def inode_of(fd):
    try:
        return os.stat(f"/proc/self/fd/{fd}").st_ino
    except OSError:
        return None


def tcp_inodes():
    with open("/proc/self/net/tcp") as file:
        return {int(line.split()[9]) for line in list(file)[1:]}


def child(driver, inherited):
    """Exit status 0: no connection of the parent is open, and ours works."""
    status = 1
    try:
        if not peers() & inherited:
            driver._get_array_stats()
            status = 0 if peers() else 3
        else:
            status = 2
    finally:
        os._exit(status)


def forks(driver):
    stop = threading.Event()

    def keep_busy():
        while not stop.is_set():
            driver._get_array_stats()

    driver._get_array_stats()
    before = peers()
    assert before
    busy = [threading.Thread(target=keep_busy) for _ in range(3)]
    for n in range(6):
        if n == 2:          # first while all is quiet, then while it is not
            for thread in busy:
                thread.start()
        pid = os.fork()
        if pid == 0:
            child(driver, before)
        driver._get_array_stats()
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"child ended with {status:#x}"
    stop.set()
    for thread in busy:
        thread.join()
    assert before <= peers(), "the parent lost a connection"


def interrupted(driver):
    """The array hangs at extensions by 99."""
    share = {"id": "1", "name": "share-1", "size": 1, "share_proto": "NFS",
             "host": "h@b#pool-a"}
    try:
        driver.extend_share(share, 99)
    except KeyboardInterrupt:
        driver._get_array_stats()
        return
    raise AssertionError("not interrupted")


def main():
    warnings.simplefilter("ignore", DeprecationWarning)  # fork and threads
    driver = _native.TegileShareDriver()
    driver._native_setup(json.loads(sys.argv[1]))
    forks(driver)
    interrupted(driver)
    print("ok")


if __name__ == "__main__":
    main()
