# SPDX-License-Identifier: Apache-2.0
"""What tests.functional.share_manager can go through, step by step.

Manila is imported late: its concurrency mode has to be chosen before.
"""

import time

HOST = '192.0.2.10'
NETWORK = '198.51.100.0/24'
HOST6 = '2001:db8::10'
POLL_SECONDS = 120      # for the end of a long job on the storage
POLL_PAUSE = 0.05


class Life:
    """One share, from the set-up of the driver to the end of the share.

    backend, pool   where Manila puts its shares
    protocol        of the shares
    rules           [[access type, client, level]], to be allowed at once;
                    the first is denied again, the second gets the other
                    level
    extra_specs     of the share type
    """

    STEPS = ('init', 'create', 'allow', 'extend', 'change', 'deny',
             'restart', 'ensure', 'delete')
    MORE = {}       # what the share type promises, but its extra specs

    def __init__(self, backend, pool, protocol, rules, extra_specs):
        from manila import context, db, quota
        from manila.share import manager

        self._db = db
        self._quotas = quota.QUOTAS
        self._context = context.RequestContext(
            'user', 'project', is_admin=True)
        self._backend = backend
        self._pool = pool
        self._protocol = protocol
        self._to_allow = rules
        self._host = f'harness@{backend}'
        self._manager = manager.ShareManager(
            host=self._host, service_name=backend)
        self._api = self._manager.share_api
        self._extra_specs = extra_specs
        self._rules = []
        self._share_id = self._instance_id = None

    def init(self):
        self._share_type = self._db.share_type_create(self._context, {
            'name': 'type', 'extra_specs': dict(
                self._extra_specs, driver_handles_share_servers='False')})
        service = self._db.service_create(self._context, {
            'host': self._host, 'binary': 'manila-share',
            'topic': 'manila-share', 'state': 'up', 'report_count': 0,
            'availability_zone': 'nova'})
        self._manager.init_host(service_id=service['id'])

    def create(self):
        self._share_id, self._instance_id = self._new_share()
        self._manager.create_share_instance(self._context,
                                            self._instance_id)

    def _new_share(self, **values):
        """(id, id of the instance) of a share in Manila's database."""
        share = self._db.share_create(self._context, {
            'size': 1, 'share_proto': self._protocol, 'status': 'creating',
            'user_id': 'user', 'project_id': 'project',
            'snapshot_support': True, 'is_public': False,
            'share_type_id': self._share_type['id'],
            'display_name': 'life',
            'host': f'{self._host}#{self._pool}', **self.MORE, **values})
        return share['id'], share.instance['id']

    def allow(self):
        """Several rules at once: the driver gets them in one call."""
        self._rules = [
            self._api.allow_access(self._context, self._share(), *rule)
            for rule in self._to_allow]
        self._update_access()

    def extend(self):
        reservations = self._quotas.reserve(
            self._context, project_id='project', gigabytes=1)
        self._db.share_update(self._context, self._share_id,
                              {'status': 'extending'})
        self._manager.extend_share(self._context, self._share_id, 2,
                                   reservations)

    def change(self):
        other = {'rw': 'ro', 'ro': 'rw'}[self._to_allow[1][2]]
        self._api.update_access(self._context, self._share(),
                                self._rules[1], {'access_level': other})
        self._update_access()

    def deny(self):
        self._api.deny_access(self._context, self._share(), self._rules[0])
        self._update_access()

    def restart(self):
        """A new manager, as after a restart: finds the share again."""
        from manila.share import manager
        self._manager = manager.ShareManager(
            host=self._host, service_name=self._backend)
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


