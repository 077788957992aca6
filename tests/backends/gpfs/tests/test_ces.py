# SPDX-License-Identifier: Apache-2.0
"""mmnfs, mmces and mmuserauth on the model alone."""

import os

import pytest

from ..ces import MAX_EXPORTS
from .shell import Shell

PATH = "/mnt/gpfs0/share1"
HEADER = ("mmcesnfslsexport:nfsexports:HEADER:version:reserved:reserved:"
          "Path:Delegations:Clients:Access_Type:Protocols:Transports:Squash:"
          "Anonymous_uid:Anonymous_gid:SecType:PrivilegedPort:"
          "DefaultDelegations:Manage_Gids:NFS_Commit:")
ROW = (f"mmcesnfslsexport:nfsexports:0:1:::{PATH}:none:10.0.0.1:RW:3,4:TCP:"
       "ROOT_SQUASH:-2:-2:SYS:FALSE:none:FALSE:FALSE:")
LIST = f"mmnfs export list -n {PATH} -Y"
CHANGE = f"mmnfs export change {PATH}"
ONE = f"mmnfs export add {PATH} -c '10.0.0.1(Access_Type=RW)'"


class NFS(Shell):
    def __init__(self, store, release="5.1"):
        super().__init__(store, release)
        self.ces = self.cluster.ces
        self.ok("mmcrfileset gpfs0 share1 --inode-space new",
                f"mmlinkfileset gpfs0 share1 -J {PATH}")

    def clients(self):
        return self.ces.exports[PATH].names()


@pytest.fixture
def nfs(tmp_path):
    return NFS(tmp_path)


@pytest.fixture
def exported(nfs):
    nfs.ok(ONE)
    return nfs


@pytest.fixture(params=["4.2", "5.0.1", "5.0", "5.1", "5.2", "6.0"])
def any_release(request, tmp_path):
    return NFS(tmp_path, request.param)


# Exports

def test_add_and_list(any_release):
    out = any_release.ok(ONE)
    assert out == "mmnfs: The NFS export was created successfully."
    (row,) = any_release.rows(LIST)
    assert row["Path"] == PATH and row["Clients"] == "10.0.0.1"
    assert (row["Access_Type"], row["Squash"]) == ("RW", "ROOT_SQUASH")
    assert ("PseudoPath" in row) == (
        any_release.cluster.release.name == "6.0")


def test_exact_output(exported):
    assert exported.ok(LIST) == f"{HEADER}\n{ROW}"
    exported.ok(f"{CHANGE} --nfsadd '1:2:3:4:5:6:7:8(Access_Type=RW)'")
    assert exported.ok(LIST).splitlines()[2] == ROW.replace(
        "10.0.0.1", "1:2:3:4:5:6:7:8")


def test_encoded_variant(exported):
    exported.ok(f"{CHANGE} --nfsadd '2001:db8::/32(Access_Type=RO)'")
    exported.ces.configure(encoded=True)
    assert [r["Clients"] for r in exported.rows(LIST)] == [
        "10.0.0.1", "2001:db8::/32"]
    assert ":%2Fmnt%2Fgpfs0%2Fshare1:" in exported.out
    assert ":2001%3Adb8%3A%3A%2F32:" in exported.out


def test_extra_columns(tmp_path):
    gpfs = NFS(tmp_path, "6.0")
    gpfs.ok(f"mmnfs export add {PATH} -c '10.0.0.1(access_type=ro)' "
            "--pseudo /share1")
    (row,) = gpfs.rows(LIST)
    assert (row["PseudoPath"], row["Export_Id"]) == ("/share1", "1")
    assert gpfs.out.splitlines()[1].split(":")[6:8] == [PATH, "/share1"]


def test_path_that_is_not_exported(nfs):
    assert nfs.ok(LIST) == HEADER
    nfs.fails(f"mmnfs export list -n {PATH}", 1, "is not exported")
    nfs.fails(f"{CHANGE} --nfsremove 10.0.0.1", 1, "is not exported")
    nfs.fails(f"mmnfs export remove {PATH}", 1, "is not exported")


