# SPDX-License-Identifier: Apache-2.0
"""NFSv4 ACLs of GPFS in a share that is made from a snapshot."""

import errno
import os
import stat
import time

import pytest

from tests.backends.gpfs import GPFSCluster, unavailable_btrfs
from tests.functional.drivers import (CONTEXT, located, make_driver,
                                      make_share, path_of, wait_for_job)
from tests.functional.test_gpfs_access import exports
from tests.functional.test_gpfs_snapshots import clone, take
from tests.until import until

MM = "/usr/lpp/mmfs/bin"
LIBRARY = "/usr/lpp/mmfs/lib/libgpfs.so"
PYTHONS = ("python3", "/usr/libexec/platform-python")
COPYING = "creating_from_snapshot"
FILES = 3000
NAMES = ["plain", "dir", "dir/below", "dir/deep er", "-dash", "it's \"q\"",
         "new\nline", "$(touch x)", "raw\udcff\udc80", "*", "dir/-o"]
# Files of all names with ACLs of their own, their names on standard input.
FILL = f"""
    cd "$1" && mkdir -p 'dir/deep er' && : >none && ln -s dir/below link &&
    ln -s /etc/passwd out && mkfifo pipe && touch dir/below &&
    ln dir/below other && chown 1234:5678 none || exit
    printf '#NFSv4 ACL\\nuser:7:r--c:allow\\n' >../top.acl
    {MM}/mmputacl -i ../top.acl . || exit
    xargs -0 -n 1 sh -c '
        [ -e "./$2" ] || : >"./$2"
        [ -d "./$2" ] || chmod 0$((600 + $$ % 8)) "./$2"
        printf "#NFSv4 ACL\\nspecial:owner@:rwxc:allow\\nuser:%s:r-xc:%s\\n" \\
            "$$" allow:FileInherit:DirInherit >../one.acl
        {MM}/mmputacl -i ../one.acl "./$2"
        touch -d @1000000000.5 "./$2"' sh x
    rm ../top.acl ../one.acl
    """
# name NUL mode and times NUL ACL NUL, of all but the snapshots
LOOK = f"""
    cd "$1" && find . -name .snapshots -prune -o \\( -type f -o -type d \\) \
        -print0 | sort -z | xargs -0 -n 1 sh -c '
            printf "%s\\0" "$1"; stat -c "%a %Y %u" -- "$1"; printf "\\0"
            {MM}/mmgetacl "$1"; printf "\\0"' sh
    """


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def node(cluster):
    return cluster.nodes[0]


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings())


@pytest.fixture
def share(driver):
    share = make_share(size=2)
    return located(share, driver.create_share(CONTEXT, share))


def fill(node, share, names=NAMES):
    node.run(["sh", "-c", FILL, "sh", path_of(share)], check=True,
             input="".join(name + "\0" for name in names))


def look(node, share):
    """{name: (mode and times, ACL)} of all files and directories."""
    found = node.run(["sh", "-c", LOOK, "sh", path_of(share)], text=False,
                     check=True).stdout.split(b"\0")[:-1]
    return {name: (attributes, acl) for name, attributes, acl in zip(
        found[::3], found[1::3], found[2::3])}


def without(node, *names):
    for name in names:
        node.set_installed(name, False)


def finished(driver, share):
    answer = wait_for_job(driver, share)[-1]
    assert answer["status"] == "available", answer
    return answer


def is_setting(node):
    """Whether a copy's ACLs are being set."""
    return node.run(["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null |"
                     " grep -q '[l]ibgpfs.so'"]).returncode == 0


def commands(cluster):
    return cluster.journal.count("mmgetacl"), cluster.journal.count(
        "mmputacl")


# ---- everything comes over ----

@pytest.mark.parametrize("semantics", ["all", "nfs4"])
@pytest.mark.parametrize("missing", [(), PYTHONS, (LIBRARY,)],
                         ids=["library", "no python", "no library"])
