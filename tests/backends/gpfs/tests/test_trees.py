# SPDX-License-Identifier: Apache-2.0
"""Filesets on btrfs: quotas that stop writers, snapshots, junctions."""

import contextlib
import errno
import glob
import os
import random
import subprocess
import sys

import pytest

from .. import api, build
from ..api import GPFSCluster
from .test_cluster import descendants, fingerprint, mm, mounts, share
from .test_ganesha import eventually, export, open_share, refused

MIB = 1 << 20
SECONDS = 120
MM = "/usr/lpp/mmfs/bin/"
pytestmark = pytest.mark.skipif(api.unavailable_btrfs() is not None,
                                reason=str(api.unavailable_btrfs()))
needs_ganesha = pytest.mark.skipif(api.unavailable_ganesha() is not None,
                                   reason=str(api.unavailable_ganesha()))


@pytest.fixture(scope="module")
def cluster():
    with GPFSCluster(nodes=2, trees="btrfs") as started:
        yield started


@pytest.fixture
def gpfs(cluster):
    cluster.reset()
    return cluster


def fill(node, path, mib):
    return node.run(["dd", "if=/dev/zero", f"of={path}", "bs=1M",
                     f"count={mib}"])


def shell(node, text, check=True):
    return node.run(["sh", "-c", text], check=check)


def describe(node, path):
    """Everything about a tree, less .snapshots, as text."""
    return shell(node, f"cd {path} && find . -path ./.snapshots -prune -o "
                 "-printf '%P %y %m %U %G %T@ %n %l\\n' | sort && find . "
                 "-path ./.snapshots -prune -o -type f -print0 | sort -z | "
                 "xargs -0 -r sha256sum").stdout


# Quotas

def test_quota_stops_writers_and_can_be_changed(gpfs):
    path = share(gpfs)
    one, two = gpfs.nodes
    mm(one, "mmsetquota gpfs0:share1 --block 8M:8M")
    done = fill(two, path + "/file", 20)
    assert done.returncode == 1 and "quota exceeded" in done.stderr
    assert 7 * MIB <= one.stat(path + "/file")["st_size"] <= 8 * MIB
    mm(one, "mmsetquota gpfs0:share1 --block 0:32M")
    assert fill(two, path + "/file", 20).returncode == 0
    mm(one, "mmsetquota gpfs0:share1 --block 0:4M")
    assert fill(two, path + "/more", 1).returncode == 1
    mm(one, "mmsetquota gpfs0:share1 --block 0:0")
    assert fill(two, path + "/more", 1).returncode == 0


def test_usage_is_that_of_the_fileset(gpfs):
    path = share(gpfs)
    one = gpfs.nodes[0]
    mm(one, "mmcrfileset gpfs0 inner --inode-space new")
    mm(one, f"mmlinkfileset gpfs0 inner -J {path}/inner")
    fill(one, path + "/file", 3)
    fill(one, path + "/inner/file", 5)
    used = {}
    for name in ("share1", "inner"):
        mm(one, f"mmsetquota gpfs0:{name} --block 0:64M")
        line = mm(one, f"mmlsquota -j {name} -Y gpfs0").stdout.splitlines()
        names, values = (text.split(":") for text in line[:2])
        used[name] = int(values[names.index("blockUsage")])
    assert 3072 <= used["share1"] <= 3072 + 256
    assert 5120 <= used["inner"] <= 5120 + 256


def test_df_shows_the_device(gpfs):
    path = share(gpfs)
    done = gpfs.nodes[1].run(["df", "-P", path])
    fields = done.stdout.splitlines()[1].split()
    assert (fields[0], fields[1]) == ("/dev/gpfs0", str(64 << 20))


# Junctions

def test_links_reach_all_nodes(gpfs):
    path = share(gpfs)
    one, two = gpfs.nodes
    one.write_file(path + "/file", "data")
    assert two.read_file(path + "/file") == "data"
    assert two.stat(path)["st_ino"] == 256          # a subvolume's top
    mm(two, "mmunlinkfileset gpfs0 share1")
    assert one.listdir(gpfs.mount_point) == []
    mm(two, f"mmlinkfileset gpfs0 share1 -J {gpfs.mount_point}/other")
    assert one.read_file(gpfs.mount_point + "/other/file") == "data"
    done = one.run(["rmdir", gpfs.mount_point + "/other"])
    assert "busy" in done.stderr


