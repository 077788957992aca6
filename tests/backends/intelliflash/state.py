# SPDX-License-Identifier: Apache-2.0
"""The state of the array, and what both services do to it."""

import itertools
import re
import threading
import uuid

from . import errors, levels
from .model import (MiB, Pool, Project, Share, Snapshot, extents,
                    size)

FORBIDDEN = re.compile(r"""[,/\\!?@<>#$'%^*()~+=}|:{\[\];"&\s]""")
PREFIX = 'Manual-S-'


def check_name(name, what):
    if not name or name.lower() == 'null' or FORBIDDEN.search(name):
        raise errors.invalid(f'{what} name {name!r} is empty or has '
                             'characters that are not allowed.')


class State:
    def __init__(self, firmware, assumptions, smb_mode):
        self.lock = threading.RLock()
        self.firmware_name = firmware
        self.firmware = levels.parse(firmware)
        self.assumptions = assumptions
        self.smb_mode = smb_mode
        self.guid = str(uuid.uuid4())
        self.pools = {}
        self.deleted_projects = {}      # path -> [project, polls left]
        self._numbers = itertools.count(1)

    # Set-up

    def add_pool(self, name, capacity, floating_ips):
        self.pools[name] = Pool(name, capacity, floating_ips, self.lock)
        return self.pools[name]

    def add_project(self, pool, name, **settings):
        project = Project(self.pools[pool], name, **settings)
        self.pools[pool].projects[name] = project
        return project

    def default_mount_point(self, project, name):
        return f'/export/{project.name}/{name}'

    def default_display_name(self, project, name):
        return {'project_share': f'{project.name}_{name}',
                'project-share': f'{project.name}-{name}',
                'share': name}[self.assumptions.display_name]

    def add_share(self, project, name, protocol=None, quota=0,
                  mount_point=None, display_name=None):
        """A new, empty share, shared over its protocol if that is given."""
        share = Share(
            project, name, uuid.uuid4().hex, protocol, quota,
            mount_point or self.default_mount_point(project, name),
            display_name or self.default_display_name(project, name))
        share.access.nfs_on = protocol == 'NFS'
        share.access.smb_on = protocol == 'CIFS'
        share.access.own_nfs = share.access.own_smb = protocol is not None
        project.shares[name] = share
        return share

    # Look-up.  `missing` makes the error from a path.

    def parts(self, path, count, argument='dataset path'):
        """The parts of "pool/Local/project/share", so many of them."""
        parts = path.split('/')
        if len(parts) > 1 and parts[1] == 'Replica':
            raise errors.invalid(f'{argument} value {path!r}: Local dataset '
                                 'path expected.')
        if len(parts) != count or parts[1] != 'Local' or not all(parts):
            raise errors.invalid(f'{argument} value {path!r}: invalid '
                                 'dataset path.')
        return [parts[0], *parts[2:]]

    def pool(self, name, missing=errors.not_found_500):
        if name not in self.pools:
            raise missing(name)
        return self.pools[name]

    def project(self, pool, name, missing=errors.not_found_500):
        found = self.pool(
            pool, lambda path: missing(f'{path}/Local')).projects.get(name)
        if found is None:
            raise missing(f'{pool}/Local/{name}')
        return found

    def project_at(self, path, missing=errors.not_found_500):
        return self.project(*self.parts(path, 3), missing)

    def share(self, path, missing=errors.not_found_500):
        pool, project, name = self.parts(path, 4)
        share = self.project(pool, project, missing).shares.get(name)
        if share is None or not self.visible(share):
            raise missing(path)
        return share

    @staticmethod
    def visible(share):
        """Whether a look-up finds it; counts look-ups of a new clone."""
        if share.polls == 0:
            return True
        if share.polls is not None:
            share.polls -= 1
        return False

    def snapshot(self, path, missing=errors.no_dataset):
        share, at, name = path.partition('@')
        if not at:
            raise errors.invalid(f'snapshot path value {path!r}: invalid '
                                 'snapshot path.')
        snapshot = self.share(share, missing).snapshots.get(name)
        if snapshot is None or not snapshot.complete:
            raise missing(path)
        return snapshot

    # Shares

    def create_share(self, project, name, **settings):
        check_name(name, 'share')
        if name in project.shares:
            raise errors.name_taken(f'{project.path}/{name}')
        if (self.smb_mode == 'SMB3' and project.access.nfs_on
                and project.access.smb_on):
            raise errors.ApiError(
                400, 'EZEBI_OPERATION_NOT_ALLOWED', 'A share cannot be '
                'created in a project that is shared over NFS and SMB in '
                'SMB3 mode.')
        return self.add_share(project, name, **settings)

    def set_quota(self, share, quota, minimum=0):
        """quota is in bytes; 0: none."""
        if quota < 0 or 0 < quota < minimum:
            raise errors.invalid(f'quota value {quota} must be 0 or at '
                                 f'least {minimum}.')
        if (0 < quota < share.used
                and self.assumptions.resize_below_used == 'refuse'):
            raise errors.ApiError(
                400, 'EZEBI_GENERAL', f'Unable to set quota of {share.path} '
                ': size is less than current used or reserved space')
        share.quota = quota

    def quota_of_request(self, value):
        """A quota from bytes, as v2 takes it; less than 1 MiB is refused."""
        if 0 < value < MiB or value < 0:
            raise errors.invalid(f'quotaInByte value {value}: must be 0 or '
                                 f'at least {MiB}.')
        return value

    def dependents(self, share):
        """The clones of a share's snapshots, and theirs, and so on."""
        found = []
        for snapshot in share.snapshots.values():
            for clone in snapshot.clones:
                found += [clone, *self.dependents(clone)]
        return found

    def delete_share(self, share, recursive, promote=False,
                     in_use=errors.busy):
        if promote:
            self._promote_clones(share)
        if share.snapshots and not recursive:
            raise in_use(share.path)
        for each in [share, *self.dependents(share)]:
            del each.project.shares[each.name]

    def _promote_clones(self, share):
        while True:
            cloned = [snapshot for snapshot in share.snapshots.values()
                      if snapshot.clones]
            if not cloned:
                return
            self._promote(cloned[-1].clones[0])

    def _promote(self, clone):
        """Hand the origin snapshot and all earlier ones to the clone."""
        source = clone.source
        parent = source.share
        moved = {name: each for name, each in parent.snapshots.items()
                 if each.number <= source.number}
        taken = moved.keys() & clone.snapshots.keys()
        if taken:
            raise errors.name_taken(f'{clone.path}@{min(taken)}')
        self._make_sure_of_room(clone, moved)
        parent.snapshots = {name: each for name, each
                            in parent.snapshots.items() if name not in moved}
        clone.snapshots = {**moved, **clone.snapshots}
        for snapshot in moved.values():
            snapshot.share = clone
        clone.source, parent.source = parent.source, source
        clone.changed()
        parent.changed()

    def _make_sure_of_room(self, clone, moved):
        """For the snapshots that a clone is to take over."""
        after = extents(clone.files)
        for snapshot in (*clone.snapshots.values(), *moved.values()):
            after |= extents(snapshot.files)
        origin = clone.source.share.source
        if origin is not None:
            after -= extents(origin.files)
        if (self.assumptions.promotion_needs_room
                and 0 < clone.quota < size(after)):
            raise errors.ApiError(400, 'EZEBI_GENERAL', 'Unable to promote '
                                  f'{clone.path} : out of space')

    # Snapshots

    def create_snapshot(self, share, name):
        check_name(name, 'snapshot')
        full = PREFIX + name
        if full in share.snapshots:
            raise errors.ApiError(400, 'EZEBI_GENERAL', 'A snapshot with the '
                                  f'same name {share.path}@{full} already '
                                  'exists.')
        return self.add_snapshot(share, full,
                                 self.assumptions.snapshot_polls)

    def add_snapshot(self, share, name, polls=0):
        snapshot = Snapshot(share, name, next(self._numbers), polls)
        share.snapshots[name] = snapshot
        return snapshot

    def clone(self, snapshot, name, inherit):
        check_name(name, 'clone')
        source = snapshot.share
        project = source.project
        if self.assumptions.clone_name == 'project-new':
            name = f'{project.name}-{name}'
        share = self.create_share(project, name)
        share.source = snapshot
        share.files = dict(snapshot.files)
        share.polls = self.assumptions.clone_polls
        share.properties = dict(source.properties)
        if inherit:
            self._inherit(share, source)
        return share

    def _inherit(self, share, source):
        share.protocol = source.protocol
        if self.assumptions.clone_keeps_acls:
            share.access = source.access.copy()
        else:
            share.access.nfs_on = source.access.nfs_on
            share.access.smb_on = source.access.smb_on
            share.access.own_nfs = source.access.own_nfs
            share.access.own_smb = source.access.own_smb
        if self.assumptions.clone_keeps_quota:
            share.quota = source.quota

    def delete_snapshot(self, snapshot, recursive):
        """The clones in the way; none if it was deleted."""
        clones = snapshot.clones
        if clones and not recursive:
            return clones
        for clone in clones:
            self.delete_share(clone, recursive=True)
        del snapshot.share.snapshots[snapshot.name]
        snapshot.share.changed()
        return []

    @staticmethod
    def later_snapshots(snapshot):
        return [each for each in snapshot.share.snapshots.values()
                if each.number > snapshot.number]

    def roll_back(self, snapshot, delete_dependents):
        later = self.later_snapshots(snapshot)
        if later and not delete_dependents:
            raise (errors.busy if self.assumptions.rollback_refusal == 'busy'
                   else errors.later_snapshots)(snapshot.path)
        for each in later:
            self.delete_snapshot(each, recursive=True)
        snapshot.share.files = dict(snapshot.files)
        snapshot.share.changed()
