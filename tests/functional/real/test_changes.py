# SPDX-License-Identifier: Apache-2.0
"""Changes under clients that work, on two real NFS-Ganesha servers."""

import contextlib
import itertools

import pytest

from tests.functional.drivers import (CONTEXT, make_rule, make_snapshot,
                                      path_of, update, wait_for_job)
from tests.functional.real import (USER, connect, export_files, level,
                                   level_of_mount, levels, live,
                                   served, share_with_file)

NONE = {"c1": "none", "c2": "none", "c3": "none"}
SERVICES = "/var/mmfs/ces/nfs-config/export.d", "/etc/ganesha/export.d"
REPLY = 20      # seconds that a daemon has for its answer
BROKEN = "EXPORT { Export_Id = 7; Path = /x; FSAL { Name = \n"


class Rules:
    """The rules of a share as Manila has them, changed one by one."""

    def __init__(self, driver, share, *rules):
        self.driver, self.share, self.rules = driver, share, list(rules)
        self.change(add=rules)

    def change(self, **changes):
        assert update(self.driver, self.share, self.rules, **changes) == []

    def add(self, *pair):
        rule = make_rule(*pair)
        self.rules.append(rule)
        self.change(add=[rule])

    def find(self, client):
        return next(r for r in self.rules if r["access_to"] == client)

    def drop(self, client):
        rule = self.find(client)
        self.rules.remove(rule)
        self.change(delete=[rule])

    def turn(self, client):
        rule = self.find(client)
        fresh = dict(rule, access_level="ro" if rule["access_level"] == "rw"
                     else "rw")
        self.rules[self.rules.index(rule)] = fresh
        self.change(update=[fresh])

    def swap(self, old, new, level="rw"):
        """One rule for another in one call."""
        gone, rule = self.find(old), make_rule(new, level)
        self.rules[self.rules.index(gone)] = rule
        self.change(add=[rule], delete=[gone])

    def resync(self):
        self.change()


def held(cluster, path, client, writes=True, **how):
    """A client at work on every server, each with a file of its own."""
    node = cluster.nodes[0]
    holders = []
    for number, server in enumerate(cluster.nodes):
        name = f"/held-{client.name}-{number}"
        node.write_file(path + name, b"old", mode=0o666)
        holders.append(client.hold(server, path, name, writes=writes,
                                   uid=USER, gid=USER, **how))
    return holders


def starts(cluster):
    return [node.ganesha.starts() for node in cluster.nodes]


def assert_untouched(cluster, before, logs):
    """No daemon was started again, or got a signal."""
    assert starts(cluster) == before
    for node, log in zip(cluster.nodes, logs):
        assert "SIGHUP" not in node.ganesha.log()[len(log):]
    for pattern in ("systemctl*", "service*", "pkill*", "kill*"):
        assert cluster.journal.lines(pattern) == []


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_who_keeps_access_is_never_cut_off(cluster, driver, share, path,
                                           ipv6):
    """30 changes around a writer and a reader on both servers."""
    c1, c2, c3 = cluster.clients
    writer, reader, other = [
        c.address6 if ipv6 else c.address for c in (c1, c2, c3)]
    near, far = (("fd88::/64", "fd88::/32") if ipv6 else
                 ("10.88.0.0/24", "10.88.0.0/16"))
    rules = Rules(driver, share, make_rule(writer), make_rule(reader, "ro"))
    before = starts(cluster)
    logs = [node.ganesha.log() for node in cluster.nodes]
    cluster.journal.clear()
    holders = (held(cluster, path, c1, ipv6=ipv6)
               + held(cluster, path, c2, writes=False, ipv6=ipv6))
    story = [
        (rules.add, other), (rules.turn, other), (rules.turn, other),
        (rules.drop, other), (rules.add, near, "ro"), (rules.turn, near),
        (rules.add, other, "ro"), (rules.turn, near), (rules.resync,),
        (rules.add, far), (rules.turn, far), (rules.drop, near),
        (rules.turn, other), (rules.drop, far), (rules.resync,),
        (rules.add, "192.0.2.0/25"), (rules.add, "192.0.2.1", "ro"),
        (rules.turn, "192.0.2.0/25"), (rules.drop, other),
        (rules.swap, "192.0.2.1", "2001:db8::/48", "ro"),
        (rules.turn, "2001:db8::/48"), (rules.resync,),
        (rules.add, near, "rw"), (rules.swap, near, far, "ro"),
        (rules.swap, far, near, "rw"), (rules.drop, "192.0.2.0/25"),
        (rules.add, other), (rules.turn, near), (rules.drop, near),
        (rules.drop, "2001:db8::/48")]
    assert len(story) == 30
    for step, *arguments in story:
        step(*arguments)
        for holder in holders:
            holder.wait(1)
            assert holder.failures() == [], (step.__name__, arguments)
    assert levels(cluster, path, ipv6) == {
        "c1": "rw", "c2": "ro", "c3": "rw"}
    for holder in holders:
        holder.wait(5)
        assert holder.release() == []
    assert_untouched(cluster, before, logs)


