# SPDX-License-Identifier: Apache-2.0
"""One running mm command, and what all commands share."""

import errno
import os
import time

from .failure import Failure

QUERY, DAEMON = "query", "daemon"       # needs GPFS on the node: DAEMON
EXAMINE = "Command failed. Examine previous error messages to determine cause."
BAD_NAME = set("/?$&*()`#|[]\\ \t\n")
SUFFIX = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
          "P": 1 << 50}


class Call:
    """One running command: its arguments and what it prints."""

    def __init__(self, cluster, node, argv, cwd="/", user=0):
        self.cluster = cluster
        self.node = node
        self.command = os.path.basename(argv[0])
        self.args = list(argv[1:])
        self.cwd = cwd
        self.user = user
        self.out = []
        self.err = []
        self.changes = []               # of CES exports, for the journal
        self.pause = None

    @property
    def release(self):
        return self.cluster.release

    def print(self, *lines):
        self.out.extend(lines)

    def midway(self):
        """Half of a long command is done; others may run meanwhile.

        With a fault the command waits or breaks off here: then `pause`
        raises.  The cluster may have changed when this returns.
        """
        if self.pause is None:
            return
        self.cluster.lock.release()
        try:
            self.pause()
        finally:
            self.cluster.lock.acquire()

    def parse(self, least, most, flags=(), values=()):
        """Positional arguments and options, in any order."""
        words, options = [], {}
        rest = iter(self.args)
        for word in rest:
            if word in flags:
                options[word] = True
            elif word in values:
                options[word] = next(rest, None)
                if options[word] is None:
                    self.usage(f"Missing argument for option {word}.")
            elif word.startswith("-") and word != "-":
                self.usage(f"Incorrect option: {word}")
            else:
                words.append(word)
        if len(words) < least:
            self.usage("Missing arguments.")
        if len(words) > most:
            self.usage(f"Incorrect extra argument: {words[most]}")
        return words + [None] * (most - len(words)), options

    def usage(self, text):
        raise Failure(1, f"{self.command}: {text}",
                      f"Usage: {self.command} ...")

    def filesystem(self, device):
        found = self.cluster.find(device)
        if found is None:
            raise Failure(1, f"{self.command}: File system {device} is not "
                             "known to the GPFS cluster.")
        return found

    def fileset(self, fs, name, status=errno.ENOENT):
        found = fs.fileset(name)
        if found is None:
            raise self.no_fileset(name, status)
        return found

    def no_fileset(self, name, status=errno.ENOENT):
        status = self.cluster.missing_status or status
        return Failure(status, self.release.missing_text % name)

    def absolute(self, path):
        return os.path.normpath(os.path.join(self.cwd, path))

    def by_name_or_junction(self, fs, name, options):
        """The fileset that a command names, directly or with -J."""
        if "-J" not in options:
            if name is None:
                self.usage("Missing arguments.")
            return self.fileset(fs, name)
        path = self.absolute(options["-J"])
        found = fs.at(path)
        if found is None:
            raise Failure(errno.ENOENT,
                          f"Fileset junction {path} does not exist.")
        return found


def date(seconds):
    """As ctime(3): Wed May 18 10:41:35 2016."""
    return time.ctime(seconds)


def size(text):
    """10G as bytes; a bare number is bytes (mmsetquota)."""
    suffix = text[-1:].upper()
    if suffix.isalpha():
        return int(text[:-1]) * SUFFIX[suffix]
    return int(text)
