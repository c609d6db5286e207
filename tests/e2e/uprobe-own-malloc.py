# SPDX-License-Identifier: Apache-2.0
"""Tracing malloc in all processes: utrail's own calls are in the way of none, and it ends."""

import time

from utrail import Target, Trace, ensure, run, sample, same

CALLS = 20_000


def allocations(calls):
    """How often utrail called malloc while it wrote `calls` calls, as another utrail counts."""
    target = Target("count", "-w", str(calls))
    trace = Trace("-e", "count:f", pid=target.pid)
    counter = Trace("-e", "uprobe:libc:malloc", pid=trace.pid)
    target.release()
    target.finish()
    trace.finish()
    counter.finish(stop=False)
    trace.check_nothing_lost()
    same(len(trace.calls("f")), calls, "calls of f")
    return len(counter.of("probe", "malloc"))


def none_for_an_event():
    few, many = allocations(CALLS // 10), allocations(CALLS)
    # Its queue grows by chunks of some thousand events.
    ensure(many - few < CALLS // 100, f"{few} allocations for {CALLS // 10} calls, {many} for {CALLS}")


def ends_promptly():
    specs = ("-f", "-e", "libc:malloc", "-e", "exec,exit")
    trace = Trace(*specs, command=[sample("allocate"), str(CALLS)])
    began = time.monotonic()
    trace.wait()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    ensure(time.monotonic() - began < 15, f"took {time.monotonic() - began:.1f} s")
    sizes = {c["args"].get("size") or c["args"].get("arg1") for c in trace.calls("malloc")}
    missing = set(range(100_000, 100_000 + CALLS)) - sizes
    ensure(not missing, f"{len(missing)} of {CALLS} calls are not in the trace")


run(none_for_an_event, ends_promptly)
