# SPDX-License-Identifier: Apache-2.0
"""Conditions on how many elements there are, of the targets sizes.cc and sizes.go: as they say of each of their calls."""

import re

from utrail import ensure, same, trace_target

NAMES = "number row text view map table wides own set list ret".split()
# Function, condition, and the same in Python.
ASKED = [
    ("take", "row.size() > 30", "row > 30"),
    ("take", "row.size() == 17", "row == 17"),
    ("take", "text->size() <= 12 && row.size()", "text <= 12 and row"),
    ("take", "text.size() > 20 && !(text.size() & 4)", "text > 20 and not text & 4"),
    ("take", 'text == "xxxx" || text ~ "xxxxxxxxxxxxxxxxxxxxxxx*"', "text == 4 or text >= 23"),
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
