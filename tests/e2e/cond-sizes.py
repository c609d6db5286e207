# SPDX-License-Identifier: Apache-2.0
"""Conditions on how many elements there are: as the program says of each of its calls."""

import shutil

from goroutines import make
from sizes import ASKED, ask, calls_of
from typed import compiled
from utrail import Trace, ensure, run, same


def containers():
    programs = [program for name in ("sizes-g++", "sizes-g++-old", "sizes-clang++", "sizes-libc++") for program in compiled(name)]
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
