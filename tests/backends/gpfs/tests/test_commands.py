# SPDX-License-Identifier: Apache-2.0
"""The mm commands on the model alone: no root, no name spaces."""

import os

import pytest

from .shell import Shell

NEW = "mmcrfileset gpfs0 share1 --inode-space new"
LINK = "mmlinkfileset gpfs0 share1 -J /mnt/gpfs0/share1"


@pytest.fixture
def gpfs(tmp_path):
    return Shell(tmp_path)


@pytest.fixture
def share(gpfs):
    gpfs.ok(NEW, LINK)
    return gpfs


@pytest.fixture(params=["4.2", "5.0", "5.1", "5.2"])
def any_release(request, tmp_path):
    return Shell(tmp_path, request.param)


# Cluster

def test_state_of_this_node(gpfs):
    (row,) = gpfs.rows("/usr/lpp/mmfs/bin/mmgetstate -Y")
    assert (row["nodeName"], row["state"]) == ("node1", "active")
    assert row["daemonShortName"] == "node1"


def test_state_of_all_nodes(any_release):
    any_release.cluster.daemon["node2"] = "down"
    rows = any_release.rows("mmgetstate -a -Y")
    assert [r["state"] for r in rows] == ["active", "down"]
    assert rows[0]["nodesUp"] == "1"
    assert ("daemonShortName" in rows[0]) == (
        any_release.cluster.release.name in ("5.1", "5.2"))


def test_commands_fail_where_gpfs_is_down(gpfs):
    gpfs.cluster.daemon["node1"] = "down"
    gpfs.fails("mmlsfileset gpfs0 -Y", 1,
               "mmlsfileset: GPFS is down on this node.")
    assert gpfs("mmlsfileset gpfs0 -Y", node="node2") == 0
    gpfs.ok("mmgetstate -Y")


def test_only_root_may(gpfs):
    gpfs.fails("mmlsfs gpfs0 -Y", 1, "Operation not permitted", user=1000)


def test_cluster_listing(gpfs):
    rows = gpfs.rows("mmlscluster -Y")
    assert [r.get("daemonNodeName") for r in rows] == [None, "node1",
                                                       "node2"]
    assert "GPFS cluster name:" in gpfs.ok("mmlscluster")


def test_configuration(gpfs):
    name = "enforceFilesetQuotaOnRoot"
    (row,) = gpfs.rows(f"mmlsconfig {name} -Y")
    assert (row["configParameter"], row["value"]) == (name, "no")
    gpfs.ok(f"mmchconfig {name}=yes -i")
    assert gpfs.ok(f"mmlsconfig {name}") == f"{name} yes"
    assert "clusterId" in gpfs.ok("mmlsconfig")
    gpfs.fails("mmlsconfig nonsense", 1, "nonsense")


# File systems

def test_file_system_attributes(any_release):
    rows = {r["fieldName"]: r["data"]
            for r in any_release.rows("mmlsfs gpfs0 -Y")}
    assert rows["defaultMountPoint"] == "/mnt/gpfs0"
    assert "fileset" in rows["quotasEnforced"].split(";")
    classic = any_release.cluster.release.name in ("4.2", "5.0")
    assert rows["filesetdfEnabled"] == ("No" if classic else "no")
    assert "%2Fmnt%2Fgpfs0" in any_release.out


def test_single_attribute_and_full_device_name(gpfs):
    rows = gpfs.rows("mmlsfs /dev/gpfs0 -T -Y")
    assert [r["fieldName"] for r in rows] == ["defaultMountPoint"]
    assert " -Q " in gpfs.ok("mmlsfs gpfs0 -Q")
    assert len(gpfs.rows("mmlsfs all -B -Y")) == 1


def test_unknown_file_system(gpfs):
    gpfs.fails("mmlsfs nope -Y", 1, "mmlsfs: File system nope is not known "
                                    "to the GPFS cluster.")


def test_attributes_of_a_file(share):
    assert "replication factors" in share.ok("mmlsattr /mnt/gpfs0")
    shown = share.ok("mmlsattr -L /mnt/gpfs0/share1")
    assert "fileset name:         share1" in shown
    share.fails("mmlsattr /etc", 22, "/etc is not a GPFS file system object")
    share.fails("mmlsattr /mnt/gpfs0/no", 2, "No such file or directory")


def test_capacity(gpfs):
    rows = gpfs.rows("mmdf gpfs0 -Y")
    (total,) = [r for r in rows if "fsSize" in r]
    assert 0 < int(total["freeBlocks"]) <= int(total["fsSize"])
    assert "(total)" in gpfs.ok("mmdf gpfs0")
    assert "\ndata " in gpfs.ok("mmlspool gpfs0 all")
    gpfs.fails("mmlspool gpfs0 nope", 2, "nope")


