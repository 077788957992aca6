# SPDX-License-Identifier: Apache-2.0
"""The shipped rootwrap filters let through what the driver runs, no more."""

import configparser
import os

import pytest

wrapper = pytest.importorskip('oslo_rootwrap.wrapper')

FILTERS = os.path.join(os.path.dirname(__file__), '..', '..', 'etc', 'manila',
                       'rootwrap.d', 'manila-native.filters')
FILE = '/etc/exports.d/manila-share-6a2c9a3e.exports'
NEW = '/etc/exports.d/.manila-share-6a2c9a3e.exports.new'
BIN = '/usr/lpp/mmfs/bin/'
JOB = '/gpfs0/.manila-jobs/6a2c9a3e-3d35'
EXPORT_D = '/etc/ganesha/export.d'
DBUS = ['dbus-send', '--system', '--print-reply', '--reply-timeout=20000',
        '--dest=org.ganesha.nfsd', '/org/ganesha/nfsd/ExportMgr']
METHOD = 'org.ganesha.nfsd.exportmgr.'


@pytest.fixture(scope='module')
def filters():
    parser = configparser.RawConfigParser()
    with open(FILTERS, encoding='utf-8') as f:
        parser.read_file(f)
    return [wrapper.build_filter(*[w.strip() for w in value.split(',')])
            for _name, value in parser.items('Filters')]


@pytest.mark.parametrize('words', [
    [BIN + 'mmgetstate', '-Y'],
    [BIN + 'mmlsattr', '/gpfs0'],
    [BIN + 'mmlsfs', 'gpfs0', '-Q', '-Y'],
    [BIN + 'mmlsfileset', 'gpfs0', 'share-1', '-L', '-Y'],
    [BIN + 'mmcrfileset', 'gpfs0', 'share-1', '-t', 'x', '--inode-space',
     'new'],
    [BIN + 'mmlinkfileset', 'gpfs0', 'share-1', '-J', '/gpfs0/share-1'],
    [BIN + 'mmunlinkfileset', 'gpfs0', 'share-1', '-f'],
    [BIN + 'mmdelfileset', 'gpfs0', 'share-1', '-f'],
    [BIN + 'mmsetquota', 'gpfs0:share-1', '--block', '1G:1G'],
    [BIN + 'mmlsquota', '-j', 'share-1', '-v', '-Y', 'gpfs0'],
    [BIN + 'mmrepquota', '-j', '-Y', 'gpfs0'],
    [BIN + 'mmchfileset', 'gpfs0', 'projects', '-j', 'share-1', '-t', 'x'],
    [BIN + 'mmcrsnapshot', 'gpfs0', 'share-1:a,share-2:b'],
    [BIN + 'mmdelsnapshot', 'gpfs0', 'a', '-j', 'share-1'],
    [BIN + 'mmlssnapshot', 'gpfs0', '-Y', '-j', 'share-1'],
    [BIN + 'mmlsconfig', 'enforceFilesetQuotaOnRoot', '-Y'],
    [BIN + 'mmnfs', 'export', 'list', '-Y'],
    [BIN + 'mmnfs', 'export', 'list', '-n', '/gpfs0/share-1', '-Y'],
    [BIN + 'mmnfs', 'export', 'add', '/gpfs0/share-1', '-c',
     '10.0.0.1(access_type=rw)'],
    [BIN + 'mmnfs', 'export', 'add', '/gpfs0/share-1/.snapshots/a', '-c',
     '10.0.0.1(access_type=ro)', '--pseudo', '/snapshot-6a2c9a3e'],
    [BIN + 'mmnfs', 'export', 'change', '/gpfs0/share-1', '--nfsremove',
     '10.0.0.1'],
    [BIN + 'mmnfs', 'export', 'change', '/gpfs0/share-1', '--nfsadd',
     '10.0.0.1(access_type=rw)', '--nfsposition', '0'],
    [BIN + 'mmnfs', 'export', 'remove', '/gpfs0/share-1'],
    [BIN + 'mmces', 'service', 'list'],
    [BIN + 'mmuserauth', 'service', 'list'],
    ['test', '-e', JOB + '/job'],
    ['sh', JOB + '/job', 'poll', JOB, '20'],
    ['sh', JOB + '/job', 'stop', JOB],
    [*DBUS, METHOD + 'ShowExports'],
    [*DBUS, METHOD + 'RemoveExport', 'uint16:65535'],
    [*DBUS, METHOD + 'UpdateExport', f'string:{EXPORT_D}/share-1.conf',
     'string:EXPORT(Export_Id=7)'],
    ['test', '-e', EXPORT_D + '/share-1.conf'],
    ['mkdir', '-p', '--', EXPORT_D + '/.manila-native'],
    ['ln', '-sT', '--', '6a2c9a3e', EXPORT_D + '/.manila-native/7'],
    ['df', '-P', '-B', '1', '/gpfs0'],
    ['stat', '--format=%F', '/gpfs0'],
    ['chmod', '777', '/gpfs0/share-1'],
    ['exportfs', '-s'],
    ['exportfs', '-o', 'sync,rw', '--', '10.0.0.1:/gpfs0/share-1'],
    ['mkdir', '-p', '--', '/etc/exports.d/'],
    ['cmp', '-s', '/dev/null', '/dev/null'],
    ['cmp', '-s', '-', FILE],
    ['cat', '--', FILE],
    ['grep', '-aHr', '--include=manila-*.exports', '', '/etc/exports.d'],
    ['dd', 'of=' + NEW, 'conv=fsync', 'status=none'],
    ['mv', '-f', '--', NEW, FILE],
    ['sync', '--', '/etc/exports.d/'],
    ['test', '!', '-e', FILE],
    ['rm', '-f', '--', FILE],
])
def test_let_through(filters, words):
    assert any(f.match(words) for f in filters)


