# SPDX-License-Identifier: Apache-2.0
"""The mm commands on top of the cluster model.

One function per command, found through `COMMANDS`.  Options, output, and
texts follow the IBM Documentation command pages (mmcrfileset,
mmlinkfileset, mmlsfileset, mmsetquota, mmlsquota, mmcrsnapshot, ...) and its
message catalogue (6027-nnnn); exit statuses, which IBM does not document,
are the errno values seen in practice.
"""

import errno
import os
import time

from . import acl, ces_commands, release, snapshot_commands
from .call import BAD_NAME, DAEMON, EXAMINE, QUERY, Call, date, size
from .cluster import FIRST_INODES
from .failure import Failure

__all__ = ["COMMANDS", "EXAMINE", "Call", "changes", "run"]


def changes(argv):
    """Whether a command changes the configuration, and so takes its lock."""
    name = os.path.basename(argv[0])
    return name in CHANGES or ces_commands.changes(name, argv[1:])


def run(call):
    """Run a command; its exit status.  Output stays in `call`."""
    function, kind = COMMANDS[call.command]
    try:
        if call.user != 0:
            raise Failure(errno.EPERM, f"{call.command}: Operation not "
                                       "permitted")
        if kind == DAEMON and call.cluster.daemon[call.node] != "active":
            raise Failure(1, "Failed to connect to file system daemon: "
                             "No such process",
                          f"{call.command}: GPFS is down on this node.")
        with call.cluster.lock:
            function(call)
    except Failure as failure:
        call.err.extend(failure.lines)
        if not any(line.startswith("Usage:") for line in failure.lines):
            call.err.append(f"{call.command}: {EXAMINE}")
        return failure.status
    return 0


# Cluster and file system queries

def mmgetstate(call):
    _, options = call.parse(0, 0, ("-Y", "-a", "-L", "-s", "-v"), ("-N",))
    cluster = call.cluster
    names = cluster.nodes if "-a" in options else [call.node]
    if options.get("-N") in cluster.nodes:
        names = [options["-N"]]
    rows = []
    for name in names:
        number = cluster.nodes.index(name) + 1
        values = dict(
            nodeName=name, nodeNumber=number, state=cluster.daemon[name],
            quorum=cluster.quorum(), nodesUp=cluster.up(),
            totalNodes=len(cluster.nodes), remarks="quorum node",
            cnfsState="(undefined)", daemonShortName=name,
            daemonNodeName=name)
        rows.append(values)
    if "-Y" in options:
        columns = call.release.state_columns
        call.print(release.header("mmgetstate", columns))
        for values in rows:
            call.print(release.row("mmgetstate",
                                   [values[c] for c in columns]))
        return
    call.print("", " Node number  Node name        GPFS state  ",
               "-" * 43)
    for values in rows:
        call.print("%8d      %-16s %s" % (
            values["nodeNumber"], values["nodeName"], values["state"]))


def mmlscluster(call):
    _, options = call.parse(0, 0, ("-Y", "--ces", "--cnfs"))
    cluster = call.cluster
    if "-Y" in options:
        for line in cluster_records(cluster):
            call.print(line)
        return
    call.print("", "GPFS cluster information", "=" * 24,
               f"  GPFS cluster name:         {cluster.name}",
               f"  GPFS cluster id:           {cluster.id}",
               f"  GPFS UID domain:           {cluster.name}",
               "  Remote shell command:      /usr/bin/ssh",
               "  Remote file copy command:  /usr/bin/scp",
               "  Repository type:           CCR", "",
               " Node  Daemon node name  IP address   Admin node name  "
               "Designation", "-" * 67)
    for number, name in enumerate(cluster.nodes, 1):
        call.print("%4d   %-16s  %-11s  %-15s  quorum-manager" % (
            number, name, cluster.addresses[name], name))


