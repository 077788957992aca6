# SPDX-License-Identifier: Apache-2.0
"""Figures of the drivers of the array, and how they are shown."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from . import report
from .array_contenders import OPERATIONS, PLAIN, TITLES
from .contenders import IN_TREE, OURS, RTTS
from .report import in_brackets, ratio

AT_MOST_OF_PLAIN = 1.25
HEADING = (f"{'':18}{'n':>4}{'p25':>8}{'median':>8}{'p95':>8} ms"
           f"{'times ours':>19}{'requests':>9}{'conn.':>6}{'trips':>7}"
           f"{'CPU':>9}{'array':>7}{'its CPU':>8} ms")


@dataclass
class Series(report.Series):
    """All samples of one contender, operation and round trip time."""

    totals: Counter = field(default_factory=Counter)

    def add(self, samples, counters):
        super().add(samples, counters.get("trips"))
        self.totals.update(counters)

    def each(self, counter):
        return self.totals[counter] / len(self.samples)


class Report(report.Report):
    """results: {(rtt, operation, contender name): Series}"""

    operations = OPERATIONS

    def table(self, rtt, operation):
        return "\n".join([f"{operation}, RTT {rtt} ms", HEADING] + [
            self.row(rtt, operation, name) for name in TITLES])

    def row(self, rtt, operation, name):
        series = self.get(rtt, operation, name)
        versus = "" if name == OURS else in_brackets(
            *ratio(series, self.get(rtt, operation, OURS)))
        trips = series.turns_each
        trips = "" if trips is None else f"{trips:.2f}"
        return (f"{TITLES[name]:18}{len(series.samples):4}"
                f"{series.p25 * 1e3:8.2f}{series.median * 1e3:8.2f}"
                f"{series.p95 * 1e3:8.2f}{versus:>22}"
                f"{series.each('requests'):9.2f}"
                f"{series.each('connections'):6.2f}{trips:>7}"
                f"{series.each('cpu_s') * 1e3:9.2f}"
                f"{series.each('array_s') * 1e3:7.2f}"
                f"{series.each('array_cpu_s') * 1e3:8.2f}".rstrip())

    # The claims

    def claims(self):
        """[(text with figures, whether it holds)]"""
        return [self.no_connections(), self.faster(RTTS[0]),
                self.faster(RTTS[-1]), self.bound(RTTS[-1])]

    def no_connections(self):
        most = max(self.get(rtt, operation, OURS).each("connections")
                   for rtt in RTTS for operation in OPERATIONS)
        return (f"no operation opens a connection:\n  {most:.2f} at most",
                most == 0)

    def faster(self, rtt):
        found = {operation: ratio(self.get(rtt, operation, IN_TREE),
                                  self.get(rtt, operation, OURS))
                 for operation in OPERATIONS}
        return (f"at RTT {rtt} ms faster than in-tree:\n  " + "\n  ".join(
            f"{operation}: {in_brackets(*each)} times"
            for operation, each in found.items()),
            all(each[0] > 1 for each in found.values()))

    def bound(self, rtt):
        """Of plain C, which knows beforehand what to send."""
        most = max(
            statistics.median(self.get(rtt, operation, OURS).samples)
            / statistics.median(self.get(rtt, operation, PLAIN).samples)
            for operation in OPERATIONS)
        return (f"at RTT {rtt} ms no more than {AT_MOST_OF_PLAIN} times what "
                f"plain C takes:\n  {most:.2f} times at most",
                most <= AT_MOST_OF_PLAIN)