def test_access_by_another_rule_is_no_interruption(cluster, driver, share,
                                                   path):
    """The client stays, the rule by which it has access does not."""
    c1, *_ = cluster.clients
    rules = Rules(driver, share, make_rule(c1.address))
    holders = held(cluster, path, c1)
    for client in ("10.88.0.0/24", "10.88.0.20/31", "10.0.0.0/8",
                   "0.0.0.0/0", c1.address):
        rules.swap(rules.rules[0]["access_to"], client)
        for holder in holders:
            holder.wait(3)
            assert holder.failures() == [], client
    rules.add("10.88.0.0/24")
    rules.drop(c1.address)
    for holder in holders:
        holder.wait(3)
        assert holder.release() == []


def test_who_loses_access_loses_it_at_once(cluster, driver, share, path):
    c1, c2, _c3 = cluster.clients
    rules = Rules(driver, share, make_rule(c1.address),
                  make_rule(c2.address))
    stay, go = held(cluster, path, c1), held(cluster, path, c2)
    for holder in go:
        holder.wait(2)
    rules.drop(c2.address)
    counts = [holder.failed() for holder in go]
    for holder, count in zip(go, counts):
        turns = holder.turns()
        holder.wait(2, failures=3)
        # every operation fails, but one that was under way
        done = holder.turns() - turns
        assert holder.failed() - count >= 3 * (done - 1)
        assert {name for _, name, _ in holder.failures()} == {"EACCES"}
    assert levels(cluster, path) == dict(NONE, c1="rw")
    for holder in stay:
        holder.wait(2)
        assert holder.release() == []


def test_an_open_file_becomes_read_only(cluster, driver, share, path):
    c1, c2, _c3 = cluster.clients
    rules = Rules(driver, share, make_rule(c1.address),
                  make_rule(c2.address))
    stay, turned = held(cluster, path, c1), held(cluster, path, c2)
    rules.turn(c2.address)
    for holder in turned:
        holder.wait(3, failures=2)
        assert {(name, operation)
                for _, name, operation in holder.failures()} == {
                    ("EROFS", "write")}
    rules.turn(c2.address)
    for holder in turned:
        holder.wait(1)                  # the turn under way
        seen = holder.failed()
        holder.wait(3)
        assert holder.failed() == seen
        holder.release()
    for holder in stay:
        assert holder.release() == []


def test_other_shares_do_not_notice(cluster, driver, share, path):
    """Shares come, change and go; a client of another one works on."""
    c1, c2, _c3 = cluster.clients
    Rules(driver, share, make_rule(c1.address))
    holders = held(cluster, path, c1)
    for _ in range(5):
        other = share_with_file(cluster, driver)
        rules = Rules(driver, other, make_rule(c2.address))
        rules.turn(c2.address)
        assert levels(cluster, path_of(other)) == dict(NONE, c2="ro")
        driver.delete_share(CONTEXT, other)
        for holder in holders:
            holder.wait(1)
    for holder in holders:
        assert holder.release() == []


