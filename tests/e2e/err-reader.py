# SPDX-License-Identifier: Apache-2.0
"""Who reads the trace has stopped to: a signal ends it all the same, and what was not written is said."""

import os
import re
import signal
import subprocess
import time

from utrail import Process, ensure, need_root, program, run, same

GRACE_S = 2  # WRITE_OUT_GRACE_S of output/write_out.h


def start(target):
    """utrail, and the end of the pipe that nobody reads yet, which is full."""
    read_end, write_end = os.pipe()
    trace = Process([program(), "-p", target.pid, "-e", "syscall:read"], stdout=write_end)
    os.close(write_end)
    trace.wait_for("tracing", "stderr")
    return trace, read_end


def busy():
    return Process(["dd", "if=/dev/zero", "of=/dev/null", "bs=1"], stdout=subprocess.DEVNULL)


def wait_until_full(trace):
    """It sleeps in the same place for a while."""
    until, before = time.monotonic() + 20, None
    while time.monotonic() < until:
        with open(f"/proc/{trace.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        now = (fields[11], fields[12])
        if now == before:
            return
        before = now
        time.sleep(0.3)
    ensure(False, "the pipe does not fill")


def nobody_reads():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        target = busy()
        trace, read_end = start(target)
        wait_until_full(trace)
        began = time.monotonic()
        trace.send(number)
        status = trace.wait()
        took = time.monotonic() - began
        target.process.kill()
        os.close(read_end)
        same(status, 1, trace.report("ended"))
        ensure(took >= GRACE_S - 0.1, f"has not waited for a reader: {took:.1f} s")
        missing = re.search(r"(\d+) of them not written", trace.stderr)
        ensure(missing and int(missing[1]) > 0, trace.report("does not say what is missing"))
        ensure("nobody has read" in trace.stderr, trace.report("does not say why"))


def somebody_reads_slowly():
    """Then all of it comes."""
    target = busy()
    trace, read_end = start(target)
    wait_until_full(trace)
    trace.send(signal.SIGINT)
    time.sleep(GRACE_S / 4)
    text = bytearray()
    while data := os.read(read_end, 1 << 14):
        text += data
    same(trace.wait(), 0, trace.report("ended"))
    target.process.kill()
    os.close(read_end)
    # The ring may have been too small for what nobody read: that is lost, and counted.
    events = re.search(r"^(\d+) events?, \d+ lost, 0 missed$", trace.stderr, re.MULTILINE)
    ensure(events and int(events[1]) > 100, trace.report("does not say how many"))
    same(text.count(b" read("), int(events[1]), "calls that came")


need_root()
run(nobody_reads, somebody_reads_slowly)
