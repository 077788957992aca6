# SPDX-License-Identifier: Apache-2.0
"""Nodes: one cluster for all of them, private exports, journal, faults."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from .. import api, build
from ..api import GPFSCluster, SimulatorError

MM = "/usr/lpp/mmfs/bin/"
SECONDS = 120


@pytest.fixture
def gpfs(gpfs_shared_cluster):
    return gpfs_shared_cluster


def mm(node, line, check=True, **more):
    """Run an mm command line in a node."""
    return node.run(["sh", "-c", MM + line], check=check, **more)


def share(cluster, name="share1"):
    node = cluster.nodes[0]
    mm(node, f"mmcrfileset {cluster.device} {name} --inode-space new")
    path = f"{cluster.mount_point}/{name}"
    mm(node, f"mmlinkfileset {cluster.device} {name} -J {path}")
    return path


# One cluster

def test_nodes_see_the_same_cluster(gpfs):
    one, two = gpfs.nodes
    path = share(gpfs)
    one.write_file(path + "/file", "data\n")
    assert two.read_file(path + "/file") == "data\n"
    assert ":share1:" in mm(two, "mmlsfileset gpfs0 -L -Y").stdout
    mm(two, "mmunlinkfileset gpfs0 share1")
    assert one.listdir(gpfs.mount_point) == []
    assert gpfs.filesets()["share1"]["path"] is None


def test_nodes_know_who_they_are(gpfs):
    for node in gpfs.nodes:
        assert node.run(["hostname"]).stdout == node.name + "\n"
        assert f":{node.name}:" in mm(node, "mmgetstate -Y").stdout


def test_df_shows_the_device(gpfs):
    path = share(gpfs)
    for target in gpfs.mount_point, path:
        done = gpfs.nodes[1].run(["df", "-P", "-B", "1", target])
        fields = done.stdout.splitlines()[1].split()
        assert fields[0] == "/dev/gpfs0"
        assert fields[1] == str(64 << 30)
        assert fields[5] == gpfs.mount_point


def test_snapshot_through_the_shell(gpfs):
    path = share(gpfs)
    one = gpfs.nodes[0]
    one.run(["sh", "-c", f"cd {path}; echo old >a; ln a b; chown 7:8 a; "
                         f"chmod 750 ."], check=True)
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    one.run(["sh", "-c", f"rm {path}/a; chmod 700 {path}"], check=True)
    mm(gpfs.nodes[1], "mmrestorefs gpfs0 s1 -j share1")
    info = one.stat(path + "/a")
    assert (info["st_uid"], info["st_gid"], info["st_nlink"]) == (7, 8, 2)
    assert one.stat(path)["st_mode"] & 0o777 == 0o750
    assert [s["name"] for s in gpfs.snapshots()] == ["s1"]


def test_open_files_keep_a_fileset_linked(gpfs):
    path = share(gpfs)
    one, two = gpfs.nodes
    unlink = MM + "mmunlinkfileset gpfs0 share1"
    done = two.run(["sh", "-c", f"exec 9>{path}/file; {unlink}"])
    assert (done.returncode, "has open files" in done.stderr) == (16, True)
    done = two.run(["sh", "-c", f"exec 9>{path}/file; {unlink} -f"])
    assert done.returncode == 0


def test_working_directory(gpfs):
    mm(gpfs.nodes[0], "mmcrfileset gpfs0 share1 --inode-space new")
    gpfs.nodes[0].run(["sh", "-c", f"cd {gpfs.mount_point}; "
                       f"{MM}mmlinkfileset gpfs0 share1"], check=True)
    assert gpfs.filesets()["share1"]["path"] == "/mnt/gpfs0/share1"


def test_gpfs_down_on_a_node(gpfs):
    one, two = gpfs.nodes
    share(gpfs)
    one.set_state("down")
    assert ":down:" in mm(one, "mmgetstate -Y").stdout
    assert mm(one, "mmlsfileset gpfs0 -Y", check=False).returncode == 1
    assert one.listdir(gpfs.mount_point) == []
    assert "share1" in two.listdir(gpfs.mount_point)
    one.set_state("active")
    assert "share1" in one.listdir(gpfs.mount_point)


def test_arguments_arrive_unchanged(gpfs):
    argv = [MM + "mmlsattr", "/mnt/gpfs0/no such\nfile", "", "é"]
    gpfs.nodes[0].run(argv)
    assert gpfs.journal.records()[0].argv == argv


# Exports

def test_exports_are_private_to_a_node(gpfs):
    one, two = gpfs.nodes
    path = share(gpfs)
    one.run(["exportfs", "-o", "rw,fsid=7", f"10.0.0.1:{path}"], check=True)
    assert one.exportfs().startswith(f"{path}  10.0.0.1(")
    assert two.exportfs() == ""
    one.write_file("/etc/exports.d/x.exports", f"{path} 10.0.0.2(ro)\n")
    assert two.listdir("/etc/exports.d") == []


def test_exportfs_is_the_real_one(gpfs):
    one = gpfs.nodes[0]
    done = one.run(["exportfs", "-u", "10.0.0.1:/p"])
    assert done.returncode == 1
    assert done.stderr == (
        "exportfs: Could not find '10.0.0.1:/p' to unexport.\n")
    done = one.run(["exportfs", "-o", "rw", "nosuchhost.invalid:/mnt"])
    assert "Failed to resolve nosuchhost.invalid" in done.stderr
    assert [r.status for r in gpfs.journal.records("exportfs")] == [1, 0]


def test_reboot_loses_runtime_exports_only(gpfs):
    one, two = gpfs.nodes
    path = share(gpfs)
    one.write_file(path + "/file", "x")
    one.write_file("/etc/exports.d/kept.exports",
                   f"{path} 10.0.0.2(rw,no_subtree_check)\n")
    for node in gpfs.nodes:
        node.run(["exportfs", "-o", "rw", f"10.0.0.1:{path}"], check=True)
    one.write_file("/run/gone", "")
    one.reboot()
    assert one.exportfs().startswith(f"{path}  10.0.0.2(")
    assert "10.0.0.1" not in one.exportfs()
    assert "10.0.0.1" in two.exportfs()
    assert one.read_file(path + "/file") == "x"
    assert "gone" not in one.listdir("/run")
    assert mm(one, "mmgetstate -Y").returncode == 0
    one.power_off()
    one.reboot()


def test_two_file_systems():
    if api.unavailable():
        pytest.skip(api.unavailable())
    more = {"quotas": "none", "size": "1G"}
    with GPFSCluster(filesystems={"fs1": {}, "fs2": more}) as cluster:
        assert cluster.mount_point == "/mnt/fs1"
        node = cluster.nodes[0]
        mm(node, "mmcrfileset fs2 a --inode-space new")
        assert list(cluster.filesets()) == ["root"]
        assert list(cluster.filesets("fs2")) == ["root", "a"]
        assert node.run(["df", "-P", "/mnt/fs2"]).stdout.splitlines()[
            1].startswith("/dev/fs2 ")
        assert mm(node, "mmsetquota fs2:a --block 0:1G",
                  check=False).returncode == 22
        cluster.change_filesystem("fs2", quotas="user;group;fileset")
        mm(node, "mmsetquota fs2:a --block 0:1G")


# Journal

def test_journal(gpfs):
    one, two = gpfs.nodes
    mm(one, "mmlsfs gpfs0 -Y")
    mm(two, "mmlsfs nope -Y", check=False)
    two.run(["exportfs"])
    records = gpfs.journal.records()
    assert [r.seq for r in records] == sorted(r.seq for r in records)
    assert [(r.node, r.line, r.status) for r in records] == [
        ("node1", "mmlsfs gpfs0 -Y", 0), ("node2", "mmlsfs nope -Y", 1),
        ("node2", "exportfs", 0)]
    assert all(r.started < r.ended for r in records)
    assert records[0].argv[0] == MM + "mmlsfs"
    assert gpfs.journal.lines("mm*", node="node2") == ["mmlsfs nope -Y"]
    assert gpfs.journal.count("mmlsfs gpfs0*") == 1
    gpfs.journal.clear()
    assert gpfs.journal.records() == []


def test_unjournalled_look_at_the_exports(gpfs):
    gpfs.nodes[0].exportfs()
    assert gpfs.journal.records() == []


# Faults

def test_failure_instead_of_the_effect(gpfs):
    one = gpfs.nodes[0]
    fault = gpfs.faults.add("mmcrfileset", status=5, stderr="mm: oh\n")
    done = mm(one, "mmcrfileset gpfs0 a", check=False)
    assert (done.returncode, done.stderr) == (5, "mm: oh\n")
    assert list(gpfs.filesets()) == ["root"]
    mm(one, "mmcrfileset gpfs0 a")
    assert fault.hits == 1


def test_effect_then_failure(gpfs):
    gpfs.faults.add("mmcrfileset", status=1, effect=True)
    done = mm(gpfs.nodes[0], "mmcrfileset gpfs0 a", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a" in gpfs.filesets()


def test_success_with_an_error_text(gpfs):
    text = "mmlsfileset: tslsfileset failed. Error code 2.\n"
    gpfs.faults.add("mmlsfileset", status=0, stderr=text)
    done = mm(gpfs.nodes[0], "mmlsfileset gpfs0 -Y")
    assert (done.stdout, done.stderr) == ("", text)


def test_nth_call_on_one_node(gpfs):
    gpfs.faults.add("mmlsfs *", node="node2", nth=2, times=2, status=9)
    codes = [[mm(node, "mmlsfs gpfs0", check=False).returncode
              for _ in range(4)] for node in gpfs.nodes]
    assert codes == [[0, 0, 0, 0], [0, 9, 9, 0]]


def test_fault_for_ever_until_cleared(gpfs):
    gpfs.faults.add("mm*", times=None, status=9)
    codes = [mm(gpfs.nodes[0], c, check=False).returncode
             for c in ("mmlsfs gpfs0", "mmdf gpfs0", "mmlsconfig")]
    assert codes == [9, 9, 9]
    gpfs.faults.clear()
    mm(gpfs.nodes[0], "mmlsfs gpfs0")


def test_fault_of_a_real_program(gpfs):
    one = gpfs.nodes[0]
    path = share(gpfs)
    command = ["exportfs", "-o", "rw", f"10.0.0.1:{path}"]
    gpfs.faults.add("exportfs", status=3)
    assert one.run(command).returncode == 3
    assert one.exportfs() == ""
    gpfs.faults.add("exportfs", status=3, effect=True)
    assert one.run(command).returncode == 3
    assert path in one.exportfs()


def test_killed_by_a_signal(gpfs):
    gpfs.faults.add("mmdf", signal=int(signal.SIGKILL))
    done = gpfs.nodes[0].run([MM + "mmdf", "gpfs0"])
    assert done.returncode == -signal.SIGKILL
    assert gpfs.journal.records("mmdf")[0].status == -signal.SIGKILL


def test_delay(gpfs):
    gpfs.faults.add("mmdf", delay=0.2)
    before = time.monotonic()
    mm(gpfs.nodes[0], "mmdf gpfs0")
    assert time.monotonic() - before >= 0.2


def test_delays_go_with_other_faults(gpfs):
    slow = gpfs.faults.add("mm*", delay=0.05, times=None)
    bad = gpfs.faults.add("mmdf", status=4)
    assert mm(gpfs.nodes[0], "mmdf gpfs0", check=False).returncode == 4
    mm(gpfs.nodes[0], "mmdf gpfs0")
    gpfs.faults.clear()
    assert (slow.hits, bad.hits) == (2, 1)


def test_flood(gpfs):
    gpfs.faults.add("mmlsfs", flood=300_000)
    done = mm(gpfs.nodes[0], "mmlsfs gpfs0 -Y")
    assert len(done.stderr) == 300_000
    assert done.stdout[300_000:].startswith("mmlsfs::HEADER")


class Background(threading.Thread):
    """Runs a command of a node in a thread; wait() gives the result."""

    def __init__(self, node, line):
        super().__init__()
        self.node, self.line, self.done = node, line, None
        self.start()

    def run(self):
        self.done = mm(self.node, self.line, check=False)

    def wait(self):
        self.join(SECONDS)
        assert not self.is_alive()
        return self.done


@pytest.mark.parametrize("when", ["before", "after"])
def test_hang_until_released(gpfs, when):
    fault = gpfs.faults.add("mmcrfileset", hang=when)
    command = Background(gpfs.nodes[0], "mmcrfileset gpfs0 a")
    fault.wait()
    (record,) = gpfs.journal.records()
    assert (record.status, record.ended) == (None, None)
    if when == "before":
        assert "a" not in gpfs.filesets()
    fault.release()
    assert command.wait().returncode == 0
    assert "a" in gpfs.filesets()
    assert gpfs.journal.records()[0].status == 0


def test_restore_in_the_middle(gpfs):
    one, two = gpfs.nodes
    path = share(gpfs)
    one.write_file(path + "/file", "old")
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    one.write_file(path + "/file", "new")
    fault = gpfs.faults.add("mmrestorefs", hang="during")
    command = Background(one, "mmrestorefs gpfs0 s1 -j share1")
    fault.wait()
    assert ":Restoring:" in mm(two, "mmlssnapshot gpfs0 -Y").stdout
    mm(two, "mmcrfileset gpfs0 other")  # others go on
    fault.release()
    assert command.wait().returncode == 0
    assert one.read_file(path + "/file") == "old"
    assert gpfs.snapshots()[0]["status"] == "Valid"


def test_interrupted_in_the_middle(gpfs):
    share(gpfs)
    one = gpfs.nodes[0]
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    gpfs.faults.add("mmdelsnapshot", interrupt=True)
    command = "mmdelsnapshot gpfs0 s1 -j share1"
    done = mm(one, command, check=False)
    assert (done.returncode, "Interrupted." in done.stderr) == (1, True)
    assert gpfs.snapshots()[0]["status"] == "DeleteRequired"
    mm(one, command)
    assert gpfs.snapshots() == []


def test_killed_in_the_middle(gpfs):
    share(gpfs)
    one = gpfs.nodes[0]
    mm(one, "mmcrsnapshot gpfs0 s1 -j share1")
    fault = gpfs.faults.add("mmdelsnapshot", hang="during")
    one.write_file("/tmp/run", "echo $$ >/tmp/pid\n"
                   f"exec {MM}mmdelsnapshot gpfs0 share1:s1\n")
    command = Background(one, "mmlsfs gpfs0; exec sh /tmp/run")
    fault.wait()
    one.run(["kill", "-9", one.read_file("/tmp/pid").strip()], check=True)
    command.wait()
    gpfs.journal.wait(5)
    assert gpfs.snapshots()[0]["status"] == "DeleteRequired"


def test_killed_while_hanging(gpfs):
    one = gpfs.nodes[0]
    fault = gpfs.faults.add("mmcrfileset", hang="before")
    command = Background(one, "mmcrfileset gpfs0 a")
    fault.wait()
    one.run(["pkill", "-KILL", "-x", "mmcrfileset"], check=True)
    assert command.wait().returncode != 0
    gpfs.journal.wait(1)
    assert gpfs.journal.records()[0].status is None
    gpfs.faults.clear()
    assert "a" not in gpfs.filesets()


def test_configuration_lock_times_out(gpfs):
    gpfs.faults.add("mmcrfileset", lock=0.01)
    done = mm(gpfs.nodes[0], "mmcrfileset gpfs0 a", check=False)
    assert done.returncode == 1
    first, second, _ = done.stderr.splitlines()
    assert first == ("mmcrfileset: Unable to obtain the GPFS configuration "
                     "file lock. Retrying ...")
    assert second.endswith("Timed out waiting for lock. Try again later.")


def test_configuration_lock_held_for_a_while(gpfs):
    one = gpfs.nodes[0]
    with gpfs.configuration_locked():
        command = Background(one, "mmcrfileset gpfs0 a 2>/tmp/told")
        one.run(["sh", "-c", "until grep -qs Retrying /tmp/told; do "
                             "sleep 0.01; done"], check=True)
        mm(one, "mmlsfileset gpfs0")            # queries need no lock
        assert "a" not in gpfs.filesets()
    assert command.wait().returncode == 0
    with gpfs.configuration_locked(timeout=0.01):
        assert mm(one, "mmcrfileset gpfs0 b", check=False).returncode == 1


def test_errors_of_the_simulator_are_told(gpfs):
    with pytest.raises(SimulatorError, match="nonsense"):
        gpfs.faults.add("mmdf", nonsense=1)
    with pytest.raises(SimulatorError, match="FileNotFoundError"):
        gpfs.nodes[0].read_file("/nonexistent")
    with pytest.raises(SimulatorError, match="unknown settings"):
        gpfs.nodes[0].configure(nonsense=1)


# Settings, isolation, end

def test_manila_settings(gpfs):
    settings = gpfs.settings()
    assert settings["gpfs_share_export_ip"] == gpfs.nodes[0].address
    assert settings["gpfs_nfs_server_list"] == [
        n.address for n in gpfs.nodes]
    assert settings["gpfs_ssh_port"] == gpfs.nodes[1].port
    text = gpfs.manila_conf("x")
    assert text.startswith("[x]\n")
    assert f"gpfs_ssh_known_hosts = {gpfs.known_hosts}\n" in text


def test_reset(gpfs):
    one = gpfs.nodes[0]
    path = share(gpfs)
    one.run(["exportfs", "-o", "rw", f"10.0.0.1:{path}"], check=True)
    gpfs.faults.add("mm*", status=1)
    one.configure(max_sessions=1, shell="/bin/bash")
    one.refuse_connections()
    gpfs.nodes[1].set_state("down")
    gpfs.reset()
    assert list(gpfs.filesets()) == ["root"]
    assert one.exportfs() == "" and one.listdir(gpfs.mount_point) == []
    assert gpfs.journal.records() == []
    mm(gpfs.nodes[1], "mmlsfs gpfs0")
    done = subprocess.run(gpfs.ssh() + ["echo $0"], capture_output=True,
                          text=True, timeout=SECONDS)
    assert done.stdout == "sh\n", done.stderr


def mounts():
    with open("/proc/mounts", encoding="utf-8") as file:
        return file.read()


def descendants(directory):
    """Processes of the simulator that works in a temporary directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if directory.encode() in file.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            pass
    return found


