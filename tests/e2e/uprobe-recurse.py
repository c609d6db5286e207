# SPDX-License-Identifier: Apache-2.0
"""Recursion, 200 deep: every call at its own depth, with its own result, or none; never a wrong one."""

from utrail import check_nesting, ensure, run, same, trace_target

DEPTH = 200


def check(trace, target, rounds):
    calls = trace.calls("down")
    same(len(calls), target.counts["down"], "calls of down")
    same(len(calls), DEPTH * rounds, "calls of down, by arithmetic")
    for call in calls:
        n = call["args"]["n"]
        same(call["depth"], DEPTH - 1 - n, f"depth of down({n})")
        if "dur_ns" in call and "ret" in call:
            same(call["ret"], n * (n + 1) // 2, f"result of down({n})")
    check_nesting(trace.events)
    return [c for c in calls if "ret" not in c]


def by_default():
    target, trace = trace_target("recurse", [DEPTH, 5], ["recurse:down"])
    without = check(trace, target, 5)
    same(len(without), 0, "calls without a return")
    trace.check_nothing_lost()


def by_site():
    target, trace = trace_target("recurse", [DEPTH, 5], ["recurse:down"], "--return=site")
    same(len(check(trace, target, 5)), 0, "calls without a return")


def by_trampoline():
    """The kernel keeps 64 pending returns a thread: the others have none, and that is told."""
    target, trace = trace_target("recurse", [DEPTH, 5], ["recurse:down"], "--return=trampoline")
    without = check(trace, target, 5)
    ensure(len(without) in (0, 5 * (DEPTH - 64)), f"{len(without)} calls without a return")


run(by_default, by_site, by_trampoline)
