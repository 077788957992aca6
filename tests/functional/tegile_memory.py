# SPDX-License-Identifier: Apache-2.0
"""Use an array, and wipe what Python knows of its password. A program: its
parent looks at its memory when it says "set up" and "done", tells it to go on,
and looks again during a last call."""

import sys

from manila_native import _native

from tests.functional.core_files import pause, read_secret, wipe


def main():
    host, port, ca_file = sys.argv[1:]
    driver = _native.TegileShareDriver()
    given, text = read_secret()
    driver._native_setup({"server": host, "port": int(port), "login": "admin",
                          "password": text, "project": "openstack",
                          "ssl_cert_verify": True, "ssl_cert_path": ca_file})
    wipe(given, text)
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
