# SPDX-License-Identifier: Apache-2.0
"""The mm commands for snapshots; see `commands`."""

import errno
import time

from . import release
from .call import BAD_NAME, DAEMON, date
from .failure import Failure

def snapshot_names(call, text, options):
    """[[Fileset]:]Snapshot[,...] with -j Fileset[,...] as pairs."""
    pairs = []
    for word in text.split(","):
        fileset, colon, name = word.rpartition(":")
        filesets = [fileset]
        if "-j" in options:
            if colon:
                call.usage("The -j option and the Fileset:Snapshot form "
                           "exclude each other.")
            filesets = options["-j"].split(",")
        if not name or set(name) & BAD_NAME:
            raise Failure(errno.EINVAL, f"{call.command}: Incorrect "
                                        f"snapshot name: {word}")
        pairs += [(f, name) for f in filesets]
    return pairs


def full_name(fileset, name):
    return f"{fileset}:{name}" if fileset else f":{name}"


def mmcrsnapshot(call):
    """All the snapshots of one call are of one time, or there are none."""
    (device, names), options = call.parse(
        2, 2, values=("-j", "--expiration-time"))
    fs = call.filesystem(device)
    pairs = snapshot_names(call, names, options)
    check_new(call, fs, pairs)
    shown = [full_name(*pair) for pair in pairs]
    call.print(*(f"Flushing dirty data for snapshot {name}..."
                 for name in shown),
               "Quiescing all file system operations.")
    made = fs.take_all(pairs)
    call.print(*(f"Snapshot {name} created with id {snapshot.id}."
                 for name, snapshot in zip(shown, made)))


def check_new(call, fs, pairs):
    if len(fs.snapshots) + len(pairs) > fs.max_snapshots:
        raise Failure(
            errno.ENOSPC, "Cannot create a new snapshot until an existing "
            f"one is deleted. File system {fs.name} has a limit of "
            f"{fs.max_snapshots} online snapshots.")
    for number, (fileset, name) in enumerate(pairs):
        if fileset and not call.fileset(fs, fileset).owner:
            raise Failure(errno.EINVAL, f"Fileset {fileset} is not an "
                                        "independent fileset.")
        if fs.snapshot(name, fileset) or (fileset, name) in pairs[:number]:
            raise Failure(errno.EEXIST, f"Snapshot {name} already exists.")


def find_snapshot(call, fs, fileset, name):
    if fileset:
        call.fileset(fs, fileset)
    found = fs.snapshot(name, fileset)
    if found:
        return found
    if fileset:
        raise Failure(errno.ENOENT, f"Fileset {fileset} in file system "
                      f"{fs.name} does not contain snapshot {name}, "
                      "err = 2")
    raise Failure(errno.ENOENT, f"File system {fs.name} does not contain "
                                f"global snapshot {name}, err = 2")


def mmdelsnapshot(call):
    """Half done, or interrupted, a snapshot is DeleteRequired."""
    (device, names), options = call.parse(2, 2, values=("-j", "-N", "--qos"))
    fs = call.filesystem(device)
    found = [find_snapshot(call, fs, *pair)
             for pair in snapshot_names(call, names, options)]
    for snapshot in found:
        if snapshot.status == "Restoring":
            raise Failure(errno.EBUSY, f"Snapshot {snapshot.name} is in "
                                       "use.")
        shown = full_name(snapshot.fileset, snapshot.name)
        call.print(f"Invalidating snapshot files in {shown}...",
                   f"Deleting files in snapshot {shown}")
        fs.invalidate(snapshot)
        call.midway()
        fs.drop(snapshot)
        call.print(" 100.00 %% complete on %s  (%10d inodes with total "
                   "%10d MB data processed)" % (date(time.time()), 1, 0),
                   f"Invalidating snapshot files in {shown}/F/...",
                   f"Delete snapshot {shown} successful.")


