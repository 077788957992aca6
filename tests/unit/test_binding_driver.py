# SPDX-License-Identifier: Apache-2.0
"""The C driver type by itself. A root helper stands in for all commands."""

import contextlib
import os
import select
import signal
import socket
import sys
import textwrap
import threading

import pytest

from manila_native import _native
from manila_native import exceptions
from tests.unit.held import HeldCommands
from tests.until import until

HOST = '192.0.2.9'
SHARE = {'id': '6a2c9a3e-3d35-4bf5-8ffb-3f8e1a6e3a01', 'name': 'share-1',
         'size': 1, 'share_proto': 'NFS', 'share_type_id': 't1',
         'status': 'available',
         'export_locations': [{'path': HOST + ':/gpfs0/share-1'}]}
SNAPSHOT = {'id': '0b1ee0a2-95a5-4b4a-8f8c-1d9d3c3f7b02', 'name': 'snap-1',
            'size': 1, 'share': SHARE, 'provider_location': None}
GROUP_SNAPSHOT = {'id': 'g', 'share_group_snapshot_members': [SNAPSHOT]}
GROUP = {'id': 'h', 'shares': [
    dict(SHARE, source_share_group_snapshot_member_id=SNAPSHOT['id'])]}


class Driver(_native.GPFSShareDriver):
    """As the Python face: a subclass with a dict and weak references."""


@pytest.fixture
def helper(tmp_path):
    """Make a root helper that runs these lines of shell."""
    def make(lines):
        path = tmp_path / 'helper'
        path.write_text('#!/bin/sh\n' + textwrap.dedent(lines))
        path.chmod(0o755)
        return [str(path)]
    return make


@pytest.fixture
def held(tmp_path):
    return HeldCommands(tmp_path)


def options(root_helper, **more):
    return dict({
        'export_ip': HOST, 'cluster_host': HOST, 'local_hosts': [HOST],
        'nfs_servers': [HOST], 'mount_point_base': '/gpfs0',
        'nfs_server_type': 'KNFS', 'root_helper': root_helper,
        'exceptions': exceptions.CLASSES, 'log': None, 'wait': None,
        'extra_specs': None}, **more)


@pytest.fixture
def failing(helper):
    """A driver whose every command fails."""
    driver = Driver()
    driver._native_setup(options(helper('echo "$*: broken" >&2; exit 5')))
    return driver


def calls(driver):
    """Every method, with arguments."""
    rule = {'access_id': 'r1', 'access_type': 'ip', 'access_to': '10.0.0.1',
            'access_level': 'rw'}
    return {
        'check_for_setup_error': lambda: driver.check_for_setup_error(),
        'create_share': lambda: driver.create_share(None, SHARE),
        'delete_share': lambda: driver.delete_share(None, SHARE),
        'extend_share': lambda: driver.extend_share(SHARE, 2),
        'ensure_share': lambda: driver.ensure_share(None, SHARE),
        'update_access': lambda: driver.update_access(
            None, SHARE, [rule], [rule], [], []),
        'allow_access': lambda: driver.allow_access(None, SHARE, rule),
        'deny_access': lambda: driver.deny_access(None, SHARE, rule),
        '_get_capacities': lambda: driver._get_capacities(),
        'shrink_share': lambda: driver.shrink_share(SHARE, 1),
        'create_snapshot': lambda: driver.create_snapshot(None, SNAPSHOT),
        'delete_snapshot': lambda: driver.delete_snapshot(None, SNAPSHOT),
        'snapshot_update_access': lambda: driver.snapshot_update_access(
            None, SNAPSHOT, [rule], [rule], []),
        'manage_existing_snapshot':
            lambda: driver.manage_existing_snapshot(SNAPSHOT, {}),
        'create_share_from_snapshot':
            lambda: driver.create_share_from_snapshot(None, SHARE, SNAPSHOT),
        'revert_to_snapshot': lambda: driver.revert_to_snapshot(
            None, SNAPSHOT, [], []),
        'get_share_status': lambda: driver.get_share_status(SHARE),
        'manage_existing': lambda: driver.manage_existing(SHARE, {}),
        'update_share_usage_size': lambda: driver.update_share_usage_size(
            None, [SHARE]),
        'create_share_group_snapshot':
            lambda: driver.create_share_group_snapshot(None, GROUP_SNAPSHOT),
        'delete_share_group_snapshot':
            lambda: driver.delete_share_group_snapshot(None, GROUP_SNAPSHOT),
        'create_share_group_from_share_group_snapshot':
            lambda: driver.create_share_group_from_share_group_snapshot(
                None, GROUP, GROUP_SNAPSHOT),
    }


