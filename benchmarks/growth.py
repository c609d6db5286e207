#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does it stay flat (goal G19)? utrail with more and more threads, functions, processes and files.

    benchmarks/growth.py [--rounds N] [--calls N] [--axis threads|sites|processes|modules] [--json FILE]

Every row makes the same number of calls, each of which is an event. Figures are the target's CPU time
that an event adds, the tracer's CPU time for one without that of its start and end (a run of a tenth
of the calls is taken away), that start and end ("fixed", and what each further one adds to it), and
the tracer's peak resident set. An axis is judged by the ratio to its smallest row
within a round, memory by what each further one adds. A hundred processes that want to run leave the
reader little of a small machine, and then the ring overflows: calls must be events or counted as lost.
Files that the target maps are looked through while it goes on, so that the tracer's time for an event
has some of that.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
FLAT = 1.3  # an event may cost so many times that of the smallest row
MEMORY_KIB = {"threads": None, "sites": 1.0, "processes": 4.0, "modules": None}  # most that each further one may take
COUNTS = {"threads": (1, 2, 4, 8, 16), "sites": (1, 10, 100, 1000, 10000), "processes": (1, 10, 100, 1000),
          "modules": (1, 10, 100, 1000, 10000)}
TIMEOUT_S = 120


@dataclass
class Row:
    axis: str
    count: int
    samples: list = field(default_factory=list)

    def target(self, calls):
        if self.axis == "sites":
            return ["./many", str(self.count), str(calls)]
        return ["./crowd", self.axis, str(self.count), str(calls)]

    def options(self):
        if self.axis == "sites":
            digits = len(str(self.count)) - 1
            return ["--max-probes", "20000", "-e", "uprobe:many:f" + "0" * (4 - digits) + "?" * digits]
        if self.axis == "modules":
            # Of no file in particular: each is looked through as it is mapped.
            return ["-e", "uprobe:crowd:f", "-e", "?uprobe:no_such_function"]
        return ["-e", "uprobe:crowd:f", *(["-f"] if self.axis == "processes" else [])]


class Failed(Exception):
    """What went wrong, in words."""


