# SPDX-License-Identifier: Apache-2.0
"""Types of the extension: life cycle, leaks, use without Manila.

What may crash, or needs a fresh interpreter, runs in one of its own.
"""

import gc
import inspect
import os
import subprocess
import sys
import textwrap
import weakref

import pytest

from manila_native import _native
from tests.backends.intelliflash import Array

ROOT = os.path.dirname(os.path.dirname(_native.__file__))

TYPES = [_native.GPFSShareDriver, _native.NASHelperBase, _native.KNFSHelper,
         _native.GNFSHelper, _native.CESHelper, _native.SSHExecutor,
         _native.TegileShareDriver]

# Makes a finder that hides Manila and OpenStack's libraries.
WITHOUT_MANILA = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('manila', 'oslo_config', 'oslo_log',
                                  'oslo_concurrency', 'eventlet'):
            raise ModuleNotFoundError('hidden', name=name.split('.')[0])
sys.meta_path.insert(0, Hide())
"""


def run(code):
    """Run code in a new interpreter; return what it printed."""
    done = subprocess.run(
        [sys.executable, '-X', 'faulthandler', '-c', textwrap.dedent(code)],
        capture_output=True, text=True, timeout=120,
        env=dict(os.environ, PYTHONPATH=ROOT))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_without_manila():
    out = run(WITHOUT_MANILA + textwrap.dedent("""
        from manila_native import exceptions, gpfs, _native
        assert exceptions.CommandError is _native.CommandError
        assert issubclass(exceptions.GPFSException, _native.GPFSException)
        assert 'manila' not in sys.modules
        class C: gpfs_share_export_ip = '192.0.2.1'
        h = gpfs.KNFSHelper(lambda *a, **k: ('', ''), C())
        print(h.create_export('/x'))
        try:
            h.allow_access('/x', {'id': '1', 'name': '1'}, 'user', 'joe')
        except _native.InvalidShareAccess as e:
            print('refused:', e)
        try:
            gpfs.GPFSShareDriver
        except ImportError as e:
            print(e)
        class D(_native.GPFSShareDriver): pass
        D()
        """))
    assert '192.0.2.1:/x' in out
    assert 'refused: Only ip' in out
    assert 'needs Manila' in out


def test_native_alone():
    """The extension raises classes of its own, and needs nothing else."""
    run("""
        import sys
        from manila_native import _native
        assert set(sys.modules) & {'manila', 'manila_native.gpfs'} == set()
        d = _native.GPFSShareDriver(1, x=2)     # arguments are ignored
        base = dict(export_ip='h', cluster_host='h', local_hosts=['h'],
                    nfs_servers=['h'], nfs_server_type='KNFS')
        try:
            d._native_setup(base)
        except _native.GPFSConfigurationException as e:
            assert e.native_code == 'CONFIG'
            assert isinstance(e, _native.GPFSException)
        d._native_setup(dict(base, mount_point_base='/g',
                             root_helper=['/bin/false']))
        try:
            d._get_capacities()
        except _native.GPFSException as e:
            assert e.native_code == 'REMOTE', e.native_code
        else:
            raise AssertionError
        """)


def test_no_engine_before_the_first_operation():
    """Manila builds drivers in a parent and forks: no thread may run."""
    run("""
        import os
        from manila_native import _native
        d = _native.GPFSShareDriver()
        d._native_setup(dict(
            export_ip='h', cluster_host='h', nfs_servers=['h'],
            nfs_server_type='KNFS', mount_point_base='/g'))
        e = _native.SSHExecutor('h', login='x')
        assert len(os.listdir('/proc/self/task')) == 1
        """)


def test_module_again():
    """No static state: a second module object has types of its own."""
    run("""
        import gc, sys
        from manila_native import _native as first
        h = first.NASHelperBase(None, None)
        del sys.modules['manila_native._native']
        import manila_native
        del manila_native._native
        from manila_native import _native as second
        assert first is not second
        assert first.GPFSException is not second.GPFSException
        del first, h
        gc.collect()
        second.KNFSHelper(None, None)
        """)


LEAKS = {
    'driver': """
        class D(_native.GPFSShareDriver): pass
        def use():
            d = D()
            conf = dict(
                export_ip='h', cluster_host='h', local_hosts=['h'],
                nfs_servers=['h', '127.0.0.1'], nfs_server_type='KNFS',
                mount_point_base='/g', root_helper=['/bin/false'],
                ssh=dict(port=1, login='x', password='y'),
                log=lambda *a: d, extra_specs=lambda s: {},
                exceptions={'GPFSException': OSError})
            d._native_setup(conf)
            d._native_setup(conf)
            share = dict(id='1', name='s', size=1, share_proto='NFS')
            rule = dict(access_id='a', access_type='ip', access_level='rw',
                        access_to='10.0.0.1')
            snap = dict(id='2', name='n', size=1, share=share)
            group = dict(share_group_snapshot_members=[snap], shares=[
                dict(share, source_share_group_snapshot_member_id='2')])
            clone = d.create_share_group_from_share_group_snapshot
            managed = dict(share, export_locations=[{'path': 'h:/g/x'}])
            for call in (lambda: d.update_access(None, share, [rule], [rule],
                                                 [], []),
                         lambda: d.update_access(None, share, [rule], [{}],
                                                 [], []),
                         lambda: d.create_share(None, 3),
                         lambda: d.ensure_shares(None, [
                             share, dict(share, share_proto='X')]),
                         lambda: d.create_snapshot(None, snap),
                         lambda: d.delete_snapshot(None, {}),
                         lambda: d.snapshot_update_access(
                             None, snap, [rule], [], []),
                         lambda: d.manage_existing_snapshot(snap, {}),
                         lambda: d.unmanage_snapshot(snap),
                         lambda: d.create_share_from_snapshot(
                             None, share, snap, None, managed),
                         lambda: d.revert_to_snapshot(None, snap, [], []),
                         lambda: d.get_share_status(share),
                         lambda: d.manage_existing(managed, {}),
                         lambda: d.unmanage(share),
                         lambda: d.get_pool(managed),
                         lambda: d.update_share_usage_size(None, [share]),
                         lambda: d.create_share_group_snapshot(None, group),
                         lambda: d.delete_share_group_snapshot(None, group),
                         lambda: clone(None, group, group),
                         lambda: d._get_capacities(),
                         lambda: d._get_capabilities(),
                         lambda: d._native_setup(dict(conf, pools=[
                             ('a', '/a'), ('b', '/b')])),
                         lambda: d._native_setup(dict(conf, pools=['x'])),
                         lambda: d._native_setup(dict(conf, log=3))):
                try: call()
                except Exception: pass
        """,
    'helper': """
        class C:
            gpfs_share_export_ip = 'x'
            gpfs_nfs_server_list = ['s1', 's2']
            gpfs_ssh_login = 'root'
        class E(Exception): exit_code = 7
        class H(_native.KNFSHelper): pass
        def execute(*cmd, **kwargs):
            raise E
        share = dict(id='1', name='s')
        def use():
            for kind in (_native.GNFSHelper, _native.CESHelper):
                try: kind(execute, C()).allow_access('/x', share, 'ip', '::1')
                except Exception: pass
            h = H(execute, C())
            h.me = h
            h.create_export('/x')
            for a in ('10.0.0.1', dict(access_to='10.0.0.1'), 'bad', 3):
                for t in ('ip', 'user'):
                    try: h.allow_access('/x', share, t, a)
                    except Exception: pass
        """,
    'ssh': """
        def use():
            e = _native.SSHExecutor('127.0.0.1', port=1, login='x',
                                    password='y', wait=lambda: e)
            for call in (lambda: e.execute(3), lambda: e.execute(),
                         lambda: e.run_plan([]), lambda: e.run_plan([[]]),
                         lambda: e.execute('x', timeout='y'),
                         lambda: e.execute('x', check_exit_code='y'),
                         lambda: _native.SSHExecutor('x', port='y')):
                try: call()
                except Exception: pass
        """,
    'tegile': """
        class D(_native.TegileShareDriver): pass
        class Data:
            def __init__(self):
                self.kept = {}
            def get(self, share):
                return self.kept.get(share)
            def update(self, share, details):
                self.kept.setdefault(share, {}).update(details)
            def delete(self, share, keys=None):
                for key in keys or list(self.kept.get(share, ())):
                    del self.kept[share][key]
        class Broken(Data):
            def update(self, share, details):
                raise LookupError(share)
        class Odd(Data):
            def get(self, share):
                return {'a': 3}
        def use():
            d = D()
            share = dict(id='1', name='share-1', size=1, share_proto='NFS',
                         host='h@b#pool-a')
            other = dict(share, id='3', name='share-3')
            snap = dict(id='2', name='n', size=1, share=share)
            rule = dict(access_id='a', access_type='ip', access_level='rw',
                        access_to='10.0.0.1')
            reader = dict(rule, access_level='ro')
            bad = dict(rule, access_id='b', access_to='::1')
            managed = dict(share, export_locations=[
                {'path': '198.51.100.20:/export/openstack/share-1'}])
            for data in Data(), Broken(), Odd():
                data.me = d
                d._native_setup(dict(
                    array, log=lambda *a: d, private_data=data,
                    exceptions={'TegileException': OSError}))
                for method, *args in (
                        (d.check_for_setup_error,),
                        (d._get_array_stats,),
                        (d.get_backend_info, None),
                        (d.create_share, None, share),
                        (d.create_share, None, 3),
                        (d.update_access, None, share, [rule, bad],
                         [rule, bad], [], []),
                        (d.update_access, None, share, [reader], [], [bad],
                         [reader]),
                        (d.update_access, None, share, [rule], [], [], []),
                        (d.update_access, None, share, [rule], [{}], [], []),
                        (d.update_access, None, share, [], [], [rule], []),
                        (d.ensure_shares, None, [managed, other, dict(
                            share, id='4', share_proto='X')]),
                        (d.update_share_usage_size, None, [share]),
                        (d.create_snapshot, None, snap),
                        (d.create_share_from_snapshot, None, other, snap),
                        (d.revert_to_snapshot, None, snap, [], []),
                        (d.manage_existing_snapshot, snap, {}),
                        (d.manage_existing, managed, {}),
                        (d.get_pool, managed),
                        (d.delete_share, None, other),
                        (d.delete_snapshot, None, snap),
                        (d.unmanage, share),
                        (d.delete_share, None, share),
                        (d._native_setup, dict(array, log=3))):
                    try: method(*args)
                    except Exception: pass
        """,
}


# A round of the GPFS driver starts processes, one of the Tegile driver asks an
# array.
ROUNDS = {'driver': 20, 'helper': 300, 'ssh': 300, 'tegile': 20}


@pytest.fixture(scope='module')
def array():
    """How a Tegile driver reaches a simulated array (dict), which can't be
    asked for access rules."""
    with Array('3.5.1') as array:
        yield dict(server=array.host, port=array.port, login=array.login,
                   password=array.password, ssl_cert_path=array.ca_file)


@pytest.mark.parametrize('name', sorted(LEAKS))
def test_no_leak(name, array):
    """Blocks and gc objects do not grow, cycles through callables go.

    The interpreter's own caches (of attribute names, for example) grow ever
    more slowly, over several hundred rounds, so one quiet window is enough; a
    reference that is lost in each round leaves none.
    """
    run("""
        import gc, sys
        from manila_native import _native
        sys.unraisablehook = lambda a: None
        array = %r
        """ % array + LEAKS[name] + """
        def rounds(n):
            for i in range(n):
                use()
            gc.collect()
            return sys.getallocatedblocks(), len(gc.get_objects())
        n = %d
        seen = [rounds(n)]
        quiet = [False, False]
        while not all(quiet) and len(seen) < 25:
            seen.append(rounds(n))
            quiet = [q or b - a < n / 2 for q, a, b in zip(
                quiet, seen[-2], seen[-1])]
        assert all(quiet), (n, seen)
        """ % ROUNDS[name])


@pytest.mark.parametrize('cls', TYPES)
def test_subclass_has_dict_and_weakref(cls):
    class Sub(cls):
        pass
    obj = Sub.__new__(Sub)
    obj.attribute = obj     # a cycle
    ref = weakref.ref(obj)
    del obj
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize('cls', TYPES)
def test_methods_have_signatures(cls):
    for name in dir(cls):
        method = getattr(cls, name)
        if name.startswith('__') or not callable(method):
            continue
        parameters = list(inspect.signature(method).parameters)
        assert parameters[0] == 'self', name
        assert method.__doc__, name


def test_cooperative_construction():
    """The C type comes first, and the constructor of others still runs."""

    class Mixin:
        def __init__(self, *args, **kwargs):
            super().__init__()
            self.got = args, kwargs

        def create_share(self):
            raise AssertionError

    class Both(_native.GPFSShareDriver, Mixin):
        def __init__(self, *args, **kwargs):
            super().__init__(False, *args, **kwargs)

    both = Both(1, a=2)
    assert both.got == ((False, 1), {'a': 2})
    assert Both.create_share is _native.GPFSShareDriver.create_share


def test_setup_type_is_hidden():
    assert not hasattr(_native, '_Setup')


def test_configure_takes_a_dict():
    with pytest.raises(TypeError):
        _native._configure(3)
    with pytest.raises(TypeError):
        _native._configure({'log': 3})
    _native._configure({})