class Snapshots(Life):
    """A share with a snapshot, and what comes of the snapshot."""

    STEPS = ('init', 'create', 'snapshot', 'mount', 'unmount', 'clone',
             'delete_clone', 'extend', 'revert', 'extend', 'refuse_shrink',
             'shrink', 'usage', 'delete_snapshot', 'delete')
    MORE = {'mount_snapshot_support': True,
            'create_share_from_snapshot_support': True,
            'revert_to_snapshot_support': True}

    def __init__(self, *values):
        super().__init__(*values)
        self._snapshot_id = self._clone = None
        self._told = {}

    def snapshot(self):
        self._snapshot_id = self._db.share_snapshot_create(self._context, {
            'share_id': self._share_id, 'size': 1, 'share_size': 1,
            'user_id': 'user', 'project_id': 'project', 'progress': '0%',
            'status': 'creating', 'share_proto': self._protocol})['id']
        self._manager.create_snapshot(self._context, self._share_id,
                                      self._snapshot_id)

    def mount(self):
        self._rule = self._db.share_snapshot_access_create(self._context, {
            'share_snapshot_id': self._snapshot_id, 'access_type': 'ip',
            'access_to': HOST})
        self._update_snapshot_access()

    def unmount(self):
        self._db.share_snapshot_instance_access_update(
            self._context, self._rule['id'], self._snapshot().instance['id'],
            {'state': 'queued_to_deny'})
        self._update_snapshot_access()

    def clone(self):
        share_id, instance_id = self._clone = self._new_share(
            snapshot_id=self._snapshot_id)
        self._manager.create_share_instance(
            self._context, instance_id, snapshot_id=self._snapshot_id)
        seen = self._poll(share_id, 'creating_from_snapshot')
        clone = self._db.share_get(self._context, share_id)
        self._told = {
            'seen': seen, 'clone': clone['status'],
            'progress': clone.instance['progress'],
            'clone_locations': [each['path'] for each in
                                clone.instance['export_locations']]}

    def delete_clone(self):
        self._db.share_instance_update(
            self._context, self._clone[1], {'status': 'deleting'})
        self._manager.delete_share_instance(self._context, self._clone[1])

    def revert(self):
        self._db.share_update(self._context, self._share_id,
                              {'status': 'reverting'})
        self._db.share_snapshot_update(self._context, self._snapshot_id,
                                       {'status': 'restoring'})
        self._manager.revert_to_snapshot(self._context, self._snapshot_id,
                                         None)
        self._told = {'seen': self._poll(self._share_id,
                                         'reverting_to_snapshot')}

    def shrink(self):
        self._manager.shrink_share(self._context, self._share_id, 1)

    def refuse_shrink(self):
        """The share holds more by then."""
        from manila import exception
        try:
            self.shrink()
        except exception.ShareShrinkingError as error:
            self._told = {'refused': str(error)}

    def usage(self):
        told = []

        def notify(context, share, instance, event, extra_usage_info=None):
            told.append((event, float(extra_usage_info['used_size']),
                         str(extra_usage_info['gathered_at'])))
        self._manager._notify_about_share_usage = notify
        try:
            self._manager.update_share_usage_size(self._context)
        finally:
            del self._manager._notify_about_share_usage
        self._told = {'usage': told}

    def delete_snapshot(self):
        self._db.share_snapshot_update(self._context, self._snapshot_id,
                                       {'status': 'deleting'})
        self._manager.delete_snapshot(self._context, self._snapshot_id)

    def report(self):
        from manila import exception
        report = dict(super().report(), **self._told)
        self._told = {}
        if self._snapshot_id is None:
            return report
        try:
            snapshot = self._snapshot()
        except exception.NotFound:
            return dict(report, snapshot=None)
        instance = snapshot.instance
        rules = self._db.share_snapshot_access_get_all_for_snapshot_instance(
            self._context, instance['id'])
        report.update(
            snapshot=snapshot['status'],
            provider_location=instance['provider_location'],
            snapshot_locations=[each['path'] for each in
                                instance['export_locations']],
            snapshot_rules={rule['access_to']: rule['state']
                            for rule in rules})
        return report

    def _snapshot(self):
        return self._db.share_snapshot_get(self._context, self._snapshot_id)

    def _update_snapshot_access(self):
        self._manager.snapshot_update_access(
            self._context, self._snapshot().instance['id'])

    def _poll(self, share_id, status):
        """The periodic task, until it changes the status; how often not."""
        end = time.monotonic() + POLL_SECONDS
        seen = 0
        while time.monotonic() < end:
            share = self._db.share_get(self._context, share_id)
            if share['status'] != status:
                break
            seen += 1
            time.sleep(POLL_PAUSE)
            self._manager.periodic_share_status_update(self._context)
        return seen


class Managed(Snapshots):
    """A share and its snapshot that Manila forgets and finds again."""

    STEPS = ('init', 'create', 'snapshot', 'unmanage_snapshot', 'unmanage',
             'manage', 'manage_snapshot', 'extend', 'delete_snapshot',
             'delete')
    MORE = {}

    def snapshot(self):
        super().snapshot()
        self._location = self._share().instance['export_locations'][0]['path']
        snapshot = self._snapshot().instance
        self._snapshot_name = (snapshot['provider_location']
                               or snapshot['name'])

    def unmanage_snapshot(self):
        self._manager.unmanage_snapshot(self._context, self._snapshot_id)

    def unmanage(self):
        self._manager.unmanage_share(self._context, self._share_id)

    def manage(self):
        self._share_id, self._instance_id = self._new_share(
            status='manage_starting', size=0)
        self._db.export_locations_update(
            self._context, self._instance_id, [self._location])
        self._manager.manage_share(self._context, self._share_id, {})

    def manage_snapshot(self):
        self._snapshot_id = self._db.share_snapshot_create(self._context, {
            'share_id': self._share_id, 'size': 1, 'share_size': 1,
            'user_id': 'user', 'project_id': 'project', 'progress': '0%',
            'status': 'manage_starting', 'share_proto': self._protocol,
            'provider_location': self._snapshot_name})['id']
        self._manager.manage_snapshot(self._context, self._snapshot_id, {})