# Filesets

def test_create_link_unlink_delete(gpfs):
    out = gpfs.ok(NEW)
    assert out == "Fileset share1 created with id 1 root inode 524291."
    assert gpfs.ok(LINK) == "Fileset share1 linked at /mnt/gpfs0/share1"
    path = gpfs.path("/mnt/gpfs0/share1")
    assert os.stat(path).st_mode & 0o777 == 0o700
    with open(path + "/file", "w") as file:
        file.write("data")
    out = gpfs.ok("mmunlinkfileset gpfs0 share1")
    assert out == "Fileset share1 unlinked."
    assert not os.path.exists(path)
    gpfs.ok("mmlinkfileset gpfs0 share1 -J /mnt/gpfs0/again")
    assert os.path.exists(gpfs.path("/mnt/gpfs0/again/file"))
    gpfs.ok("mmunlinkfileset gpfs0 -J /mnt/gpfs0/again -f")
    gpfs.fails("mmdelfileset gpfs0 share1", 39, "contains user files")
    out = gpfs.ok("mmdelfileset gpfs0 share1 -f")
    assert out.splitlines()[-1] == "Fileset share1 deleted."
    assert list(gpfs.fs.filesets) == ["root"]


def test_fileset_exists(share):
    share.fails(NEW, 17, "Fileset share1 already exists.")


@pytest.mark.parametrize("name", ["root", "new", "-x", "a/b", "'a b'",
                                  "a" * 256, "'a*'", "'a#'"])
def test_bad_names(gpfs, name):
    assert gpfs(f"mmcrfileset gpfs0 {name}") in (1, 22)


def test_usage_errors(gpfs):
    gpfs.fails("mmcrfileset gpfs0", 1, "mmcrfileset: Missing arguments.")
    gpfs.fails("mmcrfileset gpfs0 a --nope", 1, "Incorrect option: --nope")
    gpfs.fails("mmcrfileset gpfs0 a b", 1, "Incorrect extra argument: b")
    gpfs.fails("mmcrfileset gpfs0 a -t", 1, "Missing argument")


@pytest.mark.parametrize("command", [
    "mmlinkfileset gpfs0 nope", "mmunlinkfileset gpfs0 nope -f",
    "mmdelfileset gpfs0 nope -f", "mmchfileset gpfs0 nope -t x",
    "mmsetquota gpfs0:nope --block 0:1G", "mmcrsnapshot gpfs0 s -j nope"])
def test_unknown_fileset(any_release, command):
    classic = any_release.cluster.release.name in ("4.2", "5.0")
    text = "Fileset name nope not found." if classic else (
        "Fileset named nope does not exist.")
    any_release.fails(command, 2, text)
    any_release.cluster.missing_status = 22
    any_release.fails(command, 22, text)


def test_unknown_fileset_in_listing(any_release):
    classic = any_release.cluster.release.name in ("4.2", "5.0")
    status = 2 if classic else 22
    any_release.fails("mmlsfileset gpfs0 nope -L -Y", status,
                      f"tslsfileset failed. Error code {status}.")
    assert not any_release.out


def test_link_errors(share):
    share.fails(LINK, 17, "Fileset share1 is already linked.")
    share.ok("mmcrfileset gpfs0 share2")
    share.fails("mmlinkfileset gpfs0 share2 -J /mnt/gpfs0/share1", 17,
                "junction /mnt/gpfs0/share1 already exists")
    share.fails("mmlinkfileset gpfs0 share2 -J /mnt/gpfs0/no/share2", 2,
                "No such file or directory")
    share.fails("mmlinkfileset gpfs0 share2 -J /etc/share2", 22, "/etc")
    share.fails("mmlinkfileset gpfs0 share2 -J /mnt/gpfs0/share1/sub", 22,
                "can only be linked within its own inode space")
    share.fails("mmunlinkfileset gpfs0 share2", 22, "is not linked")
    share.fails("mmunlinkfileset gpfs0 root", 22, "root fileset")


def test_link_below_the_working_directory(gpfs):
    gpfs.ok(NEW)
    assert gpfs("mmlinkfileset gpfs0 share1", cwd="/mnt/gpfs0") == 0
    assert gpfs.fs.fileset("share1").path == "/mnt/gpfs0/share1"