NAMES = sorted(calls(None))


@pytest.mark.parametrize('name', NAMES)
def test_before_setup(name):
    with pytest.raises(RuntimeError, match='do_setup'):
        calls(Driver())[name]()


@pytest.mark.parametrize('name', NAMES)
def test_failing_commands(failing, name):
    with pytest.raises(exceptions.GPFSException) as caught:
        calls(failing)[name]()
    assert caught.value.native_code != 'INTERNAL'
    assert str(caught.value)


def test_ensure_shares_never_raises(failing):
    other = dict(SHARE, id='other', share_proto='CIFS')
    answer = failing.ensure_shares(None, [SHARE, other])
    assert set(answer) == {SHARE['id'], 'other'}
    for told in answer.values():
        assert told['status'] == 'error'
        assert told['reapply_access_rules'] is False


def test_ensure_no_shares(failing):
    try:
        assert failing.ensure_shares(None, []) == {}
    except exceptions.GPFSException:
        pytest.fail('ensure_shares() must not raise')


@pytest.mark.parametrize('proto', ['CIFS', None])
@pytest.mark.parametrize('name', [
    'create_share', 'delete_share', 'ensure_share'])
def test_only_nfs(failing, name, proto):
    with pytest.raises(exceptions.InvalidShare):
        getattr(failing, name)(None, dict(SHARE, share_proto=proto))


def test_arguments_by_keyword(failing):
    with pytest.raises(exceptions.GPFSException):
        failing.create_share(context=None, share=SHARE, share_server=None)
    with pytest.raises(TypeError):
        failing.create_share(None)
    with pytest.raises(TypeError):
        failing.create_share(None, SHARE, nonsense=1)
    with pytest.raises(exceptions.InvalidInput):
        failing.extend_share(SHARE, 0)


def test_bad_shares(failing):
    with pytest.raises(TypeError):
        failing.create_share(None, 3)
    with pytest.raises(KeyError):
        failing.create_share(None, {'share_proto': 'NFS'})
    with pytest.raises(ValueError):
        failing.create_share(None, dict(SHARE, name='a\0b'))
    with pytest.raises(TypeError):
        failing.create_share(None, dict(SHARE, size='big'))


def test_allow_only_ip(failing):
    rule = {'access_id': '1', 'access_type': 'user', 'access_to': 'joe',
            'access_level': 'rw'}
    with pytest.raises(exceptions.InvalidShareAccess):
        failing.allow_access(None, SHARE, rule)
    # It never was in force, so taking it away succeeds.
    assert failing.deny_access(None, SHARE, rule) is None


@pytest.mark.parametrize('change, code', [
    ({'mount_point_base': 'relative'}, 'CONFIG'),
    ({'export_ip': None, 'cluster_host': None}, 'CONFIG'),
    ({'nfs_server_type': 'SAMBA'}, 'CONFIG'),
    ({'nfs_servers': []}, 'CONFIG'),
])
def test_bad_options(helper, change, code):
    with pytest.raises(exceptions.GPFSConfigurationException) as caught:
        Driver()._native_setup(options(helper('exit 1'), **change))
    assert caught.value.native_code == code


