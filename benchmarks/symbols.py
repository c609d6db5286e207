#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a file holds: utrail beside nm, readelf, gdb, perf and bpftrace (goals G15 to G17).

    benchmarks/symbols.py [--rounds N] [--functions FILE] [--markers FILE] [--types FILE:FUNCTION]

G15 lists all functions, G16 all USDT probes, G17 tells the parameters of one function of a file with
(packed) debug information. Files that are not named are looked for: libjvm, libLLVM. Every round runs
each command once; printed are medians, and the median of the ratios within a round, by CPU time, which
other work on the machine disturbs less than the time that passes.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 120


@dataclass
class Row:
    goal: str
    tool: str
    words: list
    samples: list = field(default_factory=list)  # (wall ms, CPU ms, MiB), None: it failed


def first(*patterns):
    return next((path for pattern in patterns for path in sorted(glob.glob(pattern))), None)


def rows_of(options):
    functions, markers, types = options.functions, options.markers, options.types
    utrail = str(options.utrail)
    rows = []
    if functions:
        rows += [Row("G15", "utrail", [utrail, "list", functions, "call:*"]),
                 Row("G15", "nm", ["nm", "-D", "--defined-only", functions]),
                 Row("G15", "nm -C", ["nm", "-DC", "--defined-only", functions]),
                 Row("G15", "readelf", ["readelf", "-sW", functions]),
                 Row("G15", "perf", ["perf", "probe", "-q", "-x", functions, "-F"]),
                 Row("G15", "bpftrace", ["bpftrace", "-l", f"uprobe:{functions}:*"])]
    if markers:
        rows += [Row("G16", "utrail", [utrail, "list", markers, "usdt:*"]),
                 Row("G16", "readelf", ["readelf", "-n", markers]),
                 Row("G16", "bpftrace", ["bpftrace", "-l", f"usdt:{markers}:*"])]
    if types:
        path, name = types.rsplit(":", 1)
        rows += [Row("G17", "utrail", [utrail, "list", path, name]),
                 Row("G17", "gdb", ["gdb", "-nx", "-batch", "-ex", f"ptype {name}", path]),
                 Row("G17", "bpftrace", ["bpftrace", "-lv", f"uprobe:{path}:{name}"])]
    return [row for row in rows if row.tool == "utrail" or shutil.which(row.words[0])]


def measure(words):
    """(wall ms, CPU ms, peak MiB) of one command; None: it failed, or took too long."""
    start = time.monotonic()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
    if status:
        return None
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024


def ratio(row, other):
    shared = [a[1] / b[1] for a, b in zip(row.samples, other.samples) if a and b and b[1]]
    return f"{median(shared):8.2f}" if shared else "       -"


def report(rows):
    print(f"{'goal':<5}{'tool':<10}{'wall ms':>10}{'CPU ms':>10}{'MiB':>8}{'utrail/it':>11}")
    for row in rows:
        good = [sample for sample in row.samples if sample]
        ours = next(r for r in rows if r.goal == row.goal and r.tool == "utrail")
        if not good:
            print(f"{row.goal:<5}{row.tool:<10}    failed: {' '.join(row.words)}")
            continue
        wall, cpu, mib = (median(column) for column in zip(*good))
        print(f"{row.goal:<5}{row.tool:<10}{wall:>10.1f}{cpu:>10.1f}{mib:>8.1f}   {ratio(ours, row)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    libjvm = first("/usr/lib/jvm/*/lib/server/libjvm.so")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often every command runs (5)")
    parser.add_argument("--functions", metavar="FILE", default=first("/usr/lib/*/libLLVM*.so*") or libjvm)
    parser.add_argument("--markers", metavar="FILE", default=libjvm)
    parser.add_argument("--types", metavar="FILE:FUNCTION", default=libjvm and f"{libjvm}:JNI_CreateJavaVM")
    parser.add_argument("--utrail", type=Path, default=ROOT / "build" / "utrail", metavar="FILE")
    options = parser.parse_args()
    rows = rows_of(options)
    if not rows or options.rounds < 1:
        parser.error("nothing to measure: name files")
    for _ in range(options.rounds):
        for row in rows:
            row.samples.append(measure(row.words))
    report(rows)
    return 0 if all(any(row.samples) for row in rows if row.tool == "utrail") else 1


if __name__ == "__main__":
    sys.exit(main())
