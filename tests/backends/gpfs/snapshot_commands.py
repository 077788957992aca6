# SPDX-License-Identifier: Apache-2.0
"""The mm commands for snapshots; see `commands`."""

import errno
import time

from . import release
from .call import BAD_NAME, DAEMON, date
from .cluster import Failure

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
    (device, names), options = call.parse(
        2, 2, values=("-j", "--expiration-time"))
    fs = call.filesystem(device)
    pairs = snapshot_names(call, names, options)
    for fileset, name in pairs:
        if fileset:
            source = call.fileset(fs, fileset)
            if not source.owner:
                raise Failure(errno.EINVAL, f"Fileset {fileset} is not an "
                                            "independent fileset.")
        if fs.snapshot(name, fileset):
            raise Failure(errno.EEXIST, f"Snapshot {name} already exists.")
    for fileset, name in pairs:
        shown = full_name(fileset, name)
        made = fs.take(name, fileset)
        call.print(f"Flushing dirty data for snapshot {shown}...",
                   "Quiescing all file system operations.",
                   f"Snapshot {shown} created with id {made.id}.")


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
    (device, names), options = call.parse(2, 2, values=("-j", "-N", "--qos"))
    fs = call.filesystem(device)
    found = [find_snapshot(call, fs, *pair)
             for pair in snapshot_names(call, names, options)]
    for snapshot in found:
        shown = full_name(snapshot.fileset, snapshot.name)
        fs.drop(snapshot)
        call.print(f"Invalidating snapshot files in {shown}...",
                   f"Deleting files in snapshot {shown}",
                   " 100.00 %% complete on %s  (%10d inodes with total "
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
    (device, name), options = call.parse(2, 2, ("-c",), ("-j", "-N"))
    fs = call.filesystem(device)
    ((fileset, name),) = snapshot_names(call, name, options)[:1]
    snapshot = find_snapshot(call, fs, fileset, name)
    if fileset and call.fileset(fs, fileset).path is None:
        raise Failure(errno.EINVAL, f"Fileset {fileset} must be linked to "
                                    "be restored.")
    fs.restore(snapshot)
    call.print(f"Restoring snapshot {full_name(fileset, name)} ...",
               "Restore completed successfully.")


def mmsnapdir(call):
    (device,), _ = call.parse(1, 1, ("-q",))
    fs = call.filesystem(device)
    call.print(f'Fileset snapshot directory for "{fs.name}" is ".snapshots" '
               '(root directory only)',
               f'Global snapshot directory for "{fs.name}" is ".snapshots" '
               'in root fileset')
