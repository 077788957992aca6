# SPDX-License-Identifier: Apache-2.0
"""IBM GPFS / Storage Scale.

    [gpfs1]
    share_driver = manila_native.gpfs.GPFSShareDriver
    driver_handles_share_servers = False

The operations are in C (``manila_native._native``); here is what needs to know
Manila: its options, its log, its exceptions, its scheduler's capabilities.

This module can be imported without Manila. Then it has the helper types
(NASHelperBase, KNFSHelper, GNFSHelper, CESHelper), and asking it for
GPFSShareDriver raises ImportError.
"""

import logging
import math
import os
import socket

from manila_native import __version__
from manila_native import _native
from manila_native import exceptions
from manila_native import scheduler
from manila_native import waiting

try:
    from oslo_config import cfg
    from oslo_log import log as oslo_log

    from manila.common import constants
    from manila.share import driver
    from manila.share import share_types
    from manila_native import options
except ModuleNotFoundError as e:
    if (e.name or '').split('.')[0] not in (
            'manila', 'oslo_config', 'oslo_log'):
        raise
    driver = None

NASHelperBase = _native.NASHelperBase
KNFSHelper = _native.KNFSHelper
GNFSHelper = _native.GNFSHelper
CESHelper = _native.CESHelper

_GIB = 1024 ** 3

if driver is None:
    LOG = logging.getLogger(__name__)
else:
    LOG = oslo_log.getLogger(__name__)
    CONF = cfg.CONF
    CONF.register_opts(options.GPFS_OPTS)


def _log(level, text):
    """Write a record of the C part: level (int, as in logging), text (str)."""
    LOG.log(level, '%s', text)


def _extra_specs(share):
    """Return the extra specs (dict) of the share's type.

    :raises: what Manila's database layer raises
    """
    if driver is None or share.get('share_type_id') is None:
        return {}
    return share_types.get_extra_specs_from_share(share)


_native._configure({'exceptions': exceptions.CLASSES, 'log': _log,
                    'wait': waiting.choose, 'extra_specs': _extra_specs})


def _local_addresses():
    """Return this machine's addresses (list of str), as the resolver has it.

    The in-tree driver asks the same way whether a server of
    gpfs_nfs_server_list is this machine.
    """
    try:
        return list(socket.gethostbyname_ex(socket.gethostname())[2])
    except OSError:
        return []


def _root_helper():
    """Return the words (list of str) before a command that needs root."""
    if os.geteuid() == 0:
        return []
    return ['sudo', 'manila-rootwrap', CONF.rootwrap_config]


def _polls_reverts():
    """Does Manila (23.0 and later) ask get_share_status() about a revert?

    :returns: bool; False means that a revert must be complete when
        revert_to_snapshot() returns
    """
    if not hasattr(constants, 'STATUS_REVERTING_TO_SNAPSHOT'):
        return False
    # Whoever loads a driver has the manager already; not so at the top of
    # this module, which the manager may be about to import.
    from manila.share import manager
    return hasattr(manager.ShareManager, '_finalize_async_revert')


