# SPDX-License-Identifier: Apache-2.0
"""The Python class that Manila loads."""

import os
import socket
from unittest import mock

import pytest

pytest.importorskip('manila.share.driver')

from oslo_config import cfg  # noqa: E402

from manila_native import _native  # noqa: E402
from manila_native import exceptions  # noqa: E402
from manila_native import gpfs  # noqa: E402
from manila_native import waiting  # noqa: E402
from tests.unit.sections import section  # noqa: E402

GROUP = 'native-gpfs-unit'
GIB = 1024 ** 3
CONF = cfg.CONF


@pytest.fixture
def conf():
    yield from section(GROUP)


@pytest.fixture
def driver(conf):
    made = gpfs.GPFSShareDriver(private_storage=None, configuration=conf)
    conf.set(gpfs_share_export_ip='192.0.2.1',
             gpfs_nfs_server_list=['stor1', '198.51.100.1'],
             gpfs_nfs_server_type='KNFS', gpfs_mount_point_base='/gpfs0',
             gpfs_ssh_login='root')
    return made


def test_construction_reads_nothing(conf):
    conf.set(share_backend_name='late')
    made = gpfs.GPFSShareDriver(private_storage=None, configuration=conf)
    assert made.driver_handles_share_servers is False
    assert made.ipv6_implemented is True
    assert made.backend_name == 'late'
    with pytest.raises(RuntimeError):
        made.check_for_setup_error()


def test_setup_hands_over_the_options(driver, conf):
    conf.set(gpfs_ssh_port=2222, gpfs_ssh_known_hosts=['/a', '/b'],
             gpfs_ssh_sudo=True, gpfs_command_timeout=7,
             gpfs_ssh_host_key_policy='accept-new')
    given = driver._native_options()
    assert given['cluster_host'] == given['export_ip'] == '192.0.2.1'
    assert given['nfs_servers'] == ['stor1', '198.51.100.1']
    assert given['ssh']['port'] == 2222
    assert given['ssh']['known_hosts'] == ['/a', '/b']
    assert given['ssh']['host_key_policy'] == 'accept-new'
    assert given['ssh']['sudo'] is True
    assert given['ssh']['command_timeout'] == 7
    assert given['ssh']['connect_timeout'] == 60
    assert given['ssh']['max_sessions'] == 10
    assert given['wait'] is waiting.choose
    driver.do_setup(None)
    driver.do_setup(None)


def test_hosts_that_are_this_machine(driver, conf):
    with mock.patch.object(socket, 'gethostbyname_ex',
                           return_value=('me', [], ['198.51.100.1'])):
        assert driver._native_options()['local_hosts'] == ['198.51.100.1']
        conf.set(is_gpfs_node=True)
        assert driver._native_options()['local_hosts'] == [
            '198.51.100.1', '192.0.2.1']
    with mock.patch.object(socket, 'gethostbyname_ex',
                           side_effect=socket.gaierror):
        assert driver._native_options()['local_hosts'] == ['192.0.2.1']


def test_root_helper():
    with mock.patch.object(os, 'geteuid', return_value=0):
        assert gpfs._root_helper() == []
    with mock.patch.object(os, 'geteuid', return_value=1000):
        assert gpfs._root_helper() == [
            'sudo', 'manila-rootwrap', CONF.rootwrap_config]


def test_bad_setup_raises_manilas_exception(driver, conf):
    from manila import exception
    conf.set(gpfs_mount_point_base='relative')
    with pytest.raises(exception.ShareBackendException) as caught:
        driver.do_setup(None)
    assert isinstance(caught.value, exceptions.GPFSConfigurationException)
    assert 'gpfs_mount_point_base' in str(caught.value)


def stats_of(driver, *rows, mount=True, inherit=True):
    """rows: (pool, total, free); the stats that the scheduler gets."""
    rows = rows or [('any', 10 * GIB, 5 * GIB)]
    capabilities = {'mount_snapshot_support': mount,
                    'snapshot_inherit_share_access_support': inherit}
    with mock.patch.object(type(driver), '_get_capacities',
                           lambda self: list(rows)), \
            mock.patch.object(type(driver), '_get_capabilities',
                              lambda self: capabilities):
        return driver.get_share_stats(refresh=True)


def test_stats(driver, conf):
    conf.set(share_backend_name='gpfs1', reserved_share_percentage=5)
    stats = stats_of(driver, ('any', 10 * GIB, 5 * GIB + 1))
    wanted = {
        'share_backend_name': 'gpfs1', 'vendor_name': 'IBM',
        'driver_version': _native.__version__, 'storage_protocol': 'NFS',
        'total_capacity_gb': 10, 'free_capacity_gb': 5,
        'reserved_percentage': 5, 'reserved_snapshot_percentage': 5,
        'reserved_share_extend_percentage': 5,
        'driver_handles_share_servers': False, 'pools': None,
        'ipv4_support': True, 'ipv6_support': True,
        'share_group_stats': {'consistent_snapshot_support': 'host'}}
    assert {key: stats[key] for key in wanted} == wanted
    # As in the in-tree driver: the scheduler counts what is really free.
    assert 'thin_provisioning' not in stats
    assert 'pool_name' not in stats


FLAGS = ('snapshot_support', 'create_share_from_snapshot_support',
         'revert_to_snapshot_support', 'mount_snapshot_support',
         'snapshot_inherit_share_access_support')
