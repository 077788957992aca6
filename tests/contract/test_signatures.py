# SPDX-License-Identifier: Apache-2.0
"""Every method takes what the installed Manila passes to it."""

import inspect

import pytest

base = pytest.importorskip('manila.share.driver').ShareDriver

from manila_native import _native  # noqa: E402
from manila_native import gpfs  # noqa: E402

#: ours for the Python face and for the C type; no methods of ShareDriver
OWN = {'_native_setup', '_native_options', '_ssh_options', '_export_options',
       '_get_capacities', '_get_capabilities', '_capacity', '_reserved',
       '_pool_stats', 'backend_name'}

#: what of Manila's interface a DHSS=False driver of this kind has; the rest
#: is replication, migration, backups, share servers, and what fits as it is
IMPLEMENTED = {
    'check_for_setup_error', 'do_setup', 'create_share', 'delete_share',
    'extend_share', 'shrink_share', 'ensure_share', 'ensure_shares',
    'update_access', 'allow_access', 'deny_access', 'create_snapshot',
    'delete_snapshot', 'snapshot_update_access', 'manage_existing_snapshot',
    'unmanage_snapshot', 'create_share_from_snapshot', 'revert_to_snapshot',
    'get_share_status', 'manage_existing', 'unmanage', 'get_pool',
    'update_share_usage_size', 'create_share_group_snapshot',
    'delete_share_group_snapshot',
    'create_share_group_from_share_group_snapshot', 'get_backend_info',
    'get_configured_ip_versions', 'get_network_allocations_number',
    'get_default_filter_function', 'get_default_goodness_function',
    '_update_share_stats'}


def defined(cls):
    return {name for name in vars(cls) if not name.startswith('__')}


def overriding():
    return sorted(defined(_native.GPFSShareDriver)
                  | defined(gpfs.GPFSShareDriver))


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values()
            if p.name != 'self']


@pytest.mark.parametrize('name', overriding())
def test_each_method_overrides_one(name):
    if name in OWN or name.startswith('_abc'):
        return
    assert hasattr(base, name), 'Manila does not know %s()' % name


def test_what_is_implemented():
    found = {name for name in overriding() if hasattr(base, name)}
    assert found == IMPLEMENTED


@pytest.mark.parametrize('name', [
    'create_share_group', 'delete_share_group', 'transfer_accept',
    'get_optional_share_creation_data', 'get_filter_function'])
def test_what_fits_as_it_is(name):
    assert getattr(gpfs.GPFSShareDriver, name) is getattr(base, name)


@pytest.mark.parametrize(
    'name', [n for n in overriding() if hasattr(base, n)])
def test_signature(name):
    """The same names in the same order: Manila passes both ways."""
    theirs = parameters(getattr(base, name))
    ours = parameters(getattr(gpfs.GPFSShareDriver, name))
    assert [p.name for p in ours][:len(theirs)] == [p.name for p in theirs]
    for mine, its in zip(ours, theirs):
        if its.default is not its.empty:
            assert mine.default is not mine.empty, its.name
    # what Manila does not pass must not be needed
    assert all(p.default is not p.empty for p in ours[len(theirs):])


@pytest.mark.parametrize(
    'name', [n for n in overriding() if hasattr(base, n)])
def test_calls_bind(name):
    signature = inspect.signature(getattr(gpfs.GPFSShareDriver, name))
    theirs = parameters(getattr(base, name))
    needed = [p for p in theirs if p.default is p.empty]
    signature.bind(None, *[object() for _ in theirs])
    signature.bind(None, *[object() for _ in needed])
    signature.bind(None, **{p.name: object() for p in theirs})


def test_update_access_as_the_share_manager_calls_it():
    signature = inspect.signature(gpfs.GPFSShareDriver.update_access)
    signature.bind(None, 'context', 'share', [], add_rules=[],
                   delete_rules=[], update_rules=[], share_server=None)


def test_snapshot_calls_as_the_share_manager_makes_them():
    bind = {name: inspect.signature(getattr(gpfs.GPFSShareDriver, name)).bind
            for name in IMPLEMENTED}
    bind['create_share_from_snapshot'](
        None, 'context', 'share', 'snapshot', share_server=None,
        parent_share={})
    bind['revert_to_snapshot'](None, 'context', 'snapshot', [], [],
                               share_server=None)
    bind['snapshot_update_access'](None, 'context', 'snapshot', [],
                                   add_rules=[], delete_rules=[],
                                   share_server=None)
    bind['get_share_status'](None, 'share', None)
    bind['create_share_group_snapshot'](None, 'context', {},
                                        share_server=None)
