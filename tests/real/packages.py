# SPDX-License-Identifier: Apache-2.0
"""Packages of the distribution that are not installed, and what all of their markers must do."""

import json
import os
import re
import subprocess
import sys
from collections import Counter

import stapsdt
from utrail import Process, Trace, ensure, plain, same, skip

FOLDER = os.path.dirname(os.path.abspath(__file__))


def fetch(suite, name, *packages, with_dependencies=False):
    """Unpacks packages, once; returns the directory that is / to them. Skips without a network."""
    words = ["-d"] if with_dependencies else []
    script = os.path.join(FOLDER, "fetch-packages.sh")
    done = subprocess.run(
        [script, *words, suite, name, *packages],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=150,
    )
    if done.returncode == 77:
        skip(done.stderr.strip().splitlines()[-1])
    ensure(done.returncode == 0, f"fetch-packages.sh: {done.stderr}")
    return done.stdout.strip()


def listed(path):
    """What `utrail list` says of the file's markers: [(Note, refused, unavailable)]."""
    process = plain(["list", "--json", path, "usdt:*"])
    ensure(process.status == 0, process.report(f"ended with {process.status}"))
    same(process.stderr, "", f"messages of list {path}")
    found = []
    for marker in map(json.loads, process.stdout.splitlines()):
        for site in marker["sites"]:
            semaphore = int(site["semaphore"], 16) if "semaphore" in site else None
            note = stapsdt.Note(
                marker["provider"], marker["name"], site["args"], int(site["offset"], 16), semaphore
            )
            found.append((note, site.get("refused"), site.get("unavailable", {})))
    return found


# Maps files as a loader would: text that can be executed, and data that can be written.
MAPPER = """
import mmap, sys
kept = []
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        for prot in (mmap.PROT_READ | mmap.PROT_EXEC, mmap.PROT_READ | mmap.PROT_WRITE):
            kept.append(mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=prot))
print("ready", flush=True)
sys.stdin.readline()
"""


class Mapped:
    """A process that has a file mapped but does not run it: its memory tells what a tracer did."""

    def __init__(self, path):
        self.process = Process([sys.executable, "-c", MAPPER, path])
        self.process.wait_for("^ready")
        self.pid = self.process.pid
        self.memory = open(f"/proc/{self.pid}/mem", "rb", buffering=0)
        with open(f"/proc/{self.pid}/maps") as maps:
            text = maps.read()
        at = re.escape(os.path.realpath(path))
        self.text = int(re.search(rf"^(\w+)-\w+ r-xp .* {at}$", text, re.MULTILINE)[1], 16)
        self.data = int(re.search(rf"^(\w+)-\w+ rw-p .* {at}$", text, re.MULTILINE)[1], 16)

    def code(self, offset):
        return os.pread(self.memory.fileno(), 1, self.text + offset)[0]

    def counter(self, offset):
        return int.from_bytes(os.pread(self.memory.fileno(), 2, self.data + offset), "little")

    def close(self):
        self.memory.close()
        self.process.write("\n")
        self.process.wait()


def attach_everything(path, notes):
    """A breakpoint at every site, a count in its semaphore for each, and nothing of it afterwards."""
    mapped = Mapped(path)
    sites = {note.offset for note in notes}
    # The kernel counts the places with a breakpoint.
    places = {(note.offset, note.semaphore) for note in notes if note.semaphore is not None}
    counters = Counter(semaphore for _, semaphore in places)
    before = {offset: mapped.code(offset) for offset in sites}
    same({mapped.counter(c) for c in counters} - {0}, set(), f"semaphores of {path} before")
    trace = Trace("-e", f"usdt:{path}:*:*", pid=mapped.pid)
    unarmed = sorted(hex(offset) for offset in sites if mapped.code(offset) != 0xCC)
    same(unarmed, [], f"sites of {path} without a breakpoint while traced")
    raised = {counter: mapped.counter(counter) for counter in counters}
    same(raised, dict(counters), f"semaphores of {path} while traced")
    ensure("refused" not in trace.stderr, trace.report("refused something"))
    trace.finish()
    after = {offset: mapped.code(offset) for offset in sites}
    same(after, before, f"first bytes at the sites of {path}, after the trace")
    same({mapped.counter(c) for c in counters} - {0}, set(), f"semaphores of {path} after")
    mapped.close()
    return len(sites), len(counters)


def check_file(path, attach=True):
    """One file against readelf. Returns the number of notes and of operands that cannot be read."""
    wanted = stapsdt.notes(path)
    ensure(wanted, f"readelf shows no notes of {path}")
    got = listed(path)
    same(sorted(note for note, _, _ in got), sorted(wanted), f"notes of {path}")
    same([(n, why) for n, why, _ in got if why], [], f"sites of {path} that are refused")
    reasons = [
        (note.provider, note.name, note.operands, *why)
        for note, _, unavailable in got
        for why in unavailable.items()
    ]
    # An operand may lie where nobody can read it, but none may be beyond our understanding.
    same([r for r in reasons if "understood" in r[-1]], [], f"operands of {path} that are not understood")
    sites = counters = 0
    if attach and os.geteuid() == 0:
        sites, counters = attach_everything(path, wanted)
    arguments = sum(len(re.findall(r"(?:^| )-?\d+\w?@", note.operands)) for note in wanted)
    print(
        f"    {path}: {len(wanted)} notes, {arguments} arguments, {len(reasons)} not to be read; "
        f"attached: {sites} sites, {counters} semaphores"
    )
    for provider, name, operands, argument, why in reasons:
        print(f"        {provider}:{name} {argument} of '{operands}': {why}")
    return len(wanted), len(reasons)


def check_folder(folder, counts):
    """All files with notes below a folder; `counts` says how many there are at least, by name."""
    for path in stapsdt.files_with_notes(folder):
        found, _ = check_file(path)
        name = os.path.basename(path)
        for known in [known for known in counts if name.startswith(known)]:
            ensure(found >= counts[known], f"{path} has {found} notes, fewer than {counts[known]}")
            del counts[known]
    same(counts, {}, f"files with notes that are missing in {folder}")