def test_dependent_fileset(share):
    share.ok("mmcrfileset gpfs0 sub --inode-space share1",
             "mmlinkfileset gpfs0 sub -J /mnt/gpfs0/share1/sub")
    share.fails("mmunlinkfileset gpfs0 share1 -f", 16, "linked within it")
    (row,) = share.rows("mmlsfileset gpfs0 sub -L -Y")
    assert row["isInodeSpaceOwner"] == "0"
    assert (row["maxInodes"], row["allocInodes"]) == ("0", "0")
    assert (row["inodeSpace"], row["parentId"]) == ("1", "1")
    share.fails("mmcrsnapshot gpfs0 s1 -j sub", 22, "not an independent")
    share.ok("mmunlinkfileset gpfs0 sub", "mmunlinkfileset gpfs0 share1")
    share.fails("mmdelfileset gpfs0 share1 -f", 16, "inode space")
    share.ok("mmdelfileset gpfs0 sub", "mmdelfileset gpfs0 share1")


def test_delete_needs_unlink(share):
    share.fails("mmdelfileset gpfs0 share1 -f", 16,
                "must be unlinked to be deleted")


def test_listing(any_release):
    gpfs = any_release
    gpfs.ok("mmcrfileset gpfs0 share-1 --inode-space new -t 'a: b%'", NEW,
            "mmlinkfileset gpfs0 share-1 -J /mnt/gpfs0/share-1")
    rows = gpfs.rows("mmlsfileset gpfs0 -L -Y")
    assert [r["filesetName"] for r in rows] == ["root", "share-1", "share1"]
    assert rows[0]["comment"] == "root fileset"
    linked, unlinked = rows[1:]
    assert (linked["status"], linked["path"]) == ("Linked",
                                                  "/mnt/gpfs0/share-1")
    assert linked["comment"] == "a: b%"
    assert linked["allocInodes"] == "100096"
    assert linked["isInodeSpaceOwner"] == "1"
    assert ("%2D%2D:--:" in gpfs.out) and "%2Fmnt%2Fgpfs0" in gpfs.out
    assert (unlinked["status"], unlinked["path"]) == ("Unlinked", "--")
    assert ("falStatus" in linked) == (
        gpfs.cluster.release.name in ("5.1", "5.2"))


def test_listing_for_people(share):
    assert "share1" in share.ok("mmlsfileset gpfs0")
    assert "AllocInodes" in share.ok("mmlsfileset gpfs0 -L")


def test_listing_by_junction(share):
    (row,) = share.rows("mmlsfileset gpfs0 -J /mnt/gpfs0/share1 -L -Y")
    assert row["filesetName"] == "share1"
    share.fails("mmlsfileset gpfs0 -J /mnt/gpfs0/no -L -Y", 2, "/no")


def test_change_fileset(share):
    share.ok("mmcrsnapshot gpfs0 s1 -j share1")
    out = share.ok("mmchfileset gpfs0 share1 -j other -t tag "
                   "--inode-limit 200K:110000")
    assert out == "Fileset share1 changed."
    (row,) = share.rows("mmlsfileset gpfs0 other -L -Y")
    assert (row["comment"], row["maxInodes"]) == ("tag", "204800")
    assert row["path"] == "/mnt/gpfs0/share1"
    (snapshot,) = share.rows("mmlssnapshot gpfs0 -j other -Y")
    assert snapshot["fileset"] == "other"
    share.fails("mmchfileset gpfs0 other -j root", 22, "Incorrect fileset")
    share.fails("mmchfileset gpfs0 other --inode-limit 1", 22, "inode limit")


# Quotas

def limits(gpfs, name="share1"):
    (row,) = gpfs.rows(f"mmlsquota -j {name} -v -Y gpfs0")
    return int(row["blockQuota"]), int(row["blockLimit"])


def test_quota(share):
    share.ok("mmsetquota gpfs0:share1 --block 0:2G")
    assert limits(share) == (0, 2 << 20)
    share.ok("mmsetquota gpfs0:share1 --block 1G:1G --files 32:64")
    assert limits(share) == (1 << 20, 1 << 20)
    (row,) = share.rows("mmlsquota -j share1 -Y gpfs0")
    assert row["filesLimit"] == "64"
    assert share.out.startswith("mmlsquota:fileset:HEADER:")


def test_quota_is_rounded_up_to_blocks(share):
    share.ok("mmsetquota gpfs0:share1 --block 1:4097K")
    assert limits(share) == (4096, 8192)


def test_quota_without_limits_is_only_shown_on_demand(share):
    assert share.rows("mmlsquota -j share1 -Y gpfs0") == []
    assert limits(share) == (0, 0)


