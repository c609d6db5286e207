# SPDX-License-Identifier: Apache-2.0
"""A marker behind its semaphore fires while it is traced, and the semaphore is 0 afterwards."""

import os
import re
import signal
import struct
import subprocess

from utrail import Target, Trace, ensure, run, same, sample

ROUNDS = 50
SPEC = "usdt:demo:guarded(int)"


class Counter:
    """The semaphore in the target's memory; found through nm and /proc/PID/maps."""

    def __init__(self, target):
        path = sample("usdt-args")
        symbols = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        address = int(re.search(r"^(\w+) . demo_guarded_semaphore$", symbols, re.MULTILINE)[1], 16)
        with open(f"/proc/{target.pid}/maps") as maps:
            base = min(int(m.split("-")[0], 16) for m in maps if m.rstrip().endswith(path))
        self.address, self.path = base + address, f"/proc/{target.pid}/mem"

    @property
    def value(self):
        memory = os.open(self.path, os.O_RDONLY)
        try:
            return struct.unpack("<H", os.pread(memory, 2, self.address))[0]
        finally:
            os.close(memory)


def untraced():
    target = Target("usdt-args", "-w", ROUNDS)
    target.release()
    target.finish()
    same(target.counts["guarded"], 0, "hits of the marker without a tracer")


def traced():
    target = Target("usdt-args", "-w", "-h", ROUNDS)
    counter = Counter(target)
    same(counter.value, 0, "the semaphore before")
    trace = Trace("-e", SPEC, pid=target.pid)
    same(counter.value, 1, "the semaphore while traced")
    target.release()
    target.wait_for("^done ")
    trace.finish()
    same(counter.value, 0, "the semaphore after")
    target.finish()
    same(target.counts["semaphore"], 0, "the semaphore, as the target sees it")
    same(target.counts["guarded"], ROUNDS, "hits that the target counted")
    hits = [e["args"]["arg1"] for e in trace.markers("guarded")]
    same(hits, list(range(ROUNDS)), "hits in the trace")


def two_tracers():
    target = Target("usdt-args", "-w", "-h", ROUNDS)
    counter = Counter(target)
    first = Trace("-e", SPEC, pid=target.pid)
    second = Trace("-e", SPEC, pid=target.pid)
    # The kernel has one breakpoint for both, and raises the semaphore once for it.
    same(counter.value, 1, "the semaphore with two tracers")
    first.finish()
    same(counter.value, 1, "the semaphore with the second alone")
    target.release()
    target.wait_for("^done ")
    second.finish()
    same(counter.value, 0, "the semaphore after")
    target.finish()
    same(len(second.markers("guarded")), ROUNDS, "hits in the second trace")
    same(len(first.markers("guarded")), 0, "hits in the first, which ended before")


def killed():
    """The kernel lowers it also when the tracer had no chance to."""
    target = Target("usdt-args", "-w", "-h", ROUNDS)
    counter = Counter(target)
    trace = Trace("-e", SPEC, pid=target.pid)
    same(counter.value, 1, "the semaphore while traced")
    trace.send(signal.SIGKILL)
    trace.wait()
    same(counter.value, 0, "the semaphore after SIGKILL of the tracer")
    target.release()
    target.finish()
    ensure(target.counts["guarded"] == 0, "the marker fired without a tracer")


run(untraced, traced, two_tracers, killed)
