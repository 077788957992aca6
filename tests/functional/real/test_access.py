# SPDX-License-Identifier: Apache-2.0
"""Who has access, asked of clients of two real NFS-Ganesha servers."""

import pytest

from tests.functional.drivers import CONTEXT, make_rule, path_of, update
from tests.functional.real import (address, level_of_mount,
                                   levels, served,
                                   share_with_file)

FAMILIES = pytest.mark.parametrize("ipv6", [False, True],
                                   ids=["ipv4", "ipv6"])
NONE = {"c1": "none", "c2": "none", "c3": "none"}
ALL = {"c1": "rw", "c2": "rw", "c3": "rw"}


def allow(driver, share, *rules):
    """All at once to a share without rules."""
    assert update(driver, share, rules, add=rules) == []


# ---- one rule for each ----

@FAMILIES
@pytest.mark.parametrize("version", [3, 4], ids=["v3", "v4"])
def test_rw_ro_and_no_rule(cluster, driver, share, path, ipv6, version):
    c1, c2, _c3 = cluster.clients
    assert levels(cluster, path, ipv6, version) == NONE
    allow(driver, share, make_rule(address(c1, ipv6)),
          make_rule(address(c2, ipv6), "ro"))
    assert levels(cluster, path, ipv6, version) == {
        "c1": "rw", "c2": "ro", "c3": "none"}
    # an address is of one family
    assert levels(cluster, path, not ipv6, version) == NONE


def test_both_families_at_once(cluster, driver, share, path):
    c1, c2, c3 = cluster.clients
    allow(driver, share, make_rule(c1.address), make_rule(c1.address6, "ro"),
          make_rule(c2.address, "ro"), make_rule(c3.address6))
    assert levels(cluster, path) == {"c1": "rw", "c2": "ro", "c3": "none"}
    assert levels(cluster, path, ipv6=True) == {
        "c1": "ro", "c2": "none", "c3": "rw"}


def test_shares_have_rules_of_their_own(cluster, driver, share, path):
    other = share_with_file(cluster, driver)
    c1, c2, _c3 = cluster.clients
    allow(driver, share, make_rule(c1.address), make_rule(c2.address, "ro"))
    allow(driver, other, make_rule(c2.address))
    assert levels(cluster, path) == {"c1": "rw", "c2": "ro", "c3": "none"}
    assert levels(cluster, path_of(other)) == dict(NONE, c2="rw")


def test_single_rule_calls(cluster, driver, share, path):
    c1, c2, _c3 = cluster.clients
    one, two = make_rule(c1.address), make_rule(c2.address6, "ro")
    driver.allow_access(CONTEXT, share, one)
    driver.allow_access(CONTEXT, share, two)
    assert levels(cluster, path) == dict(NONE, c1="rw")
    assert levels(cluster, path, ipv6=True) == dict(NONE, c2="ro")
    driver.deny_access(CONTEXT, share, one)
    assert levels(cluster, path) == NONE
    assert levels(cluster, path, ipv6=True) == dict(NONE, c2="ro")


# ---- networks ----

