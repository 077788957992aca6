# SPDX-License-Identifier: Apache-2.0
"""The C driver type by itself. A root helper stands in for all commands."""

import contextlib
import os
import select
import signal
import sys
import textwrap
import threading
import time

import pytest

from manila_native import _native
from manila_native import exceptions

HOST = '192.0.2.9'
SHARE = {'id': '6a2c9a3e-3d35-4bf5-8ffb-3f8e1a6e3a01', 'name': 'share-1',
         'size': 1, 'share_proto': 'NFS', 'share_type_id': 't1'}


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
        '_get_capacity': lambda: driver._get_capacity(),
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
        driver._get_capacity()


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


def test_signal_interrupts_the_wait(helper):
    driver = Driver()
    driver._native_setup(options(helper('exec sleep 30')))

    def interrupt(signum, frame):
        raise InterruptedError('signal')
    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        begin = time.monotonic()
        with pytest.raises(InterruptedError):
            driver._get_capacity()
        assert time.monotonic() - begin < 10
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_waiting_gives_the_gil_away(helper):
    driver = Driver()
    driver._native_setup(options(helper('sleep 0.5; exit 5')))

    def work():
        with pytest.raises(exceptions.GPFSException):
            driver._get_capacity()
    threads = [threading.Thread(target=work) for _ in range(5)]
    begin = time.monotonic()
    for t in threads:
        t.start()
    ticks = 0
    while any(t.is_alive() for t in threads):
        time.sleep(0.01)
        ticks += 1
    assert time.monotonic() - begin < 2.4
    assert ticks > 10


def test_setup_again_while_running(helper):
    driver = Driver()
    driver._native_setup(options(helper('sleep 0.5; echo first >&2; exit 5')))
    caught = []

    def work():
        try:
            driver._get_capacity()
        except exceptions.GPFSException as e:
            caught.append(str(e))
    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.2)
    conf = options(['/bin/false'])
    driver._native_setup(conf)
    thread.join()
    assert 'first' in caught[0]


def test_wait_callable_gets_an_fd(helper):
    fds = []

    def wait(fd):
        fds.append(fd)
        select.select([fd], [], [])
    driver = Driver()
    driver._native_setup(options(helper('exit 5'), wait=lambda: wait))
    with pytest.raises(exceptions.GPFSException):
        driver._get_capacity()
    assert fds
    for fd in fds:      # closed with its operation
        with pytest.raises(OSError):
            os.fstat(fd)


def test_raising_wait_callable_cancels(helper):
    class Timeout(BaseException):
        pass

    def wait(fd):
        raise Timeout
    driver = Driver()
    driver._native_setup(options(helper('exec sleep 30'), wait=lambda: wait))
    begin = time.monotonic()
    for name in NAMES:
        with pytest.raises(Timeout):
            calls(driver)[name]()
    with pytest.raises(Timeout):
        driver.ensure_shares(None, [SHARE])
    assert time.monotonic() - begin < 10


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
    assert driver._get_capacity() == (1000, 990)


def test_constants(failing):
    assert failing.get_network_allocations_number() == 0
    assert failing.get_configured_ip_versions() == [4, 6]
