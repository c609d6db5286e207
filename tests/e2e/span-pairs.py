# SPDX-License-Identifier: Apache-2.0
"""Spans between any two probes, `A ~~ B by KEY`, against a program that knows its own."""

import os
import re
import signal
import time

from utrail import Target, Trace, ensure, ns, only, plain, run, same, sample


def target():
    return Target("pairs", ready=True)


def trace_pairs(*specs, json=True, arguments=()):
    """The trace, and what the program says: {name: [(key, least, most)]}."""
    program = target()
    words = [word for spec in specs for word in ("-e", spec)]
    trace = Trace(*arguments, *words, pid=program.pid, json=json)
    program.write("\n")
    program.finish()
    trace.finish(stop=False)
    own = {}
    for name, key, least, most in re.findall(r"^span (\w+) (\d+) (\d+) (\d+)$", program.stdout, re.M):
        own.setdefault(name, []).append((signed(int(key)), int(least), int(most)))
    return trace, own


def signed(key):
    return key - 2**64 if key >= 2**63 else key


def key_of(span):
    key = span.get("key")
    return int(key, 0) if isinstance(key, str) and re.fullmatch(r"-?(0x)?[0-9a-f]+", key) else key


def check(trace, own, name, keyed=True):
    """Each span of the program is there, in order, with a duration between its two."""
    spans = [s for s in trace.of("span", name) if "dur_ns" in s]
    same(len(spans), len(own), f"spans {name}: {spans}")
    for span, (key, least, most) in zip(spans, own):
        if keyed:
            same(key_of(span), key, f"key of {span}")
        else:
            ensure("key" not in span, f"{span} has a key")
        duration = ns(span, "dur_ns")
        ensure(least <= duration <= most, f"{span}: not between {least} and {most}")


def by_thread():
    """Without a key: pairs of one thread, the last that began ends first."""
    trace, own = trace_pairs("take_lock ~~ drop_lock")
    check(trace, own["lock"], "take_lock ~~ drop_lock", keyed=False)
    same(len(own["lock"]), 3, "locks of the program")
    same(trace.calls() + trace.of("probe"), [], "events of the probes themselves")
    same(trace.summary, (3, 0, 0), "summary")


def by_argument():
    """The first of one and the second of the other; by place, by name."""
    for key in ("arg1=arg2", "lock"):
        trace, own = trace_pairs(f"take_lock ~~ drop_lock by {key}")
        check(trace, own["lock"], "take_lock ~~ drop_lock")


def across_threads():
    trace, own = trace_pairs("begin_job ~~ end_job by arg1")
    check(trace, own["job"], "begin_job ~~ end_job")
    for span in trace.of("span"):
        if "dur_ns" in span:
            ensure(span["tid"] != span["end_tid"], f"{span} is of one thread")
    alone = [s["key"] for s in trace.of("span") if s.get("began") == "before tracing"]
    same(alone, [99, own["made"][0][0]], "ends whose beginning was not seen")
    same(only([s for s in trace.of("span") if s.get("end") == "open"], "open spans")["key"], 14, "open")


def of_a_command():
    """It is traced from its first instruction on: nothing of it began before."""
    trace = Trace("-e", "begin_job ~~ end_job by arg1", command=[sample("pairs")])
    trace.write("\n")
    trace.finish(stop=False)
    alone = [s for s in trace.of("span") if "began" in s]
    same([(s["key"], s["began"]) for s in alone][:1], [(99, "not seen")], "ends without a beginning")
    ensure(all(s["began"] == "not seen" for s in alone), f"{alone}")


def by_text_and_result():
    trace, own = trace_pairs("begin_name ~~ end_name", "uretprobe:make_id ~~ end_job by ret=arg1")
    check(trace, own["name"], "begin_name ~~ end_name", keyed=False)
    check(trace, own["made"], "uretprobe:make_id ~~ end_job")


def of_system_calls():
    trace, own = trace_pairs(
        "syscall:openat ~~ syscall:close by ret=fd"
    )
    spans = [s for s in trace.of("span") if s.get("key") == own["file"][0][0] and "dur_ns" in s]
    span = spans[-1]
    _, least, most = own["file"][0]
    ensure(least <= ns(span, "dur_ns") <= most, f"{span}: not between {least} and {most}")


