# SPDX-License-Identifier: Apache-2.0
"""Every method takes what the installed Manila passes to it."""

import inspect

import pytest

base = pytest.importorskip('manila.share.driver').ShareDriver

from manila_native import _native  # noqa: E402
from manila_native import gpfs  # noqa: E402

#: ours for the Python face and for the C type; no methods of ShareDriver
OWN = {'_native_setup', '_native_options', '_ssh_options', '_get_capacity',
       'backend_name'}


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
