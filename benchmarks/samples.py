# SPDX-License-Identifier: Apache-2.0
"""Runs one row once and makes figures of it.

A sample is a dictionary:
    added_ns        target's time per call above the untraced baseline: CPU, or wall if it sleeps
    added_wall_ns   the same by the wall clock
    delivered       events in the text; lost_events: the target's own count minus these, below 0
                    when there were more, as where a process's start makes the same calls
    events_per_s    events delivered, by the time from the first call until the text was complete
    tracer_cpu_s    CPU time of the tracer without the target, for 300,000 delivered events
    rss_mib         biggest resident set of the tracer or a child of it
    start_ms        from the start of the tracer until the target's first call
    exit_ms         from the target's last call until the tracer is gone
"""

import json
import os
import re
import subprocess
from pathlib import Path

import rows as rows_module

CPU_EVENTS = 300_000
REPORT = "report.json"
RUN = "measure.json"
TEXT_RUN = "measure-text.json"
STDOUT = "stdout.out"
STDERR = "stderr.out"


class Failed(Exception):
    """The command did not do its work; the text says what it printed."""


class Workshop:
    """The work directory, and how commands run in it."""

    def __init__(self, work, timeout):
        self.work = Path(work)
        self.timeout = timeout

    def path(self, name):
        return self.work / name

    def start(self, command, root, report, stdout, environment=None):
        """Runs it under `measure`, and returns what that wrote."""
        beneath = ["-r", root] if root else []
        line = ["./measure", *beneath, "-t", str(self.timeout), report, *command]
        variables = {**os.environ, "HOME": self.home(root), "UTRAIL_BENCH_REPORT": REPORT,
                     "NO_COLOR": "1", "LC_ALL": "C", **(environment or {})}
        with open(self.path(stdout), "wb") as out, open(self.path(STDERR), "ab") as err:
            subprocess.run(line, cwd=self.work, env=variables, stdin=subprocess.DEVNULL,
                           stdout=out, stderr=err, check=False)
        return self.read(report)

    def home(self, root):
        """perf keeps copies of files there, under the names that they have beneath its root."""
        folder = self.work / ("home-beneath" if root else "home")
        folder.mkdir(exist_ok=True)
        return "/" + str(folder.relative_to(root)) if root else str(folder)

    def read(self, name):
        try:
            return json.loads(self.path(name).read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def clean(self):
        for name in (REPORT, RUN, TEXT_RUN, STDOUT, STDERR, rows_module.TEXT, "perf.data", "perf.data.old"):
            self.path(name).unlink(missing_ok=True)

    def said(self):
        """The last words of a command that failed."""
        texts = (self.path(name).read_bytes()[-400:] for name in (STDERR, STDOUT)
                 if self.path(name).exists())
        return " | ".join(b" | ".join(texts).decode("utf-8", "replace").split("\n"))[-500:]


def count_lines(path, pattern):
    if not path.exists():
        return 0
    found = re.finditer(pattern.encode(), path.read_bytes(), re.MULTILINE)
    return sum(int(match["count"]) if "count" in match.re.groupindex else 1 for match in found)


def measure_baseline(shop, suite, scale):
    """The untraced target: nanoseconds of CPU and of wall time per call."""
    name, calls = rows_module.SUITES[suite]
    shop.clean()
    shop.start([*f"./{name}".split(), str(rows_module.scaled(calls, scale))], None, RUN, STDOUT)
    report = shop.read(REPORT)
    if not report:
        raise Failed(f"{name}: {shop.said()}")
    return report["cpu_ns"] / report["calls"], report["wall_ns"] / report["calls"]


def figures(row, baseline, run, report, text_run, delivered):
    """What the reports of `measure` and of the target say, as a sample."""
    calls = report["calls"]
    base_cpu, base_wall = baseline
    added_wall = report["wall_ns"] / calls - base_wall
    text_ns = text_run["end_ns"] - text_run["start_ns"] if text_run else 0
    busy_ns = run["end_ns"] - report["start_ns"] + text_ns
    cpu_s = run["cpu_s"] - report["process_cpu_s"]
    return {
        "added_ns": added_wall if row.sleeps else report["cpu_ns"] / calls - base_cpu,
        "added_wall_ns": added_wall,
        "calls": calls,
        "delivered": delivered,
        "lost_events": calls - delivered,
        "events_per_s": delivered / (busy_ns / 1e9),
        "tracer_cpu_s": cpu_s * CPU_EVENTS / delivered if delivered else None,
        "rss_mib": run["rss_kib"] / 1024,
        "start_ms": (report["start_ns"] - run["start_ns"]) / 1e6,
        "exit_ms": (run["end_ns"] - report["end_ns"]) / 1e6,
    }


def prepare(shop, row):
    """Steps before the run; their failure shows in the run itself."""
    for command in row.before:
        shop.start(command, row.tool.root, TEXT_RUN, STDOUT)


def measure_row(shop, row, baseline):
    shop.clean()
    try:
        prepare(shop, row)
        shop.path(STDERR).unlink(missing_ok=True)
        run = shop.start(row.command, row.tool.root, RUN, STDOUT, row.environment)
        report, text_run = shop.read(REPORT), None
        if not run or not report or run["status"] != 0:
            raise Failed(f"exit {run and run['status']}: {shop.said()}")
        if row.text:
            text_run = shop.start(row.text, row.tool.root, TEXT_RUN, rows_module.TEXT)
        delivered = sum(count_lines(shop.path(name), row.pattern) for name in (rows_module.TEXT, STDOUT))
        return figures(row, baseline, run, report, text_run, delivered // row.lines)
    finally:
        for command in row.after:
            shop.start(command, row.tool.root, TEXT_RUN, STDOUT)
