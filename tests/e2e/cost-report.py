# SPDX-License-Identifier: Apache-2.0
"""--cost: what a probe is said to cost is what the target, by its own clock, has spent."""

from utrail import Target, contains, ensure, matches, only, plain, run, same, sample, trace_target

ROUNDS = 20_000
SPECS = ["timed:f", "usdt:timed:mark", "syscall:getppid"]
LABELS = {"f": "timed:f", "mark": "timed:mark", "getppid": "getppid"}


def times():
    target = Target("timed", ROUNDS)
    return target.finish().counts


def costs(trace):
    return {r["name"]: r for r in trace.records if r["type"] == "cost"}


def told_against_own_clock(*options):
    """Within a factor of two, in the best of some attempts: others share the machine."""
    wrong = None
    for _ in range(6):
        alone = times()
        target, trace = trace_target("timed", [ROUNDS], SPECS, "--cost", *options)
        told = costs(trace)
        same(set(told), set(LABELS.values()), "probes with a cost")
        same({cost["hits"] for cost in told.values()}, {ROUNDS}, "hits")
        spent = {name: (target.counts[name] - alone[name]) / ROUNDS for name in LABELS}
        # A system call's share of what the kernel does before it comes to us is not told.
        factors = {name: told[LABELS[name]]["ns_per_hit"] / spent[name] for name in LABELS}
        limits = {"f": 0.5, "mark": 0.5, "getppid": 0.3}
        wrong = {name: f"{factor:.2f}" for name, factor in factors.items() if not limits[name] < factor < 2}
        # A program that does nothing else. What a hit costs was measured beforehand, so that it can come to more than all.
        share = sum(cost["share"] for cost in told.values())
        if not 0.2 <= share <= 1.1:
            wrong["share"] = share
        if not wrong:
            break
    same(wrong, {}, "told cost / spent time")


def trampoline():
    told_against_own_clock("--return=trampoline")


def sites():
    told_against_own_clock("--return=site")


def table():
    words = ["-e", "timed:f", "-e", "syscall:getppid", "-o", "/dev/null", "--", sample("timed"), "1000"]
    shown = plain(["--cost", *words])
    same(shown.status, 0, shown.report("ended with"))
    contains(shown.stderr, "hits   ns/hit   share  probe", "the table")
    matches(shown.stderr, r"^ +1000 +\d+ +\d+\.\d%  timed:f$", "the table")
    matches(shown.stderr, r"^ +1000 +\d+ +\d+\.\d%  getppid$", "the table")
    matches(shown.stderr, r"^utrail: shares of \d+\.\d+ seconds of the target's CPU time$", "the end")
    ensure("ns/hit" not in plain(words).stderr, "costs without being asked")


def order():
    """The dearest first; what was never hit has no row."""
    _, trace = trace_target("timed", [500], [*SPECS, "syscall:getuid"], "--cost")
    rows = [r for r in trace.records if r["type"] == "cost"]
    ensure("getuid" not in costs(trace), "a row for what was not hit")
    totals = [int(r["total_ns"]) for r in rows]
    same(totals, sorted(totals, reverse=True), "order")


def children():
    """Their time counts, and so do their hits, also when they have ended."""
    target, trace = trace_target("burst", [3, 2, 50, 2], ["burst:outer"], "-f", "--cost")
    row = only([r for r in trace.records if r["type"] == "cost"], "rows")
    same(row["hits"], target.counts["outer"], "hits")
    ensure(0 < row["share"] <= 1.1, f"share {row['share']}")


run(table, trampoline, sites, order, children)