def test_listing_for_people(exported):
    exported.ok(f"{CHANGE} --nfsadd '10.1.0.0/16(Access_Type=RO)'")
    assert exported.ok("mmnfs export list").splitlines() == [
        "Path               Delegations  Clients    ",
        "-----------------  -----------  -----------",
        "/mnt/gpfs0/share1  NONE         10.0.0.1   ",
        "/mnt/gpfs0/share1  NONE         10.1.0.0/16"]
    assert " RO          3,4 " in exported.ok(
        f"mmnfs export list --nfsdefs {PATH}")
    rows = exported.rows("mmnfs export list -Y")
    assert list(rows[0]) == ["Path", "Delegations", "Clients"]
    assert len(exported.rows("mmnfs export list --nfsdefs-match gpfs0 -Y")
               ) == 2
    exported.fails(f"mmnfs export list -n {PATH} --nfsdefs-match x", 1,
                   "exclude")


def test_options(nfs):
    nfs.ok(f"mmnfs export add {PATH}/ --client '10.0.0.1(ACCESS_TYPE=ro,"
           "squash=No_Root_Squash,Protocols=3:4,sectype=sys:krb5,"
           "Anonymous_Uid=99,Transports=TCP:UDP);*(Access_Type=none)'")
    one, world = nfs.rows(LIST)
    assert one["Protocols"] == "3,4" and one["SecType"] == "SYS,KRB5"
    assert (one["Access_Type"], one["Squash"]) == ("RO", "NO_ROOT_SQUASH")
    assert (one["Anonymous_uid"], one["Transports"]) == ("99", "TCP,UDP")
    assert (world["Clients"], world["Access_Type"]) == ("*", "NONE")


def test_add_without_client_exports_to_the_world(nfs):
    nfs.ok(f"mmnfs export add {PATH}")
    assert nfs.clients() == ["*"]


@pytest.mark.parametrize("text", [
    "10.0.0.1(Access_Type=maybe)", "10.0.0.1(Colour=red)", "(RW)", "",
    "10.0.0.1(rw)", "10.0.0.1(Access_Type=RW", "10.0.0.1;10.0.0.1",
    "10.0.0.1(Protocols=3:5)", "10.0.0.1(Anonymous_uid=nobody)",
    "10.0.0.1 (Access_Type=RW)", "10.0.0.1,10.0.0.2(Access_Type=RW)"])
def test_bad_clients(nfs, text):
    assert nfs(f"mmnfs export add {PATH} -c '{text}'") == 1
    assert not nfs.ces.exports


def test_errors_of_add(exported):
    exported.fails(ONE, 1, "is already exported")
    exported.fails("mmnfs export add /etc -c '*'", 1, "GPFS file system")
    exported.fails("mmnfs export add share1 -c '*'", 1, "not absolute")
    exported.fails("mmnfs export add /mnt/gpfs0/no -c '*'", 1,
                   "not a directory")
    link = exported.path("/mnt/gpfs0/link")
    os.symlink("share1", link)
    exported.fails("mmnfs export add /mnt/gpfs0/link -c '*'", 1,
                   "symbolic link")
    exported.fails("mmnfs export add /mnt/gpfs0 --pseudo " + PATH, 1,
                   "pseudo path")
    exported.fails("mmnfs export add", 1, "Missing arguments")
    exported.fails("mmnfs export", 1, "Incorrect arguments")
    exported.fails("mmnfs", 1, "Missing arguments")


def test_remove(exported):
    out = exported.ok(f"mmnfs export remove {PATH}")
    assert out == "mmnfs: The NFS export was deleted successfully."
    assert exported.ok(LIST) == HEADER
    exported.ok(ONE, f"mmnfs export remove {PATH} --force")


def test_export_ids_are_not_used_again(exported):
    exported.ok("mmnfs export add /mnt/gpfs0",
                f"mmnfs export remove {PATH}", ONE)
    assert exported.ces.exports["/mnt/gpfs0"].id == 2
    assert exported.ces.exports[PATH].id == 3


