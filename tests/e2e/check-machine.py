# SPDX-License-Identifier: Apache-2.0
"""utrail check: what works here, what does not, why, and how to fix it; utrail explain: the plan."""

import os

from utrail import Target, contains, ensure, matches, plain, run, same


def check():
    process = plain(["check"])
    same(process.status, 0, "status")
    contains(process.stdout, os.uname().release, "the report")
    for word in ("ring buffer", "uprobe", "BTF"):
        matches(process.stdout, f"(?i){word}", "the report")
    for line in process.stdout.splitlines():
        ensure(line.isprintable(), f"a raw control character: {line!r}")


def explain():
    target = Target("count", "-w")
    process = plain(["explain", "-p", str(target.pid), "-e", "count:f"])
    same(process.status, 0, "status")
    # f begins with endbr64; the push or mov behind it is cheaper, and the plan says so.
    for word in (r"\bf\b", "0x[0-9a-f]+", "(?i)emulated|stepped", "(?i)site|trampoline"):
        matches(process.stdout, word, "the plan")
    target.release()
    target.finish()


def explain_attaches_nothing():
    target = Target("usdt-args", "-w", "5")
    process = plain(["explain", "-p", str(target.pid), "-e", "usdt:demo:guarded"])
    same(process.status, 0, "status")
    contains(process.stdout, "demo:guarded", "the plan")
    target.release()
    target.finish()
    same(target.counts["guarded"], 0, "hits of the marker")


def help_and_version():
    for words in (["--help"], ["-h"], ["list", "--help"], ["check", "--help"]):
        process = plain(words)
        same(process.status, 0, f"status of {words}")
        matches(process.stdout, r"(?i)usage|utrail -p", f"{words}")
    process = plain(["--version"])
    same(process.status, 0, "status")
    matches(process.stdout, r"^utrail \d+\.\d+", "the version")


run(check, explain, explain_attaches_nothing, help_and_version)
