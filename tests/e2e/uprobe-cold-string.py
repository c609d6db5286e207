# SPDX-License-Identifier: Apache-2.0
"""Strings in pages that the process has never touched are right at the first touch."""

from expected import Expected, nodes_of
from utrail import fail, run, same, scratch, trace_target


def cold():
    target, trace = trace_target("cold", [], ["cold:cold", "usdt:cold:text(str, int)"], cwd=scratch())
    trace.check_nothing_lost()
    same(len(target.expected), 96, "lines that the target expects")
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


run(cold)