def test_limit_of_exports(exported):
    full = exported.ces.exports
    for n in range(MAX_EXPORTS - len(full)):
        full[f"/{n}"] = exported.ces.exports[PATH]
    exported.fails("mmnfs export add /mnt/gpfs0", 1, "maximum number")


def test_dry_run(nfs):
    nfs.ok(ONE + " --dry-run")
    assert not nfs.ces.exports
    nfs.ok(ONE, f"{CHANGE} --nfsremove 10.0.0.1 --dry-run")
    assert nfs.clients() == ["10.0.0.1"]


# Changes

def test_change_one_thing(exported):
    out = exported.ok(f"{CHANGE} --nfsadd '10.0.0.2;10.0.0.3'")
    assert out == "mmnfs: The NFS export was changed successfully."
    exported.ok(f"{CHANGE} --nfsremove 10.0.0.1,10.0.0.3")
    assert exported.clients() == ["10.0.0.2"]
    exported.ok(f"{CHANGE} --nfschange '10.0.0.2(Access_Type=RO)'")
    exported.ok(f"{CHANGE} --nfschange '10.0.0.2(Squash=all)'")
    (row,) = exported.rows(LIST)
    assert (row["Access_Type"], row["Squash"]) == ("RO", "ALL")


def test_change_errors_leave_all_as_it_was(exported):
    exported.fails(f"{CHANGE} --nfsadd '10.0.0.2;10.0.0.1'", 1,
                   "already defined")
    exported.fails(f"{CHANGE} --nfsremove 10.0.0.1,10.0.0.9", 1,
                   "Client 10.0.0.9 is not defined")
    exported.fails(f"{CHANGE} --nfschange '10.0.0.9(Squash=all)'", 1,
                   "not defined")
    exported.fails(CHANGE, 1, "Missing arguments")
    assert exported.clients() == ["10.0.0.1"]
    assert exported.changes == []


def test_several_changes_in_one_call(any_release):
    any_release.ok(ONE)
    both = f"{CHANGE} --nfsadd '10.0.0.2' --nfsremove 10.0.0.1"
    if any_release.cluster.release.name in ("4.2", "5.0.1"):
        any_release.ok(both)
        assert any_release.clients() == ["10.0.0.2"]
    else:
        any_release.fails(both, 1, "cannot be combined")
        assert "Usage:" in any_release.err
        assert any_release.clients() == ["10.0.0.1"]


def test_options_of_old_releases(tmp_path):
    old = NFS(tmp_path, "4.2")
    for option in "--dry-run", "--pseudo /x":
        old.fails(f"{ONE} {option}", 1, "Incorrect option")
    old.fails("mmnfs export list --nfsdefs-match x", 1, "Incorrect option")
    old.fails("mmnfs config list", 1, "Incorrect arguments")
    assert "NFS_PORT: 2049" in old.ok("mmnfs configuration list")


@pytest.mark.parametrize("position, order", [
    ("0", "b c a *"), ("1", "a b c *"), ("2", "a * b c"), ("a", "b c a *"),
    ("'*'", "a b c *"), (None, "a * b c")])
def test_position_of_new_clients(nfs, position, order):
    more = f" --nfsposition {position}" if position else ""
    nfs.ok(f"mmnfs export add {PATH} -c 'a;*'",
           f"{CHANGE} --nfsadd 'b;c'{more}")
    assert nfs.clients() == order.split()


def test_position_of_changed_clients(nfs):
    nfs.ok(f"mmnfs export add {PATH} -c '*;a;b'",
           f"{CHANGE} --nfschange 'b(Access_Type=RW)' --nfsposition '*'")
    assert nfs.clients() == ["b", "*", "a"]
    nfs.fails(f"{CHANGE} --nfsadd 'c' --nfsposition 9", 1, "position")
    nfs.fails(f"{CHANGE} --nfsadd 'c' --nfsposition nope", 1, "nope")
    nfs.fails(f"{CHANGE} --nfsremove a --nfsposition 0", 1, "Usage:")


