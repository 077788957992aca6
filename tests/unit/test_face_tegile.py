# SPDX-License-Identifier: Apache-2.0
"""The Python class that Manila loads for IntelliFlash arrays."""

import socket
from unittest import mock

import pytest

pytest.importorskip('manila.share.driver')

from oslo_config import cfg  # noqa: E402

from manila import exception  # noqa: E402
from manila.share import driver as manila_driver  # noqa: E402
from manila_native import _native  # noqa: E402
from manila_native import exceptions  # noqa: E402
from manila_native import options  # noqa: E402
from manila_native import scheduler  # noqa: E402
from manila_native import tegile  # noqa: E402
from manila_native import waiting  # noqa: E402
from tests.unit.sections import section  # noqa: E402

GROUP = 'native-tegile-unit'
CONF = cfg.CONF


@pytest.fixture
def conf():
    yield from section(GROUP)


@pytest.fixture
def driver(conf):
    made = tegile.TegileShareDriver(private_storage=None, configuration=conf)
    conf.set(tegile_nas_server='192.0.2.1', tegile_nas_login='admin',
             tegile_nas_password='secret')
    return made


# ---- options ----

def by_name(opts):
    return {opt.name: opt for opt in opts}


def in_tree():
    module = pytest.importorskip('manila.share.drivers.tegile.tegile')
    return by_name(module.tegile_opts)


def test_in_tree_definitions_are_equal():
    assert by_name(options.TEGILE_IN_TREE_OPTS) == in_tree()


@pytest.mark.parametrize('ours_first', [True, False])
def test_both_can_be_registered(ours_first):
    lists = [options.TEGILE_OPTS, list(in_tree().values())]
    fresh = cfg.ConfigOpts()
    for opts in lists if ours_first else reversed(lists):
        fresh.register_opts(opts)
        fresh.register_opts(opts, group='tegile1')


def test_defaults():
    fresh = cfg.ConfigOpts()
    fresh.register_opts(options.TEGILE_OPTS, group='t')
    fresh([], default_config_files=[])
    assert fresh.t.tegile_ssl_cert_verify is True
    assert fresh.t.tegile_ssl_cert_path is None
    assert fresh.t.tegile_nas_port == 443
    assert fresh.t.tegile_pools is None
    assert fresh.t.tegile_default_project is None
    assert (fresh.t.tegile_connect_timeout, fresh.t.tegile_request_timeout,
            fresh.t.tegile_operation_timeout) == (10, 120, 300)


@pytest.mark.parametrize('name', [
    'tegile_connect_timeout', 'tegile_request_timeout',
    'tegile_operation_timeout'])
def test_there_is_always_a_time_limit(name):
    fresh = cfg.ConfigOpts()
    fresh.register_opts(options.TEGILE_OPTS)
    with pytest.raises(ValueError):
        fresh.set_override(name, 0)


def test_the_password_alone_is_secret():
    assert [opt.name for opt in options.TEGILE_OPTS if opt.secret] == [
        'tegile_nas_password']


def test_each_option_has_help_and_is_listed():
    assert all(opt.help for opt in options.TEGILE_OPTS)
    assert by_name(dict(options.list_opts())['tegile']) == by_name(
        options.TEGILE_OPTS)


# ---- the class ----

def test_construction_reads_nothing_and_asks_nobody(conf):
    conf.set(share_backend_name='late')
    with mock.patch.object(socket, 'socket',
                           side_effect=AssertionError), \
            mock.patch.object(socket, 'getaddrinfo',
                              side_effect=AssertionError):
        made = tegile.TegileShareDriver(private_storage=None,
                                        configuration=conf)
        assert made.driver_handles_share_servers is False
        assert made.backend_name == 'late'
    for call in (made.check_for_setup_error, made._get_array_stats):
        with pytest.raises(RuntimeError):
            call()


def test_order_of_the_bases():
    mro = tegile.TegileShareDriver.__mro__
    assert mro[1:4] == (_native.TegileShareDriver, scheduler.SchedulerMixin,
                        manila_driver.ShareDriver)


def test_methods_are_the_native_ones(driver):
    for name in ('create_share', 'delete_share', 'extend_share',
                 'shrink_share', 'update_access', 'ensure_shares',
                 'ensure_share', 'get_backend_info', 'check_for_setup_error',
                 'create_snapshot', 'delete_snapshot', 'get_pool',
                 'create_share_from_snapshot', 'revert_to_snapshot',
                 'manage_existing', 'unmanage', 'manage_existing_snapshot',
                 'unmanage_snapshot', 'update_share_usage_size',
                 'get_network_allocations_number'):
        assert getattr(type(driver), name) is getattr(
            _native.TegileShareDriver, name)
        assert driver._has_redefined_driver_methods(name)


def test_what_manila_takes_for_supported(driver):
    assert driver.snapshots_are_supported
    assert driver.creating_shares_from_snapshots_is_supported
    assert driver.get_network_allocations_number() == 0
    assert driver.ipv6_implemented is False
    assert driver.get_configured_ip_versions() == [4]
    # the array can't take snapshots of several shares at one instant
    for name in ('create_share_group_snapshot', 'snapshot_update_access'):
        assert not driver._has_redefined_driver_methods(name)


