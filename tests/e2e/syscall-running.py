# SPDX-License-Identifier: Apache-2.0
"""A system call that has not returned when the trace ends is told, not lost in silence."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from utrail import Process, Trace, ensure, matches, need_program, only, run, same, scratch


SLEEPS = ("230", "115")  # clock_nanosleep on x86-64 and arm64
READS = ("0", "63")


def wait_until_it_waits(pid):
    """Its loader reads, too, but never sleeps in that; so it must be there twice."""
    until, seen = time.monotonic() + 10, None
    while True:
        now = Path(f"/proc/{pid}/syscall").read_text().split()
        if now[0] in (*SLEEPS, *READS) and now == seen:
            return
        seen = now
        ensure(time.monotonic() < until, f"it waits for nothing: {now}")
        time.sleep(0.05)


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


WAITS = """
import os, select
r, w = os.pipe()
input()
select.select([r], [], [], 50)
"""


def begun_in_the_trace():
    """What its entry has read is shown: then it was as the call was given it."""
    need_program("python3", "python3")
    for options in ({}, {"json": False}):
        target = Process(["python3", "-S", "-c", WAITS], stdin=subprocess.PIPE)
        wait_until_it_waits(target.pid)
        trace = Trace("-e", "trace=pselect6,select", "--duration", "1.5", pid=target.pid, **options)
        target.write("\n")
        trace.finish(stop=False)
        if options:
            got = re.search(r"select6?\((\d+, \[\d+\], NULL, NULL, \{tv_sec=50, tv_u?n?sec=0\}.*)", trace.text)
            ensure(got and "=>" not in got[1], f"the call: {trace.text}")
            matches(trace.text, r" <detached \.\.\.>$")
            continue
        event = trace.of("syscall")[-1]
        same(event["return"], "open", "how it ended")
        same((len(event["args"]["inp"]), event["args"]["outp"]), (1, None), f"sets of {event}")
        same(list((event["args"].get("tsp") or event["args"]["tvp"]).values()), [50, 0], "its timeout")


def as_strace():
    """Cut off at the same place, with the same mark."""
    need_program("strace", "strace")
    for command in (["cat"], ["sleep", "60"], ["sh", "-c", "read x; true"]):
        target = Process(command, stdin=subprocess.PIPE)
        wait_until_it_waits(target.pid)
        file = scratch() / "strace.txt"
        strace = Process(["strace", "-e", "signal=none", "-o", file, "-p", str(target.pid)])
        strace.wait_for("attached", stream="stderr")
        until = time.monotonic() + 10
        while "(" not in file.read_text():
            ensure(time.monotonic() < until, "strace sees no call")
            time.sleep(0.01)
        strace.send(signal.SIGINT)
        strace.wait()
        wanted = file.read_text().splitlines()
        if wanted[0].startswith("restart_syscall"):
            continue  # the kernel's own, after strace has come
        trace = Trace("--duration", "0.5", pid=target.pid, json=False)
        trace.finish(stop=False)
        got = only(trace.text.splitlines(), "lines").split(" ", 2)[2]
        # What is in memory is not read any more.
        same(re.sub(r"<still running>", "{tv_sec=60, tv_nsec=0}", got), wanted[0], f"{command}")


def ended_in_it():
    """Threads that are waiting when their process ends: each call is told."""
    script = ("import os, threading, time\n"
              "threads = [threading.Thread(target=time.sleep, args=(60,)) for i in range(5)]\n"
              "[t.start() for t in threads]\n"
              "print('ready', os.getpid(), flush=True)\ninput()\nos._exit(3)")
    trace = Trace("-e", "syscall:clock_nanosleep", "-e", "syscall:exit_group", command=["python3", "-c", script],
                  json=False, stdin=subprocess.PIPE)
    pid = int(trace.wait_for(r"^ready (\d+)$")[1])
    until = time.monotonic() + 10
    for tid in set(os.listdir(f"/proc/{pid}/task")) - {str(pid)}:
        while Path(f"/proc/{pid}/task/{tid}/syscall").read_text().split()[0] not in SLEEPS:
            ensure(time.monotonic() < until, "a thread that does not wait")
            time.sleep(0.01)
    trace.write("\n")
    trace.finish(status=3, stop=False)
    same(len(re.findall(r" (?:clock_nanosleep\(.*, |<... clock_nanosleep resumed>) <unfinished ...>\) = \?$", trace.text, re.M)), 5,
         "calls that were broken off")
    matches(trace.text, r" exit_group\(3\) = \?$")


def not_traced_is_not_told():
    target = Process(["sleep", "60"])
    trace = Trace("-e", "syscall:read", "--duration", "0.5", pid=target.pid)
    trace.finish(stop=False)
    same(len(trace.of("syscall")), 0, "calls")


run(blocked_from_before, waiting_for_a_pipe, begun_in_the_trace, as_strace, ended_in_it, not_traced_is_not_told)
