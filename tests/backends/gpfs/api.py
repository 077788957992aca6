# SPDX-License-Identifier: Apache-2.0
"""What tests use: a cluster, its nodes, faults and the journal."""

import contextlib
import functools
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections import namedtuple
from fnmatch import fnmatchcase

from . import build, libnfs, network, remote, trees
from .caller import Caller, SimulatorError, decode, encode

DBUS_SEND = "/usr/bin/dbus-send"
NEEDED = {
    "/usr/sbin/sshd": "openssh-server", "/usr/sbin/exportfs":
    "nfs-kernel-server", "ssh-keygen": "openssh-client",
    "cc": "gcc", "unshare": "util-linux"}
GANESHA_NEEDED = {
    "ganesha.nfsd": "nfs-ganesha", "dbus-daemon": "dbus-daemon",
    DBUS_SEND: "dbus-bin", "rpcbind": "rpcbind"}
CLIENTS = 3
STOP_SECONDS = 120
START = ("import sys; sys.path.insert(0, sys.argv[1]); "
         "from {package}.server import main; main()")


@functools.lru_cache
def unavailable():
    """Why the simulator cannot run here, as one line, or None."""
    if os.geteuid() != 0:
        return "the GPFS simulator needs root"
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            return (f"the GPFS simulator needs {program} "
                    f"(package {package})")
    with open("/proc/filesystems", encoding="utf-8") as file:
        if "\toverlay\n" not in file.read():
            return "the GPFS simulator needs overlay file systems"
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork",
         "--mount-proc", "true"], capture_output=True, check=False)
    if probe.returncode:
        return "the GPFS simulator needs the right to make name spaces"
    return None


@functools.lru_cache
def unavailable_network():
    """Why clusters with network=True cannot run here, or None."""
    return unavailable() or network.unavailable()


@functools.lru_cache
def unavailable_ganesha():
    """Why clusters with Ganesha and NFS clients cannot run here, or None."""
    reason = unavailable_network()
    if reason:
        return reason
    for name, package in GANESHA_NEEDED.items():
        if shutil.which(name) is None:
            return f"Ganesha needs {name} (package {package})"
    if build.ganesha_plugins() is None:
        return "Ganesha needs FSAL VFS (package nfs-ganesha-vfs)"
    if libnfs.load() is None:
        return "NFS clients need libnfs (package libnfs-dev)"
    return None


@functools.lru_cache
def unavailable_btrfs():
    """Why clusters with trees="btrfs" cannot run here, or None."""
    return unavailable() or trees.unavailable()


Record = namedtuple("Record", "seq node argv connection status started "
                              "ended changes")
Record.name = property(lambda self: os.path.basename(self.argv[0]))
Record.line = property(lambda self: " ".join([self.name] + self.argv[1:]))


class Journal(Caller):
    """All simulated and wrapped commands of all nodes, in order."""

    def records(self, pattern="*", node=None):
        """Records whose name or command line matches, of one node or all.

        status None: still running (ended None) or killed.  changes: what
        a command did to CES exports, [{"path", "id", "clients"}] with the
        resulting clients in order, None for a removed export.
        """
        records = [Record(**r) for r in self._call("journal")]
        return [r for r in records
                if (fnmatchcase(r.name, pattern)
                    or fnmatchcase(r.line, pattern))
                and node in (None, r.node)]

    def lines(self, pattern="*", node=None):
        """The command lines, without directories."""
        return [r.line for r in self.records(pattern, node)]

    def count(self, pattern="*", node=None):
        return len(self.records(pattern, node))

    def clear(self):
        self._call("journal_clear")

    def wait(self, count, timeout=120):
        """Wait until `count` commands came and ended."""
        if not self._call("journal_wait", count=count, timeout=timeout):
            raise SimulatorError(f"no {count} commands in {timeout} s, but "
                                 f"{self.lines()}")


class Fault(Caller):
    """A fault in force; see `faults.Fault` for what it can do."""

    def __init__(self, path, number):
        super().__init__(path)
        self._number = number

    @property
    def hits(self):
        return self._call("fault_hits", fault=self._number)

    def release(self):
        """Let hanging commands go on."""
        self._call("fault_release", fault=self._number)

    def remove(self):
        self._call("fault_remove", fault=self._number)

    def wait(self, hits=1, timeout=120):
        """Wait until the fault struck."""
        if not self._call("fault_wait", fault=self._number, hits=hits,
                          timeout=timeout):
            raise SimulatorError(f"the fault did not strike in {timeout} s")


