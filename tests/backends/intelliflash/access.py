# SPDX-License-Identifier: Apache-2.0
"""Who may do what: network ACLs, users, and what comes of them."""

import copy
import ipaddress
import re
from typing import NamedTuple

_HOST_NAME = re.compile(r'[*@.\w-]*[A-Za-z*][*.\w-]*')


class NfsAcl(NamedTuple):
    host: str
    mode: str
    root: bool


class SmbAcl(NamedTuple):
    host: str
    mode: str


def network(host):
    """The IP network that a host stands for, None if it is a name."""
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        return None


def well_formed(host, kind, cidr, ipv6):
    """Whether an ACL of this kind ("IP" or "FQDN") can have that host."""
    if kind != 'IP':
        return _HOST_NAME.fullmatch(host) is not None
    found = network(host)
    if found is None:
        return False
    return (cidr or '/' not in host) and (ipv6 or found.version == 4)


class Access:
    """The access settings of a share or a project."""

    def __init__(self):
        self.nfs_on = False
        self.smb_on = False
        self.nfs = []                   # of NfsAcl
        self.smb = []                   # of SmbAcl
        self.own_nfs = False            # else the project's ACLs count
        self.own_smb = False
        self.users = {}                 # name -> 'rw' or 'ro'

    def copy(self):
        other = copy.copy(self)
        other.nfs = list(self.nfs)
        other.smb = list(self.smb)
        other.users = dict(self.users)
        return other


def _of_host(acls, client):
    """The mode that ACLs give a host.

    The one for the smallest network that it is in counts, and of several for
    the same host the first.
    """
    address = network(client)
    best, mode = -1, None
    for acl in acls:
        if acl.host == client:
            length = 1000
        else:
            net = network(acl.host)
            if (net is None or address is None
                    or net.version != address.version
                    or not address.subnet_of(net)):
                continue
            length = net.prefixlen
        if length > best:
            best, mode = length, acl.mode
    return mode


def _lower(first, second):
    if None in (first, second):
        return None
    return 'ro' if 'ro' in (first, second) else 'rw'


def _nfs(share, client, open_if_empty):
    settings = share.access
    if not settings.nfs_on:
        return None
    if client in settings.users:
        return settings.users[client]
    acls = settings.nfs if settings.own_nfs else share.project.access.nfs
    if not acls and open_if_empty:
        return 'rw'
    return _of_host(acls, client)


def _smb(share, client):
    settings = share.access
    if not settings.smb_on:
        return None
    if network(client) is None:
        return settings.users.get(client, settings.users.get('Everyone'))
    acls = settings.smb if settings.own_smb else share.project.access.smb
    return _of_host(acls, client) if acls else 'rw'


def may(share, client, protocol, open_if_empty=False):
    """'rw', 'ro' or None.

    client: a user, the address or name of a host, or (user, host), which
    gives the lower of both.  A host may use CIFS if no network ACL forbids
    it.
    """
    if isinstance(client, tuple):
        user, host = client
        return _lower(may(share, user, protocol, open_if_empty),
                      may(share, host, protocol, open_if_empty))
    if protocol == 'NFS':
        mode = _nfs(share, client, open_if_empty)
    elif protocol in ('CIFS', 'SMB'):
        mode = _smb(share, client)
    else:
        raise ValueError(f'protocol {protocol!r}')
    if mode == 'rw' and share.properties.get('readonly') == 'on':
        mode = 'ro'
    return mode
