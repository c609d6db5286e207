# SPDX-License-Identifier: Apache-2.0
"""Arguments and results by their types: the target prints what must be shown."""

from expected import Expected, nodes_of
from utrail import Target, Trace, fail, only, run, same, trace_target

FUNCTIONS = """next_color odd_color both label scale mixed narrow eight wide error greet area move
call nothing""".split()


def types():
    target, trace = trace_target("types", [2], [f"types:{name}" for name in FUNCTIONS])
    trace.check_nothing_lost()
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


def stripped_of_types():
    """With types given by hand, the file needs no debug information."""
    spec = "types:eight(int, long, uint, str, short, uint, long, int) -> long"
    target, trace = trace_target("types", [1], [spec])
    call = only(trace.calls("eight"), "calls of eight")
    values = list(call["args"].values())
    same(values[:4], [-1, 1 << 40, 3, "d"], "the first four arguments")
    same((values[6], values[7]), (-7, 8), "the two on the stack")
    same(call["ret"], (1 << 40) + 104, "the result")


def enum_names_in_text():
    target = Target("types", "-w", "1")
    trace = Trace("-e", "types:next_color", pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    wanted = [line for line in target.expected if "next_color" in line]
    got = [line for line in trace.text.splitlines() if "next_color" in line]
    same(len(got), len(wanted), "lines")
    for line, shown in zip(wanted, got):
        if line not in shown:
            fail(f"wanted {line!r} in {shown!r}")


run(types, stripped_of_types, enum_names_in_text)
