# SPDX-License-Identifier: Apache-2.0
"""Probes on functions and markers do not write to the target's stack."""

from utrail import matches, run, same, trace_target

CALLS = 2000
NAMES = ["short_nop", "long_nop", "both_nops"]


def check(specs, kind):
    """A place may be refused, with a reason; it is never probed at the target's expense."""
    target, trace = trace_target("redzone", [CALLS], specs)
    same(target.counts["corrupted"], 0, "values that tracing has destroyed")
    for name in NAMES:
        if name == "long_nop" and not trace.of(kind, name):
            matches(trace.stderr, r"redzone:long_nop.*refused.*5-byte nop", "the note")
            continue
        same(len(trace.of(kind, name)), target.counts[name], f"{kind} {name}")
    return trace


def markers():
    """The operand in the red zone is read too."""
    trace = check(["usdt:redzone:*"], "usdt")
    for offset, name in enumerate(NAMES, 1):
        for event in trace.markers(name):
            first, second = event["args"].values()
            same(second, first * 7 + offset, f"operands of {name}")


def functions():
    check([f"redzone:{name}(long, long) -> long" for name in NAMES], "call")


run(markers, functions)
