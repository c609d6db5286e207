# SPDX-License-Identifier: Apache-2.0
"""A function that is called N times gives N spans, with its arguments and results, in order."""

from utrail import ensure, ns, run, same, sample, trace_target

TEXT = "four"


def check_calls(calls, n):
    same(len(calls), n, "calls of f")
    ordered = sorted(calls, key=ns)
    same([c["args"]["n"] for c in ordered], list(range(n)), "argument n, in order of time")
    for call in ordered:
        i = call["args"]["n"]
        same(call["args"]["text"], TEXT, f"text of call {i}")
        same(call["ret"], i + ord(TEXT[i & 3]), f"result of call {i}")
        same(call["depth"], 0, f"depth of call {i}")
        ensure(int(call["dur_ns"]) > 0, f"duration of call {i}: {call['dur_ns']}")


def spans():
    target, trace = trace_target("count", [1000], ["call:f"])
    check_calls(trace.calls("f"), target.counts["f"])
    trace.check_nothing_lost()
    for call in trace.calls("f"):
        told = (call["pid"], call["comm"], call["module"])
        same(told, (target.pid, "count", "count"), "process and module")
    same(trace.summary[0], 1000, "events of the summary")
    header = trace.records[0]
    same(header["version"], 1, "version of the format")
    ensure(int(header["boottime_ns"]) < ns(trace.calls("f")[0]), "the header is older than its events")


def spellings():
    """Every way to name the same function gives the same calls."""
    path = sample("count")
    for spec in (
        "f",
        "count:f",
        f"{path}:f",
        f"call:{path}:f",
        "count:[f]",
        "call:count:/^f$/",
        f"{path}:f(int n, const char *text) -> int",
    ):
        target, trace = trace_target("count", [50], [spec])
        same(target.counts["f"], 50, "the target's own count")
        check_calls(trace.calls("f"), 50)


def types_by_hand():
    target, trace = trace_target("count", [8], ["count:f(hex, buf:2) -> hex"])
    calls = sorted(trace.calls("f"), key=ns)
    same(len(calls), target.counts["f"], "calls of f")
    for i, call in enumerate(calls):
        number, text = call["args"].values()
        same(int(str(number), 16), i, "the first argument as hex")
        same(text if isinstance(text, str) else text["str"], "fo", "two bytes of the text")
        same(int(str(call["ret"]), 16), i + ord(TEXT[i & 3]), "the result as hex")


def instants():
    """Entry, return and offset alone: one event a hit, no span."""
    path = sample("count")
    for spec in (f"uprobe:{path}:f", f"uretprobe:{path}:f", "uprobe:count:f+4"):
        target, trace = trace_target("count", [100], [spec])
        # Who sees a return alone has seen its entry too, and may tell the duration.
        is_return = spec.startswith("uretprobe")
        hits = sorted(trace.events if is_return else trace.of("probe"), key=ns)
        same(len(hits), target.counts["f"], f"hits of {spec}")
        same(len(trace.events), len(hits), f"all events of {spec}")
        for i, hit in enumerate(hits):
            if is_return:
                same(hit["ret"], i + ord(TEXT[i & 3]), f"result of hit {i} of {spec}")
            elif not spec.endswith("+4"):
                same(hit["args"]["n"], i, f"argument of hit {i} of {spec}")


def negation():
    target, trace = trace_target("nest", [2], ["nest:o*", "!nest:outer"])
    same(len(trace.calls("open_input")), target.counts["open_input"], "calls of open_input")
    same(trace.calls("outer"), [], "calls of what was taken away")


run(spans, spellings, types_by_hand, instants, negation)
