# SPDX-License-Identifier: Apache-2.0
"""kill-matrix.py [MOMENTS [SEED]]: utrail is ended at random moments, by four signals. Nothing of it stays.

No link, program or map in the kernel, no semaphore, no byte of text; the target goes on to its right end; what was
written can be read. UTRAIL_TEST_SEED chooses other moments.
"""

import ctypes
import os
import platform
import random
import re
import signal
import struct
import subprocess
import sys
import time

import jsonlines
from utrail import TIMEOUT, Failure, Target, Trace, ensure, need_root, run, same, sample

MOMENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 24
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int(os.environ.get("UTRAIL_TEST_SEED", "1"))
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PHASES = ("starting", "streaming", "ending")
SPECS = ("busy:step,busy:deep,busy:leaf,busy:slow", "usdt:busy:*", "syscall:*")
EXECUTED = 1_000_000  # what an executed child begins to count at
SETTLED = 5.0  # seconds; the kernel frees programs and maps some time after their last user has gone

# linux/bpf.h: bpf_cmd, and the offset of next_id in its attributes.
NEXT_ID = {"prog": 11, "map": 12, "link": 31}
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


def kernel_objects():
    """All links, programs and maps that there are, as {(kind, id)}."""
    found = set()
    for kind, command in NEXT_ID.items():
        last = 0
        while True:
            attributes = ctypes.create_string_buffer(struct.pack("<III", last, 0, 0).ljust(128, b"\0"))
            if libc.syscall(SYS_BPF, command, attributes, 128) != 0:
                break
            last = struct.unpack_from("<I", attributes, 4)[0]
            found.add((kind, last))
    return found


def owned_by_others():
    """Those that a living process holds: other tracers may be at work."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if not re.match(r"anon_inode:\[?bpf", os.readlink(f"/proc/{pid}/fd/{fd}")):
                    continue
                with open(f"/proc/{pid}/fdinfo/{fd}") as file:
                    for kind, number in re.findall(r"^(prog|map|link)_id:\s+(\d+)$", file.read(), re.MULTILINE):
                        found.add((kind, int(number)))
        except OSError:
            continue
    return found


def check_kernel(before):
    until = time.monotonic() + SETTLED
    while True:
        left = kernel_objects() - before
        if left:
            left -= owned_by_others()
        if not left:
            return
        ensure(time.monotonic() < until, f"left in the kernel: {sorted(left)}")
        time.sleep(0.05)


def symbols():
    text = subprocess.run(["nm", sample("busy")], capture_output=True, text=True, check=True).stdout
    return {name: int(address, 16) for address, name in re.findall(r"^(\w+) \w (\w+)$", text, re.MULTILINE)}


class Memory:
    """What a process has in its memory: text against the file, semaphores."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/maps") as file:
            rows = [line.split(None, 5) for line in file]
        self.rows = [r for r in rows if len(r) == 6]
        self.memory = open(f"/proc/{pid}/mem", "rb", buffering=0)

    def changed_text(self):
        changed = []
        for addresses, mode, offset, _, _, path in self.rows:
            path = path.strip()
            if "x" not in mode or not path.startswith("/"):
                continue
            begin, end = (int(a, 16) for a in addresses.split("-"))
            with open(path, "rb") as file:
                file.seek(int(offset, 16))
                wanted = file.read(end - begin)
            got = os.pread(self.memory.fileno(), len(wanted), begin)
            if len(got) < len(wanted):
                raise OSError(f"only {len(got)} bytes of {path} are mapped")
            changed += [f"{path}+{i + int(offset, 16):#x}" for i, b in enumerate(wanted) if b != got[i]] if got != wanted else []
        return changed

    def semaphores(self, names):
        path = sample("busy")
        base = min(int(r[0].split("-")[0], 16) for r in self.rows if r[5].strip() == path)
        return [
            struct.unpack("<H", os.pread(self.memory.fileno(), 2, base + names[f"busy_{m}_semaphore"]))[0]
            for m in ("before", "after")
        ]


