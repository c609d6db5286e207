# SPDX-License-Identifier: Apache-2.0
"""--lossless: who would write into a full buffer waits. It never depends on a reader that is no more."""

import os
import signal
import threading
import time

import burst
import utrail
from burst import own
from still import stand_still
from utrail import Target, Trace, contains, ensure, run, same, trace_target

ROUNDS = 500
HITS = {"burst:outer": "call", "burst:inner": "call", "storm:mark": "usdt"}
SPECS = ["burst:outer", "burst:inner", "usdt:storm:mark"]
SMALL = ["--lossless", "--ring-size", "65536"]


def start(rounds=ROUNDS):
    return burst.start(rounds)


def attach(target, *options, specs=SPECS, **how):
    return burst.attach(target, *options, specs=specs, **how)


def check_books(target, trace, sites=None):
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    for site, kind in (sites or HITS).items():
        same(burst.told(trace, site, kind), own(target, site), f"{site}: delivered + lost")
    same(len(trace.of("fork")), target.counts["forks"], "forks")


def check_held(trace):
    last = trace.records[-1]
    ensure(last["held"] > 0, "nobody waited: this is no overload, the test proves nothing")
    contains(trace.stderr, f"--lossless: {last['held']} hit", "the summary")
    return int(last["held_ns"]) / 1e9


class Reader(threading.Thread):
    """Of a pipe: so many bytes at once, with a pause behind each; `blocked`: nothing for so long first."""

    def __init__(self, fd, size, pause, blocked=0.0):
        super().__init__(daemon=True)
        self.fd, self.size, self.pause, self.blocked = fd, size, pause, blocked
        self.data = bytearray()
        self.start()

    def run(self):
        time.sleep(self.blocked)
        while data := os.read(self.fd, self.size):
            self.data.extend(data)
            time.sleep(self.pause)
        os.close(self.fd)


def attach_to_pipe(target, *options, **how):
    reading, writing = os.pipe()
    trace = attach(target, *options, output=False, stdout=writing, **how)
    os.close(writing)
    return trace, reading


def slow_reader():
    """Eight producers, a small ring, and a pipe that nobody reads for 2 seconds, then slowly."""
    target = start()
    trace, pipe = attach_to_pipe(target, *SMALL)
    reader = Reader(pipe, 65536, 0.01, blocked=2.0)
    begun = time.monotonic()
    target.release()
    target.finish(timeout=2 * utrail.TIMEOUT)
    ensure(time.monotonic() - begun > 1.5, "the target did not wait for who reads")
    trace.stop()
    reader.join(utrail.TIMEOUT)
    trace._text["stdout"] += reader.data
    trace.finish(stop=False)
    trace.check_nothing_lost()
    check_books(target, trace)
    ensure(check_held(trace) > 2, "eight threads waited for less than the pipe was blocked")


def small_ring():
    """As fast as it goes."""
    target = start()
    trace = attach(target, "--lossless", "--ring-size", "16384")
    target.release()
    target.finish(timeout=2 * utrail.TIMEOUT)
    trace.finish()
    trace.check_nothing_lost()
    check_books(target, trace)
    check_held(trace)


def system_calls():
    """Nobody waits for long there; slowed down, they do not outrun a reader that works."""
    target = start(2000)
    trace = attach(target, "--lossless", "--ring-size", "1m", specs=["syscall:getppid"])
    target.release()
    target.finish()
    trace.finish()
    check_books(target, trace, {"getppid": "syscall"})
    trace.check_nothing_lost()


def stopped_reader():
    """Without a sign of life for a second nobody waits any more: the rest is lost, and counted."""
    target = start()
    trace = attach(target, *SMALL)
    took = stand_still(trace, target)
    trace.finish()
    ensure(trace.summary[1] > 0, "nothing was lost, although nobody read")
    check_books(target, trace)
    ensure(took < 10, f"the target was kept for {took:.1f} s by a stopped tracer")


def killed_reader():
    target = start()
    trace, pipe = attach_to_pipe(target, *SMALL)
    target.release()
    time.sleep(0.5)
    same(target.process.poll(), None, "status of a target that has to wait")
    begun = time.monotonic()
    trace.send(signal.SIGKILL)
    target.finish()
    took = time.monotonic() - begun
    os.close(pipe)
    trace.wait()
    same(own(target, "outer"), 5000, "rounds of the target, which goes on")
    ensure(took < 10, f"the target was kept for {took:.1f} s by a dead tracer")


def killed_target():
    """Who waits can be killed."""
    target = Target("count", "-w", 1_000_000, 4)
    reading, writing = os.pipe()
    trace = Trace("-e", "count:f", *SMALL, pid=target.pid, output=False, stdout=writing)
    os.close(writing)
    target.release()
    time.sleep(1.0)
    begun = time.monotonic()
    target.send(signal.SIGKILL)
    same(target.wait(), -signal.SIGKILL, "status of the target")
    took = time.monotonic() - begun
    reader = Reader(reading, 1 << 20, 0)
    trace.stop()
    reader.join(utrail.TIMEOUT)
    trace._text["stdout"] += reader.data
    trace.finish(stop=False)
    trace.check_nothing_lost()
    check_held(trace)
    ensure(took < 2, f"a thread that waited took {took:.1f} s to die")


def off_by_default():
    _, trace = trace_target("count", [10], ["count:f"])
    ensure("held" not in trace.records[-1] and "lossless" not in trace.stderr, "held back without being asked")
    _, trace = trace_target("count", [10], ["count:f"], "--lossless")
    same((trace.records[-1]["held"], trace.records[-1]["held_ns"]), (0, "0"), "held back without need")


run(slow_reader, small_ring, system_calls, stopped_reader, killed_reader, killed_target, off_by_default)
