# SPDX-License-Identifier: Apache-2.0
"""Conditions on system calls: arguments, results, texts that are not in memory at the entry."""

import sys

from utrail import Process, Target, Trace, ensure, run, same, trace_target


def filtered(trace):
    return int(trace.records[-1].get("filtered", 0))


def one(condition, wanted, specs=()):
    target, trace = trace_target("conditions", [200, 2], [f"syscall:openat if {condition}", *specs])
    trace.check_nothing_lost()
    calls = trace.syscalls("openat")
    same(len(calls), wanted(target.counts), f"openat if {condition}")
    same(len(calls) + filtered(trace), target.counts["opened"], f"{condition}: delivered and filtered")
    return calls


def arguments():
    one('filename ~ "/nowhere/etc/*"', lambda c: c["opened_etc"])
    one('path ~ "/nowhere/etc/*"', lambda c: c["opened_etc"])
    one('path !~ "*etc*"', lambda c: c["opened"] - c["opened_etc"])
    one('filename == "/nowhere/lib/33"', lambda c: 2)
    one("dfd == AT_FDCWD", lambda c: c["opened"])
    one("flags & O_RDWR", lambda c: c["opened"] // 2)
    one("(flags & 3) == 0", lambda c: c["opened"] // 2)
    one("flags & (O_CREAT|O_TRUNC)", lambda c: 0)


KILLS = """
import ctypes
libc = ctypes.CDLL(None)
input()
for number in (0, 1, -1, 5, -5, 64, 100, 101, 0x7fffffff, -0x80000000):
    libc.kill(0x3ffffff0, number)
"""


def signals():
    """As the int that the program gives."""
    for condition, wanted in (("sig < 0", 3), ("sig > 100", 2), ("sig >= -1", 8), ("sig == -1", 1), ("sig < -5", 1)):
        target = Process([sys.executable, "-S", "-c", KILLS])
        trace = Trace("-e", f"syscall:kill if {condition}", pid=target.pid)
        target.write("\n")
        same(target.wait(), 0, "status of the target")
        trace.finish()
        same(len(trace.syscalls("kill")), wanted, condition)


def results():
    calls = one("ret == -ENOENT", lambda c: c["opened"])
    same({c["errno"] for c in calls}, {"ENOENT"}, "errors")
    one("ret == -EPERM || ret >= 0", lambda c: 0)
    one('ret < 0 && path ~ "/nowhere/etc/*"', lambda c: c["opened_etc"])
    one("dur > 10s", lambda c: 0)
    one("dur < 10s && flags & O_RDWR", lambda c: c["opened"] // 2)


def joined():
    one('path ~ "*/etc/*"', lambda c: c["opened"], ['syscall:openat if path ~ "*/lib/*"'])
    one('path ~ "*/etc/*"', lambda c: c["opened"], ["syscall:openat"])


def classes():
    """Of a class, the calls without such an argument are left out, and that is said."""
    target, trace = trace_target("conditions", [50], ['%file if path ~ "/nowhere/etc/*"'])
    same(len(trace.syscalls("openat")), target.counts["opened_etc"], "calls of openat")
    ensure("have not what the condition names" in trace.stderr, f"nothing was said: {trace.stderr}")


def inside_of_calls():
    """A call that is left out leaves the waiting entry around it alone."""
    target, trace = trace_target(
        "conditions", [200], ["conditions:handle", 'syscall:openat if path ~ "*/etc/*"'], "--return=site"
    )
    trace.check_nothing_lost()
    same(len(trace.calls("handle")), target.counts["handle"], "calls of handle")
    same(len(trace.syscalls("openat")), target.counts["opened_etc"], "calls of openat")


def not_in_memory():
    """The text lies in a page that nobody has touched: it is read again when the kernel has."""
    target = Target("cold", "-w")
    trace = Trace("-e", 'syscall:openat if path ~ "*"', pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    plain = Target("cold", "-w")
    all_calls = Trace("-e", "syscall:openat", pid=plain.pid)
    plain.release()
    plain.finish()
    all_calls.finish()
    same(len(trace.syscalls("openat")), len(all_calls.syscalls("openat")), "calls that all match")
    target = Target("cold", "-w")
    trace = Trace("-e", 'syscall:openat if path ~ "/no/such/*"', pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.syscalls("openat")), 0, "calls that do not match")
    same(filtered(trace), len(all_calls.syscalls("openat")), "filtered")


def still_running():
    """A call that is running at the end, and whose arguments its condition rules out, is not told."""
    target = Target("conditions", "-w", "1")
    trace = Trace("-e", "syscall:ppoll if nfds == 77", pid=target.pid)
    trace.finish()
    same(trace.events, [], "calls told")
    trace = Trace("-e", "syscall:ppoll if nfds == 1", pid=target.pid)
    trace.finish()
    same([e.get("return") for e in trace.events], ["open"], "calls told")
    target.release()
    target.finish()


run(arguments, signals, results, joined, classes, inside_of_calls, not_in_memory, still_running)
