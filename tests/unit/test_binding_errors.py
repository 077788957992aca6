# SPDX-License-Identifier: Apache-2.0
"""Errors of the engine as Python exceptions."""

import socket

import pytest

from manila_native import _native
from manila_native import exceptions
from manila_native import gpfs   # noqa: F401  (hands in the classes)


def test_hierarchy_with_manila():
    manila = pytest.importorskip('manila.exception')
    assert issubclass(exceptions.GPFSException, manila.ShareBackendException)
    assert issubclass(exceptions.InvalidShare, manila.InvalidShare)
    assert issubclass(exceptions.InvalidShareAccess,
                      manila.InvalidShareAccess)
    # A share that can't be found must never look like one that is deleted.
    assert not issubclass(exceptions.GPFSException,
                          manila.ShareResourceNotFound)
    for name, cls in exceptions.CLASSES.items():
        assert issubclass(cls, getattr(_native, name))
        assert str(cls('what is wrong')).startswith(
            '' if name == 'CommandError' else 'what is wrong')


@pytest.mark.parametrize('name, base', [
    ('ShareShrinkingPossibleDataLoss', None),
    ('ManageInvalidShare', 'InvalidShare'),
    ('UnmanageInvalidShare', 'InvalidShare'),
    ('ManageInvalidShareSnapshot', 'InvalidShareSnapshot')])
def test_exceptions_that_the_manager_looks_for(name, base):
    manila = pytest.importorskip('manila.exception')
    cls = getattr(exceptions, name)
    assert issubclass(cls, getattr(manila, name))
    assert base is None or issubclass(cls, getattr(manila, base))
    assert str(cls('what is wrong')) == 'what is wrong'


def test_in_tree_exception_is_kept():
    manila = pytest.importorskip('manila.exception')
    if not hasattr(manila, 'GPFSException'):
        pytest.skip('this Manila has none')
    assert issubclass(exceptions.GPFSException, manila.GPFSException)


def test_command_error_is_oslos():
    processutils = pytest.importorskip('oslo_concurrency.processutils')
    assert issubclass(exceptions.CommandError,
                      processutils.ProcessExecutionError)


def test_own_command_error():
    e = _native.CommandError('out', 'first\nlast words\n', 3, 'cmd')
    assert isinstance(e, Exception)
    e.exit_code, e.stderr, e.cmd = 3, 'first\nlast words\n', 'ls /x'
    assert str(e) == 'ls /x failed with exit status 3: last words'
    assert 'None' in str(_native.CommandError())
    e.cmd = e       # must not recurse for ever
    with pytest.raises(RecursionError):
        str(e)


def test_connection_refused():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))        # and does not listen
        ssh = _native.SSHExecutor('127.0.0.1', port=s.getsockname()[1],
                                  login='root')
        with pytest.raises(exceptions.GPFSConnectionException) as caught:
            ssh.execute('true')
        assert caught.value.native_code == 'CONNECT'
        assert '127.0.0.1' in str(caught.value)
        with pytest.raises(_native.GPFSException):
            ssh.run_plan([['true'], ['true']])


def test_no_answer(tmp_path):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen(1)
        ssh = _native.SSHExecutor('127.0.0.1', port=s.getsockname()[1],
                                  login='root', connect_timeout=1,
                                  command_timeout=1,
                                  known_hosts=[str(tmp_path / 'hosts')],
                                  host_key_policy='accept-new')
        with pytest.raises((exceptions.GPFSTimeoutException,
                            exceptions.GPFSConnectionException)) as caught:
            ssh.execute('true')
    assert caught.value.native_code in ('TIMEDOUT', 'CONNECT')


def test_use_before_init():
    ssh = _native.SSHExecutor.__new__(_native.SSHExecutor)
    with pytest.raises(RuntimeError):
        ssh.execute('true')
    with pytest.raises(RuntimeError):
        ssh.run_plan([['true']])
    with pytest.raises(TypeError):
        _native.SSHExecutor()


@pytest.mark.parametrize('words', [(None,), ('echo', None), (3,)])
def test_words_that_are_no_texts(words):
    ssh = _native.SSHExecutor('127.0.0.1', login='x')
    with pytest.raises(TypeError, match='a word of the command'):
        ssh.execute(*words)
    with pytest.raises(TypeError, match='a command'):
        ssh.run_plan([words])


def test_init_twice():
    ssh = _native.SSHExecutor('127.0.0.1', login='x')
    with pytest.raises(RuntimeError):
        ssh.__init__('127.0.0.1', login='x')


@pytest.mark.parametrize('kwargs', [
    {'port': 0}, {'port': 65536}, {'host_key_policy': 'no'},
    {'known_hosts': ['a', 'b', 'c']}, {'login': 'a\0b'},
    {'connect_timeout': 0}, {'max_sessions': 0}])
def test_bad_values(kwargs):
    with pytest.raises(ValueError):
        _native.SSHExecutor('h', **kwargs)


@pytest.mark.parametrize('kwargs', [
    {'port': 'ssh'}, {'login': 3}, {'known_hosts': 3}, {'wait': 3},
    {'nonsense': 1}])
def test_wrong_types(kwargs):
    with pytest.raises(TypeError):
        _native.SSHExecutor('h', **kwargs)