@pytest.mark.parametrize('change', [
    {'ssh': {'host_key_policy': 'whatever'}},
    {'ssh': {'port': 70000}},
    {'ssh': {'known_hosts': ['a', 'b', 'c']}},
])
def test_bad_ssh_options(helper, change):
    with pytest.raises(ValueError):
        Driver()._native_setup(options(helper('exit 1'), **change))


@pytest.mark.parametrize('change', [
    {'log': 3}, {'wait': 'x'}, {'exceptions': {'GPFSException': int}},
    {'nfs_servers': 'stor1,stor2'}, {'root_helper': 'sudo'}])
def test_wrong_types(helper, change):
    with pytest.raises(TypeError):
        Driver()._native_setup(options(helper('exit 1'), **change))
    with pytest.raises(TypeError):
        Driver()._native_setup(None)


def test_failed_setup_keeps_the_old_one(failing):
    with pytest.raises(exceptions.GPFSConfigurationException):
        failing._native_setup(options([], mount_point_base='relative'))
    with pytest.raises(exceptions.GPFSException):
        failing.check_for_setup_error()


def test_own_exceptions_without_others(helper):
    driver = Driver()
    conf = options(helper('exit 5'))
    conf['exceptions'] = {'GPFSException': ZeroDivisionError}
    driver._native_setup(conf)
    with pytest.raises(ZeroDivisionError):
        driver._get_capacities()


def test_extra_specs_are_asked_for_when_rules_are_applied(helper):
    asked = []

    def specs(share):
        asked.append(share)
        return {'knfs:export_options': 'Sync,RW'}
    driver = Driver()
    driver._native_setup(options(helper('exit 5'), extra_specs=specs))
    with pytest.raises(exceptions.GPFSException):
        driver.create_share(None, SHARE)
    assert asked == []
    with pytest.raises(Exception):
        driver.update_access(None, SHARE, [], [], [], [])
    assert asked == [SHARE]
    asked.clear()
    driver.ensure_shares(None, [SHARE, dict(SHARE, id='2', name='share-2')])
    assert len(asked) == 1      # one type, one look-up


def test_exceptions_of_extra_specs_pass(helper):
    def specs(share):
        raise LookupError('no such type')
    driver = Driver()
    driver._native_setup(options(helper('exit 5'), extra_specs=specs))
    with pytest.raises(LookupError):
        driver.update_access(None, SHARE, [], [], [], [])
    answer = driver.ensure_shares(None, [SHARE])
    assert answer[SHARE['id']]['status'] == 'error'


def test_log_callable(helper):
    records = []
    driver = Driver()
    driver._native_setup(options(helper('exit 5'),
                                 log=lambda *a: records.append(a)))
    driver.ensure_shares(None, [SHARE])
    assert records
    for level, text in records:
        assert level in (10, 20, 30, 40)
        assert isinstance(text, str)


@contextlib.contextmanager
def _unraisable():
    """Collect what sys.unraisablehook gets."""
    seen = []
    old = sys.unraisablehook
    sys.unraisablehook = lambda args: seen.append(args.exc_type)
    try:
        yield seen
    finally:
        sys.unraisablehook = old


def test_failing_log_callable_is_not_fatal(helper):
    def log(level, text):
        raise ZeroDivisionError
    driver = Driver()
    driver._native_setup(options(helper('exit 5'), log=log))
    with _unraisable() as seen:
        assert driver.ensure_shares(None, [SHARE])
    assert seen and seen[0] is ZeroDivisionError


def test_interrupting_log_callable_ends_the_call(helper):
    def log(level, text):
        raise KeyboardInterrupt
    driver = Driver()
    driver._native_setup(options(helper('exit 5'), log=log))
    with pytest.raises(KeyboardInterrupt):
        driver.ensure_shares(None, [SHARE])


