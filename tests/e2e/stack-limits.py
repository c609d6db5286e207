# SPDX-License-Identifier: Apache-2.0
"""-k: what is not whole says so; system calls and markers; processes that are gone."""

import re
import signal
import subprocess

from still import stand_still
from utrail import Process, Target, Trace, contains, ensure, only, plain, run, same, sample


def symbols(stack):
    return [frame.get("symbol") for frame in stack if "cut" not in frame]


def large(*options):
    target = Target("chain-omit", "-w", 1, "large")
    trace = Trace("-k", *options, "-e", "chain-omit:leaf", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    depth = int(re.search(r"^deep \d+ (\d+)$", target.stdout, re.MULTILINE)[1])
    return depth, only(trace.calls("leaf"), "calls of leaf")["stack"]


def the_copy_ends():
    depth, stack = large("--stack-bytes", "4096")
    same(stack[-1], {"cut": "cut: stack copy ended"}, "the end")
    got = symbols(stack)
    same(got, ["leaf"] + ["deep"] * (len(got) - 1), "functions up to there")
    # Frames are a little larger than their buffer of 1000 bytes.
    ensure(3 <= len(got) <= 7, f"{len(got)} frames out of 4 KiB")


def the_limit_of_frames():
    depth, stack = large("--stack-depth", "3")
    same(symbols(stack), ["leaf", "deep", "deep"], "functions")
    same(stack[-1], {"cut": "cut: more than 3 frames"}, "the end")


def all_of_it():
    depth, stack = large("--stack-bytes", "60k", "--stack-depth", "40")
    same(symbols(stack), ["leaf"] + ["deep"] * 39, "functions")


def system_calls():
    target = Target("chain-omit", "-w", 1, "straight")
    trace = Trace("-k", "-e", "syscall:write,exit_group", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    write = only(trace.of("syscall", "write"), "writes")
    ensure("main" in symbols(write["stack"]), f"no main: {symbols(write['stack'])}")
    contains(write["stack"][0]["module"], "libc", "module of the innermost frame")
    ensure("cut" not in write["stack"][-1], "cut")
    exit_group = only(trace.of("syscall", "exit_group"), "ends")
    same(symbols(exit_group["stack"])[-1], "_start", "the outermost function at the end")


def a_call_that_blocks():
    """One that has not returned has its stack, too."""
    target = Target("chain-omit", "-w", "-h", 1, "straight")
    trace = Trace("-k", "-e", "syscall:ppoll", pid=target.pid)
    target.release()
    target.wait_for(r"^done")
    trace.finish()
    blocked = only([e for e in trace.of("syscall", "ppoll") if e.get("return") == "open"], "open calls")
    ensure("main" in symbols(blocked["stack"]), f"no main: {blocked['stack']}")
    target.finish()


def markers():
    target = Target("usdt-args", "-w")
    trace = Trace("-k", "-e", "usdt:*", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    hits = trace.of("usdt")
    ensure(hits, "no marker was hit")
    for hit in hits:
        ensure("main" in symbols(hit["stack"]), f"no main: {hit['stack']}")


def gone_before_it_is_looked_at():
    """The tracer stands still until all of them have ended."""
    chain = sample("chain-omit")
    shell = Process(["sh", "-c", f"read x; {chain} 1 straight; {chain} 1 straight; {chain} 1 callback"])
    trace = Trace("-k", "-f", "-e", f"{chain}:leaf", pid=shell.pid)
    trace.send(signal.SIGSTOP)
    shell.write("\n")
    same(shell.wait(), 0, "status of the shell")
    trace.send(signal.SIGCONT)
    trace.finish(stop=False)
    trace.check_nothing_lost()
    leaves = trace.calls("leaf")
    same(len(leaves), shell.stdout.count("\ncount leaf 1\n"), "calls of leaf")
    for call in leaves:
        ensure("main" in symbols(call["stack"]), f"no main: {call['stack']}")
        ensure("cut" not in call["stack"][-1], f"cut: {call['stack'][-1]}")
        build_id = subprocess.run(["readelf", "-n", chain], capture_output=True, text=True, check=True).stdout
        contains(build_id, call["stack"][0]["build_id"], "build id of the file")


def a_burst_of_short_processes():
    """Each lives for a millisecond or two, and reading debug information takes longer than that."""
    chain = sample("chain-omit")
    loop = f"i=0; while [ $i -lt 40 ]; do {chain} 1 straight callback >/dev/null & i=$((i+1)); done; wait"
    trace = Trace("-k", "-f", "-e", f"{chain}:leaf", command=["sh", "-c", loop])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    leaves = trace.calls("leaf")
    same(len(leaves), 40 * 2, "calls of leaf")
    for call in leaves:
        same(symbols(call["stack"])[-1], "_start", f"the outermost function of {call['stack']}")


def exec_in_between():
    """The same pid, another program: the addresses of each are looked up in its own files."""
    chain = sample("chain-omit")
    trace = Trace("-k", "-e", "syscall:write", command=["sh", "-c", f"echo one; exec {chain} 1 straight"])
    trace.finish(stop=False)
    writes = trace.of("syscall", "write")
    same(len(writes), 2, "writes")
    ensure(any("dash" in f["module"] or "sh" in f["module"] for f in writes[0]["stack"]), f"{writes[0]['stack']}")
    ensure("main" in symbols(writes[1]["stack"]), f"no main: {writes[1]['stack']}")
    for write in writes:
        ensure("cut" not in write["stack"][-1], f"cut: {write['stack'][-1]}")


def lost_stacks_are_counted():
    rounds = 5000
    target = Target("chain-omit", "-w", rounds, "straight")
    trace = Trace("-k", "--ring-size", "64k", "-e", "chain-omit:leaf", pid=target.pid)
    stand_still(trace, target)
    trace.finish(stop=False)
    events, lost, missed = trace.summary
    same((events + lost, missed), (rounds, 0), "delivered and lost")
    summary = trace.records[-1]
    whole = [c for c in trace.calls("leaf") if c["stack"] != [{"cut": "stack lost"}]]
    ensure(whole, "not one stack was delivered")
    same(len(whole) + summary["stacks_lost"], rounds, "stacks delivered and lost")
    same(trace.stacks_lost, summary["stacks_lost"], "stacks lost, as told in the stream")
    ensure("utrail: bug" not in trace.stderr, trace.stderr)


def not_without_k():
    target = Target("chain-omit", "-w", 1, "straight")
    trace = Trace("-e", "chain-omit:leaf", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    same([e for e in trace.events if "stack" in e], [], "stacks that nobody asked for")


def bad_values():
    for options, words in (
        (["--stacks=dwarf"], "auto, cfi, fp"),
        (["--stack-depth", "0"], "from 1 to 256"),
        (["--stack-bytes", "100"], "from 512 to 61440"),
        (["-k", "--ring-size", "16k", "--stack-bytes", "8k"], "--stack-bytes"),
    ):
        refused = plain([*options, "-e", "syscall:write", "--", "true"])
        same(refused.status, 2, f"status with {options}")
        contains(refused.stderr, words, "message")


run(
    the_copy_ends,
    the_limit_of_frames,
    all_of_it,
    system_calls,
    a_call_that_blocks,
    markers,
    gone_before_it_is_looked_at,
    a_burst_of_short_processes,
    exec_in_between,
    lost_stacks_are_counted,
    not_without_k,
    bad_values,
)
