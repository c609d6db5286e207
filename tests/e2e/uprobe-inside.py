# SPDX-License-Identifier: Apache-2.0
"""--inside: what a traced function causes, and nothing of what happens outside of it."""

from utrail import Target, Trace, ensure, plain, check_error, run, same


def inside():
    target = Target("nest", "-w")
    trace = Trace("-e", "nest:outer", "--inside", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    rounds = target.counts["outer"]
    same(len(trace.calls("outer")), rounds, "calls of outer")
    calls = [e["name"] for e in trace.of("syscall")]
    # Two files that exist and one that does not, a read and a write in each round.
    for name, per_round in (("openat", 3), ("read", 1), ("write", 1), ("close", 2)):
        same(calls.count(name), per_round * rounds, f"{name} inside of outer")
    ensure(all(e["depth"] == 1 for e in trace.of("syscall")), "a system call outside of the function")
    ensure("uretprobe" not in calls, "the tracer's own system call is shown")


def no_function():
    check_error(plain(["--inside", "-e", "syscall:read", "--", "true"]), 2, "inside")


run(inside, no_function)