def test_first_match_wins(nfs):
    nfs.ok(f"mmnfs export add {PATH} -c '10.0.0.0/8(Access_Type=RW);"
           "10.0.0.1(Access_Type=RO);2001:db8::/32(Access_Type=RO)'")
    access = nfs.ces.access
    assert access(PATH, "10.0.0.1")["Access_Type"] == "RW"
    assert access(PATH, "192.0.2.1") is None
    assert access(PATH, "2001:db8::7")["client"] == "2001:db8::/32"
    nfs.ok(f"{CHANGE} --nfschange 10.0.0.1 --nfsposition 0")
    assert access(PATH, "10.0.0.1")["Access_Type"] == "RO"


def test_last_client(exported):
    last = f"{CHANGE} --nfsremove 10.0.0.1"
    exported.ces.configure(last_client="refuse")
    exported.fails(last, 1, "last client")
    exported.ces.configure(last_client="keep")
    exported.ok(last)
    assert exported.ok(LIST) == HEADER
    exported.fails(ONE, 1, "already exported")
    exported.ok(f"{CHANGE} --nfsadd 10.0.0.1")
    exported.ces.configure(last_client="remove")
    exported.ok(last, ONE)


# What follows the exports

def test_changes_are_told_to_the_journal(exported):
    (change,) = exported.changes
    assert (change["path"], change["id"]) == (PATH, 1)
    assert change["clients"][0]["client"] == "10.0.0.1"
    exported.ok(f"{CHANGE} --nfsadd '*' --nfsposition 0")
    assert [c["client"] for c in exported.changes[0]["clients"]] == [
        "*", "10.0.0.1"]
    exported.ok(f"mmnfs export remove {PATH}")
    assert exported.changes == [dict(path=PATH, id=1, clients=None)]


@pytest.fixture
def followed(nfs):
    nfs.told = []
    nfs.ces.subscribe(lambda *event: nfs.told.append(event),
                      lambda node: nfs.told.append((node, "restart")))
    return nfs


def test_every_node_is_told(followed):
    followed.ok(ONE)
    (first, event), (second, _) = followed.told
    assert (first, second) == ("node1", "node2")
    assert (event.path, event.id, event.pseudo) == (PATH, 1, PATH)
    assert event.clients[0]["Squash"] == "ROOT_SQUASH"
    assert followed.ces.events() == [event]
    followed.told.clear()
    followed.ok(f"mmnfs export remove {PATH}")
    assert [(n, e.id, e.clients) for n, e in followed.told] == [
        ("node1", 1, None), ("node2", 1, None)]


def test_only_nodes_where_nfs_runs_are_told(followed):
    followed.cluster.daemon["node1"] = "down"
    assert followed(ONE, node="node2") == 0
    assert [node for node, _event in followed.told] == ["node2"]


def test_failing_server_does_not_undo_the_change(followed):
    def fail(node, event):
        raise OSError("no answer")
    followed.ces.subscribe(fail)
    followed.fails(ONE, 1, "node1: no answer")
    assert followed.clients() == ["10.0.0.1"]
    assert len(followed.changes) == 1


def test_restarts(followed):
    followed.ok(ONE, f"{CHANGE} --nfsadd '*'",
                f"mmnfs export remove {PATH}")
    assert followed.ces.state()["restarts"] == 0
    followed.told.clear()
    out = followed.ok("mmnfs config change LEASE_LIFETIME=90:NB_WORKER=64")
    assert "NFS server restarted" in out
    assert followed.ces.config["NB_WORKER"] == "64"
    followed.fails("mmnfs config change Nope=1", 1, "Nope=1")
    with open(followed.path("/mnt/gpfs0/exports.conf"), "w"):
        pass
    followed.ok("mmnfs export load /mnt/gpfs0/exports.conf")
    followed.fails("mmnfs export load /no/such", 1, "No such file")
    assert followed.ces.state()["restarts"] == 2
    assert followed.told == [("node1", "restart"), ("node2", "restart")] * 2


