# SPDX-License-Identifier: Apache-2.0
"""The cluster's processes, inside private mount and PID namespaces.

    unshare --fork            started by the test process
      init     (PID 1)        reaps; ends with the test process
        server                state, commands, faults, journal
          node, node...       one process per node, see `node`
          c1, c2...           one process per NFS client, see `clients`

The configuration is one JSON line on standard input, which then stays open:
when it ends, the test process is gone and everything here goes too.
"""

import json
import os
import random
import shutil
import signal
import socket
import struct
import sys
import threading

from . import clients, commands, network, sandbox, wire
from .cluster import Cluster
from .faults import Faults, Gate, Gone
from .journal import Journal
from .node import REAL, SYSTEMD, Agent
from .trees import TREES

CHUNK = 65536
RETRYING = ("Unable to obtain the GPFS configuration file lock. "
            "Retrying ...")
STAND_INS = {os.path.basename(path) for path in SYSTEMD}
TIMED_OUT = "Timed out waiting for lock. Try again later."


class Client:
    """A command's process, on the other end of a socket (mmclient.c)."""

    def __init__(self, conn):
        self.conn = conn
        size = struct.unpack("!I", self.receive(4))[0]
        strings = self.receive(size).split(b"\0")[:-1]
        words = [os.fsdecode(s) for s in strings]
        self.node, self.connection, self.cwd, *self.argv = words
        credentials = conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED,
                                      struct.calcsize("3i"))
        self.changes = []               # of CES exports, by this command
        self.pid, self.user, _group = struct.unpack("3i", credentials)

    def receive(self, size):
        data = b""
        while len(data) < size:
            part = self.conn.recv(size - len(data))
            if not part:
                raise Gone
            data += part
        return data

    def frame(self, kind, data=b""):
        self.conn.sendall(struct.pack("!cI", kind, len(data)) + data)

    def answer(self):
        """The payload of a frame from the client."""
        _kind, size = struct.unpack("!cI", self.receive(5))
        return self.receive(size)

    def print(self, text, kind=b"O"):
        data = os.fsencode(text)
        for at in range(0, len(data), CHUNK):
            self.frame(kind, data[at:at + CHUNK])

    def flood(self, size):
        data = (b"x" * 79 + b"\n") * (CHUNK // 80)
        for at in range(0, size, len(data)):
            self.frame(b"E", data[:size - at])
            self.frame(b"O", data[:size - at])

    def run(self, program):
        """The client runs a real program; its exit status."""
        self.frame(b"R", os.fsencode(program))
        status = int(self.answer())
        return os.waitstatus_to_exitcode(status)

    def cut(self):
        """Kill the SSH connection that the command came over."""
        sandbox.kill_and_wait(sandbox.ssh_ancestors(self.pid))

    def end(self, status):
        if status < 0:
            self.frame(b"K", b"%d" % -status)
        else:
            self.frame(b"X", b"%d" % status)


class Server:
    """Runs commands; op_* are the requests of the test process."""

    def __init__(self, cluster, net=None, nodes=None):
        self.cluster = cluster
        self.network = net
        self.nodes = nodes or {}        # name -> path of its control socket
        self.journal = Journal()
        self.faults = Faults()

    def start(self, config, listeners):
        if config["ganesha"] and config["ganesha"].get("ces"):
            self.follow_ces()
        for listener in listeners:
            threading.Thread(target=self.serve_commands, args=(listener,),
                             daemon=True).start()

    # Commands

    def serve_commands(self, listener):
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=self.serve_command, args=(conn,),
                             daemon=True).start()

    def serve_command(self, conn):
        with conn:
            try:
                client = Client(conn)
            except (Gone, OSError):
                return
            record = self.journal.start(client.node, client.argv,
                                        client.connection)
            status = None
            try:
                status = self.execute(client)
            except (Gone, OSError):
                pass
            self.journal.finish(record, status, client.changes)
            try:
                if status is not None:
                    client.end(status)
            except OSError:
                pass

    def execute(self, client):
        """Carry out one command with its fault, if any; the status."""
        delay, fault = self.faults.match(client.node, client.argv)
        if delay:
            Gate().wait(client.conn, delay)
        if fault is None:
            return self.work(client)
        if fault.cut == "before":
            client.cut()
            return 255
        if fault.hang == "before":
            fault.gate.wait(client.conn)
        if fault.lock is not None and not self.locked(
                client, fault.gate, fault.lock):
            return 1
        if fault.flood:
            client.flood(fault.flood)
        status = 0
        if fault.works:
            status = self.work(client, fault.answers,
                               lambda: self.faults.midway(
                                   fault, client.conn))
        if fault.hang == "after":
            fault.gate.wait(client.conn)
        if fault.cut == "after":
            client.cut()
        return self.fail(client, fault) if fault.answers else status

    def fail(self, client, fault):
        if fault.stdout:
            client.print(fault.stdout)
        if fault.stderr:
            client.print(fault.stderr, b"E")
        if fault.signal is not None:
            return -fault.signal
        return fault.status or 0

    def work(self, client, quiet=False, pause=None):
        """The real effect of a command; its status.

        pause: called in the middle of long commands.
        """
        name = os.path.basename(client.argv[0])
        if name in STAND_INS:
            return self.service(client, quiet)
        if name not in commands.COMMANDS:
            return client.run(os.path.join(REAL, name))
        gate = self.cluster.admin_lock
        if gate and commands.changes(client.argv) and not self.locked(
                client, gate, self.cluster.admin_timeout):
            return 1
        call = commands.Call(self.cluster, client.node, client.argv,
                             client.cwd, client.user)
        call.pause, client.changes = pause, call.changes
        status = commands.run(call)
        if not quiet:
            for kind, lines in ((b"O", call.out), (b"E", call.err)):
                if lines:
                    client.print("\n".join(lines) + "\n", kind)
        return status

    def service(self, client, quiet):
        """systemctl and service, which the node itself stands in for."""
        status, out, err = self.ganesha(client.node, "service",
                                        argv=client.argv)
        if not quiet:
            client.print(out)
            client.print(err, b"E")
        return status

    def ganesha(self, node, call, **arguments):
        """Ask a node's Ganesha; OSError if it could not do it."""
        try:
            return wire.call(self.nodes[node], "ganesha", call=call,
                             arguments=arguments)
        except RuntimeError as error:
            raise OSError(str(error)) from None

    def follow_ces(self):
        """The nodes' Ganesha serves what CES exports."""
        self.cluster.ces.subscribe(
            lambda node, event: self.ganesha(
                node, "mirror", path=event.path,
                definition=definition(event)),
            lambda node: self.ganesha(node, "restart", kill=True))

    def locked(self, client, gate, seconds):
        """Wait for the configuration lock; whether we got it."""
        name = os.path.basename(client.argv[0])
        client.print(f"{name}: {RETRYING}\n", b"E")
        if gate.wait(client.conn, seconds):
            return True
        client.print(f"{name}: {TIMED_OUT}\n{name}: {commands.EXAMINE}\n",
                     b"E")
        return False

    # Requests

    def op_journal(self):
        return self.journal.records()

    def op_journal_clear(self):
        self.journal.clear()

    def op_journal_wait(self, count, timeout):
        return self.journal.wait(count, timeout)

    def op_fault_add(self, **settings):
        return self.faults.add(**settings)

    def op_fault_remove(self, fault):
        self.faults.remove(fault)

    def op_fault_release(self, fault):
        self.faults.release(fault)

    def op_fault_hits(self, fault):
        return self.faults.hits(fault)

    def op_fault_wait(self, fault, hits, timeout):
        return self.faults.wait(fault, hits, timeout)

    def op_faults_clear(self):
        self.faults.clear()

    def op_cut(self, host, cut):
        if self.network is None:
            raise ValueError("the cluster was started without a network")
        self.network.cut(host, cut)

    def op_state(self):
        return self.cluster.state()

    def op_daemon(self, node, state):
        self.cluster.daemon[node] = state

    def op_hold_lock(self, timeout):
        self.cluster.admin_timeout = timeout
        self.cluster.admin_lock = Gate()

    def op_free_lock(self):
        gate, self.cluster.admin_lock = self.cluster.admin_lock, None
        if gate:
            gate.open()

    def op_change_filesystem(self, name, changes):
        filesystem = self.cluster.filesystems[name]
        for key, value in changes.items():
            if not hasattr(filesystem, key):
                raise ValueError(f"unknown attribute: {key}")
            setattr(filesystem, key, value)

    def op_preload(self, **how):
        with self.cluster.lock:
            self.cluster.preload(**how)

    def op_ces(self, changes):
        with self.cluster.lock:
            self.cluster.ces.configure(**changes)

    def op_ces_access(self, path, address):
        with self.cluster.lock:
            return self.cluster.ces.access(path, address)

    def op_change_config(self, changes):
        self.cluster.config.update(changes)

    def op_missing_status(self, status):
        self.cluster.missing_status = status

    def op_reset(self):
        for host in self.network.hosts if self.network else ():
            self.network.cut(host.name, False)
        self.faults.clear()
        self.cluster.clear()
        self.journal.clear()


