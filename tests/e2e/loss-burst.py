# SPDX-License-Identifier: Apache-2.0
"""Bursts that are too much: what the target counted = delivered + lost + missed, of each probe.

loss-burst.py [RUNS]: each kind of overload once, or as many runs as that, the kinds in turn.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import burst
import utrail
from burst import own
from still import stand_still
from utrail import Target, contains, ensure, need_root, run, same, scratch, skip

ROUNDS = 1000
SPECS = ["burst:outer", "burst:inner", "usdt:storm:mark", "syscall:getppid"]
# Who lost, as the stream names it: the type of its events, and what the target calls its count.
SITES = {"burst:outer": "call", "burst:inner": "call", "storm:mark": "usdt", "getppid": "syscall"}
SMALL = ["--ring-size", "65536"]


def start(rounds=ROUNDS):
    return burst.start(rounds)


def attach(target, *options, specs=SPECS, **how):
    return burst.attach(target, *options, specs=specs, **how)


def check_books(target, trace):
    """The equation of each probe; task life has a ring of its own, and all of it is there."""
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    missed = trace.summary[2]
    short = 0
    for site, kind in SITES.items():
        told = burst.told(trace, site, kind)
        ensure(told <= own(target, site), f"{site}: {told} told, the target made {own(target, site)}")
        short += own(target, site) - told
    same(short, missed, "hits that are neither delivered nor lost, against the missed ones")
    same(trace.losses_of("task life"), 0, "lost of task life")
    same(len(trace.of("fork")), target.counts["forks"], "forks")
    same(len(trace.of("exit")), target.counts["forks"] + 1, "exits")
    ensure(all(e["comm"] == "burst" for e in trace.events), "an event without the name of its program")
    return trace.summary


def check_overloaded(target, trace):
    lost = check_books(target, trace)[1]
    ensure(lost > 0, "nothing was lost: this is no overload, the test proves nothing")


def stopped(seconds=0.0):
    """utrail itself is stopped for the whole burst, for so long at least."""
    target = start()
    trace = attach(target, *SMALL)
    stand_still(trace, target, seconds)
    trace.finish()
    check_overloaded(target, trace)


def stopped_for_5_seconds():
    stopped(5.0)


def stopped_now_and_then():
    """In the middle of it, again and again."""
    target = start()
    trace = attach(target, *SMALL)
    target.release()
    while target.process.poll() is None:
        trace.send(signal.SIGSTOP)
        time.sleep(0.03)
        trace.send(signal.SIGCONT)
        time.sleep(0.002)
    target.finish()
    trace.finish()
    check_overloaded(target, trace)


def small_ring():
    """Nobody is stopped; the ring is just too small."""
    target = start()
    trace = attach(target, "--ring-size", "16384")
    target.release()
    target.finish()
    trace.finish()
    check_overloaded(target, trace)


def slow_pipe():
    """Who reads the output takes a few KiB a second, until the burst is over."""
    target = start()
    reading, writing = os.pipe()
    trace = attach(target, *SMALL, output=False, stdout=writing)
    os.close(writing)
    got, over = bytearray(), threading.Event()

    def read():
        while data := os.read(reading, 65536 if over.is_set() else 512):
            got.extend(data)
            over.wait(0.1)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    target.release()
    target.finish()
    over.set()
    trace.stop()
    reader.join(utrail.TIMEOUT)
    os.close(reading)
    trace._text["stdout"] += got
    trace.finish(stop=False)
    check_overloaded(target, trace)


def unwritten(trace):
    return int(utrail.matches(trace.stderr, r"^\d+ events?, .*, (\d+) of them not written$", "the summary")[1])


def full_disk():
    """What was not written is counted, too; the file ends with a whole record."""
    need_root()
    disk = scratch() / "disk"
    disk.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], check=False).returncode:
        skip("no file system can be mounted here")
    try:
        fill_disk(disk / "trace")
    finally:
        subprocess.run(["umount", disk], check=True)


def fill_disk(path):
    target = start()
    trace = attach(target, "--ring-size", "262144", "-o", path, output=False)
    stand_still(trace, target)
    same(trace.wait(), 1, "status on a full disk")
    contains(trace.stderr, "No space left on device", "the message")
    contains(trace.stderr, f"writing to '{path}'", "the message")
    data = path.read_bytes()
    ensure(data.endswith(b"\n"), f"the file ends with half a record: {data[-80:]!r}")
    records = [json.loads(line) for line in data.splitlines()]
    same(records[0]["type"], "header", "first record")
    ensure(len(records) > 100, "hardly anything was written")
    events, lost, missed = trace.summary
    written = sum(record["type"] not in ("header", "lost", "missed", "gap", "summary") for record in records)
    same(written + unwritten(trace), events, "written and unwritten events")
    made = sum(own(target, site) for site in SITES) + 2 * target.counts["forks"] + 1
    same(events + lost + missed, made, "all that the target did")


def closed_pipe():
    """Who reads goes away in the middle: a quiet end, and the target goes on."""
    target = start()
    reading, writing = os.pipe()
    trace = attach(target, *SMALL, output=False, stdout=writing)
    os.close(writing)
    target.release()
    with os.fdopen(reading, "rb") as pipe:
        lines = [pipe.readline() for _ in range(20)]
    same([json.loads(line)["type"] for line in lines][0], "header", "first record")
    same(trace.wait(), 0, "status")
    ensure(re.search("EPIPE|[Bb]roken|bug", trace.stderr) is None, trace.report("complains"))
    target.finish()


def killed_producers():
    """Processes that are killed in the burst: each thread that was born has its end in the trace."""
    target = Target("burst", "-w", 1, 4, 1_000_000, 1)
    trace = attach(target, *SMALL, specs=["burst:outer"])
    target.release()
    time.sleep(0.1)
    children = Path(f"/proc/{target.pid}/task/{target.pid}/children").read_text().split()
    for pid in [target.pid, *children]:
        os.kill(int(pid), signal.SIGKILL)
    target.wait()
    # Theirs is init now, which takes its time.
    trace.wait()
    trace.finish(stop=False)
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    exits = {e["tid"] for e in trace.of("exit")}
    born = {e["child_tid"] for e in trace.of("fork")}
    same(born - exits, set(), "threads without an end")


KINDS = [stopped, stopped_now_and_then, small_ring, slow_pipe, full_disk, closed_pipe, killed_producers]


def many(runs):
    """`runs` of them; every tenth stands still for the full 5 seconds."""
    for i in range(runs):
        kind = stopped_for_5_seconds if i % 10 == 9 else KINDS[i % len(KINDS)]
        begun = time.monotonic()
        kind()
        print(f"{i + 1}/{runs} {kind.__name__}: exact, {time.monotonic() - begun:.1f} s", flush=True)
        forget()


def forget():
    """What a run has left behind, so that hundreds of them fit into the disk and into memory."""
    for path in scratch().iterdir():
        if path.is_file():
            path.unlink()
        elif path.name != "disk":
            shutil.rmtree(path)


if len(sys.argv) > 1:
    utrail.TIMEOUT = max(utrail.TIMEOUT, 20.0 * int(sys.argv[1]))

    def all_runs():
        many(int(sys.argv[1]))

    run(all_runs)
else:
    run(*KINDS)
