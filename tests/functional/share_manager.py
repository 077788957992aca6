# SPDX-License-Identifier: Apache-2.0
"""Drives a real ShareManager, without the rest of Manila around it.

    python -m tests.functional.share_manager --mode eventlet \
        --directory DIRECTORY --settings JSON [--story NAME]

The steps are in share_stories and killed_stories.

The settings are the options of one back end, as in manila.conf.  The
manager's methods are called as the RPC layer would call them, in a process
that uses native threads or is patched by eventlet.  After each step a line
of JSON tells what Manila now thinks of the share, and the process waits for
a line on its standard input, so that the caller can look at the storage
meanwhile (it does not wait any more once its input is at its end).

This is also where the driver's manners are seen: while a step waits for the
storage, other threads (or greenthreads) must run.  One of them removes the
file QUESTION whenever the caller makes it.
"""

import argparse
import json
import os
import pathlib
import sys
import threading
import time

from tests.backends.manila import settings
from tests.functional import killed_stories, share_stories
from tests.functional.share_stories import HOST, HOST6, NETWORK

STORIES = {**share_stories.STORIES, **killed_stories.STORIES}
BACKEND = 'gpfs1'
RULES = [['ip', HOST, 'rw'], ['ip', NETWORK, 'ro'], ['ip', HOST6, 'ro']]
QUESTION = 'question'
TICK = 0.01


def answer(question):
    """What others do all the time."""
    while True:
        question.unlink(missing_ok=True)
        time.sleep(TICK)


def live(life):
    """Take all steps and tell about each."""
    for step in (getattr(life, name) for name in life.STEPS):
        step()
        report = {'step': step.__name__}
        report.update(life.report())
        print(json.dumps(report), flush=True)
        sys.stdin.readline()


def prepare(directory, backend, options):
    """Configuration and database, once the mode was chosen."""
    config = settings.write(directory, {backend: options})

    from manila import coordination

    from tests.backends.manila import database, server
    server.configure(config)
    database.prepare()
    coordination.LOCK_COORDINATOR.start()


def arguments():
    parser = argparse.ArgumentParser(
        prog='python -m tests.functional.share_manager')
    parser.add_argument('--mode', choices=settings.MODES, required=True)
    parser.add_argument('--settings', type=json.loads, required=True,
                        help='options of the back end, as a JSON object')
    parser.add_argument('--story', choices=STORIES, default='share')
    parser.add_argument('--backend', default=BACKEND,
                        help='its name; default: %(default)s')
    parser.add_argument('--pool', help='default: the name of the back end')
    parser.add_argument('--protocol', choices=('NFS', 'CIFS'), default='NFS')
    parser.add_argument('--rules', type=json.loads, default=RULES,
                        help='to be allowed: [[type, client, level]] as JSON')
    parser.add_argument('--directory', required=True,
                        help='for the configuration, database and log')
    parser.add_argument('--extra-specs', type=json.loads, default={},
                        help='of the share type, as a JSON object')
    return parser.parse_args()


def main():
    options = arguments()
    os.environ.update(settings.environment(options.mode))
    import manila.cmd  # noqa: F401  (chooses threads or eventlet)

    prepare(options.directory, options.backend, options.settings)
    question = pathlib.Path(options.directory, QUESTION)
    threading.Thread(target=answer, args=(question,), daemon=True).start()
    try:
        live(STORIES[options.story](
            options.backend, options.pool or options.backend,
            options.protocol, options.rules, options.extra_specs))
    finally:
        from manila import coordination
        coordination.LOCK_COORDINATOR.stop()


if __name__ == '__main__':
    main()