def cluster_records(cluster):
    summary = ("clusterName clusterId uidDomain rshPath rshSudoWrapper "
               "rcpPath rcpSudoWrapper repositoryType primaryServer "
               "secondaryServer").split()
    node = ("nodeNumber daemonNodeName ipAddress adminNodeName designation "
            "otherNodeRoles adminLoginName otherNodeRolesAlias").split()
    yield release.header("mmlscluster", summary, "clusterSummary")
    yield release.header("mmlscluster", node, "clusterNode")
    yield release.row("mmlscluster", (
        cluster.name, cluster.id, cluster.name, "/usr/bin/ssh", "no",
        "/usr/bin/scp", "no", "CCR", "", ""), "clusterSummary")
    for number, name in enumerate(cluster.nodes, 1):
        yield release.row("mmlscluster", (
            number, name, cluster.addresses[name], name, "quorumManager",
            "", "", ""), "clusterNode")


def mmlsconfig(call):
    (name,), options = call.parse(0, 1, ("-Y",))
    config = call.cluster.config
    if name is not None and name not in config:
        raise Failure(1, f"mmlsconfig: Incorrect attribute: {name}")
    chosen = {name: config[name]} if name else config
    if "-Y" in options:
        call.print(release.header(
            "mmlsconfig", ("configParameter", "value", "nodeList")))
        for key, value in chosen.items():
            call.print(release.row("mmlsconfig", (
                key, release.encode(value), "")))
        return
    if name:
        call.print(f"{name} {config[name]}")
        return
    title = f"Configuration data for cluster {call.cluster.name}:"
    call.print(title, "-" * len(title))
    call.print(*(f"{key} {value}" for key, value in config.items()))
    call.print("", f"File systems in cluster {call.cluster.name}:")
    call.print(*(f"/dev/{fs}" for fs in call.cluster.filesystems))


def mmchconfig(call):
    (settings,), _ = call.parse(1, 1, ("-i", "-I"), ("-N",))
    for setting in settings.split(","):
        name, equals, value = setting.partition("=")
        if not equals:
            call.usage(f"Incorrect option: {setting}")
        call.cluster.config[name] = value
    call.print("mmchconfig: Command successfully completed")


def filesystem_attributes(call, fs):
    """The fields of mmlsfs: (flag, field name, value, description)."""
    yn = {True: call.release.yes, False: call.release.no}
    version = call.release.format
    created = date(fs.created)
    return [
        ("-f", "minFragmentSize", fs.block_size // 512,
         "Minimum fragment (subblock) size in bytes"),
        ("-i", "inodeSize", 4096, "Inode size in bytes"),
        ("-I", "indirectBlockSize", 32768, "Indirect block size in bytes"),
        ("-m", "defaultMetadataReplicas", 1,
         "Default number of metadata replicas"),
        ("-M", "maxMetadataReplicas", 2,
         "Maximum number of metadata replicas"),
        ("-r", "defaultDataReplicas", 1, "Default number of data replicas"),
        ("-R", "maxDataReplicas", 2, "Maximum number of data replicas"),
        ("-j", "blockAllocationType", "scatter", "Block allocation type"),
        ("-D", "fileLockingSemantics", "nfs4",
         "File locking semantics in effect"),
        ("-k", "ACLSemantics", fs.acl_semantics,
         "ACL semantics in effect"),
        ("-n", "numNodes", 32,
         "Estimated number of nodes that will mount file system"),
        ("-B", "blockSize", fs.block_size, "Block size"),
        ("-Q", "quotasAccountingEnabled", fs.quotas,
         "Quotas accounting enabled"),
        ("-Q", "quotasEnforced", fs.quotas, "Quotas enforced"),
        ("-Q", "defaultQuotasEnabled", "none", "Default quotas enabled"),
        ("--perfileset-quota", "perfilesetQuotas", yn[fs.perfileset_quotas],
         "Per-fileset quota enforcement"),
        ("--filesetdf", "filesetdfEnabled", yn[fs.filesetdf],
         "Fileset df enabled?"),
        ("-V", "filesystemVersion", version, "File system version"),
        ("-V", "filesystemVersionLocal", version, ""),
        ("-V", "filesystemVersionManager", version, ""),
        ("-V", "filesystemVersionOriginal", version, ""),
        ("-V", "filesystemHighestSupported", version, ""),
        ("--create-time", "create-time", created,
         "File system creation time"),
        ("-z", "DMAPIEnabled", yn[False], "Is DMAPI enabled?"),
        ("-L", "logfileSize", 33554432, "Logfile size"),
        ("-E", "exactMtime", yn[True], "Exact mtime mount option"),
        ("-S", "suppressAtime", "relatime", "Suppress atime mount option"),
        ("-K", "strictReplication", "whenpossible",
         "Strict replica allocation option"),
        ("--fastea", "fastEAenabled", yn[True],
         "Fast external attributes enabled?"),
        ("--encryption", "encryption", yn[False], "Encryption enabled?"),
        ("--inode-limit", "maxNumberOfInodes", 513024,
         "Maximum number of inodes"),
        ("", "maxSnapshotId", fs.next_snapshot - 1, ""),
        ("", "UID", "090B5475:%08X" % int(fs.created), ""),
        ("--is4KAligned", "is4KAligned", yn[True], "is4KAligned?"),
        ("-P", "storagePools", "system;data",
         "Disk storage pools in file system"),
        ("-d", "disks", f"{fs.name}nsd1;{fs.name}nsd2",
         "Disks in file system"),
        ("-A", "automaticMountOption", "yes", "Automatic mount option"),
        ("-o", "additionalMountOptions", "none",
         "Additional mount options"),
        ("-T", "defaultMountPoint", fs.mount_point, "Default mount point"),
    ]


