# SPDX-License-Identifier: Apache-2.0
"""Calls that wait on stacks of their own: --return=stack follows them, and without it each is told once all the same."""

import platform
import subprocess
from collections import Counter

from utrail import Target, Trace, ensure, program, run, same

SPECS = ["coroutines:work", "coroutines:step"]
STEPS = 3


def traced(threads, *options):
    target = Target("coroutines", "-w", "4", threads)
    specs = [word for spec in SPECS for word in ("-e", spec)]
    trace = Trace(*specs, *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    return target, trace


def check_calls(threads):
    target, trace = traced(threads, "--return=stack")
    works, steps = trace.calls("work"), trace.calls("step")
    same(len(works), target.counts["work"], "calls of work")
    same(len(steps), target.counts["step"], "calls of step")
    returned = [call for call in works if "ret" in call]
    lines = [f"work(coroutine={call['args']['coroutine']}, round={call['args']['round']}) = {call['ret']}" for call in returned]
    same(Counter(lines), Counter(target.expected), "calls of work that returned")
    left = [call for call in works if "ret" not in call]
    same({call["return"] for call in left}, {"not seen"}, "calls of work that wait for good")
    ensure(left and not any("dur_ns" in call for call in left), f"times of what has not ended: {left}")
    # Each step of a call lies inside of it, whatever ran in between.
    for call in returned:
        begin, number = int(call["time_ns"]), call["args"]["coroutine"]
        end = begin + int(call["dur_ns"])
        inside = [s for s in steps if s["args"]["coroutine"] == number and begin <= int(s["time_ns"]) <= end]
        same([s["args"]["number"] for s in inside], list(range(STEPS)), f"steps of {call}")
    same({call["depth"] for call in works + steps}, {0}, "depths")


def in_one_thread():
    check_calls("1")


def in_two_threads():
    check_calls("2")


def each_is_told_once():
    """Kept by threads: some look left, but none of them comes twice, nor from before tracing."""
    for threads in ("1", "2"):
        target, trace = traced(threads)
        same(len(trace.calls("work")), target.counts["work"], "calls of work")
        same(len(trace.calls("step")), target.counts["step"], "calls of step")
        ensure(not any("began" in call for call in trace.calls("work")), "a call that began while tracing")
    ensure("has coroutines (makecontext)" in trace.stderr and "--return=stack" in trace.stderr, f"no hint: {trace.stderr}")


def those_without_a_library_are_known():
    if platform.machine() != "x86_64":
        return
    rounds, coroutines = 6, 5
    for options, returned in ((), None), (("--return=stack",), (rounds - 1) * coroutines):
        target = Target("handmade", "-w", rounds)
        trace = Trace("-e", "handmade:work", *options, pid=target.pid)
        target.release()
        target.finish()
        trace.finish()
        calls = trace.calls("work")
        same(len(calls), target.counts["work"], f"calls of work with {options}")
        ensure(not any("began" in call for call in calls), "a call that began while tracing")
        if returned:
            same(len([call for call in calls if "ret" in call]), returned, "calls that returned")
        else:
            ensure("has coroutines (change_stack)" in trace.stderr and "--return=stack" in trace.stderr, f"no hint: {trace.stderr}")


def what_does_not_go_with_it():
    for options in (["-e", "coroutines:work if round == 1"], ["-e", "coroutines:work", "--rate", "10/s"]):
        target = Target("coroutines", "-w", "4", "1")
        done = subprocess.run([program(), "--return=stack", *options, "-p", str(target.pid)], capture_output=True, text=True, timeout=30)
        same(done.returncode, 2, f"status of {options}")
        ensure("no conditions, rates and sums" in done.stderr and "hint:" in done.stderr, f"why not: {done.stderr}")
        target.release()
        target.finish()


run(in_one_thread, in_two_threads, each_is_told_once, those_without_a_library_are_known, what_does_not_go_with_it)
