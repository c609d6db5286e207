# SPDX-License-Identifier: Apache-2.0
"""Probes that are gone from a process, because somebody wrote over them or gave the page back: what is not seen any more is
told. The oracle is what the program has counted, and when it said that it has done it."""

import subprocess
import sys
from pathlib import Path

from utrail import Process, Target, Trace, contains, ensure, only, run, same, sample

ROUNDS = 10


def place_of(pid, path):
    """Of f() in the process, and in the file."""
    symbols = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines()
    symbol = only([int(line.split()[0], 16) for line in symbols if line.endswith(" f")], "addresses of f")
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        mapped = [line.split() for line in maps if line.rstrip().endswith(str(path))]
    ranges = [[int(word, 16) for word in words[0].split("-")] + [int(words[2], 16)] for words in mapped]
    address = ranges[0][0] + symbol
    return only([(address, offset + address - start) for start, end, offset in ranges if start <= address < end], "places of f")


def check_gap(trace, pid):
    gap = only(trace.gaps, "gaps")
    same((gap["module"], gap["pid"], gap["probed"], gap["overwritten"]), ("overwrites", pid, False, True), "the gap")
    same(trace.records[-1].get("overwritten"), 1, "files in the summary")
    contains(trace.stderr, "probes gone from 1 file", "the summary")


def gone(how, *options):
    """Told while the program still waits: before it goes on without them."""
    trace = Trace("-e", "overwrites:f", "--fail-on-loss", *options, command=[sample("overwrites"), how, str(ROUNDS)])
    trace.wait_for("changed")
    trace.wait_for_text('"type":"gap"')
    trace.write("\n")
    trace.finish(status=1, stop=False)
    contains(trace.stdout, f"count f {2 * ROUNDS}", "what the program counts")
    calls = trace.calls("f")
    same(len(calls), ROUNDS, "calls that were seen")
    check_gap(trace, calls[0]["pid"])


def by_the_program():
    for how in ("discard", "patch", "share"):
        gone(how)
        gone(how, "-f")


def nothing_is_gone():
    for how in ("protect", "map"):
        trace = Trace("-e", "overwrites:f", "--fail-on-loss", command=[sample("overwrites"), how, str(ROUNDS)])
        trace.wait_for("changed")
        trace.write("\n")
        trace.finish(stop=False)
        same((len(trace.calls("f")), trace.gaps), (2 * ROUNDS, []), "calls and gaps")


def stopped(how):
    """A program that has done it, and waits."""
    target = Target("overwrites", how, ROUNDS)
    target.wait_for("changed")
    return target


def by_a_debugger():
    """Which puts back the instruction that it has found before us."""
    target = stopped("protect")
    # Probes on its `ret` would still be there, and see calls of which nobody has seen the start.
    trace = Trace("-e", "overwrites:f", "--return=trampoline", "--fail-on-loss", pid=target.pid)
    address, offset = place_of(target.pid, sample("overwrites"))
    instruction = Path(sample("overwrites")).read_bytes()[offset:offset + 1]
    with open(f"/proc/{target.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        ensure(memory.read(1) != instruction, "there is no trap")
        memory.seek(address)
        memory.write(instruction)
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish(status=1, stop=False)
    same(len(trace.calls("f")), 0, "calls that were seen")
    check_gap(trace, target.pid)


def shared_from_the_start():
    target = stopped("share")
    trace = Trace("-e", "overwrites:f", pid=target.pid)
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(len(trace.calls("f")), 0, "calls that were seen")
    check_gap(trace, target.pid)


TRACER = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
seize = libc.ptrace(0x4206, int(sys.argv[1]), None, None)
print("seized" if seize == 0 else "failed", flush=True)
sys.stdin.readline()
"""


def somebody_traces_it():
    target = Target("count", "-w", 5)
    tracer = Process([sys.executable, "-c", TRACER, str(target.pid)], stdin=subprocess.PIPE)
    tracer.wait_for("seized")
    trace = Trace("-e", "count:f", pid=target.pid)
    contains(trace.stderr, f"pid {target.pid} is traced by pid {tracer.pid} (", "the note")
    target.release()
    trace.finish(stop=False)
    same(len(trace.calls("f")), 5, "calls that were seen")
    # Its end is its tracer's to know first.
    tracer.write("\n")
    tracer.wait()
    target.finish()


run(by_the_program, nothing_is_gone, by_a_debugger, shared_from_the_start, somebody_traces_it)
