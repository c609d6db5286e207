# SPDX-License-Identifier: Apache-2.0
"""block: what a program reads and writes past the page cache, by its own count, in the functions that did it."""

import os
import re
from pathlib import Path

import unseen
from utrail import Failure, Target, Trace, contains, ensure, ns, plain, run, same, scratch, skip

COUNT = 12


class Disk:
    """The program, its file on a disk; without one that can do it, the test is skipped."""

    def __init__(self, size, *words):
        # Not /tmp, which mostly is in memory.
        self.file = Path(os.environ.get("UTRAIL_TEST_DISK", "/var/tmp")) / f"utrail-test-{os.getpid()}-{scratch().name}"
        self.target = Target("disk", self.file, str(COUNT), str(size), *words)
        try:
            self.target.wait_for(r"^ready \d+$")
        except Failure:
            self.file.unlink(missing_ok=True)
            if self.target.process.poll() == 77:
                skip(f"no input or output past the cache at {self.file.parent}: {self.target.stderr.strip()}")
            raise
        if not Path(f"/sys/dev/block/{os.major(self.file.stat().st_dev)}:{os.minor(self.file.stat().st_dev)}").exists():
            self.end()
            skip(f"{self.file.parent} is on no disk")

    def end(self):
        self.target.close_stdin()
        self.target.wait()
        self.file.unlink(missing_ok=True)


def completed():
    """(reads, writes) of all disks since the machine began: Documentation/admin-guide/iostats.rst."""
    rows = [line.split() for line in Path("/proc/diskstats").read_text().splitlines()]
    return sum(int(row[3]) for row in rows), sum(int(row[7]) for row in rows)


class Unseen(unseen.Unseen):
    """What the kernel completed in interrupts of its first process."""

    def __init__(self):
        super().__init__({"block/block_rq_complete": None})

    def requests(self, op, told=()):
        """(sector, bytes) of each that was not told, either."""
        known = {e["args"]["sector"] for e in told}
        found = [re.search(r" block_rq_complete: \d+,\d+ ([RW])\S* \(\) (\d+) \+ (\d+) ", line) for line in self.lines]
        rows = [(row[1], int(row[2]), 512 * int(row[3])) for row in found if row]
        return [(sector, size) for kind, sector, size in rows if kind == op[0] and sector not in known]


def trace(size, *specs, words=(), **options):
    disk = Disk(size, *words)
    try:
        trace = Trace(*[word for spec in specs for word in ("-e", spec)], pid=disk.target.pid, **options)
        with Unseen() as missing:
            before = completed()
            disk.target.write("\n")
            disk.target.wait_for("^count read")
            trace.finish()
            # The kernel counts one when it has woken who waits for it.
            after = completed()
    finally:
        disk.end()
    return trace, [b - a for a, b in zip(before, after)], missing


def places(requests):
    return {sector + n for sector, size in requests for n in range(size // 512)}


def as_counted(size):
    run, done, missing = trace(size, "block", "put,get")
    run.check_nothing_lost()
    disks = {path.name for path in Path("/sys/block").iterdir()}
    told = {f: [e for e in run.of("block") if e["inside"] == f"disk:{f}"] for f in ("get", "put")}
    requests = {f: [(e["args"]["sector"], e["args"]["bytes"]) for e in told[f]] for f in told}
    file = places(requests["get"] + requests["put"])
    for function, op, most in (("get", "READ", done[0]), ("put", "WRITE", done[1])):
        events = told[function]
        more = [row for row in missing.requests(op, events) if places([row]) <= file]
        same({e["args"]["op"] for e in events}, {op}, f"operations of {function}")
        same(sum(bytes for _, bytes in requests[function] + more), COUNT * size, f"bytes of {function}")
        same(places(requests[function] + more), file, f"places of {function}")
        ensure(COUNT <= len(events + more), f"{len(events)} events, and {COUNT} calls of {function}")
        ensure(len(events) <= most, f"{len(events)} events, and the kernel has counted {most}")
        ensure(all("SYNC" in e["args"]["flags"] for e in events), f"flags of {function}: {events[0]}")
        calls = [(ns(c), ns(c) + ns(c, "dur_ns")) for c in run.calls(function)]
        for event in events:
            args = event["args"]
            ensure(args["device"] in disks, f"no such disk: {args['device']}")
            same((event["name"], event["pid"], event["context"], args["error"]), ("io", event["tid"], "other", 0), "event")
            # Submitted, issued, completed: all of it while the call lasts.
            begun = ns(event) - ns(event, "dur_ns") - args["queued_ns"]
            ensure(any(a <= begun and ns(event) <= b for a, b in calls), f"{event} is in no call of {function}")


def small():
    as_counted(4096)


def cut_up():
    """More than a device takes at once: several requests, each for whom it is."""
    as_counted(4 << 20)


def conditions():
    run, _, missing = trace(8192, "block if op == READ && bytes >= 4096 && dur > 0", "get")
    events = [e for e in run.of("block") if e["inside"]]
    more = sum(size for _, size in missing.requests("READ", events))
    left = COUNT * 8192 - sum(e["args"]["bytes"] for e in events)
    ensure(0 <= left <= more, f"{left} bytes are not told")
    same({e["args"]["op"] for e in run.of("block")}, {"READ"}, "operations")
    run, _, missing = trace(4096, "block if dur > 3600s || device == \"none\"")
    same(run.of("block"), [], "events")
    ensure(run.records[-1]["filtered"] + len(missing.lines) >= 2 * COUNT, f"{run.records[-1]}")


def summed_up():
    run, _, missing = trace(4096, "block", "put,get", subcommand="stat")
    for function, op in (("put", "WRITE"), ("get", "READ")):
        row = next(r for r in run.stats if r["kind"] == "block" and r["inside"] == f"disk:{function}")
        ensure(row["hits"] + len(missing.requests(op)) >= COUNT, f"{row}")
        same((row["name"], row["errors"], sum(n for _, n in row["histogram"])), ("block:io", 0, row["hits"]), "row")


def as_text():
    pattern = r' block:io\(device="\w+", op=READ, flags=SYNC\S*, sector=\d+, bytes=4096, error=0, queued_ns=\d+\) <0\.\d+> \(begun in disk:get\)\n'
    for _ in range(5):
        run, _, missing = trace(4096, "block", "get", json=False)
        if len(missing.requests("READ")) < COUNT:
            break
    ensure(re.search(pattern, run.text), run.text)


def of_others():
    """What another program does meanwhile is not this one's."""
    other = Disk(4096)
    try:
        run = Trace("-e", "block", command=["sleep", "0.5"])
        other.target.write("\n")
        other.target.wait_for("^count read")
        run.finish(stop=False)
    finally:
        other.end()
    same([e for e in run.of("block") if e["args"]["bytes"] == 4096 and e["args"]["op"] == "WRITE" and "SYNC" in e["args"]["flags"]], [], "events of another program")


def mistakes():
    for spec, text in [
        ("block:foo", "there are block:io"),
        ("block if uid == 0", "in another thread than its own"),
        ("block if nothing == 0", "nothing"),
    ]:
        process = plain(["-e", spec, "--", "true"])
        ensure(process.status == 2, process.report(f"for '{spec}' ended with {process.status}"))
        contains(process.stderr, text, spec)


run(small, cut_up, conditions, summed_up, as_text, of_others, mistakes)
