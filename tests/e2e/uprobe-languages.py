# SPDX-License-Identifier: Apache-2.0
"""Strings, slices, vectors and enumerations of Rust and Go: as the programs print them."""

import re
import shutil
import subprocess

from typed import build, check_command
from utrail import ROOT, ensure, fail, program, run, same, scratch

TARGETS = ROOT / "tests/e2e/targets"


def rust():
    for level in ("1", "2", "3"):
        name = f"values-rust-{level}"
        build(["rustc", "-g", "-C", f"opt-level={level}", "-o", name, TARGETS / "values.rs"], "rustc")
        check_command(name, ["text", "slices", "options", "shape", "entry", "words", "rows", "team"])


def wrapped():
    for level in ("0", "1", "2", "3"):
        name = f"wrapped-{level}"
        source = TARGETS / "wrapped.rs"
        build(["rustc", "--edition", "2021", "-g", "-C", f"opt-level={level}", "-o", name, source], "rustc")
        check_command(name, "cells locks numbers texts more times shared counted lists every others".split())


def asked():
    """As what they have."""
    name = "wrapped-asked"
    source = TARGETS / "wrapped.rs"
    build(["rustc", "--edition", "2021", "-g", "-C", "opt-level=1", "-o", name, source], "rustc")
    for spec, wanted in (
        ("cells if two.x == 41 && four.len() == 5", 1),
        ("cells if two.x == 43", 0),
        ("locks if one.y > 40 && three.len() == 2", 1),
        ("locks if one.y > 90", 0),
        ('texts if path ~ "/a/*" && owned ~ "/own"', 1),
        ("every if all.count == 3 && all.at.x == 4 && all.at.borrow == 0", 1),
        ("every if all.last == 6 && all.count != 4", 1),
        ("every if all.last == 7", 0),
        ('counted if text == "counted" && list.len() == 2 && other.len() == 0', 1),
        ('counted if text ~ "d*"', 0),
        ("shared if one.x > 40 && one.y == 9 && one.strong == 1", 1),
    ):
        log = scratch() / f"{name}.log"
        command = [program(), "-e", f"{name}:{spec}", "-o", log, "--", scratch() / name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        same(done.returncode, 0, f"status, with {done.stderr}")
        same(len(re.findall(f":{spec.split()[0]}\\(", log.read_text())), wanted, spec)


def trait_objects():
    for level in ("1", "2", "3"):
        name = f"dynamic-{level}"
        build(["rustc", "-g", "-C", f"opt-level={level}", "-o", name, TARGETS / "dynamic.rs"], "rustc")
        check_command(name, ["show", "holder", "list", "counted"])


def debug_builds():
    functions = "plain texts structures enums slices many objects changed roomy huge made generic Point::moved Point::sum".split()
    for name, options in (("unoptimised", []), ("unoptimised-frames", ["-C", "force-frame-pointers=yes"])):
        command = ["rustc", "-g", "-C", "opt-level=0", *options, "--crate-name", "unoptimised", "-o", name]
        build([*command, TARGETS / "unoptimised.rs"], "rustc")
        check_command(name, [f"unoptimised::{function}" for function in functions])


# Why there may be no value: no optimiser left it, or nothing tells where it is.
REASONS = {f"<{why}>" for why in ("optimised out", "perhaps optimised out", "in xmm0", "Rust's own calling convention")}


def check_results(name, is_exact, least):
    """Each result is what the program says, or, when it was optimised, a reason for its absence."""
    log = scratch() / f"{name}.log"
    command = [program(), "-e", f"{name}:results::*", "-o", log, "--", scratch() / name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    same(done.returncode, 0, f"status, with {done.stderr}")
    wanted = dict(re.findall(r"^expect (\w+) (.*)$", done.stdout, re.M))
    got = re.findall(r":results::(\w+)(?:\(.*\))? = (.*?)(?: <[\d.]+>)?$", log.read_text(), re.M)
    for function, value in got:
        if value != wanted.get(function) and (is_exact or value not in REASONS):
            fail(f"{name}: {function}() gave {wanted.get(function)}, and is shown with {value}")
    shown = {function for function, value in got if value not in REASONS}
    ensure(len(shown) >= least, f"{name}: only {sorted(shown)} are shown")
    ensure(not is_exact or wanted.keys() <= dict(got).keys(), f"{name}: {wanted.keys() - dict(got).keys()} are missing")


def results():
    for name, is_exact, least, *options in (
        ("results-0", True, 29, "opt-level=0"),
        ("results-frames", True, 29, "opt-level=0", "-C", "force-frame-pointers=yes"),
        ("results-1", False, 12, "opt-level=1"),
        ("results-2", False, 10, "opt-level=2"),
        ("results-3", False, 8, "opt-level=3"),
    ):
        build(["rustc", "-g", "--crate-name", "results", "-o", name, "-C", *options, TARGETS / "results.rs"], "rustc")
        check_results(name, is_exact, least)


def go():
    shutil.copy(TARGETS / "values.go", scratch() / "values.go")
    build(["go", "build", "-o", "values-go", "values.go"], "golang-go")
    functions = ["text", "slices", "points", "words", "lines", "joined", "halves", "mix", "squares"]
    functions += ["padded", "fails", "handed", "area", "anything", "written", "called", "logged", "real", "generic*", "(*point).*", "point.*", "counter.func1"]
    check_command("values-go", [f"main.{function}" for function in functions])


run(rust, wrapped, asked, trait_objects, debug_builds, results, go)