def written(cluster):
    """All files of exports, and when they were changed."""
    return [(node.name, folder, name,
             node.stat(f"{folder}/{name}")["st_ctime_ns"])
            for node in cluster.nodes for folder in SERVICES
            for name in node.listdir(folder)]


def test_nothing_to_do_is_nothing_done(cluster, driver, share, path):
    rules = Rules(driver, share, *(make_rule(c.address)
                                   for c in cluster.clients))
    files = written(cluster)
    cluster.journal.clear()
    for _ in range(3):
        rules.resync()
    assert written(cluster) == files
    for pattern in ("mmnfs export [!l]*", "*ExportMgr*AddExport*",
                    "*ExportMgr*UpdateExport*", "*ExportMgr*RemoveExport*"):
        assert cluster.journal.lines(pattern) == []


# ---- daemons that come back ----

def give_rules(cluster, driver, share):
    c1, c2, _c3 = cluster.clients
    return Rules(driver, share, make_rule(c1.address),
                 make_rule("10.88.0.0/24", "ro"), make_rule(c2.address6))


def assert_given(cluster, path):
    assert levels(cluster, path) == {"c1": "rw", "c2": "ro", "c3": "ro"}
    assert levels(cluster, path, ipv6=True) == dict(NONE, c2="rw")


@pytest.mark.parametrize("how", ["restart", "reboot"])
def test_exports_come_back_from_the_files(cluster, driver, share, path, how):
    give_rules(cluster, driver, share)
    before = [live(node) for node in cluster.nodes]
    order = [served(node, path) for node in cluster.nodes]
    assert_given(cluster, path)
    for node in cluster.nodes:
        if how == "reboot":
            node.reboot()
        else:
            node.ganesha.restart(kill=True)
    assert [live(node) for node in cluster.nodes] == before
    assert [served(node, path) for node in cluster.nodes] == order
    assert_given(cluster, path)


def test_an_operators_reload_changes_nothing(cluster, driver, share, path):
    give_rules(cluster, driver, share)
    before = [live(node) for node in cluster.nodes]
    holders = held(cluster, path, cluster.clients[0])
    for node in cluster.nodes:
        seen = len(node.ganesha.log())
        node.ganesha.reload()
        while "Reread exports complete" not in node.ganesha.log()[seen:]:
            holders[0].wait(1)          # time passes, and it works
    for holder in holders:
        holder.wait(3)
        assert holder.release() == []
    assert [live(node) for node in cluster.nodes] == before
    assert_given(cluster, path)


def test_a_foreign_broken_file_is_no_obstacle(cluster, driver, share, path):
    for node in cluster.nodes:
        for folder in SERVICES:
            node.write_file(f"{folder}/a-broken.conf", BROKEN)
    before = starts(cluster)
    logs = [node.ganesha.log() for node in cluster.nodes]
    rules = give_rules(cluster, driver, share)
    assert_given(cluster, path)
    rules.turn("10.88.0.0/24")
    rules.drop("10.88.0.0/24")
    assert levels(cluster, path) == dict(NONE, c1="rw")
    assert_untouched(cluster, before, logs)
    for node in cluster.nodes:
        for folder in SERVICES:
            assert node.read_file(f"{folder}/a-broken.conf") == BROKEN
            node.run(["rm", f"{folder}/a-broken.conf"], check=True)
        node.ganesha.restart(kill=True)
    assert levels(cluster, path) == dict(NONE, c1="rw")
    driver.delete_share(CONTEXT, share)


# ---- daemons that are down: operated by the driver's user (GNFS) ----

@pytest.fixture
def gnfs(cluster):
    return connect(cluster, "GNFS")


