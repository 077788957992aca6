# SPDX-License-Identifier: Apache-2.0
"""API, scheduler and share managers in one process.

This is what manila.cmd.{api,scheduler,share} do, less the forking: in one
process the services can talk over oslo.messaging's in-memory transport.
Import this module only after the concurrency mode was chosen.
"""

import logging
import os
import select
import signal
import socketserver
import sys
import threading
import time
import wsgiref.simple_server

from futurist import _thread as futurist_thread
from manila import coordination, rpc, service, version
from manila.common import config
from oslo_config import cfg
from oslo_log import log
from oslo_service import wsgi

from tests.backends.manila import database

CONF = cfg.CONF
LOG = logging.getLogger('tests.backends.manila')


# How long an idle worker takes to see that it is to end (default 1 s, and
# they are waited for one after the other).
futurist_thread.ThreadWorker.MAX_IDLE_FOR = 0.1


class _HTTPServer(socketserver.ThreadingMixIn,
                  wsgiref.simple_server.WSGIServer):
    """One thread per connection, on a port that the kernel chooses."""

    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        # The base class looks the host's name up in the DNS.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


class _Handler(wsgiref.simple_server.WSGIRequestHandler):

    def log_message(self, format, *args):
        pass


class Api:
    """manila-api behind the WSGI server of the standard library."""

    def __init__(self):
        config.verify_share_protocols()
        config.set_lib_defaults()
        self._server = _HTTPServer(('127.0.0.1', 0), _Handler)
        self._server.set_app(wsgi.Loader(CONF).load_app('osapi_share'))
        self.url = f'http://127.0.0.1:{self._server.server_port}/v2'
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={'poll_interval': 0.05},
            name='api', daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def configure(config_file):
    """Read manila.conf, as the main() of each Manila command does."""
    log.register_options(CONF)
    CONF(['--config-file', config_file], project='manila',
         version=version.version_string())
    log.setup(CONF, 'manila')
    os.makedirs(CONF.oslo_concurrency.lock_path, exist_ok=True)
    rpc.init(CONF)


def share_service(backend):
    return service.Service.create(
        host=f'{CONF.host}@{backend}', service_name=backend,
        binary='manila-share')


def run(config_file, announce):
    """Serve until told to stop, and return the exit status.

    announce('api', url) when the API listens, announce(backend, host) when
    the scheduler knows the pools of a back end.
    """
    stop = _StopRequest()
    configure(config_file)
    database.prepare()
    coordination.LOCK_COORDINATOR.start()
    api = Api()
    scheduler = service.Service.create(binary='manila-scheduler')
    shares = {name: share_service(name)
              for name in CONF.enabled_share_backends}
    api.start()
    announce('api', api.url)
    scheduler.start()
    for name, share in shares.items():
        # A driver that cannot be set up is retried for ever in start().
        threading.Thread(target=_start, name=name, daemon=True,
                         args=(name, share, scheduler, announce,
                               stop)).start()
    stop.wait()
    LOG.info('stopping')
    api.stop()
    services = [*shares.values(), scheduler]
    for each in services:
        each.stop()
    for each in services:
        each.wait()
    coordination.LOCK_COORDINATOR.stop()
    return stop.status


def _start(name, share, scheduler, announce, stop):
    try:
        share.start()
    except Exception:
        LOG.exception('manila-share of %s did not start', name)
        stop.request(status=1)
        return
    known = scheduler.manager.driver.host_manager.service_states
    while share.host not in known:
        time.sleep(0.02)
    announce(name, share.host)


class _StopRequest:
    """SIGTERM, the end of the parent (which closes our stdin), a failure."""

    def __init__(self):
        self.status = 0
        self._read, self._write = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self.request())

    def request(self, status=0):
        self.status = self.status or status
        os.write(self._write, b'.')

    def wait(self):
        # In eventlet mode select is green, and does not take 0 for stdin.
        select.select([sys.stdin, self._read], [], [])
