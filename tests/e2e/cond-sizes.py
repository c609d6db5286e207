# SPDX-License-Identifier: Apache-2.0
"""Conditions on how many elements there are: as the program says of each of its calls."""

import re
import shutil

from goroutines import make
from typed import compiled
from utrail import Trace, ensure, run, same, trace_target

NAMES = "number row text view map table wides own set list ret".split()
# Function, condition, and the same in Python.
ASKED = [
    ("take", "row.size() > 30", "row > 30"),
    ("take", "row.size() == 17", "row == 17"),
    ("take", "text->size() <= 12 && row.size()", "text <= 12 and row"),
    ("take", "view.size() >= 40 || view.length() == 0", "view >= 40 or view == 0"),
    ("take", "map.size() == 6", "map == 6"),
    ("take", "table.size() < 4 && !map.size()", "table < 4 and not map"),
    ("take", 'row.size() & 8 && view ~ "yyyy*"', "row & 8 and view >= 4"),
    ("look", "in.wides.size() == 8", "wides == 8"),
    ("look", "in.own->size() > 3", "own > 3"),
    ("look", "set.size() != 2 && list.size() == 8", "set != 2 and list == 8"),
    ("look", "ret.size() > 15 && number > 20", "ret > 15 and number > 20"),
]


def calls_of(text, names=NAMES):
    return [dict(zip(names, map(int, line.split()))) for line in re.findall(r"^sizes (.*)$", text, re.MULTILINE)]


def ask(program, function, condition, wanted):
    target, trace = trace_target(program, [], [f"{program}:{function} if {condition}"])
    trace.check_nothing_lost()
    calls = calls_of(target.stdout)
    meant = [call["number"] for call in calls if eval(wanted, {}, call)]  # pylint: disable=eval-used
    ensure(0 < len(meant) < len(calls), f"'{wanted}' tells nothing apart")
    same([call["args"]["number"] for call in trace.calls(function)], meant, f"{program}: calls with {condition}")


def containers():
    programs = [program for name in ("sizes-g++", "sizes-g++-old", "sizes-clang++") for program in compiled(name)]
    ensure(programs, "no compiler of C++ has made the program")
    for program in programs:
        for function, condition, wanted in ASKED:
            # Lists of the old binary interface do not know.
            if "list" not in condition or "-old-" not in program:
                ask(program, function, condition, wanted)


def of_go():
    if not shutil.which("go"):
        print("'go' is not installed (package golang-go): no strings, slices and maps of Go")
        return
    path = make("sizes", source="sizes.go")
    for condition, wanted in (("name.len() > 5", "text > 5"), ("items.len() == 6", "row == 6"), ("m.len() >= 3", "map >= 3")):
        trace = Trace("-e", f"sizes:main.take if {condition}", command=[path])
        trace.finish(stop=False)
        trace.check_nothing_lost()
        calls = calls_of(trace.stdout, ("number", "text", "row", "map"))
        meant = [call["number"] for call in calls if eval(wanted, {}, call)]  # pylint: disable=eval-used
        ensure(0 < len(meant) < len(calls), f"'{wanted}' tells nothing apart")
        same(sorted(call["args"]["number"] for call in trace.calls("main.take")), meant, f"calls with {condition}")


run(containers, of_go)
