# SPDX-License-Identifier: Apache-2.0
"""One node: a process in its own mount and host name space.

The node has private /usr, /etc and /var (overlays), /root, /run and /tmp,
shares the GPFS file systems with the other nodes, listens for SSH itself and
starts the real `sshd -i` (sshd(8), inetd mode) for every connection.  The
real exportfs(8) works on the node's own /etc/exports and /var/lib/nfs.
With a network the node is a host in it, with sshd on port 22, and what the
test process connects to is a relay.

The process is forked by the server and must import nothing later: the
directories that Python was loaded from may be hidden by then.
"""

import base64
import contextlib
import ctypes
import json
import os
import selectors
import shutil
import signal
import subprocess
import threading

from . import network, sandbox, wire
from .ganesha import SERVICES, Ganesha, program

SSHD = "/usr/sbin/sshd"
CONFIG = "/etc/ssh/gpfs_simulator_sshd_config"
SSHD_LOG = "/var/log/sshd.log"
REAL = "/usr/lib/gpfs-simulator"        # programs behind wrappers
EXPORTFS = REAL + "/exportfs"
MMBIN = "/usr/lpp/mmfs/bin"
LIBGPFS = "/usr/lpp/mmfs/lib/libgpfs.so"
ACL_TESTS = "/etc/gpfs-simulator-acl"   # see libgpfs.c
AWAY = ".away"
SYSTEMD = ("/usr/bin/systemctl", "/usr/sbin/service")   # stand-ins
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C"}
PAM = """auth required pam_unix.so nodelay
account required pam_permit.so
session required pam_permit.so
"""
DEFAULTS = dict(host_keys=["ed25519"], auth=["publickey"], password=None,
                max_sessions=None, sshd_config=[], shell="/bin/sh",
                bashrc=None)


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def crypt(password):
    """A password as in /etc/shadow, by crypt(3); "*" matches none."""
    if password is None:
        return "*"
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), b"$6$simulator$").decode()


def change_fields(path, name, **fields):
    """Change numbered fields (f1, f6...) of a passwd-like file's line."""
    lines = []
    for line in read(path).splitlines():
        parts = line.split(":")
        if parts[0] == name:
            for key, value in fields.items():
                parts[int(key[1:])] = value
        lines.append(":".join(parts))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