# c1, c2 and c3 are .21, .22 and .23 (::21 and so on)
NESTED = {
    "a writer in a network of readers": (
        False, [("10.88.0.0/24", "ro"), ("10.88.0.21", "rw")],
        {"c1": "rw", "c2": "ro", "c3": "ro"}),
    "a reader in a network of writers": (
        False, [("10.88.0.0/16", "rw"), ("10.88.0.22", "ro")],
        {"c1": "rw", "c2": "ro", "c3": "rw"}),
    "three levels": (
        False, [("10.88.0.0/24", "ro"), ("10.88.0.22/31", "rw"),
                ("10.88.0.23", "ro")],
        {"c1": "ro", "c2": "rw", "c3": "ro"}),
    "networks of both levels in everything": (
        False, [("0.0.0.0/0", "ro"), ("10.88.0.22/31", "rw")],
        {"c1": "ro", "c2": "rw", "c3": "rw"}),
    "half of everything": (
        False, [("0.0.0.0/0", "rw"), ("0.0.0.0/1", "ro")],
        {"c1": "ro", "c2": "ro", "c3": "ro"}),
    "a small network only": (
        False, [("10.88.0.22/31", "ro")],
        {"c1": "none", "c2": "ro", "c3": "ro"}),
    "a writer in an IPv6 network of readers": (
        True, [("fd88::/64", "ro"), ("fd88::22", "rw")],
        {"c1": "ro", "c2": "rw", "c3": "ro"}),
    "three IPv6 levels": (
        True, [("fd00::/8", "ro"), ("fd88::/99", "rw"), ("fd88::23", "ro")],
        {"c1": "rw", "c2": "rw", "c3": "ro"}),
    "an IPv6 reader in everything": (
        True, [("::/0", "rw"), ("fd88::21", "ro")],
        {"c1": "ro", "c2": "rw", "c3": "rw"}),
}
in_nested = pytest.mark.parametrize(
    "ipv6, pairs, wanted", NESTED.values(), ids=list(NESTED))


@in_nested
def test_the_most_specific_rule_wins(cluster, driver, share, path, ipv6,
                                     pairs, wanted):
    """In whatever order they come."""
    for order in (pairs[::-1], pairs[1:] + pairs[:1]):
        rules = []
        for pair in order:
            rules.append(make_rule(*pair))
            assert update(driver, share, rules, add=rules[-1:]) == []
        for node in cluster.nodes:
            assert len(served(node, path)) >= len(rules)
        assert levels(cluster, path, ipv6) == wanted
        assert update(driver, share, [], delete=rules) == []
    assert levels(cluster, path, ipv6) == NONE


@in_nested
def test_and_with_levels_turned_round(cluster, driver, share, path, ipv6,
                                      pairs, wanted):
    turn = {"rw": "ro", "ro": "rw", "none": "none"}
    rules = [make_rule(*pair) for pair in pairs]
    allow(driver, share, *rules)
    assert levels(cluster, path, ipv6) == wanted
    assert levels(cluster, path, not ipv6) == NONE
    rules = [dict(rule, access_level=turn[rule["access_level"]])
             for rule in rules]
    assert update(driver, share, rules, update=rules) == []
    assert levels(cluster, path, ipv6) == {
        name: turn[had] for name, had in wanted.items()}


def test_a_level_changes_inside_a_network(cluster, driver, share, path):
    wide, host = make_rule("10.88.0.0/24"), make_rule("10.88.0.22")
    allow(driver, share, wide, host)
    assert levels(cluster, path) == ALL
    host = dict(host, access_level="ro")
    assert update(driver, share, [wide, host], update=[host]) == []
    assert levels(cluster, path) == dict(ALL, c2="ro")
    wide = dict(wide, access_level="ro")
    host = dict(host, access_level="rw")
    assert update(driver, share, [wide, host], update=[wide, host]) == []
    assert levels(cluster, path) == {"c1": "ro", "c2": "rw", "c3": "ro"}
    assert update(driver, share, [wide], delete=[host]) == []
    assert levels(cluster, path) == {"c1": "ro", "c2": "ro", "c3": "ro"}


# ---- what is mounted already ----

@FAMILIES
@pytest.mark.parametrize("version", [3, 4], ids=["v3", "v4"])
def test_changes_are_felt_at_once(cluster, driver, share, path, ipv6,
                                  version):
    """The next operation of whoever has it mounted is judged anew."""
    client, other, _c3 = cluster.clients
    rule, stays = make_rule(address(client, ipv6)), make_rule(other.address)
    allow(driver, share, rule, stays)
    mounts = [client.mount(node, path, ipv6=ipv6, version=version, uid=1000)
              for node in cluster.nodes]

    def seen():
        return [level_of_mount(mount) for mount in mounts]

    assert seen() == ["rw", "rw"]
    for now in ("ro", "rw", "ro"):
        rule = dict(rule, access_level=now)
        assert update(driver, share, [rule, stays], update=[rule]) == []
        assert seen() == [now, now]
    assert update(driver, share, [stays], delete=[rule]) == []
    assert seen() == ["none", "none"]
    assert update(driver, share, [rule, stays], add=[rule]) == []
    assert seen() == ["ro", "ro"]


