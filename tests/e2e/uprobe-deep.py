# SPDX-License-Identifier: Apache-2.0
"""Containers of C++ in each other, and those whose elements have nodes: as the program walks them itself."""

from typed import CONTAINERS, check, compiled
from utrail import Target, Trace, run, same

FUNCTIONS = CONTAINERS["deep"]
LIBRARIES = "deep-g++", "deep-g++-old", "deep-clang++", "deep-libc++"


def as_the_program_walks_them():
    for name in LIBRARIES:
        for program in compiled(name):
            check(program, FUNCTIONS)


def more_of_them_when_asked():
    for name in LIBRARIES:
        for program in compiled(name)[-1:]:
            check(program, ["plenty", "texts"], "--max-items", "200", arguments=["more"])


def garbage_is_bounded_and_told():
    for name in LIBRARIES:
        for program in compiled(name)[-1:]:
            check(program, ["wild"], arguments=["wild"])


def conditions_on_strings():
    """One call of each, which the program prints."""
    rows = (
        ('whole if one.path ~ "/l*"', 1),
        ('whole if one.path ~ "l*"', 0),
        ('whole if other->path == "/"', 1),
        ('whole if other->path == "" || one.path == "/l"', 0),
        ('serve if one->name == "svc"', 1),
        ('serve if one->name != "svc"', 0),
    )
    for name in LIBRARIES:
        for program in compiled(name)[-1:]:
            target = Target(program, "-w")
            specs = [word for condition, _ in rows for word in ("-e", f"{program}:{condition}")]
            traces = [Trace(*specs[2 * i : 2 * i + 2], pid=target.pid, json=False) for i in range(len(rows))]
            target.release()
            target.finish()
            for trace, (condition, wanted) in zip(traces, rows):
                trace.finish()
                same(trace.text.count(f" {program}:"), wanted, f"{program}: {condition}")


run(as_the_program_walks_them, more_of_them_when_asked, garbage_is_bounded_and_told, conditions_on_strings)