def definition(event):
    """A change of a CES export as Ganesha's `mirror` wants it."""
    if event.clients is None:
        return None
    return {"id": event.id, "path": event.path, "pseudo": event.pseudo,
            "clients": [{key.lower(): value for key, value in c.items()}
                        for c in event.clients]}


# Start

def free_port(address):
    """A port that the kernel finds free at an address."""
    with socket.socket() as sock:
        sock.bind((address, 0))
        return sock.getsockname()[1]


def bind_nodes(count):
    """One listening socket per node, all on one free port.

    Addresses are random ones of 127.0.0.0/8, so that clusters that run at
    the same time hardly meet; the kernel chooses the port.  It is bound by
    number: only then a socket keeps it while it refuses connections.
    """
    for _attempt in range(50):
        net = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"
        sockets = []
        try:
            port = free_port(net + ".1")
            for number in range(1, count + 1):
                sock = socket.socket()
                sockets.append(sock)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((f"{net}.{number}", port))
                sock.listen(128)
            return sockets
        except OSError:
            for sock in sockets:
                sock.close()
    raise OSError("no free port for the nodes")


def mount_filesystems(cluster, config):
    """The shared file systems at /mnt, their stores out of sight."""
    sandbox.tmpfs("/mnt")
    sandbox.mount(None, "/mnt", None, sandbox.MS_SHARED)
    hidden = []
    for number, (name, settings) in enumerate(
            config["filesystems"].items()):
        settings = dict(settings)
        store = os.path.join(config["directory"], f"fs{number}")
        os.mkdir(store)
        trees = TREES[settings.pop("trees", config["trees"])]
        trees.prepare(store, name, settings.pop("size", "64G"))
        mount_point = f"/mnt/{name}"
        cluster.add_filesystem(name, mount_point, store, trees=trees,
                               **settings)
        os.mkdir(mount_point)
        sandbox.mount(store + "/root", mount_point, None, sandbox.MS_BIND)
        hidden.append(store)
    return hidden


