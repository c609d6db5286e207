# SPDX-License-Identifier: Apache-2.0
"""-c and -C: the table of system calls is the target's own count, and strace's."""

import os
import re
import subprocess

from still import stand_still
from utrail import *

ROUNDS, THREADS = 300, 4
# What strace -c does not count: they do not return.
ONE_WAY = ("exit", "exit_group")


def rows_of(trace):
    return {r["name"]: r for r in trace.records if r["type"] == "count"}


def check_row(row):
    """The parts of a row agree with each other."""
    times = row.get("histogram", [])
    timed = sum(int(b["calls"]) for b in times)
    if not times:
        same(row["total_ns"], "0", f"time of {row['name']}, whose calls have none")
        return
    same(timed, row["calls"], f"calls in the histogram of {row['name']}")
    total, least, most = (int(row[k]) for k in ("total_ns", "min_ns", "max_ns"))
    ensure(least * timed <= total <= most * timed, f"times of {row}")
    ensure(times[0]["from_ns"] <= least, f"shortest of {row}")
    ensure(least < 2 * max(times[0]["from_ns"], 1), f"shortest of {row}")
    ensure(times[-1]["from_ns"] <= most < 2 * max(times[-1]["from_ns"], 1), f"longest of {row}")
    low = sum(b["from_ns"] * b["calls"] for b in times)
    ensure(low <= total < 2 * low + 2 * timed, f"the sum of {row} is not that of its histogram")


def check_all(trace):
    rows = rows_of(trace)
    for row in rows.values():
        check_row(row)
    same(int(trace.records[-1]["counted"]), sum(r["calls"] for r in rows.values()), "calls counted")
    return rows


def own_count():
    """Four threads count their calls themselves, all of which fail."""
    target, trace = trace_target("conditions", [ROUNDS, THREADS], [], "-c")
    trace.check_nothing_lost()
    same({r["type"] for r in trace.records}, {"header", "count", "summary"}, "what is written")
    rows = check_all(trace)
    same(rows["openat"]["calls"], target.counts["opened"], "calls of openat")
    same(rows["openat"]["errors"], target.counts["opened"], "of them failed")
    same(target.counts["opened"] > ROUNDS, True, "the target did something")
    same(rows["exit_group"]["calls"], 1, "ends of the process")


def conditions_and_ends():
    """What is left out is filtered, and not in the table."""
    for words, name, wanted in (
        (['-e', 'syscall:openat if path ~ "/nowhere/etc/*"'], "openat", lambda c: c["opened_etc"]),
        (['-e', "openat if ret == -ENOENT"], "openat", lambda c: c["opened"]),
        (["-Z", "-e", "openat"], "openat", lambda c: c["opened"]),
        (["-z", "-e", "openat"], "openat", lambda c: 0),
    ):
        target, trace = trace_target("conditions", [ROUNDS, 2], [], "-c", *words)
        trace.check_nothing_lost()
        row = check_all(trace).get(name, {"calls": 0})
        same(row["calls"], wanted(target.counts), f"{words}: calls")
        filtered = int(trace.records[-1].get("filtered", 0))
        same(row["calls"] + filtered, target.counts["opened"], f"{words}: counted and filtered")


def both():
    """-C: a row has as many calls as there are events, and their times."""
    _, trace = trace_target("syscalls", [], ["%file", "%desc"], "-C")
    trace.check_nothing_lost()
    rows = check_all(trace)
    events = trace.of("syscall")
    same(set(rows), {e["name"] for e in events if "dur_ns" in e}, "calls")
    for name, row in rows.items():
        own = [e for e in events if e["name"] == name]
        same(row["calls"], len(own), f"calls of {name}")
        same(row["errors"], len([e for e in own if "errno" in e]), f"errors of {name}")
        same(int(row["total_ns"]), sum(ns(e, "dur_ns") for e in own), f"time of {name}")
        same(int(row["max_ns"]), max(ns(e, "dur_ns") for e in own), f"longest of {name}")
        same(int(row["min_ns"]), min(ns(e, "dur_ns") for e in own), f"shortest of {name}")


