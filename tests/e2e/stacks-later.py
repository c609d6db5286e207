# SPDX-License-Identifier: Apache-2.0
"""-k at events that are told later than they are caused: the stacks are those of the thread where it left its CPU,
connected, accepted, closed or submitted. Told by the functions that the program says it did that in, not by ours."""

import os
import re
from pathlib import Path

from shells import check_schema
from utrail import Failure, Target, Trace, contains, ensure, need_root, plain, run, same, sample, scratch, skip


def split(event):
    """(the kernel's functions, the program's)."""
    frames = event.get("stack", [])
    kernel = [frame.get("symbol", "") for frame in frames if frame.get("module") == "[kernel]"]
    return kernel, [frame.get("symbol", "") for frame in frames[len(kernel):] if "cut" not in frame]


def check_books(trace):
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    check_schema(trace)
    same((trace.summary[1], trace.records[-1].get("stacks_lost", 0)), (0, 0), "lost")


def traced(name, *words, specs, options=()):
    target = Target(name, *words)
    trace = Trace("-k", "--ring-size", "64M", *options, *[word for spec in specs for word in ("-e", spec)], pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    check_books(trace)
    return target, trace


def off_the_cpu(*options):
    """Each sleep, lock and pipe in the function that waits, and below the kernel's way into the scheduler."""
    target, trace = traced("offcpu", "-w", "5", specs=("sched", "sched:runq"), options=options)
    sleeps = [tuple(map(int, row)) for row in re.findall(r"^sleep (\d+) (\d+)$", target.stdout, re.M)]
    same(len(sleeps), 5, "sleeps")
    off = [event for event in trace.of("sched", "off") if event["tid"] == target.pid]
    for begin, end in sleeps:
        inside = [e for e in off if e.get("in") == "clock_nanosleep" and begin <= int(e["time_ns"]) <= end]
        same(len(inside), 1, "times off the CPU in a sleep")
        kernel, user = split(inside[0])
        ensure("schedule" in kernel and any("nanosleep" in name for name in kernel), f"the kernel's way: {kernel}")
        ensure(any("nanosleep" in name for name in user), f"no sleep: {user}")
        if not options:
            ensure(user.index("work") < user.index("main"), f"not in work(): {user}")
    if not options:
        for call in ("futex", "read"):
            waits = [split(e)[1] for e in off if e.get("in") == call and e.get("on") != "file" and int(e["dur_ns"]) > 1_000_000]
            ensure(waits and all("work" in user for user in waits), f"{call}: {waits}")
    # One time off the CPU, two events of it: the same stack.
    runq = {(e["tid"], int(e["time_ns"]) + int(e["dur_ns"])): e["stack"] for e in trace.of("sched", "runq")}
    for event in off:
        end = (event["tid"], int(event["time_ns"]) + int(event["dur_ns"]))
        ensure(end not in runq or runq[end] == event["stack"], f"another stack of sched:runq: {event}")
    ensure(all(event.get("stack") for event in trace.of("sched")), "an event without a stack")


def by_frame_pointers():
    off_the_cpu("--stacks=fp")


def long_ones_only():
    """A stack is written when its event is: what a condition leaves out needs no room."""
    target, trace = traced("offcpu", "-w", "30", specs=("sched if in == clock_nanosleep && blocked > 1ms",))
    mine = [event for event in trace.of("sched") if event["tid"] == target.pid]
    same(len(mine), 30, "sleeps")
    ensure(all("work" in split(event)[1] for event in mine), "not in work()")
    target, trace = traced("offcpu", "-w", "100", specs=("sched if blocked > 3600s",), options=("--ring-size", "64k"))
    same(trace.of("sched"), [], "times off the CPU")
    ensure(trace.records[-1]["filtered"] >= 100, "nothing was left out")


def connections():
    """Where the program connects, accepts and closes; nothing where a packet changed the state."""
    trace = Trace("-k", "--ring-size", "64M", "-e", "tcp:*", command=[sample("tcp"), "talk", "4", "10", "100"], wait=False).finish(stop=False)
    check_books(trace)
    for name, function in (("connect", "fetch"), ("accept", "serve")):
        events = trace.of("tcp", name)
        same(len(events), 10, name)
        for event in events:
            user = split(event)[1]
            ensure(function in user and name in user[0] + user[1], f"{event} has not happened in {function}()")
    same(len(trace.of("tcp", "close")), 20, "close")
    for event in trace.of("tcp", "close"):
        ensure(any(name in ("close", "__close", "shutdown") for name in split(event)[1]), f"not where it was closed: {event}")
    caused = {"SYN_SENT": "connect", "FIN_WAIT1": "tcp_", "LAST_ACK": "tcp_", "LISTEN": "listen"}
    for event in trace.of("tcp", "state"):
        to = event["args"]["to"]
        ensure(("stack" in event) == (to in caused) or to == "CLOSE", f"a stack, or none: {event}")
        ensure(to not in caused or any(caused[to] in name for name in split(event)[0]), f"the kernel's way to {to}: {event}")
        ensure("stack" not in event or event["context"] == "thread", f"a stack out of context: {event}")


def resets():
    trace = Trace("-k", "--ring-size", "64M", "-e", "tcp", command=[sample("tcp"), "reset", "4", "5"], wait=False).finish(stop=False)
    check_books(trace)
    sent = trace.of("tcp", "reset_sent")
    same(len(sent), 10, "sent")
    ensure(all("main" in split(event)[1] for event in sent), f"nobody sends them: {sent[0]}")
    ensure(all("stack" not in event for event in trace.of("tcp", "reset_received")), "one comes in on somebody's stack")


def disks():
    # Not /tmp, which mostly is in memory.
    file = Path(os.environ.get("UTRAIL_TEST_DISK", "/var/tmp")) / f"utrail-test-{os.getpid()}-{scratch().name}"
    try:
        target = Target("disk", file, "6", "4096")
        try:
            target.wait_for(r"^ready \d+$")
        except Failure:
            skip(f"no input or output past the cache: {target.stderr.strip()}")
        trace = Trace("-k", "--ring-size", "64M", "-e", "block", "-e", "disk:put,disk:get", pid=target.pid)
        target.write("\n")
        target.wait_for("^count read")
        trace.finish()
        target.close_stdin()
        target.wait()
    finally:
        file.unlink(missing_ok=True)
    check_books(trace)
    events = [event for event in trace.of("block") if event["inside"]]
    ensure(len({event["inside"] for event in events}) == 2, f"of both functions: {[e['inside'] for e in events]}")
    for event in events:
        kernel, user = split(event)
        ensure(event["inside"].split(":")[1] in user and "main" in user, f"not submitted there: {event}")
        ensure(any("submit_bio" in name for name in kernel), f"the kernel's way: {kernel}")


def refused():
    process = plain(["-k", "-e", "tcp:retransmit", "-e", "tcp:reset_received", "--", "true"])
    same(process.status, 2, f"status: {process.stderr}")
    contains(process.stderr, "no event that was asked for has a stack", "-k")
    contains(process.stderr, "packets and timers", "why")


def text():
    shown = plain(["-k", "-e", "sched if in == clock_nanosleep", "--", sample("offcpu"), "2"]).stderr
    ensure(re.search(r"sched:off\(clock_nanosleep.*\n( > \[kernel\]\(.*\n)+( > .*\n)* > .*\(work\+0x", shown), shown)
    ensure("stack lost" not in shown, shown)


need_root()
run(off_the_cpu, by_frame_pointers, long_ones_only, connections, resets, disks, refused, text)
