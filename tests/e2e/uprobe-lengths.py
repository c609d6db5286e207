# SPDX-License-Identifier: Apache-2.0
"""Strings of every length, short ones between long ones, and numbers of every size beside them."""

from expected import Expected, nodes_of
from utrail import fail, run, same, trace_target

CALLS = 201


def whole():
    target, trace = trace_target("lengths", [], ["lengths:lengths"], "-s", "300")
    trace.check_nothing_lost()
    same(len(target.expected), CALLS, "lines that the target expects")
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


def shown(value):
    """A text that was cut is an object with what was shown."""
    return value["str"] if isinstance(value, dict) else value


def cut(limit):
    target, trace = trace_target("lengths", [], ["lengths:lengths"], "-s", str(limit))
    trace.check_nothing_lost()
    calls = trace.calls("lengths")
    same(len(calls), len(target.expected), "calls")
    for number, call in enumerate(calls[:-1]):
        value = call["args"]["text"]
        same(isinstance(value, dict), number > limit, f"whether {value!r} of {number} bytes was cut at {limit}")
        same(len(shown(value)), min(number, limit), f"bytes of {value!r}, cut at {limit}")


def cut_at_every_border():
    for limit in (1, 8, 46, 47, 48):
        cut(limit)


run(whole, cut_at_every_border)
