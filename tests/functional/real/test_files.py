# SPDX-License-Identifier: Apache-2.0
"""Files of clients: enforced quotas, and what snapshots bring back."""

import json

import pytest

from manila import exception

from tests.backends.gpfs import NFSError
from tests.functional.drivers import (CONTEXT, located, make_rule, make_share,
                                      make_snapshot, path_of, update,
                                      wait_for_job)
from tests.functional.real import levels, served, share_with_file

NONE = {"c1": "none", "c2": "none", "c3": "none"}
MIB = 1 << 20
BLOCK = b"x" * 65536
FILL = """
import os, sys
os.chdir(sys.argv[1])
def write(name, data, mode, uid, gid):
    with open(name, "wb") as file:
        file.write(data)
    os.chown(name, uid, gid)
    os.chmod(name, mode)
data = bytes(range(256)) * 5000 + b"the end"
os.makedirs("d/empty")
write("d/file", data, 0o640, 1234, 5678)
write("script", b"#!/bin/sh\\n", 0o4755, 0, 4)
write("sp ace\\n\\xc3\\xa4", b"name", 0o600, 1, 2)
os.link("d/file", "hard")
os.symlink("../outside", "d/link")
os.symlink("script", "soft")
os.lchown("soft", 77, 88)
os.mkfifo("fifo")
with open("sparse", "wb") as file:
    file.truncate(64 << 20)
    file.seek(32 << 20)
    file.write(b"island")
os.setxattr("d/file", "user.colour", b"blue\\0")
os.setxattr("d", "user.colour", b"red")
os.chown("d", 1000, 1000)
os.chmod("d", 0o2750)
for name, when in (("hard", 1000000000123456789), ("script", 5),
                   ("soft", 1100000000987654321), ("d/empty", 10 ** 18),
                   ("d/link", 7), ("fifo", 8)):
    os.utime(name, ns=(when, when), follow_symlinks=False)
os.utime("d", ns=(1200000000111222333,) * 2)
"""
TELL = """
import hashlib, json, os, stat, sys
top = sys.argv[1].encode()
found, inodes = {}, {}
for here, folders, files in os.walk(top):
    if b".snapshots" in folders:
        folders.remove(b".snapshots")
    for name in folders + files + ([b"."] if here == top else []):
        path = os.path.join(here, name)
        info = os.lstat(path)
        kind = stat.S_IFMT(info.st_mode)
        content = ""
        if kind == stat.S_IFREG:
            with open(path, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
        if kind == stat.S_IFLNK:
            content = os.fsdecode(os.readlink(path))
        told = os.fsdecode(os.path.relpath(path, top))
        inodes.setdefault(info.st_ino, []).append(told)
        found[told] = [
            oct(info.st_mode), info.st_uid, info.st_gid,
            info.st_size if kind == stat.S_IFREG else 0,
            info.st_mtime_ns if told != "." else 0, content,
            sorted((x, os.getxattr(path, x, follow_symlinks=False).hex())
                   for x in os.listxattr(path, follow_symlinks=False))]
links = sorted(sorted(names) for names in inodes.values() if len(names) > 1)
print(json.dumps([found, links]))
"""
PYTHON = "/usr/bin/python3"


@pytest.fixture
def share(cluster, driver):
    share = share_with_file(cluster, driver)
    rule = make_rule(cluster.clients[0].address)
    assert update(driver, share, [rule], add=[rule]) == []
    return share


@pytest.fixture
def mounts(cluster, path):
    return [cluster.clients[0].mount(node, path, uid=1000)
            for node in cluster.nodes]


def fill_but(cluster, path, rest, gib=1):
    """Use the share up to `rest` MiB, without writing so much."""
    cluster.nodes[0].run(
        ["fallocate", "-l", f"{gib * 1024 - rest}M", f"{path}/ballast"],
        check=True)


