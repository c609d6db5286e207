# SPDX-License-Identifier: Apache-2.0
"""Markers with every sort of argument: the target prints what must be shown."""

import re

from expected import Expected, nodes_of
from utrail import ensure, fail, only, run, same, trace_target

NAMES = """empty signed unsigned constants wide floats globals members twice twelve query__start
guarded""".split()


def compare(target, trace):
    trace.check_nothing_lost()
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


def compiled():
    specs = [f"usdt:demo:{name}" for name in NAMES] + ["usdt:demo:strings(str, str, str, str, str)"]
    target, trace = trace_target("usdt-args", [3], specs)
    compare(target, trace)
    same(target.counts["guarded"], 3, "hits of the guarded marker")
    same({e["module"] for e in trace.markers()}, {"usdt-args"}, "module")
    same({e["provider"] for e in trace.markers()}, {"demo"}, "provider")


def shapes():
    target, trace = trace_target("usdt-shapes", [], ["usdt:shapes:*"])
    compare(target, trace)
    parts = only(trace.markers("unreadable"), "hits")["args"]
    reasons = [v["unavailable"] for v in parts.values() if isinstance(v, dict)]
    same(len(reasons), 3, "operands that cannot be read")
    ensure(re.search("xmm0", reasons[0]), f"the reason names no register: {reasons[0]!r}")
    ensure(re.search("no_such_symbol_anywhere", reasons[1]), f"the reason names no symbol: {reasons[1]!r}")


def spellings():
    for spec in (
        "usdt:demo:query__start",
        "usdt:demo:query-start",
        "usdt:usdt-args:demo:query-start",
        "usdt:usdt-args:demo:query__*",
        "sdt_demo:query__start",
    ):
        target, trace = trace_target("usdt-args", [4], [spec])
        same([e["args"]["arg1"] for e in trace.markers("query__start")], [1] * 4, f"hits of {spec}")


def types_by_hand():
    specs = ["usdt:demo:signed(hex, int, int, hex)", "usdt:demo:constants(bool, int, uint, int, char)"]
    target, trace = trace_target("usdt-args", [1], specs)
    first, second, third, fourth = only(trace.markers("signed"), "hits")["args"].values()
    same((second, third), (-32768, -2147483648), "signed numbers")
    same(int(str(fourth), 16), 1 << 63, "the lowest number as hex")
    values = list(only(trace.markers("constants"), "hits")["args"].values())
    same((values[0], values[4]), (False, "x"), "constants as bool and char")


run(compiled, shapes, spellings, types_by_hand)
