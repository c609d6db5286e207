# SPDX-License-Identifier: Apache-2.0
"""utrail -- CMD: the command keeps its own input, output and end, and is traced from its start."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from utrail import Process, Trace, contains, ensure, ns, only, plain, program, run, same, sample, scratch


def launch(command, *options, **process_options):
    return Trace(*options, command=command, wait=False, **process_options)


def from_the_start():
    """The program does not wait for anybody: nothing of it may be missed."""
    trace = launch([sample("count"), "500", "2"], "-e", "count:f", "-f")
    trace.finish(stop=False)
    trace.check_nothing_lost()
    contains(trace.stdout, "count f 1000\n", "the command's own output")
    same(len(trace.calls("f")), 1000, "calls of f")


def constructors():
    """Also what runs before main(): the C library's start."""
    trace = launch([sample("count"), "1"], "-e", "syscall:*")
    trace.finish(stop=False)
    names = [e["name"] for e in trace.syscalls()]
    ensure("brk" in names and "mmap" in names, f"the loader's calls are missing: {names[:20]}")
    ensure(names.index("mmap") < names.index("write"), "the order is wrong")


def clean_streams():
    """Standard input goes to the command, its output stays its own; ours goes to the file."""
    script = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d); sys.stderr.write('own\\n')"
    trace = launch([sys.executable, "-c", script], "-e", "syscall:read")
    data = bytes(range(256)) * 300
    trace.write(data)
    trace.close_stdin()
    trace.finish(stop=False)
    same(trace.stdout_bytes, data, "what the command wrote")
    others = [line for line in trace.stderr.splitlines() if not line.startswith("utrail: ")]
    same(others[0], "own", "first line on stderr that is not ours")
    ensure(re.match(r"\d+ events", others[-1]), f"the last line is no summary: {others[-1]!r}")
    same(len(others), 2, f"lines on stderr that are not ours: {others}")


def text_goes_to_stderr():
    trace = launch([sample("count"), "3"], "-e", "count:f", json=False, output=False)
    trace.finish(stop=False)
    same(trace.stdout, "count f 3\nself-check passed\n", "standard output")
    same(len(re.findall(r'count:f\(n=\d, text="four"\) = ', trace.stderr)), 3, "calls on stderr")


def no_program():
    """What never ran has no events to account for: the error is all there is to say."""
    for content in (b"", b"\x7fELFxx"):
        path = scratch() / "garbage"
        path.write_bytes(content)
        path.chmod(0o755)
        trace = launch([path])
        same(trace.wait(), 126, "status")
        contains(trace.stderr, "Exec format error", "the message")
        for word in ("bug", "records", "missed"):
            ensure(word not in trace.stderr, trace.report(f"says '{word}'"))


def status():
    for number in (0, 1, 42, 255):
        trace = launch(["sh", "-c", f"exit {number}"], "-e", "exit")
        trace.finish(status=number, stop=False)


def signals():
    """A command that a signal ends: utrail ends by the same signal, and dumps no core."""
    for name in ("TERM", "KILL", "HUP", "ABRT", "SEGV"):
        trace = launch(["sh", "-c", f"ulimit -c 0; kill -{name} $$"], "-e", "exit")
        trace.finish(status=-int(getattr(signal, f"SIG{name}")), stop=False)


def not_there():
    process = plain(["-e", "exit", "--", "/nonexistent/program"])
    same(process.status, 127, "status when there is no such program")
    contains(process.stderr, "/nonexistent/program", "the message")
    plain_file = scratch() / "not-executable"
    plain_file.write_text("#!/bin/sh\n")
    process = plain(["-e", "exit", "--", str(plain_file)])
    same(process.status, 126, "status when it cannot be executed")
    contains(process.stderr, "Permission denied", "the message")


def environment():
    """Working directory, variables, ids, signal mask and descriptors: the same as without utrail."""
    # The variables as a digest: their values are nobody's business.
    script = (
        "import hashlib, os\n"
        "kept = ('SigB', 'SigI', 'SigC', 'Cap', 'NoNew', 'Seccomp', 'Uid', 'Gid', 'Groups')\n"
        "variables = hashlib.sha256(repr(sorted(os.environb.items())).encode()).hexdigest()\n"
        "print(sorted(os.listdir('/proc/self/fd'), key=int))\n"
        "print([l for l in open('/proc/self/status') if l.startswith(kept)])\n"
        "print(open('/proc/self/limits').read())\n"
        "print(os.getcwd(), variables, os.umask(0), os.nice(0), os.sched_getaffinity(0))\n"
        "print(os.getpgid(0) == os.getpgid(os.getppid()), os.getsid(0) == os.getsid(os.getppid()))\n"
    )
    command = [sys.executable, "-c", script]
    options = {"cwd": "/", "env": {"UTRAIL_PROBE": "x=y"}, "stdin": subprocess.DEVNULL}
    alone = Process(command, **options)
    same(alone.wait(), 0, "status alone")
    traced = launch(command, "-e", "syscall:openat", **options)
    traced.finish(stop=False)
    same(traced.stdout, alone.stdout, "what the command sees of its surroundings")


def children_ignored():
    """Whoever starts utrail ignores the ends of children: it ends all the same, and the command has that as it was."""
    script = "grep SigIgn /proc/self/status; exit 3"
    ignore = {"preexec_fn": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)}
    alone = Process(["sh", "-c", script], **ignore)
    same(alone.wait(), 3, "status alone")
    traced = launch(["sh", "-c", script], "-e", "exit", **ignore)
    traced.finish(status=3, stop=False)
    same(traced.stdout, alone.stdout, "signals that the command ignores")


def waits_for_input():
    """A command that reads its input line by line, while it is traced."""
    trace = Trace("-e", "count:f", command=[sample("count"), "-w", "10"])
    trace.wait_for(r"^ready \d+$")
    trace.write("\n")
    trace.finish(stop=False)
    same(len(trace.calls("f")), 10, "calls of f")


def not_before_its_exec():
    """What becomes the command is utrail until then, and its time on and off the CPU is not the command's."""
    for _ in range(8):
        trace = launch(["true"], "-e", "exec", "-e", "sched", "-e", "cpu:5000")
        trace.finish(stop=False)
        began = ns(only(trace.of("exec"), "execs"))
        seen = trace.of("sched") + trace.of("sample")
        same({event["comm"] for event in seen} - {"true"}, set(), "names")
        ensure(all(ns(event) > began for event in seen), f"before the exec: {seen}")
    ensure(launch(["sleep", "0.05"], "-e", "sched").finish(stop=False).of("sched", "off"), "nothing is seen of it at all")


def no_zombie():
    """The command is our only child but those that keep rights for later, and it is reaped."""
    trace = Trace("-e", "exit", command=["sleep", "0.2"])
    children = f"/proc/{trace.pid}/task/{trace.pid}/children"
    with open(children) as file:
        names = [Path(f"/proc/{child}/comm").read_text().strip() for child in file.read().split()]
        # Of ours: they read files, and look at processes.
        names = [name for name in names if name not in ("utrail-symbols", "utrail-attacher")]
        same(len(names), 1, f"children of utrail, {names}")
    trace.finish(stop=False)
    ensure(not os.path.exists(f"/proc/{trace.pid}"), f"{program()} is still there")


run(
    from_the_start,
    constructors,
    clean_streams,
    text_goes_to_stderr,
    status,
    signals,
    not_there,
    no_program,
    environment,
    children_ignored,
    waits_for_input,
    not_before_its_exec,
    no_zombie,
)
