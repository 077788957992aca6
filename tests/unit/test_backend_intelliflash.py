# SPDX-License-Identifier: Apache-2.0
"""The simulated IntelliFlash array itself, without any driver."""

import base64
import dataclasses
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from tests.backends.intelliflash import (Array, Assumptions, GiB, MiB,
                                         NoSpace, QuotaExceeded, TiB)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
PROJECT = 'pool-a/Local/openstack'
S1 = PROJECT + '/s1'
SNAP = S1 + '@Manual-S-snap'
CLONE = PROJECT + '/c1'
WRONG_ADDRESS = ('Internet Protocol Network Address is in the wrong format. '
                 'Expecting a address in the NNN.NNN.NNN.NNN format')


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def value(self):
        return json.loads(self.body)

    @property
    def error(self):
        """(status, code)"""
        return self.status, self.value['code']


class Client:
    """Keeps one connection, as long as the array keeps it."""

    def __init__(self, array, login='admin', password='secret'):
        self.array = array
        secret = base64.b64encode(f'{login}:{password}'.encode()).decode()
        self.headers = {'Authorization': 'Basic ' + secret}
        self.http = http.client.HTTPSConnection(
            array.host, array.port, timeout=300,
            context=ssl.create_default_context(cafile=array.ca_file))

    def close(self):
        self.http.close()

    def raw(self, http_method, target, body=None, headers=()):
        self.http.request(http_method, target, body=body,
                          headers={**self.headers, **dict(headers)})
        return Answer(self.http.getresponse())

    def ask(self, service, method, *params):
        return self.raw('POST', f'/zebi/api/{service}/{method}',
                        json.dumps(params).encode())

    def get(self, service, method):
        return self.raw('GET', f'/zebi/api/{service}/{method}')

    def v2(self, method, *params):
        """The value, or (status, code)."""
        answer = self.ask('v2', method, *params)
        if not answer.body:
            return None
        return answer.value if answer.status == 200 else answer.error

    def os(self, method, *params):
        answer = self.ask('openstack', method, *params)
        if not answer.body:
            return None
        return answer.value if answer.status == 200 else answer.error

    # The requests that come up most

    def create(self, name='s1', protocol='NFS'):
        return self.os('createShare', 'pool-a', 'openstack', name, protocol)

    def allow(self, host, level='rw', kind='ip', protocol='NFS', path=S1):
        return self.os('shareAllowAccess', path, protocol, kind, host, level)

    def deny(self, host, level='rw', kind='ip', protocol='NFS', path=S1):
        return self.os('shareDenyAccess', path, protocol, kind, host, level)

    def snapshot(self, name='snap', share='s1', service='v2'):
        return getattr(self, 'os' if service == 'openstack' else service)(
            'createShareSnapshot',
            {'poolName': 'pool-a', 'projectName': 'openstack', 'name': share,
             'availableSize': 0, 'totalSize': 0, 'datasetPath': PROJECT,
             'mountpoint': share, 'local': 'true'}, name, False)

    def clone(self, name='c1', inherit=True, of=SNAP):
        return self.os('cloneShareSnapshot', of, name, inherit)

    def listed(self, name='s1'):
        return next((share for share in self.v2(
            'listShares', 'pool-a', 'openstack', True)
            if share['name'] == name), None)


@pytest.fixture
def make():
    """Makes (array, client); ends both after the test."""
    ends = []

    def make(assume=None, **settings):
        array = Array(assumptions=Assumptions(**(assume or {})), **settings)
        ends.append(array)
        client = Client(array)
        ends.append(client)
        return array, client

    yield make
    for each in reversed(ends):
        each.close()
    assert not [thread for thread in threading.enumerate()
                if thread.name.startswith('intelliflash')]


@pytest.fixture
def both(make):
    return make()


@pytest.fixture
def array(both):
    return both[0]


@pytest.fixture
def client(both):
    return both[1]


# Transport

def test_requests_share_a_connection(array, client):
    client.v2('listPools')
    client.v2('listPools')
    assert array.connections == 1
    assert {each.connection for each in array.journal} == {1}


def test_without_keep_alive(make):
    array, client = make({'keep_alive': False})
    answer = client.ask('v2', 'listPools')
    assert answer.headers['Connection'] == 'close'
    client.v2('listPools')
    assert array.connections == 2


def test_client_can_end_the_connection(array, client):
    answer = client.raw('GET', '/zebi/api/v2/listPools',
                        headers={'Connection': 'close'})
    assert answer.headers['Connection'] == 'close'
    client.v2('listPools')
    assert array.connections == 2


def test_content_type_is_not_needed(client):
    assert client.raw('POST', '/zebi/api/v2/listPools', b'[]').status == 200
    assert client.raw('POST', '/zebi/api/v2/listPools', b'[]', {
        'Content-Type': 'application/json'}).status == 200


@pytest.mark.parametrize('method,body', [
    ('GET', None), ('GET', b'[]'), ('POST', b'[]'), ('POST', b'')])
def test_calls_without_arguments(client, method, body):
    answer = client.raw(method, '/zebi/api/v2/listPools', body)
    assert [pool['name'] for pool in answer.value] == ['pool-a']


def test_chunked_request(client):
    answer = client.raw('POST', '/zebi/api/v2/listShares',
                        iter([b'["pool-a",', b'"openstack",true]']))
    assert answer.value == []


def test_request_object_of_generated_clients(array, client):
    array.add_share('pool-a', 'openstack', 's1')
    answer = client.raw('POST', '/zebi/api/v2/listShares', json.dumps({
        'arg1_ProjectName': 'openstack', 'arg0_PoolName': 'pool-a',
        'arg2_Local': True}))
    assert len(answer.value) == 1


@pytest.mark.parametrize('body', [b'{', b'"x"', b'{"a":1}', b'[' * 100000])
def test_bad_bodies(client, body):
    answer = client.raw('POST', '/zebi/api/v2/listShares', body)
    assert answer.error == (400, 'EZEBI_INVALID_ARGUMENT')


def test_strings_stand_for_booleans_and_numbers(array, client):
    client.create()
    assert client.v2('listShares', 'pool-a', 'openstack', 'true')
    assert client.v2('modifyShareProperties', S1,
                     {'quotaInByte': str(GiB)}) == 0
    assert array.share(S1).quota == GiB


@pytest.mark.parametrize('target,status', [
    ('/', 404), ('/zebi/api/v2', 404), ('/zebi/api/v1/listPools', 404),
    ('/zebi/api/v2/listPools?x=1', 200), ('/zebi/api/v2/listPools/', 200)])
def test_paths(client, target, status):
    assert client.raw('POST', target, b'[]').status == status


def test_other_http_methods(client):
    assert client.raw('PUT', '/zebi/api/v2/listPools', b'[]').status == 405


@pytest.mark.parametrize('status', ['401', '403', '200'])
@pytest.mark.parametrize('login,password', [
    ('admin', 'wrong'), ('wrong', 'secret'), ('admin', '')])
def test_wrong_password(make, status, login, password):
    array, _ = make({'wrong_password': status})
    client = Client(array, login, password)
    answer = client.ask('openstack', 'createShare', 'pool-a', 'openstack',
                        's1', 'NFS')
    client.close()
    assert answer.status == int(status)
    assert b'Access Denied' in answer.body
    assert answer.headers['Content-Type'].startswith('text/html')
    assert ('WWW-Authenticate' in answer.headers) == (status == '401')
    assert not array.shares
    assert [each.authorized for each in array.journal] == [False]


@pytest.mark.parametrize('value', [None, 'Basic', 'Basic !', 'Bearer x'])
def test_no_or_bad_authorization(array, client, value):
    client.headers = {'Authorization': value} if value else {}
    assert client.get('v2', 'listPools').status == 401
    assert not array.journal[0].authorized


def test_journal(array, client):
    client.create()
    client.create()
    client.get('openstack', 'getArrayStats')
    assert array.journal.methods() == ['createShare', 'createShare',
                                       'getArrayStats']
    first, second = array.calls('createShare')
    assert (first.service, first.http, first.status) == (
        'openstack', 'POST', 200)
    assert first.params == ['pool-a', 'openstack', 's1', 'NFS']
    assert first.reply == '198.51.100.20 /export/openstack/s1'
    assert first.authorized and first.error is None
    assert first.started <= first.finished <= second.started
    assert (second.status, second.error) == (400, 'EZEBI_GENERAL')
    assert 'authorization' not in first.headers
    assert 'secret' not in str(vars(first))
    assert array.journal.wait('createShare', 2, finished=True, timeout=0)
    assert not array.journal.wait('createShare', 3, timeout=0)
    array.journal.clear()
    assert len(array.journal) == 0


# TLS

def verify_code(array):
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        Client(array).v2('listPools')
    return caught.value.verify_code


@pytest.mark.parametrize('kind,code', [
    ('self-signed', 18), ('expired', 10), ('not-yet-valid', 9),
    ('wrong-name', 64), ('other-ca', 20)])
def test_bad_certificates(make, kind, code):
    array, _ = make(certificate=kind)
    assert verify_code(array) == code
    assert array.connections == 1 and not array.journal