HOST = ["/etc/exports", "/var/lib/nfs/etab", "/etc/passwd", "/etc/shadow",
        "/etc/hosts", "/var/log/wtmp", "/var/log/lastlog",
        "/usr/sbin/exportfs"]


def fingerprint():
    return [(p, os.stat(p).st_mtime_ns, os.stat(p).st_ino)
            for p in HOST if os.path.exists(p)]


@pytest.mark.skipif(api.unavailable() is not None,
                    reason=str(api.unavailable()))
class TestNothingStays:
    def test_after_the_end(self):
        before = mounts(), fingerprint(), os.listdir("/mnt")
        with GPFSCluster(nodes=2, password="secret",
                         shell="/bin/bash") as cluster:
            share(cluster)
            one = cluster.nodes[0]
            one.run(["exportfs", "-o", "rw", "10.0.0.1:/mnt/gpfs0/share1"])
            subprocess.run(cluster.ssh() + ["-tt", "true"], check=True,
                           capture_output=True, timeout=SECONDS)
            for path in ("/etc", "/usr", "/var", "/root", "/tmp", "/run"):
                one.write_file(path + "/gpfs-simulator-was-here", "")
            assert mounts() == before[0]
            assert len(descendants(cluster.directory)) == 5
        assert (mounts(), fingerprint(), os.listdir("/mnt")) == before
        assert not descendants(cluster.directory)
        assert not os.path.exists(cluster.directory)
        assert not os.path.exists("/usr/lpp")
        for path in ("/etc", "/usr", "/var", "/root", "/tmp", "/run"):
            assert not os.path.exists(path + "/gpfs-simulator-was-here")

    def test_after_the_test_process_was_killed(self):
        before = mounts()
        child = subprocess.Popen(
            [sys.executable, "-m", __package__.rpartition(".")[0]],
            cwd=build.ROOT, stdout=subprocess.PIPE, text=True)
        line = ""
        while "gpfs_ssh_private_key" not in line:
            line = child.stdout.readline()
            assert line, "the simulator died at its start"
        directory = os.path.dirname(line.split()[-1])
        watched = [os.pidfd_open(int(pid))
                   for pid in descendants(directory)]
        assert watched
        child.kill()
        child.wait()
        child.stdout.close()
        for fd in watched:
            assert api.wait_for_end(fd, SECONDS)
            os.close(fd)
        assert (mounts(), descendants(directory)) == (before, [])
        assert not os.path.exists(directory)

    def test_two_clusters_at_once(self):
        with GPFSCluster() as one, GPFSCluster() as two:
            share(one)
            assert list(two.filesets()) == ["root"]
            assert two.nodes[0].listdir("/mnt/gpfs0") == []


