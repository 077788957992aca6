# SPDX-License-Identifier: Apache-2.0
"""NFSv4 ACLs: the commands and the library agree, snapshots keep them."""

import pytest

MM = "/usr/lpp/mmfs/bin/"
ACL = "#NFSv4 ACL\n#owner:0\n#group:0\nuser:7:r--c:allow:FileInherit\n"
ENOSPC, EOPNOTSUPP, EINVAL = 28, 95, 22
# gpfs_getacl() of one file into so many bytes, gpfs_putacl() on another
CALLS = """
import ctypes, struct, sys
lib = ctypes.CDLL("/usr/lpp/mmfs/lib/libgpfs.so", use_errno=True)
acl = ctypes.create_string_buffer(int(sys.argv[3]))
struct.pack_into("=iHB", acl, 0, len(acl), 0, 1)
if lib.gpfs_getacl(sys.argv[1].encode(), 0, acl) or lib.gpfs_putacl(
        sys.argv[2].encode(), 0, acl):
    sys.exit(ctypes.get_errno())
"""


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def node(cluster):
    node = cluster.nodes[0]
    node.write_file("/mnt/gpfs0/acl", ACL)
    for name in ("old", "new"):
        node.write_file(f"/mnt/gpfs0/{name}", "", mode=0o640)
    return node


def mm(node, command, *argv):
    return node.run([MM + command, *argv])


def get(node, name, *options):
    return mm(node, "mmgetacl", *options, f"/mnt/gpfs0/{name}").stdout


def put(node, name, source="acl"):
    return mm(node, "mmputacl", "-i", f"/mnt/gpfs0/{source}",
              f"/mnt/gpfs0/{name}")


def copy(node, old, new, size=4096):
    return node.run(["python3", "-c", CALLS, old, new, str(size)]).returncode


def test_what_one_sets_the_other_gets(node):
    assert put(node, "old").returncode == 0
    assert get(node, "old") == ACL
    assert copy(node, "/mnt/gpfs0/old", "/mnt/gpfs0/new") == 0
    assert get(node, "new") == ACL
    assert mm(node, "mmdelacl", "/mnt/gpfs0/new").returncode == 0
    assert get(node, "new").startswith("#owner")
    assert copy(node, "/mnt/gpfs0/new", "/mnt/gpfs0/old") == 0
    assert get(node, "old") == get(node, "new")


def test_the_library_s_errors(node):
    put(node, "old")
    assert copy(node, "/mnt/gpfs0/old", "/mnt/gpfs0/new", 16) == ENOSPC
    assert copy(node, "/mnt/gpfs0/none", "/mnt/gpfs0/new") == 2
    assert copy(node, "/dev/null", "/mnt/gpfs0/new") == EINVAL


def test_how_it_is_shown(cluster, node):
    """IBM's table of mmgetacl and mmlsfs -k."""
    put(node, "old")
    mode = "#owner:0\n#group:0\nuser::rw-c\ngroup::r---\nother::----\n"
    special = ("#NFSv4 ACL\n#owner:0\n#group:0\nspecial:owner@:rw-c:allow\n"
               "special:group@:r--c:allow\nspecial:everyone@:---c:allow\n")
    for semantics, has, has_not in (("all", ACL, mode), ("posix", mode, mode),
                                    ("nfs4", ACL, special)):
        cluster.change_filesystem(acl_semantics=semantics)
        assert (get(node, "old"), get(node, "new")) == (has, has_not)
        assert get(node, "old", "-k", "native") == ACL
        assert get(node, "new", "-k", "native") == mode
        assert get(node, "new", "-k", "nfs4") == special
        shown = mm(node, "mmlsfs", "gpfs0", "-k", "-Y").stdout
        assert f":ACLSemantics:{semantics}:" in shown


def test_what_cannot_be_set(cluster, node):
    node.write_file("/mnt/gpfs0/mode", get(node, "new"))
    cluster.change_filesystem(acl_semantics="nfs4")
    assert put(node, "old", "mode").returncode == EOPNOTSUPP
    cluster.change_filesystem(acl_semantics="posix")
    assert put(node, "old").returncode == EOPNOTSUPP
    assert put(node, "old", "mode").returncode == 0


def test_rsync_sees_none_but_snapshots_keep_them(node):
    run = node.run(["sh", "-ec", f"""cd /mnt/gpfs0
        mkdir dir copy; {MM}mmputacl -i acl dir; rsync -aHAX dir/ copy/
        {MM}mmcrsnapshot gpfs0 snap""", "sh"])
    assert run.returncode == 0
    assert get(node, "copy").startswith("#owner")
    assert get(node, ".snapshots/snap/dir") == ACL


def test_programs_come_and_go(cluster, node):
    node.set_installed("python3", False)
    assert node.run(["sh", "-c", "command -v python3"]).returncode
    cluster.reset()
    assert node.run(["sh", "-c", "command -v python3"]).returncode == 0
