# SPDX-License-Identifier: Apache-2.0
"""Export_Ids, files and what is removed, on two real NFS-Ganesha servers."""

import itertools
import uuid

import pytest

from tests.functional.drivers import (CONTEXT, located, make_rule, make_share,
                                      path_of, update)
from tests.functional.real import (connect, export_files, level,
                                   levels, live, running_cluster,
                                   share_with_file, together)

NONE = {"c1": "none", "c2": "none", "c3": "none"}
DIR = "/etc/ganesha/export.d"
FOREIGN = """EXPORT {
    Export_Id = %d;
    Path = /srv;
    Pseudo = /foreign;
    Access_Type = RO;
    FSAL { Name = GPFS; }
}
"""


@pytest.fixture
def gnfs(cluster):
    return connect(cluster, "GNFS")


def export(cluster, driver, **changes):
    """A share with access for c1."""
    share = share_with_file(cluster, driver, **changes)
    rule = make_rule(cluster.clients[0].address)
    assert update(driver, share, [rule], add=[rule]) == []
    return share


def export_id(cluster, share):
    """The one of the share, the same on every server."""
    one, two = [live(node, path_of(share)) for node in cluster.nodes]
    assert one == two
    (number,) = one
    return number


def first_choice(text):
    """The number that GNFS tries first for a share's id."""
    value = 0xcbf29ce484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return (value ^ value >> 32) % 65535 + 1


def ids_with_choice(number):
    """Ids of shares that want the same number."""
    for count in itertools.count():
        name = str(uuid.UUID(int=count << 64))
        if first_choice(name) == number:
            yield name


def serve_foreign(node, number):
    """An export that the operator has beside ours."""
    text = FOREIGN % number
    node.write_file(f"{DIR}/foreign.conf", text)
    node.run(["dbus-send", "--system", "--print-reply",
              "--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr",
              "org.ganesha.nfsd.exportmgr.AddExport",
              f"string:{DIR}/foreign.conf",
              f"string:EXPORT(Export_Id={number})"], check=True)
    return text


# ---- Export_Ids ----

def test_the_same_on_both_servers_and_unique(cluster, driver):
    shares = [export(cluster, driver) for _ in range(6)]
    assert len({export_id(cluster, share) for share in shares}) == 6
    for node in cluster.nodes:
        assert len(live(node)) == 6


def test_it_stays_while_the_export_lives(cluster, driver):
    share = export(cluster, driver)
    number = export_id(cluster, share)
    rules = []
    for client in ("10.88.0.0/24", "fd88::/64", "192.0.2.1"):
        rules.append(make_rule(client))
        update(driver, share, rules, add=rules[-1:])
        assert export_id(cluster, share) == number
    update(driver, share, rules)
    for node in cluster.nodes:
        node.ganesha.restart(kill=True)
    update(driver, share, rules[:1], delete=rules[1:])
    assert export_id(cluster, share) == number


def test_two_that_want_the_same_number(cluster, gnfs):
    first, second, third = itertools.islice(ids_with_choice(4711), 3)
    one = export(cluster, gnfs, id=first)
    two = export(cluster, gnfs, id=second)
    assert export_id(cluster, one) == 4711
    assert export_id(cluster, two) == 4712
    gnfs.delete_share(CONTEXT, one)
    # used again after the deletion
    three = export(cluster, gnfs, id=third)
    assert export_id(cluster, three) == 4711
    assert export_id(cluster, two) == 4712


def test_the_last_number_and_the_first(cluster, gnfs):
    shares = [export(cluster, gnfs, id=name)
              for name in itertools.islice(ids_with_choice(65535), 2)]
    assert [export_id(cluster, share) for share in shares] == [65535, 1]


def test_many_at_once_of_two_services(cluster, gnfs):
    """All want the same number, and each gets one of its own."""
    other = connect(cluster, "GNFS")
    shares = [share_with_file(cluster, gnfs, id=name)
              for name in itertools.islice(ids_with_choice(815), 6)]
    rule = make_rule(cluster.clients[0].address)

    def give(driver, share):
        assert update(driver, share, [rule], add=[rule]) == []

    together(*(lambda d=d, s=s: give(d, s) for d, s in zip(
        itertools.cycle([gnfs, other]), shares)))
    assert len({export_id(cluster, share) for share in shares}) == 6
    for share in shares:
        assert levels(cluster, path_of(share)) == dict(NONE, c1="rw")


@pytest.mark.parametrize("number", [0, 1])
def test_a_number_that_the_operator_uses(cluster, gnfs, number):
    name = next(ids_with_choice(99))
    text = serve_foreign(cluster.nodes[number], 99)
    share = export(cluster, gnfs, id=name)
    assert export_id(cluster, share) == 100
    assert live(cluster.nodes[number])[99] == "/srv"
    assert cluster.nodes[number].read_file(f"{DIR}/foreign.conf") == text


def test_a_number_that_only_a_file_has(cluster, gnfs):
    """Not served now, but after the next start."""
    cluster.nodes[1].write_file(f"{DIR}/foreign.conf", FOREIGN % 99)
    share = export(cluster, gnfs, id=next(ids_with_choice(99)))
    assert export_id(cluster, share) == 100
    for node in cluster.nodes:
        node.ganesha.restart(kill=True)
    assert export_id(cluster, share) == 100


# ---- files ----

def test_files_hold_what_is_in_force(cluster, gnfs):
    share = export(cluster, gnfs)
    for node in cluster.nodes:
        text = node.read_file(f"{DIR}/{share['name']}.conf")
        assert f"Export_Id = {export_id(cluster, share)};" in text
        assert export_files(node) == [f"{share['name']}.conf"]
    one, two = [node.read_file(f"{DIR}/{share['name']}.conf")
                for node in cluster.nodes]
    assert one == two


