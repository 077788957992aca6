# SPDX-License-Identifier: Apache-2.0
"""Runs a simulated cluster for people: python -m tests.backends.gpfs"""

import argparse
import shlex
import signal
import sys

from .api import GPFSCluster, SimulatorError
from .release import RELEASES


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.backends.gpfs",
                                     description=__doc__)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--release", default="5.1", choices=RELEASES)
    parser.add_argument("--shell", default="/bin/bash",
                        help="login shell (default: %(default)s)")
    parser.add_argument("--network", action="store_true",
                        help="nodes and NFS clients are hosts in a network")
    parser.add_argument("--ganesha", action="store_true",
                        help="nodes run NFS-Ganesha; implies --network")
    parser.add_argument("--trees", default="plain", choices=("plain",
                                                             "btrfs"))
    return parser.parse_args()


def show(cluster):
    print("# For manila.conf:")
    print(cluster.manila_conf("gpfs"))
    print("# Log in:")
    for number, node in enumerate(cluster.nodes):
        print(f"# {node.name}")
        print(shlex.join(cluster.ssh(number)))
    for host in [cluster.manager] * bool(cluster.manager) + cluster.clients:
        print(f"# {host.name} {host.address} {host.address6}")
        print(shlex.join(host.command(["bash"])))
    print("\n# Commands are in /usr/lpp/mmfs/bin.  Ctrl-C ends all.",
          flush=True)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with GPFSCluster(nodes=options.nodes, release=options.release,
                         shell=options.shell, network=options.network,
                         ganesha=options.ganesha,
                         trees=options.trees) as cluster:
            show(cluster)
            signal.pause()
    except KeyboardInterrupt:
        print()
    except SimulatorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
