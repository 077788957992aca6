# SPDX-License-Identifier: Apache-2.0
"""NFS-Ganesha on a node: its configuration, D-Bus, systemd's part.

Everything is the distribution's own program, apart from FSAL GPFS, which
cannot be loaded without a GPFS (see fsalgpfs.c), and apart from systemctl(1)
and service(8), as no systemd runs in a node.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
import time

from . import oldsyntax, sandbox

CONFIG = "/etc/ganesha/ganesha.conf"
EXPORT_DIR = "/etc/ganesha/export.d"
INDEX = EXPORT_DIR + "/INDEX.conf"
CES_DIR = "/var/mmfs/ces/nfs-config/export.d"
LOG = "/var/log/ganesha/ganesha.log"
PID_FILE = "/run/ganesha/ganesha.pid"
RECOVERY = "/var/lib/nfs/ganesha"
DAEMON = "/usr/bin/ganesha.nfsd"
TRANSLATED = "/run/ganesha/translated.conf"
COMMAND = [DAEMON, "-F", "-L", LOG, "-N", "NIV_EVENT", "-p", PID_FILE, "-f"]
READY = "NFS SERVER INITIALIZED"
START_SECONDS = 60
STOP_SECONDS = 20
DBUS_SECONDS = 60
DBUS = ["dbus-daemon", "--system", "--fork", "--nopidfile"]
SERVICES = {"dbus-daemon", "rpcbind", "ganesha.nfsd"}   # survive a reset
UNIT = "nfs-ganesha.service"
MANAGER = ["--system", "--print-reply", "--dest=org.ganesha.nfsd",
           "/org/ganesha/nfsd/ExportMgr"]
INTERFACE = "org.ganesha.nfsd.exportmgr."
LAYOUTS = {                     # how an operator includes export files
    "dir": f"%dir {EXPORT_DIR}\n",
    "include": f'%include "{INDEX}"\n',
    "none": ""}
DEFAULTS = {"layout": "dir", "protocols": "3, 4", "extra": "",
            "ces": False, "translate": False}
MAIN = """# NFS-Ganesha of this storage node
NFS_CORE_PARAM {
    # where root may not do everything; older ones do not know it
    allow_set_io_flusher_fail = true;
    Protocols = %(protocols)s;
    Enable_NLM = false;
    Enable_RQUOTA = false;
}
NFSV4 {
    Graceless = true;
    Lease_Lifetime = 120;
    RecoveryBackend = fs;
    RecoveryRoot = %(recovery)s;
    Only_Numeric_Owners = true;
}
NFS_KRB5 {
    Active_krb5 = false;
}
EXPORT_DEFAULTS {
    Access_Type = None;
    Protocols = %(protocols)s;
    Transports = TCP;
    SecType = sys;
    Squash = No_Root_Squash;
}
"""
CLIENT_KEYS = {                 # of mirrored definitions
    "access_type": "Access_Type", "squash": "Squash",
    "protocols": "Protocols", "transports": "Transports",
    "sectype": "SecType", "anonymous_uid": "Anonymous_uid",
    "anonymous_gid": "Anonymous_gid", "privilegedport": "PrivilegedPort",
    "manage_gids": "Manage_Gids"}
READ, WRITE, MD_READ, MD_WRITE = 0x20, 0x40, 0x80, 0x100
SQUASH_ROOT, SQUASH_ALL = 0x2, 0x4


class Ganesha:
    """The daemon of one node; op_* are control requests.

    real: directory of the programs behind the journal's wrappers.
    """

    def __init__(self, settings, fsal, real, environment):
        unknown = set(settings) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"unknown Ganesha settings: {sorted(unknown)}")
        self.settings = dict(DEFAULTS, **settings)
        self.fsal = fsal                # (directory, content)
        self.dbus_send = [os.path.join(real, "dbus-send")]
        self.environment = environment
        self.process = None
        self.starts = 0
        self.mirrored = {}              # path -> export id
        self.lock = threading.RLock()

    # Files

    def install(self):
        plugins, content = self.fsal
        with open(f"{plugins}/libfsalgpfs.so", "wb") as file:
            file.write(content)
        for path in (RECOVERY, os.path.dirname(LOG)):
            os.makedirs(path, exist_ok=True)
        self.configure()

    def configure(self):
        """Configuration files as an operator leaves them."""
        for folder in (EXPORT_DIR, CES_DIR):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
        self.mirrored = {}
        settings = self.settings
        text = MAIN % dict(settings, recovery=RECOVERY) + settings["extra"]
        text += LAYOUTS[settings["layout"]]
        if settings["layout"] == "include":
            write(INDEX, "# One %include per export\n")
        if settings["ces"]:
            text += f"%dir {CES_DIR}\n"
        write(CONFIG, text)

    # Processes

    def boot(self):
        """D-Bus, rpcbind and the daemon, in a fresh /run."""
        os.makedirs("/run/dbus", exist_ok=True)
        os.makedirs(os.path.dirname(PID_FILE), exist_ok=True)
        self._run(DBUS)                 # these two return when ready
        if "3" in self.settings["protocols"]:
            self._run(["rpcbind", "-w"])
        self.op_start()

    def _run(self, argv):
        with open(LOG + ".boot", "ab") as log:
            if subprocess.run(argv, env=self.environment, stdout=log,
                              stdin=subprocess.DEVNULL,
                              stderr=log).returncode:
                raise OSError(f"{argv[0]} failed: {read(log.name)}")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def op_start(self):
        with self.lock:
            if self.running():
                return
            seen = len(self.op_log())
            with open(LOG + ".boot", "ab") as log:
                self.process = subprocess.Popen(
                    [*COMMAND, self._readable()], env=self.environment,
                    stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    start_new_session=True)
            self.starts += 1
            self._wait_until_ready(seen)

    def _readable(self):
        """The configuration as this Ganesha can read it."""
        if not self.settings["translate"]:
            return CONFIG
        write(TRANSLATED, oldsyntax.translated(read(CONFIG)))
        return TRANSLATED

    def _wait_until_ready(self, seen):
        end = time.monotonic() + START_SECONDS
        while READY not in self.op_log()[seen:]:
            if wait_for_end(self.process, 0.005):
                raise OSError("Ganesha died:\n" + self.op_log()[seen:])
            if time.monotonic() > end:
                raise OSError("Ganesha is not ready")

    def op_stop(self, kill=False):
        """The unit's ExecStop waits, too; it takes more than a second."""
        with self.lock:
            if not self.running():
                return
            self.process.send_signal(
                signal.SIGKILL if kill else signal.SIGTERM)
            if not wait_for_end(self.process, STOP_SECONDS):
                self.process.kill()
            self.process.wait()

    def op_restart(self, kill=False):
        self.op_stop(kill)
        self.op_start()

    def op_reload(self):
        if not self.running():
            raise OSError("Ganesha does not run")
        self.process.send_signal(signal.SIGHUP)

    def op_freeze(self, frozen):
        """It keeps its sockets and its bus name, but does nothing."""
        self.process.send_signal(
            signal.SIGSTOP if frozen else signal.SIGCONT)

    def op_state(self):
        running = self.running()
        return {"pid": self.process.pid if running else None,
                "starts": self.starts}

    def op_log(self):
        with contextlib.suppress(FileNotFoundError):
            return read(LOG)
        return ""

    def reset(self):
        """No exports but the operator's; the daemon is not restarted."""
        self.configure()
        if not self.running():
            self.boot_again()
            return
        exports = self.op_exports().values()
        for export in sorted(exports, key=lambda e: e["path"], reverse=True):
            self._manage("RemoveExport", f"uint16:{export['id']}")

    def boot_again(self):
        """After power was off, or somebody killed things."""
        sandbox.kill_and_wait([pid for pid in sandbox.in_my_namespace()
                               if program(pid) in SERVICES])
        with contextlib.suppress(FileNotFoundError):
            os.unlink("/run/dbus/system_bus_socket")
        self.boot()

    # D-Bus

    def _manage(self, method, *arguments):
        try:
            done = subprocess.run(
                self.dbus_send + MANAGER + [INTERFACE + method, *arguments],
                capture_output=True, text=True, env=self.environment,
                stdin=subprocess.DEVNULL, timeout=DBUS_SECONDS)
        except subprocess.TimeoutExpired:
            raise OSError(f"{method}: no answer") from None
        if done.returncode:
            raise OSError(f"{method}: {done.stderr.strip()}")
        return done.stdout

    def op_exports(self):
        """{id: what DisplayExport says} of all exports but the root."""
        _boot, shown = parse_reply(self._manage("ShowExports"))
        numbers = [export[0] for export in shown if export[0] != 0]
        return {n: describe(parse_reply(self._manage(
            "DisplayExport", f"uint16:{n}"))) for n in numbers}

    # Cluster Export Services

    def op_mirror(self, path, definition):
        """The daemon follows an export that CES has, or had (None)."""
        with self.lock:
            known = self.mirrored.get(path)
            file = f"{CES_DIR}/{known or (definition or {}).get('id')}.conf"
            if definition is None:
                self._forget(path, known, file)
                return
            write(file, export_block(path, definition))
            self.mirrored[path] = definition["id"]
            if self.running():
                self._manage(
                    "AddExport" if known is None else "UpdateExport",
                    f"string:{file}",
                    f"string:EXPORT(Export_Id={definition['id']})")

    def _forget(self, path, number, file):
        if number is None:
            return
        os.unlink(file)
        del self.mirrored[path]
        if self.running():
            self._manage("RemoveExport", f"uint16:{number}")

    # systemd

    def op_service(self, argv):
        """systemctl(1) or service(8): (status, stdout, stderr)."""
        name, words = argv[0], [w for w in argv[1:] if w[:1] != "-"]
        if os.path.basename(name) == "service":
            words = words[1:2] + words[:1]
        verb, unit = (words + ["", ""])[:2]
        if verb == "daemon-reload":
            return 0, "", ""
        if unit.removesuffix(".service") + ".service" != UNIT:
            return self._other_unit(verb, unit)
        return self._unit(verb)

    def _other_unit(self, verb, unit):
        if verb in ("is-active", "is-failed"):
            return 3, "inactive\n", ""
        unit = unit.removesuffix(".service") + ".service"
        return 5, "", f"Failed to {verb} {unit}: Unit {unit} not found.\n"

    def _unit(self, verb):
        state = "active" if self.running() else "inactive"
        if verb in ("is-active", "status"):
            text = f"{state}\n"
            if verb == "status":
                text = f"* {UNIT} - NFS-Ganesha file server\n" \
                       f"     Active: {text}"
            return 0 if self.running() else 3, text, ""
        if verb in ("is-enabled", "enable", "disable"):
            return 0, "enabled\n" * (verb == "is-enabled"), ""
        if verb == "show":
            pid = self.process.pid if self.running() else 0
            return 0, f"MainPID={pid}\nActiveState={state}\n", ""
        return self._change(verb)

    def _change(self, verb):
        changes = {
            "start": self.op_start, "stop": self.op_stop,
            "restart": self.op_restart, "reload": self.op_reload,
            "try-restart": lambda: self.running() and self.op_restart(),
            "reload-or-restart": lambda: (
                self.op_reload() if self.running() else self.op_start())}
        if verb not in changes:
            return 1, "", f"Unknown command verb {verb}.\n"
        try:
            changes[verb]()
        except OSError as error:
            return 1, "", (f"Job for {UNIT} failed.\n{error}\n")
        return 0, "", ""


