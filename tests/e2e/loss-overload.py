# SPDX-License-Identifier: Apache-2.0
"""A small ring and a reader that stands still: what is lost is counted, exactly."""

from still import stand_still
from utrail import Target, Trace, ensure, run, same

CALLS = 300_000
STOPPED = 3.0


def check(specs, calls, threads, wanted, kind):
    target = Target("count", "-w", calls, threads)
    words = [w for spec in specs for w in ("-e", spec)]
    trace = Trace(*words, "--ring-size", "65536", pid=target.pid)
    stand_still(trace, target, STOPPED)
    trace.finish()
    delivered = len(trace.of(kind))
    same(delivered, trace.summary[0], "delivered events against the summary")
    lost, missed = trace.summary[1], trace.summary[2]
    same(lost, trace.losses_of("count:f"), "lost in the summary against the losses of the probe")
    ensure(lost > 0, "nothing was lost: this is no overload, the test proves nothing")
    same(delivered + lost + missed, wanted(target), f"{delivered} delivered + {lost} lost + {missed} missed")
    return trace


def one_thread():
    trace = check(["count:f"], CALLS, 1, lambda t: t.counts["f"], "call")
    numbers = [c["args"]["n"] for c in trace.calls()]
    same(len(set(numbers)), len(numbers), "calls that are there twice, or with a wrong argument")
    for call in trace.calls():
        if "ret" in call:
            same(call["ret"], call["args"]["n"] + b"four"[call["args"]["n"] & 3], "result beside loss")


def four_threads():
    check(["count:f"], CALLS // 4, 4, lambda t: t.counts["f"], "call")


def entries_alone():
    check(["uprobe:count:f"], CALLS, 2, lambda t: t.counts["f"], "probe")


def causes():
    """Each loss names its probe and its cause."""
    trace = check(["count:f"], CALLS // 4, 1, lambda t: t.counts["f"], "call")
    for record in trace.records:
        if record["type"] == "lost":
            same(record["name"], "count:f", "who lost")
            ensure(record["cause"], "the cause is empty")
            ensure(int(record["count"]) > 0, "a loss of nothing")


def fails_on_loss():
    """--fail-on-loss turns loss into exit status 1."""
    target = Target("count", "-w", CALLS // 4)
    trace = Trace("-e", "count:f", "--ring-size", "65536", "--fail-on-loss", pid=target.pid)
    stand_still(trace, target)
    trace.finish(status=1)
    ensure(trace.summary[1] > 0, "nothing was lost")


def not_without_loss():
    target = Target("count", "-w", 10)
    trace = Trace("-e", "count:f", "--fail-on-loss", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls("f")), 10, "calls")


run(one_thread, four_threads, entries_alone, causes, fails_on_loss, not_without_loss)
