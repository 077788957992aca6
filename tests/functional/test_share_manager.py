# SPDX-License-Identifier: Apache-2.0
"""The GPFS driver under a real ShareManager, with threads and eventlet.

What Manila's database says after each step is compared with what stands on
the storage servers.
"""

import os
import re
import sys

import pytest

from tests.backends.manila import Manila
from tests.demo import storage
from tests.demo.console import Console
from tests.demo.story import Story
from tests.functional import managers
from tests.functional.managers import MANILA22, steps
from tests.functional.share_stories import HOST, HOST6, NETWORK

DRIVER = 'manila_native.gpfs.GPFSShareDriver'
GANESHA_CONFIG = '/etc/ganesha/ganesha.conf'
SERVICE = '/etc/init.d/nfs-ganesha'
OPERATORS = 'NFS_Core_Param { Nb_Worker = 4; }\n'


def running(mode, settings, directory, story='share', python=sys.executable):
    return managers.running(
        mode, managers.backend(DRIVER, settings), directory, story, python,
        extra_specs={'knfs:export_options': 'sync'})


def hold(manager, *faults):
    """Hold commands up until others were seen to run meanwhile."""
    for fault in faults:
        fault.wait()
        manager.see_others_run()
        fault.release()


def assert_exports(cluster, report, quota, levels):
    """All servers export exactly this, now and after a reboot."""
    path = report['locations'][0].rpartition(':')[2]
    standing = storage.look(cluster, path)
    assert standing.fileset
    assert standing.quota_gib == quota
    for server in standing.servers:
        assert server.levels() == levels
        assert server.written == set(levels)
    active = {client: [level, 'active'] for client, level in levels.items()}
    assert report['rules'] == active
    assert report['rules_status'] == 'active'
    assert report['status'] == 'available'
    assert report['size'] == quota


def live(manager, cluster):
    """Let all steps happen, and look at the storage after each."""
    manager.step('init')
    manager.go_on()

    report = manager.step('create')
    path = report['locations'][0].rpartition(':')[2]
    assert_exports(cluster, report, 1, {})
    manager.go_on()

    levels = {HOST: 'rw', NETWORK: 'ro', HOST6: 'ro'}
    assert_exports(cluster, manager.step('allow'), 1, levels)
    manager.go_on()

    assert_exports(cluster, manager.step('extend'), 2, levels)
    manager.go_on()

    levels[NETWORK] = 'rw'
    assert_exports(cluster, manager.step('change'), 2, levels)
    manager.go_on()

    del levels[HOST]
    assert_exports(cluster, manager.step('deny'), 2, levels)
    manager.go_on()

    assert_exports(cluster, manager.step('restart'), 2, levels)
    cluster.nodes[-1].reboot()
    manager.go_on()

    assert_exports(cluster, manager.step('ensure'), 2, levels)
    manager.go_on()

    assert manager.step('delete')['status'] is None
    assert storage.look(cluster, path).empty()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_life_of_a_share(mode, gpfs_cluster2, tmp_path):
    with running(mode, gpfs_cluster2.settings(), tmp_path) as manager:
        live(manager, gpfs_cluster2)
        manager.finish()


def ces_levels(cluster, path):
    """{client: level} of a CES export, in order; {}: not exported."""
    export = cluster.exports().get(path, {'clients': []})
    return {c['client']: c['Access_Type'].lower() for c in export['clients']}


def ganesha_levels(cluster, path):
    """The same of two NFS-Ganesha daemons, which agree."""
    first, *others = [
        {client: level for client, (level,) in
         storage.ganesha_server(node, path).clients.items()}
        for node in cluster.nodes]
    assert all(o == first for o in others)
    return first


def live_elsewhere(manager, cluster, levels_of):
    """A share's life with another kind of NFS server."""
    step = steps(manager)
    step('init')
    path = step('create')['locations'][0].rpartition(':')[2]
    levels = {HOST: 'rw', NETWORK: 'ro', HOST6: 'ro'}
    for name, change in (('allow', {}), ('extend', {}),
                         ('change', {NETWORK: 'rw'}), ('deny', {HOST: None}),
                         ('restart', {}), ('ensure', {})):
        levels.update(change)
        levels = {c: level for c, level in levels.items() if level}
        report = manager.step(name)
        assert {c: state for c, (_level, state) in report['rules'].items()
                } == dict.fromkeys(levels, 'active')
        assert levels_of(cluster, path) == levels
        manager.go_on()
    assert manager.step('delete')['status'] is None
    assert levels_of(cluster, path) == {}
    assert list(cluster.filesets()) == ['root']


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_life_with_ces(mode, gpfs_cluster2, tmp_path):
    settings = dict(gpfs_cluster2.settings(), gpfs_nfs_server_type='CES')
    with running(mode, settings, tmp_path) as manager:
        live_elsewhere(manager, gpfs_cluster2, ces_levels)
        manager.finish()
    assert gpfs_cluster2.nfs_restarts() == 0


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_life_with_ganesha(mode, gpfs_real_cluster, tmp_path):
    cluster = gpfs_real_cluster
    starts = [node.ganesha.starts() for node in cluster.nodes]
    # from here the first node is reached at another address
    settings = dict(cluster.settings(), gpfs_nfs_server_type='GNFS',
                    gpfs_share_export_ip=cluster.nodes[0].address)
    with running(mode, settings, tmp_path) as manager:
        live_elsewhere(manager, cluster, ganesha_levels)
        manager.finish()
    assert [node.ganesha.starts() for node in cluster.nodes] == starts