@pytest.mark.parametrize("number", [0, 1])
def test_a_daemon_that_is_down(cluster, gnfs, number):
    share = share_with_file(cluster, gnfs)
    down, up = cluster.nodes[number], cluster.nodes[1 - number]
    first, second = [make_rule(c.address) for c in cluster.clients[:2]]
    assert update(gnfs, share, [first], add=[first]) == []
    down.ganesha.stop(kill=True)
    for _ in range(2):
        with pytest.raises(Exception) as caught:
            update(gnfs, share, [second], add=[second], delete=[first])
        assert caught.value.native_code == "REMOTE"
        assert f"NFS server {down.address}" in str(caught.value)
        assert up.address not in str(caught.value)
    down.ganesha.start()
    assert update(gnfs, share, [second]) == []
    assert levels(cluster, path_of(share)) == dict(NONE, c2="rw")


@pytest.mark.parametrize("number", [0, 1])
def test_a_first_rule_while_a_daemon_is_down(cluster, gnfs, number):
    share = share_with_file(cluster, gnfs)
    path = path_of(share)
    down = cluster.nodes[number]
    rule = make_rule(cluster.clients[0].address)
    down.ganesha.stop(kill=True)
    with pytest.raises(Exception, match=down.address):
        update(gnfs, share, [rule], add=[rule])
    down.ganesha.start()
    assert update(gnfs, share, [rule], add=[rule]) == []
    assert levels(cluster, path) == dict(NONE, c1="rw")
    one, two = [live(node, path) for node in cluster.nodes]
    assert one == two and len(one) == 1


@pytest.mark.parametrize("number", [0, 1])
def test_nothing_is_deleted_while_a_daemon_is_down(cluster, gnfs, number):
    share = share_with_file(cluster, gnfs)
    down = cluster.nodes[number]
    rule = make_rule(cluster.clients[0].address)
    assert update(gnfs, share, [rule], add=[rule]) == []
    down.ganesha.stop(kill=True)
    with pytest.raises(Exception, match=down.address):
        gnfs.delete_share(CONTEXT, share)
    assert share["name"] in cluster.filesets()
    down.ganesha.start()
    gnfs.delete_share(CONTEXT, share)
    assert share["name"] not in cluster.filesets()
    for node in cluster.nodes:
        assert live(node) == {}
        assert export_files(node) == []


def test_a_daemon_that_hangs(cluster, gnfs):
    """Each call waits for it once, and says so; the next one mends it."""
    share = share_with_file(cluster, gnfs)
    one, two = cluster.nodes
    silence = said_by_dbus_send(two)
    c1, c2, _ = cluster.clients
    first, second = make_rule(c1.address), make_rule(c2.address)
    assert update(gnfs, share, [first], add=[first]) == []

    with hanging(cluster, two, silence):
        update(gnfs, share, [second], add=[second], delete=[first])
    assert level(c1, one, path_of(share)) == "none"
    assert update(gnfs, share, [second]) == []
    assert levels(cluster, path_of(share)) == dict(NONE, c2="rw")

    with hanging(cluster, two, silence):
        gnfs.check_for_setup_error()
    with hanging(cluster, two, silence):
        gnfs.delete_share(CONTEXT, share)
    assert share["name"] in cluster.filesets()
    assert export_files(two) == []      # what a restart would bring back
    gnfs.delete_share(CONTEXT, share)
    assert share["name"] not in cluster.filesets()
    for node in cluster.nodes:
        assert live(node) == {}
        assert export_files(node) == []


def said_by_dbus_send(node):
    """Of a daemon that hangs; soon, as nothing else depends on the time."""
    node.ganesha.freeze()
    try:
        return node.run(["dbus-send", "--system", "--print-reply",
                         "--reply-timeout=100", "--dest=org.ganesha.nfsd",
                         "/org/ganesha/nfsd/ExportMgr",
                         "org.ganesha.nfsd.exportmgr.ShowExports"])
    finally:
        node.ganesha.thaw()


