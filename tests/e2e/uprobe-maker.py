# SPDX-License-Identifier: Apache-2.0
"""Code that is made at run time may look at return addresses: it finds what it finds untraced."""

import platform
import subprocess

from utrail import Target, Trace, contains, program, run, same, skip

ROUNDS = 20
WHY = "the process makes code at run time, which nobody has read"


def check(when):
    if platform.machine() != "x86_64":
        skip("the target is made for x86-64")
    target = Target("maker", "-w", when, ROUNDS)
    done = subprocess.run([program(), "explain", "-e", "maker:ask", "-p", str(target.pid)], capture_output=True, text=True, timeout=30)
    trace = Trace("-e", "maker:ask", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    same(target.counts["main"], target.counts["asks"], "return addresses in main()")
    same([call["ret"] for call in trace.calls("ask")], list(range(ROUNDS)), "results of ask")
    return done.stdout, trace


def there_before():
    plan, _ = check("early")
    contains(plan, f"returns: site ({WHY})")


def while_it_is_traced():
    plan, trace = check("late")
    contains(plan, "returns: trampoline")
    contains(trace.stderr, f"returns are seen at `ret` instructions from now on: {WHY}")


run(there_before, while_it_is_traced)