def edited_levels(cluster, path):
    """The same of the file that NFS-Ganesha before 2.1 reads, on two servers;
    the operator's part of it is still there."""
    levels = []
    for node in cluster.nodes:
        text = node.read_file(GANESHA_CONFIG)
        assert text.startswith(OPERATORS)
        blocks = [block for block in text[len(OPERATORS):].split('EXPORT\n')
                  if 'Path = "%s";' % path in block]
        assert len(blocks) <= 1
        found = re.findall(r'^    (RW?)_Access = "(.*)";$', ''.join(blocks),
                           re.MULTILINE)
        levels.append({client: 'rw' if key == 'RW' else 'ro'
                       for key, clients in found
                       for client in clients.split(',') if client})
    assert levels[0] == levels[1]
    return levels[0]


@pytest.mark.parametrize('version', ['2.0', '1.5'])
def test_life_with_old_ganesha(version, gpfs_cluster2, tmp_path):
    """The files and the restarts alone: there is no such daemon to be had."""
    for node in gpfs_cluster2.nodes:
        node.run(['mkdir', '-p', '/etc/ganesha'], check=True)
        node.write_file(GANESHA_CONFIG, OPERATORS)
        node.write_file(SERVICE, '#!/bin/sh\necho "$1" >> /run/ganesha.did\n')
        node.run(['chmod', '755', SERVICE], check=True)
    settings = dict(gpfs_cluster2.settings(), gpfs_nfs_server_type='GNFS',
                    gpfs_ganesha_version=version,
                    ganesha_service_name='nfs-ganesha')
    with running('threads', settings, tmp_path) as manager:
        live_elsewhere(manager, gpfs_cluster2, edited_levels)
        manager.finish()
    for node in gpfs_cluster2.nodes:    # allow, change, deny, delete
        assert node.read_file('/run/ganesha.did') == 'restart\n' * 4


def read(cluster, location, name):
    path = location.partition(':/')[2]
    return cluster.nodes[0].read_file(f'/{path}/{name}')


def write(cluster, location, name, text):
    path = location.partition(':/')[2]
    cluster.nodes[0].write_file(f'/{path}/{name}', text)


def live_with_snapshots(manager, cluster, polls_reverts=True):
    """The process stands still before each step, not after the last one."""
    step = steps(manager)
    step('init')
    report = manager.step('create')
    (location,) = report['locations']
    write(cluster, location, 'file', 'before\n')
    manager.go_on()

    report = manager.step('snapshot')
    assert report['snapshot'] == 'available'
    assert {s['name'] for s in cluster.snapshots()} == {
        report['provider_location']}
    (mounted,) = report['snapshot_locations']
    assert mounted == '%s/.snapshots/%s' % (location,
                                            report['provider_location'])
    write(cluster, location, 'file', 'after\n')
    manager.go_on()

    path = mounted.rpartition(':')[2]
    report = manager.step('mount')
    assert report['snapshot_rules'] == {HOST: 'active'}
    for server in storage.look(cluster, path).servers:
        assert server.levels() == {HOST: 'ro'}
    manager.go_on()
    report = manager.step('unmount')
    assert report['snapshot_rules'] == {}
    for server in storage.look(cluster, path).servers:
        assert server.levels() == {}
    manager.go_on()

    report = manager.step('clone')
    assert report['seen'] > 0
    assert report['clone'] == 'available'
    assert report['progress'] == '100%'
    (clone,) = report['clone_locations']
    assert read(cluster, clone, 'file') == 'before\n'
    manager.go_on()
    manager.step('delete_clone')
    assert storage.look(cluster, clone.rpartition(':')[2]).empty()
    manager.go_on()

    report = manager.step('extend')
    assert report['size'] == 2
    fault = cluster.faults.add('mmrestorefs', hang='before')
    manager.go_on()
    hold(manager, fault)
    report = manager.step('revert')
    assert report['status'] == report['snapshot'] == 'available'
    # either the periodic task saw its end, or the call waited for it
    assert (report['seen'] > 0) == polls_reverts
    assert report['size'] == 1      # the snapshot's
    assert read(cluster, location, 'file') == 'before\n'
    standing = storage.look(cluster, location.rpartition(':')[2])
    assert standing.quota_gib == 1
    manager.go_on()

    assert manager.step('extend')['size'] == 2
    big = f"/{location.partition(':/')[2]}/big"
    cluster.nodes[0].run(['fallocate', '-l', '1100M', big], check=True)
    manager.go_on()
    report = manager.step('refuse_shrink')
    assert 'refused' in report
    assert (report['status'], report['size']) == ('available', 2)
    cluster.nodes[0].run(['rm', big], check=True)
    manager.go_on()
    report = manager.step('shrink')
    assert (report['status'], report['size']) == ('available', 1)
    standing = storage.look(cluster, location.rpartition(':')[2])
    assert standing.quota_gib == 1
    manager.go_on()

    ((event, used, _when),) = step('usage')['usage']
    assert event == 'consumed.size' and 0 <= used < 1

    assert manager.step('delete_snapshot')['snapshot'] is None
    assert cluster.snapshots() == []
    manager.go_on()
    assert manager.step('delete')['status'] is None
    assert storage.look(cluster, location.rpartition(':')[2]).empty()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_snapshots_of_a_share(mode, gpfs_cluster2, tmp_path):
    with running(mode, gpfs_cluster2.settings(), tmp_path,
                 'snapshots') as manager:
        live_with_snapshots(manager, gpfs_cluster2)
        manager.finish()


