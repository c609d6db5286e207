#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks' arithmetic, on figures made by hand: what is judged, against whom, and how."""

import io
import json
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import goals  # noqa: E402
import rows  # noqa: E402
import run  # noqa: E402
import samples  # noqa: E402
import tables  # noqa: E402


def row(name, **fields):
    tool = rows.Tool(name, reference=fields.pop("reference", True))
    return rows.Row("entry", tool, name, ["true"], 10, "x", **fields)


def rounds(*values):
    return {number: {"added_ns": value} for number, value in enumerate(values) if value is not None}


GOAL = goals.Goal("G", "entry", "what", "added_ns", "ns", 1.10, 0.5, ("bpftrace", "perf"))
FIELDS = ["floor", "utrail", "bpftrace", "perf"]


class Judging(unittest.TestCase):
    def judge(self, *series, goal=GOAL, **fields):
        table = [row(name, **fields.get(name, {})) for name in FIELDS[:len(series)]]
        return goals.judge(goal, table, [rounds(*values) for values in series])

    def test_ratio_is_taken_within_a_round(self):
        # The second round's machine was ten times as slow; the ratio is the same.
        verdict = self.judge([100, 1000, 100], [105, 1050, 105])
        self.assertAlmostEqual(verdict.limit_ratio, 1.05)
        self.assertTrue(verdict.met())

    def test_above_the_limit_is_missed(self):
        self.assertFalse(self.judge([100], [111]).met())

    def test_best_peer_is_the_cheapest(self):
        verdict = self.judge([100], [100], [300], [190])
        self.assertEqual(verdict.peer_label, "perf")
        self.assertAlmostEqual(verdict.peer_ratio, 100 / 190)
        self.assertFalse(verdict.met(), "limit met, peer not")

    def test_best_peer_has_the_most_where_more_is_better(self):
        goal = goals.Goal("G", "entry", "what", "added_ns", "/s", 0.85, 2.2, more_is_better=True)
        verdict = self.judge([100], [90], [30], [40], goal=goal)
        self.assertEqual(verdict.peer_label, "perf")
        self.assertTrue(verdict.met())
        self.assertFalse(self.judge([100], [84], [30], [10], goal=goal).met())

    def test_a_peer_that_is_no_reference_is_not_compared(self):
        verdict = self.judge([100], [100], [300], [1], perf={"reference": False})
        self.assertEqual(verdict.peer_label, "bpftrace")

    def test_a_round_that_failed_is_left_out(self):
        verdict = self.judge([100, None, 100], [105, 500, 105])
        self.assertAlmostEqual(verdict.limit_ratio, 1.05)

    def test_without_anything_to_compare_there_is_no_verdict(self):
        self.assertIsNone(self.judge([], [100]).met())
        self.assertIsNone(self.judge([100], []))

    def test_one_lossy_round_is_enough_to_miss(self):
        goal = goals.Goal("G", "entry", "what", "added_ns", "", None, None, exact=0)
        self.assertTrue(self.judge([], [0, 0, 0], goal=goal).met())
        self.assertFalse(self.judge([], [0, 0, 3], goal=goal).met())
        self.assertFalse(self.judge([], [0, -1, 0], goal=goal).met(), "an event too many")


class Figures(unittest.TestCase):
    RUN = {"start_ns": 1_000_000, "end_ns": 2_005_000_000, "cpu_s": 3.0, "rss_kib": 2048, "status": 0}
    REPORT = {"calls": 1000, "cpu_ns": 12_000, "wall_ns": 52_000, "start_ns": 5_000_000,
              "end_ns": 1_005_000_000, "process_cpu_s": 2.0}

    def figures(self, **fields):
        delivered = fields.pop("delivered", 1000)
        text = fields.pop("text_run", None)
        return samples.figures(row("utrail", **fields), (2, 2), self.RUN, self.REPORT, text, delivered)

    def test_added_time_is_above_the_baseline(self):
        self.assertEqual(self.figures()["added_ns"], 10)
        self.assertEqual(self.figures(sleeps=True)["added_ns"], 50)

    def test_tracer_pays_for_what_the_target_did_not(self):
        self.assertAlmostEqual(self.figures()["tracer_cpu_s"], 300)
        self.assertAlmostEqual(self.figures(delivered=500)["tracer_cpu_s"], 600)
        self.assertIsNone(self.figures(delivered=0)["tracer_cpu_s"])

    def test_times_are_between_the_right_points(self):
        figures = self.figures()
        self.assertEqual((figures["start_ms"], figures["exit_ms"]), (4, 1000))
        self.assertAlmostEqual(figures["events_per_s"], 500)
        text = {"start_ns": 0, "end_ns": 2_000_000_000}
        self.assertAlmostEqual(self.figures(text_run=text)["events_per_s"], 250)

    def test_loss_is_by_the_target_s_own_count(self):
        self.assertEqual(self.figures(delivered=990)["lost_events"], 10)
        self.assertEqual(self.figures()["rss_mib"], 2)


