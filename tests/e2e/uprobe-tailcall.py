# SPDX-License-Identifier: Apache-2.0
"""Functions that end in a jump: a right result, or that they left by a jump; never a wrong one."""

import platform

from utrail import describe, ensure, returned, run, same, trace_target

ROUNDS = 20
NAMES = ["final", "hand_over", "either"]


def check(*options):
    target, trace = trace_target("tailcall", [ROUNDS], [f"tailcall:{n}" for n in NAMES], *options)
    trace.check_nothing_lost()
    for name in NAMES:
        same(len(trace.calls(name)), target.counts[name], f"calls of {name}")
    for call in trace.calls():
        n, name = call["args"]["n"], call["name"]
        jumps = name == "hand_over" or (name == "either" and n % 2 == 0)
        if returned(call):
            wanted = (n + 1) * 3 if name == "hand_over" else n if name == "either" and n % 2 else n * 3
            same(call["ret"], wanted, f"result of {describe(call)}")
        else:
            ensure(jumps, f"no return was seen of {describe(call)}")
            same(call["return"], "tail call", f"the end of {describe(call)}")
    # What comes after a jump is never inside a span that the jump ended.
    for call in trace.calls("either") + trace.calls("hand_over"):
        same(call["depth"], 0, f"depth of {describe(call)}")
    return trace


def by_default():
    """The kernel's return probes tell both ends, with the result of what was jumped to, which is inside."""
    trace = check()
    if platform.machine() != "x86_64":
        return
    same([describe(call) for call in trace.calls() if not returned(call)], [], "calls without an end")
    jumps = ROUNDS + ROUNDS // 2
    same(sum(call["depth"] for call in trace.calls("final")), jumps, "calls of final inside of what has jumped there")


def by_site():
    trace = check("--return=site")
    left = [c for c in trace.calls() if c.get("return") == "tail call"]
    same(len(left), ROUNDS + ROUNDS // 2, "functions left by a jump")
    same({c["depth"] for c in trace.calls("final")}, {0}, "depth of what they jumped to")


run(by_default, by_site)
