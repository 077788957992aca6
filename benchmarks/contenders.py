# SPDX-License-Identifier: Apache-2.0
"""Who is measured, at which round trip time, doing what."""

import dataclasses
import json
import os

from tests.backends.gpfs import SimulatorError

from . import processes, worker
from .processes import BenchmarkError, Child, Relay

RTTS = (0, 10)                  # ms
OPERATIONS = ("true", "/bin/true", "create_share")
SHARE_GIB = 1

# The concurrency mode of Manila since 2026.2.
THREADS = {"OS_MANILA_DISABLE_EVENTLET_PATCHING": "1"}
PAUSE = 0.05                    # seconds: longer than TCP delays an ACK

OURS = "ours"
IN_TREE = "in-tree"
PAUSED = ", paused"
TITLES = {
    OURS: "ours",
    IN_TREE: "in-tree driver",
    OURS + PAUSED: "ours, after a pause",
    IN_TREE + PAUSED: "in-tree, after a pause",
    "plain exec": "plain C, new channel",
    "plain shell": "plain C, warm shell",
    "local": "no network, no SSH",
}

# The in-tree driver's commands of create_share, in one script.
CREATE_SHARE = """
df {base} >/dev/null &&
{bin}/mmcrfileset {device} bench-@ --inode-space new >/dev/null &&
{bin}/mmlinkfileset {device} bench-@ -J {base}/bench-@ >/dev/null &&
{bin}/mmsetquota {device}:bench-@ --block 0:{size}G >/dev/null &&
chmod 777 {base}/bench-@
"""
MMBIN = "/usr/lpp/mmfs/bin"
PLAIN_ON_NODE = "/usr/local/bin/manila-native-benchmark"

# Without -f a fileset that is linked or holds files is not deleted.
CLEAN = """
for fileset
do
    {bin}/mmunlinkfileset {device} "$fileset" -f || exit
    {bin}/mmdelfileset {device} "$fileset" -f || exit
done
"""


@dataclasses.dataclass
class Contender:
    name: str
    rtt: int
    child: object               # a Child, or Local
    relay: Relay
    operations: tuple
    pause: float = 0            # seconds before each call

    def run(self, operation, count):
        """Seconds of each call, and the round trips of all (or None)."""
        before = self.relay and self.relay.counters()[0]
        samples = self.child.run(operation, count, self.pause)
        turns = self.relay and self.relay.counters()[0] - before
        if len(samples) != count:
            raise BenchmarkError(f"{self.name}: not {count} figures")
        return samples, turns


class Driver(Child):
    """The process of a driver."""

    def run(self, operation, count, pause):
        return processes.seconds(self.ask(f"{operation} {count} {pause}"))

    def versions(self):
        return json.loads(self.read())


class Plain(Child):
    """The C program, connected to the node."""

    def __init__(self, *arguments, create_share):
        super().__init__(*arguments)
        self.create_share = create_share

    def run(self, operation, count, _pause):
        command = plain_command(operation, self.create_share)
        return processes.seconds(self.ask(f"{count} {command}"))

    def versions(self):
        return {"libssh2": json.loads(self.read())}


class Local:
    """The C program on the node itself, without any network."""

    def __init__(self, node, program, create_share):
        self.node = node
        self.create_share = create_share
        with open(program, "rb") as file:
            node.write_file(PLAIN_ON_NODE, file.read(), 0o755)

    def run(self, operation, count, _pause):
        # The shell of the others is warm, so warm this one up.
        command = plain_command(operation, self.create_share)
        done = self.node.run([PLAIN_ON_NODE, "local"],
                             input=f"5 /bin/true\n{count} {command}\n")
        if done.returncode:
            raise BenchmarkError(f"plain local: {done.stderr.strip()}")
        return processes.seconds(done.stdout.splitlines()[-1])

    def versions(self):
        return {}


def plain_command(operation, create_share):
    return create_share if operation == "create_share" else operation


def write_configuration(path, directory, options):
    """A manila.conf with the one back end; its path."""
    lines = ["[DEFAULT]", f"state_path = {directory}",
             f"[{worker.BACKEND}]", f"share_backend_name = {worker.BACKEND}",
             "driver_handles_share_servers = False"]
    for option, value in options.items():
        if isinstance(value, list):
            value = ",".join(value)
        lines.append(f"{option} = {value}")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


