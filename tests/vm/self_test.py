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

import disk
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


class Several(unittest.TestCase):
    def test_status_of_all(self):
        for statuses, wanted in (((0, 0), 0), ((0, 1), 1), ((77, 0), 77), ((77, 77), 77), ((1, 77), 1), ((0, -9), 1)):
            left = dict(zip(("6.1", "7.2"), statuses))
            with mock.patch.object(run, "run_alone", lambda _arguments, kernel: left[kernel]):
                with contextlib.redirect_stdout(io.StringIO()) as told:
                    self.assertEqual(run.run_several([], ["6.1", "7.2"]), wanted)
            self.assertIn("6.1 ", told.getvalue())

    def test_each_gets_the_other_arguments(self):
        self.assertEqual(run.other_arguments(["--kernel", "6.1", "--case", "a*", "--kernel=7.2", "--no-skip"]),
                         ["--case", "a*", "--no-skip"])

    def test_a_process_of_its_own(self):
        """No such kernel: skipped, and said."""
        with contextlib.redirect_stdout(io.StringIO()) as told:
            self.assertEqual(run.run_alone(["--build", tempfile.gettempdir()], "1.0"), 77)
        self.assertIn("kernel 1.0", told.getvalue())


class Disk(unittest.TestCase):
    def test_order_of_modules(self):
        with tempfile.TemporaryDirectory() as scratch:
            modules = pathlib.Path(scratch)
            for name, needs in (("btrfs", "xor,raid6_pq,built_in"), ("xor", ""), ("raid6_pq", "xor")):
                (modules / f"{name}.ko").write_bytes(b"\x7fELF\0license=GPL\0depends=" + needs.encode() + b"\0name=x\0")
            self.assertEqual(disk.order(modules, "btrfs"), ["xor", "raid6_pq", "btrfs"])
            self.assertEqual(disk.order(modules, "ext4"), [])

    def test_who_wants_one(self):
        with tempfile.TemporaryDirectory() as scratch:
            case = pathlib.Path(scratch) / "case.sh"
            case.write_text("# what it is\n# guest: disk\n. /cases/lib.inc\n")
            self.assertTrue(disk.is_wanted(case))
            case.write_text("# of a disk\n")
            self.assertFalse(disk.is_wanted(case))


class Boots(unittest.TestCase):
    """Each item is what one guest tells, and its console."""

    def run_guests(self, *guests):
        offered, left = [], list(guests)

        def make_initrd(_image, _kernel, _build, patterns):
            offered.append(patterns)
            return ["a", "b"]

        def boot(_options, _kernel, _image, results, console, _images):
            lines, said = left.pop(0)
            results.write_text("\n".join(lines))
            console.write_text("\n".join(said))

        options = types.SimpleNamespace(kernel="7.2", build=None, shell=False, timeout=1000)
        with mock.patch.object(run, "make_initrd", make_initrd), mock.patch.object(run, "boot", boot), \
                mock.patch.object(run.disk, "make_images", lambda _directory: {}):
            with contextlib.redirect_stdout(io.StringIO()) as told, tempfile.TemporaryDirectory() as scratch:
                outcomes, failed, others = run.run_cases(options, None, pathlib.Path(scratch), ["*"])
        return len(guests) - len(left), outcomes, failed, others, told.getvalue()

    WHOLE = (["case a ok", "case b ok", "end"], [])
    NEVER_UP = ([], ["[ 1.0] Kernel panic - not syncing"])

    def test_died_on_its_way_up(self):
        boots, outcomes, failed, others, _ = self.run_guests(self.NEVER_UP, self.WHOLE)
        self.assertEqual((boots, outcomes, failed, others), (2, {"a": ("ok", ""), "b": ("ok", "")}, {}, []))

    def test_not_for_ever(self):
        boots, _, failed, others, _ = self.run_guests(*[self.NEVER_UP] * (run.BOOTS + 1))
        self.assertEqual(boots, run.BOOTS)
        self.assertTrue(failed and others)

    def test_what_ran_is_not_run_again(self):
        said = ["[ 1.4] a line", "[ 1.5] Oops: int3: 0000 [#1] SMP NOPTI", "[ 1.6] RIP: 0010:here"]
        boots, _, failed, others, told = self.run_guests((["case a ok"], said), self.WHOLE)
        self.assertEqual((boots, list(failed), others[0]), (1, ["b"], "the guest died before its end"))
        self.assertIn("RIP: 0010:here", told)
        self.assertNotIn("a line", told)

    def test_what_the_kernel_says_counts(self):
        _, _, _, others, _ = self.run_guests((["case a ok", "case b ok", "dmesg BUG: x", "end"], []))
        self.assertEqual(others, ["kernel: BUG: x"])


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
