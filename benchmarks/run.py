#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs utrail beside its peers, on the same targets, in the same rounds.

Each round runs the untraced target and every row once; the figures are medians over the rounds, and
the goals are judged by ratios within a round. Peers are the packages of the distribution, as they
are found in PATH; those that are missing are named. Only programs started here are traced.

--chroot DIR adds the peers of another root, and holds the goals against those: a newer release than
the distribution's, made with

    debootstrap --variant=minbase --include=bpftrace,linux-perf,strace sid DIR
    mount --bind /proc DIR/proc; mount --bind /dev DIR/dev; mount --rbind /sys DIR/sys
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import goals
import rows as rows_module
import samples
import symbols
import tables

ROOT = Path(__file__).resolve().parents[1]
PEER_VERSIONS = {"bpftrace": ["bpftrace", "--version"], "perf": ["perf", "--version"],
                 "strace": ["strace", "--version"]}
TARGETS = ("hot", "hot-cet", "many", "marks", "calls")
# What is asked of files, without tracing: symbols.py.
SYMBOLS = "symbols"
# A root that another system lives in needs the kernel's file systems.
CHROOT_NEEDS = ("proc/self/status", "sys/kernel/tracing/trace", "dev/null")


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often every row runs (5)")
    parser.add_argument("--suite", action="append", choices=[*rows_module.SUITES, SYMBOLS],
                        help="only this one; repeatable")
    parser.add_argument("--only", default="", metavar="REGEX", help="only rows whose label matches")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="X times the usual number of calls")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    parser.add_argument("--chroot", metavar="DIR", help="newer peers, beneath this root")
    parser.add_argument("--build", default=ROOT / "build", type=Path, metavar="DIR", help="build directory")
    parser.add_argument("--utrail", type=Path, metavar="FILE", help="another utrail than the build's")
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for one command (120)")
    options = parser.parse_args(arguments)
    options.utrail = options.utrail or options.build / "utrail"
    if options.rounds < 1 or options.scale <= 0:
        parser.error("--rounds and --scale must be above 0")
    return options


def beneath(root, command):
    return ["chroot", root, *command] if root else command


def find_tool(name, root):
    """A peer that runs, with its version; None: there is none."""
    try:
        done = subprocess.run(beneath(root, PEER_VERSIONS[name]), capture_output=True, text=True,
                              check=False, timeout=30)
    except FileNotFoundError:
        return None
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    if done.returncode != 0 or not found:
        return None
    return rows_module.Tool(name, found[0], root)


def find_tools(chroot):
    """Ours, the limit, the peers; and the names of those that are missing."""
    tools = [rows_module.Tool("floor"), rows_module.Tool("utrail")]
    packaged = [find_tool(name, None) for name in PEER_VERSIONS]
    newer = [find_tool(name, chroot) for name in PEER_VERSIONS] if chroot else []
    missing = [name for name, tool in zip(PEER_VERSIONS, packaged) if not tool]
    missing += [f"{name} beneath {chroot}" for name, tool in zip(PEER_VERSIONS, newer) if not tool]
    replaced = {tool.name for tool in newer if tool}
    for tool in packaged:
        if tool:
            tool.reference = tool.name not in replaced
    return tools + [tool for tool in (*packaged, *newer) if tool], missing


def check_ready(options):
    for path in (options.utrail, options.build / "benchmarks/floor", options.build / "benchmarks/measure"):
        if not path.is_file():
            sys.exit(f"bench: no program at {path}; build it: ./dev build")
    if os.geteuid() != 0:
        sys.exit("bench: tracing needs root; run: sudo ./dev bench")
    for name in CHROOT_NEEDS if options.chroot else ():
        if not Path(options.chroot, name).exists():
            sys.exit(f"bench: no {name} beneath {options.chroot}; see the top of {__file__}")


def furnish(work, options):
    """Copies what runs into the work directory, which tools of another root see too."""
    programs = options.build / "benchmarks"
    for path in (programs / "floor", programs / "measure", *(programs / "targets" / t for t in TARGETS)):
        shutil.copy2(path, work)
    os.symlink(options.utrail.absolute(), Path(work, "utrail"))
    Path(work, rows_module.FILE).write_bytes(b"x" * 64)
    other = Path(work, rows_module.OTHER)
    other.write_text(rows_module.OTHER_TEXT, "utf-8")
    other.chmod(0o755)


def describe_machine(options, missing, load_before):
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    version = subprocess.run([options.utrail, "--version"], capture_output=True, text=True, check=False)
    return {"cpu": cpu[1] if cpu else platform.machine(), "cpus": os.cpu_count(),
            "kernel": platform.release(), "utrail": version.stdout.strip(), "missing": missing,
            "load_before": load_before, "load_after": os.getloadavg(), "rounds": options.rounds,
            "scale": options.scale}


def run_round(number, shop, suites, rows, results, failures, baselines, scale):
    for suite in suites:
        baseline = samples.measure_baseline(shop, suite, scale)
        baselines[suite].append(baseline)
        for index, row in enumerate(rows):
            # What failed in the first round is not tried again.
            if row.suite != suite or (index in failures and not results[index]):
                continue
            try:
                results[index][number] = samples.measure_row(shop, row, baseline)
            except samples.Failed as failure:
                failures[index] = str(failure)
    say(f"round {number + 1} done")


def print_report(machine, suites, rows, results, failures, baselines, verdicts):
    lines = list(tables.machine_lines(machine))
    for suite in suites:
        lines += tables.suite_lines(suite, rows, results, failures, baselines[suite])
    lines += tables.goal_lines(verdicts)
    print("\n".join(lines))


def main():
    options = parse_arguments(sys.argv[1:])
    check_ready(options)
    tools, missing = find_tools(options.chroot)
    suites = [suite for suite in rows_module.SUITES if suite in (options.suite or rows_module.SUITES)]
    rows = [row for suite in suites for row in rows_module.rows_of(suite, tools, options.scale)
            if re.search(options.only, row.label)]
    results, failures, baselines = [{} for _ in rows], {}, {suite: [] for suite in suites}
    load_before = os.getloadavg()
    parent = Path(options.chroot, "var/tmp") if options.chroot else None
    with tempfile.TemporaryDirectory(prefix="utrail-bench-", dir=parent) as work:
        furnish(work, options)
        shop = samples.Workshop(work, options.timeout)
        for number in range(options.rounds):
            run_round(number, shop, suites, rows, results, failures, baselines, options.scale)
    wants_symbols = SYMBOLS in (options.suite or [SYMBOLS]) and not options.only
    asked = symbols.run_all(options.rounds, options.utrail.absolute()) if wants_symbols else []
    machine = describe_machine(options, missing, load_before)
    verdicts = goals.judge_all(rows, results)
    print_report(machine, suites, rows, results, failures, baselines, verdicts)
    if asked:
        print("\n".join(["", "what files hold", *symbols.report_lines(asked)]))
    if options.json:
        report = tables.document(machine, suites, rows, results, failures, baselines, verdicts)
        report["symbols"] = list(symbols.figures(asked))
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
