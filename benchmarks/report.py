# SPDX-License-Identifier: Apache-2.0
"""Figures from samples, and how they are shown."""

import platform
import statistics
import subprocess
from dataclasses import dataclass, field

from . import processes
from .contenders import IN_TREE, OPERATIONS, OURS, PAUSED, RTTS, TITLES

ABOUT_50 = 45
RTT_S = RTTS[-1] / 1000
RTT_TOLERANCE_S = 0.0025         # a second one would add 0.010
ONE_TURN = 1.05


@dataclass
class Series:
    """All samples of one contender, operation and round trip time."""

    rounds: list = field(default_factory=list)      # lists of seconds
    turns: int = None                               # as the relay saw them

    def add(self, samples, turns):
        self.rounds.append(samples)
        if turns is not None:
            self.turns = (self.turns or 0) + turns

    @property
    def samples(self):
        return [sample for samples in self.rounds for sample in samples]

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def p25(self):
        return quantile(self.samples, 0.25)

    @property
    def p95(self):
        return quantile(self.samples, 0.95)

    @property
    def turns_each(self):
        return None if self.turns is None else self.turns / len(self.samples)

    def medians(self):
        """Of each round; None: it took no part in that."""
        return [statistics.median(samples) if samples else None
                for samples in self.rounds]


def quantile(samples, part):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def ratio(one, other):
    """Of the medians: (of all samples, least, most of a round)."""
    each = [a / b for a, b in zip(one.medians(), other.medians()) if a and b]
    return one.median / other.median, min(each), max(each)


def short(number):
    return f"{number:.2f}" if abs(number) < 10 else f"{number:.0f}"


def in_brackets(value, least, most):
    return f"{short(value)} ({short(least)}-{short(most)})"


class Report:
    """results: {(rtt, operation, contender name): Series}"""

    operations = OPERATIONS

    def __init__(self, results, facts):
        self.results = results
        self.facts = facts

    def get(self, rtt, operation, name):
        return self.results.get((rtt, operation, name))

    def text(self):
        parts = [self.facts_text()]
        for operation in self.operations:
            for rtt in RTTS:
                parts.append(self.table(rtt, operation))
        return "\n\n".join(parts + [self.claims_text()])

    def facts_text(self):
        return "\n".join(f"{name + ':':<15}{value}"
                         for name, value in self.facts.items())

    def table(self, rtt, operation):
        lines = [f"{operation}, RTT {rtt} ms",
                 f"{'':22}{'n':>4}{'p25':>8}{'median':>8}{'p95':>8} ms"
                 f"{'times ours':>18}{'trips':>6}"]
        lines += [self.row(rtt, operation, name) for name in TITLES
                  if self.get(rtt, operation, name)]
        return "\n".join(lines)

    def row(self, rtt, operation, name):
        series = self.get(rtt, operation, name)
        ours = OURS + PAUSED if name.endswith(PAUSED) else OURS
        versus = "" if name == ours else in_brackets(
            *ratio(series, self.get(rtt, operation, ours)))
        turns = series.turns_each
        turns = "" if turns is None else f"{turns:.2f}"
        return (f"{TITLES[name]:22}{len(series.samples):4}"
                f"{series.p25 * 1e3:8.2f}{series.median * 1e3:8.2f}"
                f"{series.p95 * 1e3:8.2f}{versus:>21}{turns:>6}".rstrip())

    # The claims

    def claims_text(self):
        return "\n".join(["The claims"] + [
            f"* {text}: {'yes' if holds else 'NO'}"
            for text, holds in self.claims()])

    def claims(self):
        """[(text with figures, whether it holds)]"""
        return [self.fifty(operation) for operation in OPERATIONS] + [
            self.one_turn(), self.one_rtt()]

    def fifty(self, operation):
        found = ratio(self.get(0, operation, IN_TREE),
                      self.get(0, operation, OURS))
        paused = ratio(self.get(0, operation, IN_TREE + PAUSED),
                       self.get(0, operation, OURS + PAUSED))
        return (f"at RTT 0 about 50 times faster than in-tree, {operation}:\n"
                f"  {in_brackets(*found)} times, after a pause "
                f"{in_brackets(*paused)} times", found[0] >= ABOUT_50)

    def one_turn(self):
        turns = {name: self.get(RTTS[-1], "create_share", name).turns_each
                 for name in (OURS, IN_TREE)}
        return (f"create_share is one round trip:\n  the relay saw "
                f"{turns[OURS]:.2f} (in-tree {turns[IN_TREE]:.2f})",
                turns[OURS] <= ONE_TURN)

    def one_rtt(self):
        ours = self.growth(OURS + PAUSED)
        plain = self.growth("plain shell")
        return (f"at RTT {RTTS[-1]} ms create_share costs one round trip + "
                f"the commands:\n  {ours * 1e3:.2f} ms more than at RTT 0 "
                f"(plain C, warm shell {plain * 1e3:.2f})",
                abs(ours - RTT_S) <= RTT_TOLERANCE_S)

    def growth(self, name):
        """Seconds that create_share takes longer at the greater RTT."""
        near, far = (self.get(rtt, "create_share", name) for rtt in RTTS)
        return far.p25 - near.p25

    def plain_data(self):
        """For a JSON file."""
        return {
            "facts": self.facts,
            "claims": [{"text": text.replace("\n ", ""), "holds": holds}
                       for text, holds in self.claims()],
            "series": [{
                "rtt_ms": rtt, "operation": operation, "contender": name,
                "p25_s": series.p25, "median_s": series.median,
                "p95_s": series.p95,
                "round_trips": series.turns_each, "rounds_s": series.rounds}
                for (rtt, operation, name), series in self.results.items()]}


def machine():
    """{what: text} that the figures depend on, other than the versions."""
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True)
    return {"python": platform.python_version(),
            "OpenSSH": ssh.stderr.split(",")[0].removeprefix("OpenSSH_"),
            "Linux": platform.release(),
            "commit": commit()}


def commit():
    git = subprocess.run(["git", "describe", "--always", "--dirty"],
                         capture_output=True, text=True,
                         cwd=processes.HERE)
    return git.stdout.strip() or "unknown"