def check_memory(pid, names):
    """Those of children may be gone when they are looked at."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        everyone = [pid, *map(int, file.read().split())]
    for process in everyone:
        try:
            memory = Memory(process)
            if not any(r[5].strip() == sample("busy") for r in memory.rows):
                continue
            changed, semaphores = memory.changed_text(), memory.semaphores(names)
        except (OSError, ValueError, struct.error):  # it has ended, or executes another program
            ensure(process != pid, "the target is gone")
            continue
        same(changed, [], f"bytes of text that differ from the file in {process} (target {pid})")
        same(semaphores, [0, 0], f"semaphores in {process} (target {pid})")


def check_whole_lines(trace):
    """Killed at any moment: up to the last line that ends, all is valid."""
    data = trace.file.read_bytes() if trace.file.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if whole:
        jsonlines.parse(whole)


def check_numbers(trace, released_after):
    """Of each thread, step() is there without a gap, unless one was told."""
    lines = {}
    for call in trace.calls("step"):
        if "args" not in call:  # it began before tracing
            continue
        n = call["args"]["n"]
        lines.setdefault((call["tid"], n // EXECUTED), []).append(n)
    holes = 0
    for (tid, _), numbers in lines.items():
        same(len(set(numbers)), len(numbers), f"calls of thread {tid} that are there twice")
        holes += max(numbers) - min(numbers) + 1 - len(numbers)
        if released_after:
            holes += min(numbers) % EXECUTED
    events, lost, missed = trace.summary
    ensure(holes <= lost + missed, f"{holes} calls are not there, {lost} lost and {missed} missed of {events} are told")
    return len(lines)


class Moment:
    """One target, one tracer, one signal."""

    def __init__(self, number, names):
        self.waited = 0.0
        self.random = random.Random(f"{SEED}/{number}")
        self.names = names
        self.signal = SIGNALS[number % len(SIGNALS)]
        self.phase = PHASES[number // len(SIGNALS) % len(PHASES)]
        self.how = self.random.choice(("site", "trampoline"))
        self.second = self.random.choice(SIGNALS)
        self.early = self.phase == "starting" or self.random.random() < 0.5
        self.delay = self.random.random()
        self.whole_group = number % 2 == 0
        self.what = f"moment {number} of seed {SEED}: {self.phase}, {self.signal.name}, --return={self.how}, {self.delay:.3f}"

    def deliver(self, trace, target):
        if self.phase == "attaching":
            until = time.monotonic() + TIMEOUT
            while not Memory(target.pid).changed_text():
                ensure(time.monotonic() < until, "no probe came")
            time.sleep(self.delay * 0.004)
            trace.send(self.signal)
            return
        if self.phase == "starting":
            time.sleep(self.delay * 0.6)
            trace.send(self.signal)
            return
        trace.wait_for("^utrail: tracing", stream="stderr")
        if not self.early:
            target.release()
        time.sleep(self.delay * 0.25)
        trace.send(self.signal)
        if self.phase == "ending":
            time.sleep(self.random.random() ** 2 * 0.1)
            # A terminal sends it to all processes of the job.
            if self.whole_group and trace.process.poll() is None:
                os.killpg(trace.pid, self.second)
            else:
                trace.send(self.second)

    def check_status(self, trace):
        hard = {-self.signal, -self.second} if self.phase == "ending" else {-signal.SIGKILL} & {-self.signal}
        told = "utrail: tracing" in trace.stderr
        if self.phase in ("starting", "attaching") and not told:
            hard = {-self.signal}
        if trace.status in hard:
            return check_whole_lines(trace)
        same(trace.status, 0, trace.report("status"))
        trace.check_summary()
        ensure("bug" not in trace.stderr, trace.report("counts wrongly"))
        return check_numbers(trace, not self.early)

    def settle(self, pid):
        """The kernel may still be at it when the process that was killed has been waited for."""
        begun = time.monotonic()
        while True:
            try:
                check_memory(pid, self.names)
                break
            except Failure:
                if time.monotonic() - begun > SETTLED:
                    raise
                self.waited = time.monotonic() - begun
                time.sleep(0.02)
        if self.waited:
            print(f"{self.what}: memory was as before {self.waited:.3f} s later", flush=True)

    def run(self):
        before = kernel_objects()
        target = Target("busy", "-w", "-h")
        if self.early:
            target.release()
        words = [w for spec in SPECS for w in ("-e", spec)]
        trace = Trace("-f", *words, f"--return={self.how}", pid=target.pid, wait=False, start_new_session=True)
        self.deliver(trace, target)
        trace.wait()
        self.settle(target.pid)
        self.check_status(trace)
        check_kernel(before)
        if not self.early and self.phase == "starting":
            target.release()
        target.release()
        target.wait_for("^done ")
        target.finish()
        counts = target.counts
        same([counts[c] for c in ("semaphores", "wrong-children", "changed-text")], [0, 0, 0], "semaphores, children, text")
        if trace.file.exists():
            trace.file.unlink()
        return trace.status


class MomentOfAttaching(Moment):
    """Not before the first probe is in: by the signal that nobody can catch."""

    def __init__(self, number, names):
        super().__init__(number * len(SIGNALS), names)
        self.phase, self.early, self.how = "attaching", True, "trampoline"
        self.what = f"moment {number} of seed {SEED}: {self.phase}, {self.signal.name}, {self.delay:.3f}"


def moments():
    need_root()
    names, ends, failures = symbols(), {}, []
    wanted = [Moment(number, names) for number in range(MOMENTS)]
    for moment in wanted + [MomentOfAttaching(number, names) for number in range(MOMENTS // 2)]:
        signal.alarm(int(TIMEOUT * 5.5))
        try:
            end = f"{moment.phase}/{moment.run()}"
            ends[end] = ends.get(end, 0) + 1
        except Exception as failure:
            failures.append(f"{moment.what}: {failure}")
            print(failures[-1][:3000], flush=True)
    print(f"{sum(ends.values())} moments: {ends}")
    ensure(not failures, f"{len(failures)} of {MOMENTS + MOMENTS // 2} moments failed")


run(moments)