def mmlsfs(call):
    flags = {flag for flag, *_ in filesystem_attributes(
        call, next(iter(call.cluster.filesystems.values())))}
    (device,), options = call.parse(1, 1, tuple(flags - {""}) + ("-Y",))
    known = call.cluster.filesystems
    if device == "all":
        chosen = list(known.values())
    else:
        chosen = [call.filesystem(device)]
    asked = set(options) - {"-Y"}
    if "-Y" in options:
        call.print(release.header(
            "mmlsfs", ("deviceName", "fieldName", "data", "remarks")))
    for fs in chosen:
        attributes = [a for a in filesystem_attributes(call, fs)
                      if not asked or a[0] in asked]
        if "-Y" in options:
            for _flag, name, value, _text in attributes:
                call.print(release.row("mmlsfs", (
                    fs.name, name, release.encode(value, release.PATHS),
                    "")))
            continue
        call.print("flag                value                    "
                   "description")
        call.print("-" * 19 + " " + "-" * 24 + " " + "-" * 35)
        last = None
        for flag, _name, value, text in attributes:
            if flag:
                call.print(" %-18s %-24s %s" % (
                    "" if flag == last else flag, value, text))
            last = flag


def mmlsattr(call):
    (path,), options = call.parse(1, 1, ("-L", "-l", "-d"))
    full = call.absolute(path)
    fs = call.cluster.holding(full)
    if not os.path.lexists(fs.inside(full) if fs else full):
        raise Failure(errno.ENOENT, f"{path}: No such file or directory")
    if fs is None:
        raise Failure(errno.EINVAL,
                      f"{path} is not a GPFS file system object.")
    if "-L" not in options:
        call.print("  replication factors",
                   "metadata(max) data(max) file    [flags]",
                   "------------- --------- ---------------",
                   f"      1 (  2)   1 (  2) {path}")
        return
    folder = os.path.isdir(fs.inside(full))
    call.print(f"file name:            {path}",
               "metadata replication: 1 max 2",
               "data replication:     1 max 2",
               "immutable:            no",
               "appendOnly:           no",
               "flags:",
               "storage pool name:    system",
               f"fileset name:         {fs.containing(full).name}",
               "snapshot name:",
               "Windows attributes:   "
               + ("DIRECTORY" if folder else "ARCHIVE"))


# Filesets

def check_fileset_name(call, name):
    wrong = (not 1 <= len(name) <= 255 or name in ("root", "new")
             or name.startswith("-") or set(name) & BAD_NAME)
    if wrong:
        raise Failure(errno.EINVAL,
                      f"{call.command}: Incorrect fileset name: {name}.")


def inode_limits(call, text):
    try:
        most, _, alloc = text.partition(":")
        most = size(most)
        return most, size(alloc) if alloc else min(most, 1024)
    except ValueError:
        call.usage(f"Incorrect inode limit: {text}")


def check_comment(text):
    if len(text or "") > 255:
        raise Failure(errno.EINVAL,
                      "Comment exceeds maximum length of 255 characters.")


