# SPDX-License-Identifier: Apache-2.0
"""Use an array, and wipe what Python knows of its password. A program: its
parent looks at its memory when it says "set up" and "done", tells it to go on,
and looks again during a last call."""

import ctypes
import os
import sys

from manila_native import _native

# Where the text of bytes and of ASCII strings begins.
BYTES_HEAD = bytes.__basicsize__ - 1
TEXT_HEAD = str().__sizeof__() - 1


def pause(state):
    print(state, flush=True)
    os.read(0, 100)


def main():
    host, port, ca_file = sys.argv[1:]
    driver = _native.TegileShareDriver()
    given = os.read(0, 1000)
    text = given.decode()
    driver._native_setup({"server": host, "port": int(port), "login": "admin",
                          "password": text, "project": "openstack",
                          "ssl_cert_verify": True, "ssl_cert_path": ca_file})
    ctypes.memset(id(text) + TEXT_HEAD, 0, len(text))
    ctypes.memset(id(given) + BYTES_HEAD, 0, len(given))
    pause("set up")
    for number in range(20):
        driver._get_array_stats()
        share = {"id": str(number), "name": f"share-{number}", "size": 1,
                 "share_proto": "NFS", "host": "h@b#pool-a"}
        driver.create_share(None, share)
        driver.delete_share(None, share)
    pause("done")
    driver._get_array_stats()


if __name__ == "__main__":
    main()
