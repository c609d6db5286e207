# SPDX-License-Identifier: Apache-2.0
"""A call that waits when tracing begins is seen to return, with its result, and no made-up duration."""

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


run(waiting)
