# SPDX-License-Identifier: Apache-2.0
"""What stands on the storage servers, read without the driver."""

import dataclasses
import re

EXPORTS_DIRECTORY = '/etc/exports.d'
GANESHA_DIRECTORY = '/etc/ganesha/export.d'
CES_DIRECTORY = '/var/mmfs/ces/nfs-config/export.d'     # the simulated one's
_KIB_PER_GIB = 1024 * 1024
_EXPORT = re.compile(r'^(?P<path>\S+)\s+(?P<client>[^\s(]+)'
                     r'\((?P<options>[^)]*)\)$')
_CLIENTS = re.compile(r'\bClients\s*=([^;]*);')
_HOST_PREFIXES = '/32', '/128'


@dataclasses.dataclass
class Server:
    """The exports of one share on one NFS server."""

    name: str
    clients: dict       # in force: {client: {option, ...}}
    written: set        # clients in files, for the next boot

    def levels(self):
        return {client: next((level for level in ('rw', 'ro')
                              if level in options), 'none')
                for client, options in self.clients.items()}


@dataclasses.dataclass
class Standing:
    """Everything that belongs to one share."""

    fileset: str        # None: there is none
    quota_gib: float
    servers: list

    def empty(self):
        return self.fileset is None and not any(
            server.clients or server.written for server in self.servers)


def kernel_server(node, path):
    return Server(node.name, parse_exports(node.exportfs(), path),
                  _written_clients(node, path))


def look(cluster, path, server=kernel_server):
    """What stands for the share that is exported at the path."""
    fileset = _fileset_at(cluster, path)
    quota = fileset['quota']['block_hard'] if fileset else 0
    return Standing(fileset and fileset['name'], quota / _KIB_PER_GIB,
                    [server(node, path) for node in cluster.nodes])


def _fileset_at(cluster, path):
    for fileset in cluster.filesets().values():
        if fileset['path'] == path:
            return fileset
    return None


def parse_exports(text, path):
    """{client: options} of one path in the output of exportfs -s."""
    matches = (_EXPORT.match(line) for line in text.splitlines())
    return {match['client']: set(match['options'].split(','))
            for match in matches if match and match['path'] == path}


def _written_clients(node, path):
    """The clients of one path in the files of /etc/exports.d."""
    clients = set()
    for name in node.listdir(EXPORTS_DIRECTORY):
        text = node.read_file(f'{EXPORTS_DIRECTORY}/{name}')
        for line in text.splitlines():
            if line.strip('"').startswith(path):
                clients.update(re.findall(r'(\S+)\([^)]*\)', line))
    return clients


def ganesha_server(node, path, directory=GANESHA_DIRECTORY):
    """In force is what the daemon says over D-Bus."""
    clients = {}
    for export in node.ganesha.exports().values():
        if export['path'] == path:
            clients.update((_plain(each['client']),
                            {each['access_type'].lower()})
                           for each in export['clients'])
    return Server(node.name, clients,
                  _ganesha_clients(node, path, directory))


def ces_server(node, path):
    return ganesha_server(node, path, CES_DIRECTORY)


def _plain(client):
    """Of a single host, the daemon tells a network."""
    for prefix in _HOST_PREFIXES:
        client = client.removesuffix(prefix)
    return client


def _ganesha_clients(node, path, directory):
    clients = set()
    for name in node.listdir(directory):
        if name.startswith('.'):
            continue            # the driver's own directory
        text = node.read_file(f'{directory}/{name}')
        if f'"{path}"' in text:
            for each in _CLIENTS.findall(text):
                clients.update(each.replace(',', ' ').split())
    return clients


def show(console, standing):
    """The same in a few lines; servers that agree share a line."""
    if standing.fileset:
        console.detail('fileset', f'{standing.fileset}, '
                       f'quota {standing.quota_gib:g} GiB')
    else:
        console.detail('fileset', 'none')
    lines = {}
    for server in standing.servers:
        levels = sorted(server.levels().items())
        text = ', '.join(f'{client} {level}' for client, level in levels)
        lines.setdefault(text or 'none', []).append(server.name)
    for text, names in lines.items():
        console.detail('exports', f'{text}  ({", ".join(names)})')
