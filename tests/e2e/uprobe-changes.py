# SPDX-License-Identifier: Apache-2.0
"""--changes: the members that look different at the return, as the program itself finds them."""

from typed import check, compiled
from utrail import ensure, run, same, trace_target

# Calls around others keep something only up to here: WORD_SPANS_MAX in stream/state.bpf.h.
KEPT_DEPTH = 128


def each_compiler():
    for name in ("changes-g++", "changes-clang++"):
        for program in compiled(name):
            check(program, ["touch", "number", "text"], "--changes")


def trace(program, function, *arguments):
    _target, trace = trace_target(program, arguments, [f"{program}:{function}"], "--changes")
    trace.check_nothing_lost()
    return trace.calls(function)


def as_json():
    calls = trace("changes-g++-0", "touch")
    same(calls[0]["changes"], [{"path": "st->count", "before": 1, "after": 2}], "of the first call")
    same([len(c["changes"]) for c in calls], [1, 2, 2, 2, 2, 1, 0], "changes of each call")


def nothing_changes():
    for call in trace("changes-g++-2", "look"):
        same(call["changes"], [], "of a function that looks")


def not_asked_for():
    _target, plain = trace_target("changes-g++-0", [], ["changes-g++-0:touch"])
    for call in plain.calls("touch"):
        ensure("changes" not in call, f"not asked for: {call}")


def recursion():
    """Each call has its own structure; what could not be kept is told, and nothing is made up."""
    calls = trace("changes-g++-2", "nested", 199)
    same(len(calls), 200, "calls of nested")
    for call in calls:
        before, level, depth = call["args"]["st"]["count"], call["ret"], call["depth"]
        if depth < KEPT_DEPTH or depth == 199:
            wanted = [{"path": "st->count", "before": before, "after": level}] if before != level else []
            same(call["changes"], wanted, f"at depth {depth}")
        else:
            same(call["changes"], [{"path": "st", "unavailable": "too many calls around it"}], f"at depth {depth}")


run(each_compiler, as_json, nothing_changes, not_asked_for, recursion)
