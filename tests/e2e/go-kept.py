# SPDX-License-Identifier: Apache-2.0
"""Calls of Go of which not all count: conditions on what they end with, rates, `utrail stat`.

A panic leaves a call without an end, and the next one in its place must not lend it its own.
"""

import collections

from goroutines import NEVER_RETURN, counts_of, make
from still import stand_still
from utrail import Target, Trace, ensure, ns, run, same

GOROUTINES, ROUNDS = 4, 8


def trace(spec, *options, subcommand=None):
    """Traces all of main.*, of which `spec` is the condition of one, or nothing."""
    path = make("kept-go")
    words = ["-e", f"{path}:{spec}"]
    made = Trace(*words, *options, subcommand=subcommand, command=[path, str(GOROUTINES), str(ROUNDS)])
    made.finish(stop=False, timeout=60)
    made.check_nothing_lost()
    return made, counts_of(made.stdout.splitlines())


def left_out(made, kind):
    return int(made.records[-1].get(kind, 0))


def ended(calls):
    return [call for call in calls if "dur_ns" in call]


def at_entries():
    """A condition on arguments: each call that it lets by has its own end, or none."""
    made, own = trace("main.deep if n == 0")
    calls = made.calls("main.deep")
    same(len(calls), GOROUTINES * ROUNDS, "calls that reach the end")
    ensure(all(call["args"]["n"] == 0 and call["ret"] == len("text") and "dur_ns" in call for call in calls), f"{calls}")
    same(len(calls) + left_out(made, "filtered"), own["main.deep"], "calls, shown and left out")
    # The others are in the same place of the stack, and have ends of their own.
    made, own = trace("main.deep if n == 5")
    same({call["ret"] for call in made.calls("main.deep")}, {len("text")}, "results")
    same(len(ended(made.calls())), len(made.calls()), "calls with an end")


def at_ends():
    """Conditions on the result and the duration."""
    made, own = trace(f"main.catch if ret >= {1000 + ROUNDS - 2}")
    calls = made.calls("main.catch")
    same(collections.Counter(call["args"]["n"] for call in calls), {n: GOROUTINES for n in (ROUNDS - 2, ROUNDS - 1)}, "arguments")
    ensure(all(call["ret"] == call["args"]["n"] + 1000 for call in calls), f"{calls}")
    same(len(calls) + left_out(made, "filtered"), own["main.catch"], "calls, shown and left out")
    made, own = trace("main.sleep if dur >= 2ms")
    same(len(ended(made.calls())), own["main.sleep"], "calls that slept")
    made, own = trace("main.sleep if dur < 2ms")
    same((made.calls(), left_out(made, "filtered")), ([], own["main.sleep"]), "calls that slept less")
    made, own = trace("main.deep if dur >= 100us")
    ensure(all(ns(call, "dur_ns") >= 100_000 for call in made.calls()), "a call that was too short")
    same(len(ended(made.calls())) + left_out(made, "filtered"), own["main.deep"], "calls, shown and left out")


def without_ends():
    """What a panic or Goexit leaves never gets an end, and what cannot be told is shown."""
    for spec, wanted in (("main.throw if n == 1", GOROUTINES), ("main.lost if ret > 5", GOROUTINES * ROUNDS), ("main.leave if n > 0", GOROUTINES - 1)):
        made, own = trace(spec)
        name = spec.split()[0]
        same(len(made.calls(name)), wanted, f"calls of {spec}")
        same(ended(made.calls()), [], f"ends of {spec}")
        same(len(made.calls()) + left_out(made, "filtered"), own[name], f"calls of {spec}, shown and left out")
        endings = {call.get("return") for call in made.calls()}
        ensure(all(ending != "running" for ending in endings), f"their process has ended: {endings}")


def rates():
    """Those that are let by are whole."""
    made, own = trace("main.deep", "--rate=5/s")
    same(len(ended(made.calls())), len(made.calls()), "calls with an end")
    same(len(made.calls()) + left_out(made, "suppressed"), own["main.deep"], "calls, shown and suppressed")
    made, own = trace("main.throw if n >= 0", "--rate=2/s")
    same(ended(made.calls()), [], "ends of calls that panicked")
    same(len(made.calls()) + left_out(made, "suppressed"), own["main.throw"], "calls, shown and suppressed")


def losses():
    """The reader stands still: what is delivered, lost and left out are all."""
    path = make("kept-go")
    target = Target(path, "8", "20", "wait", ready=True)
    tracer = Trace("-e", f"{path}:main.deep if n > 5 && ret == 4", "-e", f"{path}:main.catch if n >= 0", "-e", f"{path}:main.sleep if dur > 0", "--ring-size=64k", pid=target.pid)
    stand_still(tracer, target)
    tracer.finish(stop=False)
    own = counts_of(target.stdout.splitlines())
    ensure(tracer.summary[1] > 1000, f"hardly anything was lost: {tracer.summary}")
    names = ("main.deep", "main.catch", "main.sleep")
    got = sum(len(tracer.calls(name)) + tracer.losses_of(f"kept-go:{name}") for name in names)
    same(got + left_out(tracer, "filtered"), sum(own[name] for name in names), "calls: delivered, lost, left out")
    for call in tracer.calls("main.deep"):
        ensure(call["args"]["n"] > 5 and call.get("ret", 4) == 4, f"{call}")
    for call in ended(tracer.calls("main.catch")):
        same(call["ret"], call["args"]["n"] + 1000, f"result of {call}")


def rows_of(made):
    """{name: sums over where it was called}"""
    rows = collections.defaultdict(collections.Counter)
    for row in made.stats:
        rows[row["name"].partition(":")[2]].update({key: int(row.get(key, 0)) for key in ("hits", "ended", "unwound", "total_ns", "self_ns")})
    return rows


def stat():
    """Counts, ends and times; what a panic has left is told so."""
    made, own = trace("main.*", subcommand="stat")
    rows = rows_of(made)
    for name, count in own.items():
        same(rows[name]["hits"], count, f"calls of {name}")
        same(rows[name]["ended"], 0 if name in NEVER_RETURN else count, f"of {name}, those with an end")
    for name in ("main.throw", "main.lost"):
        same(rows[name]["unwound"], own[name], f"of {name}, those that were left")
    ensure(rows["main.sleep"]["total_ns"] >= own["main.sleep"] * 2_000_000, f"slept too short: {rows['main.sleep']}")
    inside = {row["inside"].rpartition(":")[2] for row in made.stats if row["name"] == "kept-go:main.throw" and row["inside"]}
    same(inside, {"main.lost"}, "functions that main.throw was called in")
    # Where all that is inside has ended, the own times of a goroutine's calls are the outermost one's time.
    made, own = trace("/^main\\.(deep|big)$/", subcommand="stat")
    rows = made.stats
    outermost = sum(int(row["total_ns"]) for row in rows if not row["inside"])
    same(sum(int(row["self_ns"]) for row in rows), outermost, "own times, and that of the outermost calls")
    made, own = trace("main.catch if ret == 1001", subcommand="stat")
    same((rows_of(made)["main.catch"]["hits"], left_out(made, "filtered")), (GOROUTINES, own["main.catch"] - GOROUTINES), "calls with a condition")
    made, own = trace("main.pick", "--where", subcommand="stat")
    ensure(not any("blocked_ns" in row for row in made.stats), f"a goroutine's time is not its thread's: {made.stats}")


run(at_entries, at_ends, without_ends, rates, losses, stat)
