# SPDX-License-Identifier: Apache-2.0
"""What stands on the storage servers, read without the driver."""

import dataclasses
import re

EXPORTS_DIRECTORY = '/etc/exports.d'
_KIB_PER_GIB = 1024 * 1024
_EXPORT = re.compile(r'^(?P<path>\S+)\s+(?P<client>[^\s(]+)'
                     r'\((?P<options>[^)]*)\)$')


@dataclasses.dataclass
class Server:
    """The exports of one share on one NFS server."""

    name: str
    clients: dict       # in force: {client: {option, ...}}
    written: set        # clients in /etc/exports.d, for the next boot

    def levels(self):
        return {client: 'rw' if 'rw' in options else 'ro'
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


def look(cluster, path):
    """What stands for the share that is exported at the path."""
    fileset = _fileset_at(cluster, path)
    quota = fileset['quota']['block_hard'] if fileset else 0
    return Standing(fileset and fileset['name'], quota / _KIB_PER_GIB,
                    [_server(node, path) for node in cluster.nodes])


def _fileset_at(cluster, path):
    for fileset in cluster.filesets().values():
        if fileset['path'] == path:
            return fileset
    return None


def _server(node, path):
    return Server(node.name, parse_exports(node.exportfs(), path),
                  _written_clients(node, path))


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