def test_self_signed_certificate_can_be_trusted(make):
    array, client = make(certificate='self-signed')
    client.http = http.client.HTTPSConnection(
        array.host, array.port,
        context=ssl.create_default_context(cafile=array.certificate_file))
    assert client.v2('listPools')


def test_certificate_changes(array, client):
    client.v2('listPools')
    array.change_certificate('expired')
    with pytest.raises(OSError):
        client.v2('listPools')
    client.close()
    assert verify_code(array) == 10
    array.change_certificate('valid')
    assert client.v2('listPools')


def test_old_tls_is_refused(array):
    context = ssl._create_unverified_context()
    context.set_ciphers('ALL:@SECLEVEL=0')
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((array.host, array.port)) as sock:
        with pytest.raises(OSError):
            context.wrap_socket(sock)


# Life

def test_nothing_remains():
    before = threading.enumerate()
    with Array() as array:
        directory = os.path.dirname(array.ca_file)
        assert array.host == '127.0.0.1'
        client = Client(array)
        client.v2('listPools')
    assert not os.path.exists(directory)
    with pytest.raises(OSError):
        client.v2('listPools')
    client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((array.host, array.port))
    assert set(threading.enumerate()) <= set(before)


def test_restart(array, client):
    client.create()
    array.restart()
    with pytest.raises(OSError):
        client.create()
    client.close()
    assert client.listed()
    assert array.connections == 2


def test_many_arrays():
    arrays = [Array() for _ in range(5)]
    assert len({array.port for array in arrays}) == 5
    for array in arrays:
        array.close()


def test_many_shares(array, client):
    for number in range(10000):
        array.add_share('pool-a', 'openstack', f's{number}', quota=GiB)
    assert len(client.v2('listShares', 'pool-a', 'openstack', True)) == 10000


