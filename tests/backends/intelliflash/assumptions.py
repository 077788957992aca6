# SPDX-License-Identifier: Apache-2.0
"""What no public source says about real arrays, to have either way."""

import dataclasses
from dataclasses import dataclass

CHOICES = {
    'allow_existing': ('ok', 'error'),
    'deny_absent': ('ok', 'error'),
    'level_change': ('replace', 'duplicate', 'refuse'),
    'floating_ip': ('first', 'last', 'rotate'),
    'nfs_name': ('mount-point', 'share'),
    'cifs_name': ('display-name', 'share'),
    'resize_below_used': ('refuse', 'accept'),
    'openstack_errors': ('v2', 'text'),
    'openstack_void': ('empty', 'zero', 'null'),
    'clone_name': ('new', 'project-new'),
    'wrong_password': ('401', '403', '200'),
    'display_name': ('project_share', 'project-share', 'share'),
    'snapshot_refusal': ('400', '200'),
    'rollback_refusal': ('busy', 'words'),
    'add_existing_acl': ('replace', 'error'),
    'regex': ('whole', 'part'),
    'extended_data': ('object', 'array', 'missing'),
}


@dataclass(frozen=True)
class Assumptions:
    """Each field: what is unknown.  The default is the likelier answer.

    Access rules of the `openstack` service
    allow_existing: whether allowing a rule that exists, at the same level,
        succeeds; if not, allow_existing_error is (status, code).
    deny_absent: the same for denying a rule that does not exist, with
        deny_absent_error.
    deny_level: whether a denial has to name the level of the rule.
    level_change: allowing an existing rule at another level replaces it,
        adds a second entry (the first one then counts), or is refused with
        allow_existing_error.
    cidr, ipv6: whether shareAllowAccess takes networks and IPv6 addresses.
        ipv6 also goes for v2.
    known_users: the users that rules may name; None: whatever is given.
    user_rules_listed: whether user rules made here show in v2's aclList.
    nfs_root: whether rules made here let root be root.
    access_shares: whether allowing access switches the protocol's sharing
        on, in case it is off.

    Names and addresses
    floating_ip: which of a pool's floating IPs is in "ip name".
    nfs_name, cifs_name: what the name in "ip name" is.
    clone_name: a clone is called as asked, or <project>-<name>.
    display_name: how SMB display names are made up.

    Sizes
    string_stats: numbers in getArrayStats are strings.
    string_numbers: sizes in v2 replies are strings.
    resize_below_used: a quota below the used space is refused or accepted.
    promotion_needs_room: a clone is not promoted if what it takes over does
        not fit in its quota, as with ZFS.
    quota_writable: modifyShareProperties also takes "quota" (bytes, -1:
        none), which the guides call read only.

    Things that take time
    snapshot_polls: so many status calls say that a snapshot is in progress
        (None: until Array.finish_snapshots()).  Until then it is not listed.
    clone_polls: so many look-ups do not find a new clone (None: until
        Array.finish_clones()).
    project_deletion_polls: so many getProject still find a deleted project.

    Copies
    clone_keeps_acls, clone_keeps_quota: whether a clone that is to inherit
        the settings of its source gets these.

    Replies
    openstack_errors: like v2's, or plain text with status 500.
    openstack_void: the body of calls of `openstack` that return nothing.
    create_project: openstack/createShare makes a missing project.
    wrong_password: the status that goes with the page "Access Denied".
    missing_project_fails: deleteShare answers 500 if the project is missing,
        even if told not to mind a missing share.
    snapshot_refusal: status with which deleteShareSnapshot answers that
        clones stand in the way, or that there is no such snapshot.
    mountpoints_listed: whether listShares tells mount points, or null.
    rollback_refusal: rollBackToShareSnapshot calls what has later snapshots
        busy, or tells of these in words alone.
    wrapped_snapshot_status: getShareSnapshotCreationStatus answers an array
        with the object in it.
    extended_data: form of "extendedData" in errors without any.
    message_key: the key that holds an error's message.

    v2 access
    v2_cidr: whether network ACLs take networks.
    add_existing_acl: whether adding an ACL for a host that has one replaces
        it or fails.
    empty_acl_open: a share that is shared over NFS and has no ACL is open to
        everybody. Unlikely: the vendor's own CSI driver takes a share's
        exports back by removing all of its ACL, and nothing else.

    Others
    keep_alive: connections serve more than one request.
    regex: listSnapshots' expression has to match the whole name or a part.
    gigabyte: the "GB" of resizeShare.
    """

    allow_existing: str = 'ok'
    allow_existing_error: tuple = (400, 'EZEBI_RESOURCE_EXIST')
    deny_absent: str = 'ok'
    deny_absent_error: tuple = (404, 'EZEBI_RESOURCE_NOT_FOUND')
    deny_level: bool = False
    level_change: str = 'replace'
    cidr: bool = True
    ipv6: bool = False
    known_users: tuple = None
    user_rules_listed: bool = True
    nfs_root: bool = True
    access_shares: bool = True

    floating_ip: str = 'first'
    nfs_name: str = 'mount-point'
    cifs_name: str = 'display-name'
    clone_name: str = 'new'
    display_name: str = 'project_share'

    string_stats: bool = True
    string_numbers: bool = False
    resize_below_used: str = 'refuse'
    promotion_needs_room: bool = True
    quota_writable: bool = False

    snapshot_polls: int = 0
    clone_polls: int = 0
    project_deletion_polls: int = 0

    clone_keeps_acls: bool = True
    clone_keeps_quota: bool = True

    openstack_errors: str = 'v2'
    openstack_void: str = 'empty'
    create_project: bool = False
    wrong_password: str = '401'
    missing_project_fails: bool = True
    snapshot_refusal: str = '400'
    rollback_refusal: str = 'busy'
    mountpoints_listed: bool = True
    wrapped_snapshot_status: bool = False
    extended_data: str = 'object'
    message_key: str = 'message'

    v2_cidr: bool = True
    add_existing_acl: str = 'replace'
    empty_acl_open: bool = False

    keep_alive: bool = True
    regex: str = 'whole'
    gigabyte: int = 2 ** 30

    def __post_init__(self):
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f'{name}={value!r}: not in {choices}')

    @classmethod
    def from_words(cls, words):
        """From "name=value" words, as on a command line."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        values = {}
        for word in words:
            name, _, text = word.partition('=')
            if name not in fields:
                raise ValueError(f'no assumption is called {name!r}')
            values[name] = _value(fields[name], text)
        return cls(**values)


def _value(field, text):
    if text.lower() == 'none':
        return None
    if field.type is bool:
        if text.lower() not in ('true', 'false'):
            raise ValueError(f'{field.name}={text!r}: not true or false')
        return text.lower() == 'true'
    if field.type is tuple:
        return tuple(int(part) if part.isdigit() else part
                     for part in text.split(','))
    return field.type(text)
