# SPDX-License-Identifier: Apache-2.0
"""The Tegile driver under a real ShareManager, with threads and eventlet.

What Manila's database says after each step is compared with what the array
has, and with what its clients may do.
"""

import functools
import os
import sys

import pytest

from tests.backends.intelliflash import Array, Assumptions, GiB, TiB
from tests.functional import managers
from tests.functional.killed_stories import NEW_HOST
from tests.functional.managers import MANILA22, steps
from tests.functional.share_stories import HOST, NETWORK

DRIVER = 'manila_native.tegile.TegileShareDriver'
POOLS = {'pool-a': 10 * TiB, 'pool-b': 5 * TiB}
POOL = 'pool-b'         # not the first one
OTHER_HOST = '198.51.100.7'     # in NETWORK
ALL = {'NFS': (HOST, OTHER_HOST, NEW_HOST, 'alice', 'eve'),
       'CIFS': ('alice', 'bob', 'eve')}
# The array knows no eve, and its CIFS shares take no addresses here.
RULES = {'NFS': [['ip', HOST, 'rw'], ['ip', NETWORK, 'ro'],
                 ['user', 'eve', 'rw'], ['user', 'alice', 'ro']],
         'CIFS': [['user', 'alice', 'rw'], ['user', 'bob', 'ro'],
                  ['user', 'eve', 'rw'], ['ip', HOST, 'rw']]}
WRONG = {'NFS': {'eve'}, 'CIFS': {'eve', HOST}}


def settings(array):
    return managers.backend(DRIVER, {
        'tegile_nas_server': array.host, 'tegile_nas_port': array.port,
        'tegile_nas_login': array.login,
        'tegile_nas_password': array.password,
        'tegile_ssl_cert_path': array.ca_file})


@pytest.fixture(params=['3.7.1'])
def array(request):
    with Array(firmware=request.param, pools=POOLS, assumptions=Assumptions(
            known_users=('alice', 'bob'))) as array:
        yield array


def running(mode, array, directory, story='whole', protocol='NFS',
            python=sys.executable, rules=None):
    return managers.running(
        mode, settings(array), directory, story, python, backend='tegile1',
        pool=POOL, protocol=protocol, rules=rules or RULES[protocol])


def one_share(array):
    (share,) = array.shares.values()
    assert share.path.startswith(f'{POOL}/Local/openstack/share-')
    return share


def rights(array, share, protocol):
    """{client: level} of those who may do something."""
    levels = {client: array.may(share.path, client)
              for client in ALL[protocol]}
    return {client: level for client, level in levels.items() if level}


def locations(array, share, protocol):
    name = share.mount_point if protocol == 'NFS' else share.display_name
    return [f'{ip}:{name}' if protocol == 'NFS' else f'\\\\{ip}\\{name}'
            for ip in array.pools[POOL].floating_ips]


