# SPDX-License-Identifier: Apache-2.0
"""The engine under eventlet, across forks, and between threads."""

import json
import subprocess
import sys

from tests.functional import hub_gaps


def run(module, cluster):
    """The output of a test program that uses the cluster's first node."""
    node = cluster.nodes[0]
    settings = dict(host=node.address, port=node.port, login="root",
                    private_key=cluster.private_key,
                    known_hosts=[cluster.known_hosts])
    done = subprocess.run(
        [sys.executable, "-m", f"tests.functional.{module}",
         json.dumps(settings)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_eventlets_hub_never_stalls(gpfs_cluster, record_property):
    report = hub_gaps.check(
        lambda: json.loads(run("greenthreads", gpfs_cluster)),
        record_property)
    assert report["timeout"] == 10


def test_forked_children_and_their_parent(gpfs_cluster):
    assert run("forks", gpfs_cluster) == "ok"


def test_the_end_of_a_busy_process(gpfs_cluster):
    # whether the engine's thread is at work at that instant is chance
    for _ in range(10):
        assert run("exits", gpfs_cluster) == "ok"
