# SPDX-License-Identifier: Apache-2.0
"""Two real NFS-Ganesha servers, and NFS clients that mount from them."""

import time

import pytest

from .. import api, ganesha
from ..api import GPFSCluster, SimulatorError
from ..remote import NFSError
from .test_cluster import mm, share

SECONDS = 120
BUS = ["dbus-send", "--print-reply", "--system", "--dest=org.ganesha.nfsd",
       "/org/ganesha/nfsd/ExportMgr"]
LACKING = api.unavailable_ganesha() or api.unavailable_btrfs()
pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))


@pytest.fixture
def gpfs(gpfs_real_shared_cluster):
    return gpfs_real_shared_cluster


def manage(node, method, *arguments):
    """Like an administrator or a driver does."""
    return node.run(BUS + ["org.ganesha.nfsd.exportmgr." + method,
                           *arguments])


def write_export(node, path, *clients, number=7):
    text = f"EXPORT {{ Export_Id = {number}; Path = \"{path}\"; Pseudo = " \
           f"\"/e{number}\"; Access_Type = None; FSAL {{ Name = GPFS; }}\n"
    for client, kind in clients:
        text += (f"CLIENT {{ Clients = {client}; Access_Type = {kind}; "
                 "Squash = No_Root_Squash; }\n")
    file = f"{ganesha.EXPORT_DIR}/{number}.conf"
    node.write_file(file, text + "}\n")
    return [f"string:{file}", f"string:EXPORT(Export_Id={number})"]


def export(cluster, path, *clients, method="AddExport"):
    for node in cluster.nodes:
        done = manage(node, method, *write_export(node, path, *clients))
        assert done.returncode == 0, done.stderr


def open_share(cluster):
    path = share(cluster)
    cluster.nodes[0].run(["chmod", "755", path], check=True)
    cluster.nodes[0].write_file(path + "/file", "content")
    return path


def refused(function, *arguments, **more):
    with pytest.raises(NFSError) as caught:
        function(*arguments, **more)
    return caught.value.name


def eventually(function, wanted):
    """Wait for a value that something asynchronous brings about."""
    end = time.monotonic() + SECONDS
    while function() != wanted:
        assert time.monotonic() < end, (function(), wanted)


# Access

@pytest.mark.parametrize("ipv6", [False, True])
def test_access_by_address_on_both_servers(gpfs, ipv6):
    path = open_share(gpfs)
    one, two, three = gpfs.clients
    names = [c.address6 if ipv6 else c.address for c in gpfs.clients]
    export(gpfs, path, (names[0], "RW"), (names[1], "RO"))
    for number, node in enumerate(gpfs.nodes):
        with one.mount(node, "/e7", ipv6=ipv6) as mount:
            mount.create(f"made{number}")
            assert mount.write(f"made{number}", b"x" * 9999) == 9999
            assert "file" in mount.listdir()
        with two.mount(node, "/e7", ipv6=ipv6) as mount:
            assert mount.read(f"made{number}") == b"x" * 9999
            assert refused(mount.create, "more") == "EROFS"
            assert refused(mount.unlink, "file") == "EROFS"
        assert refused(three.mount, node, "/e7", ipv6=ipv6) == "ENOENT"
        assert refused(one.mount, node, "/e7", ipv6=not ipv6) == "ENOENT"


def test_version_3(gpfs):
    path = open_share(gpfs)
    one, two, three = gpfs.clients
    export(gpfs, path, (one.address, "RW"), (two.address, "RO"))
    with one.mount(gpfs.nodes[0], path, version=3) as mount:
        mount.create("made")
        mount.write("made", b"y" * 100_000)
        mount.mkdir("folder")
        mount.rename("made", "folder/made")
    with two.mount(gpfs.nodes[1], path, version=3) as mount:
        assert mount.read("folder/made") == b"y" * 100_000
        assert refused(mount.rmdir, "folder") == "EROFS"
    assert refused(three.mount, gpfs.nodes[0], path,
                   version=3) == "EACCES"


def test_users_and_squashing(gpfs):
    path = open_share(gpfs)
    gpfs.nodes[0].run(["chmod", "777", path], check=True)
    one, two, _ = gpfs.clients
    clients = [{"client": one.address, "access_type": "RW",
                "squash": "NO_ROOT_SQUASH"},
               {"client": two.address, "access_type": "RW",
                "squash": "ROOT_SQUASH"}]
    gpfs.nodes[0].ganesha.mirror_export(path, {
        "id": 3, "path": path, "pseudo": "/squash", "clients": clients})
    (shown,) = gpfs.nodes[0].ganesha.exports().values()
    assert [(c["client"], c["squash"]) for c in shown["clients"]] == [
        (one.address + "/32", "No_Root_Squash"),
        (two.address + "/32", "Root_Squash")]
    owners = []
    for client, uid in ((one, 0), (two, 0), (two, 1234)):
        with client.mount(gpfs.nodes[0], "/squash", uid=uid) as mount:
            mount.create(f"by{len(owners)}")
            owners.append(mount.stat(f"by{len(owners)}")["st_uid"])
    assert owners == [0, 4294967294, 1234]


