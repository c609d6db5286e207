# SPDX-License-Identifier: Apache-2.0
"""A program whose signal handler goes up the stack that it interrupts finds what it finds untraced."""

import platform
import subprocess

from utrail import Target, Trace, contains, program, run, same, sample, skip

ROUNDS = 20
SPECS = ["-e", "profiler:outer", "-e", "profiler:inner"]


def it_reaches_main():
    if platform.machine() != "x86_64":
        skip("the target is made for x86-64")
    target = Target("profiler", "-w", ROUNDS)
    trace = Trace(*SPECS, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    same(target.counts["reached"], target.counts["inner"], "stacks that were followed up to main()")
    same([call["ret"] for call in trace.calls("outer")], [(i + 1) * 10 for i in range(ROUNDS)], "results of outer")


def the_reason_is_told():
    done = subprocess.run([program(), "explain", *SPECS, "--", sample("profiler")], capture_output=True, text=True, timeout=30)
    same(done.returncode, 0, f"status: {done.stderr}")
    contains(done.stdout, "returns: site (profiler may read return addresses: a signal handler takes the stack that it interrupts")


run(it_reaches_main, the_reason_is_told)