class Faults(Caller):
    def add(self, command, **settings):
        """Put a fault in force: add("mmcrfileset", status=1, stderr="x").

        Settings: node, nth, times, delay, hang, interrupt, status,
        stdout, stderr, signal, effect, flood, lock, cut (see `faults.Fault`).
        """
        number = self._call("fault_add", command=command, **settings)
        return Fault(self._path, number)

    def clear(self):
        self._call("faults_clear")


class Node(Caller):
    """One node of the cluster."""

    def __init__(self, cluster, path, name, address, port, keys, host=None):
        super().__init__(path)
        self.cluster = cluster
        self.name = name
        self.address = address
        self.port = port
        self.host_keys = keys           # {type: "algorithm base64"}
        self.ganesha = remote.Ganesha(path)
        host = host or {"address": address, "address6": None}
        self.ip = host["address"]       # in the network, if there is one
        self.ip6 = host["address6"]

    def __repr__(self):
        return f"<Node {self.name} {self.address}:{self.port}>"

    # Inside the node

    def run(self, argv, input=None, environment=None, timeout=300,
            text=True, check=False):
        """Run a program in the node, not over SSH: CompletedProcess."""
        answer = self._call(
            "run", argv=list(argv), timeout=timeout,
            input=None if input is None else encode(input),
            environment=environment or {})
        done = subprocess.CompletedProcess(
            argv, answer["status"], decode(answer["stdout"], not text),
            decode(answer["stderr"], not text))
        if check:
            done.check_returncode()
        return done

    def exportfs(self):
        """Text of `exportfs -s` here (not in the journal)."""
        return self._call("exportfs")

    def read_file(self, path, binary=False):
        return decode(self._call("read_file", path=path), binary)

    def write_file(self, path, data, mode=None):
        self._call("write_file", path=path, data=encode(data), mode=mode)

    def listdir(self, path):
        return self._call("listdir", path=path)

    def stat(self, path):
        """lstat(2) of a path as {"st_mode": ...}."""
        return self._call("stat", path=path)

    def sshd_log(self):
        return self.read_file("/var/log/sshd.log")

    def set_installed(self, name, installed=True):
        """Whether a program (of the PATH) or a file is there."""
        self._call("installed", name=name, installed=installed)

    def disturb_acls(self, *lines):
        """How GPFS's library misbehaves from now on: see libgpfs.c."""
        self._call("disturb_acls", lines=list(lines))

    # Connections

    def connections(self):
        """{"accepted": since the start, "open": now}."""
        return self._call("connections")

    def kill_connections(self, commands=False):
        """Cut all SSH connections; their commands run on unless told."""
        self._call("kill_connections", commands=commands)

    def stop_accepting(self):
        """Clients still connect, but nobody answers."""
        self._call("accept", accepting=False)

    def start_accepting(self):
        self._call("accept", accepting=True)

    def refuse_connections(self, refusing=True):
        self._call("refuse", refusing=refusing)

    def freeze(self):
        """SIGSTOP for everything on the node: it hangs."""
        self._call("freeze", frozen=True)

    def thaw(self):
        self._call("freeze", frozen=False)

    # Settings

    def configure(self, **changes):
        """Change settings for later connections (see GPFSCluster)."""
        self.host_keys = self._call("configure", changes=changes)

    def set_bashrc(self, text):
        """What bash reads at login; needs shell="/bin/bash"."""
        self.configure(bashrc=text)

    def change_host_key(self):
        """New host keys; the client's known_hosts keeps the old ones."""
        self.host_keys = self._call("change_host_keys")

    def known_hosts(self):
        """Lines for a known_hosts file with the present host keys."""
        names = f"[{self.address}]:{self.port}"
        if self.ip6:
            names += f",{self.name},{self.ip},{self.ip6}"
        return "".join(f"{names} {key}\n"
                       for key in self.host_keys.values())

    # Power, GPFS

    def power_off(self):
        self._call("power_off")
        self.cluster._call("daemon", node=self.name, state="down")

    def power_on(self):
        """Boot: runtime exports are lost, files are kept."""
        self._call("power_on")
        self.cluster._call("daemon", node=self.name, state="active")

    def reboot(self):
        self.power_off()
        self.power_on()

    def set_state(self, state):
        """State of the GPFS daemon: active, arbitrating, down, unknown.

        The file systems are mounted only while it is active.
        """
        self.cluster._call("daemon", node=self.name, state=state)
        self._call("gpfs", mounted=state == "active")


