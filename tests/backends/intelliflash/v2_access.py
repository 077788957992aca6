# SPDX-License-Identifier: Apache-2.0
"""The documented service: sharing and network ACLs."""

from . import errors
from .access import NfsAcl, SmbAcl, network, well_formed
from .levels import V21
from .registry import array, boolean, member, text
from .v2 import V2


def _share(state, path):
    return state.share(path, errors.not_found_500)


def _project(state, path):
    return state.project_at(path, errors.not_found_404)


# Sharing

def _one_protocol(state, path, other_is_on):
    if state.smb_mode == 'SMB3' and other_is_on:
        raise errors.ApiError(
            400, 'EZEBI_OPERATION_NOT_ALLOWED', f'Unable to share {path} : '
            'NFS and SMB exclude each other in SMB3 mode.')


@V2.method('setNFSSharingOnShare', V21, text, boolean)
def set_nfs_sharing_on_share(state, path, enable):
    access = _share(state, path).access
    if enable:
        _one_protocol(state, path, access.smb_on)
    access.nfs_on = enable
    return 0


@V2.method('setSMBSharingOnShare', V21, text, boolean, text, boolean)
def set_smb_sharing_on_share(state, path, enable, display_name, guest):
    share = _share(state, path)
    if enable:
        _one_protocol(state, path, share.access.nfs_on)
        share.display_name = display_name or share.display_name
        share.guest = guest
    share.access.smb_on = enable
    share.access.smb = []
    return 0


@V2.method('isShareExposedOverNFS', V21, text)
def is_share_exposed_over_nfs(state, path):
    return _share(state, path).access.nfs_on


@V2.method('isShareExposedOverSMB', V21, text)
def is_share_exposed_over_smb(state, path):
    return _share(state, path).access.smb_on


@V2.method('inheritNetworkACLsettingsFromProject', V21, text)
def inherit_network_acl_settings(state, path):
    access = _share(state, path).access
    access.own_nfs = access.own_smb = False
    access.nfs, access.smb = [], []
    return 0


# Network ACLs: the same calls for two protocols, on shares and projects.

class _Nfs:
    word = 'NFS'

    @staticmethod
    def acl(host, mode, root=False):
        return NfsAcl(host, mode, root)

    @staticmethod
    def shown(acl):
        return {'rootAccessForNFS': acl.root}

    @staticmethod
    def enabled(access):
        return access.nfs_on

    @staticmethod
    def acls(access):
        return access.nfs

    @staticmethod
    def own(access):
        return access.own_nfs

    @staticmethod
    def set(access, acls):
        access.nfs, access.own_nfs = acls, True


class _Smb:
    word = 'SMB'

    @staticmethod
    def acl(host, mode, root=False):
        return SmbAcl(host, mode)

    @staticmethod
    def shown(acl):
        return {}

    @staticmethod
    def enabled(access):
        return access.smb_on

    @staticmethod
    def acls(access):
        return access.smb

    @staticmethod
    def own(access):
        return access.own_smb

    @staticmethod
    def set(access, acls):
        access.smb, access.own_smb = acls, True


def _check(state, kind, host, mode, where):
    if kind not in ('IP', 'FQDN'):
        raise errors.invalid(f'{where} value {kind!r}: host type can only be '
                             '"IP" or "FQDN".')
    if not well_formed(host, kind, state.assumptions.v2_cidr,
                       state.assumptions.ipv6):
        raise errors.invalid(
            'Internet Protocol Network Address is in the wrong format. '
            'Expecting a address in the NNN.NNN.NNN.NNN format.',
            code='EZEBI_INVALID_ARGUMENT')
    if mode not in ('rw', 'ro'):
        raise errors.invalid(
            f'{where} value {mode!r}: Network ACL can only be "rw" for read '
            'and write or "ro" for read only.')


class _Calls:
    """The calls of one protocol on one kind of dataset."""

    def __init__(self, protocol, find, on):
        self.protocol = protocol
        self.find = find
        self.on = on

    def access(self, state, path):
        access = self.find(state, path).access
        if self.on == 'Share' and not self.protocol.enabled(access):
            raise errors.ApiError(
                500, 'EZEBI_RESOURCE_NOT_FOUND', f'{self.protocol.word} '
                f"sharing is not enabled for the specified share '{path}'.")
        return access

    def add(self, state, path, kind, host, mode, root=False):
        access = self.access(state, path)
        _check(state, kind, host, mode,
               f'add{self.protocol.word}NetworkACLOn{self.on}')
        acls = self.protocol.acls(access)
        if (state.assumptions.add_existing_acl == 'error'
                and any(acl.host == host for acl in acls)):
            raise errors.ApiError(
                400, 'EZEBI_RESOURCE_EXIST',
                f"The specified ACL '@{host}' exists already.")
        new = self.protocol.acl(host, mode, root)
        if any(acl.host == host for acl in acls):
            acls = [new if acl.host == host else acl for acl in acls]
        else:
            acls = [*acls, new]
        self.protocol.set(access, acls)
        return 0

    def remove(self, state, path, kind, host):
        access = self.access(state, path)
        acls = self.protocol.acls(access)
        if all(acl.host != host for acl in acls):
            raise errors.ApiError(
                404, 'EZEBI_RESOURCE_NOT_FOUND', f"The specified ACL "
                f"'@{host}' does not belong to the dataset.")
        self.protocol.set(access, [acl for acl in acls if acl.host != host])
        return 0

    def remove_all(self, state, path):
        self.protocol.set(self.access(state, path), [])
        return 0

    def get(self, state, path):
        """The ACLs in force: the project's if the share has none of its
        own."""
        access = self.access(state, path)
        if self.on == 'Share' and not self.protocol.own(access):
            access = self.find(state, path).project.access
        return [{'hostType': 'FQDN' if network(acl.host) is None else 'IP',
                 'host': acl.host, 'accessMode': acl.mode,
                 **self.protocol.shown(acl)}
                for acl in self.protocol.acls(access)]

    def set(self, state, path, wanted):
        access = self.access(state, path)
        name = f'set{self.protocol.word}NetworkACLsOn{self.on}'
        acls = {}
        for number, value in enumerate(wanted):
            where = f'{name}.arg1[{number}]'
            if not isinstance(value, dict):
                raise errors.invalid(f'{where} value {value!r}.')
            host = member(value, 'host', text, '')
            mode = member(value, 'accessMode', text, '')
            _check(state, member(value, 'hostType', text, 'IP'), host, mode,
                   where)
            acls[host] = self.protocol.acl(host, mode, member(
                value, 'rootAccessForNFS', boolean, False))
        self.protocol.set(access, list(acls.values()))
        return 0

    def register(self):
        word, on = self.protocol.word, self.on
        root = [boolean] if self.protocol is _Nfs else []
        for name, types, function in (
                (f'add{word}NetworkACLOn{on}', [text] * 4 + root, self.add),
                (f'remove{word}NetworkACLOn{on}', [text] * 3, self.remove),
                (f'removeAll{word}NetworkACLsOn{on}', [text],
                 self.remove_all),
                (f'get{word}NetworkACLsOn{on}', [text], self.get),
                (f'set{word}NetworkACLsOn{on}', [text, array], self.set)):
            V2.method(name, V21, *types)(function)


for _protocol in (_Nfs, _Smb):
    _Calls(_protocol, _share, 'Share').register()
    _Calls(_protocol, _project, 'Project').register()
