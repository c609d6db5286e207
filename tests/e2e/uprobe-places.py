# SPDX-License-Identifier: Apache-2.0
"""Where the calling convention does not hold: what is shown is what the target prints, or <...>."""

import re
import shutil
import subprocess

from typed import build
from utrail import ROOT, ensure, fail, program, run, same, scratch

TARGETS = ROOT / "tests/e2e/targets"
LINE = re.compile(r"\b(?:\w+::)*(\w+)\((.*)\) = (.*) <[\d.]+>$")


def trace(binary, specs, *arguments):
    """What the target printed, and (function, arguments, result) of each call."""
    options = [word for spec in specs for word in ("-e", spec)]
    log = scratch() / f"{binary}.log"
    done = subprocess.run(
        [program(), *options, "-o", log, "--", scratch() / binary, *arguments],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    same(done.returncode, 0, f"status, with {done.stderr}")
    calls = [LINE.search(line) for line in log.read_text().splitlines()]
    return done.stdout.splitlines(), [match.groups() for match in calls if match]


def value_of(arguments, name):
    """A pointer is named by the number it leads to."""
    found = re.search(rf"(?:^|[ ,]){name}=(\{{[^}}]*\}}|<[^>]*>|\"[^\"]*\"|[^,)]+)", arguments)
    ensure(found, f"no {name} in {arguments!r}")
    text = found[1]
    inner = re.match(r"\{\w+=([^,}]+)", text)
    return inner[1] if inner else text


def compare(printed, calls, must_show, pointers=()):
    """Every shown value is the printed one; those of `must_show` (function, name) are shown."""
    same(len(calls), len(printed), "calls")
    shown = set()
    for line, (function, arguments, _) in zip(printed, calls):
        name, *words = line.split()
        same(function, name, "function")
        for word in words:
            key, wanted = word.split("=")
            got = value_of(arguments, key)
            if got.startswith("<"):
                continue
            shown.add((function, key))
            if (function, key) not in pointers:
                same(got, wanted, f"{key} of {line!r} in {arguments!r}")
    missing = set(must_show) - shown
    if missing:
        fail(f"not shown: {sorted(missing)}, of {calls!r:.1500}")


FUNCTIONS = ["first_unused", "middle_unused", "pointers", "constant", "ignored", "open_to_all"]
SURE = {
    ("first_unused", "last"), ("middle_unused", "last"), ("constant", "value"), ("ignored", "value"),
    ("open_to_all", "value"),
}  # fmt: skip


def of_c(compiler, level, must_show):
    binary = f"places-{compiler}{level}"
    source = TARGETS / "places.c"
    build([compiler, "-g", level, "-o", binary, source], compiler)
    printed, calls = trace(binary, [f"{binary}:{name}" for name in FUNCTIONS], "5")
    compare(printed, calls, must_show, {("pointers", "one"), ("pointers", "other")})
    for function, arguments, result in calls:
        if "unused" in function and level == "-O0":
            ensure("<" not in arguments, f"a value is missing in {arguments!r}")
        # What nobody takes may not be returned: it is the true one or none.
        if function == "ignored" and not result.startswith("<"):
            same(int(result), 3 * int(value_of(arguments, "value")) + 1, "the ignored result")
        if function == "open_to_all" and not value_of(arguments, "unused").startswith("<"):
            same(int(value_of(arguments, "unused")), 19 * int(value_of(arguments, "value")), "unused")


def gcc_unoptimised():
    of_c("gcc", "-O0", SURE | {("first_unused", "name"), ("constant", "mode")})


def clang_unoptimised():
    of_c("clang", "-O0", SURE | {("first_unused", "name"), ("constant", "mode")})


def clang_optimised():
    of_c("clang", "-O2", SURE)


def of_rust(binary, options, must_show):
    build(["rustc", "-g", *options, "-o", binary, TARGETS / "places.rs"], "rustc")
    specs = [f"{binary}:places::Shelf::take", f"{binary}:places::plain"]
    printed, calls = trace(binary, specs)
    printed = [line.replace("count=", "self=") for line in printed]
    compare(printed, calls, must_show)
    for function, arguments, result in calls:
        number = value_of(arguments, "number")
        if not (result.startswith("<") or number.startswith("<")):
            wanted = int(number) * 2 if function == "take" else int(number) + 1
            same(int(result), wanted, f"result of {function}")


def rust_unoptimised():
    """Not told from optimised code; types given by hand mean the platform's convention."""
    of_rust("places_debug", [], set())
    printed, calls = trace("places_debug", ["places_debug:places::plain(uint, bool) -> uint"])
    wanted = [re.findall("=(\\S+)", line) for line in printed if line.startswith("plain")]
    got = [arguments.split(", ") for _, arguments, _ in calls]
    same(got, wanted, "types given by hand")


def rust_optimised():
    of_rust("places_fast", ["-O"], {("take", "self")})


def go():
    shutil.copy(TARGETS / "places.go", scratch() / "places.go")
    build(["go", "build", "-o", "places-go", "places.go"], "golang-go")
    printed, calls = trace("places-go", ["places-go:main.add"])
    wanted = [line.split() for line in printed]
    got = [[value_of(a, n) for n in "abc"] + [result] for _, a, result in calls]
    same(got, wanted, "arguments and results")


run(gcc_unoptimised, clang_unoptimised, clang_optimised, rust_unoptimised, rust_optimised, go)
