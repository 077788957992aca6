# SPDX-License-Identifier: Apache-2.0
"""Many filesets, and several file systems in one cluster."""

import time

import pytest

from .shell import Shell

MANY = 10_000


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    shell = Shell(tmp_path_factory.mktemp("many"), "5.2")
    shell.cluster.preload("gpfs0", MANY, "share", "/mnt/gpfs0/a", "tag",
                          1 << 20, None)
    return shell


@pytest.mark.parametrize("command", ["mmlsfileset gpfs0 -L -Y",
                                     "mmrepquota -j -Y gpfs0"])
def test_many_filesets_are_listed_fast(many, command):
    start = time.process_time()
    many.ok(command)
    assert time.process_time() - start < 2      # 0.2 s; slow machines
    lines = many.out.splitlines()
    assert sum(":share" in line for line in lines) == MANY


def test_preloaded_filesets_are_like_others(many):
    (row,) = many.rows("mmlsfileset gpfs0 share10000 -L -Y")
    assert row["path"] == "/mnt/gpfs0/a/share10000"
    assert (row["comment"], row["status"]) == ("tag", "Linked")
    (quota,) = many.rows("mmlsquota -j share00001 -Y gpfs0")
    assert (quota["blockLimit"], quota["filesUsage"]) == (str(1 << 20), "1")
    many.ok("mmcrsnapshot gpfs0 s1 -j share00001",
            "mmdelsnapshot gpfs0 s1 -j share00001",
            "mmunlinkfileset gpfs0 share00001",
            "mmlinkfileset gpfs0 share00001 -J /mnt/gpfs0/a/share00001")
    with pytest.raises(ValueError, match="filesets exist"):
        many.cluster.preload("gpfs0", 1, "share", None, "", None, None)


def test_usage_as_told(tmp_path):
    gpfs = Shell(tmp_path)
    gpfs.cluster.preload("gpfs0", 1, "x", None, "", None, (4096, 7))
    (quota,) = gpfs.rows("mmlsquota -j x00001 -v -Y gpfs0")
    assert (quota["blockUsage"], quota["filesUsage"]) == ("4096", "7")


@pytest.fixture
def two(tmp_path):
    shell = Shell(tmp_path / "one")
    shell.cluster.add_filesystem("fs2", "/mnt/fs2", str(tmp_path / "two"))
    for device in "gpfs0", "fs2":
        shell.ok(f"mmcrfileset {device} share1 --inode-space new",
                 f"mmlinkfileset {device} share1 -J /mnt/{device}/share1",
                 f"mmsetquota {device}:share1 --block 0:1G")
    return shell


def test_attributes_of_all_file_systems(two):
    rows = two.rows("mmlsfs all -T -Y")
    assert [(r["deviceName"], r["data"]) for r in rows] == [
        ("gpfs0", "/mnt/gpfs0"), ("fs2", "/mnt/fs2")]
    rows = two.rows("mmlsfs all -Y")
    assert {r["deviceName"] for r in rows} == {"gpfs0", "fs2"}
    (row,) = two.rows("mmlsfs fs2 --filesetdf -Y")
    assert row["deviceName"] == "fs2"


def test_quotas_of_all_file_systems(two):
    rows = two.rows("mmlsquota -j share1 -Y")
    assert [r["filesystemName"] for r in rows] == ["gpfs0", "fs2"]
    rows = two.rows("mmrepquota -j -a -Y")
    assert len(rows) == 4
    two.cluster.filesystems["fs2"].quotas = "none"
    assert len(two.rows("mmrepquota -j -a -Y")) == 2
    assert len(two.rows("mmlsquota -j share1 -Y")) == 1
    two.fails("mmrepquota -j -Y fs2", 22, "quota management is not enabled")


def test_file_systems_do_not_mix(two):
    two.ok("mmcrsnapshot fs2 s1 -j share1")
    assert "No snapshots" in two.ok("mmlssnapshot gpfs0 -Y")
    assert len(two.rows("mmlssnapshot fs2 -Y")) == 1
    two.fails("mmlsfileset gpfs0 -J /mnt/fs2/share1 -Y", 2, "junction")
    two.fails("mmlinkfileset gpfs0 share1 -J /mnt/fs2/x", 17, "linked")
    assert "fileset name:         share1" in two.ok(
        "mmlsattr -L /mnt/fs2/share1")
    assert "at '/mnt/fs2'" in two.ok("mmlspool fs2")
    assert two.rows("mmdf fs2 -Y")[0]["nsdName"] == "fs2nsd1"
    two.ok("mmnfs export add /mnt/fs2/share1 -c 10.0.0.1",
           "mmnfs export add /mnt/gpfs0/share1 -c 10.0.0.1")
    assert len(two.rows("mmnfs export list -Y")) == 2