# ---- hostile rules ----

BAD = ["10.88.0.999", "10.88.0.0/33", "no.such.host", "node1", "c1", "@all",
       "*", "10.88.0.*", "fd88::/129", "fd88::20/123", "fd88::21/127",
       "fd88::/100", "10.88.0.21; }", "10.88.0.21, 10.88.0.22",
       "10.88.0.21\n", "fe80::1%lo", "0.0.0.0/-1", "", "/", "0x0a580015",
       "10.88.21", "} CLIENT { Clients = *; Access_Type = RW; }"]


def test_what_a_server_would_not_take_is_that_rules_error(cluster, driver,
                                                          share, path):
    bad = [make_rule(client) for client in BAD]
    bad.append(make_rule("c1", access_type="user"))
    bad.append(make_rule(cluster.clients[0].address, "none"))
    good = make_rule(cluster.clients[1].address)
    rules = bad[:5] + [good] + bad[5:]
    assert update(driver, share, rules, add=rules) == bad
    assert levels(cluster, path) == dict(NONE, c2="rw")
    assert levels(cluster, path, ipv6=True) == NONE
    assert update(driver, share, bad, delete=[good]) == bad
    assert levels(cluster, path) == NONE
    assert levels(cluster, path, ipv6=True) == NONE


def test_alone_it_exports_nothing(cluster, driver, share, path):
    for client in BAD:
        rule = make_rule(client)
        assert update(driver, share, [rule], add=[rule]) == [rule], client
        assert [served(node, path) for node in cluster.nodes] == [
            [], []], client


HARD = {                # client: whom it means (of IPv4, of IPv6)
    "0.0.0.0/0": (ALL, NONE), "::/0": (NONE, ALL), "::": (NONE, NONE),
    "0.0.0.0/8": (NONE, NONE), "::/128": (NONE, NONE),
    "10.88.0.21/32": (dict(NONE, c1="rw"), NONE),
    "fd88::21/128": (NONE, dict(NONE, c1="rw")), "::/1": (NONE, NONE),
    "0.0.0.0/1": (ALL, NONE), "8000::/1": (NONE, ALL),
    "128.0.0.0/1": (NONE, NONE), "fd88::20/99": (NONE, ALL),
    "FD88:0:0::0021": (NONE, dict(NONE, c1="rw")),
    "10.88.0.99/24": (ALL, NONE), "255.255.255.255": (NONE, NONE)}


def test_what_is_hard_to_say(cluster, driver, share, path):
    """In force as it was meant, or that rule's error: never anything else."""
    for client, wanted in HARD.items():
        rule = make_rule(client)
        if update(driver, share, [rule]):
            wanted = NONE, NONE
        assert (levels(cluster, path),
                levels(cluster, path, ipv6=True)) == wanted, client


@pytest.mark.parametrize("client", ["0.0.0.0", "0.0.0.0/32"])
def test_an_address_of_nobody_is_not_everybody(cluster, driver, share, path,
                                               client):
    """NFS-Ganesha takes it for any client, of both families."""
    rule = make_rule(client)
    assert update(driver, share, [rule], add=[rule]) == [rule]
    assert levels(cluster, path) == NONE
    assert levels(cluster, path, ipv6=True) == NONE


def test_a_mapped_address_is_no_way_round(cluster, driver, share, path):
    """An IPv4 client may be taken for what it is; nobody else comes in."""
    for client in ("::ffff:10.88.0.21", "::ffff:0:0/96", "::ffff:a58:15/128"):
        rule = make_rule(client)
        refused = update(driver, share, [rule], add=[rule]) == [rule]
        seen = levels(cluster, path)
        assert seen == NONE or not refused
        if client != "::ffff:0:0/96":
            assert seen in (NONE, dict(NONE, c1="rw"))
        assert levels(cluster, path, ipv6=True) == NONE
        update(driver, share, [], delete=[rule])
