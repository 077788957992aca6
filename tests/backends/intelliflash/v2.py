# SPDX-License-Identifier: Apache-2.0
"""The documented service: the system, pools and projects."""

from . import errors, levels
from .levels import V20, V21, V22
from .registry import (Registry, array, boolean, mapping, member, number,
                       text)
from .state import check_name

V2 = Registry('v2', V20)


def sized(state, value):
    """A size in a reply."""
    return str(value) if state.assumptions.string_numbers else value


@V2.method('listSystemProperties', V20, array)
def list_system_properties(state, names):
    version = levels.api_version(state.firmware)
    known = {
        'ZEBI_API_VERSION': version,
        'ZEBI_API_MINOR_VERSION': 'A1',
        'ZEBI_GUI_VERSION': state.firmware_name,
        'ZEBI_APPLIANCE_VERSION': state.firmware_name,
        'ZEBI_APPLIANCE_MODEL': 'T4700',
        'ZEBI_SUPPORTED_TDPS_API_VERSIONS': version,
        'INTELLIFLASH_ARRAY_GUID': state.guid,
        'INTELLIFLASH_ARRAY_FQDN': 'intelliflash.example.org'}
    # Not an error reply, and not the documented form of one.
    return [known.get(name, 'EZEBI_RESOURCE_NOT_FOUND')
            if isinstance(name, str) else 'EZEBI_RESOURCE_NOT_FOUND'
            for name in names]


@V2.method('getSMBConfig', V22)
def get_smb_config(state):
    return {'smbProtocolMode': state.smb_mode}


# Pools

@V2.method('listPools', V20)
def list_pools(state):
    pools = []
    for pool in state.pools.values():
        used = pool.used
        pools.append({'name': pool.name,
                      'availableSize': sized(state, pool.size - used),
                      'totalSize': sized(state, pool.size)})
    return pools


@V2.method('getPoolSpaceInfo', V21, text)
def get_pool_space_info(state, name):
    pool = state.pool(name, errors.not_found_404)
    data = snapshots = reserved = 0
    for project in pool.projects.values():
        for share in project.shares.values():
            space = share.space(0)
            data += space.data
            snapshots += space.snapshots
            reserved += max(0, share.reservation - space.used)
    return {'totalPoolSize': sized(state, pool.size),
            'available': sized(state, pool.available),
            'usedByAll': sized(state, data + snapshots + reserved),
            'usedByData': sized(state, data),
            'usedBySnapshot': sized(state, snapshots),
            'usedByReservation': sized(state, reserved),
            'compressionSavingsPercentage': 0,
            'dedupeSavingsPercentage': 0, 'totalSavingsPercentage': 0}


@V2.method('getFloatingIPList', V22, text)
def get_floating_ip_list(state, name):
    pools = [state.pool(name)] if name else state.pools.values()
    return [{'resourceGroupName': f'defaultResourceGroup{number}',
             'failoverMode': 'Immediately', 'ipAddress': address,
             'netmask': '255.255.255.0', 'poolName': pool.name}
            for number, pool in enumerate(pools, 1)
            for address in pool.floating_ips]


# Projects

@V2.method('listProjects', V20, text, boolean)
def list_projects(state, pool, local):
    found = state.pool(pool, lambda name: errors.not_found_500(
        f'{name}/Local'))
    return [{'poolName': pool, 'name': name, 'local': True}
            for name in found.projects] if local else []


@V2.method('createProject', V21, mapping)
def create_project(state, values):
    name = member(values, 'projectName', text, '')
    check_name(name, 'project')
    pool = state.pool(member(values, 'poolName', text, ''),
                      errors.no_dataset)
    if name in pool.projects:
        raise errors.name_taken(f'{pool.name}/Local/{name}')
    quota = state.quota_of_request(member(values, 'quotaInByte', number, 0))
    protocols = member(values, 'intendedProtocolList', array,
                       ['NFS', 'SMB', 'iSCSI', 'FC'])
    state.deleted_projects.pop(f'{pool.name}/Local/{name}', None)
    state.add_project(pool.name, name, quota=quota, protocols=protocols)
    return 0


def _project(state, project):
    used, free = project.used, project.available
    return {'name': project.name, 'projectName': project.name,
            'poolName': project.pool.name, 'localProject': True,
            'zfsDataSetName': project.path, 'containerName': 'Local',
            'quotaInByte': sized(state, project.quota),
            'reservationInByte': sized(state, project.reservation),
            'availableSize': sized(state, free),
            'totalSize': sized(state, used + free),
            'intendedProtocolList': list(project.protocols),
            **project.properties}


@V2.method('getProject', V21, text, text, boolean)
def get_project(state, pool, name, local):
    path = f'{pool}/Local/{name}'
    if path in state.deleted_projects:
        entry = state.deleted_projects[path]
        entry[1] -= 1
        if entry[1] < 1:
            del state.deleted_projects[path]
        return _project(state, entry[0])
    if not local:
        raise errors.not_found_500(f'{pool}/Replica/{name}')
    return _project(state, state.project(pool, name))


@V2.method('modifyProjectProperties', V21, text, mapping)
def modify_project_properties(state, path, values):
    project = state.project_at(path)
    for name, value in values.items():
        if name == 'quotaInByte':
            quota = state.quota_of_request(member(values, name, number, 0))
            if 0 < quota < project.used:
                raise errors.ApiError(
                    400, 'EZEBI_GENERAL', f'Unable to set quota of {path} : '
                    'size is less than current used or reserved space')
            project.quota = quota
        elif name == 'reservationInByte':
            project.reservation = member(values, name, number, 0)
        elif name in PROPERTIES:
            project.properties[name] = value
        else:
            raise errors.invalid(f'modifyProjectProperties.arg1.{name}: '
                                 'unknown property.')
    return 0


@V2.method('deleteProject', V21, text)
def delete_project(state, path):
    project = state.project_at(path, errors.not_found_404)
    shares = list(project.shares.values())
    for share in shares:
        state.delete_share(share, recursive=True)
    del project.pool.projects[project.name]
    if state.assumptions.project_deletion_polls:
        state.deleted_projects[path] = [
            project, state.assumptions.project_deletion_polls]
    return 0


PROPERTIES = ('compression', 'dedup', 'readonly', 'recordSize', 'sync',
              'atime', 'nbmand', 'primaryCache', 'secondaryCache',
              'logbias', 'guestStatus')