def mmcrfileset(call):
    (device, name), options = call.parse(
        2, 2, values=("-p", "-t", "--inode-space", "--inode-limit",
                      "--allow-permission-change",
                      "--allow-permission-inherit"))
    fs = call.filesystem(device)
    check_fileset_name(call, name)
    check_comment(options.get("-t"))
    if fs.fileset(name):
        raise Failure(errno.EEXIST, f"Fileset {name} already exists.")
    space = options.get("--inode-space", "root")
    inodes, alloc = FIRST_INODES, FIRST_INODES
    if "--inode-limit" in options:
        inodes, alloc = inode_limits(call, options["--inode-limit"])
    owner = None if space == "new" else call.fileset(fs, space)
    made = fs.create(name, owner, options.get("-t", ""), inodes, alloc)
    shown = ""
    if call.release.root_inode_shown:
        shown = f" root inode {made.root_inode}"
    call.print(f"Fileset {name} created with id {made.id}{shown}.")


def mmlinkfileset(call):
    (device, name), options = call.parse(2, 2, values=("-J",))
    fs = call.filesystem(device)
    fileset = call.fileset(fs, name)
    if fileset.path is not None:
        raise Failure(errno.EEXIST, f"Fileset {name} is already linked.")
    path = call.absolute(options.get("-J", name))
    if not fs.holds(path) or path == fs.mount_point:
        raise Failure(errno.EINVAL,
                      f"{path} is not in file system {fs.name}.")
    if os.path.lexists(fs.inside(path)):
        raise Failure(errno.EEXIST,
                      f"Fileset junction {path} already exists.")
    if not os.path.isdir(os.path.dirname(fs.inside(path))):
        raise Failure(errno.ENOENT, f"{os.path.dirname(path)}: No such file "
                                    "or directory")
    above = fs.containing(os.path.dirname(path))
    if not fileset.owner and above.inode_space != fileset.inode_space:
        raise Failure(errno.EINVAL, f"Fileset {name} can only be linked "
                                    "within its own inode space.")
    fs.link(fileset, path)
    call.print(f"Fileset {name} linked at {path}")


def mmunlinkfileset(call):
    (device, name), options = call.parse(1, 2, ("-f",), ("-J",))
    fs = call.filesystem(device)
    fileset = call.by_name_or_junction(fs, name, options)
    if fileset.path is None:
        raise Failure(errno.EINVAL, f"Fileset {fileset.name} is not linked.")
    if fileset.id == 0:
        raise Failure(errno.EINVAL, "The root fileset cannot be unlinked.")
    if fs.linked_below(fileset):
        raise Failure(errno.EBUSY, f"Fileset {fileset.name} cannot be "
                      "unlinked because other filesets are linked within "
                      "it.")
    if "-f" not in options and (fs.restoring(fileset)
                                or fs.is_open(fileset)):
        raise Failure(errno.EBUSY, f"Fileset {fileset.name} has open files. "
                                   "Specify -f to force unlink.")
    fs.unlink(fileset)
    call.print(f"Fileset {fileset.name} unlinked.")


def mmdelfileset(call):
    (device, name), options = call.parse(2, 2, ("-f",), ("--qos",))
    fs = call.filesystem(device)
    fileset = call.fileset(fs, name)
    refuse_delete(fs, fileset)
    if not fs.empty(fileset) and "-f" not in options:
        raise Failure(errno.ENOTEMPTY, f"Fileset {name} contains user files "
                      "and cannot be deleted unless the -f option is "
                      "specified.")
    used, inodes = fs.usage(fileset)
    fs.delete(fileset)
    call.print("Checking fileset ...", "Checking fileset complete.",
               "Deleting user files ...",
               " 100.00 %% complete on %s  (%10d inodes with total %10d MB "
               "data processed)" % (date(time.time()), inodes, used >> 10),
               "Deleting fileset ...", f"Fileset {name} deleted.")


