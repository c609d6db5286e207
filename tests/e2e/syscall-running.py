# SPDX-License-Identifier: Apache-2.0
"""A system call that has not returned when the trace ends is told, not lost in silence."""

import os
import subprocess

from utrail import Process, Trace, ensure, only, run, same


def blocked_from_before():
    target = Process(["sleep", "60"])
    trace = Trace("-e", "syscall:clock_nanosleep", "--duration", "0.5", pid=target.pid)
    trace.finish(stop=False)
    event = only(trace.of("syscall"), "calls")
    same(event["name"], "clock_nanosleep", "the call")
    same(event["return"], "open", "how it ended")
    same("ret" in event, False, "a result that nobody has seen")
    same(event["args"]["rqtp"], {"unavailable": "still running"}, "what only memory tells")
    header = trace.records[0]
    after = (int(event["time_ns"]) - int(header["boottime_ns"])) / 1e9
    ensure(0.5 <= after < 20, f"its time is {after:.3f} s after the begin, not the end of the trace")


def waiting_for_a_pipe():
    """What it waits for is open still, and shown."""
    target = Process(["cat"], stdin=subprocess.PIPE)
    trace = Trace("-y", "-e", "syscall:read", "--duration", "0.5", pid=target.pid)
    trace.finish(stop=False)
    event = only(trace.of("syscall"), "calls")
    same(event["args"]["fd"], {"fd": 0, "path": os.readlink(f"/proc/{target.pid}/fd/0")}, "the descriptor")


def not_traced_is_not_told():
    target = Process(["sleep", "60"])
    trace = Trace("-e", "syscall:read", "--duration", "0.5", pid=target.pid)
    trace.finish(stop=False)
    same(len(trace.of("syscall")), 0, "calls")


run(blocked_from_before, waiting_for_a_pipe, not_traced_is_not_told)
