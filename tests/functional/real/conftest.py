# SPDX-License-Identifier: Apache-2.0
"""One cluster with real parts per module, clean for every test."""

import pytest

from tests.functional.drivers import path_of
from tests.functional.real import (KINDS, connect, running_cluster,
                                   share_with_file)


@pytest.fixture(scope="module")
def started():
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(started):
    started.reset()
    return started


@pytest.fixture(params=KINDS)
def driver(cluster, request):
    return connect(cluster, request.param)


@pytest.fixture
def share(cluster, driver):
    return share_with_file(cluster, driver)


@pytest.fixture
def path(share):
    return path_of(share)
