# SPDX-License-Identifier: Apache-2.0
"""The parent's side: start the Manila process, wait for it, stop it.

Manila runs in a process of its own, because its configuration, its message
transport and the choice of threads or eventlet are global to a process.
"""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from tests.backends.manila import settings

_REPOSITORY = os.path.abspath(
    os.path.join(os.path.dirname(__file__), '..', '..', '..'))
_TOKEN = 'admin:demo'       # noauthv2 takes "user:project" for a token
_POLL = 0.05
_API_TIMEOUT = 120
_TAIL = 15
_CRASH = ('Fatal Python error', 'Current thread ')

# For Manila on 127.0.0.1 no proxy of the environment must be asked.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ManilaError(Exception):
    """Manila did not start, did not stop, or died."""


class Manila:
    """A context manager around a running Manila.

    backends  {name: {option: value}}, the sections of manila.conf
    mode      'threads' (default of Manila 23) or 'eventlet'
    options   more options for [DEFAULT]
    timeout   how long to wait for all back ends to be up, in seconds;
              None: return as soon as the API answers, see wait()
    """

    def __init__(self, backends, mode='threads', options=None, timeout=120):
        self.backends = dict(backends)
        self.mode = mode
        self.api_url = None
        self.directory = None
        self._options = options
        self._timeout = timeout
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info):
        self.stop()

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self.directory = tempfile.mkdtemp(prefix='manila-')
        try:
            self._spawn()
            self._until(lambda: self._announced('api'),
                        time.monotonic() + _API_TIMEOUT, 'the API')
            self.api_url = self._announced('api')
            if self._timeout:
                self.wait(self._timeout)
        except BaseException:
            self.kill()
            raise

    def wait(self, timeout=120):
        """Wait until all back ends are up and have pools."""
        deadline = time.monotonic() + timeout
        # The API is asked for pools only after the scheduler knows them
        # all: the answer is cached, until a share is scheduled.
        for name in self.backends:
            self._until(functools.partial(self._announced, name), deadline,
                        f'the set-up of {name}')
        self._until(self._pools_are_known, deadline, 'services and pools')

    def stop(self, timeout=120):
        """End Manila in order; an error when it has to be killed."""
        if self._process is None:
            return
        try:
            self._process.stdin.close()
            self._process.wait(timeout)
            if self._process.returncode:
                raise self._error('Manila ended with status '
                                  f'{self._process.returncode}')
            if self._signal_group(0):
                raise self._error('Manila left processes behind')
        except subprocess.TimeoutExpired:
            raise self._error('Manila did not stop within '
                              f'{timeout} s') from None
        finally:
            self.kill()

    def kill(self):
        """End the process at once and remove its directory."""
        if self._process is not None:
            self._signal_group(signal.SIGKILL)
            self._process.wait()
            self._process.stdin.close()
            self._process = None
        if self.directory:
            shutil.rmtree(self.directory)
            self.directory = None

    def client(self):
        """A python-manilaclient for the newest API that both sides know."""
        import requests
        from keystoneauth1 import session, token_endpoint
        from manilaclient.v2 import client

        local = requests.Session()
        local.trust_env = False
        auth = token_endpoint.Token(self.api_url, _TOKEN)
        return client.Client(
            session=session.Session(auth=auth, session=local),
            service_catalog_url=self.api_url,
            api_version=self._api_version())

    def get(self, path, version='2.0'):
        """GET of the REST API without a client library."""
        request = urllib.request.Request(self.api_url + path, headers={
            'X-Auth-Token': _TOKEN,
            'X-OpenStack-Manila-API-Version': version})
        with _OPENER.open(request, timeout=_API_TIMEOUT) as response:
            return json.load(response)

    def log_text(self):
        """What went to standard error, and the log of the services."""
        return ''.join(self._read(name)
                       for name in ('stderr.log', 'manila.log'))

    def _spawn(self):
        config = settings.write(self.directory, self.backends, self._options)
        with open(self._path('stderr.log'), 'wb') as stderr:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'tests.backends.manila',
                 '--config', config],
                cwd=_REPOSITORY, env=settings.environment(self.mode),
                stdin=subprocess.PIPE, stdout=stderr, stderr=stderr,
                start_new_session=True)

    def _until(self, condition, deadline, what):
        while not condition():
            if self._process.poll() is not None:
                raise self._error('Manila ended during its start')
            if time.monotonic() > deadline:
                raise self._error(f'not in time: {what}')
            time.sleep(_POLL)

    def _announced(self, name):
        return self._read(os.path.join('ready', name))

    def _pools_are_known(self):
        """What a user has to see before creating shares makes sense."""
        services = self.get('/services', '2.7')['services']
        up = {_backend(service['host']) for service in services
              if service['binary'] == 'manila-share'
              and service['state'] == 'up'}
        pools = self.get('/scheduler-stats/pools', '2.23')['pools']
        with_pools = {_backend(pool['name']) for pool in pools}
        return set(self.backends) <= up & with_pools

    def _api_version(self):
        from manilaclient import api_versions

        url = self.api_url.rsplit('/', 1)[0] + '/'
        try:
            versions = json.load(_OPENER.open(url, timeout=_API_TIMEOUT))
        except urllib.error.HTTPError as error:   # "300 Multiple Choices"
            versions = json.load(error)
        newest = [api_versions.APIVersion(each['version'])
                  for each in versions['versions'] if each['version']]
        return min(max(newest),
                   api_versions.APIVersion(api_versions.MAX_VERSION))

    def _signal_group(self, number):
        """Signal Manila and all that it started; False: there is nobody."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True

    def _error(self, message):
        lines = self.log_text().splitlines()
        errors = [line for line in lines if ' ERROR ' in line]
        tail = errors[-_TAIL:] or lines[-_TAIL:]
        for number, line in enumerate(lines):
            if line.startswith(_CRASH):
                tail = lines[number:number + 2 * _TAIL]
        return ManilaError('\n'.join([f'{message}; from its log', *tail]))

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _read(self, name):
        try:
            with open(self._path(name), encoding='utf-8',
                      errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''


def _backend(host):
    """'gpfs1' of 'harness@gpfs1#pool'."""
    return host.partition('@')[2].partition('#')[0]
