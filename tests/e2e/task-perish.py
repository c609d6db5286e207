# SPDX-License-Identifier: Apache-2.0
"""Threads that end in the same moment on several CPUs: each has its end in the trace, each process one last one."""

import re
from collections import Counter

from utrail import Target, Trace, run, same

PROCESSES, THREADS = 200, 3


def check(*options):
    target = Target("perish", "-w", PROCESSES, THREADS)
    trace = Trace("-e", "fork", "-e", "exit", "-f", *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    children = {int(pid) for pid in re.findall(r"^child (\d+)$", target.stdout, re.MULTILINE)}
    same(len(children), target.counts["processes"], "children")
    exits = [e for e in trace.of("exit") if e["pid"] in children]
    born = {e["child_tid"] for e in trace.of("fork")}
    ended = Counter(e["tid"] for e in trace.of("exit"))
    same(born - set(ended), set(), "threads without an end")
    same([tid for tid, times in ended.items() if times > 1], [], "threads with two ends")
    same(len(exits), target.counts["threads"], "ends of threads")
    last = Counter(e["pid"] for e in exits if not e["thread"])
    same({pid for pid in children if last[pid] != 1}, set(), "processes with no end, or two")


def followed():
    check()


def with_functions():
    """Other programs are there then, too."""
    check("-e", "perish:spin", "-e", "syscall:exit_group")


run(followed, with_functions)
