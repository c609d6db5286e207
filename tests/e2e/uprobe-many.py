# SPDX-License-Identifier: Apache-2.0
"""Ten thousand functions at once: each is seen exactly once. And not by accident."""

import time
from collections import Counter

from utrail import Target, Trace, check_error, ensure, plain, run, same, trace_target


def all_of_them():
    begun = time.monotonic()
    target, trace = trace_target("many", [], ["many:many_*"], "--max-probes", "20000")
    took = time.monotonic() - begun
    trace.check_nothing_lost()
    same(target.counts["many"], 10000, "the target's own count")
    seen = Counter(c["name"] for c in trace.calls())
    wanted = {f"many_{i:04d}" for i in range(10000)}
    same(sorted(wanted - seen.keys())[:5], [], "functions that were missed")
    same(sorted(seen.keys() - wanted)[:5], [], "functions that nobody asked for")
    same([name for name, n in seen.items() if n != 1][:5], [], "functions seen more than once")
    for call in trace.calls():
        i = int(call["name"][-4:])
        same((call["args"]["i"], call["args"]["s"]), (i, "x"), f"arguments of {call['name']}")
        same(call["ret"], i + ord("x") + i, f"result of {call['name']}")
    ensure(took < 30, f"took {took:.1f} s")


def too_many():
    """More than --max-probes (1000 unless told otherwise): nothing is attached."""
    target = Target("many", "-w")
    for options in ([], ["--max-probes", "9999"]):
        process = plain(["-p", str(target.pid), "-e", "many:many_*", *options])
        check_error(process, 2, r"10[,.]?000", hint=r".*--max-probes")
    target.release()
    target.finish()


def exactly_as_many():
    target = Target("many", "-w")
    trace = Trace("-e", "many:many_00*", "--max-probes", "100", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls()), 100, "calls")


run(all_of_them, too_many, exactly_as_many)
