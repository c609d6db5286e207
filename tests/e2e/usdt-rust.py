# SPDX-License-Identifier: Apache-2.0
"""Markers of a Rust program: a semaphore for each place, operands wherever the compiler has them."""

import re
import shutil
import subprocess

from utrail import ROOT, Target, Trace, ensure, need_root, plain, run, same, scratch, skip, values

SOURCE = ROOT / "tests/e2e/targets/markers.rs"


def build(*options):
    need_root()
    if not shutil.which("rustc"):
        skip("'rustc' is not installed (package rustc)")
    path = scratch() / "markers"
    done = subprocess.run(["rustc", "-g", *options, "-o", path, SOURCE], capture_output=True, text=True, timeout=120)
    ensure(done.returncode == 0, f"rustc: {done.stderr}")
    return path


def wanted_steps():
    """What the program's source says."""
    for number in range(20):
        for n in (number, number + 1000) if number % 2 == 0 else (number,):
            yield n, -n
            if n % 3 == 0:
                yield n + 5000, -1


def follows_the_target(path):
    notes = subprocess.run(["readelf", "-nW", path], capture_output=True, text=True, check=True).stdout
    places = len(re.findall(r"Name: step$", notes, re.MULTILINE))
    semaphores = set(re.findall(r"Semaphore: (0x\w+)", notes))
    same(len(semaphores), 4, "semaphores in the notes")
    listed = plain(["list", path, "usdt:rusty:step"]).stdout
    ensure(f"{places} sites" in listed, f"{places} places of step, but {listed!r}")

    target = Target(path, ready=True)
    trace = Trace("-e", "usdt:rusty:*", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    hits = {name: [values(e) for e in trace.markers(name)] for name in ("step", "text", "bare")}
    same({name: len(found) for name, found in hits.items()}, target.counts, "hits, against the target's count")
    same([tuple(v) for v in hits["step"]], list(wanted_steps()), "arguments of step")
    same(hits["text"], [["größe", 7]] * 20, "arguments of text")


def optimised():
    follows_the_target(build("-O"))


def unoptimised():
    follows_the_target(build())


def untraced():
    target = Target(build("-O"), ready=True)
    target.release()
    target.finish()
    same(set(target.counts.values()), {0}, "hits without a tracer")


run(optimised, unoptimised, untraced)