class Texts(unittest.TestCase):
    def test_lines_are_counted_by_their_pattern(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "text")
            path.write_text("1 2 f(0, 0, \"hello, tracers!\")\nnoise\n1 2 f(7, 0, \"hello, tracers!\")\n"
                            "1 2 f(8, 0, \"\")\n", "utf-8")
            pattern = rows.FLOOR["entry"][1]
            self.assertEqual(samples.count_lines(path, pattern), 2)
            self.assertEqual(samples.count_lines(Path(folder, "none"), pattern), 0)

    def test_every_suite_has_a_row_of_every_kind(self):
        tools = [rows.Tool(name) for name in ("floor", "utrail", "bpftrace", "perf", "strace")]
        for suite in rows.SUITES:
            found = {entry.tool.name for entry in rows.rows_of(suite, tools, 0.01)}
            # What the smallest tracer does is events of one process; it counts nothing. Nobody traces nothing.
            peers = {"others-none": set()}.get(suite, {"bpftrace"})
            wanted = {"utrail"} | peers | (set() if suite.startswith(("stat", "others")) else {"floor"})
            self.assertLessEqual(wanted, found, suite)
            self.assertIn(suite, {goal.suite for goal in goals.GOALS})

    def test_report_names_what_failed_and_what_is_missing(self):
        table = [row("floor"), row("utrail"), row("perf")]
        results = [rounds(100), rounds(150), {}]
        failures = {2: "exit 1: no such event"}
        verdict = goals.judge(GOAL, table, results)
        text = "\n".join([*tables.suite_lines("entry", table, results, failures, [(1.0, 1.0)]),
                          *tables.goal_lines([verdict])])
        self.assertIn("failed: exit 1: no such event", text)
        self.assertRegex(text, r"1\.50 \(<= 1\.1 *\).*MISSED")
        machine = {"cpu": "c", "cpus": 2, "kernel": "6", "load_before": [0.5], "load_after": [1.5],
                   "rounds": 1, "scale": 0.5, "missing": ["bpftrace"]}
        self.assertIn("Missing peer: bpftrace", "\n".join(tables.machine_lines(machine)))
        baselines = {"entry": [(1.0, 1.0)]}
        report = tables.document(machine, ["entry"], table, results, failures, baselines, [verdict])
        report = json.loads(json.dumps(report))
        self.assertEqual(report["suites"][0]["rows"][2]["failure"], failures[2])
        self.assertEqual(report["goals"][0]["limit"], {"value": 100, "ratio": 1.5, "goal": 1.1, "met": False})

    def test_packaged_peers_step_back_behind_newer_ones(self):
        found = {("bpftrace", None): "0.17.0", ("bpftrace", "/new"): "0.27.1", ("perf", None): "6.1"}
        original = run.find_tool
        run.find_tool = lambda name, root: (
            rows.Tool(name, found[name, root], root) if (name, root) in found else None)
        try:
            tools, missing = run.find_tools("/new")
        finally:
            run.find_tool = original
        reference = {(tool.name, tool.version) for tool in tools if tool.reference}
        self.assertIn(("bpftrace", "0.27.1"), reference)
        self.assertNotIn(("bpftrace", "0.17.0"), reference)
        self.assertIn(("perf", "6.1"), reference)
        self.assertEqual(missing, ["strace", "perf beneath /new", "strace beneath /new"])

    def test_a_peer_that_is_not_installed_is_no_tool(self):
        original = run.PEER_VERSIONS
        run.PEER_VERSIONS = {"gone": ["/nonexistent/gone"], "fails": ["false"], "works": ["echo", "works v1.2.3"]}
        try:
            found = [run.find_tool(name, None) for name in run.PEER_VERSIONS]
        finally:
            run.PEER_VERSIONS = original
        self.assertEqual(found[:2], [None, None])
        self.assertEqual((found[2].name, found[2].version), ("works", "1.2.3"))

    def test_bad_arguments_are_refused(self):
        for arguments in (["--rounds", "0"], ["--suite", "nothing"], ["--scale", "-1"]):
            with redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                run.parse_arguments(arguments)


if __name__ == "__main__":
    unittest.main()
