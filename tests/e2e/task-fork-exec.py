# SPDX-License-Identifier: Apache-2.0
"""-f follows children of every kind, from their first instruction, through exec, to their end."""

import re
import subprocess

from utrail import Target, Trace, ensure, need_program, only, run, same

ROUNDS = 3


def children(target):
    """(pid, how, status) of each child, and the thread ids, as the target tells them."""
    found = re.findall(r"^child (\d+) (\S+) (\d+)$", target.stdout, re.MULTILINE)
    threads = re.findall(r"^thread (\d+)$", target.stdout, re.MULTILINE)
    return [(int(p), how, int(s)) for p, how, s in found], [int(t) for t in threads]


def trace_forks(*options):
    target = Target("forks", "-w", ROUNDS)
    trace = Trace("-e", "forks:f", "-e", "fork", "-e", "exec", "-e", "exit", *options, pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    return target, trace


def followed():
    target, trace = trace_forks("-f")
    own, threads = children(target)
    same(len(own), 4 * ROUNDS, "children of the target")
    same(len(trace.calls("f")), target.counts["f"], "calls of f in the whole family")
    for pid, how, _ in own:
        calls = [c for c in trace.calls("f") if c["pid"] == pid]
        same([c["args"]["who"] for c in calls], [how], f"calls of f in child {pid}")
    for tid in threads:
        calls = [c for c in trace.calls("f") if c["tid"] == tid]
        same([c["args"]["who"] for c in calls], ["thread"], f"calls of f in thread {tid}")


def told():
    target, trace = trace_forks("-f")
    own, threads = children(target)
    born = {e["child_pid"] for e in trace.of("fork") if e["child_pid"] != e["pid"]}
    same(born, {pid for pid, _, _ in own}, "children in fork events")
    born_threads = {e["child_tid"] for e in trace.of("fork") if e["child_pid"] == e["pid"]}
    same(born_threads, set(threads), "threads in fork events")
    for pid, how, status in own:
        execs = [e for e in trace.of("exec") if e["pid"] == pid]
        if how in ("vfork-exec", "spawn"):
            event = only(execs, f"exec events of {pid}")
            wanted = [target.command[0], "--child", how]
            wanted += ["with space"] if how == "vfork-exec" else []
            same(event["argv"], wanted, f"arguments of {pid}")
            same(event["filename"], target.command[0], f"file of {pid}")
        else:
            same(execs, [], f"exec events of {pid}")
        end = only((e for e in trace.of("exit") if e["pid"] == pid), f"exit events of {pid}")
        if how == "signal":
            same(end.get("signal"), "SIGKILL", f"end of {pid}")
        else:
            same(end.get("status"), status >> 8, f"end of {pid}")
    ends = [e for e in trace.of("exit") if e["pid"] == target.pid and e["tid"] == target.pid]
    same([e.get("status") for e in ends], [0], "end of the target")


def place(trace, kind, key, pid):
    found = (i for i, e in enumerate(trace.events) if e["type"] == kind and e[key] == pid)
    return only(found, f"{kind} events of {pid}")


def in_order():
    """A child's fork is told before its calls, its end after them."""
    target, trace = trace_forks("-f")
    own, _ = children(target)
    for pid, how, _ in own:
        fork = place(trace, "fork", "child_tid", pid)
        call = place(trace, "call", "pid", pid)
        end = place(trace, "exit", "pid", pid)
        ensure(fork < call < end, f"{how}: fork at {fork}, call at {call}, exit at {end}")


def not_followed():
    """Without -f: the process with all its threads, and nobody else."""
    target, trace = trace_forks()
    same({e["pid"] for e in trace.events}, {target.pid}, "processes seen")
    same(len(trace.calls("f")), 2 * ROUNDS, "calls of f in the process and its threads")


SUPERSEDES = """
import os, threading, time
threading.Thread(target=time.sleep, args=(50,), daemon=True).start()
threading.Thread(target=lambda: os.execve("/bin/true", ["true"], {})).start()
time.sleep(50)
"""


def superseded():
    """Another thread than the first one execs: it takes the number of that one, which has ended by it."""
    need_program("python3", "python3")
    trace = Trace("-f", "-e", "fork", "-e", "exec", "-e", "exit", "-e", "libc:execve", command=["python3", "-S", "-c", SUPERSEDES])
    trace.finish(stop=False)
    by = trace.of("fork")[-1]["child_tid"]
    ends = {e["tid"]: e.get("superseded_by") for e in trace.of("exit") if e["thread"]}
    pid = trace.of("exec")[0]["pid"]
    same(ends, {pid: by, trace.of("fork")[0]["child_tid"]: None}, "threads that ended")
    same([e["tid"] for e in trace.of("exec")], [pid, pid], "whose number it is")
    call = [e for e in trace.calls("execve") if e["tid"] == by]
    same([e["return"] for e in call], ["not seen"], "the call that did not come back")


def superseded_as_strace():
    need_program("strace", "strace")
    need_program("python3", "python3")
    command = ["python3", "-S", "-c", SUPERSEDES]
    strace = subprocess.run(["strace", "-f", "-e", "trace=none", *command], stderr=subprocess.PIPE, text=True, timeout=60, check=True)
    trace = Trace("-f", "-e", "fork", "-e", "exit", command=command, json=False)
    trace.finish(stop=False)
    number = r"\+\+\+ superseded by execve in pid (\d+) \+\+\+$"
    ensure(re.search(number, strace.stderr, re.M), f"strace: {strace.stderr[-600:]}")
    found = re.search(number, trace.text, re.M)
    ensure(found and re.search(rf"new thread = {found[1]}$", trace.text, re.M), trace.text[-600:])


run(followed, told, in_order, not_followed, superseded, superseded_as_strace)
