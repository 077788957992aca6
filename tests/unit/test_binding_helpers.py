# SPDX-License-Identifier: Apache-2.0
"""The export helpers, on an execute callable that plays the NFS servers."""

import shlex
from unittest import mock

import pytest

from manila_native import _native
from manila_native import exceptions
from manila_native import gpfs

PATH = '/gpfs0/share-1'
SHARE = {'id': '6a2c9a3e-3d35-4bf5-8ffb-3f8e1a6e3a01', 'name': 'share-1'}
FILE = '/etc/exports.d/manila-share-1.exports'
HERE = '192.0.2.1'


class ProcessExecutionError(Exception):
    """As oslo's: what tells an exit status other than 0."""

    def __init__(self, exit_code, stdout='', stderr=''):
        super().__init__(exit_code)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


class Server:
    """The few commands that the kernel's NFS server is driven with."""

    def __init__(self):
        self.files = {}
        self.exports = {}       # (path, client) -> options

    def run(self, cmd, stdin):
        return getattr(self, 'do_' + cmd[0])(list(cmd[1:]), stdin or '')

    def do_exportfs(self, args, stdin):
        if args == ['-s']:
            return 0, ''.join(
                '%s  %s(sync,wdelay,hide,%s)\n' % (path, client, options)
                for (path, client), options in self.exports.items())
        if args[0] == '-o':
            for arg in args[3:]:
                self.exports[self.split(arg)] = args[1]
        elif args[0] == '-u':
            for arg in args[2:]:
                self.exports.pop(self.split(arg), None)
        return 0, ''

    @staticmethod
    def split(arg):
        client, path = arg.split(':/')
        return '/' + path, client

    def do_cat(self, args, stdin):
        if args[-1] in self.files:
            return 0, self.files[args[-1]]
        return 1, 'cat: %s: No such file or directory' % args[-1]

    def do_cmp(self, args, stdin):
        if args[-1] not in self.files:
            return 2, ''
        return int(self.files[args[-1]] != stdin), ''

    def do_dd(self, args, stdin):
        self.files[args[0][3:]] = stdin
        return 0, ''

    def do_mv(self, args, stdin):
        self.files[args[-1]] = self.files.pop(args[-2])
        return 0, ''

    def do_test(self, args, stdin):
        assert args[:2] == ['!', '-e']
        return int(args[2] in self.files), ''

    def do_rm(self, args, stdin):
        self.files.pop(args[-1], None)
        return 0, ''

    def do_sh(self, args, stdin):
        """Our files with these words go."""
        assert args[2] == 'manila-takeover'
        self.files = {name: text for name, text in self.files.items()
                      if args[-1] not in text}
        return 0, ''

    def do_mkdir(self, args, stdin):
        return 0, ''

    def do_sync(self, args, stdin):
        return 0, ''


class Execute:
    """Manila's execute, with this machine and others behind it."""

    def __init__(self):
        self.servers = {}
        self.calls = []

    def __call__(self, *cmd, **kwargs):
        self.calls.append((cmd, kwargs))
        host, words = 'here', cmd
        if cmd[0] == 'ssh':
            host, words = cmd[-2], shlex.split(cmd[-1])
        server = self.servers.setdefault(host, Server())
        status, out = server.run(words, kwargs.get('process_input'))
        if status not in kwargs['check_exit_code']:
            raise ProcessExecutionError(status, '', out)
        return out, ''


class Config:
    gpfs_share_export_ip = '198.51.100.7'
    gpfs_nfs_server_list = None
    gpfs_ssh_login = 'nfsadm'
    gpfs_ssh_port = 2222
    gpfs_ssh_private_key = '/etc/manila/key file'
    knfs_export_options = 'rw,sync,no_root_squash'


@pytest.fixture
def execute():
    return Execute()


@pytest.fixture
def helper(execute):
    return gpfs.KNFSHelper(execute, Config())


@pytest.fixture
def addresses():
    with mock.patch('socket.gethostbyname_ex',
                    return_value=('me', [], [HERE])):
        yield


def test_create_export():
    base = gpfs.NASHelperBase(mock.Mock(), Config())
    assert base.create_export(PATH) == '198.51.100.7:' + PATH


def test_attributes(helper, execute):
    assert helper._execute is execute
    assert isinstance(helper.configuration, Config)
    with pytest.raises(AttributeError):
        helper._execute = None


def test_construction_runs_nothing(helper, execute):
    assert execute.calls == []


def test_wrong_construction():
    with pytest.raises(TypeError):
        gpfs.KNFSHelper()
    helper = gpfs.KNFSHelper.__new__(gpfs.KNFSHelper)
    with pytest.raises(RuntimeError):
        helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    with pytest.raises(RuntimeError):
        helper.create_export(PATH)


def test_allow_then_deny_then_remove(helper, execute):
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.10')
    server = execute.servers['here']
    assert set(server.exports) == {(PATH, '10.0.0.1'), (PATH, '10.0.0.10')}
    assert FILE in server.files
    helper.deny_access(PATH, SHARE, 'ip', '10.0.0.1')
    assert set(server.exports) == {(PATH, '10.0.0.10')}
    helper.remove_export(PATH, SHARE)
    assert server.exports == {}
    assert server.files == {}