def start_nodes(config, cluster, sockets, hidden, socket_name, net):
    """Fork the nodes; pipes that will tell {"name":, "keys":} of each."""
    common = common_spec(config, cluster, hidden, socket_name, net)
    pipes = []
    for number, name in enumerate(cluster.nodes):
        reader, writer = os.pipe()
        spec = dict(
            common, name=name, listener=sockets[number],
            control=wire.listen(f"{config['directory']}/{name}"),
            scratch=f"{config['directory']}/scratch/{name}",
            host=net and net.nodes[number])
        if os.fork() == 0:
            os.close(reader)
            for other in sockets:
                if other is not sockets[number]:
                    other.close()
            run_or_die(lambda: Agent(spec).main(writer))
        spec["control"].close()
        os.close(writer)
        pipes.append(reader)
    return pipes


def common_spec(config, cluster, hidden, socket_name, net):
    """What all nodes are told."""
    names = [(n, cluster.addresses[n]) for n in cluster.nodes]
    fsal = config["ganesha"] is not None and (
        config["plugins"], read_bytes(config["fsal"]))
    return dict(
        hosts=net.names() if net else names, settings=config["settings"],
        hide=hidden, client=read_bytes(config["client"]), fsal=fsal,
        library=read_bytes(config["library"]),
        commands=list(commands.COMMANDS), programs=config["programs"],
        socket=socket_name, ganesha=config["ganesha"],
        manager=net and net.manager, public_key=config["public_key"],
        mount_points=[f.mount_point for f in cluster.filesystems.values()])


