# SPDX-License-Identifier: Apache-2.0
"""`make demo` (test_share_manager has the story with kernel NFS)."""

import io
import re

import pytest

from tests.backends.gpfs import unavailable_btrfs, unavailable_ganesha
from tests.backends.manila import Manila
from tests.demo import __main__ as demo
from tests.demo.console import Console
from tests.demo.ganesha_story import CESStory, GaneshaStory
from tests.demo.tegile_story import TegileStory

ERROR = re.compile(r' ERROR \S+ \[.*')      # not the lines of tracebacks


@pytest.mark.parametrize('story, settings', [
    (GaneshaStory, demo.ganesha_backend), (CESStory, demo.ces_backend)])
def test_the_demo_with_ganesha(story, settings):
    reason = unavailable_ganesha() or unavailable_btrfs()
    if reason:
        pytest.skip(reason)
    with demo.ganesha_cluster() as cluster:
        backends = {'gpfs1': settings(cluster)}
        with Manila(backends, mode='threads') as manila:
            story(Console(), cluster, manila.client()).run()
            errors = ERROR.findall(manila.log_text())
    # only that the share is not shrunk
    assert errors
    assert all('ShareShrinking' in each for each in errors)


@pytest.mark.parametrize('mode', ['threads', 'eventlet'])
def test_the_demo_with_an_array(mode):
    with demo.make_array() as array:
        backends = {'tegile1': demo.tegile_backend(array)}
        with Manila(backends, mode=mode) as manila:
            TegileStory(Console(), array, manila.client()).run()
            errors = ERROR.findall(manila.log_text())
    # only that the share is not shrunk, and the rule that can't be
    assert len(errors) > 1
    assert all('ShareShrinking' in each or 'CIFS shares' in each
               for each in errors)


def test_it_says_why_there_is_no_second_part(monkeypatch):
    told = []
    monkeypatch.setattr(demo, 'unavailable_ganesha', lambda: 'no Ganesha')
    monkeypatch.setattr(demo, 'both', lambda console: told.append('both'))
    monkeypatch.setattr(demo, 'run', lambda console, story, *_:
                        told.append(story))
    stream = io.StringIO()
    demo.play(Console(stream))
    assert told == ['both']
    assert 'real NFS clients: no Ganesha.' in stream.getvalue()