# Changes while clients are there

def test_update_does_not_cut_off_a_client_that_keeps_access(gpfs):
    path = open_share(gpfs)
    one, two, three = (c.address for c in gpfs.clients)
    export(gpfs, path, (one, "RW"), (two, "RW"))
    before = [(n.ganesha.pid(), n.ganesha.starts()) for n in gpfs.nodes]
    kept = gpfs.clients[0].hold(gpfs.nodes[0], "/e7", "held")
    lost = gpfs.clients[1].hold(gpfs.nodes[0], "/e7", "lost")
    kept.wait(turns=5)
    for rules in ([(one, "RW"), (two, "RO")], [(one, "RW"), (three, "RO")],
                  [(one, "RW")]):
        export(gpfs, path, *rules, method="UpdateExport")
        kept.wait(turns=5)
    lost.wait(failures=3)
    assert kept.release() == []
    assert {name for _, name, _ in lost.release()} <= {"EROFS", "EACCES"}
    assert before == [(n.ganesha.pid(), n.ganesha.starts())
                      for n in gpfs.nodes]


def test_removed_export(gpfs):
    path = open_share(gpfs)
    export(gpfs, path, (gpfs.clients[0].address, "RW"))
    holder = gpfs.clients[0].hold(gpfs.nodes[0], "/e7", "file",
                                  writes=False)
    for node in gpfs.nodes:
        assert manage(node, "RemoveExport", "uint16:7").returncode == 0
    holder.wait(failures=1)
    when, name, operation = holder.release()[0]
    assert name == "ESTALE" and operation in ("read", "stat")
    assert 0 < time.monotonic() - when < SECONDS
    assert gpfs.nodes[0].ganesha.exports() == {}


def test_a_server_that_was_cut_off_serves_again(gpfs):
    path = open_share(gpfs)
    export(gpfs, path, (gpfs.clients[0].address, "RW"))
    one, two = gpfs.nodes
    gpfs.cut(one)
    assert refused(gpfs.clients[0].mount, one, "/e7") in (
        "EIO", "ETIMEDOUT", "EHOSTUNREACH")
    gpfs.clients[0].mount(two, "/e7").umount()
    gpfs.heal(one)
    gpfs.clients[0].mount(one, "/e7").umount()


# The daemon

def test_exports_as_the_daemon_says(gpfs):
    path = open_share(gpfs)
    one, two = gpfs.nodes
    done = manage(one, "AddExport", *write_export(
        one, path, ("10.88.0.0/24", "RO"), ("fd88::21", "RW")))
    assert done.stdout.endswith('string "1 exports added"\n')
    shown = one.ganesha.exports()
    assert list(shown) == [7] and shown[7]["path"] == path
    assert [(c["client"], c["access_type"]) for c in shown[7]["clients"]] \
        == [("10.88.0.0/24", "RO"), ("fd88::21/128", "RW")]
    assert two.ganesha.exports() == {}
    assert [r.line.split()[-2:] for r in gpfs.journal.records("dbus-send")
            ] == [["string:/etc/ganesha/export.d/7.conf",
                   "string:EXPORT(Export_Id=7)"]]


def test_errors_and_faults_of_dbus_send(gpfs):
    one = gpfs.nodes[0]
    done = manage(one, "RemoveExport", "uint16:99")
    assert done.returncode == 1
    assert "lookup_export failed with Export id not found" in done.stderr
    gpfs.faults.add("dbus-send *RemoveExport*", status=7, stderr="oh\n")
    done = manage(one, "RemoveExport", "uint16:99")
    assert (done.returncode, done.stderr) == (7, "oh\n")


def test_reload_reads_the_directory(gpfs):
    path = open_share(gpfs)
    one = gpfs.nodes[0]
    write_export(one, path, ("10.88.0.21", "RW"))
    assert one.run(["systemctl", "reload", "nfs-ganesha"]).returncode == 0
    eventually(lambda: list(one.ganesha.exports()), [7])
    one.run(["rm", f"{ganesha.EXPORT_DIR}/7.conf"], check=True)
    assert one.run(["service", "nfs-ganesha", "reload"]).returncode == 0
    eventually(lambda: list(one.ganesha.exports()), [])
    assert gpfs.journal.lines("*reload*") == [
        "systemctl reload nfs-ganesha", "service nfs-ganesha reload"]


