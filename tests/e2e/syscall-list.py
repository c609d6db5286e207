# SPDX-License-Identifier: Apache-2.0
"""A fixed list of system calls: names, arguments, results and errors, as the target prints them."""

import subprocess

from expected import Expected, nodes_of
from utrail import ensure, fail, run, same, trace_target


def every_call():
    target, trace = trace_target("syscalls", [], ["syscall:*"])
    trace.check_nothing_lost()
    problem = Expected(target.expected).find_in(nodes_of(trace.events))
    if problem:
        fail(problem)
    for event in trace.syscalls():
        if event["name"] not in ("exit_group", "exit"):
            ensure("ret" in event and int(event["dur_ns"]) >= 0, f"no result: {event}")
        ensure(("errno" in event) == (event.get("ret") == -1), f"errno does not fit: {event}")


def where_nothing_is():
    """The kernel has looked, and says EFAULT."""
    _, trace = trace_target("syscalls", [], ["syscall:openat", "syscall:munmap"])
    calls = [event["args"]["filename"] for event in trace.syscalls() if event.get("errno") == "EFAULT"]
    gone = trace.syscalls("munmap")[-1]["args"]["addr"]
    same(calls, [{"unavailable": "bad address", "pointer": at} for at in ("0x1", gone)], "names of files")


def without_spec():
    """Nothing asked for: system calls, markers and task life."""
    target, trace = trace_target("syscalls", [], [])
    problem = Expected(target.expected).find_in(nodes_of(trace.events))
    if problem:
        fail(problem)
    ensure(trace.of("exit"), "the end of the process is not in the stream")


def names_of(*specs):
    target, trace = trace_target("syscalls", [], specs)
    return target, [e["name"] for e in trace.syscalls()]


def wanted_of(target, names):
    listed = [line.split("(")[0] for line in target.expected]
    return [name for name in listed if name in names]


def by_name():
    target, names = names_of("syscall:unlinkat,syscall:uname")
    same(names, wanted_of(target, ("unlinkat", "uname")), "calls by name")


def by_glob():
    target, names = names_of("syscall:unl*at", "syscall:p*64")
    same(names, wanted_of(target, ("unlinkat", "pread64", "pwrite64")), "calls by glob")


def as_strace():
    target, names = names_of("trace=unlinkat,lseek")
    same(names, wanted_of(target, ("unlinkat", "lseek")), "calls in strace's spelling")


def by_class():
    """strace knows which calls belong to a class: the same set must be seen."""
    classes = {
        "%file": ("openat", "unlinkat"),
        "%network": ("socketpair",),
        "%signal": ("kill",),
        "%memory": ("mmap", "munmap"),
    }
    for name, wanted in classes.items():
        target, names = names_of(f"syscall:{name}")
        others = set(n.split("(")[0] for n in target.expected) - set(wanted)
        same([n for n in names if n in wanted], wanted_of(target, wanted), f"calls of {name}")
        same([n for n in names if n in others], [], f"calls that are not of {name}")


def negated():
    target, names = names_of("syscall:*", "!syscall:close", "!syscall:%file")
    ensure("lseek" in names, "lseek is missing")
    same([n for n in names if n in ("close", "openat", "unlinkat")], [], "calls that were taken away")


def raw_count():
    """No call is seen twice: as many write() as strace counts in an equal run."""
    import shutil

    from utrail import sample, scratch, skip

    if not shutil.which("strace"):
        skip("strace is not installed (package strace)")
    out = scratch() / "strace"
    subprocess.run(["strace", "-o", out, sample("syscalls")], check=True, capture_output=True, timeout=20)
    strace = [line.split("(")[0] for line in out.read_text().splitlines()]
    first, last = strace.index("getpgid"), strace.index("getsid")
    target, trace = trace_target("syscalls", [], ["syscall:*"])
    names = [e["name"] for e in sorted(trace.syscalls(), key=lambda e: int(e["time_ns"]))]
    ensure("getpgid" in names and "getsid" in names, f"the first or last call is missing: {names}")
    ours = names[names.index("getpgid") : names.index("getsid") + 1]
    renamed = {"pread": "pread64", "pwrite": "pwrite64"}
    same(ours, [renamed.get(n, n) for n in strace[first : last + 1]], "calls, against strace")


run(every_call, where_nothing_is, without_spec, by_name, by_glob, as_strace, by_class, negated, raw_count)
