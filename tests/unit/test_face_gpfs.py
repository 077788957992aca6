# SPDX-License-Identifier: Apache-2.0
"""The Python class that Manila loads."""

import os
import socket
from unittest import mock

import pytest

pytest.importorskip('manila.share.driver')

from oslo_config import cfg  # noqa: E402

from manila.share import configuration  # noqa: E402
from manila.share import driver as manila_driver  # noqa: E402
from manila_native import _native  # noqa: E402
from manila_native import exceptions  # noqa: E402
from manila_native import gpfs  # noqa: E402
from manila_native import waiting  # noqa: E402

GROUP = 'native-gpfs-unit'
CONF = cfg.CONF


@pytest.fixture
def conf():
    """A back end's section; the values are taken back afterwards."""
    if not CONF._namespace:
        CONF([], project='manila', default_config_files=[])
    section = configuration.Configuration(manila_driver.share_opts,
                                          config_group=GROUP)
    names = []

    def set_(**values):
        for name, value in values.items():
            CONF.set_override(name, value, group=GROUP)
            names.append(name)
    section.set = set_
    set_(driver_handles_share_servers=False)
    yield section
    for name in names:
        CONF.clear_override(name, group=GROUP)


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


def stats_of(driver, total=10 * 1024 ** 3, free=5 * 1024 ** 3):
    with mock.patch.object(type(driver), '_get_capacity',
                           lambda self: (total, free)):
        return driver.get_share_stats(refresh=True)


def test_stats(driver, conf):
    conf.set(share_backend_name='gpfs1', reserved_share_percentage=5)
    stats = stats_of(driver, free=5 * 1024 ** 3 + 1)
    wanted = {
        'share_backend_name': 'gpfs1', 'vendor_name': 'IBM',
        'driver_version': _native.__version__, 'storage_protocol': 'NFS',
        'total_capacity_gb': 10, 'free_capacity_gb': 5,
        'reserved_percentage': 5, 'reserved_snapshot_percentage': 5,
        'reserved_share_extend_percentage': 5,
        'driver_handles_share_servers': False,
        'ipv4_support': True, 'ipv6_support': True}
    assert {key: stats[key] for key in wanted} == wanted
    # As in the in-tree driver: the scheduler counts what is really free.
    assert 'thin_provisioning' not in stats


def test_capabilities_are_true(driver):
    """Manila derives them from methods that are there, or not."""
    stats = stats_of(driver)
    made = hasattr(_native.GPFSShareDriver, 'create_snapshot')
    assert stats['snapshot_support'] is made
    for key in ('revert_to_snapshot_support', 'mount_snapshot_support'):
        assert stats[key] is False


def test_methods_are_the_native_ones(driver):
    for name in ('create_share', 'update_access', 'ensure_shares',
                 'get_backend_info', 'check_for_setup_error'):
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