def test_address_alone_may_write_and_a_rule_says(helper, execute):
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    rule = {'access_type': 'ip', 'access_to': '10.0.0.2',
            'access_level': 'ro'}
    helper.allow_access(PATH, SHARE, 'ip', rule)
    exports = execute.servers['here'].exports
    assert 'rw' in exports[PATH, '10.0.0.1'].split(',')
    assert 'ro' in exports[PATH, '10.0.0.2'].split(',')
    helper.deny_access(PATH, SHARE, 'ip', rule, force=True)
    assert list(exports) == [(PATH, '10.0.0.1')]


def test_empty_server_list_runs_here_as_root(helper, execute):
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    for cmd, kwargs in execute.calls:
        assert cmd[0] != 'ssh'
        assert kwargs.pop('run_as_root') is True
        assert kwargs.pop('check_exit_code') == [0]
        assert not kwargs or list(kwargs) == ['process_input']
    assert any('process_input' in kwargs for _cmd, kwargs in execute.calls)


def test_each_server_here_or_by_ssh(execute, addresses):
    config = Config()
    config.gpfs_nfs_server_list = ['stor1', HERE]
    helper = gpfs.KNFSHelper(execute, config)
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    remote = execute.servers['nfsadm@stor1']
    assert remote.exports == execute.servers['here'].exports != {}
    assert remote.files == execute.servers['here'].files
    for cmd, kwargs in execute.calls:
        if cmd[0] == 'ssh':
            assert cmd[1:-1] == ('-o', 'BatchMode=yes', '-p', '2222', '-i',
                                 '/etc/manila/key file', 'nfsadm@stor1')
            assert 'run_as_root' not in kwargs
        else:
            assert kwargs['run_as_root'] is True


def test_bare_configuration_is_enough(execute):
    config = mock.Mock(spec=[])
    gpfs.KNFSHelper(execute, config).allow_access(PATH, SHARE, 'ip',
                                                  '10.0.0.1')
    options = execute.servers['here'].exports[PATH, '10.0.0.1'].split(',')
    assert {'sync', 'no_root_squash', 'no_wdelay'} <= set(options)


def test_mock_configuration_counts_as_empty(execute):
    helper = gpfs.KNFSHelper(execute, mock.Mock())
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    assert list(execute.servers) == ['here']


def test_paths_are_quoted_for_the_remote_shell(execute):
    config = Config()
    config.gpfs_nfs_server_list = ['stor1']
    gpfs.KNFSHelper(execute, config).allow_access(
        PATH, {'id': 'x', 'name': 'share-1'}, 'ip', '10.0.0.1')
    lines = [cmd[-1] for cmd, _kwargs in execute.calls]
    assert all(shlex.join(shlex.split(line)) == line or "'" in line
               for line in lines)


@pytest.mark.parametrize('method', ['allow_access', 'deny_access'])
def test_only_ip(helper, execute, method):
    with pytest.raises(exceptions.InvalidShareAccess):
        getattr(helper, method)(PATH, SHARE, 'user', 'joe')
    assert execute.calls == []


def test_failed_command(execute):
    execute.servers['here'] = server = Server()
    server.do_exportfs = lambda args, stdin: (7, 'exportfs: no kernel')
    helper = gpfs.KNFSHelper(execute, Config())
    with pytest.raises(exceptions.GPFSException) as caught:
        helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    assert 'exportfs' in str(caught.value)
    assert isinstance(caught.value, _native.GPFSException)


@pytest.mark.parametrize('error', [
    OSError('no such thing'), KeyboardInterrupt(), ProcessExecutionError('-')])
def test_other_exceptions_pass(error):
    helper = gpfs.KNFSHelper(mock.Mock(side_effect=error), Config())
    with pytest.raises(type(error)) as caught:
        helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    assert caught.value is error


def test_answer_that_is_none():
    helper = gpfs.KNFSHelper(mock.Mock(return_value=None), Config())
    with pytest.raises(TypeError):
        helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')


def test_share_as_object_with_items():
    """Manila's models answer ['key'] through attributes."""

    class Model:
        id = SHARE['id']
        name = SHARE['name']

        def __getitem__(self, key):
            return getattr(self, key)

        def get(self, key, default=None):
            return getattr(self, key, default)

    execute = Execute()
    gpfs.KNFSHelper(execute, Config()).allow_access(PATH, Model(), 'ip',
                                                    '10.0.0.1')
    assert FILE in execute.servers['here'].files


def test_subclass_in_python(execute):
    class Mine(gpfs.KNFSHelper):
        def __init__(self, execute, config_object):
            super().__init__(execute, config_object)
            self.more = 1

        def create_export(self, local_path):
            return 'mine ' + super().create_export(local_path)

    helper = Mine(execute, Config())
    assert helper.create_export('/x') == 'mine 198.51.100.7:/x'
    helper.allow_access(PATH, SHARE, 'ip', '10.0.0.1')
    assert execute.servers['here'].exports
