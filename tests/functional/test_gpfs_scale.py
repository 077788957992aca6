# SPDX-License-Identifier: Apache-2.0
"""Ten thousand shares at a restart of manila-share."""

from manila_native import _native
from tests.functional.drivers import CONTEXT, make_driver, make_share

COUNT = 10000


def test_ensure_shares_of_ten_thousand(gpfs_shared_cluster):
    cluster = gpfs_shared_cluster
    driver = make_driver(cluster.settings())
    cluster.preload_filesets(COUNT, prefix="share-", quota=1 << 20,
                             used=(1024, 10))
    shares = [make_share(name=f"share-{n:05}") for n in range(1, COUNT + 1)]
    mm = "/usr/lpp/mmfs/bin/"
    cluster.nodes[0].run([mm + "mmunlinkfileset", cluster.device,
                          shares[7]["name"]], check=True)
    cluster.nodes[0].run([mm + "mmsetquota",
                          f"{cluster.device}:{shares[8]['name']}",
                          "--block", "5G:5G"], check=True)
    missing = make_share(name="share-none")
    driver.get_share_stats(refresh=True)        # connections are there
    cluster.journal.clear()
    before = _native.ssh_stats()["scripts"]
    answer = driver.ensure_shares(CONTEXT, shares + [missing])
    assert _native.ssh_stats()["scripts"] - before <= 6
    assert cluster.journal.count() <= 10
    assert answer.pop(missing["id"])["status"] == "error"
    assert len(answer) == COUNT
    assert {a["status"] for a in answer.values()} == {"available"}
    filesets = cluster.filesets()
    assert filesets[shares[7]["name"]]["path"]
    assert filesets[shares[8]["name"]]["quota"]["block_hard"] == 1 << 20
    usage = driver.update_share_usage_size(CONTEXT, shares)
    assert len(usage) == COUNT
