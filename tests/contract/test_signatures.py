# SPDX-License-Identifier: Apache-2.0
"""Every method takes what the installed Manila passes to it."""

import inspect

import pytest

base = pytest.importorskip('manila.share.driver').ShareDriver

from manila_native import _native  # noqa: E402
from manila_native import gpfs  # noqa: E402
from manila_native import scheduler  # noqa: E402
from manila_native import tegile  # noqa: E402

#: ours for the Python face and for the C type; no methods of ShareDriver
OWN = {'_native_setup', '_native_options', '_ssh_options', '_export_options',
       '_get_capacities', '_get_capabilities', '_capacity', '_reserved',
       '_pool_stats', 'backend_name', '_get_array_stats'}

#: what of Manila's interface every DHSS=False driver of this kind has; the
#: rest is replication, migration, backups, share servers, and what fits as it
#: is
COMMON = {
    'check_for_setup_error', 'do_setup', 'create_share', 'delete_share',
    'extend_share', 'shrink_share', 'ensure_share', 'ensure_shares',
    'update_access', 'allow_access', 'deny_access', 'create_snapshot',
    'delete_snapshot', 'manage_existing_snapshot', 'unmanage_snapshot',
    'create_share_from_snapshot', 'revert_to_snapshot', 'manage_existing',
    'unmanage', 'get_pool', 'update_share_usage_size', 'get_backend_info',
    'get_network_allocations_number', 'get_default_filter_function',
    'get_default_goodness_function', '_update_share_stats'}

IMPLEMENTED = {
    gpfs.GPFSShareDriver: COMMON | {
        'snapshot_update_access', 'get_share_status',
        'create_share_group_snapshot', 'delete_share_group_snapshot',
        'create_share_group_from_share_group_snapshot',
        'get_configured_ip_versions'},
    # a clone is there at once, and only whole projects can be snapshotted
    tegile.TegileShareDriver: COMMON,
}

NATIVE = {gpfs.GPFSShareDriver: _native.GPFSShareDriver,
          tegile.TegileShareDriver: _native.TegileShareDriver}

DRIVERS = pytest.mark.parametrize('driver', list(NATIVE),
                                  ids=lambda cls: cls.__name__)


def defined(cls):
    return {name for name in vars(cls) if not name.startswith('__')}


def overriding(driver):
    mixin = defined(scheduler.SchedulerMixin)
    return sorted(defined(NATIVE[driver]) | defined(driver) | mixin)


def each_method(only_manila_s):
    return pytest.mark.parametrize('driver, name', [
        pytest.param(driver, name, id=f'{driver.__name__}-{name}')
        for driver in NATIVE for name in overriding(driver)
        if hasattr(base, name) or not only_manila_s])


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values()
            if p.name != 'self']


@each_method(False)
def test_each_method_overrides_one(driver, name):
    if name in OWN or name.startswith('_abc'):
        return
    assert hasattr(base, name), 'Manila does not know %s()' % name


@DRIVERS
def test_what_is_implemented(driver):
    found = {name for name in overriding(driver) if hasattr(base, name)}
    assert found == IMPLEMENTED[driver]


@DRIVERS
@pytest.mark.parametrize('name', [
    'create_share_group', 'delete_share_group', 'transfer_accept',
    'get_optional_share_creation_data', 'get_filter_function'])
def test_what_fits_as_it_is(driver, name):
    assert getattr(driver, name) is getattr(base, name)


@each_method(True)
def test_signature(driver, name):
    """The same names in the same order: Manila passes both ways."""
    theirs = parameters(getattr(base, name))
    ours = parameters(getattr(driver, name))
    assert [p.name for p in ours][:len(theirs)] == [p.name for p in theirs]
    for mine, its in zip(ours, theirs):
        if its.default is not its.empty:
            assert mine.default is not mine.empty, its.name
    # what Manila does not pass must not be needed
    assert all(p.default is not p.empty for p in ours[len(theirs):])


@each_method(True)
def test_calls_bind(driver, name):
    signature = inspect.signature(getattr(driver, name))
    theirs = parameters(getattr(base, name))
    needed = [p for p in theirs if p.default is p.empty]
    signature.bind(None, *[object() for _ in theirs])
    signature.bind(None, *[object() for _ in needed])
    signature.bind(None, **{p.name: object() for p in theirs})


@DRIVERS
def test_update_access_as_the_share_manager_calls_it(driver):
    signature = inspect.signature(driver.update_access)
    signature.bind(None, 'context', 'share', [], add_rules=[],
                   delete_rules=[], update_rules=[], share_server=None)


@DRIVERS
def test_snapshot_calls_as_the_share_manager_makes_them(driver):
    def bind(name, *args, **kwargs):
        inspect.signature(getattr(driver, name)).bind(None, *args, **kwargs)

    bind('create_share_from_snapshot', 'context', 'share', 'snapshot',
         share_server=None, parent_share={})
    bind('revert_to_snapshot', 'context', 'snapshot', [], [],
         share_server=None)
    bind('snapshot_update_access', 'context', 'snapshot', [], add_rules=[],
         delete_rules=[], share_server=None)
    bind('get_share_status', 'share', None)
    bind('create_share_group_snapshot', 'context', {}, share_server=None)
