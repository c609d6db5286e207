# SPDX-License-Identifier: Apache-2.0
"""A function's start and its return by probes of their own, in any order, as perf, bpftrace and DTrace write them."""

import subprocess

from utrail import ensure, need_root, program, run, same, trace_target

CALLS = 7
ORDERS = [
    ["uprobe:{f}", "uretprobe:{f}"],
    ["uretprobe:{f}", "uprobe:{f}"],
    ["uprobe:{f}", "uretprobe:{f}", "{f}"],
    ["uretprobe:{f}", "{f}", "uprobe:{f}"],
]


def check(target, trace, function, has_arguments):
    wanted = target.counts[function]
    ensure(wanted > 0, f"the target has not called {function}")
    trace.check_nothing_lost()
    begins = [e for e in trace.events if e["type"] == "probe" and e["name"] == function]
    calls = trace.calls(function)
    same((len(begins), len(calls)), (wanted, wanted), "begins and ends")
    for begin, call in zip(begins, calls):
        ensure("return" not in call and "dur_ns" in call, f"an end that was not seen: {call}")
        ensure(int(begin["time_ns"]) <= int(call["time_ns"]), f"the end comes first: {begin} {call}")
        same("args" in call and bool(call["args"]), has_arguments, f"arguments of {call}")


def each_order():
    for mode in ("auto", "site", "trampoline"):
        for order in ORDERS:
            specs = [spec.format(f="become:who_work") for spec in order]
            target, trace = trace_target("become", [f"work={CALLS}"], specs, f"--return={mode}")
            check(target, trace, "who_work", "{f}" in order)


def as_a_pair():
    for mode in ("auto", "site", "trampoline"):
        target, trace = trace_target("become", [f"work={CALLS}"], ["become:who_work ~~ uretprobe:become:who_work"], f"--return={mode}")
        spans = [e for e in trace.events if e["type"] == "span"]
        same(len(spans), target.counts["who_work"], f"spans with --return={mode}")
        ensure(all("dur_ns" in span for span in spans), f"spans without an end: {spans}")


def with_terms_of_its_own():
    """A condition on one of them cannot hold for both."""
    done = subprocess.run(
        [program(), "-e", "libc:getpid", "-e", "uretprobe:libc:getpid if ret > 1", "--", "true"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    same(done.returncode, 2, f"status, with {done.stderr}")
    ensure("one of them is enough" in done.stderr, f"no hint: {done.stderr}")


need_root()
run(each_order, as_a_pair, with_terms_of_its_own)
