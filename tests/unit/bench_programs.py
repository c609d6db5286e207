#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_programs.py DIRECTORY: the benchmarks' own programs say what happened. Needs no root."""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAMS = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else Path("build/benchmarks")


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return Path(self.folder.name, name)

    def target(self, *arguments):
        environment = {**os.environ, "UTRAIL_BENCH_REPORT": str(self.path("report"))}
        command = [str(PROGRAMS / "targets" / arguments[0]), *arguments[1:]]
        before = time.monotonic_ns()
        subprocess.run(command, env=environment, check=True, timeout=30)
        report = json.loads(self.path("report").read_text("utf-8"))
        self.assertLess(before, report["start_ns"])
        self.assertLess(report["end_ns"], time.monotonic_ns())
        return report

    def measure(self, *arguments):
        command = [str(PROGRAMS / "measure"), *arguments]
        subprocess.run(command, check=True, timeout=30)
        return json.loads(self.path("measure").read_text("utf-8"))

    def test_targets_count_their_calls(self):
        for name in ("hot", "hot-cet", "marks"):
            self.assertEqual(self.target(name, "4321")["calls"], 4321)
        self.assertEqual(self.target("calls", "getppid", "1234")["calls"], 1234)
        self.assertEqual(self.target("calls", "/proc/self/exe", "31")["calls"], 33, "whole rounds of three")

    def test_targets_time_their_loop(self):
        report = self.target("calls", "getppid", "200000")
        self.assertEqual(report["end_ns"] - report["start_ns"], report["wall_ns"])
        self.assertGreater(report["cpu_ns"], 200000 * 10, "a system call takes more than 10 ns")
        # getrusage() and the thread's clock are two ways to one figure.
        self.assertGreater(report["process_cpu_s"] * 1e9, report["cpu_ns"] * 0.9)

    def test_a_target_that_cannot_work_fails(self):
        with self.assertRaises(subprocess.CalledProcessError):
            self.target("calls", "/nonexistent", "3")

    def test_measure_passes_the_status_on(self):
        report = str(self.path("measure"))
        self.assertEqual(self.measure(report, "sh", "-c", "exit 7")["status"], 7)
        self.assertEqual(self.measure(report, "sh", "-c", "kill -TERM $$")["status"], 143)
        self.assertEqual(self.measure(report, "/nonexistent")["status"], 127)

    def test_measure_counts_children(self):
        report = str(self.path("measure"))
        burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
        alone = self.measure(report, "sh", "-c", "exit 0")["cpu_s"]
        self.assertGreater(self.measure(report, "sh", "-c", f"({burn}); exit 0")["cpu_s"], alone + 0.01)

    def test_measure_counts_children_that_nobody_waited_for(self):
        # The pipe closes when the child has used its time; nobody waits for the child itself.
        work = ("import os, time\nr, w = os.pipe()\n"
                "if os.fork() == 0:\n while time.process_time() < 0.3: pass\n"
                "else:\n os.close(w)\n os.read(r, 1)\n time.sleep(0.2)")
        self.assertGreater(self.measure(str(self.path("measure")), sys.executable, "-c", work)["cpu_s"], 0.3)

    def test_measure_is_not_bigger_than_what_it_runs(self):
        big = [sys.executable, "-c", "x = b'x' * (64 << 20)"]
        report = str(self.path("measure"))
        self.assertGreater(self.measure(report, *big)["rss_kib"], 64 << 10)
        self.assertLess(self.measure(report, "true")["rss_kib"], 8 << 10)

    def test_measure_ends_what_takes_too_long(self):
        started = time.monotonic()
        run = self.measure("-t", "1", str(self.path("measure")), "sh", "-c", "sleep 60 & sleep 60")
        self.assertLess(time.monotonic() - started, 20)
        self.assertEqual(run["status"], -1)


if __name__ == "__main__":
    unittest.main()