def test_setup_hands_over_the_options(driver, conf):
    given = driver._native_options()
    assert given['server'] == '192.0.2.1' and given['port'] == 443
    assert given['project'] is None and given['pools'] == []
    assert given['ssl_cert_verify'] is True
    assert given['exceptions'] is exceptions.CLASSES
    assert given['wait'] is waiting.choose
    conf.set(tegile_nas_port=8443, tegile_default_project='p',
             tegile_pools=['a', 'b'], tegile_ssl_cert_verify=False,
             tegile_ssl_cert_path='/x', tegile_connect_timeout=1,
             tegile_request_timeout=2, tegile_operation_timeout=3)
    given = driver._native_options()
    assert (given['port'], given['project'], given['pools']) == (
        8443, 'p', ['a', 'b'])
    assert (given['ssl_cert_verify'], given['ssl_cert_path']) == (
        False, '/x')
    assert (given['connect_timeout'], given['request_timeout'],
            given['operation_timeout']) == (1, 2, 3)


def test_share_types_are_not_asked_about(driver):
    # the GPFS driver, in the same process, has the module know how to ask
    from manila_native import gpfs
    asked = []
    _native._configure({'extra_specs': asked.append})
    try:
        driver.do_setup(None)
    finally:
        _native._configure({'extra_specs': gpfs._extra_specs})
    share = {'id': '1', 'share_proto': 'NFS', 'host': 'a@b#c',
             'share_type_id': 't'}
    # a rule that is none ends the call before the array is asked
    with pytest.raises(KeyError):
        driver.update_access(None, share, [{}], [], [], [])
    assert not asked


def test_do_setup_may_be_repeated(driver):
    driver.do_setup(None)
    driver.do_setup(None)


@pytest.mark.parametrize('name, value', [
    ('tegile_nas_server', None), ('tegile_nas_login', None),
    ('tegile_nas_login', ''), ('tegile_nas_password', None),
    ('tegile_nas_password', '')])
def test_a_missing_option_is_told(driver, conf, name, value):
    conf.set(**{name: value})
    with pytest.raises(exception.BadConfigurationException) as caught:
        driver.do_setup(None)
    assert isinstance(caught.value, exceptions.TegileConfigurationException)
    assert name in str(caught.value)


def test_exceptions_are_manila_s():
    for cls in (exceptions.TegileException,
                exceptions.TegileConfigurationException,
                exceptions.TegileTimeoutException,
                exceptions.TegileConnectionException):
        assert issubclass(cls, exception.ShareBackendException)
        assert issubclass(cls, exceptions.TegileException)
        assert issubclass(cls, getattr(_native, cls.__name__))
        assert not issubclass(cls, exceptions.GPFSException)
        if hasattr(exception, 'TegileAPIException'):
            assert issubclass(cls, exception.TegileAPIException)
        assert str(cls('50 % (x)s')) == '50 % (x)s'


# ---- the scheduler ----

FLAGS = ('snapshot_support', 'create_share_from_snapshot_support',
         'revert_to_snapshot_support', 'mount_snapshot_support')


def stats_of(driver, revert=True):
    pools = [{'pool_name': name, 'total_capacity_gb': total,
              'free_capacity_gb': total / 2, 'allocated_capacity_gb': 0.0,
              'qos': False} for name, total in (('a', 4.0), ('b', 8.0))]
    with mock.patch.object(
            type(driver), '_get_array_stats',
            lambda self: {'pools': pools,
                          'revert_to_snapshot_support': revert}):
        return driver.get_share_stats(refresh=True)


@pytest.mark.parametrize('revert', [True, False])
def test_capabilities(driver, conf, revert):
    conf.set(share_backend_name='t1', reserved_share_percentage=5,
             reserved_share_extend_percentage=7)
    stats = stats_of(driver, revert)
    assert stats['share_backend_name'] == 't1'
    assert stats['driver_version'] == _native.__version__
    assert stats['storage_protocol'] == 'NFS_CIFS'
    assert (stats['total_capacity_gb'], stats['free_capacity_gb']) == (12, 6)
    assert stats['ipv4_support'] and not stats['ipv6_support']
    for each in (stats, *stats['pools']):
        assert [each[flag] for flag in FLAGS] == [True, True, revert, False]
    for pool in stats['pools']:
        assert pool['reserved_percentage'] == 5
        assert pool['reserved_snapshot_percentage'] == 5
        assert pool['reserved_share_extend_percentage'] == 7
        assert pool['thin_provisioning'] is True
        assert pool['max_over_subscription_ratio'] is not None


def test_the_scheduler_takes_the_stats(driver):
    host_manager = pytest.importorskip('manila.scheduler.host_manager')
    state = host_manager.HostState('host@tegile')
    # of thin pools it is the sum of the sizes in Manila's database
    with mock.patch.object(host_manager.PoolState,
                           '_estimate_provisioned_capacity',
                           return_value=3):
        state.update_from_share_capability(
            dict(stats_of(driver), timestamp=None), service=None)
    assert {pool.provisioned_capacity_gb
            for pool in state.pools.values()} == {3}
    assert sorted(state.pools) == ['a', 'b']
    assert all(pool.revert_to_snapshot_support
               for pool in state.pools.values())


def test_functions_for_the_scheduler(driver):
    assert driver.get_default_filter_function() is None
    assert driver.get_default_goodness_function() is None


def test_log():
    with mock.patch.object(tegile, 'LOG') as log:
        tegile._log(30, '100 % full')
    log.log.assert_called_once_with(30, '%s', '100 % full')
