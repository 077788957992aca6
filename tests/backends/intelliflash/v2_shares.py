# SPDX-License-Identifier: Apache-2.0
"""The documented service: shares."""

import fnmatch

from . import errors
from .levels import V20, V21, V24
from .model import KiB, MiB
from .registry import (NOTHING, array, boolean, mapping, member, number,
                       text)
from .v2 import PROPERTIES, V2, sized

_BLOCKS = ('4KB', '8KB', '16KB', '32KB', '64KB', '128KB')
_UNITS = ('Bytes', 'KB', 'MB', 'GB', 'TB', 'PB')


def brief(state, share, free):
    """The object of listShares.  `free` is what the project has left."""
    space = share.space(free)
    return {'poolName': share.pool.name,
            'projectName': share.project.name, 'name': share.name,
            'availableSize': sized(state, space.available),
            'totalSize': sized(state, space.total),
            'datasetPath': share.path,
            'mountpoint': (share.mount_point
                           if state.assumptions.mountpoints_listed else None),
            'local': True}


@V2.method('listShares', V20, text, text, boolean)
def list_shares(state, pool, project, local):
    found = state.project(pool, project)
    if not local:
        return []
    free = found.available
    return [brief(state, share, free) for share in found.shares.values()
            if state.visible(share)]


@V2.method('listSharesByMountPoints', V21, array)
def list_shares_by_mount_points(state, patterns):
    found = {}
    projects = [(project, project.available)
                for pool in state.pools.values()
                for project in pool.projects.values()]
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise errors.invalid('listSharesByMountPoints.arg0 value '
                                 f'{pattern!r}: not a string.')
        found[pattern] = [
            brief(state, share, free) for project, free in projects
            for share in project.shares.values()
            if fnmatch.fnmatchcase(share.mount_point, pattern)]
    return found


@V2.method('createShare', V20, text, text, text, array)
def create_share(state, pool, project, name, permissions):
    return create_share_with_options(state, pool, project, name, {},
                                     permissions)


@V2.method('createShare', V20, text, text, text, mapping, array)
def create_share_with_options(state, pool, project, name, options,
                              permissions):
    quota = member(options, 'quota', number, -1)
    reservation = member(options, 'reservation', number, -1)
    block = member(options, 'blockSize', text, '32KB')
    for value in (quota, reservation):
        if value < -1 or 0 <= value < MiB:
            raise errors.invalid('createShare.arg3 quota or reservation '
                                 f'value {value}: must be -1 or at least '
                                 f'{MiB}.')
    if block not in _BLOCKS:
        raise errors.invalid(f'createShare.arg3.blockSize value {block!r}: '
                             f'must be one of {", ".join(_BLOCKS)}.')
    found = state.project(pool, project, errors.no_dataset)
    share = state.create_share(
        found, name, quota=max(0, quota),
        mount_point=member(options, 'mountPoint', text, '') or None)
    share.reservation = max(0, reservation)
    share.properties['recordSize'] = block
    share.permissions = permissions
    for entry in permissions:
        _permit(share, entry)
    return 0


def _permit(share, entry):
    if not isinstance(entry, dict):
        raise errors.invalid(f'createShare permission value {entry!r}.')
    if member(entry, 'sharePermissionMode', number, 0) != 0:
        return
    kind = member(entry, 'sharePermissionEnum', number, 0)
    if kind == 0:
        share.users['Everyone'] = 'rw'
    elif kind == 1:
        for user in member(entry, 'userList', array, []):
            share.users[user['userName']] = 'rw'


# Deletion has two forms that answer differently.

def find_to_delete(state, path, must_exist, missing):
    """The share, or None if it does not exist and need not."""
    try:
        return state.share(path, missing)
    except errors.ApiError as error:
        if must_exist or not error.missing:
            raise
    try:
        state.project(*state.parts(path, 4)[:2])
    except errors.ApiError:
        if state.assumptions.missing_project_fails:
            raise
    return None


@V2.method('deleteShare', V20, text, boolean, boolean)
def delete_share(state, path, recursive, must_exist):
    share = find_to_delete(state, path, must_exist, errors.not_found_500)
    if share is not None:
        state.delete_share(share, recursive)
    return NOTHING


@V2.method('deleteShare', V21, text, boolean, boolean, boolean)
def delete_share_promote(state, path, recursive, must_exist, promote):
    share = find_to_delete(state, path, must_exist, errors.not_found_404)
    if share is not None:
        state.delete_share(share, recursive, promote, _in_use)
    return 0