def test_parallel_requests(array):
    def work(number):
        client = Client(array)
        for round in range(20):
            client.create(f's-{number}-{round}')
        client.close()

    threads = [threading.Thread(target=work, args=(number,))
               for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(array.shares) == 160
    assert array.connections == 8


# Firmware

# method, arguments, first firmware that has it, last one that has not
LEVELS = [
    ('listPools', [], '3.5.0', None),
    ('listSystemProperties', [['ZEBI_API_VERSION']], '3.5.0', None),
    ('deleteShare', [S1, True, False], '3.5.1', None),
    ('rollBackToShareSnapshot', [SNAP, False], '3.5.0.1', '3.5.0'),
    ('deleteShare', [S1, True, False, True], '3.7.0', '3.6.9'),
    ('getShare', [S1], '3.7.0', '3.5.1'),
    ('getShareProperty', [S1, 'guid'], '3.7.0', '3.5.1'),
    ('modifyShareProperties', [S1, {}], '3.7.0', '3.5.1'),
    ('getDatasetSpaceInfo', [S1], '3.7.0', '3.5.1'),
    ('getPoolSpaceInfo', ['pool-a'], '3.7.0', '3.5.1'),
    ('setNFSSharingOnShare', [S1, True], '3.7.0', '3.5.1'),
    ('getNFSNetworkACLsOnShare', [S1], '3.7.0', '3.5.1'),
    ('setNFSNetworkACLsOnShare', [S1, []], '3.7.0', '3.5.1'),
    ('createProject', [{'projectName': 'p', 'poolName': 'pool-a'}],
     '3.7.0', '3.5.1'),
    ('listSharesByMountPoints', [['*']], '3.7.0', '3.5.1'),
    ('listDependenciesAndSnapshotCountOnDelete', [S1], '3.7.0', '3.5.1'),
    ('getFloatingIPList', ['pool-a'], '3.7.1', '3.7.0'),
    ('getSMBConfig', [], '3.7.1', '3.7.0')]


@pytest.mark.parametrize('method,params,first,before', LEVELS)
def test_level_of_a_method(make, method, params, first, before):
    array, client = make(firmware=first)
    client.create()
    client.snapshot()
    assert client.ask('v2', method, *params).status == 200
    if before is not None:
        array.set_firmware(before)
        answer = client.ask('v2', method, *params)
        assert answer.error == (400, 'EZEBI_GENERAL')
        text = 'Please check if method name and arguments are correct.'
        assert answer.value['message'] == (
            f'No such method found in v2. {text}')
        assert answer.value['extendedData'] == {
            'EX_CAUSE_MESSAGE': f'No such method found in v2.  {text}'}


@pytest.mark.parametrize('service', ['v2', 'openstack'])
@pytest.mark.parametrize('method,params', [
    ('noSuchMethod', []), ('createShare', ['pool-a']),
    ('deleteShare', [[S1], True, False]), ('createShare', [1, 2, 3, {}]),
    ('deleteShare', [S1, 'maybe', False])])
def test_no_such_method(client, service, method, params):
    answer = client.ask(service, method, *params)
    assert answer.error == (400, 'EZEBI_GENERAL')
    assert f'No such method found in {service}.' in answer.value['message']


@pytest.mark.parametrize('firmware,version', [
    ('3.5.0', '2.0'), ('3.5.4.1', '2.0'), ('3.7.0', '2.1'),
    ('3.7.1.0-170912', '2.2'), ('3.9', '2.3'), ('3.10.0.0', '2.4'),
    ('3.11.6.6', '2.4')])
def test_versions(make, firmware, version):
    array, client = make(firmware=firmware)
    assert client.v2('listSystemProperties', [
        'ZEBI_GUI_VERSION', 'ZEBI_API_VERSION', 'ZEBI_API_MINOR_VERSION',
        'INTELLIFLASH_ARRAY_GUID']) == [firmware, version, 'A1',
                                        array.state.guid]


def test_unknown_system_property(client):
    answer = client.ask('v2', 'listSystemProperties', ['X'])
    assert answer.status == 200
    assert answer.value == ['EZEBI_RESOURCE_NOT_FOUND']


def test_before_v2(make):
    _, client = make(firmware='3.4.9')
    assert client.get('v2', 'listPools').status == 404
    assert client.create() == '198.51.100.20 /export/openstack/s1'


# Pools, projects and statistics

def test_pools(make):
    array, client = make(pools={'a': 10 * TiB, 'b': GiB}, projects=('p',))
    array.add_share('a', 'p', 's').write(3 * GiB)
    assert client.v2('listPools') == [
        {'name': 'a', 'availableSize': 10 * TiB - 3 * GiB,
         'totalSize': 10 * TiB},
        {'name': 'b', 'availableSize': GiB, 'totalSize': GiB}]
    space = client.v2('getPoolSpaceInfo', 'a')
    assert space['available'] == 10 * TiB - 3 * GiB
    assert space['usedByAll'] == space['usedByData'] == 3 * GiB
    assert client.v2('getPoolSpaceInfo', 'x') == (
        404, 'EZEBI_RESOURCE_NOT_FOUND')


@pytest.mark.parametrize('strings', [True, False])
def test_array_stats(make, strings):
    array, client = make({'string_stats': strings},
                         pools={'a': 10 * GiB, 'b': 5 * GiB})
    array.add_share('a', 'openstack', 's').write(GiB // 2)

    def number(value):
        return str(value) if strings else value

    stats = client.get('openstack', 'getArrayStats').value
    assert stats == {
        'total_capacity_gb': number(15.0), 'free_capacity_gb': number(14.5),
        'pools': [
            {'pool_name': 'a', 'total_capacity_gb': number(10.0),
             'free_capacity_gb': number(9.5), 'QoS_support': False,
             'reserved_percentage': number(0)},
            {'pool_name': 'b', 'total_capacity_gb': number(5.0),
             'free_capacity_gb': number(5.0), 'QoS_support': False,
             'reserved_percentage': number(0)}]}


def test_sizes_as_strings(make):
    _, client = make({'string_numbers': True})
    client.create()
    assert client.listed()['totalSize'] == str(10 * TiB)
    assert client.v2('listPools')[0]['availableSize'] == str(10 * TiB)
    assert client.v2('getShare', S1)['quotaInByte'] == '0'


def test_floating_ips(make):
    _, client = make(pools={'a': TiB, 'b': TiB}, floating_ips={
        'a': ('198.51.100.1', '198.51.100.2'), 'b': ('198.51.100.3',)})

    def addresses(pool):
        return [each['ipAddress']
                for each in client.v2('getFloatingIPList', pool)]

    assert addresses('a') == ['198.51.100.1', '198.51.100.2']
    assert addresses('') == ['198.51.100.1', '198.51.100.2', '198.51.100.3']
    assert client.v2('getFloatingIPList', 'b') == [
        {'resourceGroupName': 'defaultResourceGroup1', 'poolName': 'b',
         'failoverMode': 'Immediately', 'ipAddress': '198.51.100.3',
         'netmask': '255.255.255.0'}]


def test_projects(array, client):
    assert client.v2('listProjects', 'pool-a', True) == [
        {'poolName': 'pool-a', 'name': 'openstack', 'local': True}]
    assert client.v2('listProjects', 'pool-a', False) == []
    assert client.v2('listProjects', 'x', True) == (
        500, 'EZEBI_RESOURCE_NOT_FOUND')
    assert client.v2('createProject', {
        'projectName': 'p', 'poolName': 'pool-a', 'quotaInByte': GiB,
        'intendedProtocolList': ['NFS']}) == 0
    project = client.v2('getProject', 'pool-a', 'p', True)
    assert (project['quotaInByte'], project['intendedProtocolList']) == (
        GiB, ['NFS'])
    assert client.v2('createProject', {
        'projectName': 'p', 'poolName': 'pool-a'}) == (400, 'EZEBI_GENERAL')
    assert client.v2('modifyProjectProperties', 'pool-a/Local/p',
                     {'quotaInByte': 2 * GiB}) == 0
    assert array.projects['pool-a/Local/p'].quota == 2 * GiB
    assert client.v2('deleteProject', 'pool-a/Local/p') == 0
    assert client.v2('getProject', 'pool-a', 'p', True)[0] == 500
    assert client.v2('deleteProject', 'pool-a/Local/p') == (
        404, 'EZEBI_RESOURCE_NOT_FOUND')


def test_deleted_project_is_seen_for_a_while(make):
    _, client = make({'project_deletion_polls': 2})
    assert client.v2('deleteProject', PROJECT) == 0
    assert client.v2('getProject', 'pool-a', 'openstack', True)['poolName']
    assert client.v2('getProject', 'pool-a', 'openstack', True)['poolName']
    assert client.v2('getProject', 'pool-a', 'openstack', True)[0] == 500


def test_project_quota(array, client):
    array.add_project('pool-a', 'p', quota=GiB)
    share = array.add_share('pool-a', 'p', 's')
    share.write(GiB // 4)
    assert client.v2('listShares', 'pool-a', 'p', True)[0][
        'availableSize'] == 3 * GiB // 4
    with pytest.raises(QuotaExceeded):
        share.write(GiB)


# Shares of the openstack service

def test_create_and_find_share(array, client):
    assert client.create() == '198.51.100.20 /export/openstack/s1'
    assert client.os('getShareIPAndMountPoint', S1) == (
        '198.51.100.20 /export/openstack/s1')
    share = array.share(S1)
    assert (share.protocol, share.quota, share.used) == ('NFS', 0, 0)
    assert (share.sharenfs, share.sharesmb) == ('on', 'off')
    assert share.origin is None and not share.nfs_acls and not share.users
    assert client.listed() == {
        'poolName': 'pool-a', 'projectName': 'openstack', 'name': 's1',
        'availableSize': 10 * TiB, 'totalSize': 10 * TiB,
        'datasetPath': S1, 'mountpoint': '/export/openstack/s1',
        'local': True}


def test_cifs_share_is_called_by_its_display_name(array, client):
    assert client.create(protocol='CIFS') == '198.51.100.20 openstack_s1'
    assert array.share('s1').sharesmb == 'on'


@pytest.mark.parametrize('assume,protocol,location', [
    ({'floating_ip': 'last'}, 'NFS', '198.51.100.21 /export/openstack/s1'),
    ({'nfs_name': 'share'}, 'NFS', '198.51.100.20 s1'),
    ({'cifs_name': 'share'}, 'CIFS', '198.51.100.20 s1'),
    ({'display_name': 'project-share'}, 'CIFS',
     '198.51.100.20 openstack-s1'),
    ({'display_name': 'share'}, 'CIFS', '198.51.100.20 s1')])
def test_other_locations(make, assume, protocol, location):
    _, client = make(assume)
    assert client.create(protocol=protocol) == location


def test_locations_take_turns(make):
    _, client = make({'floating_ip': 'rotate'})
    client.create()
    assert {client.os('getShareIPAndMountPoint', S1).split()[0]
            for _ in range(2)} == {'198.51.100.20', '198.51.100.21'}


def test_create_share_failures(array, client):
    client.create()
    answer = client.ask('openstack', 'createShare', 'pool-a', 'openstack',
                        's1', 'NFS')
    assert answer.error == (400, 'EZEBI_GENERAL')
    assert answer.value['message'] == ('A volume/share with the same name '
                                       f'{S1} already exists.')
    for pool, project in ('x', 'openstack'), ('pool-a', 'x'):
        answer = client.ask('openstack', 'createShare', pool, project, 's',
                            'NFS')
        assert answer.error == (400, 'EZEBI_GENERAL')
        assert 'dataset does not exist' in answer.value['message']
    assert client.create('s', 'FTP') == (400, 'EZEBI_INVALID_ARGUMENT')
    assert list(array.shares) == [S1]


def test_missing_project_can_be_made(make):
    array, client = make({'create_project': True}, projects=())
    assert client.create()
    assert PROJECT in array.projects


@pytest.mark.parametrize('name', [
    *(f'a{c}b' for c in ',/\\!?@<>#$\'%^*()~+=}|:{[];"& '), '', 'null'])
def test_forbidden_names(client, name):
    assert client.create(name) == (400, 'EZEBI_INVALID_ARGUMENT')
    client.create()
    assert client.snapshot(name) == (400, 'EZEBI_INVALID_ARGUMENT')
    client.snapshot()
    assert client.clone(name) == (400, 'EZEBI_INVALID_ARGUMENT')
    assert client.v2('createProject', {
        'projectName': name, 'poolName': 'pool-a'}) == (
            400, 'EZEBI_INVALID_ARGUMENT')


def test_manila_names_are_fine(client):
    name = 'share-7b4f3c1e-0c9f-4e2a-9f7d-2a0d5c1b6e3f'
    assert client.create(name).endswith(name)


def test_resize(array, client):
    client.create()
    assert client.os('resizeShare', S1, '12', 'GB') is None
    assert array.share(S1).quota == 12 * GiB
    share = client.listed()
    assert share['totalSize'] == share['availableSize'] == 12 * GiB
    assert client.os('resizeShare', PROJECT + '/x', '1', 'GB') == (
        500, 'EZEBI_RESOURCE_NOT_FOUND')
    for amount, unit in ('0', 'GB'), ('x', 'GB'), ('1', 'PB'), ('-1', 'GB'):
        assert client.os('resizeShare', S1, amount, unit) == (
            400, 'EZEBI_INVALID_ARGUMENT')


@pytest.mark.parametrize('accepted', [False, True])
def test_resize_below_used(make, accepted):
    array, client = make(
        {'resize_below_used': 'accept' if accepted else 'refuse'})
    client.create()
    share = array.share(S1)
    share.write(2 * GiB)
    answer = client.os('resizeShare', S1, '1', 'GB')
    if accepted:
        assert answer is None
        assert (share.quota, client.listed()['availableSize']) == (GiB, 0)
        assert client.listed()['totalSize'] == 2 * GiB
    else:
        assert answer == (400, 'EZEBI_GENERAL')
        assert share.quota == 0


@pytest.mark.parametrize('void,body', [('empty', b''), ('zero', b'0'),
                                       ('null', b'null')])
def test_replies_of_calls_without_a_result(make, void, body):
    _, client = make({'openstack_void': void})
    client.create()
    assert client.ask('openstack', 'resizeShare', S1, '1',
                      'GB').body == body


def test_plain_text_errors(make):
    _, client = make({'openstack_errors': 'text'})
    client.create()
    answer = client.ask('openstack', 'createShare', 'pool-a', 'openstack',
                        's1', 'NFS')
    assert answer.status == 500
    assert answer.headers['Content-Type'].startswith('text/plain')
    assert b'already exists' in answer.body
    assert client.v2('getShare', 'pool-a/Local/openstack/x') == (
        500, 'EZEBI_RESOURCE_NOT_FOUND')


def test_error_body(client):
    answer = client.ask('v2', 'listShares', 'pool11', 'x', True)
    text = 'Unable to open pool11/Local : dataset does not exist'
    assert answer.value == {
        'code': 'EZEBI_RESOURCE_NOT_FOUND', 'message': text, 'details': text,
        'extendedData': {'EX_CAUSE_CODE_NAME': 'EZFS_NOENT',
                         'EX_CAUSE_MESSAGE': text,
                         'EX_CAUSE_CODE_NUMBER': '2009'}}


@pytest.mark.parametrize('assume,check', [
    ({}, lambda body: body['extendedData'] == {}),
    ({'extended_data': 'array'}, lambda body: body['extendedData'] == []),
    ({'extended_data': 'missing'}, lambda body: 'extendedData' not in body),
    ({'message_key': 'messages'}, lambda body: 'message' not in body
     and 'exists' in body['messages'])])
def test_other_error_bodies(make, assume, check):
    _, client = make(assume)
    client.create()
    assert check(client.ask('openstack', 'createShare', 'pool-a',
                            'openstack', 's1', 'NFS').value)


# Access rules of the openstack service

def test_nfs_rules(array, client):
    client.create()
    assert array.may(S1, '10.0.0.1') is None
    assert client.allow('10.0.0.1') is None
    client.allow('10.1.0.0/16', 'ro')
    client.allow('10.1.2.0/24', 'rw')
    assert array.share(S1).nfs_acls == [
        ('10.0.0.1', 'rw', True), ('10.1.0.0/16', 'ro', True),
        ('10.1.2.0/24', 'rw', True)]
    assert [array.may(S1, host) for host in (
        '10.0.0.1', '10.0.0.2', '10.1.1.1', '10.1.2.3')] == [
            'rw', None, 'ro', 'rw']
    client.deny('10.0.0.1')
    assert array.may(S1, '10.0.0.1') is None
    client.allow('alice', kind='user')
    assert array.may(S1, 'alice') == 'rw'
    client.os('clearAccessRules', S1, 'NFS')
    assert not array.share(S1).nfs_acls and not array.share(S1).users


def test_cifs_rules(array, client):
    client.create(protocol='CIFS')
    client.allow('alice', kind='user', protocol='CIFS')
    client.allow('bob', 'ro', kind='user', protocol='CIFS')
    assert array.share(S1).users == {'alice': 'rw', 'bob': 'ro'}
    assert [array.may(S1, user) for user in ('alice', 'bob', 'eve')] == [
        'rw', 'ro', None]
    assert client.allow('10.0.0.1', protocol='CIFS') == (
        400, 'EZEBI_INVALID_ARGUMENT')
    client.deny('alice', kind='user', protocol='CIFS')
    assert array.share(S1).users == {'bob': 'ro'}
    client.os('clearAccessRules', S1, 'CIFS')
    assert not array.share(S1).users


@pytest.mark.parametrize('host,level,kind,protocol', [
    ('10.0.0.1', 'rx', 'ip', 'NFS'), ('10.0.0.1', 'rw', 'cert', 'NFS'),
    ('10.0.0.1', 'rw', 'ip', 'FTP'), ('10.0.0', 'rw', 'ip', 'NFS'),
    ('2001:db8::1', 'rw', 'ip', 'NFS'), ('', 'rw', 'user', 'NFS')])
def test_bad_rules(client, host, level, kind, protocol):
    client.create()
    assert client.allow(host, level, kind, protocol) == (
        400, 'EZEBI_INVALID_ARGUMENT')


def test_rules_for_a_missing_share(client):
    for answer in (client.allow('10.0.0.1'), client.deny('10.0.0.1'),
                   client.os('clearAccessRules', S1, 'NFS'),
                   client.os('getShareIPAndMountPoint', S1)):
        assert answer == (500, 'EZEBI_RESOURCE_NOT_FOUND')


def test_address_forms(make):
    array, client = make({'cidr': False, 'ipv6': True})
    client.create()
    answer = client.ask('openstack', 'shareAllowAccess', S1, 'NFS', 'ip',
                        '10.0.0.0/24', 'rw')
    assert answer.value['message'].startswith(WRONG_ADDRESS)
    assert client.allow('2001:db8::1') is None
    assert array.may(S1, '2001:db8::1') == 'rw'


def test_known_users(make):
    _, client = make({'known_users': ('alice',)})
    client.create(protocol='CIFS')
    assert client.allow('alice', kind='user', protocol='CIFS') is None
    assert client.allow('bob', kind='user', protocol='CIFS') == (
        400, 'EZEBI_INVALID_ARGUMENT')


@pytest.mark.parametrize('kind,whom', [('ip', '10.0.0.1'), ('user', 'eve')])
def test_existing_and_absent_rules(make, kind, whom):
    array, client = make()
    client.create()
    for _ in range(2):
        assert client.allow(whom, kind=kind) is None
    assert len(array.share(S1).nfs_acls) + len(array.share(S1).users) == 1
    for _ in range(2):
        assert client.deny(whom, kind=kind) is None
    array.assume(allow_existing='error', deny_absent='error')
    assert client.deny(whom, kind=kind) == (404, 'EZEBI_RESOURCE_NOT_FOUND')
    assert client.allow(whom, kind=kind) is None
    assert client.allow(whom, kind=kind) == (400, 'EZEBI_RESOURCE_EXIST')
    array.assume(allow_existing_error=(500, 'EZEBI_GENERAL'))
    assert client.allow(whom, kind=kind) == (500, 'EZEBI_GENERAL')
    assert array.may(S1, whom) == 'rw'


@pytest.mark.parametrize('change,acls,level', [
    ('replace', ['ro'], 'ro'), ('duplicate', ['rw', 'ro'], 'rw'),
    ('refuse', ['rw'], 'rw')])
def test_level_change(make, change, acls, level):
    array, client = make({'level_change': change})
    client.create()
    client.allow('10.0.0.1', 'rw')
    answer = client.allow('10.0.0.1', 'ro')
    assert answer == ((400, 'EZEBI_RESOURCE_EXIST') if change == 'refuse'
                      else None)
    assert [acl.mode for acl in array.share(S1).nfs_acls] == acls
    assert array.may(S1, '10.0.0.1') == level


@pytest.mark.parametrize('matters', [True, False])
def test_level_of_a_denial(make, matters):
    array, client = make({'deny_level': matters})
    client.create()
    client.allow('10.0.0.1', 'rw')
    client.deny('10.0.0.1', 'ro')
    assert array.may(S1, '10.0.0.1') == ('rw' if matters else None)


def test_rules_without_root(make):
    array, client = make({'nfs_root': False})
    client.create()
    client.allow('10.0.0.1')
    assert array.share(S1).nfs_acls == [('10.0.0.1', 'rw', False)]


@pytest.mark.parametrize('shares', [True, False])
def test_access_to_a_share_that_is_not_shared(make, shares):
    array, client = make({'access_shares': shares})
    client.v2('createShare', 'pool-a', 'openstack', 's1', [])
    client.allow('10.0.0.1')
    assert array.may(S1, '10.0.0.1', 'NFS') == ('rw' if shares else None)


def test_watch(array, client):
    client.create()
    client.allow('10.0.0.1')
    watched = array.watch(S1, '10.0.0.1')
    client.allow('10.0.0.2')
    assert not watched.changes and watched.levels == ['rw']
    client.os('clearAccessRules', S1, 'NFS')
    client.allow('10.0.0.1', 'ro')
    array.share(S1).access.nfs = []
    client.get('v2', 'listPools')
    assert [(each.before, each.after, each.request and each.request.method)
            for each in watched.changes] == [
                ('rw', None, 'clearAccessRules'),
                (None, 'ro', 'shareAllowAccess'), ('ro', None, None)]
    assert watched.levels == ['rw', None, 'ro', None]
    assert watched.lost


def test_watch_of_a_resync_without_a_gap(array, client):
    client.create()
    client.allow('10.0.0.1')
    watched = array.watch(S1, '10.0.0.1')
    client.v2('setNFSNetworkACLsOnShare', S1, [
        {'hostType': 'IP', 'host': host, 'accessMode': 'rw',
         'rootAccessForNFS': True} for host in ('10.0.0.1', '10.0.0.2')])
    assert array.may(S1, '10.0.0.2') == 'rw'
    assert not watched.changes and not watched.lost


# Shares of the documented service

def test_v2_create_share(array, client):
    assert client.v2('createShare', 'pool-a', 'openstack', 's1', []) == 0
    share = array.share(S1)
    assert (share.sharenfs, share.sharesmb, share.quota) == (
        'off', 'off', 0)
    assert client.v2('createShare', 'pool-a', 'openstack', 's2', {
        'blockSize': '64KB', 'quota': GiB, 'reservation': -1,
        'mountPoint': '/export/there'}, [
            {'sharePermissionEnum': 1, 'sharePermissionMode': 0,
             'userList': [{'userName': 'eve', 'userId': 104}]}]) == 0
    share = array.share('s2')
    assert (share.quota, share.mount_point) == (GiB, '/export/there')
    assert share.users == {'eve': 'rw'}
    assert client.v2('getShare', share.path)['recordSize'] == '64KB'


@pytest.mark.parametrize('options', [
    {'quota': 1}, {'quota': -2}, {'blockSize': '3KB'}, {'quota': []},
    {'reservation': 1}])
def test_v2_create_share_with_bad_options(client, options):
    assert client.v2('createShare', 'pool-a', 'openstack', 's1', options,
                     []) == (400, 'EZEBI_INVALID_ARGUMENT')


def test_v2_create_share_in_missing_project(client):
    answer = client.ask('v2', 'createShare', 'pool-a', 'x', 's1', [])
    assert answer.error == (400, 'EZEBI_GENERAL')
    assert 'dataset does not exist' in answer.value['message']


def test_smb3_mode(make):
    array, client = make(smb_mode='SMB3')
    assert client.get('v2', 'getSMBConfig').value['smbProtocolMode'] == (
        'SMB3')
    array.add_project('pool-a', 'mixed', nfs=True, smb=True)
    assert client.v2('createShare', 'pool-a', 'mixed', 's', [])[0] == 400
    client.create()
    assert client.v2('setSMBSharingOnShare', S1, True, '', False)[0] == 400
    assert client.v2('setNFSSharingOnShare', S1, False) == 0
    assert client.v2('setSMBSharingOnShare', S1, True, '', False) == 0
    assert client.v2('setNFSSharingOnShare', S1, True)[0] == 400


def test_replica_paths_are_refused(client):
    answer = client.ask('v2', 'deleteShare', 'pool-a/Replica/p/s', True,
                        False)
    assert answer.error == (400, 'EZEBI_INVALID_ARGUMENT')
    assert 'Local dataset path expected.' in answer.value['message']


@pytest.mark.parametrize('path', ['', 'x', 'pool-a', 'pool-a/Local/p/s/t',
                                  'pool-a/x/p/s', 'pool-a/Local//s'])
def test_malformed_paths(client, path):
    assert client.v2('getShare', path) == (400, 'EZEBI_INVALID_ARGUMENT')


MISSING = PROJECT + '/x'
NOT_FOUND = 'EZEBI_RESOURCE_NOT_FOUND'
OBJECT = {'poolName': 'pool-a', 'projectName': 'openstack', 'name': 'x',
          'local': True}


@pytest.mark.parametrize('method,params,error', [
    ('listProjects', ['x', True], (500, NOT_FOUND)),
    ('listShares', ['pool-a', 'x', True], (500, NOT_FOUND)),
    ('listSnapshots', [MISSING, ''], (500, NOT_FOUND)),
    ('deleteShare', [MISSING, True, True], (500, NOT_FOUND)),
    ('deleteShare', [MISSING, True, True, True], (404, NOT_FOUND)),
    ('getShare', [MISSING], (500, NOT_FOUND)),
    ('modifyShareProperties', [MISSING, {}], (500, NOT_FOUND)),
    ('setNFSSharingOnShare', [MISSING, True], (500, NOT_FOUND)),
    ('setSMBSharingOnShare', [MISSING, True, '', False], (500, NOT_FOUND)),
    ('getNFSNetworkACLsOnShare', [MISSING], (500, NOT_FOUND)),
    ('setSMBNetworkACLsOnShare', [MISSING, []], (500, NOT_FOUND)),
    ('getNFSNetworkACLsOnProject', ['pool-a/Local/x'], (404, NOT_FOUND)),
    ('deleteProject', ['pool-a/Local/x'], (404, NOT_FOUND)),
    ('getDatasetSpaceInfo', [MISSING], (404, NOT_FOUND)),
    ('getPoolSpaceInfo', ['x'], (404, NOT_FOUND)),
    ('listDependenciesAndSnapshotCountOnDelete', [MISSING],
     (404, NOT_FOUND)),
    ('listDependenciesAndSnapshotCountOnRollback', [MISSING + '@x'],
     (404, NOT_FOUND)),
    ('createShareSnapshot', [OBJECT, 'x', False], (400, 'EZEBI_GENERAL')),
    ('cloneShareSnapshot', [MISSING + '@x', 'y', True],
     (400, 'EZEBI_GENERAL')),
    ('getShareSnapshotCreationStatus', [MISSING, 'x'],
     (400, 'EZEBI_GENERAL')),
    ('rollBackToShareSnapshot', [MISSING + '@x', False],
     (400, 'EZEBI_GENERAL'))])
def test_missing_things(client, method, params, error):
    answer = client.ask('v2', method, *params)
    assert answer.error == error
    assert 'not exist' in answer.value['message']


def test_get_share(make):
    array, client = make(firmware='3.10')
    client.create()
    client.os('resizeShare', S1, '3', 'GB')
    client.allow('eve', 'rw', 'user')
    array.share(S1).write(GiB)
    share = client.v2('getShare', S1)
    expected = {
        'name': 's1', 'poolName': 'pool-a', 'projectName': 'openstack',
        'guid': array.share(S1).guid, 'localDataset': True,
        'zfsDataSetName': S1, 'quotaInByte': 3 * GiB, 'quota': 3.0,
        'quotaMetric': 'GB', 'quotaEnabled': True, 'reservationInByte': 0,
        'mountPoint': '/export/openstack/s1', 'availableSize': 2 * GiB,
        'totalSize': 3 * GiB, 'overrideSharenfs': True,
        'cifsDisplayName': 'openstack_s1', 'containerName': 'Local',
        'sharenfs': 'on', 'sharesmb': 'off'}
    assert {name: share[name] for name in expected} == expected
    assert [(acl['aclUser'], acl['aclType'], acl['aclMode'])
            for acl in share['aclList']] == [('eve', 'User', 'Allow')]
    assert client.v2('getShareProperty', S1, 'quotaInByte') == {
        'propertyKey': 'quotaInByte', 'propertyValue': 3 * GiB}
    assert client.v2('getShareProperty', S1, 'x') == (
        400, 'EZEBI_INVALID_ARGUMENT')
    array.assume(user_rules_listed=False)
    assert client.v2('getShare', S1)['aclList'] == []
    array.set_firmware('3.9')
    assert 'sharenfs' not in client.v2('getShare', S1)


def test_modify_share(make):
    array, client = make()
    client.create()
    share = array.share(S1)
    assert client.v2('modifyShareProperties', S1,
                     {'quotaInByte': MiB, 'readonly': 'on'}) == 0
    assert share.quota == MiB
    assert client.v2('getShare', S1)['readonly'] == 'on'
    client.allow('10.0.0.1')
    assert array.may(S1, '10.0.0.1') == 'ro'
    assert client.v2('modifyShareProperties', S1, {'quotaInByte': 0}) == 0
    assert share.quota == 0
    for values in ({'quotaInByte': MiB - 1}, {'quotaInByte': -1},
                   {'name': 'x'}, {'quota': GiB}, {'quotaInByte': 'x'}):
        assert client.v2('modifyShareProperties', S1, values) == (
            400, 'EZEBI_INVALID_ARGUMENT')
    share.write(GiB)
    assert client.v2('modifyShareProperties', S1, {'quotaInByte': MiB}) == (
        400, 'EZEBI_GENERAL')
    assert client.v2('modifyShareProperties', S1, {'mountPoint': '/x'}) == (
        400, 'EZEBI_INVALID_MOUNT_POINT')
    client.v2('setNFSSharingOnShare', S1, False)
    assert client.v2('modifyShareProperties', S1, {'mountPoint': '/x'}) == 0
    assert client.os('getShareIPAndMountPoint', S1).endswith(' /x')
    array.assume(quota_writable=True)
    assert client.v2('modifyShareProperties', S1, {'quota': 3 * GiB}) == 0
    assert share.quota == 3 * GiB
    assert client.v2('modifyShareProperties', S1, {'quota': -1}) == 0
    assert share.quota == 0


def test_list_shares_by_mount_points(array, client):
    array.add_share('pool-a', 'openstack', 's1')
    array.add_share('pool-a', 'openstack', 's2', mount_point='/other/s2')
    found = client.v2('listSharesByMountPoints', ['/export/*', '/x'])
    assert [share['name'] for share in found['/export/*']] == ['s1']
    assert found['/x'] == []


# Space

def test_quota_counts_data_and_snapshots(array, client):
    share = array.add_share('pool-a', 'openstack', 's1', quota=10 * MiB)
    share.write(6 * MiB)
    client.snapshot()
    share.delete_data(2 * MiB)
    share.write(1 * MiB)
    info = client.v2('getDatasetSpaceInfo', S1)
    assert (info['usedByData'], info['usedBySnapshot'], info['available'],
            info['quota'], info['usedByDataAndSnapshot']) == (
                5 * MiB, 2 * MiB, 3 * MiB, 10 * MiB, 7 * MiB)
    listed = client.listed()
    assert listed['totalSize'] == 10 * MiB
    assert listed['totalSize'] - listed['availableSize'] == share.used
    with pytest.raises(QuotaExceeded):
        share.write(3 * MiB + 1)
    share.write(3 * MiB)
    client.v2('deleteShareSnapshot', SNAP, False)
    assert share.used == 8 * MiB
    assert client.v2('getPoolSpaceInfo', 'pool-a')['usedByAll'] == 8 * MiB


def test_full_pool(make):
    array, client = make(pools={'pool-a': GiB})
    share = array.add_share('pool-a', 'openstack', 's1', quota=TiB)
    share.write(GiB)
    with pytest.raises(NoSpace):
        share.write(1)
    assert client.listed()['availableSize'] == 0


def test_reservation(array, client):
    client.create()
    client.v2('modifyShareProperties', S1, {'reservationInByte': GiB})
    array.share(S1).write(MiB)
    assert client.v2('listPools')[0]['availableSize'] == 10 * TiB - GiB
    assert client.v2('getPoolSpaceInfo', 'pool-a')['usedByReservation'] == (
        GiB - MiB)
    assert client.listed()['availableSize'] == 10 * TiB - MiB


def test_clones_take_no_space_until_they_differ(array, client):
    client.create()
    array.share(S1).write(GiB)
    client.snapshot()
    client.clone()
    clone = array.share(CLONE)
    assert clone.used == 0 and clone.contents == {'data': GiB}
    clone.write(MiB)
    assert clone.used == MiB
    assert client.v2('listPools')[0]['availableSize'] == 10 * TiB - GiB - MiB


# Snapshots

def test_snapshots(array, client):
    client.create()
    assert client.snapshot() is None
    assert client.v2('getShareSnapshotCreationStatus', S1, 'snap') == {
        'snapshotProgressStatus': 0}
    assert client.v2('getShareSnapshotCreationStatus', S1, 'x') == {
        'snapshotProgressStatus': 2}
    assert client.v2('listSnapshots', S1, '') == ['Manual-S-snap']
    assert client.snapshot('b', service='openstack') is None
    assert client.v2('listSnapshots', S1, '.*') == ['Manual-S-snap',
                                                    'Manual-S-b']
    assert client.v2('listSnapshots', S1, 'Manual-S-b') == ['Manual-S-b']
    assert client.v2('listSnapshots', S1, 'Manual') == []
    array.assume(regex='part')
    assert len(client.v2('listSnapshots', S1, 'Manual')) == 2
    assert client.v2('listSnapshots', S1, '(') == (
        400, 'EZEBI_INVALID_ARGUMENT')
    assert client.snapshot() == (400, 'EZEBI_GENERAL')
    assert list(array.share(S1).snapshots) == ['Manual-S-snap', 'Manual-S-b']


@pytest.mark.parametrize('service', ['v2', 'openstack'])
def test_delete_snapshot(client, service):
    client.create()
    client.snapshot()
    answer = client.ask(service, 'deleteShareSnapshot', SNAP, False)
    assert (answer.status, answer.value) == (200, {
        'snapshotDeletionStatus': 0, 'deletedList': [SNAP],
        'failedToDeleteList': []})
    answer = client.ask(service, 'deleteShareSnapshot', SNAP, False)
    assert (answer.status, answer.value) == (400, {
        'snapshotDeletionStatus': 2, 'deletedList': [],
        'failedToDeleteList': [SNAP]})


@pytest.mark.parametrize('status', ['400', '200'])
def test_clones_keep_a_snapshot(make, status):
    array, client = make({'snapshot_refusal': status})
    client.create()
    client.snapshot()
    client.clone()
    answer = client.ask('v2', 'deleteShareSnapshot', SNAP, False)
    assert (answer.status, answer.value['snapshotDeletionStatus']) == (
        int(status), 2)
    assert array.share(S1).snapshots
    assert client.v2('deleteShareSnapshot', SNAP, True)[
        'snapshotDeletionStatus'] == 0
    assert list(array.shares) == [S1]


def test_snapshot_of_a_project_or_a_schedule(array, client):
    client.create()
    array.add_snapshot(S1, 'Manual-P-x')
    array.add_snapshot(S1, 'Auto-LF-Day-011714-21:15')
    assert client.v2('listSnapshots', S1, '') == [
        'Manual-P-x', 'Auto-LF-Day-011714-21:15']
    assert client.clone(of=S1 + '@Manual-P-x').endswith('/c1')


def test_snapshot_that_takes_time(make):
    array, client = make({'snapshot_polls': 2})
    client.create()
    client.snapshot()
    states = []
    for _ in range(3):
        assert client.v2('listSnapshots', S1, '') == (
            ['Manual-S-snap'] if len(states) == 2 else [])
        states.append(client.v2('getShareSnapshotCreationStatus', S1,
                                'snap')['snapshotProgressStatus'])
    assert states == [1, 1, 0]
    array.assume(snapshot_polls=None, wrapped_snapshot_status=True)
    client.snapshot('b')
    for _ in range(5):
        assert client.v2('getShareSnapshotCreationStatus', S1, 'b') == [
            {'snapshotProgressStatus': 1}]
    assert client.clone(of=S1 + '@Manual-S-b') == (400, 'EZEBI_GENERAL')
    array.finish_snapshots()
    assert client.v2('listSnapshots', S1, 'Manual-S-b') == ['Manual-S-b']


def test_clone(array, client):
    client.create()
    client.os('resizeShare', S1, '1', 'GB')
    client.allow('10.0.0.1')
    array.share(S1).put('file', b'old')
    client.snapshot()
    array.share(S1).put('file', b'new')
    assert client.clone() == '198.51.100.20 /export/openstack/c1'
    clone = array.share(CLONE)
    assert clone.contents == {'file': b'old'}
    assert (clone.origin, clone.quota, clone.protocol) == (SNAP, GiB, 'NFS')
    assert array.may(CLONE, '10.0.0.1') == 'rw'
    assert client.clone() == (400, 'EZEBI_GENERAL')
    client.v2('removeAllNFSNetworkACLsOnShare', CLONE)
    assert array.may(S1, '10.0.0.1') == 'rw'


def test_clone_without_settings(array, client):
    client.create()
    client.os('resizeShare', S1, '1', 'GB')
    client.allow('10.0.0.1')
    client.snapshot()
    assert client.v2('cloneShareSnapshot', SNAP, 'c1', False) is None
    clone = array.share(CLONE)
    assert (clone.quota, clone.sharenfs, clone.nfs_acls) == (0, 'off', [])


def test_other_clones(make):
    array, client = make({
        'clone_keeps_acls': False, 'clone_keeps_quota': False,
        'clone_name': 'project-new'})
    client.create()
    client.os('resizeShare', S1, '1', 'GB')
    client.allow('10.0.0.1')
    client.snapshot()
    assert client.clone() == '198.51.100.20 /export/openstack/openstack-c1'
    clone = array.share('openstack-c1')
    assert (clone.quota, clone.sharenfs, clone.nfs_acls) == (0, 'on', [])


def test_clone_that_takes_time(make):
    array, client = make({'clone_polls': 2})
    client.create()
    client.snapshot()
    client.clone()
    assert client.v2('getShare', CLONE)[0] == 500
    assert client.listed('c1') is None
    assert client.listed('c1')
    array.assume(clone_polls=None)
    client.clone('c2')
    for _ in range(5):
        assert client.listed('c2') is None
    array.finish_clones()
    assert client.listed('c2')


def test_roll_back(array, client):
    client.create()
    share = array.share(S1)
    share.put('file', b'old')
    client.snapshot()
    share.put('file', b'new')
    share.write(GiB)
    assert client.v2('rollBackToShareSnapshot', SNAP, False) == 0
    assert share.contents == {'file': b'old'}
    assert list(share.snapshots) == ['Manual-S-snap']
    assert share.used == 3


def test_roll_back_with_dependents(array, client):
    client.create()
    for name in ('snap', 'b', 'c'):
        client.snapshot(name)
    client.clone('c1')
    client.clone('c2', of=S1 + '@Manual-S-b')
    assert client.v2('listDependenciesAndSnapshotCountOnRollback', SNAP) == {
        'deleteableSnapCount': {S1: 2},
        'deleteableClonesWithSnapCount': {PROJECT + '/c2': 0}}
    assert client.v2('rollBackToShareSnapshot', SNAP, False) == (
        400, 'EZEBI_GENERAL')
    assert len(array.share(S1).snapshots) == 3
    assert client.v2('rollBackToShareSnapshot', SNAP, True) == 0
    assert list(array.share(S1).snapshots) == ['Manual-S-snap']
    assert set(array.shares) == {S1, CLONE}


def test_roll_back_to_missing_snapshot(client):
    client.create()
    answer = client.ask('v2', 'rollBackToShareSnapshot', SNAP, False)
    assert answer.error == (400, 'EZEBI_GENERAL')
    assert answer.value['message'] == f'Snapshot {SNAP} does not exist.'


# Deletion

@pytest.mark.parametrize('service', ['v2', 'openstack'])
def test_delete_share(make, service):
    array, client = make()
    client.create()
    assert client.ask(service, 'deleteShare', S1, True, True).body == b''
    assert not array.shares
    assert client.ask(service, 'deleteShare', S1, True, False).status == 200
    assert client.ask(service, 'deleteShare', S1, True, True).error == (
        500, NOT_FOUND)
    gone = 'pool-a/Local/x/s1'
    assert client.ask(service, 'deleteShare', gone, True, False).error == (
        500, NOT_FOUND)
    array.assume(missing_project_fails=False)
    assert client.ask(service, 'deleteShare', gone, True,
                      False).status == 200


@pytest.mark.parametrize('more,error', [
    ((), (400, 'EZEBI_GENERAL')),
    ((False,), (400, 'EZEBI_RESOURCE_INUSE'))])
def test_snapshots_keep_a_share(array, client, more, error):
    client.create()
    client.snapshot()
    assert client.v2('deleteShare', S1, False, True, *more) == error
    assert array.shares
    assert client.v2('deleteShare', S1, True, True, *more) in (None, 0)
    assert not array.shares


def test_busy_error(client):
    client.create()
    client.snapshot()
    value = client.ask('v2', 'deleteShare', S1, False, True).value
    assert value['extendedData']['EX_CAUSE_CODE_NAME'] == 'EZFS_BUSY'
    assert value['extendedData']['EX_CAUSE_CODE_NUMBER'] == '2007'
    assert 'dataset is busy' in value['message']


def tree(client):
    """s1 with clones c1 (of snap) and c2 (of late), and d1 of c1."""
    client.create()
    client.snapshot()
    client.clone()
    client.snapshot('late')
    client.clone('c2', of=S1 + '@Manual-S-late')
    client.snapshot('deep', 'c1')
    client.clone('d1', of=CLONE + '@Manual-S-deep')


def test_recursive_deletion_takes_all_clones(array, client):
    tree(client)
    client.create('other')
    assert client.v2('listDependenciesAndSnapshotCountOnDelete', S1) == {
        'deleteableSnapCount': {S1: 2},
        'deleteableClonesWithSnapCount': {
            CLONE: 1, PROJECT + '/c2': 0, PROJECT + '/d1': 0}}
    assert client.v2('listDependenciesAndSnapshotCountOnDelete', SNAP)[
        'deleteableClonesWithSnapCount'] == {CLONE: 1, PROJECT + '/d1': 0}
    client.os('deleteShare', S1, True, False)
    assert list(array.shares) == [PROJECT + '/other']


def test_promotion_keeps_the_clones(array, client):
    array.add_share('pool-a', 'openstack', 's1').put('file', b'data')
    client.snapshot()
    client.clone()
    assert client.v2('deleteShare', S1, True, False, True) == 0
    clone = array.share(CLONE)
    assert clone.contents == {'file': b'data'} and clone.origin is None
    assert list(clone.snapshots) == ['Manual-S-snap']
    assert clone.used == 4
    assert client.v2('deleteShareSnapshot', CLONE + '@Manual-S-snap',
                     False)['snapshotDeletionStatus'] == 0
    assert clone.used == 4


def test_promotion_of_many(array, client):
    tree(client)
    assert client.v2('deleteShare', S1, True, False, True) == 0
    assert set(array.shares) == {CLONE, PROJECT + '/c2', PROJECT + '/d1'}
    assert array.share('c2').origin is None
    assert array.share('c1').origin == PROJECT + '/c2@Manual-S-snap'
    assert array.share('d1').origin == CLONE + '@Manual-S-deep'


# Sharing and network ACLs of the documented service

def acl(host, mode='rw', root=True):
    return {'hostType': 'IP', 'host': host, 'accessMode': mode,
            'rootAccessForNFS': root}


def test_nfs_acls(array, client):
    client.v2('createShare', 'pool-a', 'openstack', 's1', [])
    answer = client.ask('v2', 'addNFSNetworkACLOnShare', S1, 'IP',
                        '10.0.0.1', 'rw', True)
    assert answer.error == (500, NOT_FOUND)
    assert answer.value['message'] == (
        f"NFS sharing is not enabled for the specified share '{S1}'.")
    assert client.v2('isShareExposedOverNFS', S1) is False
    assert client.v2('setNFSSharingOnShare', S1, True) == 0
    assert client.v2('isShareExposedOverNFS', S1) is True
    assert client.v2('isShareExposedOverSMB', S1) is False
    assert client.v2('addNFSNetworkACLOnShare', S1, 'IP', '10.0.0.1', 'rw',
                     'true') == 0
    assert client.v2('addNFSNetworkACLOnShare', S1, 'FQDN', 'a.example.org',
                     'ro', False) == 0
    assert client.v2('getNFSNetworkACLsOnShare', S1) == [
        acl('10.0.0.1'), {'hostType': 'FQDN', 'host': 'a.example.org',
                          'accessMode': 'ro', 'rootAccessForNFS': False}]
    assert array.may(S1, '10.0.0.1') == 'rw'
    assert array.may(S1, 'a.example.org') == 'ro'
    assert client.v2('removeNFSNetworkACLOnShare', S1, 'IP',
                     '10.0.0.1') == 0
    answer = client.ask('v2', 'removeNFSNetworkACLOnShare', S1, 'IP',
                        '10.0.0.1')
    assert answer.error == (404, NOT_FOUND)
    assert answer.value['message'] == (
        "The specified ACL '@10.0.0.1' does not belong to the dataset.")
    assert client.v2('setNFSNetworkACLsOnShare', S1, [
        acl('10.0.0.2', 'ro', False), acl('10.0.0.0/24')]) == 0
    assert array.share(S1).nfs_acls == [('10.0.0.2', 'ro', False),
                                        ('10.0.0.0/24', 'rw', True)]
    assert client.v2('removeAllNFSNetworkACLsOnShare', S1) == 0
    assert client.v2('getNFSNetworkACLsOnShare', S1) == []
    assert array.may(S1, '10.0.0.1') is None


@pytest.mark.parametrize('value,text', [
    (acl('10.0.0'), WRONG_ADDRESS), (acl('::1'), WRONG_ADDRESS),
    (acl('10.0.0.1', 'rx'), 'Network ACL can only be "rw"'),
    ({**acl('10.0.0.1'), 'hostType': 'X'}, 'host type'), ('x', 'value')])
def test_bad_acls_change_nothing(array, client, value, text):
    client.create()
    client.allow('10.0.0.1')
    answer = client.ask('v2', 'setNFSNetworkACLsOnShare', S1,
                        [acl('10.0.0.9'), value])
    assert answer.error == (400, 'EZEBI_INVALID_ARGUMENT')
    assert text in answer.value['message']
    assert answer.value['extendedData'] == {'EX_CAUSE_MESSAGE': None}
    assert [each.host for each in array.share(S1).nfs_acls] == ['10.0.0.1']


def test_other_acls(make):
    array, client = make({'v2_cidr': False, 'ipv6': True,
                          'add_existing_acl': 'error'})
    client.create()
    add = ['addNFSNetworkACLOnShare', S1, 'IP']
    assert client.v2(*add, '10.0.0.0/24', 'rw', True)[0] == 400
    assert client.v2(*add, '2001:db8::1', 'rw', True) == 0
    assert client.v2(*add, '2001:db8::1', 'ro', True) == (
        400, 'EZEBI_RESOURCE_EXIST')
    array.assume(add_existing_acl='replace')
    assert client.v2(*add, '2001:db8::1', 'ro', True) == 0
    assert array.share(S1).nfs_acls == [('2001:db8::1', 'ro', True)]


@pytest.mark.parametrize('is_open', [False, True])
def test_share_without_acls(make, is_open):
    array, client = make({'empty_acl_open': is_open})
    client.create()
    assert array.may(S1, '10.0.0.1') == ('rw' if is_open else None)


def test_smb_acls(array, client):
    client.create(protocol='CIFS')
    client.allow('eve', kind='user', protocol='CIFS')
    assert array.may(S1, ('eve', '10.0.0.1')) == 'rw'
    assert client.v2('addSMBNetworkACLOnShare', S1, 'IP', '10.0.0.1',
                     'ro') == 0
    assert client.v2('getSMBNetworkACLsOnShare', S1) == [
        {'hostType': 'IP', 'host': '10.0.0.1', 'accessMode': 'ro'}]
    assert array.share(S1).smb_acls == [('10.0.0.1', 'ro')]
    assert array.may(S1, ('eve', '10.0.0.1')) == 'ro'
    assert array.may(S1, ('eve', '10.0.0.2')) is None
    assert client.v2('setSMBSharingOnShare', S1, True, 'shown', False) == 0
    assert not array.share(S1).smb_acls
    assert client.os('getShareIPAndMountPoint', S1) == '198.51.100.20 shown'
    assert client.v2('setSMBSharingOnShare', S1, False, '', False) == 0
    assert array.may(S1, 'eve') is None


def test_project_acls(array, client):
    client.v2('createShare', 'pool-a', 'openstack', 's1', [])
    client.v2('setNFSSharingOnShare', S1, True)
    assert client.v2('setNFSNetworkACLsOnProject', PROJECT,
                     [acl('10.0.0.1')]) == 0
    assert array.may(S1, '10.0.0.1') == 'rw'
    assert client.v2('getShare', S1)['overrideSharenfs'] is False
    assert client.v2('getNFSNetworkACLsOnShare', S1) == [acl('10.0.0.1')]
    client.v2('addNFSNetworkACLOnShare', S1, 'IP', '10.0.0.2', 'rw', True)
    assert client.v2('getShare', S1)['overrideSharenfs'] is True
    assert array.may(S1, '10.0.0.1') is None
    assert client.v2('inheritNetworkACLsettingsFromProject', S1) == 0
    assert array.may(S1, '10.0.0.1') == 'rw'
    assert array.may(S1, '10.0.0.2') is None


# Faults

def attempt(client):
    """What came of createShare: a status or an exception's class."""
    try:
        answer = client.ask('openstack', 'createShare', 'pool-a',
                            'openstack', 's1', 'NFS')
    except (OSError, http.client.HTTPException) as error:
        client.close()
        return type(error)
    return answer.status


@pytest.mark.parametrize('when,there', [('before', False), ('after', True)])
@pytest.mark.parametrize('how', ['reset', 'close', 'truncated', 'not-json',
                                 'html', 'empty', 'status', 'error', 'deep',
                                 'duplicate-keys', 'enum'])
def test_fault(array, client, how, when, there):
    fault = array.fault('createShare', when=when, how=how)
    assert client.get('v2', 'listPools').status == 200
    attempt(client)
    assert (S1 in array.shares) == there
    assert array.calls('createShare')[0].fault == how
    assert array.wait_fault(fault, timeout=0)
    assert attempt(client) == (400 if there else 200)


def connect(array):
    """A TLS connection that asked for the pools, without http.client."""
    sock = ssl.create_default_context(cafile=array.ca_file).wrap_socket(
        socket.create_connection((array.host, array.port)),
        server_hostname='localhost')
    secret = base64.b64encode(b'admin:secret')
    sock.sendall(b'GET /zebi/api/v2/listPools HTTP/1.1\r\nAuthorization: '
                 b'Basic ' + secret + b'\r\n\r\n')
    return sock


@pytest.mark.parametrize('how', ['reset', 'close'])
def test_reset_and_close_on_the_wire(array, how):
    array.fault('listPools', how=how)
    with connect(array) as sock:
        array.journal.wait(finished=True)
        # Below TLS.  The session tickets are there, first.
        with socket.socket(fileno=os.dup(sock.fileno())) as below:
            def read():
                while below.recv(65536):
                    pass
            if how == 'close':
                read()
            else:
                with pytest.raises(ConnectionResetError):
                    read()


def test_times_and_skip(array, client):
    array.fault('createShare', how='error', code='SUSPENDED', times=2,
                skip=1)
    assert [client.create(f's{number}') for number in range(4)] == [
        '198.51.100.20 /export/openstack/s0',
        (400, 'EZEBI_RESOURCE_SUSPENDED'), (400, 'EZEBI_RESOURCE_SUSPENDED'),
        '198.51.100.20 /export/openstack/s3']


def test_fault_of_any_method_until_cleared(array, client):
    array.fault(None, how='status', status=503, times=None)
    for _ in range(3):
        assert client.get('v2', 'listPools').status == 503
    array.clear_faults()
    assert client.get('v2', 'listPools').status == 200


def test_faults_for_some_requests(array, client):
    array.fault('createShare', how='empty', service='v2')
    array.fault('createShare', how='error', where=lambda request:
                request.params[2] == 'bad', times=None)
    assert client.create('good') == '198.51.100.20 /export/openstack/good'
    assert client.create('bad') == (400, 'EZEBI_RESOURCE_BUSY')


@pytest.mark.parametrize('details,error,message', [
    ({'code': 'EZEBI_NOSPACE', 'status': 500}, (500, 'EZEBI_NOSPACE'),
     'EZEBI_NOSPACE as ordered'),
    ({'code': 'REQUEST_TIMEOUT', 'message': 'm'},
     (400, 'EZEBI_REQUEST_TIMEOUT'), 'm'),
    ({}, (400, 'EZEBI_RESOURCE_BUSY'), 'EZEBI_RESOURCE_BUSY as ordered')])
def test_error_fault(array, client, details, error, message):
    array.fault('listPools', how='error', **details)
    answer = client.get('v2', 'listPools')
    assert (answer.error, answer.value['message']) == (error, message)
    assert array.journal[0].error == error[1]


def test_status_fault(array, client):
    array.fault('listPools', how='status', status=500, code='EZEBI_GENERAL',
                message='m')
    array.fault('listPools', how='status', status=404, body=b'[]')
    answer = client.get('v2', 'listPools')
    assert (answer.error, answer.value['message']) == (
        (500, 'EZEBI_GENERAL'), 'm')
    answer = client.get('v2', 'listPools')
    assert (answer.status, answer.value) == (404, [])


def test_enum_fault(array, client):
    client.create()
    client.snapshot()
    array.fault(None, how='enum', times=3)
    assert client.v2('deleteShareSnapshot', SNAP, False) == {
        'snapshotDeletionStatus': 2, 'deletedList': [],
        'failedToDeleteList': [SNAP]}
    assert client.v2('getShareSnapshotCreationStatus', S1, 'snap') == {
        'snapshotProgressStatus': 2}
    assert client.v2('modifyShareProperties', S1, {}) == 2


def test_bodies_of_faults(array, client):
    for how in ('deep', 'duplicate-keys', 'html', 'not-json', 'empty'):
        array.fault('listPools', when='after', how=how)
    bodies = [client.get('v2', 'listPools').body for _ in range(5)]
    assert bodies[0] == b'[' * 100000 + b']' * 100000
    assert bodies[1].count(b'"totalSize":') == 2
    assert json.loads(bodies[1])[0]['totalSize'] is None
    assert bodies[2].startswith(b'<html>')
    with pytest.raises(ValueError):
        json.loads(bodies[3])
    assert bodies[4] == b''


def test_truncated_reply(array, client):
    array.fault('listPools', when='after', how='truncated', missing=7)
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.get('v2', 'listPools')
    assert caught.value.expected == 7
    assert json.loads(caught.value.partial)[0]['name'] == 'pool-a'


@pytest.mark.parametrize('chunked', [True, False])
def test_huge_reply(array, client, chunked):
    array.fault('listPools', how='huge', size=3 * MiB, chunked=chunked)
    body = client.get('v2', 'listPools').body
    assert len(body) == 3 * MiB and body.startswith(b'["xxx')


def test_endless_reply(array, client):
    array.fault('listPools', how='huge')
    client.http.request('GET', '/zebi/api/v2/listPools',
                        headers=client.headers)
    assert len(client.http.getresponse().read(3 * MiB)) == 3 * MiB


def in_background(function, *args):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(function(*args)))
    thread.start()

    def result():
        thread.join()
        return results[0]
    return result


@pytest.mark.parametrize('when,details,status,there', [
    ('before', {}, http.client.RemoteDisconnected, False),
    ('after', {}, 200, True), ('before', {'then': 'continue'}, 200, True),
    ('after', {'then': 'close'}, http.client.RemoteDisconnected, True)])
def test_hang(array, client, when, details, status, there):
    fault = array.fault('createShare', when=when, how='hang', **details)
    result = in_background(attempt, client)
    assert array.wait_fault(fault)
    assert array.journal.wait('createShare')
    other = Client(array)
    assert other.v2('listPools')
    other.close()
    assert array.calls('createShare')[0].finished is None
    array.release()
    assert result() == status
    assert (S1 in array.shares) == there
    assert array.journal.wait('createShare', finished=True)


def test_hanging_request_ends_with_the_array(make):
    array, client = make()
    array.fault('createShare', how='hang')
    result = in_background(attempt, client)
    assert array.journal.wait('createShare')
    array.close()
    assert issubclass(result(), OSError)


def test_slow_reply(array, client):
    array.fault('listPools', when='after', how='slow', interval=0.001)
    assert client.get('v2', 'listPools').value
    array.fault('listPools', when='after', how='slow', interval=3600)
    sock = connect(array)
    assert sock.recv(100) == b'H'
    array.release()
    text = b''
    while b'\r\n\r\n' not in text:
        text += sock.recv(100)
    assert text.startswith(b'TTP/1.1 200 OK')
    sock.close()


def test_refused_connections(array, client):
    client.v2('listPools')
    array.fault(None, how='refuse')
    assert issubclass(attempt(client), OSError)
    for _ in range(3):
        assert attempt(client) is ConnectionRefusedError
    array.clear_faults()
    assert attempt(client) == 200


def test_refusal_can_spare_connections(array, client):
    client.v2('listPools')
    array.fault(None, how='refuse', drop=False)
    assert attempt(client) == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((array.host, array.port))


def test_tls_garbage(array, client):
    array.fault(None, how='tls-garbage', times=2)
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            client.get('v2', 'listPools')
        client.close()
    assert client.get('v2', 'listPools').status == 200


def test_tls_that_hangs(array, client):
    fault = array.fault(None, how='tls-hang')
    result = in_background(attempt, client)
    assert array.wait_fault(fault)
    array.release()
    assert issubclass(result(), OSError)
    assert attempt(client) == 200


def test_faults_spare_the_unauthorized(array):
    array.fault(None, how='empty')
    client = Client(array, password='wrong')
    assert client.get('v2', 'listPools').status == 401
    client.close()


@pytest.mark.parametrize('settings', [{'how': 'x'}, {'when': 'x'}])
def test_bad_faults(array, settings):
    with pytest.raises(ValueError):
        array.fault('listPools', **settings)


# Assumptions and the program

def test_every_assumption_is_documented():
    text = Assumptions.__doc__
    for field in dataclasses.fields(Assumptions):
        assert re.search(rf'\b{field.name}\b', text), field.name


def test_assumptions_from_words():
    assert Assumptions.from_words([
        'cidr=false', 'clone_polls=3', 'snapshot_polls=none', 'regex=part',
        'known_users=a,b', 'deny_absent_error=500,EZEBI_GENERAL']) == (
            Assumptions(cidr=False, clone_polls=3, snapshot_polls=None,
                        regex='part', known_users=('a', 'b'),
                        deny_absent_error=(500, 'EZEBI_GENERAL')))
    for word in ('x=1', 'regex=x', 'cidr=x', 'clone_polls=x'):
        with pytest.raises(ValueError):
            Assumptions.from_words([word])


def test_program():
    program = subprocess.Popen(
        [sys.executable, '-m', 'tests.backends.intelliflash', '--firmware',
         '3.5.1', '--pool', 'pool-a=1T', '--pool', 'pool-b=2T', '--project',
         'openstack', '--assume', 'string_stats=false'],
        cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        shown = {}
        for line in program.stdout:
            name, _, value = line.strip().partition(' = ')
            shown[name] = value
            if 'Ctrl-C' in line:
                break
        assert shown['share_driver'] == (
            'manila_native.tegile.TegileShareDriver')

        class Address:
            host = shown['tegile_nas_server']
            port = int(shown['tegile_nas_port'])
            ca_file = shown['tegile_ssl_cert_path']

        client = Client(Address, shown['tegile_nas_login'],
                        shown['tegile_nas_password'])
        stats = client.get('openstack', 'getArrayStats').value
        assert [pool['total_capacity_gb'] for pool in stats['pools']] == [
            1024.0, 2048.0]
        assert client.v2('getShare', S1) == (400, 'EZEBI_GENERAL')
        client.close()
        assert 'openstack/getArrayStats [] -> 200' in (
            program.stdout.readline())
        assert 'EZEBI_GENERAL' in program.stdout.readline()
    finally:
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=120)
    assert program.returncode == 0
    assert not os.path.exists(shown['tegile_ssl_cert_path'])