def test_unlink_of_a_fileset_in_use(gpfs):
    path = share(gpfs)
    one, two = gpfs.nodes
    done = two.run(["sh", "-c", f"exec 9>{path}/file; {MM}mmunlinkfileset "
                    "gpfs0 share1"])
    assert (done.returncode, "open files" in done.stderr) == (
        errno.EBUSY, True)
    done = two.run(["sh", "-c", f"cd {path}; {MM}mmunlinkfileset gpfs0 "
                    "share1 -f"])
    assert done.returncode == 0
    assert one.listdir(gpfs.mount_point) == []
    mm(one, "mmdelfileset gpfs0 share1 -f")
    assert list(gpfs.filesets()) == ["root"]


def test_node_without_gpfs_sees_later_links(gpfs):
    one, two = gpfs.nodes
    two.set_state("down")
    path = share(gpfs)
    assert two.listdir(gpfs.mount_point) == []
    two.set_state("active")
    one.write_file(path + "/file", "x")
    assert two.read_file(path + "/file") == "x"


# Snapshots

def test_snapshot_is_read_only_for_all(gpfs):
    path = share(gpfs)
    one, two = gpfs.nodes
    one.write_file(path + "/file", "old")
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    mm(one, "mmcrsnapshot gpfs0 s2 -j share1")
    for node in gpfs.nodes:
        assert node.listdir(path + "/.snapshots") == ["s1", "s2"]
        assert node.listdir(path + "/.snapshots/s2") == ["file"]
        done = shell(node, f"echo x >{path}/.snapshots/s1/file", False)
        assert "Read-only file system" in done.stderr
    two.write_file(path + "/file", "new")
    assert one.read_file(path + "/.snapshots/s1/file") == "old"
    mm(two, "mmdelsnapshot gpfs0 s1 -j share1")
    mm(two, "mmdelsnapshot gpfs0 s2 -j share1")
    assert one.listdir(path) == ["file"]


CHANGE = """cd %s; rm -r folder same; ln -sf elsewhere link; rm hard1
echo new >same; mkdir new; echo x >new/file; chmod 700 .; echo more >>kept
chown 1:1 kept; chmod 600 deep/er; rm deep/er/file; mv moved deep/moved"""
MAKE = """cd %s; mkdir -p folder/inner deep/er; echo a >folder/inner/a
ln -s target link; echo same >same; echo kept >kept; echo h >hard1
ln hard1 hard2; ln hard1 deep/hard3; echo d >deep/er/file; echo m >moved
touch -d 2001-01-01 deep/er kept; chown 7:8 same; chmod 750 deep .
mkfifo pipe; touch 'with
line'"""


def test_restore_byte_for_byte(gpfs):
    path = share(gpfs)
    one, two = gpfs.nodes
    shell(one, MAKE % path)
    one.write_file(path + "/big", random.Random(1).randbytes(3 * MIB))
    before = describe(one, path)
    kept = one.stat(path + "/kept")["st_ino"]
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    shell(two, CHANGE % path)
    shell(two, f"dd if=/dev/zero of={path}/big bs=1M count=1 seek=1")
    assert describe(two, path) != before
    mm(two, "mmrestorefs gpfs0 s1 -j share1")
    assert describe(one, path) == describe(two, path) == before
    assert one.stat(path + "/kept")["st_ino"] == kept
    assert one.listdir(path + "/.snapshots") == ["s1"]


def test_restore_of_a_full_fileset(gpfs):
    path = share(gpfs)
    one = gpfs.nodes[0]
    mm(one, "mmsetquota gpfs0:share1 --block 8M:8M")
    fill(one, path + "/file", 4)
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    one.run(["rm", path + "/file"], check=True)
    assert fill(one, path + "/other", 20).returncode == 1
    mm(one, "mmrestorefs gpfs0 s1 -j share1")
    assert one.listdir(path) == [".snapshots", "file"]


def test_snapshots_of_a_full_fileset(gpfs):
    path = share(gpfs)
    one = gpfs.nodes[0]
    mm(one, "mmsetquota gpfs0:share1 --block 8M:8M")
    assert fill(one, path + "/file", 20).returncode == 1
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    mm(one, "mmrestorefs gpfs0 s1 -j share1")
    assert fill(one, path + "/more", 20).returncode == 1
    mm(one, "mmdelsnapshot gpfs0 s1 -j share1")
    mm(one, "mmsetquota gpfs0:share1 --block 0:0")
    assert fill(one, path + "/more", 20).returncode == 0