def test_every_acl_comes_over(cluster, driver, share, node, missing,
                              semantics):
    fill(node, share)
    cluster.change_filesystem(acl_semantics=semantics)
    wanted = look(node, share)
    assert len(wanted) == len(NAMES) + 3
    assert len({acl for _attributes, acl in wanted.values()}) >= len(NAMES)
    snapshot = take(driver, share)
    without(node, *missing)
    cluster.journal.clear()
    new = clone(driver, snapshot)
    finished(driver, new)
    # each file is asked for, its copy too; what differs is set
    assert commands(cluster) == ((2 * len(wanted), len(NAMES) + 1)
                                 if missing else (0, 0))
    assert look(node, new) == wanted
    # neither followed nor counted twice
    assert node.read_file("/etc/passwd").startswith("root:")
    assert node.run(["getfattr", "-m", "-", "/etc/passwd"]).stdout == ""


def test_from_a_read_only_snapshot():
    reason = unavailable_btrfs()
    if reason:
        pytest.skip(reason)
    with GPFSCluster(trees="btrfs") as cluster:
        (node,) = cluster.nodes
        driver = make_driver(cluster.settings())
        share = make_share(size=2)
        located(share, driver.create_share(CONTEXT, share))
        fill(node, share)
        wanted = look(node, share)
        new = clone(driver, take(driver, share))
        finished(driver, new)
        assert look(node, new) == wanted


def test_a_file_system_without_nfs4_acls(cluster, driver, share, node):
    fill(node, share)
    cluster.change_filesystem(acl_semantics="posix")
    snapshot = take(driver, share)
    node.disturb_acls("fail 1 plain")
    cluster.journal.clear()
    finished(driver, clone(driver, snapshot))
    assert commands(cluster) == (0, 0)
    assert cluster.journal.count("mmlsfs") == 1


def test_the_number_of_processes_is_that_of_no_files(cluster, driver, share,
                                                     node):
    """Some thousand files: one process."""
    node.run(["sh", "-e", "-c", f"""
        cd "$1"; mkdir many; cd many
        printf '#NFSv4 ACL\\nuser:7:r--c:allow\\n' >first
        {MM}/mmputacl -i first first
        seq {FILES} | xargs -n 500 sh -c 'for n do cp -a first $n; done' sh
        """, "sh", path_of(share)], check=True)
    snapshot = take(driver, share)
    cluster.journal.clear()
    before = last_process(node)
    new = clone(driver, snapshot)
    finished(driver, new)
    assert (last_process(node) - before) % last_number(node) < FILES
    assert commands(cluster) == (0, 0)
    counted = node.run(["sh", "-c", 'getfattr -Rd -m gpfs_acl "$1/many" |'
                        "grep -c user:7:", "sh", path_of(new)])
    assert int(counted.stdout) == FILES + 1


def last_process(node):
    """The number of the cluster's latest process, or thread."""
    return int(node.read_file("/proc/loadavg").split()[-1])


def last_number(node):
    """After it, they begin anew."""
    return int(node.read_file("/proc/sys/kernel/pid_max"))


def test_what_the_copy_has_and_the_snapshot_has_not(driver, share, node):
    """An ACL that the share's directory got elsewhere does not stay."""
    snapshot = take(driver, share)
    node.disturb_acls("hold .")
    new = clone(driver, snapshot)
    until(lambda: is_setting(node))
    node.run(["sh", "-ec", f"""cd "$1"
        printf '#NFSv4 ACL\\nuser:7:rwxc:allow\\n' >../acl
        {MM}/mmputacl -i ../acl .; rm ../acl""", "sh", path_of(new)],
        check=True)
    node.disturb_acls()
    finished(driver, new)
    assert look(node, new)[b"."][1] == look(node, share)[b"."][1]


# ---- interrupted ----

def kill_job(node, share):
    base = os.path.dirname(path_of(share))
    node.run(["sh", "-c", 'for p in "$1"/a1/pid "$1"/a1/worker; do'
              ' kill -9 -$(cat "$p"); done',
              "sh", f"{base}/.manila-jobs/{share['id']}"], check=True)


def test_not_available_before_its_acls(cluster, driver, share, node):
    """Nor exported; and neither manila-share nor SSH is needed for it."""
    fill(node, share)
    wanted = look(node, share)
    node.disturb_acls("hold plain")
    new = clone(driver, take(driver, share))
    until(lambda: is_setting(node))
    for _attempt in range(3):
        answer = driver.get_share_status(dict(new, status=COPYING))
        assert answer["status"] == COPYING
    assert exports(node, new) == {}
    node.kill_connections()
    node.disturb_acls()
    finished(make_driver(cluster.settings()), new)
    assert look(node, new) == wanted


