# SPDX-License-Identifier: Apache-2.0
"""Pointers to what has a name in the probed file are shown with it, and no others."""

import shutil
import subprocess

from typed import check, compiled
from utrail import Target, Trace, ensure, run, same, sample, scratch, trace_target

FUNCTIONS = ["take", "give", "hold", "virtually", "members"]


def each_compiler():
    for name in ("pointers-g++", "pointers-g++-fixed", "pointers-clang++"):
        programs = compiled(name)
        ensure(programs or "clang" in name, f"{name} was not built")
        for program in programs:
            check(program, FUNCTIONS)


def as_json():
    target, trace = trace_target("pointers-g++-0", [], ["pointers-g++-0:take", "pointers-g++-0:hold"])
    first = trace.calls("take")[0]["args"]
    wanted = target.expected[0].split("a=")[1].split(" ")[0]
    same(first["a"], {"pointer": wanted, "symbol": "table+4"}, "a pointer into an array")
    held = trace.calls("hold")[0]["args"]
    same((held["call"], held["holder"]["call"], held["holder"]["data"]["symbol"]), ("&callee", "&callee", "hidden"), "hold")
    same(trace.calls("hold")[1]["args"]["code"], None, "NULL")


def two_at_once():
    """Each process has the file elsewhere."""
    targets = [Target("pointers-g++-0", "-w") for _ in range(2)]
    trace = Trace("-e", "pointers-g++-0:take", "-p", str(targets[1].pid), pid=targets[0].pid)
    for target in targets:
        target.release()
        target.finish()
    trace.finish()
    for target in targets:
        calls = [call for call in trace.calls("take") if call["pid"] == target.pid]
        wanted = [line.split("a=")[1].split(",")[0] for line in target.expected if line.startswith("take")]
        got = [call["args"]["a"] for call in calls]
        got = [f"{a['pointer']} <{a['symbol']}>" if isinstance(a, dict) else a for a in got]
        same(got, wanted, f"pointers of {target.pid}")


def stripped():
    """Where no symbol is left but the function's own, there is no name."""
    path = scratch() / "stripped"
    shutil.copy(sample("pointers-g++-2"), path)
    subprocess.run(["strip", "-K", "take", path], check=True)
    target = Target(str(path), "-w")
    trace = Trace("-e", "stripped:take(ptr a, ptr b, int c)->int", pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    ensure("a=0x" in trace.text, f"no pointers: {trace.text[:500]}")
    ensure("<table" not in trace.text and "<hidden" not in trace.text, f"names from nowhere: {trace.text[:500]}")


run(each_compiler, as_json, two_at_once, stripped)
