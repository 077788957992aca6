# SPDX-License-Identifier: Apache-2.0
"""Output of the demo: numbered steps, each with its duration."""

import sys
import time

WIDTH = 76
BOLD, GREEN, RED, PLAIN = '\033[1m', '\033[32m', '\033[31m', '\033[0m'


class Console:
    """Prints; remembers the steps for the summary."""

    def __init__(self, stream=sys.stdout):
        self._stream = stream
        self._colour = stream.isatty()
        self._started = time.monotonic()
        self.steps = []

    def say(self, text=''):
        self._stream.write(text + '\n')
        self._stream.flush()

    def detail(self, name, text):
        """A line about what stands somewhere."""
        self.say(f'     {name:9} {text}')

    def run(self, title, action):
        """Carry out one step, print and return what it gives."""
        self.steps.append(title)
        label = f'{len(self.steps):2}.  {title} '
        self._stream.write(self._paint(BOLD, label))
        self._stream.flush()
        started = time.monotonic()
        try:
            result = action()
        except BaseException:
            self.say()
            raise
        seconds = '%.2f s' % (time.monotonic() - started)
        dots = '.' * (WIDTH - len(label) - len(seconds) - 1)
        self.say(f'{dots} {self._paint(GREEN, seconds)}')
        return result

    def elapsed(self):
        return time.monotonic() - self._started

    def success(self, text):
        self.say(self._paint(GREEN, text))

    def failure(self, text):
        self.say(self._paint(RED, text))

    def _paint(self, colour, text):
        return colour + text + PLAIN if self._colour else text