def write(path, text):
    """At once, and under a name that %dir leaves out until then."""
    fresh = os.path.join(os.path.dirname(os.path.dirname(path)),
                         f".{os.path.basename(path)}")
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(fresh, path)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def wait_for_end(process, seconds):
    """Whether a child ends in time."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)


def program(pid):
    """The name of the program that a process of this node runs."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


# Configuration text

def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def export_block(path, definition):
    clients = "".join(client_block(c) for c in definition["clients"])
    return (f"EXPORT {{\n    Export_Id = {definition['id']};\n"
            f"    Path = {quoted(path)};\n"
            f"    Pseudo = {quoted(definition['pseudo'])};\n"
            "    Access_Type = None;\n    FSAL {\n        Name = GPFS;\n"
            f"    }}\n{clients}}}\n")


def client_block(client):
    lines = [f"        Clients = {client['client']};"]
    for key, name in CLIENT_KEYS.items():
        if client.get(key) not in (None, ""):
            lines.append(f"        {name} = {client[key]};")
    return "    CLIENT {\n" + "\n".join(lines) + "\n    }\n"


# Replies as dbus-send prints them

def parse_reply(text):
    """The values of a reply as lists, strings, numbers."""
    return parse_values(iter(text.splitlines()[1:]))


def parse_values(lines):
    values = []
    for line in lines:
        kind, _, rest = line.strip().partition(" ")
        if kind in ("}", "]"):
            break
        if rest in ("{", "["):
            values.append(parse_values(lines))
        elif kind == "string":
            values.append(rest[1:-1])
        elif kind == "boolean":
            values.append(rest == "true")
        elif kind:
            values.append(int(rest))
    return values


def describe(reply):
    """DisplayExport's reply."""
    number, path, pseudo, tag, clients = reply
    return {"id": number, "path": path, "pseudo": pseudo, "tag": tag,
            "clients": [describe_client(c) for c in clients]}


def describe_client(values):
    client, *_, uid, gid, _expires, options, _set = values
    return {"client": client, "access_type": access(options),
            "squash": squash(options), "anonymous_uid": uid,
            "anonymous_gid": gid}


def access(options):
    for bit, name in ((WRITE, "RW"), (READ, "RO"), (MD_WRITE, "MDONLY"),
                      (MD_READ, "MDONLY_RO")):
        if options & bit:
            return name
    return "NONE"


def squash(options):
    if options & SQUASH_ALL:
        return "All_Squash"
    return "Root_Squash" if options & SQUASH_ROOT else "No_Root_Squash"
