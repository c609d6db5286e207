# SPDX-License-Identifier: Apache-2.0
"""The goals, and whether a run met them.

Ratios are taken within a round, where all rows saw the same machine, and their median is judged.
"""

from dataclasses import dataclass
from statistics import median


@dataclass
class Goal:
    name: str
    suite: str
    what: str
    metric: str  # of a sample, see samples.py
    unit: str
    limit: float | None  # at most this many times the floor's figure; at least, when more is better
    peer: float | None  # the same against the best peer
    peers: tuple = ("bpftrace", "perf")
    more_is_better: bool = False
    exact: float | None = None  # the figure itself, in every round
    most: float | None = None  # the figure itself, as a median


GOALS = (
    Goal("G1", "entry", "target's added CPU time per hit", "added_ns", "ns", 1.10, 0.85, ("bpftrace",)),
    Goal("G2", "call", "the same with its return", "added_ns", "ns", 1.0, 0.90, ("bpftrace",)),
    Goal("G3", "landing", "entry that begins with endbr64", "added_ns", "ns", 1.10, 0.10),
    Goal("G4", "entry", "events lost at full speed", "lost_events", "", None, None, exact=0),
    Goal("G4", "call", "calls lost at full speed", "lost_events", "", None, None, exact=0),
    Goal("G4", "marker", "markers lost at full speed", "lost_events", "", None, None, exact=0),
    Goal("G4", "getppid", "system calls lost at full speed", "lost_events", "", None, None, exact=0),
    Goal("G5", "entry", "events written as text", "events_per_s", "/s", 0.85, 2.2, more_is_better=True),
    Goal("G6", "entry", "tracer's CPU time per 300,000 events", "tracer_cpu_s", "s", 2.5, 0.4),
    Goal("G7", "marker", "target's added CPU time per marker", "added_ns", "ns", 1.10, 0.70),
    Goal("G7", "marker", "start until attached, marker", "start_ms", "ms", 1.5, 0.15),
    Goal("G9", "getppid", "added per system call, getppid", "added_ns", "ns", 1.15, 0.8,
         ("bpftrace", "perf", "strace")),
    Goal("G9", "file", "added per system call, file", "added_ns", "ns", 1.15, 0.8,
         ("bpftrace", "perf", "strace")),
    # A few ns are noise: the baseline's own rounds differ by as much.
    Goal("G10", "others-none", "added to other processes' calls, none traced", "added_ns", "ns", None, None, most=5),
    Goal("G10", "others-few", "the same, three calls traced", "added_ns", "ns", None, 1.0, ("bpftrace",), most=40),
    Goal("G10", "others-all", "the same, all calls traced", "added_ns", "ns", None, 1.0, ("bpftrace",), most=140),
    Goal("stat", "stat", "added per system call that is counted", "added_ns", "ns", None, 0.8,
         ("bpftrace", "perf", "strace")),
    Goal("stat", "stat-call", "added per call that is counted", "added_ns", "ns", None, 0.9, ("bpftrace",)),
    Goal("stat", "stat-call", "calls that were not counted", "lost_events", "", None, None, exact=0),
    Goal("G11", "entry", "start until attached, one function", "start_ms", "ms", 1.5, 0.2),
    Goal("G12", "many", "start until attached, 10,000 functions", "start_ms", "ms", 1.3, 0.4, ("bpftrace",)),
    Goal("G12", "many", "exit with 10,000 functions", "exit_ms", "ms", 1.3, 0.3, ("bpftrace",)),
    Goal("G13", "entry", "exit after the target's end", "exit_ms", "ms", 1.3, 0.25),
    Goal("G14", "entry", "peak resident set", "rss_mib", "MiB", 1.3, 0.35, ("bpftrace",)),
)


@dataclass
class Verdict:
    goal: Goal
    value: float
    limit: float | None = None
    limit_ratio: float | None = None
    peer: float | None = None
    peer_ratio: float | None = None
    peer_label: str = ""

    def reaches(self, ratio, wanted):
        if ratio is None or wanted is None:
            return None
        return ratio >= wanted if self.goal.more_is_better else ratio <= wanted

    def limit_met(self):
        return self.reaches(self.limit_ratio, self.goal.limit)

    def peer_met(self):
        return self.reaches(self.peer_ratio, self.goal.peer)

    def met(self):
        """None: nothing to compare with."""
        if self.goal.exact is not None:
            return self.value == self.goal.exact
        within = None if self.goal.most is None else self.value <= self.goal.most
        known = [met for met in (within, self.limit_met(), self.peer_met()) if met is not None]
        return all(known) if known else None


def series(results, row, metric):
    """The metric of a row, by round; rounds in which the row failed are missing."""
    return {number: sample[metric] for number, sample in results[row].items()
            if sample.get(metric) is not None}


def ratio_of(ours, others):
    """Median of the ratios of those rounds that have both; None: there is no such round."""
    shared = [ours[number] / others[number] for number in ours if others.get(number)]
    return median(shared) if shared else None


def best_peer(goal, rows, results):
    """The reference peer with the best median of this metric: (row index, series) or None."""
    found = []
    for index, row in enumerate(rows):
        if row.suite != goal.suite or row.tool.name not in goal.peers:
            continue
        values = series(results, index, goal.metric)
        if row.tool.reference and row.compared and values:
            found.append((median(values.values()), index, values))
    if not found:
        return None
    _, index, values = max(found) if goal.more_is_better else min(found)
    return index, values


def find(rows, suite, name):
    return next((index for index, row in enumerate(rows)
                 if row.suite == suite and row.tool.name == name), None)


def judge(goal, rows, results):
    """The verdict on one goal; None: it was not measured."""
    index = find(rows, goal.suite, "utrail")
    ours = series(results, index, goal.metric) if index is not None else {}
    if not ours:
        return None
    if goal.exact is not None:
        # The worst round: there is no median of losing nothing.
        return Verdict(goal, max(ours.values(), key=lambda value: abs(value - goal.exact)))
    verdict = Verdict(goal, median(ours.values()))
    index = find(rows, goal.suite, "floor")
    limits = series(results, index, goal.metric) if index is not None else {}
    if limits:
        verdict.limit, verdict.limit_ratio = median(limits.values()), ratio_of(ours, limits)
    best = best_peer(goal, rows, results)
    if best:
        index, values = best
        verdict.peer, verdict.peer_ratio = median(values.values()), ratio_of(ours, values)
        verdict.peer_label = rows[index].label
    return verdict


def judge_all(rows, results):
    verdicts = (judge(goal, rows, results) for goal in GOALS)
    return [verdict for verdict in verdicts if verdict]
