# SPDX-License-Identifier: Apache-2.0
"""Operands of every form, in a program that tells the values that they stand for."""

import json
import re

from utrail import Trace, Target, contains, ensure, only, plain, run, same, sample, skip, values

# Of the marker `refused`: what utrail must say instead of the value.
REASONS = [
    None,
    "in xmm0",
    "in xmm15",
    "in st",
    "in mm3",
    "in ymm1",
    "thread-local",
    "thread-local",
    "in k1",
    ".LC0 leaves no trace",
    "no symbol nowhere",
    "known to the linker only",
    "not in 64-bit registers",
    "not understood",
    "not understood",
    "16 bytes in rax",
    "3 bytes in rcx",
    "not understood",
    "not understood",
    "type tag 'x'",
    None,
]


def number(value):
    """64-bit numbers are strings in JSON; addresses are in hex."""
    return int(value, 0) if isinstance(value, str) and re.fullmatch(r"-?(0x)?[0-9a-f]+", value) else value


def traced():
    target = Target("usdt-operands", "-w")
    # These hold addresses, and would be taken for texts.
    specs = [f"usdt:operands:{name}(uint)" for name in ("r8", "r12", "r14")] + ["usdt:operands:*"]
    trace = Trace("-e", ",".join(specs), pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    if "skip:" in target.stdout:
        skip("x86-64 only")
    return target, trace


def marker(trace, name):
    return values(only(trace.markers(name), f"hits of {name}"))


def readable():
    target, trace = traced()
    lines = re.findall(r"^value (\S+) (.*)$", target.stdout, re.MULTILINE)
    ensure(len(lines) > 25, f"only {len(lines)} lines from the target")
    for name, text in lines:
        wanted = [float(word) if name == "floats" else int(word) for word in text.split()]
        same([number(v) for v in marker(trace, name)], wanted, f"arguments of {name}")


def exact_sizes():
    """Where a page ends, and the next is not mapped: what fits is read, what does not is told."""
    target, trace = traced()
    memory = bytes.fromhex(re.search(r"^bytes (.*)$", target.stdout, re.MULTILINE)[1])
    beyond = marker(trace, "beyond")
    same([isinstance(v, dict) for v in beyond], [True] * 4 + [False], f"what lies beyond: {beyond}")
    got = marker(trace, "bytes")
    same(got[5], memory[-1], "the byte before the end")
    for value, size in zip(got, (16, 3, 24, 7)):
        same(as_bytes(value), memory[-size:], f"the last {size} bytes")
    cut = marker(trace, "bytes_beyond")
    same([isinstance(v, dict) and "unavailable" in v for v in cut], [True, True, False], f"cut bytes {cut}")
    same(marker(trace, "text"), ["the end of the world"], "a text that ends where the page does")


def more_than_a_plan_holds():
    """What is too much has a reason; what comes before it is there."""
    _, trace = traced()
    got = marker(trace, "flood")
    same(len(got), 37, "arguments of the marker 'flood'")
    read = [number(v) for v in got if not isinstance(v, dict)]
    ensure(len(read) > 8, f"only {len(read)} of 37 were read")
    same(set(read), {-(1 << 63), 2}, "values that were read")
    same({v["unavailable"] for v in got if isinstance(v, dict)}, {"too many values"}, "reasons")


def as_bytes(value):
    import base64

    if isinstance(value, dict) and "b64" in value:
        return base64.b64decode(value["b64"])
    return value.encode()


def refused():
    _, trace = traced()
    got = marker(trace, "refused")
    same(len(got), len(REASONS), "arguments of the marker 'refused'")
    same((got[0], got[-1]), (1, 2), "arguments that can be read, between those that cannot")
    for place, (value, reason) in enumerate(zip(got, REASONS)):
        if reason:
            ensure(isinstance(value, dict), f"argument {place + 1} was read: {value!r}")
            contains(value["unavailable"], reason, f"reason of argument {place + 1}")
    process = plain(["list", "--json", sample("usdt-operands"), "usdt:operands:refused"])
    listed = only(json.loads(process.stdout)["sites"], "sites")["unavailable"]
    told = {f"arg{i + 1}": v["unavailable"] for i, v in enumerate(got) if isinstance(v, dict)}
    same(listed, told, "reasons of list, against those of the trace")


run(readable, exact_sizes, refused, more_than_a_plan_holds)
