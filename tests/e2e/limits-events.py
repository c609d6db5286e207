# SPDX-License-Identifier: Apache-2.0
"""--max-events and --duration end a trace by themselves, with status 0."""

import os
import threading
import time

from utrail import Target, Trace, ensure, run, same, scratch

CALLS = 20_000


def max_events():
    for n in (1, 10, 1000):
        target = Target("count", "-w", CALLS)
        trace = Trace("-e", "count:f", "--max-events", str(n), pid=target.pid)
        target.release()
        trace.finish(stop=False)
        same(len(trace.calls("f")), n, "events")
        same([c["args"]["n"] for c in trace.calls("f")], list(range(n)), "the first ones")
        target.finish()
        same(target.counts["f"], CALLS, "calls of the target, which goes on")


def max_events_of_a_command():
    """The command is not ended with the trace: its own end decides the status."""
    from utrail import sample

    trace = Trace("-e", "count:f", "--max-events", "5", command=[sample("count"), "100"], wait=False)
    trace.finish(stop=False)
    same(len(trace.calls("f")), 5, "events")
    ensure("count f 100\n" in trace.stdout, trace.report("did not let the command go on"))


def duration():
    target = Target("count", "-w", "-h", 10)
    begun = time.monotonic()
    trace = Trace("-e", "count:f", "--duration", "2", pid=target.pid)
    target.release()
    trace.finish(stop=False)
    took = time.monotonic() - begun
    ensure(1.9 < took < 6, f"--duration 2 took {took:.2f} s")
    same(len(trace.calls("f")), 10, "calls before the end")
    target.finish()


def end_of_the_target():
    """When the last traced process ends, so does the trace."""
    target = Target("count", "-w", 10)
    trace = Trace("-e", "count:f", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False, timeout=10)
    same(len(trace.calls("f")), 10, "calls")


def read_slowly(path):
    """Some 2 MB/s: less than comes, so that the buffer is never empty."""
    with open(path, "rb", buffering=0) as pipe:
        while pipe.read(1 << 16):
            time.sleep(0.03)


def end_of_a_flood():
    """Events come faster than they can be written: there is always a next one, and it ends all the same."""
    pipe = scratch() / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=read_slowly, args=(pipe,), daemon=True)
    reader.start()
    target = Target("count", "-w", 2_000_000_000, 2)
    trace = Trace("-e", "count:f", "--ring-size", "512k", "-o", pipe, pid=target.pid, output=False)
    target.release()
    time.sleep(2)
    begun = time.monotonic()
    trace.stop()
    same(trace.wait(10), 0, "exit status")
    took = time.monotonic() - begun
    ensure(trace.summary[1] > 0, "nothing was lost: there was no flood")
    ensure(took < 5, f"took {took:.2f} s from the signal to the end")
    target.process.kill()


def end_by_sigterm():
    """As Ctrl-C: drained, summed up, status 0."""
    target = Target("count", "-w", "-h", 100)
    trace = Trace("-e", "count:f", pid=target.pid)
    target.release()
    target.wait_for("^done ")
    trace.process.terminate()
    trace.finish(stop=False)
    same(len(trace.calls("f")), 100, "calls")
    target.finish()


run(max_events, max_events_of_a_command, duration, end_of_the_target, end_of_a_flood, end_by_sigterm)