#: without one of these the scheduler raises KeyError
MANDATORY = ('pool_name', 'total_capacity_gb', 'free_capacity_gb',
             'reserved_percentage', 'reserved_snapshot_percentage',
             'reserved_share_extend_percentage')


def test_capabilities_are_true(driver):
    stats = stats_of(driver)
    assert all(stats[flag] is True for flag in FLAGS)
    stats = stats_of(driver, mount=False, inherit=False)
    assert stats['mount_snapshot_support'] is False
    assert stats['snapshot_inherit_share_access_support'] is False


def test_pools(driver, conf):
    conf.set(gpfs_pools={'fast': '/fast', 'slow': '/slow'},
             reserved_share_percentage=3)
    stats = stats_of(driver, ('fast', 4 * GIB, 2 * GIB), ('slow', 0, 0))
    fast, slow = stats['pools']
    assert (fast['pool_name'], fast['total_capacity_gb'],
            fast['free_capacity_gb']) == ('fast', 4, 2)
    assert (slow['total_capacity_gb'], slow['free_capacity_gb']) == (0, 0)
    for pool in (fast, slow):
        assert all(key in pool for key in MANDATORY)
        assert all(pool[flag] is stats[flag] for flag in FLAGS)
        assert pool['reserved_percentage'] == 3
        assert pool['ipv4_support'] and pool['ipv6_support']
    assert stats['total_capacity_gb'] == 'unknown'
    assert stats['share_group_stats'] == {
        'consistent_snapshot_support': 'pool'}


def test_the_scheduler_takes_the_stats(driver, conf):
    host_manager = pytest.importorskip('manila.scheduler.host_manager')
    conf.set(share_backend_name='gpfs1')

    def pools():
        state = host_manager.HostState('host@gpfs1')
        stats = stats_of(driver, ('fast', 4 * GIB, 2 * GIB),
                         ('slow', 2 * GIB, GIB))
        state.update_from_share_capability(
            dict(stats, timestamp=None), service=None)
        return state.pools
    assert list(pools()) == ['gpfs1']
    conf.set(gpfs_pools={'fast': '/fast', 'slow': '/slow'})
    assert sorted(pools()) == ['fast', 'slow']
    for pool in pools().values():
        assert pool.mount_snapshot_support is True
        assert pool.revert_to_snapshot_support is True


def test_functions_for_the_scheduler(driver):
    assert driver.get_default_filter_function() is None
    assert driver.get_default_filter_function(pool='x') is None
    assert driver.get_default_goodness_function() is None


def test_options_of_pools_and_servers(driver, conf):
    given = driver._native_options()
    assert given['pools'] == []
    assert given['backend_name'] == driver.backend_name
    assert given['snapshot_dir'] == '.snapshots'
    assert given['export_options'].startswith('rw,sync')
    conf.set(gpfs_pools={'b': '/b', 'a': '/a'}, gpfs_nfs_server_type='GNFS',
             ganesha_nfs_export_options='maxread = 1',
             gpfs_ganesha_version='2.0', ganesha_config_path='/g/g.conf',
             ganesha_export_dir='/g/d', ganesha_service_name='nfs-ganesha',
             gpfs_snapshot_dir='.snap')
    given = driver._native_options()
    assert given['pools'] == [('b', '/b'), ('a', '/a')]
    assert given['export_options'] == 'maxread = 1'
    assert given['ganesha_version'] == '2.0'
    assert given['ganesha_config_path'] == '/g/g.conf'
    assert given['ganesha_export_dir'] == '/g/d'
    assert given['ganesha_service_name'] == 'nfs-ganesha'
    assert given['snapshot_dir'] == '.snap'
    conf.set(gpfs_nfs_server_type='CES')
    assert driver._native_options()['export_options'] is None


def test_reverts_are_polled_where_manila_does(driver):
    from manila.common import constants
    from manila.share import manager
    polls = hasattr(manager.ShareManager, '_finalize_async_revert')
    assert driver._native_options()['async_revert'] is polls
    with mock.patch.object(gpfs, 'constants', object()):
        assert driver._native_options()['async_revert'] is False
    if polls:
        assert constants.STATUS_REVERTING_TO_SNAPSHOT \
            == 'reverting_to_snapshot'
        with mock.patch.object(manager, 'ShareManager', object):
            assert driver._native_options()['async_revert'] is False


def test_methods_are_the_native_ones(driver):
    for name in ('create_share', 'update_access', 'ensure_shares',
                 'get_backend_info', 'check_for_setup_error',
                 'create_snapshot', 'create_share_from_snapshot',
                 'revert_to_snapshot', 'manage_existing', 'get_share_status',
                 'create_share_group_snapshot'):
        assert getattr(type(driver), name) is getattr(
            _native.GPFSShareDriver, name)
        assert driver._has_redefined_driver_methods(name)


def test_extra_specs():
    assert gpfs._extra_specs({}) == {}
    assert gpfs._extra_specs({'share_type_id': None}) == {}
    with mock.patch('manila.share.share_types.get_extra_specs_from_share',
                    return_value={'a': 'b'}) as get:
        assert gpfs._extra_specs({'share_type_id': 't'}) == {'a': 'b'}
    get.assert_called_once_with({'share_type_id': 't'})


def test_log():
    with mock.patch.object(gpfs, 'LOG') as log:
        gpfs._log(30, '100 % full')
    log.log.assert_called_once_with(30, '%s', '100 % full')


def test_unknown_attribute_of_the_module():
    with pytest.raises(AttributeError):
        gpfs.nonsense
