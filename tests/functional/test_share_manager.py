# SPDX-License-Identifier: Apache-2.0
"""The GPFS driver under a real ShareManager, with threads and eventlet.

What Manila's database says after each step is compared with what stands on
the storage servers.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading

import pytest

from tests.backends.manila import Manila
from tests.backends.manila.settings import environment
from tests.demo import storage
from tests.demo.console import Console
from tests.demo.story import Story
from tests.functional.share_manager import HOST, HOST6, NETWORK

DRIVER = 'manila_native.gpfs.GPFSShareDriver'
REPOSITORY = os.path.abspath(
    os.path.join(os.path.dirname(__file__), '..', '..'))
TIMEOUT = 60
DELAY = 2       # of one command on the cluster, in seconds


def backend(settings):
    return dict(settings, share_driver=DRIVER,
                driver_handles_share_servers=False)


class Manager:
    """The parent's side of tests.functional.share_manager."""

    def __init__(self, process, directory):
        self._process = process
        self._directory = directory

    def step(self, name):
        """Let one step happen and return its report."""
        line = self._process.stdout.readline()
        if not line:
            pytest.fail(f'it ended in step "{name}":\n{self._log()}')
        report = json.loads(line)
        assert report['step'] == name
        return report

    def go_on(self):
        self._process.stdin.write('\n')
        self._process.stdin.flush()

    def finish(self):
        self._process.communicate(timeout=TIMEOUT)
        assert self._process.returncode == 0, self._log()

    def _log(self):
        return ''.join(path.read_text() for path in
                       sorted(self._directory.glob('*.log')))


@contextlib.contextmanager
def running(mode, settings, directory):
    """A share manager that has begun with its first step."""
    with open(directory / 'stderr.log', 'w', encoding='utf-8') as stderr:
        process = subprocess.Popen(
            [sys.executable, '-m', 'tests.functional.share_manager',
             '--mode', mode, '--directory', str(directory),
             '--settings', json.dumps(backend(settings)),
             '--extra-specs', json.dumps({'knfs:export_options': 'sync'})],
            cwd=REPOSITORY, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=stderr,
            env=environment(mode))
    # Bounds all the reads from the process below.
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    try:
        yield Manager(process, directory)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


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


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_slow_cluster_does_not_stop_others(mode, gpfs_cluster, tmp_path):
    """Heartbeats and other requests go on while the driver waits."""
    with running(mode, gpfs_cluster.settings(), tmp_path) as manager:
        manager.step('init')
        fault = gpfs_cluster.faults.add('mmcrfileset', delay=DELAY)
        manager.go_on()
        report = manager.step('create')
        assert fault.hits == 1
        assert report['status'] == 'available'
        assert report['pause'] < DELAY / 2
        for name in ('allow', 'extend', 'change', 'deny', 'restart',
                     'ensure', 'delete'):
            manager.go_on()
            manager.step(name)
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_the_demo(mode, gpfs_cluster2):
    """The story of `make demo`, through the API, in both modes."""
    backends = {'gpfs1': backend(gpfs_cluster2.settings())}
    with Manila(backends, mode=mode) as manila:
        Story(Console(), gpfs_cluster2, manila.client()).run()
        assert ' ERROR ' not in manila.log_text()