def answers_of(pipes):
    """What nodes say when they are ready, or raises what is wrong."""
    answers = []
    for reader in pipes:
        with open(reader, "rb") as file:
            answers.append(json.loads(
                file.read() or b'{"error": "a node died at start"}'))
    for answer in answers:
        if "error" in answer:
            raise RuntimeError(answer["error"])
    return answers


def start_clients(config, hosts):
    """Fork the NFS clients; what the test process wants to know of each."""
    started = []
    for host in hosts:
        control = wire.listen(f"{config['directory']}/{host.name}")
        if os.fork() == 0:
            run_or_die(lambda: clients.Agent(host).main(control))
        control.close()
        started.append(facts(host))
    return started


def facts(host):
    return dict(name=host.name, address=host.address,
                address6=host.address6, namespace=host.namespace)


def listen_for_commands(name, net):
    """Abstract sockets belong to a network: one in each node's."""
    if net is None:
        return [wire.listen("\0" + name)]
    listeners = []
    for host in net.nodes:
        with sandbox.inside(host.namespace):
            listeners.append(wire.listen("\0" + name))
    return listeners


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def serve(config):
    """The server process; never returns."""
    names = [f"node{n}" for n in range(1, config["nodes"] + 1)]
    sockets = bind_nodes(len(names))
    net = None
    if config["network"]:
        net = network.Network(names, config["clients"])
    addresses = [host.address for host in net.nodes] if net else [
        sock.getsockname()[0] for sock in sockets]
    cluster = Cluster(config["name"], config["release"],
                      list(zip(names, addresses)))
    scratch = os.path.join(config["directory"], "scratch")
    os.mkdir(scratch)
    sandbox.tmpfs(scratch)
    hidden = mount_filesystems(cluster, config)
    socket_name = f"gpfs-simulator-{os.urandom(8).hex()}"
    listeners = listen_for_commands(socket_name, net)
    control = wire.listen(os.path.join(config["directory"], "control"))
    pipes = start_nodes(config, cluster, sockets, hidden, socket_name, net)
    ready = {"clients": start_clients(config, net.clients if net else []),
             "manager": net and facts(net.manager),
             "nodes": nodes_ready(pipes, sockets, net)}
    server = Server(cluster, net, {
        name: f"{config['directory']}/{name}" for name in names})
    server.start(config, listeners)
    print(json.dumps(ready), flush=True)
    wire.serve(control, server)


def nodes_ready(pipes, sockets, net):
    """What the test process wants to know of the nodes, once they are up."""
    nodes = answers_of(pipes)
    for number, (node, sock) in enumerate(zip(nodes, sockets)):
        node["address"], node["port"] = sock.getsockname()
        node["host"] = net and facts(net.nodes[number])
        sock.close()
    if net:
        net.wait_until_up()
    return nodes


def run_or_die(function):
    """Run in a forked process, which must not return."""
    try:
        function()
    except BaseException as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}),
              flush=True)
    finally:
        os._exit(1)


def reap(_number, _frame):
    """Collect dead processes; without the server there is no point."""
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == reap.server:
            os._exit(1)


def read_line(fd):
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(fd, 1)
        if not part:
            os._exit(1)
        line += part
    return json.loads(line)


def main():
    """PID 1."""
    config = read_line(0)
    child = os.fork()
    if child == 0:
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        run_or_die(lambda: serve(config))
    reap.server = child
    signal.signal(signal.SIGCHLD, reap)
    reap(None, None)
    os.read(0, 1)                       # told to stop, or nobody is left
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    remains(config["directory"])


def remains(directory):
    """Nothing is left: neither processes nor the temporary directory."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4] for line in file]
    for point in reversed(points):
        if point.startswith(directory + "/"):
            sandbox.umount(point)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
