# SPDX-License-Identifier: Apache-2.0
"""C++ exceptions pass through traced functions: the target lives, and no return is made up."""

from utrail import describe, fail, returned, run, same, trace_target

ROUNDS = 20


def check(*options):
    specs = ["throw:catcher", "throw:through", "throw:shop::Till::pay"]
    target, trace = trace_target("throw", [ROUNDS], specs, *options)
    trace.check_nothing_lost()
    counts = target.counts
    same((counts["thrown"], counts["caught"]), (ROUNDS // 2, ROUNDS // 2), "exceptions of the target")
    names = {"catcher": 0, "through": 1, "shop::Till::pay": 2}
    for name, depth in names.items():
        calls = [c for c in trace.calls() if c["name"].split("(")[0] == name]
        same(len(calls), counts[name.split("::")[-1]], f"calls of {name}")
        for call in calls:
            amount = call["args"]["amount"]
            same(call["depth"], depth, f"depth of {describe(call)}")
            if returned(call) != (depth == 0 or amount % 2 == 0):
                fail(f"{'a' if returned(call) else 'no'} return was seen of {describe(call)}")
            if returned(call):
                wanted = amount // 2 + (0 if depth == 2 else 1)
                same(call["ret"], -1 if amount % 2 else wanted, f"result of {describe(call)}")


def by_default():
    check()


def by_site():
    check("--return=site")


def what_follows():
    """Once an exception is caught, the calls that it has left are over: nothing happens inside of them any more."""
    for program in ("throw", "throw-static"):
        for how in ((), ("--return=site",)):
            specs = [f"{program}:catcher", f"{program}:through", f"{program}:shop::Till::pay", "syscall:getppid"]
            target, trace = trace_target(program, [ROUNDS], specs, *how)
            trace.check_nothing_lost()
            same([call["depth"] for call in trace.syscalls()], [1] * target.counts["caught"], "depths of what the catcher does")
            same(len(trace.calls()), 3 * ROUNDS, "calls")


run(by_default, by_site, what_follows)
