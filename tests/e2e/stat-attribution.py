# SPDX-License-Identifier: Apache-2.0
"""utrail stat: what each function called, and how often that failed, is what the program counted itself.

So it is in the stream of events, where the function around a system call is the call that contains it.
"""

import os
import signal
import time
from pathlib import Path

from utrail import Target, Trace, build_dir, contains, ensure, fail, matches, ns, only, run, same, sample

FUNCTIONS = ["a", "b", "both", "deep", "caught", "leap", "through", "tail", "outer", "inner"]
CALLS = ["write", "read", "getppid", "lseek", "nanosleep"]
SPECS = [f"causes:{name}" for name in FUNCTIONS] + [f"syscall:{name}" for name in CALLS] + ["usdt:causes:mark"]
# What its end writes and reads, in none of these functions, is not its own to count.
FOREIGN = {("outside", "write"), ("outside", "read")}


def words(specs):
    return [word for spec in specs for word in ("-e", spec)]


def stat(arguments, specs, *options, status=0):
    """The program waits, is traced by pid, and goes on. Returns (target, trace)."""
    target = Target("causes", "-w", *[str(a) for a in arguments])
    trace = Trace(*words(specs), *options, pid=target.pid, command=None, subcommand="stat")
    target.release()
    target.finish()
    trace.finish(status=status)
    return target, trace


def inside(row):
    return (row["inside"] or "outside").removeprefix("causes:")


def rows(trace, kind):
    """{(function around it, name): row}"""
    return {(inside(r), r["name"].removeprefix("causes:")): r for r in trace.stats if r["kind"] == kind}


def told(target, traced=FUNCTIONS):
    """The same, as the program counted: {(function, call): (made, failed)}."""
    counts = target.counts
    found = {}
    for function in ["outside", *traced]:
        for call in CALLS:
            name = f"{function}/{call}"
            if name in counts and (function, call) not in FOREIGN:
                found[function, call] = (counts[name], counts[f"{name}/errors"])
    return found


def compare_calls(target, trace):
    counted = {name: 0 for name in FUNCTIONS}
    for (_, name), row in rows(trace, "call").items():
        counted[name] += row["hits"]
    same(counted, {name: target.counts[name] for name in FUNCTIONS}, "calls of functions")


def compare_syscalls(target, trace, wanted):
    found = rows(trace, "syscall")
    got = {key: (row["hits"], row["errors"]) for key, row in found.items() if key not in FOREIGN}
    same(got, wanted, "system calls and errors by function")
    for key, row in found.items():
        same(row["ended"], row["hits"], f"returns of {key}")
        same(sum(n for _, n in row["histogram"]), row["ended"], f"histogram of {key}")
        ensure(ns(row, "min_ns") <= ns(row, "total_ns") / row["ended"] <= ns(row, "max_ns"), f"times of {row}")


def compare_times(target, trace):
    """Own time, the time of what is inside, and the whole are one account, to the nanosecond."""
    calls, syscalls = rows(trace, "call"), rows(trace, "syscall")
    own = sum(ns(row, "self_ns") for row in calls.values() if "self_ns" in row)
    own += sum(ns(row, "total_ns") for (around, _), row in syscalls.items() if around != "outside")
    outermost = sum(ns(row, "total_ns") for (around, _), row in calls.items() if around == "outside" and row["ended"])
    # Of a call that has no end there is no time: what was in it, and its own, is its caller's then. Where
    # that is none, what was called in it is in no call's time.
    homeless = sum(ns(row, "total_ns") for (around, _), row in syscalls.items() if around == "through")
    without_end = calls["outside", "through"]["unwound"] == calls["outside", "through"]["hits"]
    same(own - (homeless if without_end else 0), outermost, "all own times against those of the outermost calls")
    spun, whole = target.counts["outer_ns"], calls["outside", "outer"]
    nested = calls["outer", "inner"]
    ensure(spun <= ns(whole, "self_ns"), f"outer took {spun} ns itself, told: {whole}")
    ensure(target.counts["inner_ns"] <= ns(nested, "total_ns") == ns(nested, "self_ns"), f"inner: {nested}")
    ensure(ns(syscalls["outer", "nanosleep"], "total_ns") <= target.counts["slept_ns"], "sleep in outer")
    same(
        ns(whole, "total_ns") - ns(whole, "self_ns"),
        ns(nested, "total_ns") + ns(syscalls["outer", "nanosleep"], "total_ns"),
        "what outer did not take itself",
    )


