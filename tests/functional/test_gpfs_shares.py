# SPDX-License-Identifier: Apache-2.0
"""Shares on the simulated cluster, through real ssh."""

import stat
import threading

import pytest

from manila_native import _native
from tests.functional.drivers import CONTEXT, make_driver, make_share

GIB_KIB = 1024 * 1024


@pytest.fixture
def cluster(gpfs_shared_cluster):
    return gpfs_shared_cluster


@pytest.fixture
def driver(cluster):
    return make_driver(cluster.settings())


def fails(call, *args, code, text=""):
    with pytest.raises(Exception) as caught:
        call(*args)
    assert caught.value.native_code == code, str(caught.value)
    assert text in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def assert_stands(cluster, share, size=None):
    """The share's fileset is as create_share leaves it."""
    fileset = cluster.filesets()[share["name"]]
    path = f"{cluster.mount_point}/{share['name']}"
    limit = (size or share["size"]) * GIB_KIB
    assert fileset["path"] == path
    assert fileset["comment"] == f"manila:{share['id']}"
    assert fileset["owner"]     # independent: has an inode space
    quota = fileset["quota"]
    assert (quota["block_soft"], quota["block_hard"]) == (limit, limit)
    mode = cluster.nodes[0].stat(path)["st_mode"]
    assert stat.S_IMODE(mode) == 0o777


def assert_nothing_left(cluster):
    assert list(cluster.filesets()) == ["root"]
    assert cluster.nodes[0].listdir(cluster.mount_point) == []


def test_create_and_delete(cluster, driver):
    share = make_share(size=3)
    locations = driver.create_share(CONTEXT, share)
    ip = cluster.settings()["gpfs_share_export_ip"]
    assert [x["path"] for x in locations] == [
        f"{ip}:{cluster.mount_point}/{share['name']}"]
    assert_stands(cluster, share)
    driver.extend_share(share, 5)
    assert_stands(cluster, share, 5)
    driver.delete_share(CONTEXT, share)
    assert_nothing_left(cluster)
    driver.delete_share(CONTEXT, share)


def test_one_round_trip_each(cluster, driver):
    share = make_share()
    driver.create_share(CONTEXT, make_share())  # connections, the device
    before = _native.ssh_stats()["scripts"]
    driver.create_share(CONTEXT, share)
    driver.extend_share(share, 2)
    assert _native.ssh_stats()["scripts"] - before == 2


def test_check_for_setup_error(cluster, driver):
    driver.check_for_setup_error()
    driver.check_for_setup_error()


def test_setup_without_quotas(cluster, driver):
    cluster.change_filesystem(quotas="none")
    fails(driver.check_for_setup_error, code="CONFIG",
          text=f"mmchfs {cluster.device} -Q yes")


def test_setup_while_gpfs_is_down(cluster, driver):
    cluster.nodes[0].set_state("down")
    fails(driver.check_for_setup_error, code="CONFIG", text="active")


def test_setup_with_a_base_that_is_not_on_gpfs(cluster):
    driver = make_driver(cluster.settings(), gpfs_mount_point_base="/tmp")
    fails(driver.check_for_setup_error, code="CONFIG", text="/tmp")
    driver = make_driver(cluster.settings(),
                         gpfs_mount_point_base="/nowhere")
    fails(driver.check_for_setup_error, code="CONFIG", text="/nowhere")


@pytest.mark.parametrize("changes, text", [
    ({"gpfs_share_export_ip": None}, "gpfs_share_export_ip"),
    ({"gpfs_mount_point_base": "relative/path"}, "gpfs_mount_point_base"),
    ({"gpfs_mount_point_base": "/a/../b"}, "gpfs_mount_point_base"),
    ({"gpfs_nfs_server_list": []}, "gpfs_nfs_server_list"),
    ({"gpfs_nfs_server_type": "NONE"}, "gpfs_nfs_server_type"),
    ({"knfs_export_options": "sync,$(id)"}, "knfs_export_options"),
])
def test_bad_options_are_told_by_name(cluster, changes, text):
    def set_up():
        make_driver(cluster.settings(), **changes).check_for_setup_error()
    fails(set_up, code="CONFIG", text=text)


