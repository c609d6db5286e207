# SPDX-License-Identifier: Apache-2.0
"""Conditions and rates on task life: what the target says of itself is what was shown and what was filtered."""

import re

from utrail import *

ROUNDS = 3
SCRIPT = "for i in 1 2 3; do ls / >/dev/null; cat /dev/null; done; exit 0"


def account(trace, shown, filtered, suppressed=0):
    trace.check_nothing_lost()
    last = trace.records[-1]
    same(len(shown) + int(last.get("filtered", 0)) + int(last.get("suppressed", 0)), len(shown) + filtered + suppressed, "all")
    same(int(last.get("filtered", 0)), filtered, "filtered")


def shell(*options):
    trace = Trace(*options, command=["sh", "-c", SCRIPT], wait=False)
    trace.finish(stop=False)
    return trace


def execs():
    """3 of ls, 3 of cat and the shell's own."""
    ls, cat = (need_program(name, "coreutils") for name in ("ls", "cat"))
    for options, wanted in (
        (['exec if comm == "ls"'], {ls: 3}),
        ([f'exec if path == "{cat}"'], {cat: 3}),
        (['exec:* if filename ~ "*/ls" || comm == "cat"'], {ls: 3, cat: 3}),
        (['exec if comm == "ls"', 'exec if comm == "cat"'], {ls: 3, cat: 3}),
        (['exec if comm == "nobody"'], {}),
        (['exec if comm == "ls"', "exec"], None),
        (["exec", 'exec if comm == "ls"'], None),
    ):
        trace = shell("-f", *(word for option in options for word in ("-e", option)))
        shown = trace.of("exec")
        if wanted is None:
            same(len(shown), 7, f"{options}: execs")
        else:
            same({name: sum(e["filename"] == name for e in shown) for name in {e["filename"] for e in shown}}, wanted, f"{options}")
        account(trace, shown, 7 - len(shown))


def children(target):
    found = re.findall(r"^child (\d+) (\S+) (\d+)$", target.stdout, re.MULTILINE)
    threads = re.findall(r"^thread (\d+)$", target.stdout, re.MULTILINE)
    return {int(pid): int(status) for pid, _, status in found}, [int(tid) for tid in threads]


def trace_forks(*specs):
    target = Target("forks", "-w", ROUNDS)
    trace = Trace("-f", "-e", "forks:f", *(word for spec in specs for word in ("-e", spec)), pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls("f")), target.counts["f"], f"{specs}: calls of f in the whole family, which is followed all the same")
    return trace, *children(target)


def exits():
    trace, own, threads = trace_forks("exit if status != 0 && !thread")
    shown = trace.of("exit")
    same({e["pid"] for e in shown}, {pid for pid, status in own.items() if status}, "ends with a status or a signal")
    ensure(any("signal" in e for e in shown) and any("status" in e for e in shown), "both kinds of end")
    account(trace, shown, len(own) + len(threads) + 1 - len(shown))
    trace, own, threads = trace_forks("exit if signal == SIGKILL && status == 137")
    same({e["pid"] for e in trace.of("exit")}, {pid for pid, status in own.items() if status & 0x7F == 9}, "killed")


def forks():
    trace, own, threads = trace_forks("fork if thread")
    same({e["child_tid"] for e in trace.of("fork")}, set(threads), "threads")
    account(trace, trace.of("fork"), len(own))
    trace, own, threads = trace_forks('fork if !thread && child_tid > 0 && comm == "forks"')
    same({e["child_pid"] for e in trace.of("fork")}, set(own), "children")
    account(trace, trace.of("fork"), len(threads))


def signals():
    for condition, wanted in (
        ("si_code == SI_QUEUE", {"SIGRT_3"}),
        ("ignored && signal == SIGUSR2", {"SIGUSR2"}),
        ("si_pid > 1 && signal == SIGCHLD && si_status != 0 && !ignored", {"SIGCHLD"}),
    ):
        target, trace = trace_target("signals", [ROUNDS], [], "-e", f"signal if {condition}")
        shown = trace.of("signal")
        same({e["signal"] for e in shown}, wanted, condition)
        ignored = 4 * ROUNDS  # SIGWINCH, SIGUSR2, SIGCHLD, SIGURG
        account(trace, shown, sum(target.counts.values()) + ignored - len(shown))
        if "SI_QUEUE" in condition:
            same(len(shown), target.counts["35"], "those with a value")
    target, trace = trace_target("signals", [ROUNDS], [], "-e", "signal:SIGHUP if si_pid == 1", "-e", "signal:SIGALRM")
    same((len(trace.of("signal")), target.counts["1"]), (target.counts["14"], int(trace.records[-1]["filtered"])), "one of two")


def rates():
    """Two in an hour; when the hour ends in between, two more."""
    trace = shell("-f", "-e", "exec rate 2/h")
    trace.check_nothing_lost()
    shown = len(trace.of("exec"))
    ensure(shown in (2, 4), f"{shown} execs shown")
    same(int(trace.records[-1]["suppressed"]), 7 - shown, "suppressed")
    same({r["name"] for r in trace.records if r["type"] == "suppressed"}, {"exec"}, "name")


def explained():
    text = plain(["explain", "-e", "exit if status != 0", "-e", "signal:TERM if si_pid == 3 rate 3/s", "--", "true"]).stdout
    contains(text, "exit\n      counts if: status != 0\n", "the plan")
    contains(text, "signal:SIGTERM\n      at most 3 events in 1000 ms\n      counts if: si_pid == 3\n", "the plan")


def mistakes():
    for spec, what, hint in (
        ("exec if comm ~ 3", "takes a pattern", "abc"),
        ('exec if argv ~ "x"', "'argv' of exec cannot be asked for: it is a list", "leave it out"),
        ("exit if stats != 0", "exit has no 'stats'", "'status'"),
        ("fork if ret == 0", "task life returns nothing", "leave it out"),
        ("exit if dur > 1ms", "takes no time", "leave it out"),
        ("signal:TERM if uid == 0", "'uid' of signal:SIGTERM cannot be asked for", "leave it out"),
        ("!exec if pid == 1", "takes away whole", "contrary"),
    ):
        check_error(plain(["-e", spec, "--", "true"]), 2, what, hint=hint)


run(execs, exits, forks, signals, rates, explained, mistakes)