class Agent:
    """The node's own process; op_* are its control requests."""

    def __init__(self, spec):
        self.spec = spec
        self.name = spec["name"]
        self.listener = spec["listener"]
        self.inside = None              # the network's own listener
        self.ganesha = None
        self.settings = dict(DEFAULTS, **spec["settings"])
        self.password_set = None
        self.connections = []           # Popen of each sshd
        self.accepted = 0
        self.accepting = True
        self.gpfs_hidden = False
        self.away = set()               # files that were renamed
        self.lock = threading.RLock()
        self.wake_reader, self.wake_writer = os.pipe()

    # Start

    def main(self, ready):
        """Set up, tell the server on the pipe `ready`, serve for ever."""
        try:
            self.isolate()
            self.install()
            self.configure()
            if self.ganesha:
                self.ganesha.boot()
            answer = {"name": self.name, "keys": self.op_host_keys()}
        except Exception as error:
            answer = {"error": f"{self.name}: {error}"}
        os.write(ready, json.dumps(answer).encode() + b"\n")
        os.close(ready)
        if "error" in answer:
            os._exit(1)
        threading.Thread(target=self.accept_connections,
                         daemon=True).start()
        wire.serve(self.spec["control"], self)

    def isolate(self):
        scratch = self.spec["scratch"]
        sandbox.unshare(sandbox.CLONE_NEWNS | sandbox.CLONE_NEWUTS
                        | sandbox.CLONE_NEWIPC)
        if self.spec["host"]:
            sandbox.enter(self.spec["host"].namespace)
            self.inside = network.listen(self.spec["host"].namespace, 22)
        sandbox.mount(None, "/", None, sandbox.MS_SLAVE | sandbox.MS_REC)
        sandbox.sethostname(self.name)
        for top in ("usr", "etc", "var"):
            sandbox.overlay("/" + top, os.path.join(scratch, top))
        for hidden in self.spec["hide"]:
            sandbox.umount(hidden)
        sandbox.tmpfs("/root", "mode=700")
        sandbox.tmpfs("/tmp", "mode=1777")
        self.mount_run()
        os.chdir("/")

    def mount_run(self):
        sandbox.tmpfs("/run")
        os.mkdir("/run/sshd", 0o755)
        os.mkdir("/run/lock", 0o1777)

    def install(self):
        os.makedirs(MMBIN)
        os.makedirs(REAL)
        client = REAL + "/mmclient"
        with open(client, "wb") as file:
            file.write(self.spec["client"])
        os.chmod(client, 0o755)
        os.makedirs(os.path.dirname(LIBGPFS))
        with open(LIBGPFS, "wb") as file:
            file.write(self.spec["library"])
        for command in self.spec["commands"]:
            os.symlink(client, f"{MMBIN}/{command}")
        for path in self.spec["programs"]:
            shutil.copy(path, REAL)
            os.unlink(path)
            os.symlink(client, path)
        self.install_ganesha(client)
        write("/etc/gpfs-simulator",
              f"{self.spec['socket']}\n{self.name}\n")
        self.empty_exports()
        if not os.path.lexists("/etc/mtab"):    # NFS-Ganesha reads it
            os.symlink("/proc/self/mounts", "/etc/mtab")
        self.local_names()
        os.makedirs("/root/.ssh", 0o700)
        write("/root/.ssh/authorized_keys", self.spec["public_key"], 0o600)
        for name in os.listdir("/etc/ssh"):
            if name.startswith("ssh_host_"):
                os.unlink("/etc/ssh/" + name)

    def install_ganesha(self, client):
        if self.spec["ganesha"] is None:
            return
        for path in SYSTEMD:
            if os.path.lexists(path):
                os.unlink(path)
            os.symlink(client, path)
        self.ganesha = Ganesha(self.spec["ganesha"], self.spec["fsal"], REAL,
                               ENVIRONMENT)
        self.ganesha.install()

    def empty_exports(self):
        write("/etc/exports", "")
        for folder in ("/etc/exports.d", "/var/lib/nfs"):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
        self.forget_exports()

    def forget_exports(self):
        for name in ("etab", "rmtab", "xtab"):
            write(f"/var/lib/nfs/{name}", "")

    def local_names(self):
        """Only the nodes have names: no answer depends on a name server."""
        hosts = "127.0.0.1 localhost\n" + "".join(
            f"{address} {name}\n" for name, address in self.spec["hosts"])
        write("/etc/hosts", hosts)
        lines = read("/etc/nsswitch.conf").splitlines()
        write("/etc/nsswitch.conf", "\n".join(
            "hosts: files" if line.startswith("hosts:") else line
            for line in lines) + "\n")
        write("/etc/hostname", self.name + "\n")

    # sshd's settings

    def configure(self):
        settings = self.settings
        for kind in settings["host_keys"]:
            if not os.path.exists(self.key(kind)):
                self.make_key(kind)
        change_fields("/etc/passwd", "root", f6=settings["shell"])
        if settings["password"] != self.password_set:
            change_fields("/etc/shadow", "root",
                          f1=crypt(settings["password"]))
            self.password_set = settings["password"]
        if settings["bashrc"] is not None:
            write("/root/.bashrc", settings["bashrc"])
        write(CONFIG, self.config_text())
        if "keyboard-interactive" in settings["auth"]:
            write("/etc/pam.d/sshd", PAM)

    def config_text(self):
        settings, auth = self.settings, self.settings["auth"]
        interactive = "keyboard-interactive" in auth
        yes = {True: "yes", False: "no"}
        lines = list(settings["sshd_config"])       # the first one counts
        lines += [f"HostKey {self.key(k)}" for k in settings["host_keys"]]
        if settings["max_sessions"]:
            lines.append(f"MaxSessions {settings['max_sessions']}")
        lines += [
            "AuthorizedKeysFile .ssh/authorized_keys", "PidFile none",
            "PermitRootLogin yes", "UseDNS no", "PrintMotd no",
            "PrintLastLog no", "LogLevel VERBOSE",
            "PubkeyAuthentication " + yes["publickey" in auth],
            "PasswordAuthentication " + yes["password" in auth],
            "KbdInteractiveAuthentication " + yes[interactive],
            "UsePAM " + yes[interactive],
            "Subsystem sftp internal-sftp"]
        return "\n".join(lines) + "\n"

    def key(self, kind):
        return f"/etc/ssh/ssh_host_{kind}_key"

    def make_key(self, kind):
        for end in ("", ".pub"):
            if os.path.exists(self.key(kind) + end):
                os.unlink(self.key(kind) + end)
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C",
                        self.name, "-f", self.key(kind)], check=True,
                       stdin=subprocess.DEVNULL, env=ENVIRONMENT)

    # Connections

    def accept_connections(self):
        for listener in self.listeners():
            listener.setblocking(False)
        while True:
            with selectors.DefaultSelector() as selector:
                selector.register(self.wake_reader, selectors.EVENT_READ)
                for listener in self.listeners() * self.accepting:
                    selector.register(listener, selectors.EVENT_READ)
                ready = [key.fileobj for key, _ in selector.select()]
            with self.lock:
                if self.wake_reader in ready:
                    os.read(self.wake_reader, 4096)
                for listener in self.listeners() * self.accepting:
                    if listener in ready:
                        self.accept(listener)

    def listeners(self):
        return [self.listener] + [self.inside] * bool(self.inside)

    def accept(self, listener):
        try:
            conn, _ = listener.accept()
        except OSError:
            return                      # gone already, or not listening
        if self.inside and listener is self.listener:
            conn.setblocking(True)
            network.relay(conn, self.spec["manager"].namespace,
                          (self.spec["host"].address, 22))
            return
        with conn, open(SSHD_LOG, "ab") as log:
            conn.setblocking(True)
            self.accepted += 1
            self.connections.append(subprocess.Popen(
                [SSHD, "-i", "-e", "-f", CONFIG], stdin=conn, stdout=conn,
                stderr=log, env={"PATH": PATH}, start_new_session=True))

    def wake(self):
        os.write(self.wake_writer, b"x")

    def accept_again(self, accepting):
        with self.lock:
            self.accepting = accepting
        self.wake()

    # Requests: connections

    def op_connections(self):
        with self.lock:
            self.connections = [p for p in self.connections
                                if p.poll() is None]
            return {"accepted": self.accepted,
                    "open": len(self.connections)}

    def op_kill_connections(self, commands, spare=()):
        """spare: programs that stay, even when commands are killed."""
        with self.lock:
            while True:
                pids = [p for p in sandbox.in_my_namespace()
                        if self.living(p) and program(p) not in spare
                        and (commands or self.is_sshd(p))]
                if not pids:
                    break
                sandbox.kill_and_wait(pids)
            for process in self.connections:
                process.wait()
            self.connections = []

    def living(self, pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8",
                      errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def is_sshd(self, pid):
        try:
            return sandbox.parent(pid)[1].startswith("sshd")
        except OSError:
            return False

    def op_accept(self, accepting):
        """Without accepting, clients connect but never see a banner."""
        self.accept_again(accepting)

    def op_refuse(self, refusing):
        """Refused connections; shutdown(2) keeps the port ours."""
        if refusing:
            self.accept_again(False)
            for listener in self.listeners():
                with contextlib.suppress(OSError):      # is down already
                    listener.shutdown(2)
        else:
            self.listen_again()

    def listen_again(self):
        for listener in self.listeners():
            listener.listen(128)
        self.accept_again(True)

    def op_freeze(self, frozen):
        number = signal.SIGSTOP if frozen else signal.SIGCONT
        self.accept_again(not frozen)
        for pid in sandbox.in_my_namespace():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    # Requests: settings

    def op_configure(self, changes):
        unknown = set(changes) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"unknown settings: {sorted(unknown)}")
        self.settings.update(changes)
        self.configure()
        return self.op_host_keys()

    def op_change_host_keys(self):
        for kind in self.settings["host_keys"]:
            self.make_key(kind)
        return self.op_host_keys()

    def op_host_keys(self):
        """{type: "algorithm base64"} of the host's public keys."""
        return {kind: " ".join(read(self.key(kind) + ".pub").split()[:2])
                for kind in self.settings["host_keys"]}

    # Requests: power

    def op_power_off(self):
        """All processes and connections end at once, like a power cut."""
        self.op_refuse(True)
        self.op_kill_connections(commands=True)

    def op_power_on(self):
        """As after a boot: runtime state is gone, files are kept.

        nfs-server.service runs `exportfs -r` before it starts (nfs-utils).
        """
        self.op_gpfs(True)
        for volatile in ("/run", "/tmp"):
            sandbox.umount(volatile)
        self.mount_run()
        sandbox.tmpfs("/tmp", "mode=1777")
        self.forget_exports()
        subprocess.run([EXPORTFS, "-r"], capture_output=True, check=False,
                       stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        if self.ganesha:
            self.ganesha.boot_again()
        self.op_refuse(False)

    def op_gpfs(self, mounted):
        """Hide or show the file systems as an unmount on this node does."""
        if mounted == (not self.gpfs_hidden):
            return
        for mount_point in self.spec["mount_points"]:
            if mounted:
                sandbox.umount(mount_point)
            else:
                sandbox.mount("tmpfs", mount_point, "tmpfs",
                              sandbox.MS_RDONLY, "mode=755")
        self.gpfs_hidden = not mounted

    def op_installed(self, name, installed):
        """Programs and libraries that come and go."""
        for folder in PATH.split(":"):
            path = os.path.join(folder, name)       # or name, if absolute
            if installed and path in self.away:
                os.rename(path + AWAY, path)
                self.away.remove(path)
            elif not installed and os.path.lexists(path):
                os.rename(path, path + AWAY)
                self.away.add(path)

    def op_disturb_acls(self, lines):
        write(ACL_TESTS + AWAY, "".join(f"{line}\n" for line in lines))
        os.rename(ACL_TESTS + AWAY, ACL_TESTS)

    def op_reset(self):
        """Exports, connections and settings as after the start."""
        self.op_freeze(False)
        self.op_kill_connections(commands=True, spare=SERVICES)
        self.op_disturb_acls([])
        for path in list(self.away):
            self.op_installed(path, True)
        self.op_gpfs(True)
        self.empty_exports()
        if self.ganesha:
            self.ganesha.reset()
        self.listen_again()
        self.accepted = 0
        if os.path.exists("/root/.bashrc"):
            os.unlink("/root/.bashrc")
        self.settings = dict(DEFAULTS, **self.spec["settings"])
        self.configure()

    # Requests: NFS-Ganesha

    def op_ganesha(self, call, arguments):
        if self.ganesha is None:
            raise ValueError("the cluster was started without Ganesha")
        return getattr(self.ganesha, "op_" + call)(**arguments)

    # Requests: work in the node

    def op_run(self, argv, input, environment, timeout):
        data = None if input is None else base64.b64decode(input)
        done = subprocess.run(
            argv, input=data, capture_output=True, timeout=timeout,
            stdin=subprocess.DEVNULL if data is None else None,
            env=dict(ENVIRONMENT, **environment), cwd="/root")
        return {"status": done.returncode,
                "stdout": base64.b64encode(done.stdout).decode(),
                "stderr": base64.b64encode(done.stderr).decode()}

    def op_exportfs(self):
        """`exportfs -s` past the journal."""
        done = subprocess.run([EXPORTFS, "-s"], capture_output=True,
                              text=True, check=True, env=ENVIRONMENT,
                              stdin=subprocess.DEVNULL)
        return done.stdout

    def op_read_file(self, path):
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode()

    def op_write_file(self, path, data, mode):
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        if mode is not None:
            os.chmod(path, mode)

    def op_listdir(self, path):
        return sorted(os.listdir(path))

    def op_stat(self, path):
        info = os.lstat(path)
        return {name: getattr(info, name) for name in dir(info)
                if name.startswith("st_")}
