# SPDX-License-Identifier: Apache-2.0
"""The options of the drivers.

Those of the in-tree drivers have exactly their definitions: oslo.config
refuses an option that is registered twice with different ones, and both
modules may be imported in one process. They are copied, not imported, so that
they are there when the in-tree drivers are not.
"""

import copy

from oslo_config import cfg
from oslo_config import types

#: As in manila/share/drivers/ibm/gpfs.py of Manila 23.0.
GPFS_IN_TREE_OPTS = [
    cfg.HostAddressOpt('gpfs_share_export_ip',
                       help='IP to be added to GPFS export string.'),
    cfg.StrOpt('gpfs_mount_point_base',
               default='$state_path/mnt',
               help='Base folder where exported shares are located.'),
    cfg.StrOpt('gpfs_nfs_server_type',
               default='CES',
               help=('NFS Server type. Valid choices are "CES" (Ganesha NFS) '
                     'or "KNFS" (Kernel NFS).')),
    cfg.ListOpt('gpfs_nfs_server_list',
                help=('A list of the fully qualified NFS server names that '
                      'make up the OpenStack Manila configuration.')),
    cfg.BoolOpt('is_gpfs_node',
                default=False,
                help=('True:when Manila services are running on one of the '
                      'Spectrum Scale node. '
                      'False:when Manila services are not running on any of '
                      'the Spectrum Scale node.')),
    cfg.PortOpt('gpfs_ssh_port',
                default=22,
                help='GPFS server SSH port.'),
    cfg.StrOpt('gpfs_ssh_login',
               help='GPFS server SSH login name.'),
    cfg.StrOpt('gpfs_ssh_password',
               secret=True,
               help='GPFS server SSH login password. '
                    'The password is not needed, if \'gpfs_ssh_private_key\' '
                    'is configured.'),
    cfg.StrOpt('gpfs_ssh_private_key',
               help='Path to GPFS server SSH private key for login.'),
    cfg.Opt('gpfs_share_helpers',
            type=types.Dict(key_value_separator='='),
            default={
                'KNFS': 'manila.share.drivers.ibm.gpfs.KNFSHelper',
                'CES': 'manila.share.drivers.ibm.gpfs.CESHelper',
            },
            help='Specify list of share export helpers.'),
]

#: Options of earlier in-tree releases, and our own.
GPFS_MORE_OPTS = [
    cfg.StrOpt('knfs_export_options',
               default=('rw,sync,no_root_squash,insecure,no_wdelay,'
                        'no_subtree_check'),
               help='Export options of kernel NFS, unless the share type has '
                    'the extra spec "knfs:export_options". "rw", "ro" and '
                    '"fsid" are ignored: access rules and the share '
                    'determine them.'),
    cfg.StrOpt('ganesha_nfs_export_options',
               help='Export options of NFS-Ganesha (GNFS), unless the share '
                    'type has the extra spec "gnfs:export_options": "name = '
                    'value" pairs with a comma between them. "access_type" '
                    'is ignored: access rules determine it. Default: none, '
                    'but "maxread = 65536, prefread = 65536" where '
                    '"gpfs_ganesha_version" is 1.5 or 2.0.'),
    cfg.StrOpt('gpfs_ganesha_version',
               default='2.1',
               choices=[
                   ('2.1', '2.1 and all later releases: an export is changed '
                           'while the others are served'),
                   ('2.0', 'the configuration file is edited, and read again '
                           'by the service'),
                   ('1.5', 'as 2.0, with the syntax of 1.5'),
               ],
               help='The NFS-Ganesha that runs on the servers of '
                    '"gpfs_nfs_server_list", for GNFS. Its files are named '
                    'by Manila\'s own options "ganesha_config_path" and '
                    '"ganesha_export_dir".'),
    cfg.DictOpt('gpfs_pools',
                help='Pools for the scheduler: "name:directory" pairs with a '
                     'comma between them. Shares of a pool are linked below '
                     'its directory, and the directories may be on several '
                     'GPFS file systems. Shares that were made before there '
                     'were pools need one with the name of the back end. '
                     'Default: one pool, "gpfs_mount_point_base".'),
    cfg.StrOpt('gpfs_snapshot_dir',
               default='.snapshots',
               help='Name of the directory in which filesets show their '
                    'snapshots, as "mmsnapdir" tells it.'),
    cfg.StrOpt('gpfs_ssh_private_key_passphrase',
               secret=True,
               help='Passphrase of the key in "gpfs_ssh_private_key".'),
    cfg.ListOpt('gpfs_ssh_known_hosts',
                help='Files (two at most) with the host keys of the GPFS and '
                     'NFS servers. Default: ~/.ssh/known_hosts of the user '
                     'that runs the share service, and '
                     '/etc/ssh/ssh_known_hosts.'),
    cfg.StrOpt('gpfs_ssh_host_key_policy',
               default='strict',
               choices=[
                   ('strict', 'the host key must be in one of the files'),
                   ('accept-new', 'the key of a host that no file knows is '
                                  'added to the first file'),
               ],
               help='What to do about host keys. A key other than the known '
                    'one is refused in any case.'),
    cfg.BoolOpt('gpfs_ssh_sudo',
                default=False,
                help='Run remote commands with "sudo -n", for a login that '
                     'is not root.'),
    cfg.IntOpt('gpfs_command_timeout',
               default=300,
               min=1,
               help='Seconds that a single command on a server may take.'),
]

