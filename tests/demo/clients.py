# SPDX-License-Identifier: Apache-2.0
"""What real NFS clients can do with a share, on every server."""

from tests.backends.gpfs import NFSError

USER = 1000
VERSIONS = 4, 3
# Of version 3, libnfs asks for access before it writes.
REFUSED = {'ro': {4: {'EROFS'}, 3: {'EROFS', 'EACCES'}},
           'none': {4: {'ENOENT'}, 3: {'EACCES'}}}
_PROBE = '/probe'


def mount(client, node, path, version=4):
    return client.mount(node, path, version=version, uid=USER, gid=USER)


def rights(client, node, path, version):
    """(level, name of the errno with which more was refused)."""
    try:
        mounted = mount(client, node, path, version)
    except NFSError as error:
        return 'none', error.name
    with mounted:
        mounted.listdir()
        try:
            mounted.create(_PROBE)
        except NFSError as error:
            return 'ro', error.name
        mounted.unlink(_PROBE)
        return 'rw', None


def everything(cluster, paths):
    """{version: {node's name: {client's name: rights}}}.

    paths: {version: path}
    """
    return {version: {node.name: {client.name: rights(client, node, path,
                                                      version)
                                  for client in cluster.clients}
                      for node in cluster.nodes}
            for version, path in paths.items()}


def wrong(found, levels):
    """A sentence about what is not as the rules give it, or None."""
    for version, nodes in found.items():
        for node, clients in nodes.items():
            for name, (level, refusal) in clients.items():
                want = levels.get(name, 'none')
                if level != want or (
                        refusal and refusal not in REFUSED[want][version]):
                    return (f'{name} has {told(level, refusal)} on {node} '
                            f'by NFSv{version}, but it must be {want}')
    return None


def told(level, refusal):
    word = 'refused' if level == 'none' else level
    return f'{word} ({refusal})' if refusal else word


def show(console, found):
    """A line for each version; servers that agree share it."""
    for version, nodes in found.items():
        lines = {}
        for node, clients in nodes.items():
            text = ', '.join(f'{name} {told(*each)}'
                             for name, each in clients.items())
            lines.setdefault(text, []).append(node)
        for text, names in lines.items():
            console.detail(f'NFSv{version}', f'{text}  ({", ".join(names)})')


class Readers:
    """A client that reads a file all the time, on every server."""

    def __init__(self, client, nodes, path, file):
        self._holders = [client.hold(node, path, file, writes=False,
                                     uid=USER, gid=USER) for node in nodes]

    def failures(self):
        """After every server has answered once more."""
        for holder in self._holders:
            holder.wait()
        return [failure for holder in self._holders
                for failure in holder.failures()]

    def turns(self):
        return [holder.turns() for holder in self._holders]

    def release(self):
        return [failure for holder in self._holders
                for failure in holder.release()]