def test_snapshots_of_a_share_with_manila_22(gpfs_cluster2, tmp_path):
    """It has no periodic task for reverts, and uses eventlet by default."""
    if not os.path.exists(MANILA22):
        pytest.skip('no other Manila: make build/venv-manila22/stamp')
    with running('eventlet', gpfs_cluster2.settings(), tmp_path, 'snapshots',
                 MANILA22) as manager:
        live_with_snapshots(manager, gpfs_cluster2, polls_reverts=False)
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_forgotten_and_found_again(mode, gpfs_cluster, tmp_path):
    """An administrator unmanages a share and manages it as another one."""
    cluster = gpfs_cluster
    with running(mode, cluster.settings(), tmp_path, 'managed') as manager:
        step = steps(manager)
        step('init')
        (location,) = step('create')['locations']
        name = step('snapshot')['provider_location']
        assert step('unmanage_snapshot')['snapshot'] is None
        assert step('unmanage')['status'] is None
        report = manager.step('manage')
        assert (report['status'], report['size']) == ('available', 1)
        assert report['locations'] == [location]
        standing = storage.look(cluster, location.rpartition(':')[2])
        assert standing.fileset not in location     # it has a new name
        manager.go_on()
        report = step('manage_snapshot')
        assert report['snapshot'] == 'available'
        assert report['provider_location'] == name
        assert step('extend')['size'] == 2
        assert step('delete_snapshot')['snapshot'] is None
        assert step('delete')['status'] is None
        assert list(cluster.filesets()) == ['root']
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_group(mode, gpfs_cluster, tmp_path):
    cluster = gpfs_cluster
    with running(mode, cluster.settings(), tmp_path, 'group') as manager:
        step = steps(manager)
        step('init')
        step('create')
        report = manager.step('group')
        assert report['group'] == 'available'
        assert report['consistent'] == 'host'
        for number, (status, location) in enumerate(report['shares']):
            assert status == 'available'
            write(cluster, location, 'file', f'share {number}\n')
        manager.go_on()

        report = step('group_snapshot')
        assert report['group_snapshot'] == 'available'
        assert {status for status, _name in report['members']} == {
            'available'}
        assert {name for _status, name in report['members']} == {
            s['name'] for s in cluster.snapshots()}
        assert cluster.journal.count('mmcrsnapshot*') == 1

        report = manager.step('group_clone')
        assert report['group'] == 'available'
        texts = set()
        for status, location in report['shares']:
            assert status == 'available'
            texts.add(read(cluster, location, 'file'))
        assert texts == {'share 0\n', 'share 1\n'}
        manager.go_on()
        assert step('delete_group_snapshot')['group_snapshot'] is None
        assert cluster.snapshots() == []
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_slow_cluster_does_not_stop_others(mode, gpfs_cluster, tmp_path):
    """Heartbeats and other requests go on while the driver waits."""
    with running(mode, gpfs_cluster.settings(), tmp_path) as manager:
        manager.step('init')
        fault = gpfs_cluster.faults.add('mmcrfileset', hang='before')
        manager.go_on()
        hold(manager, fault)
        assert manager.step('create')['status'] == 'available'
        for name in ('allow', 'extend', 'change', 'deny', 'restart',
                     'ensure', 'delete'):
            manager.go_on()
            manager.step(name)
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_slow_copies_do_not_stop_others(mode, gpfs_cluster, tmp_path):
    """Not even those that the driver waits for, as in a group."""
    with running(mode, gpfs_cluster.settings(), tmp_path,
                 'group') as manager:
        for name in ('init', 'create', 'group', 'group_snapshot'):
            manager.step(name)
            if name != 'group_snapshot':
                manager.go_on()
        faults = [gpfs_cluster.faults.add('mmlsquota', nth=nth, hang='before')
                  for nth in (1, 2)]
        manager.go_on()
        hold(manager, *faults)
        assert manager.step('group_clone')['group'] == 'available'
        manager.go_on()
        manager.step('delete_group_snapshot')
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_the_demo(mode, gpfs_cluster2):
    """The story of `make demo`, through the API, in both modes."""
    backends = {'gpfs1': managers.backend(DRIVER,
                                          gpfs_cluster2.settings())}
    with Manila(backends, mode=mode) as manila:
        Story(Console(), gpfs_cluster2, manila.client()).run()
        assert ' ERROR ' not in manila.log_text()
