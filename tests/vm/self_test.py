#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The harness itself: does it fail when it must? No guest is started."""
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

import initrd
import run

GOOD = ["guest 6.12.1 2 processors", "case 00-guest ok", "dmesg [    0.0] Linux version 6.12.1", "end"]


class Judge(unittest.TestCase):
    def failures(self, results, expected=("00-guest",), console=()):
        failed, others = run.judge(results, list(console), expected)
        return [f"{name}: {why}" for name, why in failed.items()] + others

    def test_good(self):
        self.assertEqual(self.failures(GOOD), [])

    def test_failed_case(self):
        self.assertEqual(self.failures(["case a fail (status 1) why", "end"], ["a"]), ["a: (status 1) why"])

    def test_case_without_outcome(self):
        self.assertTrue(self.failures(GOOD, expected=["00-guest", "10-load"]))

    def test_guest_died(self):
        self.assertTrue(self.failures(["case a ok"], ["a"]))

    def test_skip_is_no_success(self):
        self.assertEqual(run.outcomes_of(["case a skip no BPF", "end"]), {"a": ("skip", "no BPF")})

    def test_kernel_complaints(self):
        for line in ("[ 1.0] WARNING: CPU: 0 PID: 1 at kernel/events/uprobes.c:1",
                     "[ 1.0] BUG: unable to handle page fault for address: 0000000000000000",
                     "[ 1.0] uprobes: failed to handle a breakpoint",
                     "[ 1.0] uprobe_multi: unsupported",
                     "[ 1.0] kernel BUG at mm/slub.c:305!",
                     "[ 1.0] INFO: task utrail:61 blocked for more than 120 seconds."):
            self.assertEqual(self.failures(GOOD + ["dmesg " + line]), ["kernel: " + line])

    def test_ordinary_lines(self):
        for line in ('[ 0.8] PCI: Using host bridge; if necessary, use "pci=nocrs" and report a bug',
                     "[ 0.0] Kernel command line: console=ttyS0 utrail.kernel=6.1 uprobe"):
            self.assertEqual(self.failures(GOOD + ["dmesg " + line]), [])

    def test_panic_before_the_end(self):
        self.assertTrue(any("panic" in failure for failure in self.failures(
            ["case a ok"], ["a"], console=["[ 2.0] Kernel panic - not syncing: Attempted to kill init!"])))


class SecondChance(unittest.TestCase):
    """Which guests are started, and what the whole comes to. Each item is what one guest tells."""

    def run_guests(self, *guests):
        started = []

        def one_guest(_options, _kernel, _scratch, patterns):
            results = guests[len(started)]
            started.append(patterns)
            expected = ["a", "b"] if patterns == ["*"] else patterns
            return run.outcomes_of(results), *run.judge(results, [], expected)

        options = types.SimpleNamespace(kernel="6.12", case=None, timeout=860)
        with mock.patch.object(run, "find_kernel"), mock.patch.object(run, "run_cases", one_guest):
            with contextlib.redirect_stdout(io.StringIO()):
                return run.run(options, None), started

    def test_not_needed(self):
        self.assertEqual(self.run_guests(["case a ok", "case b ok", "end"]), (0, [["*"]]))

    def test_passes_late(self):
        self.assertEqual(self.run_guests(["case a ok", "case b fail x", "end"], ["case b ok", "end"]),
                         (0, [["*"], ["b"]]))

    def test_fails_twice(self):
        bad = ["case a ok", "case b fail x", "end"]
        self.assertEqual(self.run_guests(bad, bad[1:]), (1, [["*"], ["b"]]))

    def test_a_skip_mends_no_failure(self):
        self.assertEqual(self.run_guests(["case a ok", "case b fail x", "end"], ["case b skip y", "end"])[0], 1)

    def test_dies_twice(self):
        self.assertEqual(self.run_guests(["case a ok"], ["case b ok", "end"]), (1, [["*"]]))

    def test_the_kernel_has_one_chance(self):
        self.assertEqual(self.run_guests(["case a ok", "case b fail x", "dmesg BUG: x", "end"]), (1, [["*"]]))


class FaultOfEmulator(unittest.TestCase):
    INT3 = "[ 1.4] Oops: int3: 0000 [#1] SMP NOPTI"

    def test_none(self):
        self.assertIsNone(run.fault_of_emulator(GOOD, []))

    def test_died_on_its_way_up(self):
        self.assertTrue(run.fault_of_emulator([], ["[ 1.0] Kernel panic - not syncing"]))

    def test_patched_instruction(self):
        self.assertTrue(run.fault_of_emulator(GOOD[:2], ["[ 0.1] some line", self.INT3, "[ 1.5] Call Trace:"]))

    def test_other_complaints_are_the_kernels(self):
        self.assertIsNone(run.fault_of_emulator(GOOD[:2], ["[ 1.0] BUG: unable to handle page fault", self.INT3]))
        self.assertIsNone(run.fault_of_emulator(GOOD[:2], ["[ 1.0] Oops: 0000 [#1] SMP"]))


class Initrd(unittest.TestCase):
    def test_cpio_reads_it(self):
        """The oracle is the host's cpio."""
        output = io.BytesIO()
        archive = initrd.Archive(output)
        archive.file("a/b/odd", b"12345")
        archive.link("a/link", "b/odd")
        archive.file("a/b/odd", b"a second time, ignored")
        archive.close()
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(["cpio", "-i", "--quiet"], input=output.getvalue(), cwd=scratch, check=True)
            self.assertEqual(pathlib.Path(scratch, "a/link").read_bytes(), b"12345")
            self.assertEqual(pathlib.Path(scratch, "a/b/odd").stat().st_mode & 0o777, 0o755)

    def test_libraries(self):
        found = initrd.libraries(sys.executable)
        self.assertTrue(any("ld-linux" in path for path in found), found)
        self.assertTrue(any(path.endswith("libc.so.6") for path in found), found)


if __name__ == "__main__":
    unittest.main()
