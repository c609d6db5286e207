# SPDX-License-Identifier: Apache-2.0
"""-k at probes in the kernel: its own functions, as /proc/kallsyms names them, and behind these the target's."""

import platform
import re

from utrail import Target, Trace, contains, ensure, need_root, plain, run, same

CALLS, THREADS = 40, 3
GETPPID = {"x86_64": 110, "aarch64": 173}[platform.machine()]
# What tracing itself has on the stack.
OWN = re.compile(r"bpf_|__bpf_|__traceiter_|perf_trace_|perf_syscall_")


def kernel_symbols():
    names = {}
    with open("/proc/kallsyms", encoding="ascii") as file:
        for line in file:
            address, kind, name = line.split()[:3]
            if kind in "tTwW":
                names.setdefault(name, set()).add(int(address, 16))
    return names


def traced(*specs):
    target = Target("points", "-w", str(CALLS), str(THREADS))
    trace = Trace("-k", "--ring-size", "16M", *[word for spec in specs for word in ("-e", spec)], pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    return target.counts["work"], trace


def check_frames(event, names):
    """First the kernel's, each at its place; then the target's, in the order of its calls."""
    frames = event["stack"]
    in_kernel = [frame.get("module") == "[kernel]" for frame in frames]
    count = in_kernel.count(True)
    ensure(0 < count < len(frames) and all(in_kernel[:count]), f"not the kernel's first: {frames}")
    for frame in frames[:count]:
        start = int(frame["ip"], 16) - frame["symbol_offset"]
        ensure(start in names[frame["symbol"]], f"{frame} is not at {start:x}")
    ensure(not OWN.match(frames[0]["symbol"]), f"tracing itself: {frames[0]}")
    called = [frame.get("symbol") for frame in frames[count:]]
    ensure("work" in called and called.index("work") < called.index("run"), f"calls of the target: {called}")


def check_stacks(spec, name):
    names = kernel_symbols()
    made, trace = traced(spec)
    events = [event for event in trace.of("probe", name)]
    whole = [event for event in events if "cut" not in event["stack"][-1]]
    same(len(events) + sum(trace.summary[1:]), made, f"events of {spec}")
    lost = int(trace.records[-1].get("stacks_lost", 0))
    ensure(len(whole) + lost >= made, f"{len(whole)} whole stacks of {made}, {lost} lost: {events[0]}")
    for event in whole:
        check_frames(event, names)


def check_text():
    shown = plain(["-k", "-e", "rawtracepoint:sched_process_exit", "--", "true"])
    same(shown.status, 0, shown.report("ended with"))
    contains(shown.stderr, "\n > [kernel](do_exit+0x")


def check_losses():
    """In a ring that is too small each missing stack is counted, and its event says so."""
    target = Target("points", "-w", "5000", "2")
    trace = Trace("-k", "--ring-size", "64k", "-e", f"rawtracepoint:sys_enter if id == {GETPPID}", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    events = trace.of("probe", "sys_enter")
    same(len(events) + sum(trace.summary[1:]), target.counts["work"], "events, lost and missed")
    cut = [event for event in events if event["stack"][-1].get("cut") in ("stack lost", "user stack lost")]
    counted = int(trace.records[-1].get("stacks_lost", 0))
    # Also those of events that did not fit themselves.
    ensure(len(cut) <= counted <= len(cut) + trace.summary[1], f"{len(cut)} stacks are missing, {counted} were counted")


def stacks():
    need_root()
    check_stacks(f"rawtracepoint:sys_enter if id == {GETPPID}", "sys_enter")
    check_stacks("tracepoint:syscalls:sys_enter_getppid", "sys_enter_getppid")
    check_text()
    check_losses()


run(stacks)
