# SPDX-License-Identifier: Apache-2.0
"""The export helpers by themselves, with an execute callable of the test's."""

import types

import pytest

from oslo_concurrency import processutils

from manila_native import exceptions
from manila_native import gpfs

from tests.functional.drivers import make_share

MM = '/usr/lpp/mmfs/bin/'
ONE, OTHER = '192.0.2.1', '198.51.100.0/24'


class Execute:
    """As the driver's own: as root, in one node."""

    def __init__(self, node):
        self._node = node

    def __call__(self, *cmd, run_as_root=False, check_exit_code=True,
                 process_input=None):
        assert run_as_root and check_exit_code == [0]
        done = self._node.run(list(cmd), input=process_input)
        if done.returncode not in check_exit_code:
            raise processutils.ProcessExecutionError(
                exit_code=done.returncode, stdout=done.stdout,
                stderr=done.stderr, cmd=' '.join(cmd))
        return done.stdout, done.stderr


def configuration(**values):
    return types.SimpleNamespace(gpfs_nfs_server_list=None, **values)


def make(cluster):
    """(share, its path): the fileset of a share, without a driver."""
    share = make_share()
    path = f"{cluster.mount_point}/{share['name']}"
    run = cluster.nodes[0].run
    run([MM + 'mmcrfileset', cluster.device, share['name'],
         '--inode-space', 'new'], check=True)
    run([MM + 'mmlinkfileset', cluster.device, share['name'], '-J', path],
        check=True)
    return share, path


def use(helper, share, path, clients):
    """All methods; clients() tells {client: level} in force."""
    helper.allow_access(path, share, 'ip', ONE)
    helper.allow_access(path, share, 'ip', {
        'access_type': 'ip', 'access_to': OTHER, 'access_level': 'ro'})
    assert clients() == {ONE: 'rw', OTHER: 'ro'}
    helper.allow_access(path, share, 'ip', ONE)
    helper.deny_access(path, share, 'ip', OTHER)
    helper.deny_access(path, share, 'ip', '203.0.113.9', force=True)
    assert clients() == {ONE: 'rw'}
    helper.remove_export(path, share)
    assert clients() == {}
    helper.remove_export(path, share)
    with pytest.raises(exceptions.InvalidShareAccess):
        helper.allow_access(path, share, 'user', 'joe')


def test_ces(gpfs_shared_cluster):
    cluster = gpfs_shared_cluster
    share, path = make(cluster)

    def clients():
        export = cluster.exports().get(path, {'clients': []})
        return {each['client']: each['Access_Type'].lower()
                for each in export['clients']}
    helper = gpfs.CESHelper(Execute(cluster.nodes[0]), configuration())
    use(helper, share, path, clients)


def test_kernel_nfs(gpfs_shared_cluster):
    node = gpfs_shared_cluster.nodes[0]
    share, path = make(gpfs_shared_cluster)

    def clients():
        found = {}
        for line in node.exportfs().splitlines():
            where, rest = line.split()
            client, _, options = rest.partition('(')
            if where == path:
                found[client] = 'rw' if 'rw' in options.split(',') else 'ro'
        return found
    helper = gpfs.KNFSHelper(Execute(node), configuration())
    use(helper, share, path, clients)


def test_ganesha(gpfs_real_cluster):
    cluster = gpfs_real_cluster
    node = cluster.nodes[0]
    share, path = make(cluster)
    execute = Execute(node)
    file = f"/etc/ganesha/export.d/{share['name']}.conf"

    def clients():
        out = node.run(['cat', file]).stdout
        found, names = {}, []
        for line in out.splitlines():
            line = line.strip().rstrip(';').rstrip(',')
            if line and line[0].isdigit():
                names.append(line)
            if line.startswith('Access_Type') and names:
                found.update(dict.fromkeys(names, line.split()[-1].lower()))
                names = []
        return found
    helper = gpfs.GNFSHelper(execute, configuration(
        gpfs_ganesha_version='2.1', ganesha_nfs_export_options=None))
    use(helper, share, path, clients)


def test_ganesha_of_an_unknown_version(gpfs_shared_cluster):
    helper = gpfs.GNFSHelper(Execute(gpfs_shared_cluster.nodes[0]),
                             configuration(gpfs_ganesha_version='7'))
    with pytest.raises(exceptions.GPFSConfigurationException,
                       match='gpfs_ganesha_version'):
        helper.remove_export('/x', make_share())
