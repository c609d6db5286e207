# SPDX-License-Identifier: Apache-2.0
"""Times off the CPU: as many as the kernel counts itself, for as long as the program sees, in what and woken by whom."""

import re

from unseen import when_seen
from utrail import Target, Trace, ensure, need_root, ns, plain, run, same, sample

SLEEP_NS = 2_000_000
EVENTS = {"sched/sched_switch": 'prev_comm == "offcpu" || next_comm == "offcpu"', "sched/sched_waking": 'comm == "offcpu"',
          "sched/sched_wakeup": 'comm == "offcpu"'}


class Told:
    """What the program said of itself."""

    def __init__(self, target):
        text = target.stdout
        self.sleeps = [tuple(map(int, found)) for found in re.findall(r"^sleep (\d+) (\d+)$", text, re.M)]
        self.lock, self.helper = re.search(r"^lock (\S+) (\d+)$", text, re.M).groups()
        window = re.search(r"^window (\d+) (\d+) (\d+) (\d+) (\d+)$", text, re.M).groups()
        self.begin, self.end, self.switches, self.delay, self.runs = map(int, window)


def traced(*words, sleeps=5):
    target = Target("offcpu", "-w", str(sleeps))
    trace = Trace(*words, pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    same(trace.summary[1], 0, "lost")
    return target, Told(target), trace


def of_main(target, told, trace, name="off"):
    return [event for event in trace.of("sched", name)
            if event["tid"] == target.pid and told.begin <= ns(event, "time_ns") < told.end]


def check_books():
    """Between two readings of its own: as many as its switches, and about as long in the queue as schedstat says."""
    seen = []
    for _ in range(8):
        target, told, trace = traced("-e", "sched", "-e", "sched:runq")
        off = of_main(target, told, trace)
        for event in off:
            same(ns(event, "blocked_ns") + ns(event, "waiting_ns"), ns(event, "dur_ns"), "parts of a time off the CPU")
        waited = sum(ns(event, "waiting_ns") for event in off)
        missed = trace.summary[2]  # of both probes, and of all threads; what the kernel shows to no program of BPF
        ensure(missed % 2 == 0, f"{missed} missed, of two probes")
        ensure(told.switches - missed / 2 <= len(off) <= told.switches, f"{len(off)} times off the CPU, {missed} missed, of {told.switches}")
        runq = [event for event in trace.of("sched", "runq") if event["tid"] == target.pid]
        ensure(len(runq) >= len(off), f"{len(runq)} times in the queue, {len(off)} off the CPU")
        ensure(all(event["dur_ns"] == event["waiting_ns"] for event in runq), "a time in the queue is not its duration")
        if not told.runs:
            print("this kernel has no /proc/PID/schedstat")
            return
        if missed:
            print(f"{missed} missed")
            continue
        seen.append((waited, told.delay))
        # The kernel's clock for this is not ours, and begins before the wake-up is told.
        if abs(waited - told.delay) <= told.delay * 0.2 + 20_000 * len(off):
            return
    ensure(not seen, f"time in the queue, and what the kernel says: {seen}")


def check_reasons():
    """Inside of a function; each sleep is one, for as long as it took; a lock, with who let go of it; a pipe."""
    target, told, trace = traced("-e", "offcpu:work", "-e", "sched")
    off = of_main(target, told, trace)
    inside = [event for event in off if event["depth"] == 1]
    ensure(all(event["inside"] == "offcpu:work" for event in inside), f"not inside of work(): {inside}")
    same(len(told.sleeps), 5, "sleeps")
    for begin, end in told.sleeps:
        blocked = [event for event in inside if event.get("in") == "clock_nanosleep"
                   and begin <= ns(event, "time_ns") and ns(event, "time_ns") + ns(event, "dur_ns") <= end]
        same(len(blocked), 1, f"times off the CPU in a sleep: {blocked}")
        ensure(ns(blocked[0], "blocked_ns") >= SLEEP_NS * 0.9, f"a sleep of 2 ms: {blocked[0]}")
    locks = [event for event in inside if event.get("in") == "futex" and ns(event, "dur_ns") > 1_000_000]
    same([event["lock"] for event in locks], [told.lock], "locks")
    same((locks[0]["waker"]["pid"], locks[0]["waker"]["tid"], locks[0]["waker"]["comm"]),
         (target.pid, int(told.helper), "offcpu"), "who let go of the lock")
    pipes = [event for event in inside if event.get("in") == "read" and event.get("on") == "pipe"]
    same([event["waker"]["tid"] for event in pipes], [int(told.helper)], "who wrote to the pipe")


def check_conditions():
    target, told, trace = traced("-e", "sched if in == clock_nanosleep && blocked > 1ms && comm == \"offcpu\"", sleeps=7)
    same(len(of_main(target, told, trace)), 7, "long sleeps")
    same({event["in"] for event in trace.of("sched") if event["tid"] == target.pid}, {"clock_nanosleep"}, "calls")
    ensure(trace.records[-1]["filtered"] > 0, "nothing was left out")
    target, told, trace = traced("-e", f"sched:runq if dur > 1s || lock == 0x1 || waker_pid == 1 || pid == {2 ** 22 + 1}")
    same(trace.of("sched"), [], "what no condition holds for")
    target, told, trace = traced("-e", 'sched if waker == "offcpu"')
    ensure({told.lock} <= {event.get("lock") for event in trace.of("sched")}, "not woken by name")


def check_counting():
    target = Target("offcpu", "-w", "20")
    trace = Trace("-e", "offcpu:work", "-e", "sched", "-e", "sched:runq", pid=target.pid, subcommand="stat")
    target.release()
    target.finish()
    trace.finish(stop=False)
    rows = {(row["name"], row["inside"]): row for row in trace.records if row["type"] == "stat"}
    row = rows[("sched:off", "offcpu:work")]
    ensure(row["kind"] == "sched" and row["hits"] >= 22, f"20 sleeps, a lock, a pipe: {row}")
    ensure(ns(row, "total_ns") >= 20 * SLEEP_NS * 0.9, f"the time of 20 sleeps: {row}")
    same(sum(count for _, count in row["histogram"]), row["hits"], "of the histogram")
    ensure(ns(rows[("sched:runq", "offcpu:work")], "total_ns") < ns(row, "total_ns"), "it waited longer than it was off")


def check_whose():
    """Nobody spends time in it."""
    target = Target("offcpu", "-w", 20)
    trace = Trace("--where", "-e", "offcpu:work", "-e", "sched", pid=target.pid, subcommand="stat")
    target.release()
    target.finish()
    trace.finish(stop=False)
    rows = {(row["name"], "cpu_ns" in row, "blocked_ns" in row) for row in trace.records if row["type"] == "stat"}
    same(rows, {("offcpu:work", True, True), ("sched:off", False, False)}, "rows with times on and off the CPU")


def check_text():
    text = plain(["-e", "sched", "--", sample("offcpu"), "2"]).stderr
    ensure(re.search(r"sched:off\(futex 0x[0-9a-f]+, blocked \d\.\d{9}, waiting \d\.\d{9}, woken by offcpu\[\d+/\d+\]\) <\d\.\d{6}>$", text, re.M), text)
    ensure(re.search(r"sched:off\(read pipe, blocked ", text), text)
    for spec, words in (("sched:sched_switch", "tracepoint:sched:NAME"), ("sched if ret == 1", "no call ends there"),
                        ("sched if uid == 0", "does not tell it"), ("sched:a:b", "one ':' too many"), ("sched if n > 1", "has no 'n'")):
        failed = plain(["-e", spec, "--", "true"])
        same(failed.status, 2, f"status of {spec}: {failed.stderr}")
        ensure(words in failed.stderr, f"{spec}: {failed.stderr}")


def probes():
    need_root()
    for check in (check_books, check_reasons, check_conditions, check_counting, check_whose, check_text):
        when_seen(check, EVENTS)


run(probes)
