# SPDX-License-Identifier: Apache-2.0
"""Hosts in network namespaces, on a bridge in a namespace of its own.

    node1  10.88.0.11   fd88::11        storage nodes
    c1     10.88.0.21   fd88::21        NFS clients
    mgr    10.88.0.100  fd88::100       where a manager would run

The test process itself stays outside; a node's `relay` brings its SSH
connections in, through mgr.  The namespaces have no names, so that nothing
stays when the processes end.  Hosts know each other's link addresses: a host
that is cut off does not answer, and nothing else happens.
"""

import contextlib
import fcntl
import selectors
import socket
import struct
import subprocess
import threading
import time

from . import sandbox

NET, NET6 = "10.88.0", "fd88:"
MANAGER = "mgr"
CHUNK = 65536
FORWARDING, DISABLED = 3, 0             # states of a bridge port
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
UP_SECONDS = 60


class Host:
    def __init__(self, name, number):
        self.name = name
        self.number = number
        self.address = f"{NET}.{number}"
        self.address6 = f"{NET6}:{number}"
        self.link = f"02:88:00:00:00:{number:02x}"
        self.namespace = sandbox.new_network()


class Network:
    """All hosts; lives in the server, and in all that it forks."""

    def __init__(self, nodes, clients):
        self.switch = sandbox.new_network()
        self.nodes = [Host(name, 11 + n) for n, name in enumerate(nodes)]
        self.clients = [Host(f"c{n + 1}", 21 + n) for n in range(clients)]
        self.manager = Host(MANAGER, 100)
        self.hosts = self.nodes + self.clients + [self.manager]
        self._plug()
        running = [self._configure(host) for host in self.hosts]
        for process in running:
            finish(process)

    def _plug(self):
        lines = ["link add name br0 type bridge", "link set br0 up"]
        for host in self.hosts:
            lines += [
                f"link add name {host.name} type veth peer name eth0 address "
                f"{host.link} netns /proc/self/fd/{host.namespace}",
                f"link set {host.name} master br0 up"]
        finish(ip(self.switch, lines, [h.namespace for h in self.hosts]))

    def _configure(self, host):
        lines = ["link set lo up", "link set eth0 up",
                 f"addr add {host.address}/24 dev eth0",
                 f"addr add {host.address6}/64 dev eth0 nodad"]
        for other in self.hosts:
            if other is not host:
                lines += [f"neigh add {address} lladdr {other.link} "
                          f"dev eth0 nud permanent" for address in (
                              other.address, other.address6)]
        return ip(host.namespace, lines)

    def names(self):
        """[(name, address)] for /etc/hosts."""
        return [(host.name, address) for host in self.hosts
                for address in (host.address, host.address6)]

    def cut(self, name, cut):
        """A host's packets are dropped, or pass again."""
        if name not in [host.name for host in self.hosts]:
            raise ValueError(f"no such host: {name}")
        state = DISABLED if cut else FORWARDING
        finish(ip(self.switch, [f"link set dev {name} state {state}"],
                  program="bridge"))

    def wait_until_up(self):
        """Links come up a little later, and drop packets until then."""
        end = time.monotonic() + UP_SECONDS
        for namespace, name in [(h.namespace, "eth0") for h in self.hosts
                                ] + [(self.switch, h.name)
                                     for h in self.hosts]:
            with sandbox.inside(namespace), socket.socket() as sock:
                while not running(sock, name):
                    if time.monotonic() > end:
                        raise OSError(f"{name} does not come up")
                    time.sleep(0.002)


def running(sock, name):
    """Whether a link of the socket's network passes packets."""
    request = struct.pack("16sh", name.encode(), 0).ljust(40, b"\0")
    reply = fcntl.ioctl(sock, SIOCGIFFLAGS, request)
    return bool(struct.unpack_from("16sh", reply)[1] & IFF_RUNNING)


def ip(namespace, lines, files=(), program="ip"):
    """Start ip(8), or bridge(8), in a namespace with commands."""
    with sandbox.inside(namespace):
        process = subprocess.Popen(
            [program, "-batch", "-"], stdin=subprocess.PIPE, pass_fds=files,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    process.stdin.write("".join(line + "\n" for line in lines))
    process.stdin.close()
    return process


def finish(process):
    complaint = process.stderr.read()
    process.stderr.close()
    if process.wait():
        raise OSError(f"ip: {complaint.strip()}")


def listen(namespace, port):
    """A socket of a namespace that takes IPv4 and IPv6 connections."""
    with sandbox.inside(namespace):
        sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    sock.listen(128)
    return sock


# Relays

def relay(near, namespace, address):
    """Connect a socket to an address, as seen from a namespace.

    `near` is closed in the end; a refusal cuts it off, silence stays.
    """
    threading.Thread(target=_relay, args=(near, namespace, address),
                     daemon=True).start()


def _relay(near, namespace, address):
    with sandbox.inside(namespace):
        far = socket.socket()
    with near, far:
        try:
            far.connect(address)
            for sock in (near, far):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _copy(near, far)
        except OSError:
            abort(near)
            abort(far)


def _copy(near, far):
    """Until both directions have ended; an error ends both."""
    other = {near: far, far: near}
    with selectors.DefaultSelector() as selector:
        for sock in other:
            selector.register(sock, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = key.fileobj.recv(CHUNK)
                if data:
                    other[key.fileobj].sendall(data)
                    continue
                selector.unregister(key.fileobj)
                other[key.fileobj].shutdown(socket.SHUT_WR)


def abort(sock):
    """Closing it will reset the connection."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))


def unavailable():
    """Why networks cannot be used here, as one line, or None."""
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c",
         "ip link add br0 type bridge && "
         "ip link add name a type veth peer name b"],
        capture_output=True, text=True)
    if done.returncode:
        return ("networks need ip (package iproute2), bridges and veth: "
                + (done.stderr.strip().splitlines() or ["no"])[-1])
    return None
