# SPDX-License-Identifier: Apache-2.0
"""Drives a real ShareManager, without the rest of Manila around it.

    python -m tests.functional.share_manager --mode eventlet \
        --directory DIRECTORY --settings JSON

The settings are the options of one back end, as in manila.conf.  The
manager's methods are called as the RPC layer would call them, in a process
that uses native threads or is patched by eventlet.  After each step a line
of JSON tells what Manila now thinks of the share, and the process waits for
a line on its standard input, so that the caller can look at the storage
meanwhile (it does not wait any more once its input is at its end).

This is also where the driver's manners are seen: "pause" is the longest time
in which the step kept all other threads (or greenthreads) from running.
"""

import argparse
import json
import os
import sys
import threading
import time

from tests.backends.manila import settings

BACKEND = 'gpfs1'
HOST = '192.0.2.10'
NETWORK = '198.51.100.0/24'
HOST6 = '2001:db8::10'
TICK = 0.01


class Ticker:
    """Measures for how long others could not run."""

    def __init__(self):
        self._last = time.monotonic()
        self._longest = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            self._tick()
            time.sleep(TICK)

    def _tick(self):
        now = time.monotonic()
        self._longest = max(self._longest, now - self._last - TICK)
        self._last = now

    def start(self):
        self._last = time.monotonic()
        self._longest = 0

    def longest(self):
        self._tick()
        return round(self._longest, 3)


class Life:
    """One share, from the set-up of the driver to the end of the share."""

    def __init__(self, extra_specs):
        from manila import context, db, quota
        from manila.share import manager

        self._db = db
        self._quotas = quota.QUOTAS
        self._context = context.RequestContext(
            'user', 'project', is_admin=True)
        self._host = f'harness@{BACKEND}'
        self._manager = manager.ShareManager(
            host=self._host, service_name=BACKEND)
        self._api = self._manager.share_api
        self._extra_specs = extra_specs
        self._rules = {}
        self._share_id = self._instance_id = None

    def init(self):
        service = self._db.service_create(self._context, {
            'host': self._host, 'binary': 'manila-share',
            'topic': 'manila-share', 'state': 'up', 'report_count': 0,
            'availability_zone': 'nova'})
        self._manager.init_host(service_id=service['id'])

    def create(self):
        share_type = self._db.share_type_create(self._context, {
            'name': 'type', 'extra_specs': dict(
                self._extra_specs, driver_handles_share_servers='False')})
        share = self._db.share_create(self._context, {
            'size': 1, 'share_proto': 'NFS', 'status': 'creating',
            'user_id': 'user', 'project_id': 'project',
            'snapshot_support': True, 'is_public': False,
            'share_type_id': share_type['id'], 'display_name': 'life',
            'host': f'{self._host}#{BACKEND}'})
        self._share_id = share['id']
        self._instance_id = share.instance['id']
        self._manager.create_share_instance(self._context,
                                            self._instance_id)

    def allow(self):
        """Several rules at once: the driver gets them in one call."""
        for client, level in ((HOST, 'rw'), (NETWORK, 'ro'), (HOST6, 'ro')):
            self._rules[client] = self._api.allow_access(
                self._context, self._share(), 'ip', client, level)
        self._update_access()

    def extend(self):
        reservations = self._quotas.reserve(
            self._context, project_id='project', gigabytes=1)
        self._manager.extend_share(self._context, self._share_id, 2,
                                   reservations)

    def change(self):
        self._api.update_access(self._context, self._share(),
                                self._rules[NETWORK],
                                {'access_level': 'rw'})
        self._update_access()

    def deny(self):
        self._api.deny_access(self._context, self._share(),
                              self._rules[HOST])
        self._update_access()

    def restart(self):
        """A new manager, as after a restart: finds the share again."""
        from manila.share import manager
        self._manager = manager.ShareManager(
            host=self._host, service_name=BACKEND)
        self._manager.init_host(service_id=self._manager.service_id)

    def ensure(self):
        """As when an administrator calls "ensure shares"."""
        self._manager.ensure_driver_resources(
            self._context, skip_backend_info_check=True)

    def delete(self):
        self._db.share_instance_update(
            self._context, self._instance_id, {'status': 'deleting'})
        self._manager.delete_share_instance(self._context,
                                            self._instance_id)

    def report(self):
        """What Manila's database tells about the share."""
        from manila import exception
        if self._share_id is None:
            return {}
        try:
            share = self._share()
        except exception.NotFound:
            return {'status': None}
        rules = self._db.share_access_get_all_for_instance(
            self._context, self._instance_id)
        return {
            'status': share['status'],
            'size': share['size'],
            'locations': [each['path'] for each in
                          share.instance['export_locations']],
            'rules_status': share['access_rules_status'],
            'rules': {rule['access_to']: [rule['access_level'],
                                          rule['state']]
                      for rule in rules},
        }

    def _share(self):
        return self._db.share_get(self._context, self._share_id)

    def _update_access(self):
        self._manager.update_access(self._context, self._instance_id)


def live(life):
    """Take all steps and tell about each."""
    ticker = Ticker()
    for step in (life.init, life.create, life.allow, life.extend,
                 life.change, life.deny, life.restart, life.ensure,
                 life.delete):
        ticker.start()
        step()
        report = {'step': step.__name__, 'pause': ticker.longest()}
        report.update(life.report())
        print(json.dumps(report), flush=True)
        sys.stdin.readline()


def prepare(directory, backend):
    """Configuration and database, once the mode was chosen."""
    config = settings.write(directory, {BACKEND: backend})

    from manila import coordination

    from tests.backends.manila import database, server
    server.configure(config)
    database.prepare()
    coordination.LOCK_COORDINATOR.start()


def arguments():
    parser = argparse.ArgumentParser(
        prog='python -m tests.functional.share_manager')
    parser.add_argument('--mode', choices=settings.MODES, required=True)
    parser.add_argument('--settings', type=json.loads, required=True,
                        help='options of the back end, as a JSON object')
    parser.add_argument('--directory', required=True,
                        help='for the configuration, database and log')
    parser.add_argument('--extra-specs', type=json.loads, default={},
                        help='of the share type, as a JSON object')
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.update(settings.environment(options.mode))
    import manila.cmd  # noqa: F401  (chooses threads or eventlet)

    prepare(options.directory, options.settings)
    try:
        live(Life(options.extra_specs))
    finally:
        from manila import coordination
        coordination.LOCK_COORDINATOR.stop()


if __name__ == '__main__':
    main()
