# SPDX-License-Identifier: Apache-2.0
"""Calls of two functions that are one piece of code cannot be told apart: that is said."""

from utrail import Target, Trace, contains, ensure, plain, run, same, sample

ROUNDS = 5


def both_are_named():
    target = Target("folded", "-w", ROUNDS)
    trace = Trace("-e", "folded:get_height", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls("get_height")), target.counts["calls"], "calls of either")
    same(trace.stderr.count("get_height and get_width are one piece of code: calls of either are told"), 1, "notes")


def usual_aliases_are_not():
    for spec, command in ("libc:read", "count"), ("folded:main", "folded"):
        told = plain(["explain", "-e", spec, "--", sample(command)])
        contains(told.stdout, spec.split(":")[1])
        ensure("one piece of code" not in told.stderr, f"{spec}: {told.stderr}")


run(both_are_named, usual_aliases_are_not)
