# SPDX-License-Identifier: Apache-2.0
"""python -m tests.demo: exit status 0 when everything was as it must be."""

import contextlib
import sys

from tests.backends.gpfs import (GPFSCluster, SimulatorError,
                                 unavailable_btrfs, unavailable_ganesha)
from tests.backends.intelliflash import Array, TiB
from tests.backends.manila import Manila, ManilaError
from tests.demo.console import Console
from tests.demo.ganesha_story import CESStory, GaneshaStory
from tests.demo.steps import Failure
from tests.demo.story import Story
from tests.demo.tegile_story import TegileStory

DRIVER = 'manila_native.gpfs.GPFSShareDriver'
TEGILE_DRIVER = 'manila_native.tegile.TegileShareDriver'
LOG_LINES = 15

# GPFS tells the daemon what other nodes change; a simulated one does not.
NO_CACHE = """MDCACHE {
    Dir_Chunk = 0;
}
EXPORT_DEFAULTS {
    Attr_Expiration_Time = 0;
}
"""

YOUR_OWN = """\
The same against your own cluster and array: in manila.conf of a Manila with
manila-native installed (the lists name the NFS servers of your cluster)

  [DEFAULT]
  enabled_share_backends = gpfs1,tegile1
  enabled_share_protocols = NFS,CIFS

  [gpfs1]
  share_backend_name = gpfs1
  share_driver = %s
  driver_handles_share_servers = False
  gpfs_share_export_ip = 203.0.113.1
  gpfs_mount_point_base = /gpfs/fs1
  gpfs_nfs_server_type = KNFS
  gpfs_nfs_server_list = 203.0.113.1,203.0.113.2
  gpfs_ssh_login = manila
  gpfs_ssh_private_key = /etc/manila/gpfs_ssh_key
  gpfs_ssh_known_hosts = /etc/manila/gpfs_known_hosts

  [tegile1]
  share_backend_name = tegile1
  share_driver = %s
  driver_handles_share_servers = False
  tegile_nas_server = 203.0.113.9
  tegile_nas_login = manila
  tegile_nas_password = ...
  tegile_ssl_cert_path = /etc/manila/array-ca.pem

and then, with python-openstackclient and python-manilaclient:

  openstack share type create gpfs False \\
      --extra-specs knfs:export_options=sync,no_root_squash \\
          share_backend_name=gpfs1
  openstack share create NFS 1 --name demo --share-type gpfs --wait
  openstack share access create demo ip 192.0.2.10
  openstack share export location list demo
  openstack share resize demo 2 --wait
  openstack share delete demo --wait

On the array: share_backend_name=tegile1, and NFS or CIFS; access by "ip" (NFS)
or "user" (both).
Exports by NFS-Ganesha: gpfs_nfs_server_type = GNFS, and the servers run it.
By the protocol nodes of the cluster: gpfs_nfs_server_type = CES.
Snapshots: --snapshot-support, --create-share-from-snapshot-support,
--revert-to-snapshot-support and --mount-snapshot-support of "openstack share
type create" (each True)."""


def main():
    console = Console()
    try:
        play(console)
    except (Failure, ManilaError, SimulatorError) as error:
        sentence, _, more = str(error).partition('\n')
        console.failure(f'\nFAILED: {sentence.rstrip(".")}.')
        console.say(more)
        return 1
    except KeyboardInterrupt:
        console.failure('\nInterrupted; everything is cleaned up.')
        return 130
    console.say()
    console.success(f'All {len(console.steps)} steps did what they had to, in '
                    f'{console.elapsed():.0f} s; nothing is left.')
    console.say()
    console.say(YOUR_OWN % (DRIVER, TEGILE_DRIVER))
    return 0


def play(console):
    console.say('A GPFS cluster of two nodes (simulated: real sshd and '
                'kernel NFS exports,\nsimulated mm commands), an '
                'IntelliFlash array (simulated: HTTPS), one real Manila\n'
                f'and the drivers\n{DRIVER} and\n{TEGILE_DRIVER}.\n')
    both(console)
    reason = unavailable_ganesha() or unavailable_btrfs()
    if reason:
        console.say('\nNot shown, the same with NFS-Ganesha and real NFS '
                    f'clients: {reason}.\n')
        return
    console.say('\nThe same with NFS-Ganesha on both nodes and real NFS '
                'clients c1, c2 and c3,\neach a host in the network of the '
                'nodes; quotas and snapshots are real, too.\n')
    start = 'Start the GPFS cluster, NFS-Ganesha, clients'
    run(console, GaneshaStory, start, ganesha_backend, ganesha_cluster)
    console.say('\nOnce more with Cluster Export Services: mmnfs (simulated) '
                'tells NFS-Ganesha\non both nodes.\n')
    run(console, CESStory, start, ces_backend, ganesha_cluster)


def both(console):
    """Two back ends in one Manila."""
    with contextlib.ExitStack() as stack:
        cluster = console.run(
            'Start the GPFS cluster',
            lambda: stack.enter_context(GPFSCluster(nodes=2)))
        array = console.run(
            'Start the array', lambda: stack.enter_context(make_array()))
        manila = console.run(
            'Start Manila (API, scheduler, two share managers)',
            lambda: stack.enter_context(
                Manila({'gpfs1': backend(cluster),
                        'tegile1': tegile_backend(array)})))
        console.say('\nOn the cluster, gpfs1:')
        tell(console, Story, manila, cluster)
        console.say('\nOn the array, tegile1:')
        tell(console, TegileStory, manila, array)


def run(console, story, title, settings, make_cluster):
    """A story, on a cluster and in a Manila of its own."""
    with contextlib.ExitStack() as stack:
        cluster = console.run(
            title, lambda: stack.enter_context(make_cluster()))
        manila = console.run(
            'Start Manila (API, scheduler, share manager)',
            lambda: stack.enter_context(
                Manila({'gpfs1': settings(cluster)})))
        tell(console, story, manila, cluster)


def backend(cluster):
    return dict(cluster.settings(), share_driver=DRIVER,
                driver_handles_share_servers=False)


def make_array():
    return Array(firmware='3.7.1',
                 pools={'pool-a': 10 * TiB, 'pool-b': 10 * TiB})


def tegile_backend(array):
    return {'share_driver': TEGILE_DRIVER,
            'driver_handles_share_servers': False,
            'tegile_nas_server': array.host,
            'tegile_nas_port': array.port,
            'tegile_nas_login': array.login,
            'tegile_nas_password': array.password,
            'tegile_ssl_cert_path': array.ca_file}


def ganesha_backend(cluster):
    """The demo is not in the network: it reaches nodes by `address`."""
    return dict(backend(cluster), gpfs_nfs_server_type='GNFS',
                gpfs_share_export_ip=cluster.nodes[0].address)


def ces_backend(cluster):
    return dict(ganesha_backend(cluster), gpfs_nfs_server_type='CES')


def ganesha_cluster():
    return GPFSCluster(nodes=2, network=True, trees='btrfs',
                       ganesha={'extra': NO_CACHE, 'ces': True})


def tell(console, story, manila, storage):
    try:
        story(console, storage, manila.client()).run()
    except Failure:
        show_errors(console, manila)
        raise


def show_errors(console, manila):
    """The end of what Manila has logged about it."""
    lines = [line for line in manila.log_text().splitlines()
             if ' ERROR ' in line or ' WARNING manila_native' in line]
    if lines:
        console.say('\nFrom the log of Manila:')
    for line in lines[-LOG_LINES:]:
        console.say('  ' + line)


if __name__ == '__main__':
    sys.exit(main())
