# SPDX-License-Identifier: Apache-2.0
"""Calls from many threads: each thread's own are complete and in order."""

from utrail import ns, run, same, trace_target

THREADS = 8
CALLS = 500


def threads():
    target, trace = trace_target("count", [CALLS, THREADS], ["count:f"])
    trace.check_nothing_lost()
    calls = trace.calls("f")
    same(len(calls), target.counts["f"], "calls of f")
    by_thread = {}
    for call in sorted(calls, key=ns):
        same(call["pid"], target.pid, "process")
        by_thread.setdefault(call["tid"], []).append(call)
    same(len(by_thread), THREADS, "threads seen")
    for tid, own in by_thread.items():
        same([c["args"]["n"] for c in own], list(range(CALLS)), f"arguments of thread {tid}")
        ends = [ns(c) + ns(c, "dur_ns") for c in own]
        overlaps = [i for i in range(1, CALLS) if ends[i - 1] > ns(own[i])]
        same(overlaps, [], f"calls of thread {tid} that begin before the one before ended")


run(threads)
