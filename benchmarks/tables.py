# SPDX-License-Identifier: Apache-2.0
"""What a run prints, and what it keeps as JSON."""

from statistics import median

from rows import TITLES

COLUMNS = (
    # title, metric, width, decimals, factor
    ("added ns", "added_ns", 9, 0, 1),
    ("wall ns", "added_wall_ns", 9, 0, 1),
    ("events", "delivered", 8, 0, 1),
    ("of", "calls", 8, 0, 1),
    ("k events/s", "events_per_s", 10, 0, 1e-3),
    ("CPU s/300k", "tracer_cpu_s", 10, 3, 1),
    ("RSS MiB", "rss_mib", 8, 1, 1),
    ("start ms", "start_ms", 8, 0, 1),
    ("exit ms", "exit_ms", 8, 0, 1),
)


def median_of(samples, metric):
    values = [sample[metric] for sample in samples.values() if sample.get(metric) is not None]
    return median(values) if values else None


def number(value, width, decimals, factor=1):
    return f"{'-':>{width}}" if value is None else f"{value * factor:>{width}.{decimals}f}"


def suite_lines(suite, rows, results, failures, baselines):
    base = median(cpu for cpu, _ in baselines)
    yield f"{suite}: {TITLES[suite]} (untraced: {base:.1f} ns per call)"
    yield f"  {'tool':<28}" + " ".join(f"{title:>{width}}" for title, _, width, _, _ in COLUMNS)
    for index, row in enumerate(rows):
        if row.suite != suite:
            continue
        if not results[index]:
            yield f"  {row.label:<28}failed: {failures.get(index, '')[:110]}"
            continue
        figures = (number(median_of(results[index], metric), width, decimals, factor)
                   for _, metric, width, decimals, factor in COLUMNS)
        yield f"  {row.label:<28}" + " ".join(figures)
    yield ""


def ratio(value, wanted, more_is_better):
    if value is None or wanted is None:
        return f"{'-':>16}"
    sign = ">=" if more_is_better else "<="
    return f"{value:>7.2f} ({sign} {wanted:<4g})"


def plain(value, unit):
    if value is None:
        return "-"
    decimals = 3 if unit == "s" else 1 if value < 100 and unit else 0
    return f"{value:.{decimals}f} {unit}".rstrip()


def verdict_word(met):
    return {True: "met", False: "MISSED", None: "not compared"}[met]


def goal_lines(verdicts):
    yield (f"{'goal':<5}{'what':<38}{'utrail':>12}{'limit':>12}{'x limit (goal)':>17}"
           f"{'best peer':>13}{'x peer (goal)':>17}  verdict")
    for verdict in verdicts:
        goal = verdict.goal
        peer = f"  ({verdict.peer_label})" if verdict.peer_label else ""
        yield (f"{goal.name:<5}{goal.what:<38}{plain(verdict.value, goal.unit):>12}"
               f"{plain(verdict.limit, goal.unit):>12}"
               f" {ratio(verdict.limit_ratio, goal.limit, goal.more_is_better)}"
               f"{plain(verdict.peer, goal.unit):>13}"
               f" {ratio(verdict.peer_ratio, goal.peer, goal.more_is_better)}"
               f"  {verdict_word(verdict.met())}{peer}")


def machine_lines(machine):
    yield (f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}; load "
           f"{machine['load_before'][0]:.1f} before, {machine['load_after'][0]:.1f} after; "
           f"{machine['rounds']} rounds, medians")
    if machine["scale"] != 1:
        yield f"Only {machine['scale']:g} of the usual number of calls: figures are rough."
    for name in machine["missing"]:
        yield f"Missing peer: {name} (install it with: ./dev deps --peers)"
    yield ""


def document(machine, suites, rows, results, failures, baselines, verdicts):
    """Everything that was measured, for machines."""
    return {
        "version": 1,
        "machine": machine,
        "suites": [{"name": suite, "title": TITLES[suite], "baselines_ns": baselines[suite],
                    "rows": [row_document(row, results[index], failures.get(index))
                             for index, row in enumerate(rows) if row.suite == suite]}
                   for suite in suites],
        "goals": [goal_document(verdict) for verdict in verdicts],
    }


def row_document(row, samples, failure):
    entry = {"label": row.label, "tool": row.tool.name, "version": row.tool.version,
             "command": row.command, "reference": row.tool.reference,
             "medians": {metric: median_of(samples, metric) for metric in next(iter(samples.values()), {})},
             "rounds": [{"round": number, **sample} for number, sample in samples.items()]}
    if failure:
        entry["failure"] = failure
    return entry


def goal_document(verdict):
    goal = verdict.goal
    return {"goal": goal.name, "suite": goal.suite, "what": goal.what, "metric": goal.metric,
            "unit": goal.unit, "value": verdict.value, "more_is_better": goal.more_is_better,
            "exact": goal.exact, "most": goal.most,
            "limit": {"value": verdict.limit, "ratio": verdict.limit_ratio, "goal": goal.limit,
                      "met": verdict.limit_met()},
            "peer": {"label": verdict.peer_label or None, "value": verdict.peer,
                     "ratio": verdict.peer_ratio, "goal": goal.peer, "met": verdict.peer_met()},
            "met": verdict.met()}