def mmlssnapshot(call):
    (device,), options = call.parse(
        1, 1, ("-Y", "-d", "-Q"), ("-j", "-s", "--block-size"))
    fs = call.filesystem(device)
    chosen = sorted(fs.snapshots, key=lambda s: s.id)
    if "-j" in options:
        names = options["-j"].split(",")
        for name in names:
            call.fileset(fs, name)
        chosen = [s for s in chosen if s.fileset in names]
    if "-s" in options:
        wanted = snapshot_names(call, options["-s"], {})
        chosen = [s for s in chosen if (s.fileset, s.name) in wanted or (
            ("", s.name) in wanted and ":" not in options["-s"])]
    if "-Y" in options and chosen:
        call.print(release.header("mmlssnapshot", (
            "filesystemName directory snapID status created quotas data "
            "metadata fileset snapType").split()))
        for s in chosen:
            call.print(release.row("mmlssnapshot", (
                fs.name, release.encode(s.name), s.id, s.status,
                release.encode(date(s.created)), "", 0, 0,
                release.encode(s.fileset), "")))
        return
    if not chosen:
        call.print(f"No snapshots in file system {fs.name}")
        return
    call.print(f"Snapshots in file system {fs.name}:",
               "%-24s %-8s %-7s %-24s  %s" % (
                   "Directory", "SnapId", "Status", "Created", "Fileset"))
    for s in chosen:
        call.print("%-24s %-8d %-7s %-24s  %s" % (
            s.name, s.id, s.status, date(s.created), s.fileset))


def mmrestorefs(call):
    """While it runs, the snapshot's status is Restoring."""
    (device, name), options = call.parse(
        2, 2, ("-c", "--log-quiet", "--preserve-encryption-attributes",
               "--suppress-external-attributes"),
        ("-j", "-N", "--threads", "--work-unit"))
    fs = call.filesystem(device)
    pairs = snapshot_names(call, name, options)
    if len(pairs) > 1:
        call.usage(f"Incorrect snapshot name: {name}")
    ((fileset, name),) = pairs
    snapshot = find_snapshot(call, fs, fileset, name)
    check_restore(call, fs, snapshot)
    shown = full_name(fileset, name)
    call.print(f"Restoring snapshot {shown} ...")
    snapshot.status = "Restoring"
    try:
        call.midway()
        need_link(call, fs, snapshot)
        fs.restore(snapshot)
    finally:
        snapshot.status = "Valid"
    call.print("Restore completed successfully.")


def need_link(call, fs, snapshot):
    name = snapshot.fileset
    if name and call.fileset(fs, name).path is None:
        raise Failure(errno.EINVAL, f"Fileset {name} must be linked to be "
                                    "restored.")


def check_restore(call, fs, snapshot):
    need_link(call, fs, snapshot)
    if snapshot.status == "DeleteRequired":
        raise Failure(errno.EINVAL, f"Snapshot {snapshot.name} is not "
                                    "valid.")
    if fs.restoring(fs.fileset(snapshot.fileset or "root")):
        raise Failure(errno.EBUSY, "A restore of this fileset is in "
                                   "progress.")


def mmsnapdir(call):
    (device,), options = call.parse(
        1, 1, ("-q", "-a", "-r"), ("-s", "--show-global-snapshots"))
    fs = call.filesystem(device)
    if options.keys() - {"-q"}:
        change_snapdir(call, fs, options)
        return
    where = "all directories" if fs.snapdir_everywhere else (
        "root directory only")
    shown = ("all filesets" if fs.global_snapshots == "allfilesets"
             else "root fileset")
    call.print(f'Fileset snapshot directory for "{fs.name}" is '
               f'"{fs.snapdir}" ({where})',
               f'Global snapshot directory for "{fs.name}" is '
               f'"{fs.snapdir}" in {shown}')


def change_snapdir(call, fs, options):
    name = options.get("-s", fs.snapdir)
    shown = options.get("--show-global-snapshots", fs.global_snapshots)
    if not name or "/" in name or name in (".", ".."):
        call.usage(f"Incorrect directory name: {name}")
    if shown not in ("rootfileset", "allfilesets"):
        call.usage(f"Incorrect argument: {shown}")
    if name != fs.snapdir:
        fs.rename_snapdir(name)
    fs.global_snapshots = shown
    if "-a" in options or "-r" in options:
        fs.snapdir_everywhere = "-a" in options


COMMANDS = {
    "mmcrsnapshot": (mmcrsnapshot, DAEMON),
    "mmdelsnapshot": (mmdelsnapshot, DAEMON),
    "mmlssnapshot": (mmlssnapshot, DAEMON),
    "mmrestorefs": (mmrestorefs, DAEMON),
    "mmsnapdir": (mmsnapdir, DAEMON),
}
