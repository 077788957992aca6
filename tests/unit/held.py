# SPDX-License-Identifier: Apache-2.0
"""A root helper whose commands take as long as a test wants them to."""

from tests.until import until

# The loop ends by itself: who stops everybody else would never be let go.
SCRIPT = """\
#!/bin/sh
: > "$0.begun.$$"
for _ in $(seq 6000); do
    if [ -e "$0.open" ]; then
        echo "let go" >&2
        exit 5
    fi
    sleep 0.05
done
: > "$0.ended"
exit 5
"""


class HeldCommands:
    """Every command fails; with "let go" if that is why it ended."""

    def __init__(self, directory):
        self._directory = directory
        self._path = directory / 'held'
        self._path.write_text(SCRIPT)
        self._path.chmod(0o755)
        self.root_helper = [str(self._path)]

    def begun(self):
        """How many have begun in all."""
        return len([*self._directory.glob('held.begun.*')])

    def wait(self, count=1):
        """Until so many have."""
        until(lambda: self.begun() >= count)

    def let_go(self):
        self._directory.joinpath('held.open').touch()

    @property
    def ended(self):
        """Whether one came to its end by itself."""
        return self._directory.joinpath('held.ended').exists()
