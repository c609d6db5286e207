# SPDX-License-Identifier: Apache-2.0
"""System calls whose numbers have no name: of newer kernels, or of none. Who asks for all gets these, too."""

import re
import sys

from utrail import Process, Trace, run, same

NUMBERS = [777, 777, 1023, 5000, 0x40000027]
SCRIPT = f"""
import ctypes, os, sys
call = ctypes.CDLL(None, use_errno=True).syscall
sys.stdin.readline()
for number in {NUMBERS}:
    assert call(ctypes.c_long(number), 1, 2, 3) == -1
    os.getppid()
"""
NAMES = [f"syscall_{number:#x}" for number in NUMBERS]


def traced(*options, **how):
    python = Process([sys.executable, "-S", "-c", SCRIPT])
    trace = Trace(*options, pid=python.pid, **how)
    python.write("\n")
    same(python.wait(), 0, "status of the target")
    trace.finish()
    return trace


def all_of_them():
    trace = traced()
    calls = [call for call in trace.syscalls() if call["name"] == "getppid" or call["name"].startswith("syscall_")]
    same([call["name"] for call in calls], [name for one in NAMES for name in (one, "getppid")], "calls in their order")
    unnamed = [call for call in calls if call["name"] != "getppid"]
    same({call["errno"] for call in unnamed}, {"ENOSYS"}, "their results")
    same({tuple(call["args"].values())[:3] for call in unnamed}, {("0x1", "0x2", "0x3")}, "their arguments")


def as_text_and_in_the_table():
    text = traced("-C", json=False).text
    for name in set(NAMES):
        same(text.count(f" {name}(0x1, 0x2, 0x3, "), NAMES.count(name), f"lines of {name}")
    rows = [line.split() for line in text.splitlines() if re.search(r" syscall_(0x\w+|\?)$", line)]
    same({row[-1]: row[3:5] for row in rows}, {name: [str(NAMES.count(name))] * 2 for name in NAMES}, "calls and errors in the table")


def more_than_there_is_room_for():
    """Those that find none are counted together."""
    python = Process([sys.executable, "-S", "-c", SCRIPT.replace(str(NUMBERS), str([3000 + n for n in range(70)]))])
    trace = Trace("-c", pid=python.pid)
    python.write("\n")
    same(python.wait(), 0, "status of the target")
    trace.finish()
    counts = {row["name"]: row["calls"] for row in trace.records if row["type"] == "count" and row["name"].startswith("syscall_")}
    same((len(counts), sum(counts.values()), counts["syscall_?"]), (65, 70, 6), "rows, calls, calls without a row")


def not_when_others_are_asked_for():
    trace = traced("-e", "syscall:getppid")
    same({call["name"] for call in trace.syscalls()}, {"getppid"}, "calls")
    trace = traced("-e", "syscall:*", "-e", "!syscall:syscall_*")
    same([call for call in trace.syscalls() if call["name"].startswith("syscall_")], [], "calls that were taken out")


run(all_of_them, as_text_and_in_the_table, more_than_there_is_room_for, not_when_others_are_asked_for)