class Life:
    """Lets the steps of a story happen, and looks at the array."""

    def __init__(self, manager, array, protocol):
        self.manager = manager
        self.array = array
        self.protocol = protocol
        self.step = steps(manager)
        self.levels = {}        # whom the rules name, and what they give
        self.size = 1

    def check(self, name):
        """A step that leaves the share available, as is written above."""
        report = self.manager.step(name)
        share = one_share(self.array)
        assert (report['status'], report['size']) == ('available', self.size)
        assert share.quota == self.size * GiB
        assert report['rules'] == {client: [level, 'active']
                                   for client, level in self.levels.items()}
        assert report['rules_status'] == 'active'
        assert rights(self.array, share, self.protocol) == self.expected()
        return report

    def expected(self):
        levels = dict(self.levels)
        if NETWORK in levels:
            levels[OTHER_HOST] = levels.pop(NETWORK)
        return levels

    def kept(self, changed):
        """Those who keep access while that one's level changes.

        Users, and addresses before firmware 3.7, are denied and allowed: no
        one knows whether allowing another level replaces the old one.
        """
        at_once = self.protocol == 'NFS' and (
            self.array.state.firmware >= (3, 7))
        return [client for client in self.expected()
                if at_once or client not in (changed, OTHER_HOST)]

    def go_on(self):
        self.manager.go_on()

    # The parts of the whole

    def begin(self):
        self.step('init')
        report = self.step('stats')
        assert set(report['pools']) == set(POOLS)
        for name, told in report['pools'].items():
            assert told['total_capacity_gb'] == POOLS[name] / GiB
            assert told['free_capacity_gb'] == POOLS[name] / GiB
            assert told['storage_protocol'] == 'NFS_CIFS'
            assert told['revert_to_snapshot_support'] is True
        return self.create()

    def create(self):
        report = self.check('create')
        share = one_share(self.array)
        assert share.protocol == self.protocol
        expected = locations(self.array, share, self.protocol)
        if self.array.state.firmware < (3, 7, 1):
            expected = expected[:1]
        assert set(report['locations']) == set(expected)
        self.go_on()
        return share

    def rules(self, share):
        """Several, some of which can't be: these alone are in error."""
        wrong = WRONG[self.protocol]
        report = self.manager.step('allow')
        assert report['status'] == 'available'
        assert report['rules_status'] == 'error'
        assert {client for client, (_level, state) in report['rules'].items()
                if state == 'error'} == wrong
        self.levels = {client: level for _kind, client, level
                       in RULES[self.protocol] if client not in wrong}
        assert rights(self.array, share, self.protocol) == self.expected()
        second = RULES[self.protocol][1][1]
        watched = [self.array.watch(share.path, client)
                   for client in self.kept(second)]
        self.go_on()

        self.check('dismiss')
        self.go_on()
        self.levels[second] = 'rw'
        self.check('change')
        assert not any(watch.lost for watch in watched)
        self.go_on()
        first = RULES[self.protocol][0][1]
        del self.levels[first]
        self.check('deny')
        self.go_on()

    def restarts(self, share):
        """Shares are looked at when it is worth it, or asked for."""
        self.array.journal.clear()
        self.check('restart')
        assert not self.array.calls('listShares')
        share.quota = 0
        self.go_on()
        report = self.check('reconfigure')      # check() wants the quota
        assert self.array.calls('listShares')
        assert share.path.rpartition('/')[2] in repr(report['locations'])
        share.quota = 5 * GiB
        self.go_on()
        self.check('ensure')
        self.go_on()

    def snapshot(self, share):
        share.put('file', b'before')
        report = self.check('snapshot')
        assert report['snapshot'] == 'available'
        (name,) = share.snapshots
        assert name.startswith('Manual-S-share-snapshot-')
        share.put('file', b'after')
        self.go_on()
        return name

    def clone(self, share):
        """A share of its own, which nobody may use yet."""
        report = self.manager.step('clone')
        assert report['clone'] == 'available'
        assert report['progress'] == '100%'
        (clone,) = (each for each in self.array.shares.values()
                    if each is not share)
        assert clone.contents == {'file': b'before'}
        assert clone.quota == GiB
        assert clone.name in repr(report['clone_locations'])
        assert rights(self.array, clone, self.protocol) == {}
        self.go_on()
        return clone

    def sizes(self, share):
        self.size = 2
        self.check('extend')
        share.write(3 * GiB // 2, 'big')
        self.go_on()
        report = self.check('refuse_shrink')
        assert 'refused' in report
        share.remove('big')
        self.go_on()
        self.size = 1
        self.check('shrink')
        share.write(GiB // 2, 'half')
        self.go_on()
        ((event, used, _when),) = self.step('usage')['usage']
        assert event == 'consumed.size'
        assert used == pytest.approx(0.5, abs=0.01)


def live(manager, array, protocol):
    life = Life(manager, array, protocol)
    share = life.begin()
    life.rules(share)
    life.restarts(share)
    snapshot = life.snapshot(share)

    life.size = 2
    life.check('extend')
    life.go_on()
    life.clone(share)
    life.check('delete_clone')      # one_share() looks for it
    life.go_on()
    life.size = 1                   # the snapshot's
    report = life.check('revert')
    assert report['snapshot'] == 'available'
    assert share.contents == {'file': b'before'}
    life.go_on()
    life.sizes(share)

    before = life.check('unmanage_snapshot')['locations']
    assert [*share.snapshots] == [snapshot]
    life.go_on()
    assert life.step('unmanage')['status'] is None
    life.levels = {}
    report = manager.step('manage')
    assert (report['status'], report['size']) == ('available', 1)
    assert set(report['locations']) == set(before)
    assert one_share(array) is share
    life.go_on()
    report = life.step('manage_snapshot')
    assert report['snapshot'] == 'available'
    assert report['provider_location'] == f'{share.path}@{snapshot}'
    report = manager.step('allow')
    life.levels = {client: level for _kind, client, level in RULES[protocol]
                   if client not in WRONG[protocol]}
    assert rights(array, share, protocol) == life.expected()
    life.go_on()
    assert life.step('delete_snapshot')['snapshot'] is None
    assert share.snapshots == {}
    assert life.step('delete')['status'] is None
    assert array.shares == {}


@pytest.mark.parametrize('protocol', ['NFS', 'CIFS'])
@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_life_of_a_share(mode, protocol, array, tmp_path):
    with running(mode, array, tmp_path, protocol=protocol) as manager:
        live(manager, array, protocol)
        manager.finish()


@pytest.mark.parametrize('array', ['3.5.1'], indirect=True)
@pytest.mark.parametrize('protocol', ['NFS', 'CIFS'])
@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_life_with_old_firmware(mode, protocol, array, tmp_path):
    """One that can't replace a share's list of addresses at once."""
    with running(mode, array, tmp_path, protocol=protocol) as manager:
        live(manager, array, protocol)
        manager.finish()


@pytest.mark.parametrize('protocol', ['NFS', 'CIFS'])
def test_life_with_manila_22(protocol, array, tmp_path):
    if not os.path.exists(MANILA22):
        pytest.skip('no other Manila: make build/venv-manila22/stamp')
    with running('eventlet', array, tmp_path, protocol=protocol,
                 python=MANILA22) as manager:
        live(manager, array, protocol)
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_clone_outlives_its_parent(mode, array, tmp_path):
    with running(mode, array, tmp_path, 'with clone') as manager:
        life = Life(manager, array, 'NFS')
        life.step('init')
        share = life.create()
        life.snapshot(share)
        clone = life.clone(share)
        report = life.step('delete_snapshot')
        assert report['snapshot'] is None
        assert report['status'] == 'available'
        assert life.step('delete')['status'] is None
        assert one_share(array) is clone
        assert clone.contents == {'file': b'before'}
        life.step('delete_clone')
        assert array.shares == {}
        manager.finish()


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_slow_array_does_not_stop_others(mode, array, tmp_path):
    """Heartbeats and other requests go on while the driver waits."""
    with running(mode, array, tmp_path, 'share') as manager:
        manager.step('init')
        fault = array.fault('createShare', how='hang', then='continue')
        manager.go_on()
        assert array.wait_fault(fault)
        manager.see_others_run()
        array.release()
        assert manager.step('create')['status'] == 'available'
        for name in ('allow', 'extend', 'change', 'deny', 'restart',
                     'ensure', 'delete'):
            manager.go_on()
            manager.step(name)
        manager.finish()
    assert array.shares == {}


# The first and the last request by which each operation changes something;
# of what firmware 3.5.1 does otherwise, one in between.  "create" comes last:
# others send what it sends, too, and have theirs held first.
REQUESTS = {'3.7.1': {
    'delete': ('setNFSNetworkACLsOnShare', 'deleteShare'),
    'extend': ('modifyShareProperties',),
    'snapshot': ('createShareSnapshot',),
    'delete_snapshot': ('deleteShareSnapshot',),
    'clone': ('cloneShareSnapshot', 'clearAccessRules'),
    'replace_rule': ('setNFSNetworkACLsOnShare',),
    'change': ('setNFSNetworkACLsOnShare',),
    'create': ('createShare', 'modifyShareProperties'),
}}
REQUESTS['3.5.1'] = dict(
    REQUESTS['3.7.1'],
    delete=('shareDenyAccess',), extend=('resizeShare',),
    replace_rule=('shareDenyAccess',), change=('shareDenyAccess',),
    create=('resizeShare',))
# What Manila's database says after the restart, and after the repetition.
STATES = {
    'delete': ('status', 'deleting', None),
    'extend': ('status', 'extending', 'available'),
    'snapshot': ('snapshot', 'creating', None),
    'delete_snapshot': ('snapshot', 'deleting', None),
    'clone': ('clone', 'creating', None),
    'replace_rule': ('rules_status', 'syncing', 'active'),
    'change': ('rules_status', 'syncing', 'active'),
    'create': ('status', 'creating', None),
}
# Who has access before and after.
KEPT = {'replace_rule': OTHER_HOST, 'change': HOST}


def hold(array, shares, which, when):
    """Let the array hold one request of each operation."""
    def names(share):
        return lambda request: share.name in repr(request.params)
    faults = []
    for operation, methods in REQUESTS[array.state.firmware_name].items():
        old = operation not in ('clone', 'create')
        faults.append(array.fault(
            methods[which], how='hang', when=when,
            where=names(shares[operation]) if old else None))
    return faults


def allowed(life):
    """What the rules of a share say."""
    assert {state for _level, state in life['rules'].values()} <= {'active'}
    return {OTHER_HOST if client == NETWORK else client: level
            for client, (level, _state) in life['rules'].items()}


def check_states(report, number):
    """number: which column of STATES it is to be."""
    assert {operation: report['lives'][operation][state[0]]
            for operation, state in STATES.items()} == {
        operation: state[number] for operation, state in STATES.items()}


@pytest.mark.parametrize('array, which, when', [
    ('3.7.1', 0, 'before'), ('3.7.1', 0, 'after'), ('3.7.1', -1, 'after'),
    ('3.5.1', -1, 'after')], indirect=['array'])
def test_killed_in_the_middle(array, which, when, tmp_path):
    """Before anything was done, in between, or when all was done but the
    manager did not get to know."""
    begin = functools.partial(running, 'threads', array, tmp_path,
                              rules=RULES['NFS'][:2])
    with begin('killed') as manager:
        manager.step('init')
        manager.go_on()
        lives = manager.step('prepare')['lives']
        shares = {operation: array.share(
                      life['locations'][0].rpartition('/')[2])
                  for operation, life in lives.items() if life}
        watches = [array.watch(shares[operation].path, client)
                   for operation, client in KEPT.items()]
        held = hold(array, shares, which, when)
        manager.go_on()
        for fault in held:
            assert array.wait_fault(fault), fault
        manager.kill()
    array.release()
    assert array.journal.wait(count=len(array.journal), finished=True)

    with begin('resumed') as manager:
        check_states(manager.step('init'), 1)   # Manila leaves it to others
        manager.go_on()
        report = manager.step('repeat')
        check_states(report, 2)
        del shares['delete']
        assert set(array.shares) == {share.path for share in shares.values()}
        for operation, share in shares.items():
            life = report['lives'][operation]
            assert rights(array, share, 'NFS') == allowed(life)
            assert share.quota == life['size'] * GiB
            assert len(share.snapshots) == (operation == 'clone')
        assert not any(watch.lost for watch in watches)
        manager.finish()
