# SPDX-License-Identifier: Apache-2.0
"""is_gpfs_node = True: nothing by ssh, all as root through the filters."""

import json
import os
import sys

import pytest

from manila_native import _native
from manila_native import gpfs

from tests.backends.gpfs import ganesha
from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_rule, make_share, make_snapshot,
                                      path_of, update, wait_for_job)

HERE = os.path.dirname(os.path.abspath(__file__))
FILTERS = os.path.join(HERE, '..', '..', 'etc', 'manila', 'rootwrap.d',
                       'manila-native.filters')


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def refused(tmp_path):
    """What the filters held back; a list that is to stay empty."""
    path = tmp_path / 'refused'

    def read():
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]
    read.path = str(path)
    return read


@pytest.fixture
def make_local(refused, monkeypatch):
    """Make a driver for which the first node is this machine."""
    def make(cluster, **changes):
        node = cluster.nodes[0]
        monkeypatch.setattr(gpfs, '_root_helper', lambda: [
            sys.executable, os.path.join(HERE, 'root_helper.py'),
            node._path, FILTERS, refused.path])
        settings = cluster.settings()
        settings.update(
            is_gpfs_node=True, gpfs_ssh_port=1,
            gpfs_nfs_server_list=[settings['gpfs_share_export_ip']])
        return make_driver(settings, **changes)
    return make


def live(cluster, driver):
    """All kinds of operations, one after the other."""
    node = cluster.nodes[0]
    driver.check_for_setup_error()
    driver.get_share_stats(refresh=True)
    share = make_share(mount_snapshot_support=True)
    located(share, driver.create_share(CONTEXT, share))
    node.write_file(path_of(share) + '/file', 'content\n')
    rules = [make_rule('192.0.2.1'), make_rule('2001:db8::/32', 'ro'),
             make_rule('198.51.100.0/24', 'ro')]
    assert update(driver, share, rules, add=rules) == []
    rules[1]['access_level'] = 'rw'
    assert update(driver, share, rules, update=rules[1:2]) == []
    assert update(driver, share, rules) == []
    driver.extend_share(share, 3)
    driver.shrink_share(share, 2)
    share['size'] = 2
    snapshot = make_snapshot(share)
    driver.create_snapshot(CONTEXT, snapshot)
    rule = make_rule('192.0.2.7')
    driver.snapshot_update_access(CONTEXT, snapshot, [rule], [rule], [])
    driver.manage_existing_snapshot(snapshot, {})
    new = make_share(size=2)
    answer = driver.create_share_from_snapshot(CONTEXT, new, snapshot)
    located(new, answer['export_locations'])
    assert wait_for_job(driver, new)[-1]['status'] == 'available'
    assert node.read_file(path_of(new) + '/file') == 'content\n'
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    answers = wait_for_job(driver, share, 'reverting_to_snapshot')
    assert answers[-1]['status'] == 'available'
    told = driver.ensure_shares(CONTEXT, [share, new])
    assert {each['status'] for each in told.values()} == {'available'}
    assert len(driver.update_share_usage_size(CONTEXT, [share, new])) == 2
    driver.unmanage(new)
    again = located(make_share(size=2), new['export_locations'])
    driver.manage_existing(again, {})
    group = {'share_group_snapshot_members': [
        make_snapshot(share), make_snapshot(again)]}
    driver.create_share_group_snapshot(CONTEXT, group)
    driver.delete_share_group_snapshot(CONTEXT, group)
    assert update(driver, share, rules[:1], delete=rules[1:]) == []
    driver.delete_snapshot(CONTEXT, snapshot)
    driver.delete_share(CONTEXT, share)
    driver.delete_share(CONTEXT, again)
    assert list(cluster.filesets()) == ['root']


def test_kernel_nfs(cluster, make_local, refused):
    before = _native.ssh_stats()
    try:
        live(cluster, make_local(cluster))
    finally:
        assert refused() == []
    assert _native.ssh_stats() == before


def test_ces(cluster, make_local, refused):
    try:
        live(cluster, make_local(cluster, gpfs_nfs_server_type='CES',
                                 gpfs_nfs_server_list=None))
    finally:
        assert refused() == []


def test_ganesha(gpfs_real_cluster, make_local, refused):
    gpfs_real_cluster.nodes[0].write_file(ganesha.INDEX, '')
    try:
        live(gpfs_real_cluster,
             make_local(gpfs_real_cluster, gpfs_nfs_server_type='GNFS'))
    finally:
        assert refused() == []


def test_what_the_filters_hold_back(cluster, make_local, refused):
    """The stand-in does refuse: a file elsewhere is not for us."""
    driver = make_local(cluster, gpfs_mount_point_base='/etc')
    with pytest.raises(Exception):
        driver._native_setup(dict(driver._native_options(),
                                  root_helper=gpfs._root_helper()
                                  + ['cat', '/etc/shadow']))
        driver.check_for_setup_error()
    assert refused() != []
