# SPDX-License-Identifier: Apache-2.0
"""Functions left by longjmp() have no return; what follows is at the right depth."""

import shutil
import subprocess
from pathlib import Path

from utrail import ROOT, Target, Trace, describe, fail, only, returned, run, same, sample, scratch, trace_target

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


def follows(name, target, *options):
    """Once the jump is made, the calls that it has left are over: nothing happens inside of them any more."""
    specs = [word for function in DEPTHS for word in ("-e", f"{name}:{function}")]
    trace = Trace(*specs, "-e", "syscall:getppid", *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    same([call["depth"] for call in trace.syscalls()], [1] * target.counts["around"], f"depths of what follows in {name}")
    for function, depth in DEPTHS.items():
        same([call["depth"] for call in trace.calls(function)], [depth] * target.counts[function], f"depths of {function} in {name}")


def what_follows():
    for name in ("longjmp", "longjmp-checked", "longjmp-static"):
        for how in ((), ("--return=site",)):
            follows(name, Target(name, "-w", ROUNDS), *how)


def musl(name, *options):
    path = scratch() / name
    source = ROOT / "samples/longjmp.c"
    subprocess.run(["musl-gcc", "-g", "-O2", "-D_GNU_SOURCE", *options, "-I", source.parent, "-o", path, source], check=True, timeout=120)
    return path


def of_musl():
    if not shutil.which("musl-gcc"):
        print("'musl-gcc' is not installed (package musl-tools): nothing to trace")
        return
    for name, options in (("longjmp-musl", ()), ("longjmp-musl-static", ("-static",))):
        follows(name, Target(musl(name, *options), "-w", ROUNDS))


def late(path):
    specs = [word for function in DEPTHS for word in ("-e", f"?{path.name}:{function}")]
    trace = Trace("--stop-on-load", "-f", *specs, "-e", "syscall:getppid", command=["env", path, str(ROUNDS)])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same([call["depth"] for call in trace.syscalls() if call["depth"]], [1] * ROUNDS, f"depths of what follows in {path.name}")
    same([call["depth"] for call in trace.calls("leap")], [2] * ROUNDS, f"depths of leap in {path.name}")


def of_programs_known_late():
    """The program is known when it is mapped; with musl its C library, too."""
    late(Path(sample("longjmp")))
    if shutil.which("musl-gcc"):
        late(musl("longjmp-musl"))


def alternate_stack():
    """A handler on a stack of its own is inside the function it interrupted."""
    from expected import Expected, nodes_of

    specs = ["altstack:interrupted", "altstack:on_signal"]
    target, trace = trace_target("altstack", [ROUNDS], specs)
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


def handlers_left(where, *options):
    """Handlers that return are inside what they interrupt, which goes on; what is left by siglongjmp() is over, however
    often, and nothing that comes after it is taken for its end."""
    rounds = 300
    specs = [word for name in ("outer", "inner", "on_signal", "alone") for word in ("-e", f"handlers:{name}")]
    target = Target("handlers", "-w", where, rounds)
    trace = Trace(*specs, *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    same((target.counts["outer"], target.counts["on_signal"]), (rounds, rounds), "rounds of the target")
    results = {"outer": lambda n: (n + 1) * 10, "inner": lambda n: n + 1, "on_signal": lambda n: 2 * n, "alone": lambda n: n - 1}
    for depth, name in enumerate(("outer", "inner", "on_signal")):
        calls = trace.calls(name)
        same([call["depth"] for call in calls], [depth] * rounds, f"depths of {name}, stack {where}")
        same(len([call for call in calls if "ret" in call]), rounds - target.counts["left"], f"ends of {name}, stack {where}")
    same([call["depth"] for call in trace.calls("alone")], [0] * rounds, f"depths of alone, stack {where}")
    for call in trace.calls():
        if "ret" in call:
            same(call["ret"], results[call["name"]](call["args"]["n"]), f"result of {describe(call)}")


def handlers_left_anywhere():
    for where in ("far", "below", "above"):
        for mode in ("auto", "site"):
            handlers_left(where, f"--return={mode}")
            # What is left out by a condition has its place on the stack, too.
            handlers_left(where, f"--return={mode}", "-e", "handlers:handler if signal < 0")


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


run(by_default, by_site, what_follows, of_musl, of_programs_known_late, alternate_stack, handlers_left_anywhere, exit_inside)
