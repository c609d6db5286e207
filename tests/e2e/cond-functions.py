# SPDX-License-Identifier: Apache-2.0
"""Conditions on functions: what the target counts itself, class by class, is what comes through."""

from utrail import Target, Trace, check_nesting, ensure, run, same, trace_target

CLASSES = {
    "n_above": "n > 90",
    "n_negative": "n < 0",
    "n_bits": "(n & 3) == 3",
    "n_bit": "n & 4",
    "small": "small == 0xfe",
    "wide": "wide > 0x8000000000000000",
    "text": 'text == "hello"',
    "no_text": "text == NULL",
    "letter": "letter == 'x'",
    "color": "color == BLUE",
    "path": 'r->path ~ "/etc/*5"',
    "path_class": 'r->path ~ "/[a-e]tc/?[!0-4]"',
    "path_literal": 'r.path ~ "/etc/\\*"',
    "stars": 'r->path ~ "*a*b*c"',
    "length": "r->body.length >= 500",
    "next": "r->next != NULL && r->next->length == 3",
    "kind": "r->kind == 5",
    "tag": 'r->tag == "abcdefgh"',
    "tag_short": 'r->tag == "xy"',
    "both": 'n > 50 && text == "hello"',
    "either": "n < 10 || arg2 > 95",
    "not_either": "!(n < 10 || n > 95)",
    "ret": "ret < -40",
    "ret_and": "n & 1 && n > 0 && ret > 0",
    "ret_or": "n < 5 || ret == 45",
}


def account(target, trace, name, delivered, filtered=None):
    """The target's own count is what was delivered and what was filtered, and nothing else."""
    events, lost, missed = trace.summary
    left_out = int(trace.records[-1].get("filtered", 0))
    same((lost, missed), (0, 0), f"{name}: lost and missed")
    same(trace.returns_lost, 0, f"{name}: lost returns")
    if filtered is not None:
        same(left_out, filtered, f"{name}: filtered")
    same(delivered + left_out, target.counts["handle"], f"{name}: delivered and filtered of all calls")


def one(name, condition, *options):
    target, trace = trace_target("conditions", [300, 2], [f"conditions:handle if {condition}"], *options)
    calls = trace.calls("handle")
    if name == "ret_and":
        wanted = target.counts["ret_and"]
    else:
        wanted = target.counts[name]
    ensure(0 < wanted < target.counts["handle"], f"{name}: the class has {wanted} calls")
    same(len(calls), wanted, f"calls with {condition}")
    account(target, trace, name, len(calls))
    for call in calls:
        ensure("ret" in call and "dur_ns" in call and call["depth"] == 0, f"{name}: {call}")


def classes():
    for name, condition in CLASSES.items():
        one(name, condition)


def at_return_sites():
    for name in ("n_above", "path", "ret", "ret_or"):
        one(name, CLASSES[name], "--return=site")


def by_trampoline():
    for name in ("n_above", "ret", "ret_and"):
        one(name, CLASSES[name], "--return=trampoline")


def by_the_thread():
    target = Target("conditions", "-w", "50")
    trace = Trace("-e", f"conditions:handle if pid == {target.pid} && comm ~ \"cond*\" && uid == {0}", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls("handle")), target.counts["handle"], "calls of the process")
    account(target, trace, "pid", len(trace.calls("handle")), 0)
    target, trace = trace_target("conditions", [50], ['conditions:handle if comm == "another" || tid == 1'])
    account(target, trace, "comm", 0, target.counts["handle"])


def by_duration():
    target, trace = trace_target("conditions", [100], ["conditions:handle if dur < 10s"])
    account(target, trace, "short", len(trace.calls("handle")), 0)
    target, trace = trace_target("conditions", [100], ["conditions:handle if dur > 10s"])
    account(target, trace, "long", 0, target.counts["handle"])


def two_specs_of_one_place():
    specs = ["conditions:handle if n < 10", "conditions:handle if n > 95"]
    target, trace = trace_target("conditions", [200], specs)
    same(len(trace.calls("handle")), target.counts["either"], "calls of one or the other")
    account(target, trace, "two", len(trace.calls("handle")))
    target, trace = trace_target("conditions", [200], [*specs, "conditions:handle"])
    account(target, trace, "all", len(trace.calls("handle")), 0)


def uprobe_at_an_entry():
    target, trace = trace_target("conditions", [200], ["uprobe:conditions:handle if n > 90"])
    hits = trace.of("probe", "handle")
    same(len(hits), target.counts["n_above"], "hits")
    account(target, trace, "uprobe", len(hits))
    target, trace = trace_target("conditions", [200], ["uretprobe:conditions:handle if n > 90"])
    hits = trace.calls("handle")
    same(len(hits), target.counts["n_above"], "returns")
    account(target, trace, "uretprobe", len(hits))


run(
    classes,
    at_return_sites,
    by_trampoline,
    by_the_thread,
    by_duration,
    two_specs_of_one_place,
    uprobe_at_an_entry,
)
