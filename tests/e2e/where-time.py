# SPDX-License-Identifier: Apache-2.0
"""--where: where the time of each span went, against the thread's own clock and rusage."""

import functools
import re

from unseen import when_seen
from utrail import Target, Trace, contains, ensure, ns, plain, run, same

WAYS = ["spinning", "sleeping", "locking", "piping", "receiving", "polling", "epolling", "touching", "stopping", "in_two"]
# What it is blocked in: (name of the system call, on what).
BLOCKED = {
    "sleeping": [("clock_nanosleep", None)],
    "locking": [("futex", None)],
    "piping": [("read", "pipe")],
    "receiving": [("read", "socket")],
    "polling": [("poll", None)],
    "epolling": [("epoll_wait", None)],
    "in_two": [("clock_nanosleep", None), ("poll", None)],
}
CLOCKS_NS = 500_000
MEMBERS = ["cpu_least", "cpu_most", "faults_least", "faults_most", "major_least", "major_most", "blocked_least"]


# How BPF comes to know when it is off a CPU, and woken.
SWITCHES = {"sched/sched_switch": 'prev_comm == "spent" || next_comm == "spent"', "sched/sched_wakeup": 'comm == "spent"'}


def of_what_is_seen(check):
    return functools.wraps(check)(lambda: when_seen(check, SWITCHES))


def trace_spent(*arguments, json=True, rounds=1):
    """The trace, and what the program says of each of its calls."""
    program = Target("spent", str(rounds), ready=True)
    trace = Trace("--where", *arguments, pid=program.pid, json=json)
    program.write("\n")
    program.finish()
    trace.finish(stop=False)
    own = [
        (way, dict(zip(MEMBERS, map(int, numbers.split()))))
        for way, numbers in re.findall(r"^spent (\w+) ([\d ]+)$", program.stdout, re.M)
    ]
    same([way for way, _ in own], WAYS * rounds, "what the program did")
    lock = re.search(r"^lock (0x[0-9a-f]+)$", program.stdout, re.M)[1]
    return trace, own, lock


def check_sum(span):
    """Running, waiting, blocked: the duration, to the nanosecond; and the parts of blocked are all of it."""
    where = span["where"]
    ensure("unavailable" not in where, f"where of {span}")
    parts = sum(int(where[name]) for name in ("cpu_ns", "waiting_ns", "blocked_ns"))
    same(parts, ns(span, "dur_ns"), f"sum of the parts of {span}")
    blocked = sum(int(part["ns"]) for part in where.get("blocked", []))
    same(blocked, int(where["blocked_ns"]), f"sum of what it was blocked in, of {span}")
    ensure("not_told_ns" not in where, f"something is not told of {span}")


def kinds(where):
    """What it was blocked in, but for what any access to memory may wait for."""
    return [(part["in"], part.get("on")) for part in where.get("blocked", []) if part["in"] != "page fault"]


def check_span(span, way, own, lock):
    where = span["where"]
    check_sum(span)
    ensure(own["faults_least"] <= where["minor_faults"] <= own["faults_most"], f"{way}: faults {where}, its own: {own}")
    ensure(own["major_least"] <= where["major_faults"] <= own["major_most"], f"{way}: faults {where}, its own: {own}")
    ensure(own["blocked_least"] <= int(where["blocked_ns"]), f"{way} was blocked: {where}")
    if way in BLOCKED:
        same(kinds(where), BLOCKED[way], f"what {way} was blocked in")
    if way == "locking":
        same(where["blocked"][0]["lock"], lock, "the lock")
    if way == "stopping":
        ensure("stop" in [on for _, on in kinds(where)], f"no stop in {where}")


