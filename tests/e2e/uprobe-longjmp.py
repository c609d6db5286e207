# SPDX-License-Identifier: Apache-2.0
"""Functions left by longjmp() have no return; what follows is at the right depth."""

from utrail import describe, fail, only, returned, run, same, trace_target

ROUNDS = 20
DEPTHS = {"around": 0, "middle": 1, "leap": 2, "after": 1}


def check(*options):
    specs = [f"longjmp:{name}" for name in DEPTHS]
    target, trace = trace_target("longjmp", [ROUNDS], specs, *options)
    trace.check_nothing_lost()
    for name, depth in DEPTHS.items():
        calls = trace.calls(name)
        same(len(calls), target.counts[name], f"calls of {name}")
        for call in calls:
            same(call["depth"], depth, f"depth of {describe(call)}")
            if returned(call) != (name in ("around", "after")):
                fail(f"{'a' if returned(call) else 'no'} return was seen of {describe(call)}")
    for call in trace.calls("around"):
        same(call["ret"], call["args"]["n"] + 2, f"result of {describe(call)}")
    for call in trace.calls("after"):
        same(call["ret"], call["args"]["n"] + 1, f"result of {describe(call)}")


def by_default():
    check()


def by_site():
    check("--return=site")


def alternate_stack():
    """A handler on a stack of its own is inside the function it interrupted."""
    from expected import Expected, nodes_of

    specs = ["altstack:interrupted", "altstack:on_signal"]
    target, trace = trace_target("altstack", [ROUNDS], specs)
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


def exit_inside():
    """Calls that end with the process are told, without a result."""
    specs = ["exit-in-call:first", "exit-in-call:last"]
    target, trace = trace_target("exit-in-call", [0], specs)
    for depth, name in enumerate(("first", "last")):
        call = only(trace.calls(name), f"calls of {name}")
        same(call["depth"], depth, f"depth of {name}")
        same(call["args"]["status"], 0, f"argument of {name}")
        if returned(call) or "ret" in call:
            fail(f"a return was seen of {describe(call)}")


run(by_default, by_site, alternate_stack, exit_inside)
