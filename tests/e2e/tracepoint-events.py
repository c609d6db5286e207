# SPDX-License-Identifier: Apache-2.0
"""Tracepoints of the kernel: the target's own count, inside the function that caused it, with typed arguments."""

import os
import platform
import subprocess

import tracefs
from utrail import Skip, Target, Trace, contains, ensure, need_root, ns, plain, run, same

CALLS, THREADS = 500, 4
NUMBERS = {"getppid": {"x86_64": 110, "aarch64": 173}, "read": {"x86_64": 0, "aarch64": 63}}
ENTER = "tracepoint:syscalls:sys_enter_getppid"


def traced(*specs, options=(), calls=CALLS, threads=THREADS):
    target = Target("points", "-w", str(calls), str(threads))
    trace = Trace(*[word for spec in specs for word in ("-e", spec)], *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    return target, trace


def check_counts():
    """Another process that does the same is not in the trace."""
    other = Target("points", "-w", "100000", "2")
    other.release()
    target, trace = traced("points:work", ENTER, "tracepoint:syscalls:sys_exit_getppid", "rawtracepoint:sys_enter")
    work = target.counts["work"]
    same(work, CALLS * THREADS, "what the target made")
    same(trace.summary[1:], (0, 0), "lost, missed")
    same(len(trace.calls("work")), work, "calls of work")
    for name in ("sys_enter_getppid", "sys_exit_getppid"):
        events = trace.of("probe", name)
        same(len([e for e in events if e["depth"] == 1]), work, f"{name} inside of work()")
        same({e["pid"] for e in events}, {target.pid}, "processes")
        same({e["kind"] for e in events}, {"tracepoint"}, "kinds")
        same({e["module"] for e in events}, {"syscalls"}, "categories")
    results = {e["args"]["ret"] for e in trace.of("probe", "sys_exit_getppid")}
    same(results, {os.getpid()}, "what getppid() gave")
    # Beside the call of a return probe's own trampoline.
    raw = [e["args"]["id"] for e in trace.of("probe", "sys_enter") if e["depth"] == 1]
    for name in ("getppid", "read"):
        same(raw.count(NUMBERS[name][platform.machine()]), work, f"raw events of {name}")
    other.send(9)
    other.wait()


def check_order():
    """Each thread's events lie inside of its calls, in turn."""
    _, trace = traced("points:work", ENTER)
    for tid in {call["tid"] for call in trace.calls("work")}:
        calls = sorted((c for c in trace.calls("work") if c["tid"] == tid), key=ns)
        inside = sorted((e for e in trace.of("probe") if e["tid"] == tid), key=ns)
        same(len(inside), len(calls), f"events of thread {tid}")
        for call, event in zip(calls, inside):
            ensure(ns(call) <= ns(event) <= ns(call) + ns(call, "dur_ns"), f"{event} is not inside of {call}")


def check_arguments():
    target, trace = traced(
        "tracepoint:syscalls:sys_enter_openat", "tracepoint:sched:sched_switch", "rawtracepoint:sched_switch", calls=2000
    )
    opened = [e["args"] for e in trace.of("probe", "sys_enter_openat")]
    wanted = {"dfd": "AT_FDCWD", "filename": "/nonexistent/points", "flags": "O_RDONLY|O_CLOEXEC", "mode": "0"}
    ensure(wanted in opened, f"openat: {opened}")
    switches = trace.of("probe", "sched_switch", module="sched")
    ensure(len(switches) > THREADS, "no switches")
    for event in switches:
        same((event["args"]["prev_comm"], event["args"]["prev_pid"]), ("points", event["tid"]), "who left the CPU")
    ensure({e["args"]["prev_state"] for e in switches} & {"S", "Z", "R"}, "states without a name")
    for event in trace.of("probe", "sched_switch", module="rawtracepoint"):
        task = event["args"]["prev"]
        same((task["pid"], task["tgid"], task["comm"]), (event["tid"], target.pid, "points"), "the task that left")


def check_overload():
    """What does not fit into the ring is counted."""
    target, trace = traced(ENTER, options=["--ring-size", "16384"], calls=20000)
    told = len(trace.of("probe", "sys_enter_getppid"))
    same(told + trace.losses_of("syscalls:sys_enter_getppid") + trace.summary[2], target.counts["work"], "told, lost and missed")


def check_choice():
    """Globs in both parts, what '!' takes away, and rates."""
    _, trace = traced("tracepoint:sys*:sys_enter_[gr]e[ta]*", "!tracepoint:syscalls:sys_enter_ge*", calls=10)
    same({e["name"] for e in trace.of("probe")}, {"sys_enter_read"}, "events")
    target, trace = traced(ENTER + " rate 5/h", threads=1)
    same(len(trace.of("probe")), 5, "within the rate")
    same(int(trace.records[-1]["suppressed"]), target.counts["work"] - 5, "beyond it")


def check_errors():
    for spec, status, part in [
        ("tracepoint:sched:no_such", 2, "no such tracepoint"),
        ("tracepoint:no_such:*", 2, "no such tracepoint"),
        ("rawtracepoint:no_such", 2, "no such tracepoint"),
        ("tracepoint:syscalls:*", 2, "--max-probes"),
        (ENTER + "+4", 2, "takes no offset"),
        (ENTER + "(int)", 2, "takes no types"),
    ]:
        limit = ["--max-probes", "100"] if "max-probes" in part else []
        failed = plain(["-e", spec, *limit, "--", "true"])
        same(failed.status, status, f"status of {spec}: {failed.stderr}")
        contains(failed.stderr, part)
    same(plain(["-e", "?tracepoint:sched:no_such", "-e", "exec", "-o", "/dev/null", "--", "true"]).status, 0, "an optional one")


def check_what_is_not_for_them():
    """utrail stat is not for task life."""
    for spec in ("signal", "exec"):
        failed = plain(["stat", "-e", spec, "--", "true"])
        same(failed.status, 2, f"status of stat with {spec}: {failed.stderr}")
        contains(failed.stderr, "utrail stat: '" + spec)


def check_without_tracefs():
    """Raw tracepoints do not need it."""
    try:
        hidden = tracefs.hidden()
    except Skip as reason:
        print(reason)
        return
    failed = plain(["-e", ENTER, "--", "true"], prefix=hidden)
    same(failed.status, 5, f"status: {failed.stderr}")
    contains(failed.stderr, "tracefs is not mounted")
    worked = plain(["-e", "rawtracepoint:sys_enter", "--", "true"], prefix=hidden)
    same(worked.status, 0, worked.stderr)
    contains(worked.stderr, "rawtracepoint:sys_enter(")


def check_functions():
    """Where the kernel has no kprobes, that is what is said."""
    listed = os.path.exists("/sys/bus/event_source/devices/kprobe/type")
    line = [line for line in plain(["check"]).stdout.splitlines() if "(kprobes)" in line]
    same([line[:2] for line in line], ["ok" if listed else "no"], "what 'check' says")
    process = plain(["-e", "kprobe:vfs_read", "-e", "kretprobe:vfs_read", "--", "true"])
    same(process.status, 0 if listed else 5, process.stderr)
    contains(process.stderr, "kernel:vfs_read(" if listed else "CONFIG_KPROBES")


def tracepoints():
    need_root()
    check_counts()
    check_order()
    check_arguments()
    check_overload()
    check_choice()
    check_errors()
    check_what_is_not_for_them()
    check_without_tracefs()
    check_functions()


run(tracepoints)