def test_signal_interrupts_the_wait(held):
    driver = Driver()
    driver._native_setup(options(held.root_helper))

    def interrupt(signum, frame):
        raise InterruptedError('signal')

    def send(receiver):
        held.wait()
        signal.pthread_kill(receiver, signal.SIGALRM)
    old = signal.signal(signal.SIGALRM, interrupt)
    threading.Thread(target=send, args=[threading.get_ident()],
                     daemon=True).start()
    try:
        with pytest.raises(InterruptedError):
            driver._get_capacities()
        assert not held.ended
    finally:
        signal.signal(signal.SIGALRM, old)


class Waiting:
    """A thread that waits for a command, and what became of it."""

    def __init__(self, driver):
        self._driver = driver
        self._text = None
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        try:
            self._driver._get_capacities()
        except exceptions.GPFSException as error:
            self._text = str(error)

    def text(self):
        self._thread.join()
        return self._text


def test_waiting_gives_the_gil_away(held):
    driver = Driver()
    driver._native_setup(options(held.root_helper))
    threads = [Waiting(driver) for _ in range(5)]
    held.wait(5)
    held.let_go()
    assert all('let go' in thread.text() for thread in threads)


def test_setup_again_while_running(held):
    driver = Driver()
    driver._native_setup(options(held.root_helper))
    thread = Waiting(driver)
    held.wait()
    driver._native_setup(options(['/bin/false']))
    held.let_go()
    assert 'let go' in thread.text()


def test_wait_callable_gets_an_fd(helper):
    fds = []

    def wait(fd):
        fds.append(fd)
        select.select([fd], [], [])
    driver = Driver()
    driver._native_setup(options(helper('exit 5'), wait=lambda: wait))
    with pytest.raises(exceptions.GPFSException):
        driver._get_capacities()
    assert fds
    # closed with its operation, which the engine's thread may leave last
    until(lambda: not any(os.path.exists(f'/proc/self/fd/{fd}')
                          for fd in fds))


def test_raising_wait_callable_cancels(held):
    class Timeout(BaseException):
        pass

    def wait(fd):
        raise Timeout
    driver = Driver()
    driver._native_setup(options(held.root_helper, wait=lambda: wait))
    for name in NAMES:
        with pytest.raises(Timeout):
            calls(driver)[name]()
    with pytest.raises(Timeout):
        driver.ensure_shares(None, [SHARE])
    assert not held.ended


def test_backend_info(helper):
    driver = Driver()
    driver._native_setup(options(helper("""
        echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
        echo "gpfs0 1000 10 990 1% /gpfs0"
    """)))
    info = driver.get_backend_info(None)
    assert info == driver.get_backend_info(context=None)
    assert info['manila_native'] == _native.__version__
    assert info['backend']


def test_capacity(helper):
    driver = Driver()
    driver._native_setup(options(helper("""
        echo "Filesystem 1-blocks Used Available Capacity Mounted on"
        echo "gpfs0 1000 10 990 1% /gpfs0"
    """)))
    assert driver._get_capacities() == [('gpfs', 1000, 990)]


def test_constants(failing):
    assert failing.get_network_allocations_number() == 0


@pytest.mark.parametrize('address, versions', [
    ('192.0.2.1', [4]), ('2001:db8::1', [6]), ('nfs.example.org', [4, 6])])
def test_ip_versions(helper, address, versions):
    driver = Driver()
    assert driver.get_configured_ip_versions() == [4, 6]
    driver._native_setup(options(helper('exit 5'), export_ip=address))
    assert driver.get_configured_ip_versions() == versions


# ---- which share, which pool ----

def recording(helper, tmp_path, **more):
    """A driver whose commands fail, and a function that tells them."""
    log = tmp_path / 'commands'
    driver = Driver()
    driver._native_setup(options(
        helper('echo "$*" >> %s; echo "$*: broken" >&2; exit 5' % log),
        **more))

    def commands():
        text = log.read_text() if log.exists() else ''
        log.unlink(missing_ok=True)
        return text
    return driver, commands


POOLS = [('fast', '/fast/shares'), ('slow', '/slow/')]


