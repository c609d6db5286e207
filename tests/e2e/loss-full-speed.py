# SPDX-License-Identifier: Apache-2.0
"""Calls back to back, default settings: all are delivered, none lost, none missed."""

from utrail import check_nesting, run, same, trace_target

CALLS = 300_000


def check(arguments, specs, *options):
    target, trace = trace_target("count", arguments, specs, *options)
    same(target.counts["f"], CALLS, "the target's own count")
    trace.check_nothing_lost()
    same(len(trace.calls("f")), CALLS, "calls of f")
    return trace


def one_thread():
    trace = check([CALLS, 1], ["count:f"])
    same({c["args"]["n"] for c in trace.calls()}, set(range(CALLS)), "arguments")


def four_threads():
    trace = check([CALLS // 4, 4], ["count:f"])
    check_nesting(trace.events)


run(one_thread, four_threads)
