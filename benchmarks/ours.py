# SPDX-License-Identifier: Apache-2.0
"""The process of manila_native's GPFS driver."""

import sys

import manila_native

from benchmarks import worker


def executor(options):
    """One that runs single commands, with the driver's own settings."""
    from manila_native import _native

    return _native.SSHExecutor(
        options.gpfs_share_export_ip, port=options.gpfs_ssh_port,
        login=options.gpfs_ssh_login,
        private_key=options.gpfs_ssh_private_key,
        known_hosts=options.gpfs_ssh_known_hosts)


def main():
    worker.configure(sys.argv[1])
    driver = worker.make_driver("manila_native.gpfs.GPFSShareDriver")
    ssh = executor(driver.configuration)
    worker.serve(driver, ssh.execute,
                 {"manila-native": manila_native.__version__})


if __name__ == "__main__":
    main()