def refuse_delete(fs, fileset):
    name = fileset.name
    if fileset.id == 0:
        raise Failure(errno.EINVAL, "The root fileset cannot be deleted.")
    if fileset.path is not None:
        raise Failure(errno.EBUSY,
                      f"Fileset {name} must be unlinked to be deleted.")
    if fs.snapshots_of(name):
        raise Failure(errno.EBUSY, f"Fileset {name} cannot be deleted "
                                   "because it has snapshots.")
    if fileset.owner and any(
            f is not fileset and f.inode_space == fileset.inode_space
            for f in fs.filesets.values()):
        raise Failure(errno.EBUSY, f"Fileset {name} cannot be deleted "
                      "because other filesets are in its inode space.")


def mmchfileset(call):
    (device, name), options = call.parse(
        1, 2, values=("-J", "-j", "-t", "-p", "--inode-limit",
                      "--allow-permission-change",
                      "--allow-permission-inherit"))
    fs = call.filesystem(device)
    fileset = call.by_name_or_junction(fs, name, options)
    name = fileset.name
    new = options.get("-j")
    if new is not None:
        check_fileset_name(call, new)
        if fs.fileset(new):
            raise Failure(errno.EEXIST, f"Fileset {new} already exists.")
        fs.rename(fileset, new)
    if "-t" in options:
        check_comment(options["-t"])
        fileset.comment = options["-t"]
    if "--inode-limit" in options:
        change_inodes(call, fileset, options["--inode-limit"])
    call.print(f"Fileset {name} changed.")


def change_inodes(call, fileset, text):
    most, alloc = inode_limits(call, text)
    if not fileset.owner:
        raise Failure(errno.EINVAL, f"Fileset {fileset.name} does not own "
                                    "an inode space.")
    if most < fileset.alloc_inodes:
        raise Failure(errno.EINVAL, "The inode limit is lower than the "
                                    "number of allocated inodes.")
    fileset.max_inodes = most
    fileset.alloc_inodes = max(fileset.alloc_inodes, alloc)


def chosen_filesets(call, fs, names, options):
    if "-J" in options:
        paths = [call.absolute(p) for p in options["-J"].split(",")]
        chosen = [fs.at(p) for p in paths]
        for path, found in zip(paths, chosen):
            if found is None:
                raise Failure(errno.ENOENT, f"Fileset junction {path} does "
                                            "not exist.",
                              listing_failed(call, errno.ENOENT))
        return chosen
    if names is None:
        return sorted(fs.filesets.values(), key=lambda f: f.id)
    status = call.release.missing_listed
    for name in names.split(","):
        if fs.fileset(name) is None:
            failure = call.no_fileset(name, status)
            failure.lines += (listing_failed(call, failure.status),)
            raise failure
    return [fs.fileset(name) for name in names.split(",")]


def listing_failed(call, status):
    return f"{call.command}: tslsfileset failed. Error code {status}."


def mmlsfileset(call):
    (device, names), options = call.parse(
        1, 2, ("-L", "-X", "-Y", "-d", "-i", "--deleted"), ("-J", "-F"))
    fs = call.filesystem(device)
    chosen = chosen_filesets(call, fs, names, options)
    if "-Y" in options:
        columns = call.release.fileset_columns
        call.print(release.header("mmlsfileset", columns))
        for fileset in chosen:
            values = fileset_values(call, fs, fileset, options)
            call.print(release.row("mmlsfileset", [
                values.get(c, "-") for c in columns]))
        return
    call.print(f"Filesets in file system '{fs.name}':")
    if "-L" not in options:
        call.print("%-24s %-9s %-40s" % ("Name", "Status", "Path"))
        for f in chosen:
            call.print("%-24s %-9s %-40s" % (
                f.name, "Linked" if f.path else "Unlinked", f.path or "--"))
        return
    row = "%-24s %8s %12s %9s %-24s %11s %12s %12s %s"
    call.print(row % ("Name", "Id", "RootInode", "ParentId", "Created",
                      "InodeSpace", "MaxInodes", "AllocInodes", "Comment"))
    for f in chosen:
        call.print(row % (
            f.name, f.id, f.root_inode, parent(f), date(f.created),
            f.inode_space, f.max_inodes, f.alloc_inodes, f.comment))


def parent(fileset):
    return "--" if fileset.parent is None else fileset.parent