def both_when_events_are_lost():
    """The table has what the ring had no room for."""
    target = Target("conditions", "-w", "20000", "2")
    trace = Trace("-C", "-e", "syscall:openat", "--ring-size", "16k", pid=target.pid)
    stand_still(trace, target)
    trace.finish()
    opened = target.counts["opened"]
    events, lost, missed = trace.summary
    same((events + lost, missed), (opened, 0), "delivered and lost")
    ensure(lost > 0, "nothing was lost: this proves nothing")
    same(rows_of(trace)["openat"]["calls"], opened, "calls in the table")


def strace_table(text):
    rows = {}
    for line in text.splitlines():
        found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:(\d+)\s+)?(\w+)$", line)
        if found:
            rows[found[3]] = (int(found[1]), int(found[2] or 0))
    return rows


COMMANDS = (
    ["ls", "-l", "/"],
    ["sh", "-c", "ls / >/dev/null; cat /nonexist 2>/dev/null; (exit 3); true"],
    ["python3", "-S", "-E", "-c", "import os; [os.stat('/') for i in range(100)]; os.access('/x', 0)"],
)


def as_strace():
    """The same program, once under each: calls and errors by name, and the total."""
    need_program("strace", "strace")
    env = {**os.environ, "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    for command in COMMANDS:
        need_program(command[0], command[0])
        file = scratch() / "strace.txt"
        subprocess.run(["strace", "-f", "-c", "-w", "-o", file, *command], env=env, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        wanted = strace_table(file.read_text())
        trace = Trace("-f", "-c", "-w", command=command, json=False, env=env, wait=False,
                      stdin=subprocess.DEVNULL)
        trace.finish(stop=False)
        got = strace_table(trace.text)
        total = got.pop("total")
        same(total[0], sum(calls for calls, _ in got.values()), f"{command}: total of calls")
        for name in ONE_WAY:
            got.pop(name, None)
        same(wanted.pop("total")[0], sum(calls for calls, _ in wanted.values()), "strace's total")
        # Whether a wait, a lock or the heap's end is asked for once more is up to the moment.
        for name in ("wait4", "futex", "brk", "rt_sigreturn", "munmap", "mmap"):
            if name in wanted and name in got and "sh" in command:
                wanted.pop(name), got.pop(name)
        same(got, wanted, f"{command}: calls and errors")


def table():
    """Order, columns, sums."""
    trace = Trace("-c", "-S", "name", "-U", "calls,name,errors,total-time", command=["ls", "/"], json=False, wait=False)
    trace.finish(stop=False)
    lines = trace.text.split("\n\n")[0].splitlines()
    same(lines[0].split(), ["calls", "syscall", "errors", "seconds"], "columns")
    same(set(lines[1]), {"-", " "}, "the rule")
    rows = [line.split() for line in lines[2:-2]]
    same([r[1] for r in rows], sorted(r[1] for r in rows), "order of names")
    same(int(lines[-1].split()[0]), sum(int(r[0]) for r in rows), "total of calls")
    for column, place, kind in (("calls", 0, int), ("total-time", -1, float)):
        trace = Trace("-c", "-S", column, "-U", "calls,name,total-time", command=["ls", "/"], json=False, wait=False)
        trace.finish(stop=False)
        rows = [line.split() for line in trace.text.split("\n\n")[0].splitlines()[2:-2]]
        keys = [kind(r[place]) for r in rows]
        same(keys, sorted(keys, reverse=True), f"order by {column}")
    matches(trace.text, r"^mmap, nanoseconds:\n(\[\w+, \w+\) +\d+ \|@* *\|\n)+", "histograms")


def not_returned():
    target = Process(["sleep", "60"])
    trace = Trace("-c", "--duration", "0.3", pid=target.pid)
    trace.finish(stop=False)
    row = only(rows_of(trace).values(), "rows")
    same((row["name"], row["calls"], row["running"]), ("clock_nanosleep", 0, 1), "the call")
    trace = Trace("-c", "--duration", "0.3", pid=target.pid, json=False)
    trace.finish(stop=False)
    matches(trace.text, r"^not returned: 1 clock_nanosleep$")


run(own_count, conditions_and_ends, both, both_when_events_are_lost, as_strace, table, not_returned)
