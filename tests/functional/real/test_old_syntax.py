# SPDX-License-Identifier: Apache-2.0
"""gpfs_ganesha_version = 2.0 with the real daemon, which is of 4.3.

4.3 no longer knows how such an export names its clients and its FSAL.  What
it says of the rest shows that file and parser agree; who gets access is shown
by a daemon that starts with a translation (tests.backends.gpfs.oldsyntax).
"""

import re

import pytest

from tests.functional.drivers import CONTEXT, make_rule, path_of, update
from tests.functional.real import (connect, levels, live, running_cluster,
                                   share_with_file)

CONFIG = "/etc/ganesha/ganesha.conf"
NONE = {"c1": "none", "c2": "none", "c3": "none"}
FOREIGN = """EXPORT {
    Export_Id = 7;
    Path = /srv;  # the operator's
    Pseudo = /foreign;
    Access_Type = RO;
    FSAL { Name = GPFS; }
}
"""
COMPLAINT = re.compile(r"CONFIG :CRIT :Config File \(\S+:(\d+)\): (.*)")
UNKNOWN = {f"Unknown parameter ({name})" for name in (
    "Root_Access", "RW_Access", "R_Access", "NFS_Protocols",
    "Transport_Protocols")} | {
    "FSAL is not a block!", "Errors processing block (FSAL)"}
OPTIONS = ("Protocols=3:4,Transports=TCP,SecType=sys,MaxRead=65536,"
           "Anonymous_uid=-2,Squash=Root_Squash")
SERVICE = "service nfs-ganesha restart"


def start(translate):
    return running_cluster(layout="none", extra=FOREIGN, translate=translate)


def connect_old(cluster):
    return connect(cluster, "GNFS", gpfs_ganesha_version="2.0",
                   ganesha_service_name="nfs-ganesha",
                   ganesha_nfs_export_options=OPTIONS)


def assert_foreign(cluster):
    """The operator's export is there, and served."""
    for node in cluster.nodes:
        assert FOREIGN in node.read_file(CONFIG)
        assert live(node)[7] == "/srv"
        with cluster.clients[2].mount(node, "/foreign") as mount:
            mount.listdir()


@pytest.fixture(scope="module")
def translating():
    with start(translate=True) as cluster:
        yield cluster


def test_rules_come_change_and_go(translating):
    cluster = translating
    driver = connect_old(cluster)
    share = share_with_file(cluster, driver)
    path = path_of(share)
    one, two, _ = [make_rule(c.address) for c in cluster.clients]
    two["access_level"] = "ro"
    assert update(driver, share, [one, two], add=[one, two]) == []
    for version in (3, 4):
        assert levels(cluster, path, version=version) == dict(
            NONE, c1="rw", c2="ro")
    assert_foreign(cluster)
    two["access_level"] = "rw"
    net = make_rule("10.88.0.0/24", "ro")
    # "ro" below an "rw" network is what 2.0 can't, not the other way round
    assert update(driver, share, [two, net], add=[net], delete=[one],
                  update=[two]) == []
    assert levels(cluster, path) == {"c1": "ro", "c2": "rw", "c3": "ro"}
    # nothing to do: no restart
    cluster.journal.clear()
    assert update(driver, share, [two, net]) == []
    assert cluster.journal.count("service*") == 0
    driver.delete_share(CONTEXT, share)
    for node in cluster.nodes:
        assert cluster.journal.lines("service*", node=node.name) == [SERVICE]
        assert list(live(node)) == [7]
    assert_foreign(cluster)


def complaints(node, log):
    """What the parser says of our block, which is the last one."""
    text = node.read_file(CONFIG)
    first = text[:text.rindex("EXPORT\n{")].count("\n") + 1
    return {message for line, message in COMPLAINT.findall(log)
            if int(line) > first}


def test_what_the_real_parser_does_not_know():
    """The grammar is the same, but some parameters have gone."""
    with start(translate=False) as cluster:
        driver = connect_old(cluster)
        share = share_with_file(cluster, driver)
        rules = [make_rule(cluster.clients[0].address)]
        before = [len(node.ganesha.log()) for node in cluster.nodes]
        assert update(driver, share, rules, add=rules) == []
        for node, seen in zip(cluster.nodes, before):
            assert complaints(node, node.ganesha.log()[seen:]) == UNKNOWN
            assert list(live(node)) == [7]
        assert levels(cluster, path_of(share)) == NONE
        assert_foreign(cluster)