def and_what_else_is_asked_for():
    """The probes themselves are shown only when they are asked for by themselves."""
    trace, own = trace_pairs("begin_job ~~ end_job by arg1", "begin_job", "syscall:openat ~~ syscall:close", "syscall:openat", "!syscall:read")
    check(trace, own["job"], "begin_job ~~ end_job")
    same(len(trace.calls("begin_job")), 4, "calls of begin_job")
    same(trace.calls("end_job"), [], "calls of end_job")
    ensure(trace.syscalls("openat"), "the system call that was asked for is not there")
    same(trace.syscalls("close"), [], "the one that was not")


def as_text():
    trace, own = trace_pairs("begin_job ~~ end_job by arg1", "take_lock ~~ drop_lock by arg1=arg2", json=False)
    lines = [re.sub(r"^\[\d+/\d+\] [\d:.]+ ", "", line) for line in trace.text.splitlines()]
    wanted = [
        *[rf"take_lock ~~ drop_lock \({own['lock'][0][0]:#x}\) <0\.\d+>"] * 3,
        r"begin_job ~~ end_job \(11\) <0\.\d+>",
        r"begin_job ~~ end_job \(12\) <0\.\d+>",
        r"begin_job ~~ end_job \(-13\) <0\.\d+>",
        r"begin_job ~~ end_job \(99\) = <began before tracing>",
        r"begin_job ~~ end_job \(101\) = <began before tracing>",
        r"begin_job ~~ end_job \(14\) = <open>",
    ]
    same(len(lines), len(wanted), f"lines of {trace.text}")
    for line, pattern in zip(lines, wanted):
        ensure(re.fullmatch(pattern, line), f"{line!r} is not like {pattern}")


def limits():
    trace, _ = trace_pairs("take_lock ~~ drop_lock", arguments=("--max-events", "2"))
    same(len(trace.of("span")), 2, "spans")


def losses():
    """Most records are lost: no span that is told is longer than the longest, and what was lost is told."""
    program = Target("pairs", "60000", ready=True)
    words = ["-e", "take_lock ~~ drop_lock", "--ring-size", "16k"]
    trace = Trace(*words, pid=program.pid)
    os.kill(trace.pid, signal.SIGSTOP)
    program.write("\n")
    time.sleep(0.3)
    os.kill(trace.pid, signal.SIGCONT)
    program.finish()
    trace.finish(stop=False)
    longest = int(re.search(r"^longest (\d+)$", program.stdout, re.M)[1])
    spans = trace.of("span")
    whole = [s for s in spans if "dur_ns" in s]
    ensure(trace.summary[1] > 0, "nothing was lost")
    ensure(whole, "no span is whole")
    too_long = [s for s in whole if ns(s, "dur_ns") > longest]
    same(too_long, [], f"spans longer than {longest}")
    # Each hit is in a span, or counted as lost: a span has two, an orphan one.
    hits = sum(2 if "dur_ns" in s or s.get("end") == "lost" else 1 for s in spans)
    same(hits + trace.summary[1], 2 * program.counts["lock"], "hits told and lost")


def mistakes():
    program = target()
    for spec, text in [
        ("begin_job ~~ end_job by nothing", "has no 'nothing' that can be a key"),
        ("begin_job ~~ end_job by a b", "behind 'by' stands the name of an argument"),
        ("begin_job,end_job ~~ end_job", "there is one probe on each side"),
        ("begin_job ~~ ", "no name"),
        ("begin_job ~~ end_job ~~ take_lock", "there is one '~~' in it"),
        ("!begin_job ~~ end_job", "say nothing here"),
        ("exec ~~ none", "none"),
        ("begin_job ~~ end_job by ret", "has no 'ret' that can be a key"),
    ]:
        process = plain(["-p", str(program.pid), "-e", spec])
        ensure(process.status == 2 and text in process.stderr, process.report(f"for '{spec}' ended with {process.status}"))
    program.write("\n")
    program.finish()


run(
    by_thread,
    by_argument,
    across_threads,
    of_a_command, by_text_and_result,
    of_system_calls,
    and_what_else_is_asked_for,
    as_text,
    limits,
    losses,
    mistakes,
)
