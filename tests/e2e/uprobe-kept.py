# SPDX-License-Identifier: Apache-2.0
"""An entry that waits in the kernel for its return is not lost, whatever comes in place of the return."""

import signal
import time

from utrail import Target, Trace, ensure, run, same

CALLS, THREADS = 50, 20


def begin(*options, calls=CALLS, threads=THREADS, **trace_options):
    """A target whose threads are all inside hold(), and its trace."""
    target = Target("hold", "-w", calls, threads)
    trace = Trace("-e", "hold:brief", "-e", "hold:hold", *options, pid=target.pid, **trace_options)
    return target, trace


def enter(target):
    target.release()
    target.wait_for(r"^holding \d+$")


def check(trace, ending, calls=CALLS, threads=THREADS):
    trace.check_nothing_lost()
    same(len(trace.calls("brief")), calls * threads, "calls that returned")
    for call in trace.calls("brief"):
        same(call["ret"], call["args"]["n"] + 1, "result")
    held = trace.calls("hold")
    same(sorted(c["args"]["n"] for c in held), list(range(threads)), "calls that did not return")
    same({c.get("return") for c in held}, {ending}, "how they ended")
    same([c for c in held if "dur_ns" in c or "ret" in c], [], "ends that nobody has seen")


def shown_while_they_last():
    target, trace = begin(json=False)
    enter(target)
    deadline = time.monotonic() + 10
    while trace.text.count(" hold:hold(n=") < THREADS and time.monotonic() < deadline:
        time.sleep(0.05)
    same(trace.text.count(" hold:hold(n="), THREADS, "calls shown while they last")
    same(trace.text.count(" hold:hold ="), 0, "their ends")
    target.finish()
    trace.finish()
    same(trace.text.count(" hold:hold(n="), THREADS, "lines of their entries")
    same(trace.text.count(" hold:hold ="), THREADS, "lines of their ends")
    same(trace.text.count("hold:brief(n="), CALLS * THREADS, "calls of one line")


def open_at_the_end():
    target, trace = begin()
    enter(target)
    trace.finish()
    check(trace, "open")
    target.finish()


def killed():
    target, trace = begin()
    enter(target)
    target.send(signal.SIGKILL)
    target.wait()
    trace.finish(stop=False)
    check(trace, "not seen")


def killed_while_tracing_ends():
    """The last look through the threads, and their deaths, at the same time."""
    for delay in (0, 0.005, 0.01, 0.02, 0.04):
        target, trace = begin()
        enter(target)
        trace.stop()
        time.sleep(delay)
        target.send(signal.SIGKILL)
        target.wait()
        trace.finish(stop=False)
        trace.check_nothing_lost()
        held = sorted(c["args"]["n"] for c in trace.calls("hold"))
        same(held, list(range(THREADS)), f"calls that did not return, killed after {delay} s")


def more_than_the_ring_holds():
    """Each needs a place, and there is room for a hundred."""
    target, trace = begin("--ring-size", "65536", calls=0, threads=400)
    trace.send(signal.SIGSTOP)
    enter(target)
    trace.stop()
    trace.send(signal.SIGCONT)
    trace.finish(stop=False)
    lost = trace.summary[1]
    same(len(trace.calls("hold")) + lost, 400, f"delivered, and {lost} lost")
    ensure(lost == 0, f"{lost} were lost: there was time to make room for them")
    target.finish()


run(shown_while_they_last, open_at_the_end, killed, killed_while_tracing_ends, more_than_the_ring_holds)
