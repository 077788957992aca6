# SPDX-License-Identifier: Apache-2.0
"""End while threads wait for commands whose output is on its way."""

import json
import sys
import threading

from manila_native import _native

THREADS = 4


def keep_busy(ssh, began):
    while True:
        ssh.execute("head", "-c", "4000000", "/dev/zero")
        began.set()


def main():
    settings = json.loads(sys.argv[1])
    for _ in range(THREADS):
        began = threading.Event()
        threading.Thread(target=keep_busy, daemon=True, args=(
            _native.SSHExecutor(**settings), began)).start()
        began.wait()
    print("ok")


if __name__ == "__main__":
    main()