def test_services(gpfs):
    one = gpfs.nodes[0]

    def systemctl(*words):
        done = one.run(["systemctl", *words])
        return done.returncode, done.stdout
    starts = one.ganesha.starts()
    assert systemctl("is-active", "nfs-ganesha") == (0, "active\n")
    one.ganesha.stop(kill=True)
    assert systemctl("is-active", "nfs-ganesha.service") == (
        3, "inactive\n")
    assert systemctl("reload", "nfs-ganesha")[0] == 1
    done = manage(one, "ShowExports")
    assert "ServiceUnknown" in done.stderr
    assert systemctl("start", "nfs-ganesha") == (0, "")
    assert one.ganesha.starts() == starts + 1
    assert f"MainPID={one.ganesha.pid()}\n" in systemctl(
        "show", "nfs-ganesha")[1]
    assert systemctl("restart", "no-such")[0] == 5
    assert systemctl("is-active", "nfs-server") == (3, "inactive\n")
    gpfs.faults.add("systemctl restart*", status=1)
    assert systemctl("restart", "nfs-ganesha")[0] == 1
    assert one.ganesha.starts() == starts + 1


def test_restart_and_reboot_read_the_files(gpfs):
    path = open_share(gpfs)
    one = gpfs.nodes[0]
    write_export(one, path, ("10.88.0.21", "RW"))
    pid, starts = one.ganesha.pid(), one.ganesha.starts()
    one.ganesha.restart()
    assert list(one.ganesha.exports()) == [7]
    assert one.ganesha.pid() != pid
    one.reboot()
    assert list(one.ganesha.exports()) == [7]
    assert one.ganesha.starts() == starts + 2
    assert "NFS SERVER INITIALIZED" in one.ganesha.log()


def test_mirrored_export(gpfs):
    path = open_share(gpfs)
    one = gpfs.nodes[0].ganesha
    client = {"client": "10.88.0.21", "access_type": "RW",
              "squash": "NO_ROOT_SQUASH"}
    definition = {"id": 5, "path": path, "pseudo": path,
                  "clients": [client]}
    one.mirror_export(path, definition)
    with gpfs.clients[0].mount(gpfs.nodes[0], path) as mount:
        mount.create("made")
        client["access_type"] = "RO"
        one.mirror_export(path, definition)
        assert refused(mount.create, "more") == "EROFS"
    one.mirror_export(path, None)
    one.mirror_export(path, None)
    assert one.exports() == {}


def test_reset_keeps_the_daemons(gpfs):
    path = open_share(gpfs)
    export(gpfs, path, ("10.88.0.21", "RW"))
    gpfs.clients[0].hold(gpfs.nodes[0], "/e7", "held")
    before = [n.ganesha.pid() for n in gpfs.nodes]
    gpfs.nodes[1].freeze()
    gpfs.reset()
    assert [n.ganesha.exports() for n in gpfs.nodes] == [{}, {}]
    assert [n.ganesha.pid() for n in gpfs.nodes] == before
    assert gpfs.nodes[0].listdir(ganesha.EXPORT_DIR) == []


# Settings

def test_index_file_and_ces():
    settings = {"layout": "include", "ces": True}
    with GPFSCluster(ganesha=settings, trees="btrfs") as cluster:
        (node,), (one, two, _) = cluster.nodes, cluster.clients
        path = open_share(cluster)
        config = node.read_file(ganesha.CONFIG)
        assert f'%include "{ganesha.INDEX}"\n' in config
        write_export(node, path, (one.address, "RW"), number=900)
        node.write_file(ganesha.INDEX,
                        f'%include "{ganesha.EXPORT_DIR}/900.conf"\n')
        node.ganesha.reload()
        eventually(lambda: list(node.ganesha.exports()), [900])
        other = path + "/below"
        node.run(["mkdir", other], check=True)
        mm(node, f"mmnfs export add {other} --client "
                 f"'{two.address}(Access_Type=RO)'")
        (number,) = (e["id"] for e in cluster.exports().values())
        assert set(node.ganesha.exports()) == {900, number}
        with two.mount(node, other) as mount:
            assert refused(mount.create, "x") == "EROFS"
        mm(node, f"mmnfs export remove {other}")
        assert list(node.ganesha.exports()) == [900]


def test_old_style_without_includes():
    settings = {"layout": "none", "protocols": "4", "extra": "# mine\n"}
    with GPFSCluster(ganesha=settings, network=1, trees="btrfs") as cluster:
        (node,) = cluster.nodes
        config = node.read_file(ganesha.CONFIG)
        assert "%" not in config and config.endswith("# mine\n")
        path = open_share(cluster)
        node.run(["sh", "-c", f"echo 'EXPORT {{ Export_Id = 1; Path = {path}; "
                  "Pseudo = /x; Access_Type = RW; FSAL { Name = GPFS; } }' "
                  f">>{ganesha.CONFIG}"], check=True)
        node.ganesha.restart(kill=True)
        with cluster.clients[0].mount(node, "/x") as mount:
            assert mount.read("file") == b"content"


def test_wrong_settings():
    with pytest.raises(SimulatorError, match="unknown Ganesha settings"):
        GPFSCluster(ganesha={"nonsense": 1}).start()
