# SPDX-License-Identifier: Apache-2.0
"""mmnfs, mmces and mmuserauth on top of the model in `ces`.

Syntax follows the mmnfs pages of IBM Documentation from 4.2.1 to 6.0; what
a release does not know is a usage error.  Error texts, and the -Y columns
of `mmces service list`, `mmces address list`, `mmuserauth service list` and
`mmnfs config list`, are not documented: callers must not rely on them.
`mmnfs export load` restarts NFS but takes nothing from the file.
"""

import os

from . import release
from .call import DAEMON, QUERY
from .ces import DEFAULTS, wrong
from .failure import Failure

CHANGE_FLAGS = ("--nfsremove", "--nfschange", "--nfsadd")
SHORT = ("Path", "Delegations", "Clients")
WIDE = tuple(c for c in release.NFS_EXPORT if c not in SHORT)


def run_verb(call, verbs):
    """Run the function of "noun verb", the first two words."""
    function = verbs.get(" ".join(call.args[:2]))
    if function is None:
        call.usage("Incorrect arguments." if call.args
                   else "Missing arguments.")
    call.args = call.args[2:]
    function(call)


def changes(command, words):
    return " ".join([command] + words[:2]) in CHANGES


# mmnfs export

def need_nfs(call):
    ces = call.cluster.ces
    if not ces.nfs:
        raise wrong("The NFS service is not enabled. Use mmces service "
                    "enable NFS.")
    if ces.authentication is None:
        raise wrong("File authentication is not configured. Use mmuserauth "
                    "service create.")
    return ces


def export_path(call, text):
    if not text.startswith("/"):
        raise wrong(f"The path {text} is not absolute.")
    return os.path.normpath(text)


def check_exportable(call, path):
    fs = call.cluster.holding(path)
    if fs is None:
        raise wrong(f"The path {path} is not in a GPFS file system.")
    if os.path.islink(fs.inside(path)):
        raise wrong(f"The path {path} is a symbolic link.")
    if not os.path.isdir(fs.inside(path)):
        raise wrong(f"The path {path} is not a directory.")


def since_pseudo(call, *options):
    return options if call.release.nfs_pseudo else ()


def export_add(call):
    (path,), options = call.parse(
        1, 1, since_pseudo(call, "--dry-run"),
        ("-c", "--client") + since_pseudo(call, "--pseudo"))
    ces = need_nfs(call)
    path = export_path(call, path)
    clients = options.get("--client", options.get("-c", "*"))
    check_exportable(call, path)
    export = ces.add(path, clients, options.get("--pseudo", path),
                     "--dry-run" in options)
    if export is not None:
        record(call, export)
        ces.put(export)
        call.print("mmnfs: The NFS export was created successfully.")


def export_change(call):
    (path,), options = call.parse(
        1, 1, since_pseudo(call, "--dry-run"),
        CHANGE_FLAGS + ("--nfsposition",))
    flags = [f for f in CHANGE_FLAGS if f in options]
    if not flags:
        call.usage("Missing arguments.")
    if len(flags) > 1 and call.release.nfs_one_change:
        call.usage(f"Options {' and '.join(flags)} cannot be combined.")
    ces = need_nfs(call)
    export = ces.find(export_path(call, path)).copy()
    change_clients(call, export, options)
    if "--dry-run" in options:
        return
    if export.clients or ces.last_client != "remove":
        record(call, export)
        ces.put(export)
    else:
        record(call, export, removed=True)
        ces.remove(export.path)
    call.print("mmnfs: The NFS export was changed successfully.")


def change_clients(call, export, options):
    position = options.get("--nfsposition")
    if position is not None and len(options.keys() - {
            "--nfsposition", "--nfsremove", "--dry-run"}) == 0:
        call.usage("Option --nfsposition needs --nfsadd or --nfschange.")
    if "--nfsremove" in options:
        export.remove(options["--nfsremove"])
    if "--nfschange" in options:
        export.change(options["--nfschange"],
                      None if "--nfsadd" in options else position)
    if "--nfsadd" in options:
        export.add(options["--nfsadd"], position)
    if not export.clients and call.cluster.ces.last_client == "refuse":
        raise wrong(f"The last client of {export.path} cannot be removed.")


def export_remove(call):
    (path,), _options = call.parse(1, 1, ("--force",))
    ces = need_nfs(call)
    export = ces.find(export_path(call, path))
    record(call, export, removed=True)
    ces.remove(export.path)
    call.print("mmnfs: The NFS export was deleted successfully.")


def record(call, export, removed=False):
    """For the journal: the client list that the command leaves."""
    call.changes.append(dict(
        path=export.path, id=export.id,
        clients=None if removed else [c.plain() for c in export.clients]))


def export_load(call):
    (path,), _options = call.parse(1, 1)
    ces = need_nfs(call)
    fs = call.cluster.holding(call.absolute(path))
    if fs is None or not os.path.isfile(fs.inside(call.absolute(path))):
        raise wrong(f"{path}: No such file or directory")
    ces.restart()
    call.print("mmnfs: The NFS export was loaded successfully.")


