# SPDX-License-Identifier: Apache-2.0
"""The choice between waiting as a thread and as a greenthread."""

import os
import subprocess
import sys
import textwrap

import pytest

from manila_native import _native
from manila_native import waiting

ROOT = os.path.dirname(os.path.dirname(_native.__file__))

pytest.importorskip('eventlet')


def run(code):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code)],
        capture_output=True, text=True, timeout=300,
        env=dict(os.environ, PYTHONPATH=ROOT))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_eventlet(monkeypatch):
    monkeypatch.delitem(sys.modules, 'eventlet.patcher', raising=False)
    assert waiting.choose() is None


def test_eventlet_that_is_not_in_charge():
    run("""
        import eventlet
        from manila_native import waiting
        assert waiting.choose() is None
        assert eventlet.spawn(waiting.choose).wait() is None
        """)


def test_patched():
    run("""
        import eventlet
        eventlet.monkey_patch()
        from eventlet import hubs, tpool
        from manila_native import waiting
        assert eventlet.spawn(waiting.choose).wait() is waiting.wait_readable
        assert waiting.choose() is waiting.wait_readable
        # a native thread of eventlet's pool, and the hub's own greenlet
        assert tpool.execute(waiting.choose) is None
        seen = []
        hubs.get_hub().schedule_call_global(
            0, lambda: seen.append(waiting.choose()))
        eventlet.sleep(0.01)
        assert seen == [None]
        """)


def test_greenthreads_go_on_while_one_waits(tmp_path):
    run(f"""
        import pathlib
        import eventlet
        eventlet.monkey_patch()
        from eventlet import tpool
        from manila_native import _native, waiting
        from tests.unit.held import HeldCommands
        class Driver(_native.GPFSShareDriver): pass
        def make(root_helper):
            d = Driver()
            d._native_setup(dict(
                export_ip='h', cluster_host='h', local_hosts=['h'],
                nfs_servers=['h'], nfs_server_type='KNFS',
                mount_point_base='/g', wait=waiting.choose,
                # logging may switch greenthreads
                log=lambda level, text: eventlet.sleep(0),
                root_helper=root_helper))
            return d
        def capacity(d):
            try: d._get_capacities()
            except _native.GPFSException as error: return str(error)
        held = HeldCommands(pathlib.Path({str(tmp_path)!r}))
        d = make(held.root_helper)

        # a Timeout and a kill end the wait, and leave the driver usable
        for _ in range(3):
            try:
                with eventlet.Timeout(0.1):
                    d._get_capacities()
            except eventlet.Timeout:
                continue
            raise AssertionError
        victim = eventlet.spawn(d._get_capacities)
        held.wait()
        victim.kill()
        assert not held.ended

        begun = held.begun()
        many = [eventlet.spawn(capacity, d) for _ in range(10)]
        held.wait(begun + 10)
        held.let_go()
        assert all('let go' in each.wait() for each in many)
        assert 'let go' in tpool.execute(capacity, d)
        share = dict(id='1', name='s', size=1, share_proto='NFS')
        assert d.ensure_shares(None, [share])['1']['status'] == 'error'
        """)