@contextlib.contextmanager
def hanging(cluster, node, silence):
    """What is done meanwhile fails after it has asked the daemon once."""
    fault = cluster.faults.add("dbus-send", node=node.name, times=None,
                               status=silence.returncode,
                               stderr=silence.stderr)
    cluster.journal.clear()
    with pytest.raises(Exception) as caught:
        yield
    fault.remove()
    text = str(caught.value)
    assert f"NFS server {node.address}: no answer within {REPLY} s" in text
    assert "dbus-send" in text and "restart it" in text
    (line,) = cluster.journal.lines("dbus-send", node=node.name)
    assert f" --reply-timeout={REPLY}000 " in line


def test_a_server_that_is_cut_off(cluster):
    """Its client works on; the call fails, and the next one mends it."""
    driver = connect(cluster, "GNFS")
    share = share_with_file(cluster, driver)
    two = cluster.nodes[1]
    first, second = [make_rule(c.address) for c in cluster.clients[:2]]
    assert update(driver, share, [first], add=[first]) == []
    two.refuse_connections()
    two.kill_connections()
    with pytest.raises(Exception, match=two.address):
        update(driver, share, [second], add=[second], delete=[first])
    mount = cluster.clients[0].mount(two, path_of(share), uid=USER)
    assert level_of_mount(mount) == "rw"
    two.refuse_connections(False)
    assert update(driver, share, [second]) == []
    assert level_of_mount(mount) == "none"
    assert levels(cluster, path_of(share)) == dict(NONE, c2="rw")


def test_a_daemon_of_ces_reads_what_it_missed(cluster):
    """There, the cluster keeps the exports."""
    driver = connect(cluster, "CES")
    share = share_with_file(cluster, driver)
    rule = make_rule(cluster.clients[0].address)
    cluster.nodes[1].ganesha.stop(kill=True)
    assert update(driver, share, [rule], add=[rule]) == []
    cluster.nodes[1].ganesha.start()
    assert levels(cluster, path_of(share)) == dict(NONE, c1="rw")
    assert cluster.nfs_restarts() == 0


def test_a_daemon_that_lost_an_export_gets_it_again(cluster, gnfs):
    """ensure_shares() as after a start of Manila, with the export files."""
    share = share_with_file(cluster, gnfs)
    path = path_of(share)
    rule = make_rule(cluster.clients[0].address)
    assert update(gnfs, share, [rule], add=[rule]) == []
    two = cluster.nodes[1]
    (number,) = live(two, path)
    two.run(["dbus-send", "--system", "--print-reply",
             "--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr",
             "org.ganesha.nfsd.exportmgr.RemoveExport", f"uint16:{number}"],
            check=True)
    assert live(two, path) == {}
    answer = gnfs.ensure_shares(CONTEXT, [share])[share["id"]]
    assert answer["status"] == "available"
    if answer["reapply_access_rules"]:
        assert update(gnfs, share, [rule]) == []
    assert live(two, path) == {number: path}
    assert levels(cluster, path) == dict(NONE, c1="rw")


def test_a_revert_under_a_client(cluster, driver, share, path):
    """A file that is the same before and after stays readable."""
    c1, *_ = cluster.clients
    Rules(driver, share, make_rule(c1.address))
    snapshot = make_snapshot(share)
    driver.create_snapshot(CONTEXT, snapshot)
    mounts = [c1.mount(node, path, uid=USER) for node in cluster.nodes]
    for mount in mounts:
        mount.write("/file", b"changed")
    assert driver.revert_to_snapshot(CONTEXT, snapshot, [], []) == {
        "status": "reverting_to_snapshot"}
    answers = wait_for_job(driver, share, "reverting_to_snapshot")
    assert answers[-1]["status"] == "available"
    for mount, _ in itertools.product(mounts, range(2)):
        assert level_of_mount(mount) == "rw"