def export_list(call):
    values = ("-n", "--nfsdefs")
    if call.release.nfs_match:
        values += ("--nfsdefs-match",)
    _, options = call.parse(0, 0, ("-Y",), values)
    ces = need_nfs(call)
    path = options.get("--nfsdefs", options.get("-n"))
    match = options.get("--nfsdefs-match")
    if None not in (path, match):
        call.usage("Options --nfsdefs and --nfsdefs-match exclude each "
                   "other.")
    chosen = [e for e in ces.exports.values()
              if (path is None or e.path == export_path(call, path))
              and (match is None or match in e.path)]
    wide = path is not None or match is not None
    if "-Y" in options:
        call.print(*export_records(call, chosen, wide))
        return
    if wide and not chosen:
        raise wrong(f"The path {path or match} is not exported.")
    columns = SHORT + WIDE if wide else SHORT
    rows = [[("NONE" if c == "Delegations" else v[c]) for c in columns]
            for v in client_rows(chosen)]
    call.print(*table(columns, rows, "  " if not wide else " "))


def client_rows(exports):
    """One {column: value} per client; an export without any has none."""
    for export in exports:
        for client in export.clients:
            yield dict(client.options, Path=export.path,
                       PseudoPath=export.pseudo, Delegations="none",
                       Clients=client.name, Export_Id=export.id)


def export_records(call, exports, wide):
    columns = call.release.nfs_columns
    if not wide:
        columns = columns[:columns.index("Clients") + 1]
    style = ("mmcesnfslsexport", "nfsexports")
    yield release.header(style[0], columns, style[1])
    for values in client_rows(exports):
        shown = [values[c] for c in columns]
        if call.cluster.ces.encoded:
            shown = [release.encode(v, release.PATHS) for v in shown]
        yield release.row(style[0], shown, style[1])


def table(columns, rows, gap="  "):
    widths = [max(len(str(row[n])) for row in [columns] + rows)
              for n in range(len(columns))]
    for row in [columns, ["-" * w for w in widths]] + rows:
        yield gap.join(str(v).ljust(w) for v, w in zip(row, widths))


# mmnfs config

def config_list(call):
    _, options = call.parse(0, 0, ("-Y", "--exportdefs"))
    ces = need_nfs(call)
    shown = ({name.upper(): value for name, value in DEFAULTS.items()}
             if "--exportdefs" in options else ces.config)
    if "-Y" in options:
        call.print(release.header("mmcesnfslscfg", list(shown),
                                  "nfsconfig"),
                   release.row("mmcesnfslscfg", shown.values(),
                               "nfsconfig"))
        return
    call.print("", "NFS Ganesha Configuration:", "=" * 26)
    call.print(*(f"{name}: {value}" for name, value in shown.items()))


def config_change(call):
    (settings,), _options = call.parse(1, 1, ("--force",))
    ces = need_nfs(call)
    fresh = dict(ces.config)
    for part in settings.split(":"):
        name, equals, value = part.partition("=")
        if not equals or name.upper() not in fresh:
            raise wrong(f"Incorrect option: {part}")
        fresh[name.upper()] = value
    ces.config = fresh
    ces.restart()
    call.print("NFS Configuration successfully changed. NFS server "
               "restarted on all NFS nodes on which NFS server is running.")


EXPORT_VERBS = {
    "export add": export_add, "export change": export_change,
    "export remove": export_remove, "export list": export_list,
    "export load": export_load}
OLD_CONFIG = {"configuration list": config_list,
              "configuration change": config_change}
CONFIG = {"config list": config_list, "config change": config_change}


def mmnfs(call):
    later = call.release.nfs_match
    run_verb(call, {**EXPORT_VERBS, **(CONFIG if later else OLD_CONFIG)})


# mmces

def service_list(call):
    _, options = call.parse(0, 0, ("-a", "-Y", "--verbose", "-v"), ("-N",))
    ces = call.cluster.ces
    names = ces.nodes if "-a" in options else [call.node]
    state = {name: "running" if ces.runs(name) else "not running"
             for name in names}
    if "-Y" in options:
        call.print(release.header("mmcesservicelist", (
            "NODE", "SERVICE", "ENABLED", "STATE")))
        if ces.nfs:
            call.print(*(release.row("mmcesservicelist", (
                name, "NFS", "yes", shown)) for name, shown
                in state.items()))
        return
    if not ces.nfs:
        call.print("No CES services are enabled.")
        return
    call.print("Enabled services: NFS")
    for name, shown in state.items():
        node = f"{name}:  " if "-a" in options else ""
        call.print(f"{node}NFS is {shown}")


def nfs_only(call):
    """Service commands name the service; only NFS is simulated."""
    words, options = call.parse(1, 2, ("-a", "--force"), ("-N",))
    if [w for w in words if w and w.upper() != "NFS"]:
        call.usage("Only the NFS service is simulated.")
    ces = call.cluster.ces
    names = ces.nodes if "-a" in options else [call.node]
    return ces, options.get("-N", ",".join(names)).split(",")


