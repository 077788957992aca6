# SPDX-License-Identifier: Apache-2.0
"""The parent's side of tests.functional.share_manager."""

import contextlib
import json
import os
import subprocess
import sys
import threading

import pytest

from tests.backends.manila.settings import environment
from tests.functional.share_manager import QUESTION
from tests.until import until

REPOSITORY = os.path.abspath(
    os.path.join(os.path.dirname(__file__), '..', '..'))
# A Python with the other supported Manila: see the Makefile.
MANILA22 = os.path.join(
    REPOSITORY, os.environ.get('VENV22', 'build/venv-manila22'), 'bin/python')
TIMEOUT = 300       # only so that it ends at all


def backend(driver, settings):
    """All options of a back end, from those of its driver."""
    return dict(settings, share_driver=driver,
                driver_handles_share_servers=False)


class Manager:
    """One running process."""

    def __init__(self, process, directory):
        self._process = process
        self._directory = directory

    def step(self, name):
        """Let one step happen and return its report."""
        line = self._process.stdout.readline()
        if not line:
            pytest.fail(f'it ended in step "{name}":\n{self._log()}')
        report = json.loads(line)
        assert report['step'] == name
        return report

    def go_on(self):
        self._process.stdin.write('\n')
        self._process.stdin.flush()

    def see_others_run(self):
        """Other threads than that of the step, which is held meanwhile."""
        question = self._directory / QUESTION
        question.touch()
        until(lambda: not question.exists())

    def kill(self):
        """Give it no time for anything."""
        self._process.kill()
        self._process.wait()

    def finish(self):
        self._process.communicate(timeout=TIMEOUT)
        assert self._process.returncode == 0, self._log()

    def _log(self):
        return ''.join(path.read_text() for path in
                       sorted(self._directory.glob('*.log')))


@contextlib.contextmanager
def running(mode, settings, directory, story='share', python=sys.executable,
            **more):
    """A share manager that has begun with the first step of a story.

    settings: see backend().  more: options of the process; what is no
    string becomes JSON.
    """
    words = ['--mode', mode, '--story', story, '--directory', str(directory),
             '--settings', json.dumps(settings)]
    for name, value in more.items():
        words += ['--' + name.replace('_', '-'), value
                  if isinstance(value, str) else json.dumps(value)]
    with open(directory / 'stderr.log', 'w', encoding='utf-8') as stderr:
        process = subprocess.Popen(
            [python, '-m', 'tests.functional.share_manager', *words],
            cwd=REPOSITORY, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=stderr, env=environment(mode))
    # Bounds all the reads from the process below.
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    try:
        yield Manager(process, directory)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def steps(manager):
    """A function that lets the next step happen, and returns its report."""
    def step(name):
        report = manager.step(name)
        manager.go_on()
        return report
    return step