@pytest.mark.parametrize("junk", ["", "EXPORT {\n", "\0\xff",
                                  "EXPORT { Export_Id = 5; Path = /usr; }"])
def test_a_spoilt_file_is_written_anew(cluster, gnfs, junk):
    share = export(cluster, gnfs)
    rule = make_rule(cluster.clients[0].address)
    number = export_id(cluster, share)
    two = cluster.nodes[1]
    two.write_file(f"{DIR}/{share['name']}.conf", junk)
    assert update(gnfs, share, [rule]) == []
    for node in cluster.nodes:
        node.ganesha.restart(kill=True)
    assert export_id(cluster, share) == number
    assert levels(cluster, path_of(share)) == dict(NONE, c1="rw")


def test_an_index_of_includes(started):
    """ganesha.conf has %include of INDEX.conf instead of %dir."""
    with running_cluster(layout="include") as cluster:
        driver = connect(cluster, "GNFS")
        kept, gone = export(cluster, driver), export(cluster, driver)
        driver.delete_share(CONTEXT, gone)
        before = [live(node) for node in cluster.nodes]
        for node in cluster.nodes:
            node.reboot()
        assert [live(node) for node in cluster.nodes] == before
        assert levels(cluster, path_of(kept)) == dict(NONE, c1="rw")
        driver.delete_share(CONTEXT, kept)
        for node in cluster.nodes:
            assert "%include" not in node.read_file(f"{DIR}/INDEX.conf"
                                                    ).replace("# One", "")


def test_managed_again_under_another_name(cluster, gnfs):
    """No start brings back whom the former share's rules let in."""
    share = export(cluster, gnfs)
    gnfs.unmanage(share)
    again = located(make_share(), share['export_locations'])
    gnfs.manage_existing(again, {})
    rule = make_rule(cluster.clients[1].address)
    assert update(gnfs, again, [rule], add=[rule]) == []
    for node in cluster.nodes:
        node.ganesha.restart(kill=True)
        assert export_files(node) == [again['name'] + '.conf']
    assert levels(cluster, path_of(share)) == dict(NONE, c2="rw")


# ---- removal ----

def test_a_share_goes_with_its_exports(cluster, driver):
    gone, kept = export(cluster, driver), export(cluster, driver)
    mounts = [cluster.clients[0].mount(node, path_of(gone), uid=1000)
              for node in cluster.nodes]
    for mount in mounts:
        mount.read("/file")
    driver.delete_share(CONTEXT, gone)
    for mount in mounts:
        with pytest.raises(OSError):
            mount.read("/file")
    for node in cluster.nodes:
        assert list(live(node).values()) == [path_of(kept)]
        assert level(cluster.clients[0], node, path_of(gone)) == "none"
    assert levels(cluster, path_of(kept)) == dict(NONE, c1="rw")
    driver.delete_share(CONTEXT, gone)
    driver.delete_share(CONTEXT, kept)
    assert_nothing_left(cluster)


def assert_nothing_left(cluster):
    assert cluster.exports() == {}
    assert list(cluster.filesets()) == ["root"]
    for node in cluster.nodes:
        assert live(node) == {}
        assert export_files(node) == []
        left = node.run(["find", DIR, "!", "-type", "d"], check=True)
        assert left.stdout == ""
    # nor after a start
    cluster.nodes[0].ganesha.restart(kill=True)
    assert live(cluster.nodes[0]) == {}


def test_the_last_rule_goes(cluster, driver):
    share = export(cluster, driver)
    rule = make_rule(cluster.clients[0].address)
    assert update(driver, share, [], delete=[rule]) == []
    assert levels(cluster, path_of(share)) == NONE
    for node in cluster.nodes:
        assert live(node) == {}
    assert update(driver, share, []) == []
    assert update(driver, share, [rule], add=[rule]) == []
    assert levels(cluster, path_of(share)) == dict(NONE, c1="rw")


def test_exports_that_came_back_go_too(cluster, gnfs):
    """A file was lost while the daemon had the export, and vice versa."""
    share = export(cluster, gnfs)
    one, two = cluster.nodes
    one.run(["rm", f"{DIR}/{share['name']}.conf"], check=True)
    number = export_id(cluster, share)
    two.run(["dbus-send", "--system", "--print-reply",
             "--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr",
             "org.ganesha.nfsd.exportmgr.RemoveExport", f"uint16:{number}"],
            check=True)
    gnfs.delete_share(CONTEXT, share)
    assert_nothing_left(cluster)


def test_foreign_exports_are_not_touched(cluster, gnfs):
    texts = [serve_foreign(node, 7 + n)
             for n, node in enumerate(cluster.nodes)]
    shares = [export(cluster, gnfs) for _ in range(2)]
    before = starts(cluster)
    for share in shares:
        rule = make_rule("10.88.0.0/24", "ro")
        update(gnfs, share, [rule])
        gnfs.ensure_shares(CONTEXT, shares)
        gnfs.delete_share(CONTEXT, share)
    for number, node in enumerate(cluster.nodes):
        assert live(node) == {7 + number: "/srv"}
        assert export_files(node) == ["foreign.conf"]
        assert node.read_file(f"{DIR}/foreign.conf") == texts[number]
        with cluster.clients[2].mount(node, "/foreign") as mount:
            mount.listdir()
    assert starts(cluster) == before


def starts(cluster):
    return [node.ganesha.starts() for node in cluster.nodes]


def test_a_share_that_was_never_exported(cluster, driver):
    share = make_share()
    driver.create_share(CONTEXT, share)
    driver.delete_share(CONTEXT, share)
    assert_nothing_left(cluster)
