# SPDX-License-Identifier: Apache-2.0
"""Functions of Go: each call once, whatever its stack and its thread do; a time only where it returned."""

import collections
import os
import subprocess

from goroutines import NEVER_RETURN, alone, counts_of, make
from still import stand_still
from utrail import Target, Trace, contains, ensure, ns, only, program, run, same


def trace(path, *options, procs=4, arguments=("4", "8")):
    """What it said of itself, after it was compared with what it says alone."""
    os.environ["GOMAXPROCS"] = str(procs)
    wanted = alone(path, arguments)
    made = Trace("-e", f"{path}:main.*", *options, command=[path, *arguments])
    made.finish(stop=False, timeout=60)
    got = sorted(made.stdout.splitlines())
    same(got, wanted, "what the program prints")
    return made, counts_of(got)


def check(path, procs, numbered=True):
    made, own = trace(path, procs=procs)
    made.check_nothing_lost()
    calls = collections.defaultdict(list)
    for call in made.calls():
        calls[call["name"]].append(call)
    for name, count in own.items():
        same(len(calls[name]), count, f"calls of {name}")
        returned = [call for call in calls[name] if "dur_ns" in call]
        same(len(returned), 0 if name in NEVER_RETURN else count, f"of {name}, those that returned")
    for call in calls["main.sleep"]:
        ensure(ns(call, "dur_ns") >= 2_000_000, f"slept too short: {call}")
    for call in made.calls():
        same(call["depth"], 0, f"depth of {call}")
        same("goroutine" in call, numbered, f"number of the goroutine: {call}")
    if numbered:
        values(calls)
        # Each works in a goroutine of its own.
        numbers = {call["goroutine"] for call in calls["main.work"]}
        same(len(numbers), 4, f"goroutines {numbers}")
    return calls


def values(calls):
    """Arguments and results are those that the source makes."""
    for call in calls["main.sleep"]:
        same((call["args"], call["ret"]), ({"milliseconds": 2}, 2), "arguments and result")
    for call in calls["main.catch"]:
        same(call["ret"], call["args"]["n"] + 1000, f"result of {call}")
    for call in calls["main.deep"]:
        same(call["args"]["text"], "text", f"text of {call}")


def optimised():
    path = make("calls-go")
    for procs in (1, 4):
        check(path, procs)


def unoptimised():
    check(make("calls-go-n", "-gcflags=-N -l"), 4)


def stripped():
    """Names are those of the runtime's own table; nobody knows types."""
    check(make("calls-go-s", "-ldflags=-s -w"), 4, numbered=False)


def instants():
    """At the entry alone, and as the ends of spans."""
    path = make("calls-go")
    made = Trace("-e", f"uprobe:{path}:main.deep", command=[path, "2", "8"])
    made.finish(stop=False)
    own = counts_of(made.stdout.splitlines())
    same(len(made.of("probe", "main.deep")), own["main.deep"], "entries")
    made = Trace("-e", f"{path}:main.defers ~~ {path}:main.pick", command=[path, "1", "8"])
    made.finish(stop=False)
    own = counts_of(made.stdout.splitlines())
    spans = [span for span in made.of("span") if "dur_ns" in span]
    ensure(0 < len(spans) <= own["main.pick"], f"spans of two probes: {spans}")
    same(made.calls(), [], "calls beside them")


def losses():
    """The reader stands still, and the buffer is small: what is delivered and what is lost are all, and times are right."""
    target = Target(make("calls-go"), "8", "20", "wait", ready=True)
    tracer = Trace("-e", "main.*", "--ring-size=64k", pid=target.pid)
    stand_still(tracer, target)
    tracer.finish(stop=False)
    own = counts_of(target.stdout.splitlines())
    ensure(tracer.summary[1] > 1000 and tracer.returns_lost > 1000, f"hardly anything was lost: {tracer.summary}")
    for name, count in own.items():
        got = len([call for call in tracer.calls(name) if "began" not in call])
        gone = tracer.losses_of(f"calls-go:{name}")
        same(got + gone, count, f"calls of {name}, of which {gone} are lost")
    slept = [call for call in tracer.calls("main.sleep") if "dur_ns" in call]
    ensure(all(ns(call, "dur_ns") >= 2_000_000 for call in slept), f"slept too short: {slept}")


def began_before():
    """Only the end of such a call is seen."""
    target = Target(make("calls-go"), "1", "4", "wait", ready=True)
    tracer = Trace("-e", "main.main", pid=target.pid)
    target.write("\n")
    target.finish()
    tracer.finish(stop=False)
    call = only(tracer.calls(), "calls of main.main")
    same((call["began"], "dur_ns" in call), ("before tracing", False), f"{call}")


def told():
    """explain and list say what is done."""
    path = make("calls-go")
    done = subprocess.run([program(), "explain", "-e", f"{path}:main.deep"], capture_output=True, text=True)
    same(done.returncode, 0, f"explain: {done.stderr}")
    contains(done.stdout, "returns: goroutine (", "explain")
    contains(done.stdout, "entry at file offset", "explain")


run(optimised, unoptimised, stripped, instants, losses, began_before, told)