def _in_use(path):
    return errors.ApiError(400, 'EZEBI_RESOURCE_INUSE',
                           f'Unable to delete {path} : it has snapshots.')


@V2.method('getShare', V21, text)
def get_share(state, path):
    share = state.share(path)
    space = share.space()
    unit = _unit(share.quota)
    found = {
        'name': share.name, 'poolName': share.pool.name,
        'projectName': share.project.name, 'guid': share.guid,
        'compression': 'lz4', 'dedup': 'off', 'readonly': 'off',
        'localDataset': True, 'zfsDataSetName': share.path,
        'quotaInByte': sized(state, share.quota),
        'quota': round(share.quota / KiB ** unit, 2),
        'quotaMetric': _UNITS[unit], 'quotaEnabled': share.quota > 0,
        'reservationInByte': sized(state, share.reservation),
        'mountPoint': share.mount_point,
        'availableSize': sized(state, space.available),
        'totalSize': sized(state, space.total),
        'overrideSharenfs': share.access.own_nfs,
        'overrideSharesmb': share.access.own_smb,
        'cifsDisplayName': share.display_name,
        'guestStatus': share.guest, 'recordSize': '32KB',
        'containerName': 'Local', 'aclList': _acl_list(state, share),
        **share.properties}
    if state.firmware >= V24:
        found.update(sharenfs=share.sharenfs, sharesmb=share.sharesmb)
    return found


def _unit(quota):
    unit = 0
    while quota >= KiB ** (unit + 1) and unit + 1 < len(_UNITS):
        unit += 1
    return unit


def _acl_list(state, share):
    if (share.protocol == 'NFS'
            and not state.assumptions.user_rules_listed):
        return []
    return [{'aclType': 'User', 'aclUser': user,
             'aclValDisplay': ('rwxpdDaARWcCos' if level == 'rw'
                               else 'r-x---a-R-c--s'),
             'aclVal': 2032127 if level == 'rw' else 1179817,
             'aclMode': 'Allow', 'aclInheritanceFlag': 'Default',
             'userId': 100 + number, 'groupId': 0}
            for number, (user, level) in enumerate(share.users.items())]


@V2.method('getShareProperty', V21, text, text)
def get_share_property(state, path, name):
    found = get_share(state, path)
    if name not in found:
        raise errors.invalid(f'getShareProperty.arg1 value {name!r}: '
                             'unknown property.')
    return {'propertyKey': name, 'propertyValue': found[name]}


@V2.method('modifyShareProperties', V21, text, mapping)
def modify_share_properties(state, path, values):
    share = state.share(path)
    for name, value in values.items():
        if name == 'quotaInByte':
            state.set_quota(share, state.quota_of_request(
                member(values, name, number, 0)))
        elif name == 'quota' and state.assumptions.quota_writable:
            state.set_quota(share, state.quota_of_request(
                max(0, member(values, name, number, -1))))
        elif name == 'reservationInByte':
            share.reservation = state.quota_of_request(
                member(values, name, number, 0))
        elif name == 'mountPoint':
            if share.access.nfs_on or share.access.smb_on:
                raise errors.invalid(
                    f'Unable to change the mount point of {path} : it is '
                    'shared.', code='EZEBI_INVALID_MOUNT_POINT')
            share.mount_point = member(values, name, text, '')
        elif name in PROPERTIES:
            share.properties[name] = value
        else:
            raise errors.invalid(f'modifyShareProperties.arg1.{name}: '
                                 'unknown or read only property.')
    return 0


@V2.method('getDatasetSpaceInfo', V21, text)
def get_dataset_space_info(state, path):
    if path.count('/') == 2:
        project = state.project_at(path, errors.not_found_404)
        parts = [share.space(0) for share in project.shares.values()]
        data = sum(part.data for part in parts)
        held = sum(part.snapshots for part in parts)
        free, quota, reservation = project.available, project.quota, 0
    else:
        share = state.share(path, errors.not_found_404)
        data, held, free = share.space()
        quota, reservation = share.quota, share.reservation
    return {'originalUsedByDataAndSnapshot': sized(state, data + held),
            'usedByDataAndSnapshot': sized(state, data + held),
            'compressionSavingsPercentage': 0,
            'available': sized(state, free),
            'usedByData': sized(state, data),
            'usedBySnapshot': sized(state, held),
            'usedByReservation': sized(
                state, max(0, reservation - data - held)),
            'quota': sized(state, quota), 'volSize': 0}
