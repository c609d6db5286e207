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
        check_command(name, ["text", "slices", "options", "shape", "entry"])


def go():
    shutil.copy(TARGETS / "values.go", scratch() / "values.go")
    build(["go", "build", "-o", "values-go", "values.go"], "golang-go")
    check_command("values-go", ["main.text", "main.slices", "main.points"])


run(rust, go)
