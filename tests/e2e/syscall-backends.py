# SPDX-License-Identifier: Apache-2.0
"""--syscall-backend: wherever the kernel tells of system calls, what the target made is what is told."""

import os
import re
import struct
import subprocess

from utrail import *

CALLS, THREADS = 300, 3
NAMES = ("tp_btf", "raw_tp", "tracepoint", "sleepable", "fentry", "kprobe.multi", "kprobe")
SPECS = ["points:work", "syscall:getppid", "syscall:read", "syscall:openat"]


def is_there(backend):
    """A place that the kernel lacks is refused, with the reason."""
    process = plain(["--syscall-backend", backend, "-e", "syscall:getppid", "--", "true"])
    if process.process.returncode == 0:
        return True
    same(process.process.returncode, 5, f"{backend}: status")
    matches(process.stderr, rf"^utrail: --syscall-backend={re.escape(backend)} is not possible here$", backend)
    matches(process.stderr, r"^  why:   .{20}", backend)
    print(f"    {backend} is not here: {re.search('why: *(.*)', process.stderr)[1]}")
    return False


def told(trace):
    """What each thread did inside of work(), in order, and what the call outside of it was."""
    calls = sorted((e for e in trace.of("syscall") if e["depth"] == 1), key=ns)
    threads = {}
    for e in calls:
        threads.setdefault(e["tid"], []).append((e["name"], e["ret"], e["args"].get("buf")))
    opened = [(e["args"], e["errno"]) for e in trace.syscalls("openat") if "nonexistent" in e["args"]["filename"]]
    return sorted(threads.values()), opened


def each_tells_the_same():
    seen = {}
    for backend in [name for name in NAMES if is_there(name)]:
        target, trace = trace_target("points", [CALLS, THREADS], SPECS, "--syscall-backend", backend)
        trace.check_nothing_lost()
        same(trace.records[0]["backends"]["syscall"], backend, "the header")
        same(target.counts["work"], CALLS * THREADS, "what the target made")
        for name in ("getppid", "read"):
            same(len([e for e in trace.syscalls(name) if e["depth"] == 1]), CALLS * THREADS, f"{backend}: {name} inside of work()")
        # The parent differs from run to run: it is the test.
        seen[backend] = told(trace)
    first = seen.pop("tp_btf")
    same(first[1], [({"dfd": "AT_FDCWD", "filename": "/nonexistent/points", "flags": "O_RDONLY|O_CLOEXEC"}, "ENOENT")], "openat")
    for backend, others in seen.items():
        same(others, first, f"{backend}, beside tp_btf")
    ensure({"raw_tp"} <= set(seen), "raw tracepoints are everywhere")


def chosen():
    """Few calls each have their own tracepoint, many share those of all."""
    for specs, backend, why in ((SPECS[1:], ("tracepoint", "tp_btf"), ""), (["syscall:%file"], ("tp_btf",), "more than three")):
        words = [word for spec in specs for word in ("-e", spec)]
        process = plain(["-v", *words, "--", "true"])
        same(process.process.returncode, 0, "status")
        got = matches(process.stderr, r"^utrail: syscall: (\S+)$")[1]
        ensure(got in backend, f"{specs}: {got}")
        matches(process.stderr, rf"^utrail: system calls: .*{why}")
        explained = plain(["explain", *words, "-p", os.getpid()])
        contains(explained.stdout, f"seen by {got}", "explain")


def not_all_of_them():
    """Calls that have no tracepoint are named; none at all is an error."""
    process = plain(["--syscall-backend", "tracepoint", "-e", "syscall:uselib", "-e", "syscall:getppid", "--", "true"])
    if process.process.returncode == 5:
        return print("    no tracepoints here")
    same(process.process.returncode, 0, "status")
    contains(process.stderr, "1 system call is not seen by 'tracepoint': uselib", "the note")
    process = plain(["--syscall-backend", "tracepoint", "-e", "syscall:uselib", "--", "true"])
    same(process.process.returncode, 5, "status")
    contains(process.stderr, "uselib", "the reason")
    return None