def fileset_values(call, fs, fileset, options):
    kib, inodes = "-", "-"
    if "-d" in options or "-i" in options:
        kib, inodes = fs.usage(fileset)
    free = max(0, fileset.alloc_inodes - 1)
    return dict(
        filesystemName=fs.name,
        filesetName=release.encode(fileset.name), id=fileset.id,
        rootInode=fileset.root_inode,
        status="Linked" if fileset.path else "Unlinked",
        path=release.encode(fileset.path or "--", release.DASHES),
        parentId=parent(fileset),
        created=release.encode(date(fileset.created)),
        inodes=inodes if "-i" in options else "-",
        dataInKB=kib if "-d" in options else "-",
        comment=release.encode(fileset.comment), filesetMode="off",
        inodeSpace=fileset.inode_space,
        isInodeSpaceOwner=int(fileset.owner),
        maxInodes=fileset.max_inodes, allocInodes=fileset.alloc_inodes,
        inodeSpaceMask=66846720, snapId=0, permChangeFlag="chmodAndSetacl",
        freeInodes=free, preventSnapshotRestore="no",
        permInheritFlag="inheritAclOnly", falStatus="default")


# Quotas

def limits(call, text):
    """Soft[:Hard]; an omitted hard limit is no limit."""
    soft, colon, hard = text.partition(":")
    try:
        soft, hard = size(soft), size(hard) if colon else 0
    except (ValueError, KeyError):
        call.usage(f"Incorrect quota limit: {text}")
    if min(soft, hard) < 0:
        call.usage(f"Incorrect quota limit: {text}")
    if hard and soft > hard:
        raise Failure(errno.EINVAL, f"{call.command}: The soft limit is "
                                    "greater than the hard limit.")
    return soft, hard


def has_quotas(fs):
    return "fileset" in fs.quotas.split(";")


def need_quotas(call, fs):
    if not has_quotas(fs):
        raise Failure(errno.EINVAL, f"{fs.name}: quota management is not "
                      "enabled, or one or more quota clients are not "
                      "available.")


def mmsetquota(call):
    (target,), options = call.parse(
        1, 1, values=("--block", "--files", "--user", "--group"))
    device, colon, name = target.partition(":")
    fs = call.filesystem(device)
    if not colon or "--user" in options or "--group" in options:
        call.usage("Only fileset quotas are simulated.")
    if "--block" not in options and "--files" not in options:
        call.usage("Missing arguments.")
    need_quotas(call, fs)
    fileset = call.fileset(fs, name)
    quota = fs.quota(fileset)
    if "--block" in options:
        quota.block_soft, quota.block_hard = (
            fs.blocks(n) for n in limits(call, options["--block"]))
    if "--files" in options:
        quota.files_soft, quota.files_hard = limits(call, options["--files"])
    fs.limit(fileset, quota)


def quota_values(fs, fileset):
    kib, inodes = fs.usage(fileset)
    quota = fs.quota(fileset)
    return dict(
        filesystemName=fs.name, quotaType="FILESET", id=fileset.id,
        name=release.encode(fileset.name), blockUsage=kib,
        blockQuota=quota.block_soft, blockLimit=quota.block_hard,
        blockInDoubt=0, blockGrace=grace(kib, quota.block_soft),
        filesUsage=inodes, filesQuota=quota.files_soft,
        filesLimit=quota.files_hard, filesInDoubt=0,
        filesGrace=grace(inodes, quota.files_soft),
        remarks="e" if quota.set() else "i", quota="on", defQuota="off",
        fid="", filesetname="")


def grace(used, soft):
    return "7 days" if soft and used > soft else "none"


