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
    ['chmod', '4777', '/bin/sh'],
    ['mmgetstate-not', '-Y'],
    ['/tmp/mmgetstate', '-Y'],
])
def test_held_back(filters, words):
    assert not any(f.match(words) for f in filters)
