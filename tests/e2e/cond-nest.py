# SPDX-License-Identifier: Apache-2.0
"""Calls that are left out inside of and around others, in recursion, with system calls and markers
between: every call is delivered or filtered, depths and durations are right."""

from utrail import check_nesting, ensure, ns, run, same, trace_target


def filtered(trace):
    return int(trace.records[-1].get("filtered", 0))


def left_out_at_the_entry():
    """A call that its entry rules out leaves no trace: nesting is that of the others."""
    for how in ("trampoline", "site"):
        specs = ["conditions:handle if n & 1", "conditions:inner", "syscall:openat", "usdt:conditions:mark"]
        target, trace = trace_target("conditions", [400, 3], specs, f"--return={how}")
        trace.check_nothing_lost()
        check_nesting(trace.events)
        same(len(trace.calls("handle")) + filtered(trace), target.counts["handle"], "calls of handle")
        same(len(trace.calls("inner")), target.counts["inner"], "calls of inner")
        ensure(filtered(trace) > 100, f"{filtered(trace)} were filtered")
        depths = {c["depth"] for c in trace.calls("inner")}
        same(depths, {0, 1}, "inner is inside of handle, or handle was left out")
        for call in trace.calls():
            ensure("ret" in call and "dur_ns" in call, f"{how}: not whole: {call}")


def left_out_at_the_return():
    """Its entry is in the stream already: what was inside keeps its place."""
    for how in ("trampoline", "site"):
        specs = ["conditions:handle if ret > 20", "conditions:inner"]
        target, trace = trace_target("conditions", [400, 3], specs, f"--return={how}")
        trace.check_nothing_lost()
        same(len(trace.calls("handle")) + filtered(trace), target.counts["handle"], "calls of handle")
        same(len(trace.calls("inner")), target.counts["inner"], "calls of inner")
        same({c["depth"] for c in trace.calls("inner")}, {1}, "depth of inner")
        handles = trace.calls("handle")
        ensure(all(int(c["ret"]) > 20 for c in handles), "a call that returned less was shown")
        ensure(len(handles) > 100, f"{len(handles)} calls")
        # Those that are there lie inside of a call that is there, by their times.
        spans = [(c["tid"], ns(c), ns(c) + ns(c, "dur_ns")) for c in handles]
        inside = sum(
            any(t == i["tid"] and a <= ns(i) <= b for t, a, b in spans) for i in trace.calls("inner")
        )
        same(inside, sum(int(c["args"]["n"]) % 3 == 0 for c in handles), "calls of inner in what is shown")


def recursion():
    for how in ("trampoline", "site", "auto"):
        target, trace = trace_target("conditions", [300, 2], ["conditions:deep if n & 1"], f"--return={how}")
        trace.check_nothing_lost()
        check_nesting(trace.events)
        same(len(trace.calls("deep")), target.counts["deep_odd"], "odd calls")
        same(len(trace.calls("deep")) + filtered(trace), target.counts["deep"], "calls of deep")
        for call in trace.calls("deep"):
            ensure("dur_ns" in call and "ret" in call, f"{how}: no return: {call}")
            same(int(call["ret"]), (int(call["args"]["n"]) + 1) // 2, f"{how}: what deep returned")
        target, trace = trace_target("conditions", [300, 2], ["conditions:deep if ret & 1"], f"--return={how}")
        trace.check_nothing_lost()
        same(len(trace.calls("deep")) + filtered(trace), target.counts["deep"], "calls of deep")
        ensure(all(int(c["ret"]) & 1 for c in trace.calls("deep")), "an even result was shown")
        ensure(trace.calls("deep"), "no call at all")


def under_pressure():
    """A ring that is too small: each call is delivered, lost or filtered."""
    specs = ["conditions:handle if n > 0 && ret != 3", "conditions:inner if n > 20"]
    target, trace = trace_target("conditions", [20000, 2], specs, "--ring-size=16k")
    _, lost, missed = trace.summary
    delivered = len(trace.calls("handle")) + len(trace.calls("inner"))
    total = target.counts["handle"] + target.counts["inner"]
    same(delivered + lost + missed + filtered(trace), total, "delivered + lost + missed + filtered")


run(left_out_at_the_entry, left_out_at_the_return, recursion, under_pressure)
