# SPDX-License-Identifier: Apache-2.0
"""Command lines on the cluster model alone: no root, no name spaces."""

import shlex
import urllib.parse

from .. import commands
from ..cluster import Cluster

EXAMINE = "Command failed. Examine previous error messages"


class Shell:
    """Runs command lines on one node of a cluster model."""

    def __init__(self, store, release="5.1"):
        self.cluster = Cluster("c", release, [("node1", "127.0.0.1"),
                                              ("node2", "127.0.0.2")])
        self.fs = self.cluster.add_filesystem("gpfs0", "/mnt/gpfs0",
                                              str(store))
        # This machine's processes are not the nodes': files of another
        # cluster that runs meanwhile may have the same paths.
        self.fs.is_open = lambda fileset: False
        self.pause = None               # in the middle of long commands

    def __call__(self, line, node="node1", cwd="/", user=0):
        call = commands.Call(self.cluster, node, shlex.split(line), cwd,
                             user)
        call.pause, self.changes = self.pause, call.changes
        self.status = commands.run(call)
        self.out, self.err = "\n".join(call.out), "\n".join(call.err)
        return self.status

    def ok(self, *lines):
        for line in lines:
            assert self(line) == 0, self.err
        return self.out

    def fails(self, line, status, text, **more):
        assert self(line, **more) == status
        assert text in self.err
        assert EXAMINE in self.err or "Usage:" in self.err

    def rows(self, line):
        """Records of -Y output as dicts, decoded."""
        names, found = {}, []
        for text in self.ok(line).splitlines():
            parts = text.split(":")
            if len(parts) < 7:
                continue
            section = parts[1]
            if parts[2] == "HEADER":
                names[section] = parts[6:-1]
                assert parts[3:6] == ["version", "reserved", "reserved"]
                continue
            values = map(urllib.parse.unquote, parts[6:-1])
            assert len(parts[6:-1]) == len(names[section])
            found.append(dict(zip(names[section], values)))
        return found

    def path(self, path):
        return self.fs.inside(path)
