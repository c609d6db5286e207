# SPDX-License-Identifier: Apache-2.0
"""Memory that the program brings in itself, or that grows when it is read, is left alone: no wait, and no fault that it is told of."""

from utrail import run, same, skip, trace_target


def faults(*more):
    target, trace = trace_target("faults", [], ["faults:hand" + "".join(more)])
    if target.counts.get("skipped"):
        skip("this kernel has no userfaultfd")
    same(target.counts["told"], 0, "faults that the program was told of")
    same(target.counts["grown"], 0, "KiB that its stack has grown by")
    trace.check_nothing_lost()
    return {call["args"]["n"]: call["args"]["text"] for call in trace.calls("hand")}


def texts():
    shown = faults()
    same(len(shown), 9, "calls")
    same(shown[0], "before", "a text that ends before the range")
    same(shown[1], "at its edge", "a text that ends where the range begins")
    for n in range(2, 9):
        same("unavailable" in str(shown[n]), True, f"text {n} is not there: {shown[n]}")


def conditions():
    """What cannot be decided is told."""
    same(sorted(faults(' if text == "before"')), [0, *range(2, 9)], "calls with that text")
    same(sorted(faults(" if block != NULL && block->number == 7")), [*range(3, 9)], "calls with that number")


run(texts, conditions)