def of_32_bits():
    """Their numbers are of another table: they are no calls of ours, and are counted; told where all calls are."""
    probe = subprocess.run([sample("compat"), "1"], capture_output=True, check=False)
    if probe.returncode == 77:
        return print("    this kernel has no 32-bit entry")
    for backend in ("tp_btf", "raw_tp", "tracepoint"):
        target, trace = trace_target("compat", [50], ["syscall:getppid", "syscall:iopl"], "--syscall-backend", backend)
        trace.check_nothing_lost()
        same(len(trace.syscalls("getppid")), target.counts["wide"], f"{backend}: getppid")
        same(len(trace.syscalls("iopl")), 0, f"{backend}: iopl, which has the other number")
        counted = int(trace.records[-1].get("compat_calls", 0))
        if backend == "tracepoint":
            same(counted, 0, "they do not come by there")
            continue
        same(counted, target.counts["narrow"], f"{backend}: 32-bit calls")
        contains(trace.stderr, f"{counted} 32-bit system calls are not shown", backend)
    for backend in ("tp_btf", "raw_tp"):
        target, trace = trace_target("compat", [50], ["syscall:*"], "--syscall-backend", backend)
        trace.check_nothing_lost()
        told = trace.syscalls("[32-bit] iopl")  # the name of that number there
        same(len(told), target.counts["narrow"], f"{backend}: 32-bit calls")
        same({event["args"]["arg1"] for event in told}, {"0x0"}, f"{backend}: the one argument")
        same(len(trace.syscalls("getppid")), target.counts["wide"], f"{backend}: getppid among them")
        ensure("32-bit" not in trace.stderr, trace.stderr)
    return None


def thirty_two_bit(path):
    """exit(1), after a read."""
    header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 0x100, 0x100, 7, 0x1000)
    read = b"\xb8\x03\0\0\0\xbb\0\0\0\0\xb9\x80\x80\x04\x08\xba\x01\0\0\0\xcd\x80"
    leave = b"\xb8\x01\0\0\0\xbb\x01\0\0\0\xcd\x80"
    path.write_bytes((header + segment + read + leave).ljust(0x100, b"\0"))
    path.chmod(0o755)
    return path


def programs_of_32_bits():
    """Per-call tracepoints are not run for them: nobody counts their calls, so the programs are told."""
    narrow = thirty_two_bit(scratch() / "narrow")
    probe = subprocess.run([narrow], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if probe.returncode != 1:
        return print("    this kernel runs no 32-bit programs")
    process = plain(["-e", "syscall:read", "--syscall-backend", "tracepoint", "-f", "--", "sh", "-c", f"{narrow}; {narrow}; true"],
                    stdin=subprocess.DEVNULL)
    contains(process.stderr, "2 32-bit programs: their system calls are not shown", "programs that were begun")
    process = plain(["-e", "syscall:read", "--syscall-backend", "tracepoint", "--", "true"], stdin=subprocess.DEVNULL)
    ensure("32-bit" not in process.stderr, process.stderr)
    told = plain(["-e", "syscall:*", "-f", "--", "sh", "-c", f"{narrow} </dev/null; true"], stdin=subprocess.DEVNULL).stderr
    contains(told, "[32-bit] read(0x0, 0x8048080, 0x1, ", "the call")
    contains(told, "[32-bit] exit(0x1, ", "the one that does not return")
    ensure("not shown" not in told, told)
    counted = plain(["-c", "-e", "syscall:*", "-f", "--", "sh", "-c", f"{narrow} </dev/null; true"], stdin=subprocess.DEVNULL)
    ensure(re.search(r" 1 +(\d+ +)?\[32-bit\] exit$", counted.stderr, re.MULTILINE), counted.stderr)
    target = Process([narrow], stdin=subprocess.PIPE)
    trace = Trace("-e", "syscall:read", "--syscall-backend", "tracepoint", pid=target.pid)
    target.write("\n")
    same(target.wait(), 1, "status of the target")
    trace.finish(stop=False)
    contains(trace.stderr, "1 32-bit program: its system calls are not shown", "the program that was there")
    same(trace.records[-1].get("compat_programs"), 1, "in JSON")
    return None


def too_many():
    if not is_there("fentry"):
        return
    process = plain(["--syscall-backend", "fentry", "-e", "syscall:*", "--", "true"])
    same(process.process.returncode, 2, "status")
    contains(process.stderr, "64 calls at most", "the reason")


def test():
    need_root()
    each_tells_the_same()
    chosen()
    not_all_of_them()
    of_32_bits()
    programs_of_32_bits()
    too_many()


run(test)