def test_configuration_listing(nfs):
    assert "NFS_PROTOCOLS: 3,4" in nfs.ok("mmnfs config list")
    assert "ACCESS_TYPE: NONE" in nfs.ok("mmnfs config list --exportdefs")
    (row,) = nfs.rows("mmnfs config list -Y")
    assert row["NFS_PORT"] == "2049"


# Services

def test_disabled_service_loses_exports(followed):
    followed.ok(ONE)
    followed.told.clear()
    followed.ok("mmces service disable nfs")
    assert followed.changes[0]["clients"] is None
    assert [e.clients for _node, e in followed.told] == [None, None]
    followed.fails(LIST, 1, "NFS service is not enabled")
    followed.fails(ONE, 1, "NFS service is not enabled")
    followed.fails("mmces service start NFS", 1, "not enabled")
    assert "No CES services" in followed.ok("mmces service list")
    followed.ok("mmces service enable NFS")
    assert followed.ok(LIST) == HEADER


def test_service_list(nfs):
    nfs.ok("mmces service stop NFS -N node2")
    assert nfs.ok("mmces service list -a").splitlines() == [
        "Enabled services: NFS", "node1:  NFS is running",
        "node2:  NFS is not running"]
    rows = nfs.rows("mmces service list -a -Y")
    assert [(r["NODE"], r["STATE"]) for r in rows] == [
        ("node1", "running"), ("node2", "not running")]
    nfs.fails("mmces service stop SMB", 1, "Only the NFS service")


def test_states(nfs):
    (row,) = nfs.rows("mmces state show -Y")
    assert nfs.out.startswith(
        "mmcesstate::HEADER:version:reserved:reserved:NODE:AUTH:BLOCK:"
        "NETWORK:AUTH_OBJ:NFS:OBJ:SMB:CES:")
    assert (row["NODE"], row["NFS"], row["SMB"]) == ("node1", "HEALTHY",
                                                     "DISABLED")
    nfs.cluster.daemon["node2"] = "down"
    rows = nfs.rows("mmces state show -a -Y")
    assert [r["CES"] for r in rows] == ["HEALTHY", "FAILED"]
    assert "HEALTHY" in nfs.ok("mmces state show NFS")
    nfs.ok("mmces service disable NFS")
    assert nfs.rows("mmces state show NFS -Y") == [
        {"NODE": "node1", "NFS": "DISABLED"}]


def test_addresses_leave_nodes_that_are_down(nfs):
    assert "127.0.0.2 node2 none" in nfs.ok("mmces address list")
    nfs.cluster.daemon["node2"] = "down"
    nfs.ces.configure(addresses={"192.0.2.1": "node2", "192.0.2.2": None})
    rows = nfs.ok("mmces address list -Y").splitlines()[1:]
    assert [row.split(":")[6:9] for row in rows] == [
        ["192.0.2.1", "node1", "none"],
        ["192.0.2.2", "unassigned", "none"]]
    with pytest.raises(ValueError, match="unknown attribute"):
        nfs.ces.configure(nonsense=1)


def test_file_authentication(nfs):
    assert "FILE access configuration : USERDEFINED" in nfs.ok(
        "mmuserauth service list")
    nfs.ok("mmuserauth service remove --data-access-method file")
    nfs.fails(ONE, 1, "File authentication is not configured")
    assert nfs.ok("mmuserauth service list --data-access-method file"
                  ).startswith("FILE access not configured")
    create = ("mmuserauth service create --data-access-method file "
              "--type userdefined")
    nfs.ok(create, ONE)
    nfs.fails(create, 1, "already configured")
    (row,) = nfs.rows("mmuserauth service list -Y")
    assert (row["access"], row["type"]) == ("file", "USERDEFINED")


def test_clear(followed):
    followed.ok(ONE, "mmces service stop NFS -N node2",
                "mmnfs config change NB_WORKER=1")
    followed.told.clear()
    followed.cluster.clear()
    assert [(n, e.clients) for n, e in followed.told] == [("node1", None)]
    assert followed.ces.state()["exports"] == {}
    assert followed.ces.state()["restarts"] == 0
    assert followed.ces.running["node2"]
