# SPDX-License-Identifier: Apache-2.0
"""The private service that only OpenStack's drivers use."""

from . import errors, v2_shares, v2_snapshots
from .access import NfsAcl, well_formed
from .levels import ANY
from .model import GiB
from .registry import NOTHING, Registry, boolean, mapping, text
from .state import check_name

OPENSTACK = Registry('openstack', ANY)


def _done(state):
    return {'empty': NOTHING, 'zero': 0,
            'null': None}[state.assumptions.openstack_void]


def _protocol(value):
    if value not in ('NFS', 'CIFS'):
        raise errors.invalid(f'protocol value {value!r}: must be NFS or '
                             'CIFS.')
    return value


def _address(state, pool):
    if not pool.floating_ips:
        raise errors.ApiError(500, 'EZEBI_GENERAL', 'There is no floating '
                              f'IP in the resource group of {pool.name}.')
    which = state.assumptions.floating_ip
    if which == 'rotate':
        pool.next_ip = (pool.next_ip + 1) % len(pool.floating_ips)
        return pool.floating_ips[pool.next_ip - 1]
    return pool.floating_ips[0 if which == 'first' else -1]


def location(state, share):
    """The "ip name" of a share."""
    if share.access.smb_on and not share.access.nfs_on:
        name = (share.name if state.assumptions.cifs_name == 'share'
                else share.display_name)
    else:
        name = (share.name if state.assumptions.nfs_name == 'share'
                else share.mount_point)
    return f'{_address(state, share.pool)} {name}'


@OPENSTACK.method('createShare', ANY, text, text, text, text)
def create_share(state, pool, project, name, protocol):
    _protocol(protocol)
    found = state.pool(pool, errors.no_dataset)
    if project not in found.projects and state.assumptions.create_project:
        check_name(project, 'project')
        state.add_project(pool, project)
    share = state.create_share(
        state.project(pool, project, errors.no_dataset), name,
        protocol=protocol)
    return location(state, share)


@OPENSTACK.method('deleteShare', ANY, text, boolean, boolean)
def delete_share(state, path, recursive, must_exist):
    v2_shares.delete_share(state, path, recursive, must_exist)
    return _done(state)


@OPENSTACK.method('resizeShare', ANY, text, text, text)
def resize_share(state, path, amount, unit):
    share = state.share(path)
    if unit != 'GB' or not amount.isdigit() or int(amount) < 1:
        raise errors.invalid(f'resizeShare size {amount!r} {unit!r}.')
    state.set_quota(share, int(amount) * state.assumptions.gigabyte)
    return _done(state)


@OPENSTACK.method('createShareSnapshot', ANY, mapping, text, boolean)
def create_share_snapshot(state, share, name, quiesce):
    v2_snapshots.create_share_snapshot(state, share, name, quiesce)
    return _done(state)


@OPENSTACK.method('deleteShareSnapshot', ANY, text, boolean)
def delete_share_snapshot(state, path, recursive):
    return v2_snapshots.delete_share_snapshot(state, path, recursive)


@OPENSTACK.method('cloneShareSnapshot', ANY, text, text, boolean)
def clone_share_snapshot(state, path, name, inherit):
    snapshot = state.snapshot(path, errors.no_dataset)
    return location(state, state.clone(snapshot, name, inherit))


@OPENSTACK.method('getShareIPAndMountPoint', ANY, text)
def get_share_ip_and_mount_point(state, path):
    return location(state, state.share(path))


# Access

def _rule(state, path, protocol, kind, whom, level):
    share = state.share(path)
    _protocol(protocol)
    if kind not in ('ip', 'user') or (protocol, kind) == ('CIFS', 'ip'):
        raise errors.invalid(f'access type value {kind!r} for {protocol}.')
    if level not in ('rw', 'ro'):
        raise errors.invalid(f'access level value {level!r}: must be "rw" '
                             'or "ro".')
    return share


def _refuse(status_and_code, message):
    status, code = status_and_code
    return errors.ApiError(int(status), code, message)


@OPENSTACK.method('shareAllowAccess', ANY, text, text, text, text, text)
def share_allow_access(state, path, protocol, kind, whom, level):
    assume = state.assumptions
    share = _rule(state, path, protocol, kind, whom, level)
    access = share.access
    if kind == 'ip':
        if not well_formed(whom, 'IP', assume.cidr, assume.ipv6):
            raise errors.invalid(
                'Internet Protocol Network Address is in the wrong format. '
                'Expecting a address in the NNN.NNN.NNN.NNN format.')
        old = [acl.mode for acl in access.nfs if acl.host == whom]
    else:
        if not whom or (assume.known_users is not None
                        and whom not in assume.known_users):
            raise errors.invalid(f'User {whom!r} does not exist.')
        old = [access.users[whom]] if whom in access.users else []
    if level in old and assume.allow_existing == 'error' or (
            old and level not in old and assume.level_change == 'refuse'):
        raise _refuse(assume.allow_existing_error,
                      f"The specified ACL '@{whom}' exists already.")
    if assume.access_shares:
        if protocol == 'NFS':
            access.nfs_on = access.own_nfs = True
        else:
            access.smb_on = access.own_smb = True
    if level in old:
        return _done(state)
    if kind == 'user':
        if not old or assume.level_change == 'replace':
            access.users[whom] = level
        return _done(state)
    new = NfsAcl(whom, level, assume.nfs_root)
    if old and assume.level_change == 'replace':
        access.nfs = [new if acl.host == whom else acl
                      for acl in access.nfs]
    else:
        access.nfs = [*access.nfs, new]
    access.own_nfs = True
    return _done(state)


@OPENSTACK.method('shareDenyAccess', ANY, text, text, text, text, text)
def share_deny_access(state, path, protocol, kind, whom, level):
    access = _rule(state, path, protocol, kind, whom, level).access
    levels = [level] if state.assumptions.deny_level else ['rw', 'ro']
    if kind == 'user':
        found = access.users.get(whom) in levels
        if found:
            del access.users[whom]
    else:
        kept = [acl for acl in access.nfs
                if acl.host != whom or acl.mode not in levels]
        found = len(kept) < len(access.nfs)
        access.nfs = kept
    if not found and state.assumptions.deny_absent == 'error':
        raise _refuse(state.assumptions.deny_absent_error,
                      f"The specified ACL '@{whom}' does not belong to the "
                      'dataset.')
    return _done(state)


@OPENSTACK.method('clearAccessRules', ANY, text, text)
def clear_access_rules(state, path, protocol):
    access = state.share(path).access
    if _protocol(protocol) == 'NFS':
        access.nfs = []
    access.users = {}
    return _done(state)


@OPENSTACK.method('getArrayStats', ANY)
def get_array_stats(state):
    def number(value):
        return str(value) if state.assumptions.string_stats else value

    pools = []
    total = free = 0
    for pool in state.pools.values():
        available = pool.available
        total += pool.size
        free += available
        pools.append({'pool_name': pool.name,
                      'total_capacity_gb': number(pool.size / GiB),
                      'free_capacity_gb': number(available / GiB),
                      'QoS_support': False,
                      'reserved_percentage': number(0)})
    return {'total_capacity_gb': number(total / GiB),
            'free_capacity_gb': number(free / GiB), 'pools': pools}