def test_quota_errors(share):
    share.fails("mmlsquota -j nope -Y gpfs0", 2,
                "nope: no such fileset in quota enabled file systems")
    share.fails("mmsetquota gpfs0:share1 --block x", 1, "quota limit")
    share.fails("mmsetquota gpfs0:share1 --block 2G:1G", 22, "soft limit")
    share.fs.quotas = "none"
    share.fails("mmlsquota -j share1 -Y gpfs0", 22,
                "No quota enabled file system found.")
    share.fails("mmsetquota gpfs0:share1 --block 0:1G", 22,
                "quota management is not enabled")


def test_usage_is_real(share):
    with open(share.path("/mnt/gpfs0/share1/file"), "wb") as file:
        file.write(b"x" * (1 << 20))
    (row,) = share.rows("mmlsquota -j share1 -v -Y gpfs0")
    assert 1024 <= int(row["blockUsage"]) < 1100
    assert row["filesUsage"] == "2"
    root, = [r for r in share.rows("mmrepquota -j -Y gpfs0")
             if r["name"] == "root"]
    assert int(root["blockUsage"]) < 1024


def test_quota_report(any_release):
    any_release.ok(NEW, "mmsetquota gpfs0:share1 --block 0:1G")
    rows = any_release.rows("mmrepquota -j -Y gpfs0")
    assert any_release.out.startswith(
        "*** Report for FILESET quotas on gpfs0\nmmrepquota::HEADER:")
    assert [(r["name"], r["remarks"]) for r in rows] == [("root", "i"),
                                                         ("share1", "e")]
    assert rows[1]["blockLimit"] == str(1 << 20)
    assert ("fid" in rows[0]) == (any_release.cluster.release.name != "4.2")


# Snapshots

def test_snapshot(share):
    path = share.path("/mnt/gpfs0/share1")
    with open(path + "/file", "w") as file:
        file.write("old")
    os.symlink("file", path + "/link")
    out = share.ok("mmcrsnapshot gpfs0 s1 -j share1")
    assert out.endswith("Snapshot share1:s1 created with id 1.")
    with open(path + "/file", "w") as file:
        file.write("new")
    with open(path + "/.snapshots/s1/file") as file:
        assert file.read() == "old"
    assert os.readlink(path + "/.snapshots/s1/link") == "file"
    (row,) = share.rows("mmlssnapshot gpfs0 -Y")
    assert (row["directory"], row["fileset"]) == ("s1", "share1")
    assert row["status"] == "Valid"
    out = share.ok("mmrestorefs gpfs0 s1 -j share1")
    with open(path + "/file") as file:
        assert file.read() == "old"
    share.ok("mmunlinkfileset gpfs0 share1")
    share.fails("mmdelfileset gpfs0 share1 -f", 16, "snapshots")
    share.fails("mmrestorefs gpfs0 share1:s1", 22, "must be linked")
    share.ok("mmlinkfileset gpfs0 share1 -J /mnt/gpfs0/share1")
    out = share.ok("mmdelsnapshot gpfs0 share1:s1")
    assert out.endswith("Delete snapshot share1:s1 successful.")
    assert not os.path.exists(path + "/.snapshots")


def test_snapshot_errors(share):
    share.ok("mmcrsnapshot gpfs0 share1:s1")
    share.fails("mmcrsnapshot gpfs0 s1 -j share1", 17, "already exists")
    share.fails("mmdelsnapshot gpfs0 nope -j share1", 2,
                "does not contain snapshot nope, err = 2")
    share.fails("mmdelsnapshot gpfs0 nope", 2, "global snapshot nope")
    share.fails("mmcrsnapshot gpfs0 'a b' -j share1", 22, "snapshot name")
    share.fails("mmcrsnapshot gpfs0", 1, "mmcrsnapshot: Missing arguments.")


def test_no_snapshots_is_text_even_with_y(share):
    assert share.ok("mmlssnapshot gpfs0 -Y") == (
        "No snapshots in file system gpfs0")


def test_global_snapshot(share):
    share.ok("mmcrsnapshot gpfs0 all", "mmcrsnapshot gpfs0 s1 -j share1")
    path = share.path("/mnt/gpfs0/.snapshots/all/share1")
    assert os.listdir(path) == []
    assert len(share.rows("mmlssnapshot gpfs0 -Y")) == 2
    assert len(share.rows("mmlssnapshot gpfs0 -s share1:s1 -Y")) == 1
    assert ".snapshots" in share.ok("mmsnapdir gpfs0")
