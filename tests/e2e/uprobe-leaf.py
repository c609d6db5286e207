# SPDX-License-Identifier: Apache-2.0
"""What functions do that put nothing on the stack is inside of them: the stack pointer says nothing of that."""

import sys

from utrail import Process, Target, Trace, run, same

ROUNDS = 5
FUNCTIONS = ["leaf:ask", "leaf:mark", "leaf:mark_first"]
INSIDE = [("syscall", "getppid", "ask"), ("usdt", "inside", "mark"), ("usdt", "first", "mark_first")]


def check(*options):
    target = Target("leaf", "-w", ROUNDS)
    specs = [word for spec in FUNCTIONS for word in ("-e", spec)]
    trace = Trace(*specs, *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    for kind, name, function in INSIDE:
        calls, events = trace.calls(function), trace.of(kind, name)
        same(len(calls), target.counts[function], f"calls of {function}")
        same([("dur_ns" in call, call["depth"]) for call in calls], [(True, 0)] * ROUNDS, f"calls of {function} with {options}")
        same([event["depth"] for event in events], [1] * ROUNDS, f"depths of {name} with {options}")
        for call, event in zip(calls, events):
            begin, at = int(call["time_ns"]), int(event["time_ns"])
            same(begin <= at <= begin + int(call["dur_ns"]), True, f"{name} inside of {function}")


def asked_for():
    for mode in ("auto", "site"):
        check(f"--return={mode}", "-e", "syscall:getppid", "-e", "usdt:leaf:*")


def by_inside():
    check("--inside", "-e", "usdt:leaf:*")


def added_up():
    target = Target("leaf", "-w", ROUNDS)
    stat = Trace("-e", "leaf:ask", "-e", "syscall:getppid", pid=target.pid, subcommand="stat")
    target.release()
    target.finish()
    stat.finish()
    rows = {(row["name"], row.get("inside")): row["ended"] for row in stat.stats}
    same(rows, {("leaf:ask", None): ROUNDS, ("getppid", "leaf:ask"): ROUNDS}, "what was added up")


def wrappers_of_libc():
    """write() of a program without threads is such a function."""
    script = "import os, sys\nsys.stdin.readline()\nfor i in range(7): os.write(2, b'x' * i)\n"
    python = Process([sys.executable, "-S", "-c", script])
    trace = Trace("-e", "libc:write", "-e", "syscall:write", pid=python.pid)
    python.write("\n")
    same(python.wait(), 0, "status of the target")
    trace.finish()
    same([call["ret"] for call in trace.calls("write")], list(range(7)), "results of the function")
    same([(call["ret"], call["depth"]) for call in trace.syscalls("write")], [(i, 1) for i in range(7)], "system calls in it")


run(asked_for, by_inside, added_up, wrappers_of_libc)
