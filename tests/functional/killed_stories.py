# SPDX-License-Identifier: Apache-2.0
"""What tests.functional.share_manager goes through when it is killed in the
middle of several operations, and when it is started again on what the first
one left in Manila's database.

Each operation has a share of its own, which is called like it.
"""

import copy
import threading
from typing import NamedTuple

from tests.functional.share_stories import Whole

NEW_HOST = '192.0.2.11'


class Operation(NamedTuple):
    """before: the steps that lead to it.

    The rest is what an operator does when it was killed.
    reset: (what, status): the state that is reset first, if any.
    repeat: the steps after that and after "ensure shares".
    """

    before: tuple = ('create', 'allow')
    reset: tuple = ()
    repeat: tuple = ()


OPERATIONS = {
    'create': Operation((), ('share', 'error'), ('delete',)),
    'delete': Operation(reset=('share', 'error'), repeat=('delete',)),
    'extend': Operation(('create',), ('share', 'available'), ('extend',)),
    'snapshot': Operation(('create',), ('snapshot', 'error'),
                          ('delete_snapshot',)),
    'delete_snapshot': Operation(('create', 'snapshot'),
                                 ('snapshot', 'error'),
                                 ('delete_snapshot',)),
    'clone': Operation(('create', 'snapshot'), ('clone', 'error'),
                       ('delete_clone',)),
    'replace_rule': Operation(),
    'change': Operation(repeat=('change',)),
}


class Interrupted(Whole):
    """The share of one operation."""

    def named(self, name):
        """That of another one, with the same manager."""
        other = copy.copy(self)
        other.MORE = dict(self.MORE, display_name=name)
        return other

    def all_shares(self):
        return self._db.share_get_all(self._context)

    def take(self, share):
        """Go on with a share that the first process made."""
        ids = share['id'], share.instance['id']
        if share['snapshot_id']:
            self._clone = ids
            return
        self._share_id, self._instance_id = ids
        for snapshot in self._db.share_snapshot_get_all_for_share(
                self._context, self._share_id):
            self._snapshot_id = snapshot['id']
        rules = {rule['access_to']: rule for rule
                 in self._db.share_access_get_all_for_share(
                     self._context, self._share_id)}
        self._rules = [rules.get(client)
                       for _kind, client, _level in self._to_allow]

    def resume(self):
        """As init, in a service that the database knows already."""
        service = self._db.service_get_by_args(
            self._context, self._host, 'manila-share')
        self._manager.init_host(service_id=service['id'])

    def reset(self, what, status):
        """As when an administrator resets a state."""
        if what == 'snapshot':
            self._db.share_snapshot_update(
                self._context, self._snapshot_id, {'status': status})
        else:
            share_id = self._clone[0] if what == 'clone' else self._share_id
            self._db.share_update(self._context, share_id,
                                  {'status': status})

    def replace_rule(self):
        """One rule goes, one comes, the others stay: in one call."""
        share = self._share()
        self._api.deny_access(self._context, share, self._rules[0])
        self._api.allow_access(self._context, share, 'ip', NEW_HOST, 'rw')
        self._update_access()

    def report(self):
        from manila import exception
        report = super().report()
        if self._clone:
            try:
                clone = self._db.share_get(self._context, self._clone[0])
                report['clone'] = clone['status']
            except exception.NotFound:
                report['clone'] = None
        return report


class Killed:
    """All operations at once, of which none comes to its end."""

    STEPS = ('init', 'prepare', 'operate')

    def __init__(self, *values):
        self._first = Interrupted(*values)
        self._lives = {}

    def init(self):
        self._first.init()

    def prepare(self):
        for name, operation in OPERATIONS.items():
            self._lives[name] = self._first.named(name)
            self._go_through(name, operation.before)

    def operate(self):
        threads = [threading.Thread(target=self._go_through,
                                    args=(name, (name,)))
                   for name in OPERATIONS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def report(self):
        return {'lives': {name: life.report()
                          for name, life in self._lives.items()}}

    def _go_through(self, name, steps):
        for step in steps:
            getattr(self._lives[name], step)()


class Resumed(Killed):
    """What Manila does by itself after a restart, then what operators do."""

    STEPS = ('init', 'repeat')

    def init(self):
        self._first.resume()
        self._lives = {name: self._first.named(name) for name in OPERATIONS}
        for share in self._first.all_shares():
            self._lives[share['display_name']].take(share)

    def repeat(self):
        for name, operation in OPERATIONS.items():
            if operation.reset:
                self._lives[name].reset(*operation.reset)
        self._first.ensure()
        for name, operation in OPERATIONS.items():
            self._go_through(name, operation.repeat)


STORIES = {'killed': Killed, 'resumed': Resumed}
