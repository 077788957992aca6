# SPDX-License-Identifier: Apache-2.0
"""The state of Cluster Export Services: NFS exports, services, addresses.

A model like `cluster`; `ces_commands` builds mmnfs, mmces and mmuserauth on
it.  Rules are those of IBM's mmnfs page: one ordered client list per export,
the first match counts, option names do not depend on case, list values are
written with ":".  Export ids only ever grow, as mmnfs numbers them.

`subscribe` is how a real NFS server follows: its function is called for each
node where NFS runs, after each change.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from .failure import Failure

MAX_EXPORTS = 1000              # per protocol cluster, CES NFS limitations
LISTS = ("Protocols", "Transports", "SecType")
DEFAULTS = {                    # by column of `mmnfs export list`
    "Access_Type": "NONE", "Protocols": "3,4", "Transports": "TCP",
    "Squash": "ROOT_SQUASH", "Anonymous_uid": "-2", "Anonymous_gid": "-2",
    "SecType": "SYS", "PrivilegedPort": "FALSE",
    "DefaultDelegations": "none", "Manage_Gids": "FALSE",
    "NFS_Commit": "FALSE"}
BOOLEAN = {"TRUE", "FALSE"}
ALLOWED = {
    "Access_Type": {"NONE", "RW", "RO", "MDONLY", "MDONLY_RO"},
    "Protocols": {"3", "4", "NFS3", "NFS4", "V3", "V4", "NFSV3", "NFSV4"},
    "Transports": {"TCP", "UDP"},
    "Squash": {"ROOT", "ROOT_SQUASH", "ALL", "ALL_SQUASH", "ALLSQUASH",
               "NO_ROOT_SQUASH", "NONE"},
    "SecType": {"SYS", "NONE", "KRB5", "KRB5I", "KRB5P"},
    "PrivilegedPort": BOOLEAN, "Manage_Gids": BOOLEAN,
    "NFS_Commit": BOOLEAN}
NAMES = {name.lower(): name for name in DEFAULTS}
NAMES["delegations"] = "DefaultDelegations"
CLIENT = re.compile(r"([^\s();,]+)(?:\(([^()]*)\))?")
CONFIG = {
    "NFS_PROTOCOLS": "3,4", "NFS_PORT": "2049", "MNT_PORT": "0",
    "NLM_PORT": "0", "RQUOTA_PORT": "0", "NB_WORKER": "256",
    "LEASE_LIFETIME": "60", "GRACE_PERIOD": "60",
    "DOMAINNAME": "LOCALDOMAIN", "DELEGATIONS": "Disabled",
    "STATD_PORT": "0", "ENTRIES_HWMARK": "1500000", "LOG_LEVEL": "EVENT",
    "IDMAPD_LOCAL-REALMS": "LOCALREALM", "IDMAPD_DOMAIN": "LOCALDOMAIN"}


def wrong(text):
    return Failure(1, f"mmnfs: {text}")


@dataclass
class Client:
    """One client declaration; `options` has every column of the list."""

    name: str
    options: dict

    @classmethod
    def parse(cls, text):
        """(client, options given) of Client(Option=Value[,...])."""
        match = CLIENT.fullmatch(text.strip())
        if match is None:
            raise wrong(f"Incorrect client option: {text}")
        given = parse_options(match[2] or "")
        return cls(match[1], dict(DEFAULTS, **given)), given

    def matches(self, address):
        """Whether an IP address is this client; names never are."""
        try:
            return (self.name == "*" or ipaddress.ip_address(address)
                    in ipaddress.ip_network(self.name, strict=False))
        except ValueError:
            return False

    def plain(self):
        return dict(client=self.name, **self.options)


def parse_clients(text):
    """[(client, options given)] of ClientOption[;ClientOption...]."""
    parsed = [Client.parse(part) for part in text.split(";")
              if part.strip()]
    names = [client.name for client, _given in parsed]
    if not names or len(set(names)) != len(names):
        raise wrong(f"Incorrect client options: {text}")
    return parsed


def parse_options(text):
    options = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.strip().partition("=")
        column = NAMES.get(name.strip().lower())
        if not equals or column is None:
            raise wrong(f"Incorrect option: {part}")
        options[column] = parse_value(column, value.strip().upper(), part)
    return options


def parse_value(column, value, part):
    values = value.split(":") if column in LISTS else [value]
    allowed = ALLOWED.get(column)
    if not all(values) or allowed and not allowed.issuperset(values):
        raise wrong(f"Incorrect value: {part}")
    if column.startswith("Anonymous") and not value.lstrip("-").isdigit():
        raise wrong(f"Incorrect value: {part}")
    return ",".join(values)


@dataclass
class Export:
    path: str
    id: int
    pseudo: str
    clients: list = field(default_factory=list)

    def names(self):
        return [client.name for client in self.clients]

    def at(self, name):
        """The position of a client."""
        try:
            return self.names().index(name)
        except ValueError:
            raise wrong(f"Client {name} is not defined for the export "
                        f"{self.path}.") from None

    def position(self, text):
        """--nfsposition: an index from 0, or the client to stand before."""
        if text is None:
            return None
        if not text.isdigit():
            return self.at(text)
        if int(text) > len(self.clients):
            raise wrong(f"Incorrect position: {text}")
        return int(text)

    def insert(self, clients, position=None):
        at = len(self.clients) if position is None else position
        self.clients[at:at] = clients

    def add(self, text, position):
        clients = [client for client, _given in parse_clients(text)]
        for client in clients:
            if client.name in self.names():
                raise wrong(f"Client {client.name} is already defined for "
                            f"the export {self.path}.")
        self.insert(clients, self.position(position))

    def remove(self, text):
        for name in text.split(","):
            del self.clients[self.at(name.strip())]

    def change(self, text, position):
        """Only the options given change; with a position, clients move."""
        moved = []
        for client, given in parse_clients(text):
            at = self.at(client.name)
            old = self.clients[at]
            fresh = Client(old.name, dict(old.options, **given))
            self.clients[at] = fresh
            moved.append(fresh)
        if position is not None:
            rest = [c for c in self.clients if c not in moved]
            kept = Export(self.path, self.id, self.pseudo, rest)
            kept.insert(moved, kept.position(position))
            self.clients = kept.clients

    def copy(self):
        return Export(self.path, self.id, self.pseudo, list(self.clients))

    def event(self):
        return Event(self.path, self.id, self.pseudo,
                     tuple(c.plain() for c in self.clients))

    def plain(self):
        return dict(id=self.id, pseudo=self.pseudo,
                    clients=[c.plain() for c in self.clients])


@dataclass(frozen=True)
class Event:
    """A change of an export, for a node's NFS server.

    clients: in order, each {"client": name, option column: value}; None:
    the export is removed.
    """

    path: str
    id: int
    pseudo: str
    clients: tuple = None


class CES:
    """Services, exports and addresses; same lock as the cluster."""

    def __init__(self, release, nodes, alive):
        self.release = release
        self.alive = alive              # whether GPFS is active on a node
        self.nodes = [name for name, _address in nodes]
        self.addresses_at_start = {
            address: name for name, address in nodes}
        self._subscribers = []
        self._start()

    def _start(self):
        self.nfs = True                 # service enabled
        self.running = dict.fromkeys(self.nodes, True)
        self.authentication = "USERDEFINED"     # of files; None: none
        self.addresses = dict(self.addresses_at_start)
        self.encoded = self.release.nfs_encoded
        self.last_client = "keep"       # or "refuse", "remove"
        self.config = dict(CONFIG)
        self.restarts = 0               # of NFS, by commands
        self.exports = {}
        self.next_id = 1

    def clear(self):
        """As at the start; subscribers stay, and see exports go."""
        self.wipe(quiet=True)
        self._start()

    def configure(self, **changes):
        """Set attributes of this object that tests may choose."""
        known = ("nfs", "authentication", "addresses", "encoded",
                 "last_client", "running")
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown attribute: {name}")
            if name == "running":
                value = dict(self.running, **value)
            setattr(self, name, value)

    def state(self):
        return {
            "nfs": self.nfs, "running": dict(self.running),
            "authentication": self.authentication,
            "addresses": self.serving(), "restarts": self.restarts,
            "config": dict(self.config),
            "exports": {path: export.plain()
                        for path, export in self.exports.items()}}

    def runs(self, node):
        """Whether the NFS server runs on a node."""
        return self.nfs and self.running[node] and self.alive(node)

    def serving(self):
        """{address: node or None}; addresses leave nodes that are down."""
        alive = [node for node in self.nodes if self.alive(node)]
        return {address: node if node is None or node in alive
                else (alive or [None])[0]
                for address, node in self.addresses.items()}

    # Followers

    def subscribe(self, changed, restarted=None):
        """changed(node, Event) and restarted(node) follow all changes.

        They run with the cluster locked, for nodes where NFS runs.  When
        one raises OSError the command fails, but the change is kept, as
        the mmnfs page says.
        """
        self._subscribers.append((changed, restarted))

    def events(self):
        """What a node's NFS server that starts now has to export."""
        return [export.event() for export in self.exports.values()]

    def _tell(self, event, quiet=False):
        failed = []
        for node in self.nodes:
            for changed, _restarted in self._subscribers:
                try:
                    if self.runs(node):
                        changed(node, event)
                except OSError as error:
                    failed.append(f"{node}: {error}")
        if failed and not quiet:
            raise wrong("The NFS server could not be updated: "
                        + "; ".join(failed))

    def restart(self):
        """NFS restarts on all nodes: clients wait for the grace period."""
        self.restarts += 1
        for node in self.nodes:
            for _changed, restarted in self._subscribers:
                if restarted and self.runs(node):
                    restarted(node)

    # Exports

    def find(self, path):
        export = self.exports.get(path)
        if export is None:
            raise wrong(f"The path {path} is not exported.")
        return export

    def add(self, path, clients, pseudo, dry_run):
        if path in self.exports:
            raise wrong(f"The path {path} is already exported.")
        if len(self.exports) >= MAX_EXPORTS:
            raise wrong(f"The maximum number of {MAX_EXPORTS} exports is "
                        "reached.")
        if pseudo in [e.pseudo for e in self.exports.values()]:
            raise wrong(f"The pseudo path {pseudo} is in use.")
        export = Export(path, self.next_id, pseudo)
        export.add(clients, None)
        if dry_run:
            return None
        self.next_id += 1
        return export

    def put(self, export):
        """Keep a new or changed export and tell the nodes."""
        self.exports[export.path] = export
        self._tell(export.event())

    def remove(self, path):
        export = self.find(path)
        del self.exports[path]
        self._tell(Event(path, export.id, export.pseudo))

    def wipe(self, quiet=False):
        """All exports go, as with `mmces service disable nfs`."""
        exports, self.exports = self.exports, {}
        for path, export in exports.items():
            self._tell(Event(path, export.id, export.pseudo), quiet)

    def access(self, path, address):
        """Options that an address gets for a path: the first match."""
        for client in self.find(path).clients:
            if client.matches(address):
                return client.plain()
        return None