@pytest.mark.parametrize('words', [
    ['cat', '--', '/etc/shadow'],
    ['cat', '--', '/etc/exports.d/manila-/../../shadow.exports'],
    ['dd', 'of=/etc/passwd', 'conv=fsync', 'status=none'],
    ['mv', '-f', '--', NEW, '/etc/passwd'],
    ['rm', '-f', '--', '/etc/exports.d/other.exports'],
    ['rm', '-rf', '/'],
    ['sh', '-c', 'true'],
    ['sh', '-c', 'true', 'manila-job', '/g/.manila-jobs', 'x', 'copy',
     '/usr/lpp/mmfs/bin', '2', '60', '5', '', '', '', '', '', '', '0'],
    ['sh', '/tmp/job', 'stop', '/tmp'],
    ['sh', '-c', 'rm -- "$1"', 'manila-takeover', '/etc/exports.d/',
     'manila-*.exports', '"/gpfs0/share-1" '],
    ['flock', '--', EXPORT_D, 'sh', '-c', 'rm -- "$2"', 'manila-index',
     EXPORT_D, EXPORT_D + '/.manila-native/INDEX.new', 'share-1.conf'],
    ['flock', '--', EXPORT_D, 'rm', '/etc/passwd'],
    [BIN + 'mmnfs', 'config', 'change', 'x'],
    [BIN + 'mmuserauth', 'service', 'create'],
    [BIN + 'mmrestorefs', 'gpfs0', 'a'],
    [*DBUS, METHOD + 'AddExport', 'string:/tmp/x.conf',
     'string:EXPORT(Export_Id=7)'],
    ['dbus-send', '--system', '--dest=org.freedesktop.systemd1', '/x'],
    ['ln', '-sT', '--', 'x', '/etc/ganesha/export.d/.manila-native/../x'],
    ['rm', '-f', '--', '/etc/ganesha/ganesha.conf'],
    ['chmod', '4777', '/bin/sh'],
    ['mmgetstate-not', '-Y'],
    ['/tmp/mmgetstate', '-Y'],
])
def test_held_back(filters, words):
    assert not any(f.match(words) for f in filters)
