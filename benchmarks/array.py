# SPDX-License-Identifier: Apache-2.0
"""The simulated array, in a process of its own.

    python -m benchmarks.array

The first line printed tells where it is; then each line is answered with one
of JSON.

"add N"     makes N shares with no access rules; their names
"take"      what happened since the last time, see take(); all shares are
            deleted
"requests"  the same requests that happened, as [http, path, parameters]
"""

import json
import sys
import time
import uuid

from tests.backends.intelliflash import Array, GiB, TiB

from benchmarks.array_worker import FIRMWARE, POOL, PROJECT


class Server:
    def __init__(self, array):
        self.array = array
        self.begin()

    def begin(self):
        self.array.journal.clear()
        self.connections = self.array.connections
        self.cpu = time.process_time()

    def add(self, count):
        names = [f"share-{uuid.uuid4()}" for _ in range(int(count))]
        for name in names:
            self.array.add_share(POOL, PROJECT, name, quota=GiB)
        self.begin()
        return names

    def take(self):
        """requests, connections, array_s (from a request's arrival until its
        reply is made, summed up), array_cpu_s (all of the process), shares
        {name: [GiB, rules]}."""
        requests = [each for each in self.array.journal]
        told = {
            "requests": len(requests),
            "connections": self.array.connections - self.connections,
            "array_s": sum(each.finished - each.started
                           for each in requests),
            "array_cpu_s": time.process_time() - self.cpu,
            "shares": {share.name: [share.quota / GiB, len(share.nfs_acls)]
                       for share in self.array.shares.values()}}
        with self.array.lock:
            for project in self.array.projects.values():
                project.shares.clear()
        self.begin()
        return told

    def requests(self):
        return [[each.http, f"{each.service}/{each.method}", each.params]
                for each in self.array.journal]


def main():
    with Array(firmware=FIRMWARE, pools={POOL: 10 * TiB},
               projects=[PROJECT]) as array:
        server = Server(array)
        print(json.dumps({
            "address": array.host, "port": array.port,
            "ca_file": array.ca_file, "login": array.login,
            "password": array.password}), flush=True)
        for line in sys.stdin:
            command, *arguments = line.split()
            answer = getattr(server, command)(*arguments)
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