def test_killed_in_the_middle(cluster, driver, share, node):
    fill(node, share)
    wanted = look(node, share)
    node.disturb_acls("hold plain")
    new = clone(driver, take(driver, share))
    until(lambda: is_setting(node))
    kill_job(node, new)
    node.disturb_acls()
    job = f"{os.path.dirname(path_of(new))}/.manila-jobs/{new['id']}"
    node.run(["touch", "-d", "1 hour ago", f"{job}/a1/beat"], check=True)
    finished(driver, new)
    assert look(node, new) == wanted


def test_deleted_in_the_middle(cluster, driver, share, node):
    fill(node, share)
    node.disturb_acls("hold plain")
    new = clone(driver, take(driver, share))
    until(lambda: is_setting(node))
    driver.delete_share(CONTEXT, new)
    assert new["name"] not in cluster.filesets()
    until(lambda: not is_setting(node))


def test_gpfs_is_busy(driver, share, node):
    fill(node, share)
    wanted = look(node, share)
    node.disturb_acls(f"fail {errno.EAGAIN} plain")
    new = clone(driver, take(driver, share))
    until(lambda: is_setting(node))
    time.sleep(0.5)
    assert driver.get_share_status(dict(new, status=COPYING))[
        "status"] == COPYING
    node.disturb_acls()
    finished(driver, new)
    assert look(node, new) == wanted


def test_a_file_that_goes_meanwhile(driver, share, node):
    fill(node, share)
    wanted = look(node, share)
    node.disturb_acls("lose plain")
    new = clone(driver, take(driver, share))
    finished(driver, new)
    node.disturb_acls()
    found = look(node, new)
    assert found.keys() == wanted.keys()
    for name in found.keys() - {b"./plain"}:
        assert found[name] == wanted[name]


# ---- failures ----

def failure(driver, share, caplog):
    assert wait_for_job(driver, share)[-1]["status"] == "error"
    return caplog.text


@pytest.mark.parametrize("missing", [(), (LIBRARY,)],
                         ids=["library", "commands"])
def test_an_acl_that_cannot_be_set(cluster, driver, share, node, missing,
                                   caplog):
    fill(node, share)
    snapshot = take(driver, share)
    without(node, *missing)
    node.disturb_acls("fail 1 plain")
    cluster.faults.add("mmputacl*./plain", status=1, times=None,
                       stderr="mmputacl: Operation not permitted\n")
    new = clone(driver, snapshot)
    text = failure(driver, new, caplog)
    assert "an ACL cannot be set: " in text
    assert "Operation not permitted: " in text and "plain" in text
    assert exports(node, new) == {}
    # asked for again, once it can be
    node.disturb_acls()
    cluster.faults.clear()
    again = driver.create_share_from_snapshot(CONTEXT, new, snapshot)
    assert again["status"] == COPYING
    finished(driver, new)
    assert look(node, new) == look(node, share)


def test_no_way_to_set_acls(cluster, driver, share, node, caplog):
    snapshot = take(driver, share)
    without(node, LIBRARY, MM + "/mmputacl")
    assert "no way to copy ACLs" in failure(driver, clone(driver, snapshot),
                                            caplog)


def test_modes_and_times(driver, share, node):
    """As rsync left them, whatever setting an ACL does to them."""
    fill(node, share)
    node.run(["sh", "-c", 'cd "$1"; chmod 4755 plain; touch -d @1 plain',
              "sh", path_of(share)], check=True)
    node.disturb_acls("spoil plain", "spoil dir")
    new = clone(driver, take(driver, share))
    finished(driver, new)
    assert look(node, new) == look(node, share)
    for name in ("plain", "dir", "dir/below", "-dash"):
        old, copy = (node.stat(f"{path_of(each)}/{name}")
                     for each in (share, new))
        for key in ("st_mode", "st_mtime_ns", "st_uid", "st_gid"):
            assert copy[key] == old[key]
    mode = node.stat(f"{path_of(new)}/plain")["st_mode"]
    assert stat.S_IMODE(mode) == 0o4755
