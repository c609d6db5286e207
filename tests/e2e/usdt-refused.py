# SPDX-License-Identifier: Apache-2.0
"""Markers that must not be probed: which, and why; nothing of the target changes."""

import platform
import shutil
import subprocess

from utrail import check_error, contains, need_root, plain, run, same, sample, scratch, skip, trace_target

if platform.machine() != "x86_64":
    skip("instructions of other machines have one length")


def explain(path, spec):
    return plain(["explain", "-e", f"usdt:{path}:lying:{spec}"])


def inside_an_instruction():
    check_error(explain(sample("lying"), "inside"), 1, "usdt:.*lying:inside", "lying:inside: 1 of 1 sites", "middle")
    check_error(explain(sample("lying"), "in*"), 1, "lying:inside: 1 of 1 sites", "middle of an instruction")


def stripped():
    """The unwind tables tell, where no symbol does."""
    path = scratch() / "stripped"
    shutil.copy(sample("lying"), path)
    subprocess.run(["strip", path], check=True, timeout=30)
    check_error(explain(path, "inside"), 1, "middle of an instruction")
    same(explain(path, "honest").status, 0, "status for an honest marker")


def one_of_two():
    shown = explain(sample("lying"), "mixed")
    same(shown.status, 0, "status")
    contains(shown.stderr, "lying:mixed: 1 of 2 sites refused", "the note")
    same(shown.stdout.count("hit at file offset"), 1, "sites")


def traced():
    need_root()
    target, trace = trace_target("lying", [5], ["usdt:lying:*:*"])
    same(len(trace.markers("honest")), 5, "hits of the honest marker")
    same(len(trace.markers("mixed")), 5, "hits of the one with an honest site")
    same(len(trace.markers("inside")), 0, "hits of the one that must not be probed")
    same(target.status, 0, "status of a target that checks what its instructions do")


def long_nop():
    path = sample("redzone")
    check_error(plain(["explain", "-e", f"usdt:{path}:redzone:long*"]), 1, "long_nop: 1 of 1 sites", "5-byte nop")


def resolvers():
    """Functions, too: what was refused is told instead of that there is none."""
    check_error(plain(["explain", "-e", "libc:strch[r]"]), 1, "strchr", "IFUNC")


def asked_twice():
    """A pattern that finds only what was named before has found something."""
    shown = plain(["explain", "-e", "libc:malloc", "-e", "libc:mallo[c]"])
    same(shown.status, 0, shown.stderr)
    same(shown.stdout.count("call libc:malloc"), 1, "probes on malloc")


run(inside_an_instruction, stripped, one_of_two, traced, long_nop, resolvers, asked_twice)
