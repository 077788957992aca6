# SPDX-License-Identifier: Apache-2.0
"""How a caller waits for the native engine: as a thread or a greenthread.

Manila runs on native threads (the default since 2026.2) or on eventlet (the
default until 2026.1). Which one is known only at run time, and a process may
hold both kinds of callers: eventlet's own thread pool has no hub.
"""

import sys


def choose():
    """Return how the current caller has to wait.

    :returns: None for a thread, which may block; else a callable that takes
        a file descriptor (int) and suspends the current greenthread until
        it can be read. What the callable raises (eventlet's Timeout,
        GreenletExit) comes from eventlet.
    """
    patcher = sys.modules.get('eventlet.patcher')
    hubs = sys.modules.get('eventlet.hubs')
    if patcher is None or hubs is None:
        return None
    if not patcher.is_monkey_patched('thread'):
        return None
    hub = _hub_of_this_thread(hubs)
    greenlet = sys.modules['greenlet']
    # In a thread of eventlet.tpool there is no hub; in the hub's own
    # greenlet (a timer's callback) nothing is left to switch to.
    if hub is None or hub.greenlet is greenlet.getcurrent():
        return None
    return wait_readable


def _hub_of_this_thread(hubs):
    """The hub, or None. hubs.get_hub() would make one for any thread."""
    local = getattr(hubs, '_threadlocal', None)
    if local is None:       # not seen in eventlet 0.33 to 0.41
        return hubs.get_hub()
    return getattr(local, 'hub', None)


def wait_readable(fd):
    """Suspend the current greenthread until fd (int) can be read."""
    sys.modules['eventlet.hubs'].trampoline(fd, read=True)