@pytest.mark.parametrize("command", ["mmcrfileset", "mmlinkfileset",
                                     "mmsetquota"])
@pytest.mark.parametrize("effect", [False, True])
def test_a_failed_create_takes_back_what_it_made(cluster, driver, command,
                                                 effect):
    share = make_share()
    cluster.faults.add(command, status=1, stderr="bang\n", effect=effect)
    message = fails(driver.create_share, CONTEXT, share, code="REMOTE",
                    text="bang")
    assert command in message and share["name"] in message
    if command != "mmcrfileset":    # else nobody knows that it is ours
        assert_nothing_left(cluster)
    driver.create_share(CONTEXT, share)
    assert_stands(cluster, share)


@pytest.mark.parametrize("command", ["mmcrfileset", "mmlinkfileset",
                                     "mmsetquota"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_cut_off_is_completed_by_the_next(cluster, driver, command,
                                                   when):
    share = make_share()
    fault = cluster.faults.add(command, cut=when)
    fails(driver.create_share, CONTEXT, share, code="CONNECT",
          text="outcome unknown")
    assert fault.hits == 1
    driver.create_share(CONTEXT, share)
    assert_stands(cluster, share)
    driver.delete_share(CONTEXT, share)
    assert_nothing_left(cluster)


def test_a_stranger_s_fileset_is_left_alone(cluster, driver):
    share = make_share()
    node = cluster.nodes[0]
    node.run(["/usr/lpp/mmfs/bin/mmcrfileset", cluster.device,
              share["name"], "-t", "precious"], check=True)
    before = cluster.filesets()[share["name"]]
    fails(driver.create_share, CONTEXT, share, code="EXISTS",
          text=share["name"])
    assert cluster.filesets()[share["name"]] == before
    fails(driver.delete_share, CONTEXT, share, code="EXISTS")
    assert cluster.filesets()[share["name"]] == before


def test_a_share_of_the_in_tree_driver_is_deleted(cluster, driver):
    share = make_share()
    path = f"{cluster.mount_point}/{share['name']}"
    run = cluster.nodes[0].run
    run(["/usr/lpp/mmfs/bin/mmcrfileset", cluster.device, share["name"],
         "--inode-space", "new"], check=True)
    run(["/usr/lpp/mmfs/bin/mmlinkfileset", cluster.device, share["name"],
         "-J", path], check=True)
    driver.delete_share(CONTEXT, share)
    assert_nothing_left(cluster)


@pytest.mark.parametrize("status", [2, 22])
def test_absent_is_absent_in_every_release_s_words(cluster, driver, status):
    cluster.set_missing_status(status)
    driver.delete_share(CONTEXT, make_share())


def test_a_busy_fileset_is_unlinked_by_force_at_last(cluster, driver):
    share = make_share()
    driver.create_share(CONTEXT, share)
    cluster.faults.add("mmunlinkfileset", status=16,
                       stderr="mmunlinkfileset: device is busy\n")
    driver.delete_share(CONTEXT, share)
    assert_nothing_left(cluster)


def test_a_lock_that_is_held_is_told(cluster, driver):
    with cluster.configuration_locked(timeout=0.2):
        fails(driver.create_share, CONTEXT, make_share(), code="BUSY",
              text="lock")


@pytest.mark.parametrize("name", [
    "a b", "a'b", "a;id", "$(id)", "a\nb", "-rf", ".hidden", "..", "a/b",
    "a\x01b", "", "x" * 256, "`id`", "a|b", "a*", "root", "new", 'a"b',
    "a\\b", "a,b(rw)", "#a", "ü"])
def test_dangerous_share_names_are_refused(cluster, driver, name):
    cluster.journal.clear()
    share = make_share(name=name)
    for call in (driver.create_share, driver.delete_share):
        fails(call, CONTEXT, share, code="INVAL")
    fails(driver.extend_share, share, 2, code="INVAL")
    fails(driver.update_access, CONTEXT, share, [], [], [], [],
          code="INVAL")
    assert cluster.journal.lines() == []


def test_other_protocols_are_refused(driver):
    with pytest.raises(Exception, match="CIFS"):
        driver.create_share(CONTEXT, make_share(share_proto="CIFS"))


def test_stats(cluster, driver):
    stats = driver.get_share_stats(refresh=True)
    assert stats["total_capacity_gb"] > 0
    assert 0 <= stats["free_capacity_gb"] <= stats["total_capacity_gb"]
    assert stats["storage_protocol"] == "NFS"
    # the family of gpfs_share_export_ip
    assert stats["ipv4_support"] and not stats["ipv6_support"]
    assert stats["snapshot_support"] is True
    assert driver.get_network_allocations_number() == 0


def test_64_callers_at_once(cluster, driver):
    shares = [make_share() for _ in range(64)]
    failures = []

    def live(share):
        try:
            driver.create_share(CONTEXT, share)
            driver.extend_share(share, 2)
            assert_stands(cluster, share, 2)
            driver.delete_share(CONTEXT, share)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=live, args=[s]) for s in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert_nothing_left(cluster)


# ---- ensure_shares ----

def test_ensure_shares_mends(cluster, driver):
    shares = [make_share(size=n) for n in (1, 2, 3, 4)]
    for share in shares:
        driver.create_share(CONTEXT, share)
    fine, unlinked, quota, gone = shares
    run = cluster.nodes[0].run
    mm = "/usr/lpp/mmfs/bin/"
    run([mm + "mmunlinkfileset", cluster.device, unlinked["name"]],
        check=True)
    run([mm + "mmsetquota", f"{cluster.device}:{quota['name']}", "--block",
         "7G:7G"], check=True)
    run([mm + "mmunlinkfileset", cluster.device, gone["name"]], check=True)
    run([mm + "mmdelfileset", cluster.device, gone["name"]], check=True)
    answer = driver.ensure_shares(CONTEXT, shares)
    for share in (fine, unlinked, quota):
        assert answer[share["id"]]["status"] == "available"
        assert_stands(cluster, share)
    assert answer[gone["id"]]["status"] == "error"
    cluster.journal.clear()
    driver.ensure_shares(CONTEXT, [fine, unlinked, quota])
    assert not cluster.journal.lines("mmlinkfileset")
    assert not cluster.journal.lines("mmsetquota")


def test_ensure_shares_asks_each_host_a_handful_of_times(cluster, driver):
    shares = [make_share() for _ in range(50)]
    for share in shares:
        driver.create_share(CONTEXT, share)
    cluster.journal.clear()
    answer = driver.ensure_shares(CONTEXT, shares)
    assert {a["status"] for a in answer.values()} == {"available"}
    assert cluster.journal.count() <= 6
    for share in shares:
        driver.delete_share(CONTEXT, share)


def test_ensure_shares_never_raises(cluster, driver):
    share = make_share()
    driver.create_share(CONTEXT, share)
    cluster.faults.add("mmlsfileset", status=1, stderr="bang\n", times=None)
    answer = driver.ensure_shares(CONTEXT, [share])
    assert answer[share["id"]]["status"] == "error"


def test_ensure_share_gives_the_location(cluster, driver):
    share = make_share()
    made = driver.create_share(CONTEXT, share)
    found = driver.ensure_share(CONTEXT, share)
    assert [x["path"] for x in found] == [x["path"] for x in made]


def test_backend_info_changes_with_the_servers(cluster, driver):
    info = driver.get_backend_info(CONTEXT)
    assert info and info == driver.get_backend_info(CONTEXT)
    other = make_driver(cluster.settings(),
                        gpfs_nfs_server_list=[cluster.nodes[0].address])
    assert other.get_backend_info(CONTEXT) != info
