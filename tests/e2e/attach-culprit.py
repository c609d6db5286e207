# SPDX-License-Identifier: Apache-2.0
"""Of many places that are attached together, the one that the kernel refuses is named."""

from utrail import Target, check_error, contains, plain, run, same, sample, trace_target

PROGRAM = "lying-semaphore"


def named():
    """Two markers share a nop, and each has a semaphore of its own: one of them cannot be."""
    target = Target(PROGRAM, "-w")
    process = plain(["-p", str(target.pid), "-e", "usdt:lies:*"])
    check_error(process, 1, "attaching to (shared|odd) at offset 0x", "why:   Invalid argument", hint=".*semaphore")
    target.release()
    target.finish()


def left_out():
    for one in ("odd", "shared"):
        _, trace = trace_target(PROGRAM, [], ["usdt:lies:*", f"!usdt:lies:{one}"])
        same(len(trace.markers()), 12, "markers")
        trace.check_nothing_lost()


def risk_is_told():
    """What may end the target is said before it does, unless asked not to."""
    _, trace = trace_target("count", [5], ["count:f"], "--return=trampoline")
    contains(trace.stderr, "can end the target", "the start")
    _, trace = trace_target("count", [5], ["count:f"])
    same(trace.stderr.count("can end the target"), 0, "warnings where the trampoline is proven safe")
    quiet = plain(["-q", "--return=trampoline", "-o", "/dev/null", "-e", "count:f", "--", sample("count"), "5"])
    same((quiet.status, quiet.stderr), (0, ""), "what is told with -q")


run(named, left_out, risk_is_told)
