# SPDX-License-Identifier: Apache-2.0
"""Copies that a compiler makes of a function: calls of them are calls of it, with the arguments that DWARF places."""

import re
import shutil
import subprocess

from utrail import ensure, plain, run, same, sample, trace_target

ROUNDS = 20


def symbols():
    text = subprocess.run(["nm", sample("copies")], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in text.splitlines()}


def own_calls(target, name):
    return [tuple(map(int, numbers.split())) for numbers in re.findall(rf"^call {name} ([-\d ]+)$", target.stdout, re.M)]


def by_the_name_of_the_function():
    copies = sorted(name for name in symbols() if re.match(r"(shift|weigh|repeat)\.(isra|constprop)", name))
    print(f"copies: {copies}")
    for how in ("--return=site", "--return=trampoline"):
        target, trace = trace_target("copies", [ROUNDS], ["copies:shift", "copies:weigh", "copies:repeat"], how)
        trace.check_nothing_lost()
        for name in ("shift", "weigh", "repeat"):
            calls = [call for call in trace.calls() if call["name"].split(".")[0] == name]
            own = own_calls(target, name)
            same(len(calls), len(own), f"calls of {name}")
            for call, (value, *by) in zip(calls, own):
                shown = call["args"].get("value", call["args"].get("times"))
                same(shown, value, f"first argument of {call}")
                if by:
                    same(call["args"]["by"], by[0], f"second argument of {call}")
        same({call["name"] for call in trace.calls() if "." in call["name"]}, set(copies), "names of the copies")


def results():
    """A copy without parameters has a result as ever; one whose parameters were taken apart may have lost it."""
    target, trace = trace_target("copies", [ROUNDS], ["copies:shift", "copies:weigh"])
    for call, (value, by) in zip([c for c in trace.calls() if c["name"].startswith("shift")], own_calls(target, "shift")):
        same(call["ret"], value << by, f"result of {call}")
    for call in trace.calls():
        if ".isra." in call["name"]:
            same(call["ret"], {"unavailable": "perhaps optimised out"}, f"result of {call}")


def with_given_types():
    """Where the copy has its arguments, DWARF says, and not the convention."""
    target, trace = trace_target("copies", [ROUNDS], ["copies:shift(long, long)"])
    same([call["args"]["arg1"] for call in trace.calls()], [value for value, _ in own_calls(target, "shift")], "arguments")


def by_the_name_of_the_copy():
    """It alone."""
    for name in sorted(symbols()):
        if re.match(r"repeat\.constprop\.\d+$", name):
            target, trace = trace_target("copies", [ROUNDS], [f"copies:{name}"])
            same({call["name"] for call in trace.calls()}, {name}, "names")
            ensure(len(trace.calls()) < len(own_calls(target, "repeat")), "all calls are of the copy")


def in_the_list():
    listed = plain(["list", sample("copies"), "shift"]).stdout
    for name in symbols():
        if re.match(r"shift(\.|$)", name):
            ensure(name in listed, f"{name} is not listed: {listed}")


def renamed_by_the_linker():
    """Two functions of one name: LLVM's link-time optimisation gives one of them a number."""
    if not (shutil.which("clang") and shutil.which("ld.lld")):
        return print("clang and lld are not installed")
    target, trace = trace_target("renamed", [ROUNDS], ["renamed:weigh"])
    trace.check_nothing_lost()
    names = {call["name"] for call in trace.calls()}
    (other,) = names - {"weigh"}
    ensure(re.match(r"weigh\.\d+$", other), f"names: {names}")
    for name, own in (("weigh", "weigh"), (other, "other")):
        values = [value for value, *_ in own_calls(target, own)]
        same(len(values), ROUNDS, f"calls of {own}")
        same([call["args"]["value"] for call in trace.calls(name)], values, f"values of {name}")
    ensure(other in plain(["list", sample("renamed"), "weigh"]).stdout, "it is not listed")
    ensure(other in plain(["explain", "-e", f"{sample('renamed')}:weigh"]).stdout, "it is not explained")


run(
    by_the_name_of_the_function,
    results,
    with_given_types,
    by_the_name_of_the_copy,
    in_the_list,
    renamed_by_the_linker,
)
