# SPDX-License-Identifier: Apache-2.0
"""Probes in the kernel: conditions, counting and pairs at tracepoints; functions where the kernel lets them be probed."""

import os
import platform

from utrail import Target, Trace, contains, ensure, need_root, ns, plain, run, same

CALLS, THREADS = 500, 4
GETPPID = {"x86_64": 110, "aarch64": 173}[platform.machine()]
RAW = f"rawtracepoint:sys_enter if id == {GETPPID}"
READ = "tracepoint:syscalls:sys_enter_read"


def traced(*specs):
    target = Target("points", "-w", str(CALLS), str(THREADS))
    trace = Trace(*[word for spec in specs for word in ("-e", spec)], pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    ensure("utrail: bug" not in trace.stderr, trace.report("found a bug of its own"))
    same(trace.summary[1:], (0, 0), "lost, missed")
    return target.counts["work"], trace


def check_conditions():
    """What the target counted itself, of the calls that fit; of the same place in two specs, those that fit either."""
    made, trace = traced("points:work", RAW)
    same(len(trace.of("probe", "sys_enter")), made, "calls of getppid()")
    ensure(trace.records[-1]["filtered"] >= 2 * made, f"read() and sched_yield() were not filtered: {trace.records[-1]}")
    # The i-th call reads i % 16 + 1 bytes.
    for words, sizes in (("count == 16", {16}), ("count > 14 && fd >= 0", {15, 16})):
        _, trace = traced("points:work", f"{READ} if {words}")
        wanted = THREADS * sum(1 for i in range(CALLS) if i % 16 + 1 in sizes)
        inside = [e for e in trace.of("probe", "sys_enter_read") if e["depth"] == 1]
        same(len(inside), wanted, f"read() if {words}")
        same({e["args"]["count"] for e in inside}, sizes, "sizes")
    _, trace = traced("points:work", f"{READ} if count == 16", f"{READ} if count == 3")
    inside = [e["args"]["count"] for e in trace.of("probe", "sys_enter_read") if e["depth"] == 1]
    same(set(inside), {3, 16}, "sizes of both")


def check_counting():
    """utrail stat: by the function that caused them."""
    target = Target("points", "-w", str(CALLS), str(THREADS))
    trace = Trace("-e", "points:work", "-e", RAW, "-e", "tracepoint:sched:sched_switch", pid=target.pid, subcommand="stat")
    target.release()
    target.finish()
    trace.finish(stop=False)
    rows = {(row["name"], row["inside"]): row for row in trace.records if row["type"] == "stat"}
    row = rows[("rawtracepoint:sys_enter", "points:work")]
    same((row["kind"], row["hits"]), ("rawtracepoint", target.counts["work"]), "getppid() in work()")
    ensure(any(name == "sched:sched_switch" for name, _ in rows), f"no switches: {list(rows)}")


def check_pairs():
    """From one place in the kernel to another, in each thread."""
    made, trace = traced(f"{RAW} ~~ rawtracepoint:sys_exit if ret == {os.getpid()}")
    spans = trace.of("span")
    whole = [span for span in spans if "dur_ns" in span]
    same(len(whole), made, "pairs")
    ensure(all(ns(span, "dur_ns") > 0 for span in whole), "a pair took no time")
    made, trace = traced(f"rawtracepoint:sys_enter if id == {GETPPID} ~~ tracepoint:syscalls:sys_enter_read by id=fd")
    ensure(all("dur_ns" not in span for span in trace.of("span")), "different keys made a pair")


def check_refusals():
    for spec, part in (
        (RAW.replace("id ==", "no ==") , "has no 'no'"),
        (f"{READ} if ret == 1", "has no 'ret'|one place, not a call"),
        (f"{READ} if dur > 1ms", "one place, not a call"),
        ("kernel:vfs_read ~~ kernel:vfs_write", "say which end"),
        ("signal:SIGCHLD ~~ rawtracepoint:sys_exit", "its sides are"),
        ("kernel:a:b", "one ':' too many"),
        ("kernel:vfs_read+4", "takes no offset"),
        ("kernel:%nothing", "groups are %ext4"),
        ("tracepoint:%ext4", "takes no class"),
    ):
        failed = plain(["-e", spec, "--", "true"])
        same(failed.status, 2, f"status of {spec}: {failed.stderr}")
        ensure(any(words in failed.stderr for words in part.split("|")), f"{spec}: {failed.stderr}")
    failed = plain(["stat", "--where", "-e", "kernel:vfs_read", "--", "true"])
    same(failed.status, 2, failed.stderr)
    contains(failed.stderr, "--where does not tell")


def check_functions():
    """Where the kernel lets its functions be probed, they are; else it says what is missing, and what there is."""
    for kind in ("kernel", "fentry", "fexit"):
        process = plain(["-e", f"{kind}:vfs_read", "--", "true"])
        if process.status == 0:
            contains(process.stderr, "kernel:vfs_read")
            continue
        same(process.status, 5, f"status of {kind}: {process.stderr}")
        contains(process.stderr, "takes no programs")
        contains(process.stderr, "'rawtracepoint:NAME'" if "kprobe:NAME" not in process.stderr else "kretprobe:NAME")


def probes():
    need_root()
    check_conditions()
    check_counting()
    check_pairs()
    check_refusals()
    check_functions()


run(probes)