def service_enable(call):
    ces, _names = nfs_only(call)
    ces.nfs = True
    ces.running = dict.fromkeys(ces.nodes, True)


def service_disable(call):
    """Takes the exports with it."""
    ces, _names = nfs_only(call)
    for export in ces.exports.values():
        record(call, export, removed=True)
    ces.wipe()
    ces.nfs = False
    ces.running = dict.fromkeys(ces.nodes, False)


def service_start(call, running=True):
    ces, names = nfs_only(call)
    if not ces.nfs:
        raise Failure(1, "mmces: The NFS service is not enabled.")
    ces.running.update((n, running) for n in names if n in ces.running)


def service_stop(call):
    service_start(call, running=False)


STATES = "AUTH BLOCK NETWORK AUTH_OBJ NFS OBJ SMB CES".split()


def node_states(cluster, name):
    ces = cluster.ces
    nfs = "DISABLED"
    if ces.nfs:
        nfs = "HEALTHY" if ces.runs(name) else "STOPPED"
    up = cluster.daemon[name] == "active"
    return dict(
        dict.fromkeys(STATES, "DISABLED"), NODE=name, NFS=nfs,
        AUTH="HEALTHY" if ces.authentication else "DISABLED",
        NETWORK="HEALTHY", CES="HEALTHY" if up else "FAILED")


def state_show(call):
    words, options = call.parse(0, 1, ("-Y", "-a"), ("-N",))
    columns = ["NODE"] + STATES
    if words[0]:
        columns = ["NODE", words[0].upper()]
        if columns[1] not in STATES:
            call.usage(f"Incorrect component: {words[0]}")
    nodes = call.cluster.ces.nodes if "-a" in options else [call.node]
    rows = [[values[c] for c in columns] for values in (
        node_states(call.cluster, name) for name in nodes)]
    if "-Y" in options:
        call.print(release.header("mmcesstate", columns))
        call.print(*(release.row("mmcesstate", row) for row in rows))
        return
    call.print(*table(columns, rows))


def address_list(call):
    _, options = call.parse(0, 0, ("-Y", "--full-list", "--by-node"))
    rows = [[address, node or "unassigned", "none", "none"]
            for address, node in call.cluster.ces.serving().items()]
    if "-Y" in options:
        call.print(release.header("mmcesaddresslist", (
            "address", "node", "group", "attributes")))
        for row in rows:
            call.print(release.row("mmcesaddresslist",
                                   map(release.encode, row)))
        return
    call.print(*table(("Address", "Node", "Ces Group", "Attributes"), rows,
                      " "))


def mmces(call):
    run_verb(call, {
        "service list": service_list, "service enable": service_enable,
        "service disable": service_disable, "service start": service_start,
        "service stop": service_stop, "state show": state_show,
        "address list": address_list})


# mmuserauth

def auth_list(call):
    _, options = call.parse(0, 0, ("-Y",), ("--data-access-method",))
    files = call.cluster.ces.authentication
    shown = {"file": files, "object": None}
    method = options.get("--data-access-method", "all")
    if method not in (*shown, "all"):
        call.usage(f"Incorrect data access method: {method}")
    chosen = {name: kind for name, kind in shown.items()
              if method in (name, "all")}
    if "-Y" in options:
        call.print(release.header("mmuserauth", (
            "access", "type", "parameter", "value"), "service"))
        call.print(*(release.row("mmuserauth", (name, kind, "", ""),
                                 "service")
                     for name, kind in chosen.items() if kind))
        return
    for name, kind in chosen.items():
        title = f"{name.upper()} access "
        title += f"configuration : {kind}" if kind else "not configured"
        call.print(title, "PARAMETERS               VALUES", "-" * 49, "")


def auth_create(call):
    _, options = call.parse(
        0, 0, (), ("--data-access-method", "--type"))
    if options.get("--data-access-method") != "file" or options.get(
            "--type") != "userdefined":
        call.usage("Only --data-access-method file --type userdefined is "
                   "simulated.")
    if call.cluster.ces.authentication:
        raise Failure(1, "mmuserauth: File authentication is already "
                         "configured.")
    call.cluster.ces.authentication = "USERDEFINED"
    call.print("File authentication configuration completed successfully.")


def auth_remove(call):
    _, options = call.parse(0, 0, (), ("--data-access-method",))
    if options.get("--data-access-method") not in ("file", "all"):
        call.usage("Missing arguments.")
    call.cluster.ces.authentication = None


def mmuserauth(call):
    run_verb(call, {"service list": auth_list, "service create": auth_create,
                    "service remove": auth_remove})


CHANGES = {
    "mmnfs export add", "mmnfs export change", "mmnfs export remove",
    "mmnfs export load", "mmnfs config change", "mmnfs configuration change",
    "mmces service enable", "mmces service disable",
    "mmuserauth service create", "mmuserauth service remove"}
COMMANDS = {"mmnfs": (mmnfs, DAEMON), "mmces": (mmces, QUERY),
            "mmuserauth": (mmuserauth, QUERY)}