@pytest.mark.skipif(api.unavailable() is not None,
                    reason=str(api.unavailable()))
def test_program_for_people():
    child = subprocess.Popen(
        [sys.executable, "-m", __package__.rpartition(".")[0],
         "--nodes", "2"], cwd=build.ROOT, stdout=subprocess.PIPE, text=True)
    shown = []
    while not shown or "Ctrl-C" not in shown[-1]:
        shown.append(child.stdout.readline())
        assert shown[-1]
    assert any(line.startswith("ssh -F none") for line in shown)
    assert "[gpfs]\n" in shown
    child.send_signal(signal.SIGINT)
    assert child.wait(SECONDS) == 0
    child.stdout.close()


def test_start_errors_are_one_line():
    if api.unavailable():
        pytest.skip(api.unavailable())
    with pytest.raises(SimulatorError, match="KeyError: '9.9'"):
        GPFSCluster(release="9.9").start()


def test_unavailable(monkeypatch):
    api.unavailable.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    try:
        assert api.unavailable() == "the GPFS simulator needs root"
        with pytest.raises(SimulatorError, match="needs root"):
            GPFSCluster()
        monkeypatch.undo()
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(api.shutil, "which", lambda p: None)
        api.unavailable.cache_clear()
        assert api.unavailable() == ("the GPFS simulator needs "
                                     "/usr/sbin/sshd (package "
                                     "openssh-server)")
    finally:
        api.unavailable.cache_clear()
