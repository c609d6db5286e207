# SPDX-License-Identifier: Apache-2.0
"""System calls inside of functions of Go, by goroutine: what the source makes there, and nothing else."""

import collections

from goroutines import make
from utrail import Trace, ensure, ns, run, same

ROUNDS = 10
# Where the source makes them, and how often in each round.
INSIDE = {"quiet": {"getppid": 2}, "boom": {"getpgid": 1}, "inner": {"getgid": 1}, "leave": {"getuid": 1}, "outer": {"getpriority": 2}}
FUNCTIONS = "/^main\\.(quiet|boom|inner|leave|outer|grow)$/"
CALLS = "syscall:/^get(ppid|pgid|gid|uid|priority|egid)$/"


def trace(*options, subcommand=None, functions=FUNCTIONS, build=()):
    path = make("gocalls" + "".join(build).replace(" ", ""), *build, source="gocalls.go")
    made = Trace("-e", f"{path}:{functions}", *options, subcommand=subcommand, command=[path])
    made.finish(stop=False, timeout=60)
    made.check_nothing_lost()
    same(made.stdout, "done\n", "what the program prints")
    return made


def found_inside(made):
    """{function: {system call: count}}"""
    found = collections.defaultdict(collections.Counter)
    for row in made.stats:
        if row["kind"] == "syscall":
            found[(row["inside"] or ".none").rpartition(".")[2]][row["name"]] += row["hits"]
    return found


def attribution(build=()):
    made = trace("-e", CALLS, subcommand="stat", build=build)
    wanted = {name: {call: count * ROUNDS for call, count in calls.items()} for name, calls in INSIDE.items()}
    found = found_inside(made)
    # The runtime asks who it is when it starts, and each round once in none of them.
    same(found["none"]["getegid"], ROUNDS, "calls in none of the functions")
    # Two of three rounds of quiet() are not in outer().
    same({name: dict(calls) for name, calls in found.items() if name != "none"}, wanted, "system calls inside of functions")
    around = collections.Counter()
    for row in made.stats:
        if row["kind"] == "call":
            around[row["name"].rpartition(".")[2], (row["inside"] or ".none").rpartition(".")[2]] += row["hits"]
    wanted = {("quiet", "none"): 1, ("quiet", "outer"): 1, ("boom", "none"): 1, ("inner", "none"): 1, ("leave", "none"): 1, ("outer", "none"): 1, ("grow", "outer"): 1, ("grow", "grow"): 200}
    same(dict(around), {key: count * ROUNDS for key, count in wanted.items()}, "functions around functions")
    calls = [row for row in made.stats if row["kind"] == "call" and row["name"].endswith("main.outer")]
    ensure(all(ns(row, "self_ns") < ns(row, "total_ns") for row in calls), f"own time of outer: {calls}")


def optimised():
    attribution()


def unoptimised():
    attribution(build=("-gcflags=-N -l",))


def stripped():
    attribution(build=("-ldflags=-s -w",))


def only_inside():
    """--inside: these, and no others."""
    made = trace("--inside", functions="/^main\\.(inner|outer|boom)$/")
    same(len(made.calls()), 3 * ROUNDS, "calls")
    counts = collections.Counter(event["name"] for event in made.of("syscall"))
    wanted = {"getgid": ROUNDS, "getpriority": 2 * ROUNDS, "getppid": ROUNDS, "getpgid": ROUNDS}
    same({name: counts[name] for name in wanted}, wanted, "system calls inside")
    same([name for name in ("getuid", "getegid") if counts[name]], [], "system calls outside of them")


def one_instruction():
    made = trace(functions="main.empty")
    same(len(made.calls()), ROUNDS, "calls")
    same([call for call in made.calls() if "dur_ns" in call], [], "calls with an end")


run(optimised, unoptimised, stripped, only_inside, one_instruction)