class GPFSCluster(Caller):
    """A running cluster; a context manager.

    nodes: how many.  release: "4.2", "5.0.1", "5.0", "5.1", "5.2" or
    "6.0".
    filesystems: {device: {attribute: value}}; attributes are size (as of
    tmpfs), quotas ("user;group;fileset" or "none"), filesetdf,
    acl_semantics ("all", "nfs4", "posix"), perfileset_quotas, block_size,
    trees.
    programs: real programs that are journalled, and subject to faults.
    settings: of every node's SSH: host_keys (["ed25519"], also "ecdsa",
    "rsa"), auth (["publickey"], also "password", "keyboard-interactive"),
    password, max_sessions, sshd_config (extra lines, they win), shell,
    bashrc.

    For real parts (see `unavailable_network` and its neighbours):
    network: nodes and NFS clients (.clients; or how many) are hosts in a
    network; the nodes' `address` stays one of the test process.
    ganesha: each node runs NFS-Ganesha; True or settings: layout ("dir"
    includes a directory, "include" an index file, "none" nothing),
    protocols ("3, 4"), extra (text of ganesha.conf), ces (it serves the
    exports of CES), translate (its configuration is one of 2.0).
    trees: "btrfs" for file systems with enforced quotas and real snapshots.
    """

    login = "root"

    def __init__(self, nodes=1, release="5.1", name="gpfs.simulator",
                 filesystems=None, programs=("/usr/sbin/exportfs",),
                 network=False, ganesha=False, trees="plain", **settings):
        network = network or bool(ganesha)
        reason = unavailable() or (
            network and unavailable_network()) or (
            ganesha and unavailable_ganesha()) or (
            trees == "btrfs" and unavailable_btrfs())
        if reason:
            raise SimulatorError(reason)
        self.directory = tempfile.mkdtemp(prefix="gpfs-")
        super().__init__(os.path.join(self.directory, "control"))
        filesystems = filesystems or {"gpfs0": {}}
        self.device = next(iter(filesystems))
        self.mount_point = f"/mnt/{self.device}"
        self.private_key = os.path.join(self.directory, "id_ed25519")
        self.known_hosts = os.path.join(self.directory, "known_hosts")
        self.journal = Journal(self._path)
        self.faults = Faults(self._path)
        self.nodes = []
        self.clients = []
        self.manager = None             # a host where a manager would run
        self._process = None
        self._config = dict(
            nodes=nodes, release=release, name=name, settings=settings,
            filesystems=filesystems, programs=list(programs),
            directory=self.directory, trees=trees, network=bool(network),
            clients=CLIENTS if network is True else int(network),
            ganesha=dict(ganesha if isinstance(ganesha, dict) else {})
            if ganesha else None)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self):
        self._config["client"] = str(build.mmclient())
        self._config["library"] = str(build.libgpfs())
        if self._config["ganesha"] is not None:
            self._config["programs"].append(DBUS_SEND)
            self._config["fsal"] = str(build.fsal())
            self._config["plugins"] = str(build.ganesha_plugins())
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                        "-C", "manila", "-f", self.private_key], check=True,
                       stdin=subprocess.DEVNULL)
        with open(self.private_key + ".pub", encoding="utf-8") as file:
            self._config["public_key"] = file.read()
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork",
                 "--kill-child=SIGKILL", "--mount-proc", sys.executable,
                 "-I", "-S", "-c", START.format(package=__package__),
                 str(build.ROOT), self.directory], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, cwd="/",
                start_new_session=True)         # not Ctrl-C's business
        line = json.dumps(self._config).encode() + b"\n"
        self._process.stdin.write(line)
        self._process.stdin.flush()
        self._connect()

    def _connect(self):
        line = self._process.stdout.readline()
        answer = json.loads(line or b'{"error": "it died at start"}')
        if "error" in answer:
            raise SimulatorError(f"GPFS simulator: {answer['error']}\n"
                                 + self.log())
        for number, node in enumerate(answer["nodes"], 1):
            self.nodes.append(Node(
                self, os.path.join(self.directory, f"node{number}"),
                **node))
        if answer["manager"]:
            self._connect_hosts(answer["clients"], answer["manager"])
        self.write_known_hosts()

    def _connect_hosts(self, clients, manager):
        pid = owner(self._path)
        self.clients = [remote.NFSClient(os.path.join(
            self.directory, client["name"]), pid, **client)
            for client in clients]
        self.manager = remote.Host(None, pid, **manager)

    def stop(self):
        """End everything; nothing stays behind."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(b"\n")
                self._process.stdin.close()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self):
        """What the simulator's own processes complained about."""
        with open(os.path.join(self.directory, "log"),
                  encoding="utf-8", errors="replace") as file:
            return file.read()

    def write_known_hosts(self):
        """The present host keys of all nodes, for the client."""
        with open(self.known_hosts, "w", encoding="utf-8") as file:
            file.writelines(node.known_hosts() for node in self.nodes)

    # State

    def state(self):
        """Everything that the cluster knows, as plain data."""
        return self._call("state")

    def filesets(self, device=None):
        """{name: attributes} of a file system's filesets."""
        return self.state()["filesystems"][device or self.device]["filesets"]

    def snapshots(self, device=None):
        return self.state()["filesystems"][device or self.device][
            "snapshots"]

    def change_filesystem(self, device=None, **changes):
        """Change attributes such as quotas or filesetdf."""
        self._call("change_filesystem", name=device or self.device,
                   changes=changes)

    def change_config(self, **changes):
        """Change what mmlsconfig shows."""
        self._call("change_config", changes=changes)

    def preload_filesets(self, count, prefix="share", device=None,
                         directory=None, comment="", quota=None, used=None):
        """Make `count` linked independent filesets fast, for scale tests.

        Names are the prefix and 00001, 00002...  directory: of their
        junctions; quota: hard limit in KiB; used: (KiB, inodes) that quota
        commands report, instead of looking at the files.
        """
        self._call("preload", device=device or self.device, count=count,
                   prefix=prefix, directory=directory, comment=comment,
                   quota=quota, used=used)

    # Cluster Export Services

    def exports(self):
        """CES exports: {path: {"id", "pseudo", "clients": [{"client",
        option column: value}]}}, clients in order."""
        return self.state()["ces"]["exports"]

    def nfs_restarts(self):
        """How often commands restarted NFS since the last reset."""
        return self.state()["ces"]["restarts"]

    def export_access(self, path, address):
        """The options that a client's address gets: the first match."""
        return self._call("ces_access", path=path, address=address)

    def configure_ces(self, **changes):
        """Change nfs (service enabled), running ({node: bool}),
        authentication (of files, None is none), addresses ({address:
        node or None}), encoded (-Y values of mmnfs), last_client (whether
        an export without clients is kept: "keep", "refuse", "remove")."""
        self._call("ces", changes=changes)

    def set_missing_status(self, status):
        """Exit status for unknown filesets; None for the release's own."""
        self._call("missing_status", status=status)

    @contextlib.contextmanager
    def configuration_locked(self, timeout=60):
        """Administration commands wait, and fail after the timeout."""
        self._call("hold_lock", timeout=timeout)
        try:
            yield
        finally:
            self._call("free_lock")

    def reset(self):
        """As after the start: for tests that share a cluster."""
        for node in self.nodes:
            node.thaw()
        for client in self.clients:
            client._call("reset")
        self._call("reset")
        for node in self.nodes:
            node._call("reset")
            node.host_keys = node._call("host_keys")
        self._call("reset")             # what killed commands still did
        self.write_known_hosts()

    # The network

    def cut(self, node):
        """Packets to and from a node, or host, are dropped."""
        self._call("cut", host=node.name, cut=True)

    def heal(self, node):
        self._call("cut", host=node.name, cut=False)

    def manager_run(self, argv, **how):
        """subprocess.run on the host `manager`, in the nodes' network.

        Nodes are there by name and `ip`, with sshd on port 22; their host
        keys are in known_hosts, too.
        """
        return self.manager.run(argv, **how)

    # For clients

    def settings(self):
        """manila.conf options of a share backend on this cluster."""
        return {
            "gpfs_share_export_ip": self.nodes[0].ip,
            "gpfs_mount_point_base": self.mount_point,
            "gpfs_nfs_server_type": "KNFS",
            "gpfs_nfs_server_list": [n.address for n in self.nodes],
            "gpfs_ssh_login": self.login,
            "gpfs_ssh_private_key": self.private_key,
            "gpfs_ssh_port": self.nodes[0].port,
            "gpfs_ssh_known_hosts": self.known_hosts,
        }

    def manila_conf(self, section="gpfs"):
        """The settings as text for manila.conf."""
        lines = [f"[{section}]"]
        for name, value in self.settings().items():
            if isinstance(value, list):
                value = ",".join(value)
            lines.append(f"{name} = {value}")
        return "\n".join(lines) + "\n"

    def ssh(self, node=0):
        """The OpenSSH client's command line to a node."""
        node = self.nodes[node]
        return ["ssh", "-F", "none", "-p", str(node.port),
                "-i", self.private_key,
                "-o", f"UserKnownHostsFile={self.known_hosts}",
                "-o", "GlobalKnownHostsFile=none",
                "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes",
                "-o", "IdentitiesOnly=yes",
                f"{self.login}@{node.address}"]


def wait_for_end(pidfd, timeout):
    """Wait for a process to end, given its pidfd; whether it did."""
    return bool(select.select([pidfd], [], [], timeout)[0])


def owner(path):
    """The process that listens at a unix socket, as we number it."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        credentials = sock.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[0]
