# SPDX-License-Identifier: Apache-2.0
"""System calls that a seccomp filter refuses have no entry in the kernel, and are told all the same."""

from utrail import Target, Trace, only, run, same

CALLS = 7
SPECS = ["-e", "syscall:getppid", "-e", "syscall:getuid"]


def traced(*options, **how):
    target = Target("refused", "-w", CALLS)
    trace = Trace(*SPECS, *options, pid=target.pid, **how)
    target.release()
    target.finish()
    trace.finish()
    return target, trace


def at_each_place():
    for backend in ("auto", "tp_btf", "raw_tp", "tracepoint"):
        target, trace = traced(f"--syscall-backend={backend}")
        trace.check_nothing_lost()
        refused = trace.syscalls("getppid")
        same(len(refused), target.counts["getppid"], f"refused calls by {backend}")
        same({(call["ret"], call["errno"]) for call in refused}, {(-1, "EPERM")}, f"their results by {backend}")
        same(len(trace.syscalls("getuid")), target.counts["getuid"], f"other calls by {backend}")
        same([call["name"] for call in trace.syscalls() if call["tid"] == target.pid], ["getppid", "getuid"] * CALLS, "their order")


def in_children():
    target, trace = traced("-f")
    same(len(trace.syscalls("getppid")), target.counts["getppid"] + CALLS, "refused calls with those of the child")


def by_conditions():
    target, trace = traced("-Z")
    same((len(trace.syscalls("getppid")), len(trace.syscalls("getuid"))), (target.counts["getppid"], 0), "calls that fail")
    target = Target("refused", "-w", CALLS)
    trace = Trace("-e", "syscall:getppid if ret == -2", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.events), 0, "calls with another error")
    same(trace.records[-1]["filtered"], target.counts["getppid"], "calls that were left out")


def added_up():
    target, trace = traced("-e", "refused:ask", subcommand="stat")
    row = only([row for row in trace.stats if row["name"] == "getppid"], "rows of getppid")
    same((row["ended"], row["errors"], row["inside"]), (target.counts["getppid"], target.counts["getppid"], "refused:ask"), "the row")


def inside_of_functions():
    _target, trace = traced("-e", "refused:ask")
    same({call["depth"] for call in trace.syscalls()}, {1}, "depths")


run(at_each_place, in_children, by_conditions, added_up, inside_of_functions)