class Arena:
    """All contenders on one simulated cluster; starts and cleans up."""

    operations = OPERATIONS

    def __init__(self, cluster, directory, stack):
        self.cluster = cluster
        self.directory = directory
        self.stack = stack
        self.node = cluster.nodes[0]
        self.relay_program = processes.compile_c("relay", directory)
        self.plain_program = processes.compile_c("plain", directory,
                                                 "libssh2")
        script = CREATE_SHARE.format(
            bin=MMBIN, device=cluster.device, base=cluster.mount_point,
            size=SHARE_GIB)
        self.create_share = " ".join(script.split())
        self.contenders = []
        for rtt in RTTS:
            for name in (OURS, IN_TREE, "plain exec", "plain shell"):
                self.add(name, rtt)
        self.add("local", 0)

    # Start

    def add(self, name, rtt):
        contender = self.contender(name, rtt)
        self.contenders.append(contender)
        if name in (OURS, IN_TREE):
            self.contenders.append(dataclasses.replace(
                contender, name=name + PAUSED, pause=PAUSE))

    def contender(self, name, rtt):
        label = f"{name} at {rtt} ms"
        relay = self.relay(label, rtt) if rtt else None
        port = relay.port if relay else self.node.port
        operations = OPERATIONS
        if name == "local":
            child = Local(self.node, self.plain_program, self.create_share)
        elif name.startswith("plain"):
            child = self.plain(name, label, port)
            if name == "plain exec":
                operations = OPERATIONS[:2]
        else:
            child = self.driver(name, label, port)
        return Contender(name, rtt, child, relay, operations)

    def relay(self, label, rtt):
        return self.stack.enter_context(Relay(
            self.relay_program, label, self.node.address, self.node.port,
            rtt, self.directory))

    def plain(self, name, label, port):
        command = [self.plain_program, name.split()[1], self.node.address,
                   str(port), self.cluster.private_key]
        return self.stack.enter_context(Plain(
            label, command, self.directory, create_share=self.create_share))

    def driver(self, name, label, port):
        module = {OURS: "ours", IN_TREE: "in_tree"}[name]
        return self.stack.enter_context(Driver(
            label, processes.python(module, self.configuration(port)),
            self.directory, THREADS))

    def configuration(self, port):
        """The manila.conf of drivers that connect to this port."""
        known_hosts = self.file(f"known_hosts-{port}", "".join(
            f"[{self.node.address}]:{port} {key}\n"
            for key in self.node.host_keys.values()))
        return write_configuration(
            os.path.join(self.directory, f"manila-{port}.conf"),
            self.directory,
            dict(self.cluster.settings(), gpfs_ssh_port=port,
                 gpfs_ssh_known_hosts=known_hosts))

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def versions(self):
        """Wait until all are ready; {what: version}."""
        found = {}
        for contender in self.contenders:
            if not contender.pause:
                found.update(contender.child.versions())
        return found

    # Measuring

    def run(self, contender, operation, count):
        result = contender.run(operation, count)
        if operation == "create_share":
            self.check_and_clean(contender, count)
        return result

    def check_and_clean(self, contender, count):
        """That many shares are really there; delete them."""
        filesets = self.cluster.filesets()
        filesets.pop("root")
        for name, fileset in filesets.items():
            if (not fileset["path"] or fileset["quota"]["block_hard"]
                    != SHARE_GIB << 20):
                raise BenchmarkError(
                    f"{contender.name}: {name} is not complete: {fileset}")
        if len(filesets) != count:
            raise BenchmarkError(f"{contender.name}: {len(filesets)} shares "
                                 f"instead of {count}")
        script = CLEAN.format(bin=MMBIN, device=self.cluster.device)
        done = self.node.run(["/bin/sh", "-c", script, "sh", *filesets])
        if done.returncode:
            raise SimulatorError(done.stderr)
        self.cluster.journal.clear()

    def late(self):
        """(microseconds, chunks) of the relays."""
        counters = [c.relay.counters() for c in self.contenders
                    if c.relay and not c.pause]
        return (sum(counter[1] for counter in counters),
                sum(counter[2] for counter in counters))
