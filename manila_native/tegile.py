# SPDX-License-Identifier: Apache-2.0
"""Tegile / IntelliFlash arrays.

    [tegile1]
    share_driver = manila_native.tegile.TegileShareDriver
    driver_handles_share_servers = False

The operations are in C (``manila_native._native``); here is what needs to know
Manila: its options, its log, its exceptions, its scheduler's capabilities.
"""

from oslo_config import cfg
from oslo_log import log

from manila.share import driver
from manila_native import __version__
from manila_native import _native
from manila_native import exceptions
from manila_native import options
from manila_native import scheduler
from manila_native import waiting

LOG = log.getLogger(__name__)
CONF = cfg.CONF
CONF.register_opts(options.TEGILE_OPTS)


def _log(level, text):
    """Write a record of the C part: level (int, as in logging), text (str)."""
    LOG.log(level, '%s', text)


# The C type comes first: its methods override those of ShareDriver. It has no
# __init__, so that object construction is Manila's.
class TegileShareDriver(_native.TegileShareDriver, scheduler.SchedulerMixin,
                        driver.ShareDriver):
    """Shares are datasets of an IntelliFlash array, served by NFS or CIFS.

    What makes, changes, asks or deletes something on the array is a method of
    the C type. Share groups are Manila's: the array can't take snapshots of
    several shares, and of no others, at one instant.

    :raises: the classes of manila_native.exceptions
    """

    def __init__(self, *args, **kwargs):
        # Manila builds its drivers in a parent process and forks the workers
        # later: nothing is read, started or opened here.
        super().__init__(False, *args, **kwargs)
        self.private_storage = kwargs.get('private_storage')
        self.configuration.append_config_values(options.TEGILE_OPTS)

    @property
    def backend_name(self):
        """The name (str) of the back end for the scheduler."""
        return self.configuration.safe_get('share_backend_name') or 'Tegile'

    def do_setup(self, context):
        """Read the options and hand them to the C part.

        May be called again; running operations keep the old ones.

        :raises TegileConfigurationException: an option is missing
        """
        super().do_setup(context)
        self._native_setup(self._native_options())

    def _native_options(self):
        """Return what _native_setup() wants (dict). Times are seconds."""
        conf = self.configuration
        return {
            'server': conf.tegile_nas_server,
            'port': conf.tegile_nas_port,
            'login': conf.tegile_nas_login,
            'password': conf.tegile_nas_password,
            'project': conf.tegile_default_project,
            'pools': conf.tegile_pools or [],
            'ssl_cert_verify': conf.tegile_ssl_cert_verify,
            'ssl_cert_path': conf.tegile_ssl_cert_path,
            'connect_timeout': conf.tegile_connect_timeout,
            'request_timeout': conf.tegile_request_timeout,
            'operation_timeout': conf.tegile_operation_timeout,
            'exceptions': exceptions.CLASSES,
            'log': _log,
            'wait': waiting.choose,
            'private_data': self.private_storage,
            'extra_specs': None,    # not even where GPFS shares have them
        }

    def _update_share_stats(self, data=None):
        """Tell the scheduler what the array has and can do.

        Capacities are GiB. Shares are thin, and pools save space by dedupe
        and compression, unless the array's administrator says otherwise.

        :raises TegileException: the array can't be asked
        """
        told = self._get_array_stats()
        revert = told['revert_to_snapshot_support']
        common = dict(self._reserved(), **{
            'dedupe': True,
            'compression': True,
            'thin_provisioning': True,
            'max_over_subscription_ratio': (
                self.configuration.max_over_subscription_ratio),
            'snapshot_support': True,
            'create_share_from_snapshot_support': True,
            'revert_to_snapshot_support': revert,
            'mount_snapshot_support': False,
            'ipv4_support': True,
            'ipv6_support': False,
        })
        pools = [dict(common, **pool) for pool in told['pools']]
        stats = {
            'share_backend_name': self.backend_name,
            'vendor_name': 'Tegile Systems Inc.',
            'driver_version': __version__,
            'storage_protocol': 'NFS_CIFS',
            'snapshot_support': True,
            'create_share_from_snapshot_support': True,
            'revert_to_snapshot_support': revert,
            'mount_snapshot_support': False,
            'qos': False,
            'total_capacity_gb': sum(p['total_capacity_gb'] for p in pools),
            'free_capacity_gb': sum(p['free_capacity_gb'] for p in pools),
            'pools': pools,
        }
        stats.update(data or {})
        super()._update_share_stats(stats)
