# SPDX-License-Identifier: Apache-2.0
"""C++ exceptions and panics of Rust pass through traced functions: the target lives, and no return is made up."""

import shutil
import subprocess

from utrail import ROOT, Target, Trace, describe, fail, need_root, returned, run, same, scratch, trace_target

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


def panics(*options):
    path = scratch() / "panics"
    subprocess.run(["rustc", "-g", *options, "-o", path, ROOT / "tests/e2e/targets/panics.rs"], check=True, timeout=120)
    target = Target(path, ready=True)
    specs = [word for name in ("catcher", "through", "pay") for word in ("-e", f"panics:panics::{name}")]
    trace = Trace(*specs, "-e", "syscall:getppid", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    same([call["depth"] for call in trace.syscalls()], [1] * target.counts["caught"], "depths of what the catcher does")
    for depth, name in enumerate(("catcher", "through", "pay")):
        calls = trace.calls(f"panics::{name}")
        same([call["depth"] for call in calls], [depth] * target.counts[name], f"depths of the calls of {name}")
        whole = target.counts[name] - (target.counts["caught"] if depth else 0)
        same(sum(returned(call) for call in calls), whole, f"returns of {name}")


def rust():
    need_root()
    if not shutil.which("rustc"):
        print("'rustc' is not installed (package rustc): no panics")
        return
    for options in ((), ("-O",)):
        panics(*options)


run(by_default, by_site, what_follows, rust)