GPFS_OPTS = GPFS_IN_TREE_OPTS + GPFS_MORE_OPTS

#: As in manila/share/drivers/tegile/tegile.py of Manila 23.0.
TEGILE_IN_TREE_OPTS = [
    cfg.HostAddressOpt('tegile_nas_server',
                       help='Tegile NAS server hostname or IP address.'),
    cfg.StrOpt('tegile_nas_login',
               help='User name for the Tegile NAS server.'),
    cfg.StrOpt('tegile_nas_password',
               secret=True,
               help='Password for the Tegile NAS server.'),
    cfg.StrOpt('tegile_default_project',
               help='Create shares in this project'),
]

#: Our own.
TEGILE_MORE_OPTS = [
    cfg.PortOpt('tegile_nas_port',
                default=443,
                help='HTTPS port of the array.'),
    cfg.BoolOpt('tegile_ssl_cert_verify',
                default=True,
                help='Whether the array must show a TLS certificate of a '
                     'trusted CA for its name or address. False trusts '
                     'whoever answers, as the in-tree driver does.'),
    cfg.StrOpt('tegile_ssl_cert_path',
               help='A file with certificates (PEM) of trusted CAs, or the '
                    'certificate of an array that signed its own; or a '
                    'directory of such files, as "openssl rehash" makes it. '
                    'Default: the CAs that this machine trusts.'),
    cfg.ListOpt('tegile_pools',
                help='Pools of the array to make shares in. Default: all of '
                     'them.'),
    cfg.IntOpt('tegile_connect_timeout',
               default=10,
               min=1,
               help='Seconds that making a connection to the array may '
                    'take.'),
    cfg.IntOpt('tegile_request_timeout',
               default=120,
               min=1,
               help='Seconds that the array may take to answer a request.'),
    cfg.IntOpt('tegile_operation_timeout',
               default=300,
               min=1,
               help='Seconds that an operation may take in all, with the '
                    'requests that are repeated because the array was busy '
                    'or could not be reached.'),
]

TEGILE_OPTS = TEGILE_IN_TREE_OPTS + TEGILE_MORE_OPTS


def list_opts():
    """Return the options for oslo-config-generator.

    :returns: list of (group name or None, list of options); copies, which
        the caller may change.
    """
    return [('gpfs', copy.deepcopy(GPFS_OPTS)),
            ('tegile', copy.deepcopy(TEGILE_OPTS))]
