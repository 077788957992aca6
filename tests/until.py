# SPDX-License-Identifier: Apache-2.0
"""Waiting for what happens when it happens."""

import time

_SECONDS = 120          # only so that it ends at all
_PAUSE = 0.01


def until(condition):
    """Poll until the condition is true; gives its value."""
    deadline = time.monotonic() + _SECONDS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f'not within {_SECONDS} s'
        time.sleep(_PAUSE)
