# SPDX-License-Identifier: Apache-2.0
"""-z, -Z, --status: calls by how they end; decided in the kernel, and counted."""

import os
import subprocess

from utrail import *


def filtered(trace):
    return int(trace.records[-1].get("filtered", 0))


def names(trace):
    return {e["name"] for e in trace.of("syscall")}


def own_count():
    """All of its openat calls fail, all of its others succeed."""
    for word, failed, successful in (("-Z", True, False), ("-z", False, True), ("--status=failed", True, False),
                                     ("--status=successful,failed", True, True), ("--status=!failed", False, True)):
        target, trace = trace_target("conditions", [100, 2], ["syscall:openat", "syscall:write"], word)
        trace.check_nothing_lost()
        opened = target.counts["opened"]
        same(len(trace.syscalls("openat")), opened if failed else 0, f"{word}: openat")
        same(len(trace.syscalls("write")) > 0, successful, f"{word}: write")
        if successful:
            same(filtered(trace), 0 if failed else opened, f"{word}: filtered")


def with_a_condition():
    """Both must hold; a call is filtered once."""
    spec = 'syscall:openat if path ~ "/nowhere/etc/*" && ret < 0'
    for word, wanted in (("-Z", lambda c: c["opened_etc"]), ("-z", lambda c: 0)):
        target, trace = trace_target("conditions", [100, 2], [spec], word)
        trace.check_nothing_lost()
        same(len(trace.syscalls("openat")), wanted(target.counts), f"{word}: calls")
        same(len(trace.syscalls("openat")) + filtered(trace), target.counts["opened"], f"{word}: the account")


def with_a_rate():
    """What does not end as asked takes nothing from the limit."""
    target, trace = trace_target("conditions", [2000, 1], ["syscall:openat"], "-z", "--rate", "10/h")
    same(filtered(trace), target.counts["opened"], "filtered")
    same(int(trace.records[-1].get("suppressed", 0)), 0, "suppressed")


def one_way():
    """What never returns has a status of its own; a handler's return is a success."""
    script = "trap 'echo x' USR1; kill -USR1 $$; exit 3"
    ends = {"-z": False, "-Z": False, "--status=unfinished": True, "--status=!successful": True}
    for word, shown in ends.items():
        trace = Trace(word, "-e", "syscall:exit_group", "-e", "syscall:rt_sigreturn", command=["sh", "-c", script], wait=False)
        trace.finish(status=3, stop=False)
        same("exit_group" in names(trace), shown, f"{word}: exit_group")
        same("rt_sigreturn" in names(trace), word == "-z", f"{word}: rt_sigreturn")
        same(len(trace.of("syscall")) + filtered(trace), 2, f"{word}: the account")


def not_returned():
    target = Process(["sleep", "60"])
    for word, shown in (("-z", False), ("-Z", False), ("--status=detached", True), ("--status=failed,detached", True)):
        trace = Trace(word, "-e", "syscall:clock_nanosleep", "--duration", "0.3", pid=target.pid)
        trace.finish(stop=False)
        same(names(trace), {"clock_nanosleep"} if shown else set(), f"{word}: calls")


def as_strace():
    """The failed and the successful calls of a program, in order."""
    need_program("strace", "strace")
    env = {**os.environ, "LC_ALL": "C"}
    for word in ("-z", "-Z"):
        file = scratch() / "strace.txt"
        command = ["ls", "/", "/nonexist"]
        subprocess.run(["strace", word, "-e", "signal=none", "-o", file, *command], env=env, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wanted = [line.split("(")[0] for line in file.read_text().splitlines() if line[0].isalpha()]
        trace = Trace(word, "-e", "syscall:*", command=command, wait=False, env=env)
        trace.finish(status=2, stop=False)
        got = [e["name"] for e in trace.of("syscall")]
        same(got, wanted, f"{word}: calls")


run(own_count, with_a_condition, with_a_rate, one_way, not_returned, as_strace)