class Group(Snapshots):
    """A group of two shares, its snapshot, and a group from that."""

    STEPS = ('init', 'create', 'group', 'group_snapshot', 'group_clone',
             'delete_group_snapshot')
    MORE = {}

    def group(self):
        group_type = self._db.share_group_type_create(self._context, {
            'name': 'groups', 'share_types': [self._share_type['id']]})
        self._values = {
            'user_id': 'user', 'project_id': 'project', 'status': 'creating',
            'host': self._host, 'share_group_type_id': group_type['id'],
            'share_types': [self._share_type['id']]}
        # it keeps the id that it makes in what it is given
        group = self._db.share_group_create(self._context,
                                            dict(self._values))
        self._group_id = group['id']
        self._manager.create_share_group(self._context, self._group_id)
        for _ in range(2):
            _, instance_id = self._new_share(share_group_id=self._group_id)
            self._manager.create_share_instance(self._context, instance_id)
        self._told = self._tell(self._group_id)

    def group_snapshot(self):
        snap = self._db.share_group_snapshot_create(self._context, {
            'share_group_id': self._group_id, 'user_id': 'user',
            'project_id': 'project', 'status': 'creating'})
        self._group_snapshot_id = snap['id']
        for instance in self._instances(self._group_id):
            self._db.share_group_snapshot_member_create(self._context, {
                'share_group_snapshot_id': snap['id'], 'user_id': 'user',
                'project_id': 'project', 'status': 'creating', 'size': 1,
                'share_proto': self._protocol,
                'share_instance_id': instance['id']})
        self._manager.create_share_group_snapshot(self._context, snap['id'])
        snap = self._group_snap()
        self._told = {
            'group_snapshot': snap['status'],
            'members': [[member['status'], member['provider_location']]
                        for member in snap['share_group_snapshot_members']]}

    def group_clone(self):
        group = self._db.share_group_create(self._context, dict(
            self._values,
            source_share_group_snapshot_id=self._group_snapshot_id))
        for member in self._group_snap()['share_group_snapshot_members']:
            self._new_share(
                share_group_id=group['id'],
                source_share_group_snapshot_member_id=member['id'])
        self._manager.create_share_group(self._context, group['id'])
        self._told = self._tell(group['id'])

    def delete_group_snapshot(self):
        from manila import exception
        self._manager.delete_share_group_snapshot(
            self._context, self._group_snapshot_id)
        try:
            self._told = {'group_snapshot': self._group_snap()['status']}
        except exception.NotFound:
            self._told = {'group_snapshot': None}

    def _group_snap(self):
        return self._db.share_group_snapshot_get(
            self._context, self._group_snapshot_id)

    def _instances(self, group_id):
        return self._db.share_instance_get_all_by_share_group_id(
            self._context, group_id)

    def _tell(self, group_id):
        group = self._db.share_group_get(self._context, group_id)
        return {
            'group': group['status'],
            'consistent': group['consistent_snapshot_support'],
            'shares': [[each['status'], each['export_location']]
                       for each in self._instances(group_id)]}


class Whole(Managed):
    """Everything that a driver without mounted snapshots can do."""

    STEPS = ('init', 'stats', 'create', 'allow', 'dismiss', 'change', 'deny',
             'restart', 'reconfigure', 'ensure', 'snapshot', 'extend',
             'clone', 'delete_clone', 'revert', 'extend', 'refuse_shrink',
             'shrink', 'usage', 'unmanage_snapshot', 'unmanage', 'manage',
             'manage_snapshot', 'allow', 'delete_snapshot', 'delete')
    MORE = {'create_share_from_snapshot_support': True,
            'revert_to_snapshot_support': True}

    def stats(self):
        """What a scheduler makes of what it is told."""
        from manila.scheduler import host_manager
        self._manager.publish_service_capabilities(self._context)
        scheduler = host_manager.HostManager()
        scheduler.update_service_capabilities(
            'share', self._host, self._manager.last_capabilities, None)
        self._told = {'pools': {
            pool['pool']: {name: value for name, value
                           in pool['capabilities'].items()
                           if name != 'timestamp'}
            for pool in scheduler.get_pools(self._context)}}

    def dismiss(self):
        """Rules that the storage refused can be taken away."""
        for rule in self._rules:
            now = self._db.share_access_get(self._context, rule['id'])
            if now['state'] == 'error':
                self._api.deny_access(self._context, self._share(), now)
        self._update_access()

    def reconfigure(self):
        """A restart after which all shares have to be looked at."""
        from oslo_config import cfg
        cfg.CONF.set_override('tegile_pools', [self._pool],
                              group=self._backend)
        self.restart()


class WithClone(Whole):
    """The snapshot and its share go, what was made from it stays."""

    STEPS = ('init', 'create', 'snapshot', 'clone', 'delete_snapshot',
             'delete', 'delete_clone')


STORIES = {'share': Life, 'snapshots': Snapshots, 'managed': Managed,
           'group': Group, 'whole': Whole, 'with clone': WithClone}
