# SPDX-License-Identifier: Apache-2.0
"""Who is measured on the array, at which round trip time, doing what."""

import collections
import dataclasses
import json
import os

from . import contenders, processes
from .array_worker import MANY, MANY_RULES, ONE_RULE
from .contenders import IN_TREE, OURS, RTTS
from .processes import BenchmarkError, Child, Relay

PLAIN = "plain"
TITLES = {OURS: "ours", IN_TREE: "in-tree driver",
          PLAIN: "plain C, libcurl"}
CLASSES = {OURS: "manila_native.tegile.TegileShareDriver",
           IN_TREE: "manila.share.drivers.tegile.tegile.TegileShareDriver"}
OPERATIONS = "create_share", ONE_RULE, MANY_RULES, "get_share_stats"
RULES = {ONE_RULE: 1, MANY_RULES: MANY}
FEWER = 8       # times fewer calls: see Arena.run()


class Driver(Child):

    def run(self, operation, names):
        return json.loads(self.ask(json.dumps([operation, names])))

    def versions(self):
        return json.loads(self.read())


class Plain(Child):
    """The C program; `requests` says in which file an operation's are."""

    def __init__(self, *arguments, requests):
        super().__init__(*arguments)
        self.requests = requests

    def run(self, operation, names):
        return json.loads(self.ask(
            " ".join([self.requests[operation], *names])))

    def versions(self):
        return {"libcurl": json.loads(self.read())}


class Simulator(Child):
    """The process of the array."""

    def __init__(self, directory):
        super().__init__("array", processes.python("array"), directory)
        self.where = json.loads(self.read())

    def command(self, line):
        return json.loads(self.ask(line))


@dataclasses.dataclass
class Contender:
    name: str
    rtt: int
    child: Child
    relay: Relay
    operations: tuple = OPERATIONS
    pause: float = 0


class Arena:
    """All contenders on one array; starts and cleans up."""

    operations = OPERATIONS

    def __init__(self, directory, stack):
        self.directory = directory
        self.stack = stack
        self.array = stack.enter_context(Simulator(directory))
        self.relay_program = processes.compile_c("relay", directory)
        self.plain_program = processes.compile_c("plain_rest", directory,
                                                 "libcurl")
        self.requests = {}
        self.slow_turns = collections.Counter()     # by round trip time
        self.contenders = [self.contender(name, rtt) for rtt in RTTS
                           for name in TITLES]
        self.found = {}
        for each in self.contenders:
            self.found.update(each.child.versions())
        self.record()

    def contender(self, name, rtt):
        label = f"{name} on the array at {rtt} ms"
        where = self.array.where
        relay = self.relay(label, rtt) if rtt else None
        port = relay.port if relay else where["port"]
        if name == PLAIN:
            child = Plain(label, [
                self.plain_program, where["address"], str(port),
                where["ca_file"], f"{where['login']}:{where['password']}"],
                self.directory, requests=self.requests)
        else:
            child = Driver(label, processes.python(
                "array_worker", self.configuration(port), CLASSES[name]),
                self.directory, contenders.THREADS)
        return Contender(name, rtt, self.stack.enter_context(child), relay)

    def relay(self, label, rtt):
        where = self.array.where
        return self.stack.enter_context(Relay(
            self.relay_program, label, where["address"], where["port"], rtt,
            self.directory))

    def configuration(self, port):
        where = self.array.where
        path = os.path.join(self.directory, f"array-{port}.conf")
        return contenders.write_configuration(path, self.directory, {
            "tegile_nas_server": where["address"],
            "tegile_nas_port": port,
            "tegile_nas_login": where["login"],
            "tegile_nas_password": where["password"],
            "tegile_ssl_cert_path": where["ca_file"]})

    def versions(self):
        return self.found

    def record(self):
        """What ours sends (once it is warm) is what plain C sends, too."""
        ours = self.contenders[0]
        for operation in OPERATIONS * 2:
            (name,) = names = self.names(operation, 1)
            ours.child.run(operation, names)
            path = os.path.join(self.directory,
                                f"{operation.replace(' ', '-')}.requests")
            with open(path, "w", encoding="utf-8") as file:
                for http, target, params in self.array.command("requests"):
                    body = json.dumps(params).replace(name, "@")
                    print(http, target, body, file=file)
            self.requests[operation] = path
            self.array.command("take")

    def names(self, operation, count):
        """Of shares: new ones, unless the operation is to make them."""
        names = self.array.command(f"add {count}")
        if operation == "create_share":
            self.array.command("take")
        return names

    # Measuring

    def run(self, contender, operation, count):
        """(samples, counters of all of them together)

        With many rules the in-tree driver takes seconds: few calls, and not
        in the warm-up and each second round.
        """
        if contender.name == IN_TREE and operation == MANY_RULES:
            count = max(1, count // FEWER)
            self.slow_turns[contender.rtt] += 1
            if self.slow_turns[contender.rtt] % 2:
                return [], {}
        names = self.names(operation, count)
        turns = contender.relay and contender.relay.counters()[0]
        samples, cpu = contender.child.run(operation, names)
        told = self.array.command("take")
        if contender.relay:
            told["trips"] = contender.relay.counters()[0] - turns
        self.check(contender, operation, names, told.pop("shares"))
        return samples, dict(told, cpu_s=cpu)

    @staticmethod
    def check(contender, operation, names, shares):
        """What was asked for is really there."""
        # The in-tree driver makes shares without the size that was asked for.
        size = 0 if (contender.name == IN_TREE
                     and operation == "create_share") else 1
        expected = {name: [size, RULES.get(operation, 0)] for name in names}
        if shares != expected:
            raise BenchmarkError(f"{contender.name}, {operation}: the array "
                                 f"has {shares} instead of {expected}")

    def late(self):
        """(microseconds, chunks) of the relays."""
        counters = [each.relay.counters() for each in self.contenders
                    if each.relay]
        return (sum(counter[1] for counter in counters),
                sum(counter[2] for counter in counters))
