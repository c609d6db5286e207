# SPDX-License-Identifier: Apache-2.0
"""System calls stand inside the function that caused them, functions inside their callers."""

from expected import Expected, nodes_of
from utrail import (
    Process,
    Target,
    Trace,
    check_nesting,
    describe,
    ensure,
    fail,
    run,
    same,
    sample,
    trace_target,
)

FUNCTIONS = ["outer", "open_input", "copy", "store"]
SYSCALLS = ["openat", "read", "write", "close"]


def nested():
    specs = [f"nest:{f}" for f in FUNCTIONS] + [f"syscall:{s}" for s in SYSCALLS]
    target, trace = trace_target("nest", [5], specs)
    trace.check_nothing_lost()
    problem = Expected(target.expected).find_in(nodes_of(trace.events))
    if problem:
        fail(problem)
    for name in FUNCTIONS:
        same(len(trace.calls(name)), target.counts[name], f"calls of {name}")
    check_nesting(trace.events)


def only_outer():
    """Without the functions between, the system calls are directly inside the outer one."""
    target, trace = trace_target("nest", [5], ["nest:outer", "syscall:openat"])
    same(len(trace.calls("outer")), target.counts["outer"], "calls of outer")
    inside = [e for e in trace.syscalls("openat") if e["depth"] == 1]
    same(len(inside), 3 * target.counts["outer"], "openat inside outer")
    check_nesting(trace.events)


def service():
    """Real work: each request's lookup, render and system calls are inside its handle_request."""
    server = Target("srv", "-t", "3", ready=True)
    specs = ["srv:handle_request", "srv:lookup", "srv:render", "usdt:app:*", "syscall:openat"]
    words = [w for spec in specs for w in ("-e", spec)]
    trace = Trace(*words, pid=server.pid)
    client = Process([sample("client"), server.ready[2], "30"])
    same(client.wait(), 0, "status of the client")
    trace.finish()
    server.process.terminate()
    server.finish()
    trace.check_nothing_lost()
    check_nesting(trace.events)
    counts = server.counts
    same(counts["handle_request"], 30, "requests that the service counted")
    for name in ("handle_request", "lookup", "render"):
        same(len(trace.calls(name)), counts[name], f"calls of {name}")
    for name in ("request", "lookup", "http__server__request", "http__server__response"):
        same(len(trace.markers(name)), counts[f"app:{name}"], f"hits of app:{name}")
        ensure(trace.markers(name), f"app:{name} never fired: its semaphore was not raised")
    for event in trace.markers("lookup"):
        name, length = event["args"].values()
        ensure(name in ("index.html", "about.html", "missing"), f"argument of {describe(event)}")
        same(length, len(name), f"second argument of {describe(event)}")
    results = [c["ret"] for c in trace.calls("handle_request")]
    same(results.count("HTTP_OK"), 20, "requests that were answered with HTTP_OK")
    same(results.count("HTTP_NOT_FOUND"), 10, "requests that were answered with HTTP_NOT_FOUND")
    for call in trace.calls("handle_request"):
        same(call["args"]["req"]["method"], "GET", "method of a request")
        ensure(call["args"]["req"]["path"] in ("/index.html", "/about.html", "/missing"), str(call))
    for call in trace.calls("lookup") + trace.calls("render"):
        same(call["depth"], 1, f"depth of {call['name']}")
    same({e["depth"] for e in trace.markers("http__server__request")}, {0}, "depth of a marker outside")
    same({e["depth"] for e in trace.markers("lookup")}, {2}, "depth of the marker in lookup")
    same({e["depth"] for e in trace.syscalls("openat")}, {2}, "depth of openat in lookup")


run(nested, only_outer, service)