def mmlsquota(call):
    (device,), options = call.parse(
        0, 1, ("-Y", "-v", "-q", "-e"), ("-j", "-u", "-g", "--block-size"))
    name = options.get("-j")
    if name is None:
        call.usage("Only fileset quotas (-j) are simulated.")
    filesystems = ([call.filesystem(device)] if device
                   else list(call.cluster.filesystems.values()))
    enabled = [f for f in filesystems if has_quotas(f)]
    if not enabled:
        raise Failure(errno.EINVAL, "No quota enabled file system found.",
                      "mmlsquota: tslsquota  -Y  failed. Error code 22.")
    found = [(fs, fs.fileset(name)) for fs in enabled if fs.fileset(name)]
    if not found:
        raise Failure(call.cluster.missing_status or errno.ENOENT,
                      f"{name}: no such fileset in quota enabled file "
                      "systems")
    columns = [c for c in call.release.quota_columns
               if c not in ("quota", "defQuota")]
    shown = [(fs, f) for fs, f in found
             if "-v" in options or fs.quota(f).set()]
    section = call.release.quota_section
    if "-Y" not in options:
        call.print(*quota_table([quota_values(*pair) for pair in shown]))
        return
    call.print(release.header("mmlsquota", columns, section))
    for fs, fileset in shown:
        values = quota_values(fs, fileset)
        values["remarks"] = ""
        values["fid"] = values["name"]
        call.print(release.row("mmlsquota", [values[c] for c in columns],
                               section))


def quota_table(rows):
    yield ("                         Block Limits                        "
           "            |     File Limits")
    yield ("Filesystem type         KB      quota      limit   in_doubt    "
           "grace |    files   quota    limit in_doubt    grace  Remarks")
    for v in rows:
        yield "%-10s %s %10d %10d %10d %10d %8s | %8d %7d %8d %8d %8s %s" % (
            v["filesystemName"], v["quotaType"], v["blockUsage"],
            v["blockQuota"], v["blockLimit"], 0, v["blockGrace"],
            v["filesUsage"], v["filesQuota"], v["filesLimit"], 0,
            v["filesGrace"], v["remarks"])


def mmrepquota(call):
    (device,), options = call.parse(
        0, 1, ("-Y", "-v", "-j", "-u", "-g", "-a", "-n", "-q", "-e", "-t"),
        ("--block-size",))
    if device is None and "-a" not in options:
        call.usage("Missing arguments.")
    chosen = ([call.filesystem(device)] if device
              else list(call.cluster.filesystems.values()))
    columns = call.release.quota_columns
    for fs in chosen:
        if device is None and not has_quotas(fs):
            continue                    # -a: file systems with quotas
        need_quotas(call, fs)
        call.print(f"*** Report for FILESET quotas on {fs.name}")
        if "-Y" in options:
            call.print(release.header("mmrepquota", columns))
        rows = [quota_values(fs, f) for f in
                sorted(fs.filesets.values(), key=lambda f: f.id)]
        if "-Y" not in options:
            call.print(*quota_table(rows))
            continue
        for values in rows:
            call.print(release.row("mmrepquota",
                                   [values[c] for c in columns]))


# Capacity

def space(fs):
    """(total, free, total inodes, free inodes); KiB."""
    info = os.statvfs(fs.root)
    kib = info.f_frsize / 1024
    return (int(info.f_blocks * kib), int(info.f_bfree * kib),
            info.f_files, info.f_ffree)


def percent(part, whole):
    return part * 100 // whole if whole else 0


MMDF = {
    "nsd": "nsdName storagePool diskSize failureGroup metadata data "
           "freeBlocks freeBlocksPct freeFragments freeFragmentsPct "
           "diskAvailableForAlloc",
    "poolTotal": "poolName poolSize freeBlocks freeBlocksPct freeFragments "
                 "freeFragmentsPct maxDiskSize",
    "data": "totalData freeBlocks freeBlocksPct freeFragments "
            "freeFragmentsPct",
    "metadata": "totalMetadata freeBlocks freeBlocksPct freeFragments "
                "freeFragmentsPct",
    "fsTotal": "fsSize freeBlocks freeBlocksPct freeFragments "
               "freeFragmentsPct",
    "inode": "usedInodes freeInodes allocatedInodes maxInodes",
}


