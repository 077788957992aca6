# SPDX-License-Identifier: Apache-2.0
"""Snapshot commands on the model alone: several at once, halfway, names."""

import errno
import os

import pytest

from ..failure import Failure
from .shell import Shell


@pytest.fixture
def gpfs(tmp_path):
    shell = Shell(tmp_path)
    for name in "one", "two":
        shell.ok(f"mmcrfileset gpfs0 {name} --inode-space new",
                 f"mmlinkfileset gpfs0 {name} -J /mnt/gpfs0/{name}")
    return shell


def write(gpfs, path, text):
    with open(gpfs.path(path), "w") as file:
        file.write(text)


def status(gpfs, name="s1"):
    return {r["directory"]: r["status"]
            for r in gpfs.rows("mmlssnapshot gpfs0 -Y")}.get(name)


# Several at once

def test_several_filesets_at_one_time(gpfs):
    out = gpfs.ok("mmcrsnapshot gpfs0 one:s1,two:s2")
    assert out.splitlines() == [
        "Flushing dirty data for snapshot one:s1...",
        "Flushing dirty data for snapshot two:s2...",
        "Quiescing all file system operations.",
        "Snapshot one:s1 created with id 1.",
        "Snapshot two:s2 created with id 2."]
    one, two = gpfs.rows("mmlssnapshot gpfs0 -Y")
    assert one["created"] == two["created"]
    assert gpfs.fs.snapshots[0].created == gpfs.fs.snapshots[1].created
    gpfs.ok("mmcrsnapshot gpfs0 s3 -j one,two")
    assert len(gpfs.fs.snapshots) == 4
    gpfs.ok("mmdelsnapshot gpfs0 one:s1,two:s2")
    assert len(gpfs.fs.snapshots) == 2


@pytest.mark.parametrize("names, number, text", [
    ("one:s1,nope:s1", errno.ENOENT, "nope"),
    ("one:s1,two:old", errno.EEXIST, "old already exists"),
    ("one:s1,one:s1", errno.EEXIST, "s1 already exists")])
def test_all_or_none_is_checked_first(gpfs, names, number, text):
    gpfs.ok("mmcrsnapshot gpfs0 two:old")
    gpfs.fails(f"mmcrsnapshot gpfs0 {names}", number, text)
    assert [s.name for s in gpfs.fs.snapshots] == ["old"]


def test_all_or_none_when_one_fails(gpfs):
    os.rmdir(gpfs.path("/mnt/gpfs0/two"))
    with pytest.raises(OSError):
        gpfs("mmcrsnapshot gpfs0 one:s1,two:s1")
    assert gpfs.fs.snapshots == []
    assert os.listdir(gpfs.path("/mnt/gpfs0/one")) == []


def test_limit(gpfs):
    gpfs.fs.max_snapshots = 1
    gpfs.fails("mmcrsnapshot gpfs0 s1 -j one,two", errno.ENOSPC,
               "has a limit of 1 online snapshots.")
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one")


# Listing

def test_filters(gpfs):
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one,two", "mmcrsnapshot gpfs0 all",
            "mmcrsnapshot gpfs0 s2 -j one")

    def listed(options):
        return [(r["fileset"], r["directory"]) for r in
                gpfs.rows(f"mmlssnapshot gpfs0 {options} -Y")]
    assert listed("-j one") == [("one", "s1"), ("one", "s2")]
    assert listed("-s s1") == [("one", "s1"), ("two", "s1")]
    assert listed("-s two:s1,one:s2") == [("two", "s1"), ("one", "s2")]
    assert listed("-s :all") == [("", "all")]
    assert listed("-j one -s s1") == [("one", "s1")]
    assert listed("-s nope") == []
    assert gpfs.out == "No snapshots in file system gpfs0"


# Halfway