def test_the_pool_in_the_host_is_asked(helper, tmp_path):
    driver, commands = recording(helper, tmp_path, pools=POOLS)
    for pool, base in (('fast', '/fast'), ('slow', '/slow')):
        share = dict(SHARE, host='h@b#' + pool, export_locations=[])
        with pytest.raises(exceptions.GPFSException):
            driver.create_share(None, share)
        assert base in commands()
    with pytest.raises(exceptions.GPFSException):
        driver.create_share(None, dict(SHARE, export_locations=[]))
    assert '/fast' in commands()    # the first


def test_a_pool_that_is_not_there(helper, tmp_path):
    driver, commands = recording(helper, tmp_path, pools=POOLS)
    with pytest.raises(Exception) as caught:
        driver.create_share(None, dict(SHARE, host='h@b#lost',
                                       export_locations=[]))
    assert 'lost' in str(caught.value)
    assert commands() == ''


def test_without_pools_the_host_tells_nothing(helper, tmp_path):
    driver, commands = recording(helper, tmp_path)
    with pytest.raises(exceptions.GPFSException):
        driver.create_share(None, dict(SHARE, host='h@b#whatever'))
    assert '/gpfs0' in commands()


@pytest.mark.parametrize('pools, error', [
    ([('a',)], ValueError), (['ab'], TypeError), (3, TypeError),
    ([('a', 'relative')], exceptions.GPFSConfigurationException)])
def test_bad_pools(helper, pools, error):
    with pytest.raises(error):
        Driver()._native_setup(options(helper('exit 1'), pools=pools))


def located(path):
    return dict(SHARE, export_locations=[{'path': path}])


@pytest.mark.parametrize('location, pool', [
    ('192.0.2.9:/fast/shares/share-1', 'fast'),
    ('[2001:db8::1]:/fast/shares/share-1', 'fast'),
    ('2001:db8::1:/slow/share-1', 'slow'),
    ('192.0.2.9:/fast/sharesX/share-1', None),
    ('192.0.2.9:/elsewhere', None), ('nonsense', None)])
def test_get_pool(helper, location, pool):
    driver = Driver()
    driver._native_setup(options(helper('exit 1'), pools=POOLS))
    assert driver.get_pool(located(location)) == pool


def test_get_pool_of_the_deepest_base(helper):
    driver = Driver()
    driver._native_setup(options(helper('exit 1'), pools=[
        ('all', '/gpfs'), ('deep', '/gpfs/deep'), ('other', '/x')]))
    assert driver.get_pool(located('h:/gpfs/deep/s')) == 'deep'
    assert driver.get_pool(located('h:/gpfs/s')) == 'all'


def test_get_pool_without_pools(helper):
    driver = Driver()
    driver._native_setup(options(helper('exit 1'), backend_name='gpfs1'))
    assert driver.get_pool(located('h:/anywhere')) == 'gpfs1'
    assert driver.get_pool({'export_locations': None}) == 'gpfs1'


# ---- errors of Manila's own ----

def test_unmanage_raises_one_class(failing):
    """Manila leaves the share "unmanaging" after any other."""
    with pytest.raises(exceptions.UnmanageInvalidShare):
        failing.unmanage(SHARE)


def test_manage_needs_a_location(failing):
    for locations in (None, [], [{}]):
        with pytest.raises(exceptions.ManageInvalidShare, match='location'):
            failing.manage_existing(
                dict(SHARE, export_locations=locations), {})


def test_unmanage_snapshot_does_nothing(failing):
    assert failing.unmanage_snapshot(SNAPSHOT) is None
    assert failing.unmanage_snapshot(snapshot=SNAPSHOT) is None


@pytest.mark.parametrize('size', [-1, 0, 2 ** 32 + 1, 2 ** 62])
def test_sizes_that_are_none(failing, size):
    for resize in (failing.extend_share, failing.shrink_share):
        with pytest.raises(exceptions.InvalidInput, match='new_size'):
            resize(SHARE, size)
    if size:
        with pytest.raises(ValueError, match='size must be'):
            failing.create_share(None, dict(SHARE, size=size))
        with pytest.raises(ValueError, match='size must be'):
            failing.manage_existing(SHARE, {'size': size})