def mmdf(call):
    (device,), options = call.parse(
        1, 1, ("-Y", "-d", "-m", "-F"), ("-P", "--block-size"))
    fs = call.filesystem(device)
    total, free, inodes, free_inodes = space(fs)
    used_pct = percent(free, total)
    used = (free, used_pct, 0, 0)
    if "-Y" not in options:
        call.print(*disk_table(fs, total, free, used_pct))
        return
    for section, columns in MMDF.items():
        call.print(release.header("mmdf", columns.split(), section))
    yes, no = call.release.yes, call.release.no
    rows = [
        ("nsd", (f"{fs.name}nsd1", "system", total // 64, 1, yes, no,
                 free // 64, used_pct, 0, 0, "")),
        ("poolTotal", ("system", total // 64, free // 64, used_pct, 0, 0,
                       total // 32)),
        ("nsd", (f"{fs.name}nsd2", "data", total, 1, no, yes) + used
         + ("",)),
        ("poolTotal", ("data", total) + used + (total * 2,)),
        ("data", (total,) + used), ("metadata", (total // 64, free // 64,
                                                 used_pct, 0, 0)),
        ("fsTotal", (total + total // 64, free + free // 64, used_pct, 0,
                     0)),
        ("inode", (inodes - free_inodes, free_inodes, inodes, inodes))]
    for section, values in rows:
        call.print(release.row("mmdf", values, section))


def disk_table(fs, total, free, free_pct):
    yield "disk                disk size  failure holds    holds    " \
          "        free KB             free KB"
    yield "name                    in KB    group metadata data     " \
          " in full blocks        in fragments"
    yield "-" * 92
    yield f"Disks in storage pool: data (Maximum disk size allowed is " \
          f"{total * 2 >> 30} TB)"
    yield "%-15s %13d %8d %-8s %-5s %15d (%3d%%) %10d ( 0%%)" % (
        f"{fs.name}nsd2", total, 1, "no", "yes", free, free_pct, 0)
    yield "%-15s %13d %38d (%3d%%) %10d ( 0%%)" % (
        "(total)", total, free, free_pct, 0)


def mmlspool(call):
    (device, pool), _ = call.parse(1, 2, ("-L",))
    fs = call.filesystem(device)
    total, free, _inodes, _free = space(fs)
    pools = {"system": (0, "no", "yes", 0, 0, total // 64, free // 64),
             "data": (65537, "yes", "no", total, free, 0, 0)}
    if pool not in (None, "all") and pool not in pools:
        raise Failure(errno.ENOENT, f"Storage pool {pool} does not exist in "
                                    f"file system {fs.name}.")
    call.print(f"Storage pools in file system at '{fs.mount_point}':",
               "Name                    Id   BlkSize Data Meta Total Data "
               "in (KB)   Free Data in (KB)   Total Meta in (KB)    Free "
               "Meta in (KB)")
    for name, (number, data, meta, td, fd, tm, fm) in pools.items():
        if pool in (None, "all", name):
            call.print("%-20s %5d %6d MB %4s %4s %15d %15d (%3d%%) %15d "
                       "%15d (%3d%%)" % (
                           name, number, fs.block_size >> 20, data, meta,
                           td, fd, percent(fd, td), tm, fm,
                           percent(fm, tm)))


CHANGES = {"mmcrfileset", "mmlinkfileset", "mmunlinkfileset",
           "mmdelfileset", "mmchfileset", "mmchconfig", "mmcrsnapshot",
           "mmdelsnapshot", "mmrestorefs", "mmsetquota"}
COMMANDS = {
    "mmgetstate": (mmgetstate, QUERY),
    "mmlscluster": (mmlscluster, QUERY),
    "mmlsconfig": (mmlsconfig, QUERY),
    "mmchconfig": (mmchconfig, QUERY),
    "mmlsfs": (mmlsfs, QUERY),
    "mmlsattr": (mmlsattr, DAEMON),
    "mmcrfileset": (mmcrfileset, DAEMON),
    "mmlinkfileset": (mmlinkfileset, DAEMON),
    "mmunlinkfileset": (mmunlinkfileset, DAEMON),
    "mmdelfileset": (mmdelfileset, DAEMON),
    "mmchfileset": (mmchfileset, DAEMON),
    "mmlsfileset": (mmlsfileset, DAEMON),
    "mmsetquota": (mmsetquota, DAEMON),
    "mmlsquota": (mmlsquota, DAEMON),
    "mmrepquota": (mmrepquota, DAEMON),
    "mmdf": (mmdf, DAEMON),
    "mmlspool": (mmlspool, DAEMON),
    **snapshot_commands.COMMANDS,
    **acl.COMMANDS,
    **ces_commands.COMMANDS,
}
