# SPDX-License-Identifier: Apache-2.0
"""Rate limits: whole calls beyond them are suppressed, counted, and told where that happened."""

from collections import Counter

from utrail import Target, Trace, check_error, check_nesting, ensure, matches, ns, plain, run, same, trace_target


def last(trace, key):
    return int(trace.records[-1].get(key, 0))


def told(trace, name=None):
    return sum(int(r["count"]) for r in trace.records if r["type"] == "suppressed" and name in (None, r["name"]))


def check_windows(events, limit, period_ns):
    windows = Counter(ns(e) // period_ns for e in events)
    for window, count in windows.items():
        ensure(count <= limit, f"{count} events in window {window}, {limit} allowed")


def of_each_probe():
    """Each probe has the limit for itself; all that was not delivered was suppressed."""
    for how in ("trampoline", "site"):
        specs = ["conditions:handle", "conditions:inner", "syscall:openat", "usdt:conditions:mark"]
        target, trace = trace_target("conditions", [3000, 3], specs, "--rate=20/ms", f"--return={how}")
        trace.check_nothing_lost()
        check_nesting(trace.events)
        total = 0
        for events, name in (
            (trace.calls("handle"), "handle"),
            (trace.calls("inner"), "inner"),
            (trace.syscalls("openat"), "opened"),
            (trace.markers("mark"), "handle"),
        ):
            check_windows(events, 20, 1000000)
            ensure(events, f"no {name}")
            total += target.counts[name]
        same(len(trace.events) + last(trace, "suppressed"), total, "delivered and suppressed")
        same(told(trace), last(trace, "suppressed"), "what the stream told")
        for call in trace.calls():
            ensure("ret" in call and "dur_ns" in call, f"{how}: not whole: {call}")


def of_one_spec():
    specs = ["conditions:handle rate 7/m", "conditions:inner if n > 5 rate 3/h", "usdt:conditions:mark"]
    target, trace = trace_target("conditions", [500, 2], specs)
    trace.check_nothing_lost()
    # A window may have ended meanwhile.
    ensure(len(trace.calls("handle")) in (7, 14), f"{len(trace.calls('handle'))} calls of handle")
    ensure(len(trace.calls("inner")) in (3, 6), f"{len(trace.calls('inner'))} calls of inner")
    same(len(trace.markers("mark")), target.counts["handle"], "markers, which have no limit")
    counted = target.counts["handle"] * 2 + target.counts["inner"]
    left_out = last(trace, "suppressed") + last(trace, "filtered")
    same(len(trace.events) + left_out, counted, "delivered, suppressed and filtered")
    same(told(trace, "conditions:handle"), target.counts["handle"] - len(trace.calls("handle")), "of handle")


def with_the_end():
    """A condition on the result decides first: what it leaves out takes no place."""
    target, trace = trace_target("conditions", [300, 2], ["conditions:handle if ret > 20 rate 9/h", "conditions:inner"])
    trace.check_nothing_lost()
    calls = trace.calls("handle")
    ensure(len(calls) in (9, 18), f"{len(calls)} calls")
    ensure(all(int(c["ret"]) > 20 for c in calls), "a call that returned less was shown")
    same(len(trace.calls("inner")), target.counts["inner"], "calls of inner")
    left_out = last(trace, "suppressed") + last(trace, "filtered")
    same(len(calls) + left_out, target.counts["handle"], "delivered, suppressed and filtered")


def of_system_calls():
    target, trace = trace_target("conditions", [300], ['syscall:openat if ret == -ENOENT rate 5/h'])
    trace.check_nothing_lost()
    ensure(len(trace.syscalls()) in (5, 10), f"{len(trace.syscalls())} calls")
    same(len(trace.syscalls()) + last(trace, "suppressed"), target.counts["opened"], "delivered and suppressed")


def in_text():
    target = Target("conditions", "-w", "300")
    trace = Trace("-e", "conditions:handle", "--rate=10/h", pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    matches(trace.text, r"^\S+ --- \d+ events suppressed: conditions:handle \(rate limit\) ---$", "the trace")
    matches(trace.stderr, r"^(10 events, 0 lost, 0 missed, 290|20 events, 0 lost, 0 missed, 280) suppressed$", "the summary")


def mistakes():
    for rate in ("0", "-1", "x", "10/x", "10000001", "1e3", ""):
        check_error(plain(["--rate", rate, "-e", "libc:malloc", "--", "true"]), 2, "will not do", hint="100/s")
    check_error(plain(["-e", "libc:malloc rate 0/s", "--", "true"]), 2, "no rate behind 'rate'", hint="'rate 100/s'")
    check_error(plain(["-e", "cpu:9 rate 3/s", "--", "true"]), 2, "'cpu' takes no rate", hint="cpu:HZ")


run(of_each_probe, of_one_spec, with_the_end, of_system_calls, in_text, mistakes)
