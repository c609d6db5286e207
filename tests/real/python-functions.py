# SPDX-License-Identifier: Apache-2.0
"""Python's own markers: each call of a Python function, with file, name and line."""

import os
import subprocess

from utrail import Target, Trace, ensure, ns, run, same, scratch, skip, values

PYTHON = "/usr/bin/python3.11"
CALLS = 300
PROGRAM = f"""import os, sys

def inner(n):
    return n + 1

def outer(n):
    return inner(n) * 2

print("ready", os.getpid(), flush=True)
sys.stdin.readline()
total = 0
for i in range({CALLS}):
    total += outer(i)
print("count outer", {CALLS})
print("count inner", {CALLS})
print("total", total, flush=True)
"""


def need_markers():
    """Debian's 3.11 has them, later versions have not."""
    if not os.path.exists(PYTHON):
        skip(f"{PYTHON} is not installed (package python3.11)")
    notes = subprocess.run(["readelf", "-n", PYTHON], capture_output=True, text=True, check=True).stdout
    if "function__return" not in notes:
        skip(f"this build of {PYTHON} has no markers")


def trace_program(*specs):
    need_markers()
    script = scratch() / "program.py"
    script.write_text(PROGRAM)
    target = Target(PYTHON, "-I", script, ready=True)
    trace = Trace(*[w for spec in specs for w in ("-e", spec)], "-s", "256", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    ensure(f"total {sum((i + 1) * 2 for i in range(CALLS))}" in target.stdout, target.report("went wrong"))
    return target, trace, str(script)


def named(trace, marker, function):
    found = sorted(trace.markers(marker), key=ns)
    return [values(e) for e in found if values(e)[1] == function]


def returns():
    target, trace, script = trace_program("usdt:python:function__return(str, str, int)")
    for function in ("outer", "inner"):
        hits = named(trace, "function__return", function)
        same(len(hits), target.counts[function], f"returns of {function}")
        same({h[0] for h in hits}, {script}, f"file of {function}")
    lines = PROGRAM.splitlines()
    line = named(trace, "function__return", "inner")[0][2]
    ensure("return n + 1" in lines[line - 1], f"line of the return: {line}")


def entries():
    """In 3.11, the entry of a plain function fires only while `line` is attached too."""
    specs = [f"usdt:python:{name}(str, str, int)" for name in ("function__entry", "function__return", "line")]
    target, trace, script = trace_program(*specs)
    for function in ("outer", "inner"):
        same(len(named(trace, "function__entry", function)), target.counts[function], f"entries of {function}")
        same(len(named(trace, "function__return", function)), target.counts[function], f"returns of {function}")
    order = [
        (e["name"], values(e)[1])
        for e in sorted(trace.markers(), key=ns)
        if e["name"] != "line" and values(e)[1] in ("outer", "inner")
    ]
    once = [("function__entry", "outer"), ("function__entry", "inner")]
    once += [("function__return", "inner"), ("function__return", "outer")]
    same(order, once * CALLS, "entries and returns, in order")


def untyped():
    """Nobody said that the first two are strings."""
    target, trace, script = trace_program("usdt:python:function__return")
    hits = named(trace, "function__return", "inner")
    same(len(hits), target.counts["inner"], "returns of inner")
    same({h[0] for h in hits}, {script}, "file")


run(returns, entries, untyped)