if driver is not None:
    # The C type comes first: its methods override those of ShareDriver. It
    # has no __init__, so that object construction is Manila's.
    class GPFSShareDriver(_native.GPFSShareDriver, scheduler.SchedulerMixin,
                          driver.ExecuteMixin, driver.GaneshaMixin,
                          driver.ShareDriver):
        """Shares are filesets of a GPFS file system, exported by NFS.

        What makes, changes, asks or deletes something on the cluster is a
        method of the C type: shares, their snapshots, access rules, copies
        and group snapshots. A share group by itself needs nothing there, so
        create_share_group and delete_share_group are Manila's.

        :raises: the classes of manila_native.exceptions
        """

        def __init__(self, *args, **kwargs):
            # Manila builds its drivers in a parent process and forks the
            # workers later: nothing is read, started or opened here.
            super().__init__(False, *args, **kwargs)
            self.configuration.append_config_values(options.GPFS_OPTS)
            self.ipv6_implemented = True

        @property
        def backend_name(self):
            """The name (str) of the back end for the scheduler."""
            return (self.configuration.safe_get('share_backend_name')
                    or 'IBM Storage System')

        def do_setup(self, context):
            """Read the options and hand them to the C part.

            May be called again; running operations keep the old ones.

            :raises GPFSConfigurationException: an option can't serve
            """
            super().do_setup(context)
            self._native_setup(self._native_options())

        def _native_options(self):
            """Return what _native_setup() wants (dict).

            nfs_servers, local_hosts: lists of host names or addresses;
            commands for a host that is in local_hosts run on this machine,
            after the words in root_helper. pools: (name, directory) pairs;
            none means one pool, backend_name at mount_point_base. Times are
            seconds.
            """
            conf = self.configuration
            local_hosts = _local_addresses()
            if conf.is_gpfs_node and conf.gpfs_share_export_ip:
                local_hosts.append(conf.gpfs_share_export_ip)
            return {
                'export_ip': conf.gpfs_share_export_ip,
                'backend_name': self.backend_name,
                'mount_point_base': conf.gpfs_mount_point_base,
                'pools': list((conf.gpfs_pools or {}).items()),
                'snapshot_dir': conf.gpfs_snapshot_dir,
                'nfs_server_type': conf.gpfs_nfs_server_type,
                'export_options': self._export_options(),
                'ganesha_version': conf.gpfs_ganesha_version,
                'ganesha_config_path': conf.ganesha_config_path,
                'ganesha_export_dir': conf.ganesha_export_dir,
                'ganesha_service_name': conf.ganesha_service_name,
                'async_revert': _polls_reverts(),
                'cluster_host': conf.gpfs_share_export_ip,
                'nfs_servers': conf.gpfs_nfs_server_list or [],
                'local_hosts': local_hosts,
                'root_helper': _root_helper(),
                'ssh': self._ssh_options(),
                'exceptions': exceptions.CLASSES,
                'log': _log,
                'wait': waiting.choose,
                'extra_specs': _extra_specs,
            }

        def _ssh_options(self):
            """Return the keyword arguments of _native.SSHExecutor (dict)."""
            conf = self.configuration
            return {
                'port': conf.gpfs_ssh_port,
                'login': conf.gpfs_ssh_login,
                'password': conf.gpfs_ssh_password,
                'private_key': conf.gpfs_ssh_private_key,
                'passphrase': conf.gpfs_ssh_private_key_passphrase,
                'known_hosts': conf.gpfs_ssh_known_hosts,
                'host_key_policy': conf.gpfs_ssh_host_key_policy,
                'connect_timeout': conf.ssh_conn_timeout,
                'command_timeout': conf.gpfs_command_timeout,
                'max_sessions': conf.ssh_max_pool_conn,
                'sudo': conf.gpfs_ssh_sudo,
            }

        def _export_options(self):
            """Return the export options of the server type (str or None).

            Those of CES are in the extra specs of share types alone, as in
            the in-tree driver.
            """
            conf = self.configuration
            return {
                'KNFS': conf.knfs_export_options,
                'GNFS': conf.ganesha_nfs_export_options,
            }.get(conf.gpfs_nfs_server_type)

        def _update_share_stats(self, data=None):
            """Tell the scheduler what the back end has and can do.

            Capacities are GiB. thin_provisioning is not reported, as in the
            in-tree driver: the scheduler then compares sizes with what is
            really free, although filesets take space only as they fill.

            Without gpfs_pools the back end is its own and only pool, and
            snapshots of all its shares can be consistent. The pools of
            gpfs_pools may be on several file systems, and a consistent
            snapshot is of one.

            :raises GPFSException: the cluster can't be asked
            """
            conf = self.configuration
            stats = {
                'share_backend_name': self.backend_name,
                'vendor_name': 'IBM',
                'driver_version': __version__,
                'storage_protocol': 'NFS',
                'revert_to_snapshot_support': True,
            }
            stats.update(self._get_capabilities())
            stats.update(self._reserved())
            capacities = [self._capacity(*row)
                          for row in self._get_capacities()]
            if conf.gpfs_pools:
                stats['pools'] = [dict(self._pool_stats(stats), **capacity)
                                  for capacity in capacities]
            else:
                stats.update(capacities[0])
                del stats['pool_name']
            stats['share_group_stats'] = {
                'consistent_snapshot_support': (
                    'pool' if conf.gpfs_pools else 'host')}
            stats.update(data or {})
            super()._update_share_stats(stats)

        @staticmethod
        def _capacity(pool, total, free):
            """Return what a pool has (dict), of its sizes in bytes."""
            return {
                'pool_name': pool,
                'total_capacity_gb': math.ceil(total / _GIB),
                # not rounded up: a share of that size could not be filled
                'free_capacity_gb': free // _GIB,
            }

        def _pool_stats(self, stats):
            """Return what each pool has in common with the back end (dict).

            Not all of it is handed down by every scheduler.
            """
            common = {key: stats[key] for key in stats
                      if key.endswith(('_support', '_percentage'))}
            versions = self.get_configured_ip_versions()
            common.update({
                'snapshot_support': self.snapshots_are_supported,
                'create_share_from_snapshot_support': (
                    self.creating_shares_from_snapshots_is_supported),
                'ipv4_support': 4 in versions,
                'ipv6_support': 6 in versions,
                'qos': False,
                'mount_point_name_support': False,
            })
            return common


def __getattr__(name):
    if name == 'GPFSShareDriver':
        raise ImportError('manila_native.gpfs.GPFSShareDriver needs Manila, '
                          'which is not installed in this Python')
    raise AttributeError('module %r has no attribute %r' % (__name__, name))
