# SPDX-License-Identifier: Apache-2.0
"""The C library's functions: no debug information, and yet names, arguments and results."""

from expected import Expected, nodes_of
from utrail import Trace, fail, run, same, sample, trace_target

FIRST = 100000


def numbered(call):
    """The first argument as a number; sizes are numbers, addresses are hex text."""
    return int(str(next(iter(call["args"].values()))), 0)


def compare(target_lines, events):
    """malloc and free with our sizes and addresses; the library's own calls are left out."""
    mallocs = [e for e in events if e["name"] == "malloc" and numbered(e) >= FIRST]
    addresses = {e["ret"] for e in mallocs}
    frees = [e for e in events if e["name"] == "free" and next(iter(e["args"].values())) in addresses]
    others = [e for e in events if e["name"] == "getenv" and "ALLOCATE_TEST" in e["args"].values()]
    problem = Expected(target_lines).difference(nodes_of(mallocs + frees + others))
    if problem:
        fail(problem)


def attached():
    target, trace = trace_target("allocate", [50], ["libc:malloc", "libc:free", "libc:getenv"])
    trace.check_nothing_lost()
    same(len(target.expected), 101, "lines that the target expects")
    compare(target.expected, trace.calls())


def launched():
    """From the first instruction: the C library is not even mapped when the command starts."""
    command = [sample("allocate"), "20"]
    trace = Trace("-e", "libc:malloc,libc:free,libc:getenv", "-f", command=command, wait=False)
    trace.finish(stop=False)
    lines = [line[7:] for line in trace.stdout.splitlines() if line.startswith("expect ")]
    same(len(lines), 41, "lines that the command expects")
    compare(lines, trace.calls())


def by_soname_and_path():
    with open("/proc/self/maps") as maps:
        path = next(m.split()[-1] for m in maps if "libc.so.6" in m)
    for module in ("libc.so.6", path):
        target, trace = trace_target("allocate", [10], [f"{module}:malloc"])
        ours = [c for c in trace.calls("malloc") if numbered(c) >= FIRST]
        same([numbered(c) for c in ours], list(range(FIRST, FIRST + 10)), f"sizes, of {module}")


run(attached, launched, by_soname_and_path)
