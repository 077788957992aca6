# SPDX-License-Identifier: Apache-2.0
"""The process of Manila's own GPFS driver."""

import sys

from benchmarks import worker


def main():
    worker.configure(sys.argv[1])
    driver = worker.make_driver(
        "manila.share.drivers.ibm.gpfs.GPFSShareDriver")
    worker.serve(driver, driver._gpfs_execute,
                 {"manila": worker.version("manila"),
                  "paramiko": worker.version("paramiko")})


if __name__ == "__main__":
    main()