def write_until_full(mount, name, limit):
    """MiB that went into a file before the server refused, or None."""
    for count in range(limit * MIB // len(BLOCK)):
        try:
            mount.write(name, BLOCK, offset=count * len(BLOCK))
        except NFSError as error:
            assert error.name == "EDQUOT", error
            return count * len(BLOCK) / MIB
    return None


# ---- size ----

def test_the_quota_stops_a_writer_and_extending_lets_it_go_on(
        cluster, driver, share, path, mounts):
    fill_but(cluster, path, 4)
    one, two = mounts
    wrote = write_until_full(one, "/file", 8)
    assert 2 < wrote <= 4
    with pytest.raises(OSError):
        two.write("/file", BLOCK * 16, offset=6 * MIB)
    driver.extend_share(share, 2)
    assert write_until_full(two, "/file", 8) is None
    assert one.read("/file") == BLOCK * (8 * MIB // len(BLOCK))
    assert one.stat("/file")["st_size"] == 8 * MIB


def test_shrinking_below_what_is_used(cluster, driver, path, share, mounts):
    driver.extend_share(share, 3)
    share["size"] = 3
    fill_but(cluster, path, 512, gib=2)
    with pytest.raises(exception.ShareShrinkingPossibleDataLoss):
        driver.shrink_share(share, 1)
    # as large as before
    cluster.nodes[0].run(["fallocate", "-l", "1200M", f"{path}/more"],
                         check=True)
    assert write_until_full(mounts[0], "/file", 4) is None
    cluster.nodes[0].run(["rm", f"{path}/more"], check=True)
    driver.shrink_share(share, 2)
    share["size"] = 2
    cluster.nodes[0].run(["fallocate", "-l", "504M", f"{path}/more"],
                         check=True)
    assert write_until_full(mounts[0], "/file", 16) is not None


def test_a_full_share_can_be_emptied_and_goes_on(cluster, path, share,
                                                 driver, mounts):
    fill_but(cluster, path, 4)
    assert write_until_full(mounts[0], "/file", 8) is not None
    mounts[1].unlink("/ballast")
    mounts[1].truncate("/file", 0)
    # a full share is no obstacle for rules, snapshots and the rest
    snapshot = make_snapshot(share)
    driver.create_snapshot(CONTEXT, snapshot)
    driver.delete_snapshot(CONTEXT, snapshot)
    assert write_until_full(mounts[0], "/file", 8) is None


def test_usage_is_what_clients_wrote(cluster, driver, share, path, mounts):
    assert write_until_full(mounts[0], "/file", 16) is None
    (told,) = driver.update_share_usage_size(CONTEXT, [share])
    assert 16 / 1024 <= told["used_size"] < 18 / 1024


# ---- snapshots ----

def fill(cluster, path):
    cluster.nodes[0].run([PYTHON, "-c", FILL, path], check=True)


def tell(cluster, path, node=0):
    """All about everything below a path; the hard links."""
    done = cluster.nodes[node].run([PYTHON, "-c", TELL, path], check=True)
    return json.loads(done.stdout)


def take(driver, share):
    snapshot = make_snapshot(share)
    snapshot.update(driver.create_snapshot(CONTEXT, snapshot))
    return snapshot


def spoil(cluster, path):
    """Delete, change, and add."""
    cluster.nodes[0].run(["sh", "-e", "-c", """
        cd "$1"; rm -r d soft; echo changed >hard; chmod 0 script
        chown 9:9 sp*; truncate -s 5 sparse; mkdir new; echo new >new/file
        ln -s / root; chmod 700 .
        """, "sh", path], check=True)


def test_revert(cluster, driver, share, path):
    fill(cluster, path)
    before = tell(cluster, path)
    assert ["d/file", "hard"] in before[1]
    snapshot = take(driver, share)
    spoil(cluster, path)
    assert tell(cluster, path) != before
    assert driver.revert_to_snapshot(CONTEXT, snapshot, [], []) == {
        "status": "reverting_to_snapshot"}
    answers = wait_for_job(driver, share, "reverting_to_snapshot")
    assert answers[-1]["status"] == "available"
    assert tell(cluster, path) == before == tell(cluster, path, node=1)
    assert levels(cluster, path) == dict(NONE, c1="rw")


def test_what_a_client_deleted_comes_back(cluster, driver, share, path,
                                          mounts):
    """Written, deleted and read again over NFS, by different servers."""
    one, two = mounts
    data = bytes(range(256)) * 1000
    one.create("/mine", mode=0o640)
    one.write("/mine", data)
    snapshot = take(driver, share)
    two.unlink("/mine")
    assert "mine" not in one.listdir()
    driver.revert_to_snapshot(CONTEXT, snapshot, [], [])
    answers = wait_for_job(driver, share, "reverting_to_snapshot")
    assert answers[-1]["status"] == "available"
    for node in cluster.nodes:
        with cluster.clients[0].mount(node, path, uid=1000) as mount:
            assert mount.read("/mine") == data
            assert mount.stat("/mine")["st_mode"] & 0o7777 == 0o640


def copied(driver, snapshot, share, **changes):
    new = make_share(status="creating_from_snapshot", **changes)
    answer = driver.create_share_from_snapshot(
        CONTEXT, new, snapshot, share_server=None, parent_share=share)
    assert answer["status"] == "creating_from_snapshot"
    located(new, answer["export_locations"])
    assert wait_for_job(driver, new)[-1]["status"] == "available"
    return new


def test_a_share_from_a_snapshot(cluster, driver, share, path):
    fill(cluster, path)
    before = tell(cluster, path)
    snapshot = take(driver, share)
    spoil(cluster, path)
    parents = [served(node, path) for node in cluster.nodes]
    new = copied(driver, snapshot, share)
    assert tell(cluster, path_of(new)) == before
    assert tell(cluster, path_of(new), node=1) == before
    # its own rules, none of its parent's
    assert levels(cluster, path_of(new)) == NONE
    rule = make_rule(cluster.clients[1].address, "ro")
    assert update(driver, new, [rule], add=[rule]) == []
    assert levels(cluster, path_of(new)) == dict(NONE, c2="ro")
    assert [served(node, path) for node in cluster.nodes] == parents


def test_a_copy_is_a_share_of_its_own(cluster, driver, share, path, mounts):
    """Parent and snapshot go, the copy stays and has its own quota."""
    mounts[0].write("/file", b"before")
    snapshot = take(driver, share)
    new = copied(driver, snapshot, share, size=2)
    driver.delete_snapshot(CONTEXT, snapshot)
    driver.delete_share(CONTEXT, share)
    rule = make_rule(cluster.clients[0].address)
    assert update(driver, new, [rule], add=[rule]) == []
    with cluster.clients[0].mount(cluster.nodes[1], path_of(new),
                                  uid=1000) as mount:
        assert mount.read("/file").startswith(b"before")
        fill_but(cluster, path_of(new), 4, gib=2)
        assert write_until_full(mount, "/file", 8) is not None


TIMES = """
import os, sys, time
os.chdir(sys.argv[1])
now = int(time.time())
for when in range(now, now + 30):
    os.mkfifo(f"fifo{when}")
    os.symlink("x", f"link{when}")
    for kind in ("fifo", "link"):
        os.utime(f"{kind}{when}", ns=(when * 10 ** 9 + 123456789,) * 2,
                 follow_symlinks=False)
"""


def test_times_of_the_second_of_the_copy(cluster, driver, share, path):
    """Some have a time in the very second in which they are copied."""
    cluster.nodes[0].run([PYTHON, "-c", TIMES, path], check=True)
    before = tell(cluster, path)
    new = copied(driver, take(driver, share), share)
    assert tell(cluster, path_of(new)) == before
