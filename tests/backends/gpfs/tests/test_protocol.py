# SPDX-License-Identifier: Apache-2.0
"""Protocol nodes and scale as tests use them, through nodes and the API."""


import pytest

MM = "/usr/lpp/mmfs/bin/"
PATH = "/mnt/gpfs0/share00001"


@pytest.fixture
def gpfs(gpfs_shared_cluster):
    gpfs_shared_cluster.preload_filesets(1, quota=1 << 20)
    return gpfs_shared_cluster


def mm(node, *argv, check=True):
    return node.run([MM + argv[0], *argv[1:]], check=check)


def test_exports(gpfs):
    one, two = gpfs.nodes
    mm(one, "mmnfs", "export", "add", PATH, "-c",
       "10.0.0.0/8(Access_Type=RW,Squash=no_root_squash)")
    mm(two, "mmnfs", "export", "change", PATH, "--nfsadd",
       "10.0.0.1(Access_Type=RO)", "--nfsposition", "0")
    export = gpfs.exports()[PATH]
    assert [c["client"] for c in export["clients"]] == ["10.0.0.1",
                                                        "10.0.0.0/8"]
    assert gpfs.export_access(PATH, "10.0.0.1")["Access_Type"] == "RO"
    assert gpfs.export_access(PATH, "192.0.2.1") is None
    add, change = gpfs.journal.records("mmnfs")
    assert (add.changes[0]["path"], add.node) == (PATH, "node1")
    assert [c["client"] for c in change.changes[0]["clients"]] == [
        "10.0.0.1", "10.0.0.0/8"]
    assert gpfs.nfs_restarts() == 0
    mm(one, "mmnfs", "config", "change", "NB_WORKER=9")
    assert gpfs.nfs_restarts() == 1


def test_faults_of_exports(gpfs):
    one = gpfs.nodes[0]
    add = ["mmnfs", "export", "add", PATH, "-c", "10.0.0.1"]
    gpfs.faults.add("mmnfs export add*", status=1, effect=True)
    assert mm(one, *add, check=False).returncode == 1
    assert PATH in gpfs.exports()
    with gpfs.configuration_locked(timeout=0.01):
        assert mm(one, *add, check=False).returncode == 1
        mm(one, "mmnfs", "export", "list", "-Y")


def test_set_up(gpfs):
    one = gpfs.nodes[0]
    gpfs.configure_ces(nfs=False, authentication=None)
    assert ":DISABLED:" in mm(one, "mmces", "state", "show", "-Y").stdout
    gpfs.reset()
    assert gpfs.state()["ces"]["nfs"]
    assert gpfs.state()["ces"]["addresses"] == {
        node.address: node.name for node in gpfs.nodes}


def test_reset_takes_exports_and_settings(gpfs):
    one = gpfs.nodes[0]
    mm(one, "mmnfs", "export", "add", PATH)
    mm(one, "mmchconfig", "enforceFilesetQuotaOnRoot=yes")
    gpfs.reset()
    assert gpfs.exports() == {} and list(gpfs.filesets()) == ["root"]
    assert gpfs.state()["config"]["enforceFilesetQuotaOnRoot"] == "no"


def test_many_filesets(gpfs):
    gpfs.preload_filesets(5000, prefix="p", used=(1024, 3), comment="x")
    done = mm(gpfs.nodes[0], "mmrepquota", "-j", "-Y", "gpfs0")
    assert done.stdout.count(":p0") == 5000
