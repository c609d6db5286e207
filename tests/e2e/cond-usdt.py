# SPDX-License-Identifier: Apache-2.0
"""Conditions on markers, by the types that the user gives, and by the words as they are."""

from utrail import ensure, run, same, trace_target


def one(spec, name, *more, wanted=None):
    target, trace = trace_target("conditions", [300, 2], [spec, *more])
    trace.check_nothing_lost()
    marks = trace.markers("mark")
    filtered = int(trace.records[-1].get("filtered", 0))
    same(len(marks), target.counts[name] if wanted is None else wanted(target.counts), f"hits of {spec}")
    same(len(marks) + filtered, target.counts["handle"], f"{spec}: delivered and filtered")
    return marks


def by_number_and_text():
    one("usdt:conditions:mark if arg1 < 0", "n_negative")
    one("usdt:conditions:mark(int n) if n > 90", "n_above")
    one('usdt:conditions:mark if arg2 == "hello"', "text")
    one('usdt:conditions:mark if arg2 ~ "he[kl]lo"', "text")
    one("usdt:conditions:mark if arg2 == 0", "no_text")
    one("usdt:conditions:mark if arg3 > 0x8000000000000000", "wide")
    # A number that leads to no text is like no pattern.
    one('usdt:conditions:mark if arg3 ~ "*"', "n_negative", wanted=lambda counts: 0)


def several():
    one("usdt:conditions:mark if arg1 < 10", "either", "usdt:conditions:mark if arg1 > 95")
    one('usdt:conditions:mark if arg2 == "hello" && arg1 > 50', "both")
    one("usdt:conditions:mark if arg1 < 10", "handle", "usdt:conditions:mark")


def patterns_of_names():
    marks = one("usdt:cond*:m* if arg1 > 90", "n_above")
    ensure(all(m["args"]["arg1"] > 90 for m in marks), "a small number came through")


run(by_number_and_text, several, patterns_of_names)
