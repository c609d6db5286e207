# SPDX-License-Identifier: Apache-2.0
"""Recursion, 200 deep: every call at its own depth, with its own result, or none; never a wrong one."""

from utrail import check_nesting, contains, ensure, returned, run, same, trace_target

DEPTH = 200


# Open calls of one thread that are kept; beyond, a call is told without depth of its own.
KEPT = 256


def check(trace, target, rounds, depth=DEPTH):
    calls = trace.calls("down")
    same(len(calls), target.counts["down"], "calls of down")
    same(len(calls), depth * rounds, "calls of down, by arithmetic")
    for call in calls:
        n = call["args"]["n"]
        same(call["depth"], min(depth - 1 - n, KEPT), f"depth of down({n})")
        ensure(call["depth"] < KEPT or not returned(call), f"down({n}), beyond {KEPT}, has a return")
        if returned(call):
            same(call["ret"], n * (n + 1) // 2, f"result of down({n})")
    check_nesting(trace.events)
    return [c for c in calls if not returned(c)]


def by_default():
    target, trace = trace_target("recurse", [DEPTH, 5], ["recurse:down"])
    trace.check_nothing_lost()
    # Where the trampoline is safe, it is taken, and the kernel keeps 64 of them a thread.
    without = check(trace, target, 5)
    ensure(len(without) in (0, 5 * (DEPTH - 64)), f"{len(without)} calls without a return")


def by_site():
    target, trace = trace_target("recurse", [DEPTH, 5], ["recurse:down"], "--return=site")
    same(len(check(trace, target, 5)), 0, "calls without a return")


def by_trampoline():
    """The kernel keeps 64 pending returns a thread: the others have none, and that is told."""
    target, trace = trace_target("recurse", [DEPTH, 5], ["recurse:down"], "--return=trampoline")
    without = check(trace, target, 5)
    ensure(len(without) in (0, 5 * (DEPTH - 64)), f"{len(without)} calls without a return")
    same(trace.returns_lost, len(without), "returns told as lost, against calls without one")


def deeper_than_any_limit():
    """Whatever cannot be held has no return, is counted, and is never a wrong number."""
    target, trace = trace_target("recurse", [2000, 2], ["recurse:down"], "--return=site")
    without = check(trace, target, 2, depth=2000)
    same(trace.summary[1:], (0, 0), "lost and missed")
    same(trace.returns_lost, len(without), "returns told as lost, against calls without one")


def in_turns(depth, times):
    """Two functions that call each other: calls, results and, exactly, the returns that were not seen."""
    target, trace = trace_target("mutual", [depth, times], ["mutual:ping", "mutual:pong"])
    calls = trace.calls("ping") + trace.calls("pong")
    same(len(calls), depth * times, "calls")
    same({name: len(trace.calls(name)) for name in ("ping", "pong")}, target.counts, "calls of each")
    for call in calls:
        same(call["depth"], depth - 1 - call["args"]["left"], f"depth of {call}")
        if returned(call):
            same(call["ret"], call["args"]["left"] + 1, f"result of {call}")
    check_nesting(trace.events)
    same(trace.summary[1:], (0, 0), "lost and missed")
    without = [c for c in calls if not returned(c)]
    same(trace.returns_lost, len(without), "returns told as lost, against calls without one")
    return without, trace


def mutual():
    without, _ = in_turns(60, 10)
    same(len(without), 0, "calls without a return, 60 deep")


def mutual_deep():
    """Beyond what the kernel's return probes follow: it is noticed, and then no more is lost."""
    without, trace = in_turns(200, 30)
    ensure(len(without) <= 200 * 10, f"{len(without)} calls without a return: it never stopped")
    if without:
        contains(trace.stderr, "returns are seen at `ret` instructions from now on", "messages")


run(mutual, mutual_deep, deeper_than_any_limit, by_default, by_site, by_trampoline)