def test_deletion_halfway(gpfs):
    seen = []
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one")
    gpfs.pause = lambda: seen.append(gpfs.fs.snapshots[0].status)
    gpfs.ok("mmdelsnapshot gpfs0 s1 -j one")
    assert seen == ["DeleteRequired"]
    assert status(gpfs) is None


def interrupt():
    raise Failure(1, "Interrupted.")


def test_interrupted_deletion(gpfs):
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one")
    gpfs.pause = interrupt
    gpfs.fails("mmdelsnapshot gpfs0 s1 -j one", 1, "Interrupted.")
    gpfs.pause = None
    assert status(gpfs) == "DeleteRequired"
    assert os.listdir(gpfs.path("/mnt/gpfs0/one")) == []
    gpfs.fails("mmrestorefs gpfs0 s1 -j one", errno.EINVAL, "not valid")
    gpfs.fails("mmcrsnapshot gpfs0 s1 -j one", errno.EEXIST, "exists")
    gpfs.ok("mmunlinkfileset gpfs0 one -f")
    gpfs.fails("mmdelfileset gpfs0 one -f", errno.EBUSY, "snapshots")
    gpfs.ok("mmdelsnapshot gpfs0 s1 -j one", "mmdelfileset gpfs0 one -f")


def test_restore_halfway(gpfs):
    write(gpfs, "/mnt/gpfs0/one/file", "old")
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one")
    write(gpfs, "/mnt/gpfs0/one/file", "new")
    seen = []

    def meanwhile():
        gpfs.pause = None
        seen.append(status(gpfs))
        for command, text in (("mmdelsnapshot gpfs0 s1 -j one", "in use"),
                              ("mmrestorefs gpfs0 s1 -j one", "progress"),
                              ("mmunlinkfileset gpfs0 one", "open files")):
            gpfs.fails(command, errno.EBUSY, text)
        gpfs.ok("mmcrsnapshot gpfs0 s1 -j two")
    gpfs.pause = meanwhile
    gpfs.ok("mmrestorefs gpfs0 one:s1")
    assert seen == ["Restoring"]
    assert status(gpfs) == "Valid"
    with open(gpfs.path("/mnt/gpfs0/one/file")) as file:
        assert file.read() == "old"


def test_fileset_that_is_unlinked_during_a_restore(gpfs):
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one")

    def meanwhile():
        gpfs.pause = None
        gpfs.ok("mmunlinkfileset gpfs0 one -f")
    gpfs.pause = meanwhile
    gpfs.fails("mmrestorefs gpfs0 s1 -j one", errno.EINVAL, "must be linked")
    assert status(gpfs) == "Valid"


# The directory

def test_snapshot_directory_is_renamed(gpfs):
    gpfs.ok("mmcrsnapshot gpfs0 s1 -j one")
    before = gpfs.ok("mmsnapdir gpfs0")
    assert before.splitlines() == [
        'Fileset snapshot directory for "gpfs0" is ".snapshots" '
        '(root directory only)',
        'Global snapshot directory for "gpfs0" is ".snapshots" in '
        'root fileset']
    gpfs.ok("mmsnapdir gpfs0 -s .snaps -a")
    assert '".snaps" (all directories)' in gpfs.ok("mmsnapdir gpfs0 -q")
    assert os.listdir(gpfs.path("/mnt/gpfs0/one/.snaps")) == ["s1"]
    gpfs.ok("mmcrsnapshot gpfs0 s2 -j one", "mmrestorefs gpfs0 s1 -j one",
            "mmdelsnapshot gpfs0 s1,s2 -j one")
    assert os.listdir(gpfs.path("/mnt/gpfs0/one")) == []
    gpfs.fails("mmsnapdir gpfs0 -s a/b", 1, "directory name")
    gpfs.ok("mmsnapdir gpfs0 -r --show-global-snapshots allfilesets")
    assert "in all filesets" in gpfs.ok("mmsnapdir gpfs0")
    gpfs.cluster.clear()
    assert gpfs.ok("mmsnapdir gpfs0") == before