def run(work, words):
    """Reports of `measure` and of the target, which are its only words on standard output."""
    done = subprocess.run(["./measure", "-t", str(TIMEOUT_S), "run.json", *words], cwd=work, check=False,
                          capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    found = re.search(r'\{"calls".*\}', done.stdout)
    if not found:
        raise Failed(f"{' '.join(words)}: {done.stderr[-300:]}")
    lost = re.search(r"(\d+) lost, (\d+) missed", done.stderr)
    return (json.loads(Path(work, "run.json").read_text("utf-8")), json.loads(found[0]),
            sum(map(int, lost.groups())) if lost else 0)


def traced(work, row, calls):
    ran, told, lost = run(work, ["./utrail", "-o", "text.out", *row.options(), "--", *row.target(calls)])
    events = len(re.findall(rb" (?:many|crowd):f\d*\(number=", Path(work, "text.out").read_bytes()))
    if events + lost != told["calls"]:
        raise Failed(f"{row.axis} {row.count}: {told['calls']} calls, {events} events, {lost} lost")
    return ran, told, events


def sample(work, row, calls):
    _, bare, _ = run(work, row.target(calls))
    ran, told, events = traced(work, row, calls)
    small_ran, small_told, small_events = traced(work, row, calls // 10)
    tracer_s = (ran["cpu_s"] - told["process_cpu_s"]) - (small_ran["cpu_s"] - small_told["process_cpu_s"])
    children_s = 0.0
    if row.axis == "processes":
        # The target's report of itself leaves out its children: their calls are what `cpu_ns` is.
        children_s = (told["cpu_ns"] - small_told["cpu_ns"]) / 1e9
    # Start and end, and what is done for each thread, process or file.
    fixed_s = small_ran["cpu_s"] - small_told["process_cpu_s"]
    return {"fixed_ms": fixed_s * 1e3, "added_ns": told["cpu_ns"] / told["calls"] - bare["cpu_ns"] / bare["calls"],
            "tracer_ns": (tracer_s - children_s) * 1e9 / (events - small_events),
            "rss_kib": ran["rss_kib"], "lost": told["calls"] - events}


def ratio(row, smallest, metric):
    pairs = [(one[metric], other[metric]) for one, other in zip(row.samples, smallest.samples)]
    known = [one / other for one, other in pairs if other > 0]
    return median(known) if known else None


def middle(row, metric):
    return median(sample[metric] for sample in row.samples)


def memory_each(row, smallest):
    """KiB that each one more has taken; None for the smallest."""
    more = row.count - smallest.count
    return (middle(row, "rss_kib") - middle(smallest, "rss_kib")) / more if more else None


def judged(row, smallest):
    each, most = memory_each(row, smallest), MEMORY_KIB[row.axis]
    # A page or two of noise is much where there are few; and what is told is what is judged.
    heavy = most and each is not None and row.count >= 1000 and round(each, 2) > most
    steep = (ratio(row, smallest, "added_ns") or 0) > FLAT
    return " ".join(word for word, is_so in (("STEEP", steep), ("HEAVY", heavy)) if is_so) or "flat"


def lines(axis, rows):
    smallest = rows[0]
    yield f"{axis}: an event at most {FLAT} times the smallest row's" + (
        f", at most {MEMORY_KIB[axis]:g} KiB each" if MEMORY_KIB[axis] else "")
    yield (f"  {'count':>6}{'added ns':>10}{'x':>7}{'tracer ns':>11}{'x':>7}{'fixed ms':>10}{'us each':>9}{'RSS MiB':>9}"
           f"{'KiB each':>10}{'lost':>8}")
    for row in rows:
        each, more = memory_each(row, smallest), row.count - smallest.count
        us = (middle(row, "fixed_ms") - middle(smallest, "fixed_ms")) * 1e3 / more if more else 0
        yield (f"  {row.count:>6}{middle(row, 'added_ns'):>10.0f}{ratio(row, smallest, 'added_ns') or 0:>7.2f}"
               f"{middle(row, 'tracer_ns'):>11.0f}{ratio(row, smallest, 'tracer_ns') or 0:>7.2f}"
               f"{middle(row, 'fixed_ms'):>10.0f}{f'{us:.0f}' if more else '-':>9}{middle(row, 'rss_kib') / 1024:>9.1f}{'-' if each is None else f'{each:.2f}':>10}{middle(row, 'lost'):>8.0f}"
               f"  {judged(row, smallest)}")
    yield ""


def furnish(work, build, utrail, wants_files):
    for path in (build / "benchmarks/measure", build / "benchmarks/targets/many", build / "benchmarks/targets/crowd"):
        if not path.is_file():
            sys.exit(f"growth: no program at {path}; build it: ./dev build")
        shutil.copy2(path, work)
    os.symlink(utrail.absolute(), Path(work, "utrail"))
    if not wants_files:
        return
    Path(work, "leaf").mkdir()
    leaf = Path(build, "benchmarks/targets/leaf.so").read_bytes()
    for number in range(max(COUNTS["modules"])):
        Path(work, "leaf", str(number)).write_bytes(leaf)


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often every row runs (5)")
    parser.add_argument("--calls", type=int, default=300_000, metavar="N", help="of a row (300000)")
    parser.add_argument("--axis", action="append", choices=list(COUNTS), help="only this one; repeatable")
    parser.add_argument("--build", default=ROOT / "build", type=Path, metavar="DIR", help="build directory")
    parser.add_argument("--utrail", type=Path, metavar="FILE", help="another utrail than the build's")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser


def main():
    options = make_parser().parse_args()
    if os.geteuid() != 0:
        sys.exit("growth: tracing needs root")
    axes = {axis: [Row(axis, count) for count in COUNTS[axis]] for axis in options.axis or COUNTS}
    with tempfile.TemporaryDirectory(prefix="utrail-growth-") as work:
        furnish(work, options.build, options.utrail or options.build / "utrail", "modules" in axes)
        for _ in range(options.rounds):
            for rows in axes.values():
                for row in rows:
                    row.samples.append(sample(work, row, options.calls))
    for axis, rows in axes.items():
        print("\n".join(lines(axis, rows)))
    if options.json:
        figures = [{"axis": row.axis, "count": row.count, "samples": row.samples}
                   for rows in axes.values() for row in rows]
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"growth: {failure}")
