# SPDX-License-Identifier: Apache-2.0
"""Requests of the test process to the simulator's processes."""

import base64

from . import wire


class SimulatorError(Exception):
    """The simulator cannot start or cannot do what it was asked."""


def encode(data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    return base64.b64encode(data).decode()


def decode(text, binary=False):
    data = base64.b64decode(text)
    return data if binary else data.decode("utf-8", "surrogateescape")


class Caller:
    """Requests to one of the simulator's processes."""

    def __init__(self, path):
        self._path = path

    def _call(self, op, /, **arguments):
        try:
            return wire.call(self._path, op, **arguments)
        except RuntimeError as error:
            raise SimulatorError(str(error)) from None
        except (OSError, ValueError) as error:
            raise SimulatorError(f"the simulator is gone: {error}") from None
