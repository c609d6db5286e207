# SPDX-License-Identifier: Apache-2.0
"""Strings, slices, vectors and enumerations of Rust and Go: as the programs print them."""

import shutil

from typed import build, check_command
from utrail import ROOT, run, scratch

TARGETS = ROOT / "tests/e2e/targets"


def rust():
    for level in ("1", "2", "3"):
        name = f"values-rust-{level}"
        build(["rustc", "-g", "-C", f"opt-level={level}", "-o", name, TARGETS / "values.rs"], "rustc")
        check_command(name, ["text", "slices", "options", "shape", "entry", "words", "rows", "team"])


def trait_objects():
    for level in ("1", "2", "3"):
        name = f"dynamic-{level}"
        build(["rustc", "-g", "-C", f"opt-level={level}", "-o", name, TARGETS / "dynamic.rs"], "rustc")
        check_command(name, ["show", "holder", "list", "counted"])


def debug_builds():
    functions = "plain texts structures enums slices many objects changed roomy made generic Point::moved Point::sum".split()
    for name, options in (("unoptimised", []), ("unoptimised-frames", ["-C", "force-frame-pointers=yes"])):
        command = ["rustc", "-g", "-C", "opt-level=0", *options, "--crate-name", "unoptimised", "-o", name]
        build([*command, TARGETS / "unoptimised.rs"], "rustc")
        check_command(name, [f"unoptimised::{function}" for function in functions])


def go():
    shutil.copy(TARGETS / "values.go", scratch() / "values.go")
    build(["go", "build", "-o", "values-go", "values.go"], "golang-go")
    functions = ["text", "slices", "points", "words", "lines", "joined", "halves", "mix", "squares"]
    functions += ["padded", "fails", "handed", "area", "anything", "logged", "real", "generic*", "(*point).*", "point.*", "counter.func1"]
    check_command("values-go", [f"main.{function}" for function in functions])


run(rust, trait_objects, debug_builds, go)