@of_what_is_seen
def of_functions():
    trace, own, lock = trace_spent("-e", "call", rounds=8)
    calls = trace.calls("call")
    same(len(calls), len(own), "calls")
    for span, (way, values) in zip(calls, own):
        check_span(span, way, values, lock)
    # By another clock, which counts a thread from when it is chosen to run, and not what interrupts or other
    # guests of the machine took: once in eight they agree.
    for way in WAYS:
        pairs = [(int(span["where"]["cpu_ns"]), values) for span, (name, values) in zip(calls, own) if name == way]
        ensure(
            any(v["cpu_least"] - CLOCKS_NS <= cpu <= v["cpu_most"] * 1.1 + CLOCKS_NS for cpu, v in pairs),
            f"{way} was on CPU, and by its own clock: {pairs}",
        )
    trace.check_nothing_lost()


@of_what_is_seen
def of_pairs():
    """The same between two probes; between two of different threads nobody knows."""
    trace, own, lock = trace_spent("-e", "begin ~~ end by way")
    spans = trace.of("span")
    same(len(spans), len(own), "spans")
    for span, (way, values) in zip(spans, own):
        check_span(span, way, values, lock)


@of_what_is_seen
def of_system_calls():
    trace, own, lock = trace_spent("-e", "call", "-e", "syscall:clock_nanosleep,syscall:poll,syscall:futex,syscall:read")
    calls = trace.calls("call")
    for span in calls + trace.syscalls():
        check_sum(span)
    for way, name in [("sleeping", "clock_nanosleep"), ("locking", "futex"), ("receiving", "read"), ("polling", "poll")]:
        call = calls[WAYS.index(way)]
        inside = [
            s
            for s in trace.syscalls(name)
            if s["tid"] == call["tid"] and ns(call) <= ns(s) <= ns(call) + ns(call, "dur_ns") and int(s["where"]["blocked_ns"])
        ]
        same(len(inside), 1, f"{name} that was blocked in {call}")
        same(kinds(inside[0]["where"]), BLOCKED[way], f"what {way} was blocked in")


def across_threads():
    """A span that ends in another thread is told to be of no one thread."""
    program = Target("pairs", ready=True)
    trace = Trace("--where", "-e", "begin_job ~~ end_job by arg1", pid=program.pid)
    program.write("\n")
    program.finish()
    trace.finish(stop=False)
    spans = [s for s in trace.of("span") if "dur_ns" in s]
    ensure(spans, "no span")
    for span in spans:
        same(span["where"], {"unavailable": "it ended in another thread"}, f"where of {span}")


@of_what_is_seen
def as_text():
    trace, own, lock = trace_spent("-e", "call", json=False)
    # In two lines, where the CPU was given to others meanwhile for long.
    lines = re.findall(r"call(?:\(way=\d+.*)? <([\d.]+)> \{cpu ([\d.]+), waiting ([\d.]+), blocked ([\d.]+)(.*)\}$", trace.text, re.M)
    same(len(lines), len(own), f"lines of {trace.text}")
    for line, (way, _) in zip(lines, own):
        duration, *parts = [int(number.replace(".", "")) for number in line[:4]]
        # The duration is cut off after six digits.
        same(sum(parts) // 1000, duration, f"sum of {line}")
        if way in BLOCKED:
            contains(line[4], BLOCKED[way][0][0], f"what {way} was blocked in")
    contains(lines[WAYS.index("locking")][4], f"(futex {lock} ", "the lock")
    contains(lines[WAYS.index("receiving")][4], "(read socket ", "the socket")


def without():
    """Nothing of it is told when it was not asked for."""
    program = Target("spent", "1", ready=True)
    trace = Trace("-e", "call", pid=program.pid)
    program.write("\n")
    program.finish()
    trace.finish(stop=False)
    same([s for s in trace.calls("call") if "where" in s], [], "calls with what was not asked for")


def mistakes():
    for words in (["list", "--where", "/bin/true"], ["-c", "--where", "-p", "1"], ["shell", "--where"]):
        process = plain(words)
        ensure(process.status == 2 and "--where has no meaning" in process.stderr, process.report(f"{words}: {process.status}"))


run(of_functions, of_pairs, of_system_calls, across_threads, as_text, without, mistakes)