def test_snapshots_of_nested_filesets(gpfs):
    path = share(gpfs)
    one = gpfs.nodes[0]
    for name, space in (("dependent", "share1"), ("independent", "new")):
        mm(one, f"mmcrfileset gpfs0 {name} --inode-space {space}")
        mm(one, f"mmlinkfileset gpfs0 {name} -J {path}/{name}")
        one.write_file(f"{path}/{name}/file", "old")
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    top = path + "/.snapshots/s1"
    assert one.listdir(top + "/dependent") == ["file"]
    assert one.listdir(top + "/independent") == []
    for name in ("dependent", "independent"):
        one.write_file(f"{path}/{name}/file", "new")
    mm(one, "mmrestorefs gpfs0 s1 -j share1")
    assert one.read_file(path + "/dependent/file") == "old"
    assert one.read_file(path + "/independent/file") == "new"
    mm(one, "mmcrsnapshot gpfs0 all")
    assert one.read_file(gpfs.mount_point + "/.snapshots/all/share1/"
                         "independent/file") == "new"
    mm(one, "mmdelsnapshot gpfs0 all")
    mm(one, "mmdelsnapshot gpfs0 s1 -j share1")
    assert ".snapshots" not in one.listdir(path)


# Over NFS

@needs_ganesha
def test_quota_and_restore_over_nfs(gpfs_real_shared_cluster):
    gpfs = gpfs_real_shared_cluster
    path = open_share(gpfs)
    one, two = gpfs.nodes
    export(gpfs, path, (gpfs.clients[0].address, "RW"))
    mm(one, "mmsetquota gpfs0:share1 --block 2M:2M")
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    data = random.Random(2).randbytes(4 * MIB)
    with gpfs.clients[0].mount(two, "/e7") as mount:
        mount.create("big")
        assert refused(mount.write, "big", data) == "EDQUOT"
        mm(one, "mmsetquota gpfs0:share1 --block 16M:16M")
        assert mount.write("big", data) == len(data)
        assert mount.read("big") == data
        mount.write("file", b"changed")
        assert refused(mount.read, ".snapshots/s1/file") == "EXDEV"
        mm(two, "mmrestorefs gpfs0 s1 -j share1")
    with gpfs.clients[0].mount(one, "/e7") as mount:
        assert "big" not in mount.listdir()
        assert mount.read("file") == b"content"


@needs_ganesha
def test_unlink_of_an_exported_fileset(gpfs_real_shared_cluster):
    gpfs = gpfs_real_shared_cluster
    path = open_share(gpfs)
    export(gpfs, path, (gpfs.clients[0].address, "RW"))
    done = mm(gpfs.nodes[0], "mmunlinkfileset gpfs0 share1", check=False)
    assert done.returncode == errno.EBUSY
    for node in gpfs.nodes:
        node.run(["dbus-send", "--print-reply", "--system",
                  "--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr",
                  "org.ganesha.nfsd.exportmgr.RemoveExport", "uint16:7"],
                 check=True)
    mm(gpfs.nodes[0], "mmunlinkfileset gpfs0 share1")
    mm(gpfs.nodes[0], "mmdelfileset gpfs0 share1 -f")


# The end

def loops(directory):
    """Loop devices of a cluster, by the files behind them."""
    found = []
    for path in glob.glob("/sys/block/loop*/loop/backing_file"):
        with contextlib.suppress(OSError), open(
                path, encoding="utf-8") as file:
            found.append(file.read())
    return [f for f in found if os.path.basename(directory) in f]


def devices():
    """But loop devices: the kernel makes one more when all are in use."""
    return {name for name in os.listdir("/dev") if name[:4] != "loop"}


@needs_ganesha
def test_nothing_stays():
    before = mounts(), fingerprint(), devices()
    with GPFSCluster(nodes=2, ganesha=True, trees="btrfs") as cluster:
        path = open_share(cluster)
        export(cluster, path, (cluster.clients[0].address, "RW"))
        cluster.clients[0].hold(cluster.nodes[0], "/e7", "held").wait()
        mm(cluster.nodes[0], "mmcrsnapshot gpfs0 s1 -j share1")
        assert mounts() == before[0]
        directory = cluster.directory
        assert len(loops(directory)) == 1
    assert (mounts(), fingerprint(), devices()) == before
    eventually(lambda: loops(directory), [])    # the kernel's own time
    assert not descendants(directory) and not os.path.exists(directory)


@needs_ganesha
def test_nothing_stays_after_a_kill():
    before = mounts(), fingerprint()
    child = subprocess.Popen(
        [sys.executable, "-m", __package__.rpartition(".")[0], "--ganesha",
         "--trees", "btrfs"],
        cwd=build.ROOT, stdout=subprocess.PIPE, text=True)
    line = ""
    while "gpfs_ssh_private_key" not in line:
        line = child.stdout.readline()
    directory = os.path.dirname(line.split()[-1])
    watched = [os.pidfd_open(int(pid)) for pid in descendants(directory)]
    assert watched
    child.kill()
    child.wait()
    child.stdout.close()
    for fd in watched:
        assert api.wait_for_end(fd, SECONDS)
        os.close(fd)
    assert (mounts(), fingerprint()) == before
    eventually(lambda: loops(directory), [])
    assert not os.path.exists(directory)
