# SPDX-License-Identifier: Apache-2.0
"""The Manila of tests.backends.manila, with Manila's own Dummy driver.

When these fail, failures of tests that use the harness say nothing about
our drivers.
"""

import concurrent.futures
import os
import signal

import pytest
from manilaclient import exceptions

from tests.backends.manila import Manila, ManilaError
from tests.until import until

DUMMY = {
    'share_driver': 'manila.tests.share.drivers.dummy.DummyDriver',
    'driver_handles_share_servers': False,
    'dummy_driver_default_driver_method_delay': 0,
    'dummy_driver_driver_methods_delays': 'create_share:0',
}


def settled(client, share):
    share = client.shares.get(share.id)
    return share if share.status in ('available', 'error') else None


def gone(client, share):
    try:
        client.shares.get(share.id)
    except exceptions.NotFound:
        return True
    return False


def live(client, name):
    """The whole life of a share."""
    share = client.shares.create('NFS', 1, name=name, share_type='dummy')
    share = until(lambda: settled(client, share))
    assert share.status == 'available'
    client.shares.allow(share, 'ip', '10.0.0.1', 'rw')
    until(lambda: [rule.state for rule in
                   client.share_access_rules.access_list(share)]
          == ['active'])
    share.extend(2)
    until(lambda: client.shares.get(share.id).size == 2)
    client.shares.delete(share)
    until(lambda: gone(client, share))


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_life_of_shares(mode):
    with Manila({'one': DUMMY}, mode=mode) as manila:
        directory, pid = manila.directory, manila.pid
        client = manila.client()
        client.share_types.create('dummy', False)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            names = [f'share-{number}' for number in range(4)]
            list(pool.map(live, [client] * 4, names))
        assert 'ERROR' not in manila.log_text()
    assert not os.path.exists(directory)
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


def test_two_backends():
    with Manila({'one': DUMMY, 'two': DUMMY}) as manila:
        pools = {pool.name for pool in manila.client().pools.list()}
    assert pools == {'harness@one#fake_pool_for_one',
                     'harness@two#fake_pool_for_two'}


def test_backend_that_does_not_come_up():
    broken = dict(DUMMY, share_driver='no.such.Driver')
    with pytest.raises(ManilaError, match='No module named'):
        Manila({'broken': broken}).start()


def test_death_is_told():
    manila = Manila({'one': DUMMY})
    manila.start()
    directory, pid = manila.directory, manila.pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ManilaError, match='status -9'):
        manila.stop()
    assert not os.path.exists(directory)
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)
