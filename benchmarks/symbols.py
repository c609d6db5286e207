#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a file holds: utrail beside nm, readelf, gdb, perf and bpftrace (goals G15 to G17).

    benchmarks/symbols.py [--rounds N] [--functions FILE] [--markers FILE] [--types FILE:FUNCTION]

G15 lists all functions, G16 all USDT probes, G17 tells the parameters of one function of a file with
(packed) debug information. Files that are not named are looked for: libjvm, libLLVM. Every round runs
each command once; printed are medians, and the median of the ratios within a round, by CPU time, which
other work on the machine disturbs less than the time that passes. It is that of all processes of a command, also of
those that it has not waited for (utrail's symbolizer). "utrail" finds a new folder for its cache each
time, and keeps there what it keeps; "utrail, again" has one folder for all rounds, and finds what its
first one has left. The goals are held against both.

./dev bench runs this, too: --suite symbols runs nothing else.
"""

import argparse
import ctypes
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 120
PR_SET_CHILD_SUBREAPER = 36
AGAIN = "utrail, again"


@dataclass
class Row:
    goal: str
    tool: str
    words: list
    wanted: float | None = None  # utrail's CPU time is to be at most this part of it
    samples: list = field(default_factory=list)  # (wall ms, CPU ms, MiB), None: it failed


def first(*patterns):
    return next((path for pattern in patterns for path in sorted(glob.glob(pattern))), None)


def rows_of(options):
    functions, markers, types = options.functions, options.markers, options.types
    utrail = str(options.utrail)
    rows = []
    if functions:
        rows += [Row("G15", "utrail", [utrail, "list", functions, "call:*"]),
                 Row("G15", AGAIN, [utrail, "list", functions, "call:*"]),
                 Row("G15", "nm", ["nm", "-D", "--defined-only", functions]),
                 Row("G15", "nm -C", ["nm", "-DC", "--defined-only", functions], 0.2),
                 Row("G15", "readelf", ["readelf", "-sW", functions]),
                 Row("G15", "perf", ["perf", "probe", "-q", "-x", functions, "-F"], 0.1),
                 Row("G15", "bpftrace", ["bpftrace", "-l", f"uprobe:{functions}:*"])]
    if markers:
        rows += [Row("G16", "utrail", [utrail, "list", markers, "usdt:*"]),
                 Row("G16", AGAIN, [utrail, "list", markers, "usdt:*"]),
                 Row("G16", "true", ["/bin/true"]),
                 Row("G16", "readelf", ["readelf", "-n", markers]),
                 Row("G16", "bpftrace", ["bpftrace", "-l", f"usdt:{markers}:*"], 0.05)]
    if types:
        path, name = types.rsplit(":", 1)
        rows += [Row("G17", "utrail", [utrail, "list", path, name]),
                 Row("G17", AGAIN, [utrail, "list", path, name]),
                 Row("G17", "gdb", ["gdb", "-nx", "-batch", "-ex", f"ptype {name}", path]),
                 Row("G17", "bpftrace", ["bpftrace", "-lv", f"uprobe:{path}:{name}"], 0.5)]
    return [row for row in rows if row.tool.startswith("utrail") or shutil.which(row.words[0])]


def measure(words, home):
    """(wall ms, CPU ms, peak MiB) of one command; None: it failed, or took too long."""
    start = time.monotonic()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "XDG_CACHE_HOME": home})
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() - start > TIMEOUT_S:
            process.kill()
            os.wait4(process.pid, 0)
            return None
        time.sleep(0.0005)
    wall = time.monotonic() - start
    process.returncode = status
    usages = [usage, *adopted_usages()]
    if status:
        return None
    return wall * 1e3, sum(u.ru_utime + u.ru_stime for u in usages) * 1e3, max(u.ru_maxrss for u in usages) / 1024


def adopted_usages():
    """What processes have used that were left behind; they are ours since run() has said so."""
    while True:
        try:
            yield os.wait4(-1, 0)[2]
        except ChildProcessError:
            return


def ratio_of(row, other):
    """Median over the rounds; None: there is no round that has both."""
    shared = [a[1] / b[1] for a, b in zip(row.samples, other.samples) if a and b and b[1]]
    return median(shared) if shared else None


def medians(row):
    """(wall ms, CPU ms, MiB); None: it failed each time."""
    good = [sample for sample in row.samples if sample]
    return [median(column) for column in zip(*good)] if good else None


def is_met(ratio, wanted):
    return ratio <= wanted if ratio is not None and wanted else None


def figures(rows):
    """One dictionary for each row, as JSON has it."""
    for row in rows:
        ours = next(r for r in rows if r.goal == row.goal and r.tool == "utrail")
        again = next(r for r in rows if r.goal == row.goal and r.tool == AGAIN)
        values, ratio, ratio_again = medians(row), ratio_of(ours, row), ratio_of(again, row)
        yield {"goal": row.goal, "tool": row.tool, "command": [str(word) for word in row.words],
               **dict(zip(("wall_ms", "cpu_ms", "rss_mib"), values or ())),
               "ratio": ratio, "ratio_again": ratio_again, "wanted": row.wanted,
               "met": is_met(ratio, row.wanted), "met_again": is_met(ratio_again, row.wanted)}


def ratio_text(ratio, width):
    return f"{ratio:{width}.3f}" if ratio is not None else f"{'-':>{width}}"


def verdict_text(row):
    if row["met"] is None or row["met_again"] is None:
        return ""
    return f"  <= {row['wanted']:<5}{'met' if row['met'] else 'MISSED'}, again {'met' if row['met_again'] else 'MISSED'}"


def report_lines(rows):
    yield f"{'goal':<5}{'tool':<15}{'wall ms':>10}{'CPU ms':>10}{'MiB':>8}{'utrail/it':>11}{'again/it':>10}"
    for row in figures(rows):
        if "cpu_ms" not in row:
            yield f"{row['goal']:<5}{row['tool']:<15}    failed: {' '.join(row['command'])}"
            continue
        yield (f"{row['goal']:<5}{row['tool']:<15}{row['wall_ms']:>10.1f}{row['cpu_ms']:>10.1f}{row['rss_mib']:>8.1f}"
               f"{ratio_text(row['ratio'], 11)}{ratio_text(row['ratio_again'], 10)}{verdict_text(row)}")


def run(rows, rounds):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryDirectory(prefix="utrail-bench-") as home:
        for _ in range(rounds):
            for row in rows:
                with tempfile.TemporaryDirectory(prefix="utrail-bench-") as new:
                    row.samples.append(measure(row.words, home if row.tool == AGAIN else new))


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    libjvm = first("/usr/lib/jvm/*/lib/server/libjvm.so")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often every command runs (5)")
    parser.add_argument("--functions", metavar="FILE", default=first("/usr/lib/*/libLLVM*.so*") or libjvm)
    parser.add_argument("--markers", metavar="FILE", default=libjvm)
    parser.add_argument("--types", metavar="FILE:FUNCTION", default=libjvm and f"{libjvm}:JNI_CreateJavaVM")
    parser.add_argument("--utrail", type=Path, default=ROOT / "build" / "utrail", metavar="FILE")
    return parser


def run_all(rounds, utrail):
    """The rows with files as they are found, for run.py; none: there are no such files."""
    rows = rows_of(make_parser().parse_args(["--utrail", str(utrail)]))
    run(rows, rounds)
    return rows


def main():
    parser = make_parser()
    options = parser.parse_args()
    rows = rows_of(options)
    if not rows or options.rounds < 1:
        parser.error("nothing to measure: name files")
    run(rows, options.rounds)
    print("\n".join(report_lines(rows)))
    return 0 if all(any(row.samples) for row in rows if row.tool == "utrail") else 1


if __name__ == "__main__":
    sys.exit(main())
