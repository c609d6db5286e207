# SPDX-License-Identifier: Apache-2.0
"""A call that waits when tracing begins is seen to return, with its result, and no made-up duration."""

import re

from utrail import Target, Trace, ensure, only, run, same


def waiting():
    """The sample waits for its input in ppoll(), which returns 1 when that comes."""
    target = Target("nest", "-w")
    trace = Trace("-e", "libc:ppoll() -> int", "--return=site", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    call = only(trace.calls("ppoll"), "calls")
    same(call["began"], "before tracing", "when it began")
    same(call["ret"], 1, "its result")
    ensure("dur_ns" not in call and "args" not in call, f"what nobody saw: {call}")


def in_the_parent():
    """fork() and vfork() return once more in the child."""
    target = Target("forks", "-w", 3)
    trace = Trace("-f", "-e", "libc:fork", "-e", "libc:vfork", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    children = {int(pid): how for pid, how in re.findall(r"^child (\d+) (\S+) \d+$", target.stdout, re.MULTILINE)}
    again = [call for call in trace.calls() if call["pid"] != target.pid]
    made = {call["ret"] for call in trace.calls() if call["pid"] == target.pid}
    same({call["pid"] for call in again}, made & set(children), "children in which a call returned")
    ensure({children[pid] for pid in made} >= {"fork", "vfork-exec"}, f"children by these calls: {children}, {made}")
    same({(call["began"], call["ret"], "args" in call) for call in again}, {("in its parent", 0, False)}, "what they saw of it")
    same(len(again), len(made), "returns in children")


run(waiting, in_the_parent)