def compare_ends(target, trace):
    calls = rows(trace, "call")
    same(calls["caught", "leap"]["unwound"], target.counts["leap"], "calls left by longjmp()")
    same(calls["caught", "leap"]["ended"], 0, "and returned")
    for key, row in calls.items():
        same(row["hits"], row["ended"] + row["unwound"], f"ends of {key}")
    same(calls["deep", "deep"]["hits"], target.counts["deep"] * 9 // 10, "recursive calls")


def compare(target, trace):
    trace.check_nothing_lost()
    compare_calls(target, trace)
    compare_syscalls(target, trace, told(target))
    compare_times(target, trace)
    compare_ends(target, trace)
    for around in ("b", "outside"):
        same(rows(trace, "usdt")[around, "mark"]["hits"], target.counts[f"{around}/mark"], f"markers in {around}")


def one_thread():
    compare(*stat([3, 1], SPECS))


def threads():
    compare(*stat([2, 5], SPECS))


def returns_by_site():
    """A function without a `ret` has no end that could be probed, so nothing is told to be inside of it."""
    target, trace = stat([2, 2], [spec for spec in SPECS if spec != "causes:leap"], "--return=site")
    trace.check_nothing_lost()
    wanted = told(target)
    wanted["caught", "write"] = wanted.pop(("leap", "write"))
    compare_syscalls(target, trace, wanted)
    for key, row in rows(trace, "call").items():
        same(row["hits"], row["ended"], f"ends of {key}")
    same(rows(trace, "call")["outside", "through"]["hits"], target.counts["through"], "calls that end in a jump")


def stream():
    """The same in the stream: a system call is in the call at its depth, if that is open."""
    target = Target("causes", "-w", "1", "3")
    trace = Trace(*words(SPECS), pid=target.pid)
    target.release()
    target.finish()
    trace.finish().check_nothing_lost()
    found, open_calls = {}, {}
    for event in sorted(trace.events, key=lambda e: (ns(e), e["depth"])):
        stack = open_calls.setdefault(event["tid"], [])
        del stack[event["depth"] :]
        same(len(stack), event["depth"], f"calls that are open around {event['name']}")
        if event["type"] == "syscall":
            key = (stack[-1] if stack else "outside", event["name"])
            made, failed = found.get(key, (0, 0))
            found[key] = (made + 1, failed + (event["ret"] < 0))
        elif event["type"] == "call":
            stack.append(event["name"])
    found = {key: counts for key, counts in found.items() if key not in FOREIGN}
    same(found, told(target), "system calls and errors by function")


def kinds_alone():
    target, trace = stat([1, 2], [f"causes:{name}" for name in FUNCTIONS])
    compare_calls(target, trace)
    target, trace = stat([1, 2], ["syscall:getppid"])
    wanted = sum(made for (_, call), (made, _) in told(target).items() if call == "getppid")
    row = only(trace.stats, "rows")
    same((row["inside"], row["hits"]), (None, wanted), "calls of getppid")
    target, trace = stat([1, 2], ["usdt:causes:mark"])
    row = only(trace.stats, "rows")
    same(row["hits"], target.counts["b/mark"] + target.counts["outside/mark"], "markers")
    ensure("total_ns" not in row, f"a marker takes no time: {row}")


def conditions():
    """What does not count is filtered, and not in the table; whether known at the entry or at the end."""
    for condition in ("fd == 4294967295", "ret < 0"):
        target, trace = stat([1, 2], ["causes:a", f"syscall:write if {condition}"])
        made, failed = target.counts["a/write"], target.counts["a/write/errors"]
        row = rows(trace, "syscall")["a", "write"]
        same((row["hits"], row["errors"], row["ended"]), (failed, failed, failed), f"writes if {condition}")
        ensure(trace.records[-1]["filtered"] >= made - failed, f"{trace.records[-1]}")
    target, trace = stat([1, 2], ["causes:deep if ret == 10"])
    row = only([r for r in trace.stats if r["hits"]], "functions with hits")
    same((row["hits"], row["ended"]), (2, 2), "calls of deep that count")
    same(trace.records[-1]["filtered"], target.counts["deep"] - 2, "those that do not")


def intervals():
    """The intervals add up to the whole."""
    target = Target("causes", "-w", "-h", "30", "2")
    trace = Trace(*words(SPECS), "--interval", "0.02", pid=target.pid, subcommand="stat")
    target.release()
    target.wait_for(r"^done")
    target.finish()
    trace.finish()
    parts = [r for r in trace.records if r["type"] == "stat" and "interval" in r]
    ensure(len({r["interval"] for r in parts}) > 1, "one interval alone")
    for row in trace.stats:
        mine = [r for r in parts if (r["name"], r["inside"]) == (row["name"], row["inside"])]
        hits = sum(r["hits"] for r in mine)
        ensure(hits <= row["hits"], f"more in the intervals than in all: {row}")
        time_ns = sum(ns(r, "total_ns") for r in mine if "total_ns" in r)
        ensure(time_ns <= int(row.get("total_ns", 0)), f"more time in the intervals than in all: {row}")
        ensure(all("min_ns" not in r for r in mine), "the shortest of an interval is not known")


def table():
    target = Target("causes", "-w", "2")
    trace = Trace(*words(SPECS), "--histogram", pid=target.pid, json=False, subcommand="stat")
    target.release()
    target.finish()
    trace.finish()
    text, counts = trace.text, target.counts
    matches(text, r"^ +CALLS +ERRORS +TOTAL +SELF +MIN +AVG +P99 +MAX$")
    block = text.split("  causes:a\n", 1)[1].split("  causes:", 1)[0]
    matches(block, rf"^ +{counts['a/write']} +{counts['a/write/errors']} .*    write$")
    matches(text, rf"^ +{counts['leap']} .*  causes:leap \({counts['leap']} unwound\)$")
    contains(text, "(in none of these functions)")
    bars = [line for line in text.splitlines() if line.endswith("|")]
    ensure(bars and all("[" in line and "@" in line or " 0 |" in line or "|  " in line for line in bars), f"bars: {bars}")


def a_command():
    """Its exit status is passed on; what it prints stays apart from the table."""
    trace = Trace(
        *words(["syscall:write", f"{sample('causes')}:a"]), "-q", command=["sh", "-c", f"{sample('causes')} 1; exit 7"],
        json=False, output=False, wait=False, subcommand="stat",
    )
    same(trace.wait(), 7, "exit status")
    contains(trace.stdout, "self-check passed", "standard output")
    ensure("CALLS" not in trace.stdout and "CALLS" in trace.stderr, trace.report("put the table elsewhere"))


def children():
    trace = Trace(
        *words([f"{sample('causes')}:a", "syscall:write"]), "-f", command=["sh", "-c", f"{sample('causes')} 1 >&2; true"],
        wait=False, subcommand="stat",
    )
    trace.finish(stop=False)
    row = rows(trace, "syscall").get(("a", "write")) or fail(trace.report("saw nothing of the child"))
    same((row["hits"], row["errors"]), (2000, 200), "writes in a of the child")


def stopped():
    """Ctrl-C, with a call that has not returned: it is counted, and has no time."""
    target = Target("causes", "-w", "-h", "1")
    trace = Trace("-e", "causes:main", "-e", "syscall:ppoll,syscall:read", pid=target.pid, subcommand="stat")
    target.release()
    target.wait_for(r"^done")
    until = time.monotonic() + 10
    while Path(f"/proc/{target.pid}/stat").read_text().rsplit(") ", 1)[1][0] != "S":
        ensure(time.monotonic() < until, "the program does not wait")
        time.sleep(0.01)
    trace.send(signal.SIGINT)
    trace.finish(stop=False)
    row = only([r for r in trace.stats if r["name"] == "ppoll"], "rows of ppoll")
    same((row["hits"], row["ended"]), (1, 0), "ppoll that has not returned")
    target.finish()


def late_file():
    """A library that is loaded later is counted, too, from its second load on in full."""
    library, calls = build_dir() / "tests/e2e/targets/libplugin.so", 50
    target = Target("plugins", "-w", library, calls, 3)
    trace = Trace(*words(["?plugin_*", "?usdt:plugin:*"]), pid=target.pid, subcommand="stat")
    target.release()
    for n in range(3):
        target.wait_for(rf"(?:loaded \d+\s+){{{n + 1}}}")
        if n == 0:
            trace.wait_for_text('"type":"gap"')
        target.release()
    target.finish()
    trace.finish().check_nothing_lost()
    work = only([r for r in trace.stats if r["name"] == "libplugin:plugin_work"], "rows of plugin_work")
    same((work["hits"], work["ended"]), (target.counts["plugin_work"],) * 2, "calls of plugin_work")
    # Its first instruction is the marker: which of both probes comes first is the kernel's choice.
    same(sum(r["hits"] for r in trace.stats if r["kind"] == "usdt"), work["hits"], "markers in it")


def where():
    """Asleep, a thread is blocked; beside others on one CPU, it waits; and all times are one account."""
    target = Target("causes", "-w", "30", "3", preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))
    trace = Trace(*words(SPECS), "--where", pid=target.pid, subcommand="stat")
    target.release()
    target.finish()
    trace.finish().check_nothing_lost()
    for row in trace.stats:
        if "total_ns" in row:
            same(ns(row, "cpu_ns") + ns(row, "blocked_ns") + ns(row, "waited_ns"), ns(row, "total_ns"), f"times of {row}")
    sleep, spin = rows(trace, "syscall")["outer", "nanosleep"], rows(trace, "call")["outer", "inner"]
    outer = rows(trace, "call")["outside", "outer"]
    asked = 200_000 * sleep["hits"]
    ensure(ns(sleep, "blocked_ns") > asked / 2, f"{asked} ns were slept, told: {sleep}")
    ensure(ns(sleep, "blocked_ns") <= ns(outer, "blocked_ns"), f"outer was blocked less than in its sleep: {outer}")
    # Three threads want more of one CPU than there is. Which of its moments a thread waits in, the scheduler chooses.
    ensure(ns(outer, "waited_ns") > 0, f"nobody waited: {outer}")
    ensure(ns(spin, "cpu_ns") > 0, f"nobody ran: {spin}")
    ensure(ns(spin, "blocked_ns") < ns(spin, "total_ns") / 2, f"spinning is not being blocked: {spin}")


def full_table():
    """What finds no row in the kernel's table is lost, and the account holds."""
    target = Target("crowd", "-w")
    trace = Trace("-e", "crowd:member_*", pid=target.pid, subcommand="stat")
    target.release()
    target.finish()
    trace.finish()
    counted = sum(row["hits"] for row in trace.stats)
    events, lost, missed = trace.summary
    ensure(lost > 0, f"everything had room: {len(trace.stats)} rows")
    same(counted + lost + missed, target.counts["entered"], "counted, lost and missed calls")
    same({r["cause"] for r in trace.records if r["type"] == "lost"}, {"table full"}, "causes of losses")
    for row in trace.stats:
        same(row["ended"] + row["unwound"], row["hits"], f"ends of {row['name']} in {row['inside']}")
    contains(trace.stderr, "table of what is counted was full", "messages")


run(
    one_thread, threads, returns_by_site, stream, kinds_alone, conditions, intervals, table, a_command, children, stopped,
    full_table, late_file, where,
)
