# SPDX-License-Identifier: Apache-2.0
"""Fixtures for all tests."""

import signal

pytest_plugins = ["tests.backends.gpfs.fixtures"]

# A shell starts what runs in its background with Ctrl-C ignored, and programs
# that tests interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
