# SPDX-License-Identifier: Apache-2.0
"""Log in with a password, and wipe what Python knows of it. A program: its
parent looks at its memory when it says "set up" and "done"."""

import sys

from manila_native import _native

from tests.functional.core_files import pause, read_secret, wipe


def main():
    host, port, known_hosts = sys.argv[1:]
    given, text = read_secret()
    executor = _native.SSHExecutor(host, port=int(port), login="root",
                                   password=text, known_hosts=[known_hosts])
    wipe(given, text)
    pause("set up")
    executor.execute("true")
    pause("done")


if __name__ == "__main__":
    main()