def test_shrink_arguments(failing):
    with pytest.raises(exceptions.InvalidInput):
        failing.shrink_share(SHARE, 0)
    with pytest.raises(exceptions.InvalidShare):
        failing.shrink_share(dict(SHARE, share_proto='CIFS'), 1)


@pytest.mark.parametrize('before', ['creating_from_snapshot',
                                    'reverting_to_snapshot'])
def test_status_while_nobody_answers(tmp_path, before):
    """An exception would have Manila give a share up that still grows."""
    driver = Driver()
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))        # and does not listen
        driver._native_setup(options(
            [], local_hosts=[], cluster_host='127.0.0.1',
            ssh={'port': s.getsockname()[1], 'login': 'root'}))
        assert driver.get_share_status(dict(SHARE, status=before)) == {
            'status': before, 'export_locations': [], 'progress': None}
        with pytest.raises(exceptions.GPFSConnectionException):
            driver.get_share_status(SHARE)


def test_snapshot_without_a_share(failing):
    with pytest.raises(KeyError):
        failing.create_snapshot(None, dict(SNAPSHOT, share=None))
    with pytest.raises(KeyError):
        failing.create_snapshot(None, {'share': SHARE})


def test_usage_of_strangers(failing):
    assert failing.update_share_usage_size(None, []) == []
    assert failing.update_share_usage_size(None, None) == []
    assert failing.update_share_usage_size(
        None, [dict(SHARE, share_proto='CIFS')]) == []


def test_group_snapshot_without_members(failing):
    none = {'share_group_snapshot_members': []}
    assert failing.create_share_group_snapshot(None, none) == (None, [])
    assert failing.delete_share_group_snapshot(None, none) == (None, None)
    assert failing.create_share_group_from_share_group_snapshot(
        None, {'shares': []}, none) == (None, [])


def test_group_share_without_a_member(failing):
    with pytest.raises(exceptions.InvalidInput, match='share-1'):
        failing.create_share_group_from_share_group_snapshot(
            None, {'shares': [SHARE]}, GROUP_SNAPSHOT)
    with pytest.raises(exceptions.InvalidInput):
        failing.create_share_group_from_share_group_snapshot(
            None, {'shares': [dict(SHARE, share_proto='CIFS')]},
            GROUP_SNAPSHOT)


def test_ssh_stats():
    stats = _native.ssh_stats()
    assert set(stats) == {'scripts', 'connections', 'shells'}
    assert all(isinstance(n, int) for n in stats.values())


@pytest.mark.parametrize('kind', ['knfs', 'gnfs', 'ces'])
def test_extra_specs_of_the_server_type(helper, kind):
    keys = []

    class Specs(dict):
        def __getitem__(self, key):
            keys.append(key)
            raise KeyError(key)
    driver = Driver()
    driver._native_setup(options(
        helper('exit 5'), nfs_server_type=kind.upper(),
        extra_specs=lambda share: Specs()))
    with pytest.raises(exceptions.GPFSException):
        driver.update_access(None, SHARE, [], [], [], [])
    assert keys == [kind + ':export_options']


@pytest.mark.parametrize('version', ['1.5', '2.0', '2.1', None])
def test_ganesha_versions(helper, version):
    Driver()._native_setup(options(
        helper('exit 5'), nfs_server_type='GNFS', ganesha_version=version,
        export_options='Access_Type = RW, maxread = 65536'))


def test_unknown_ganesha_version(helper):
    with pytest.raises(exceptions.GPFSConfigurationException,
                       match='gpfs_ganesha_version'):
        Driver()._native_setup(options(
            helper('exit 5'), nfs_server_type='GNFS', ganesha_version='9'))
