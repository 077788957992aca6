# SPDX-License-Identifier: Apache-2.0
"""How commands fail."""


class Failure(Exception):
    """A command fails: exit status and the lines it prints on stderr."""

    def __init__(self, status, *lines):
        super().__init__(status, *lines)
        self.status = status
        self.lines = lines
