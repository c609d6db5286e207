# SPDX-License-Identifier: Apache-2.0
"""Conditions on members of structures that registers hold: the target counts each class itself."""

from typed import compiled
from utrail import ensure, run, same, trace_target

CLASSES = {
    "x": ("move", "from.x > 5"),
    "y": ("move", "from.y < 0"),
    "ret": ("move", "ret.y > 150"),
    "kind": ("chain", "node.kind == -4"),
    "tag": ("chain", "node.tag > 250"),
    "is_last": ("chain", "node.is_last"),
    "high": ("chain", "node.high == 70"),
    "low": ("chain", "node.low != 3"),
    "next": ("chain", "node.next != NULL && node.next->kind > 20"),
    "depth": ("weigh", "mixed.at.depth >= 9"),
    "step": ("weigh", "mixed.at.step < -100"),
    "on_stack": ("many", "d.kind == 1007"),
    "grade": ("judge", "grade > 100"),
    "far": ("judge", "far >= 0x80000000"),
    "below": ("judge", "below < 0"),
    "marked": ("judge", "marks->grade <= GRADE_HIGH"),
    "judged": ("judge", "ret > 0x7fffffe0"),
    "three": ("judge", "marks->three > 5"),
    "forty": ("judge", "marks->forty >= 0x4000000000"),
}
# What a bit-field cannot hold, all of its values are below.
ALWAYS = {"marks->three < 8": True, "marks->three >= 8": False, "marks->three < 9": True, "marks->one >= 2": False,
          "marks->forty <= 0x10000000000": True, "marks->three > 200": False}
ROUNDS = 60


def classes():
    for compiler in ("gcc", "clang"):
        for program in compiled(f"members-{compiler}"):
            for name, (function, condition) in CLASSES.items():
                target, trace = trace_target(program, [], [f"{program}:{function} if {condition}"])
                wanted = target.counts[name]
                ensure(0 < wanted < ROUNDS, f"{name}: the class has {wanted} calls")
                same(len(trace.calls(function)), wanted, f"{program}: calls with {condition}")
                same(int(trace.records[-1]["filtered"]), ROUNDS - wanted, f"{program}: filtered by {condition}")


def beyond():
    for program in compiled("members-gcc"):
        for condition, all_of_them in ALWAYS.items():
            _, trace = trace_target(program, [], [f"{program}:judge if {condition}"])
            same(len(trace.calls("judge")), ROUNDS if all_of_them else 0, f"{program}: calls with {condition}")


run(classes, beyond)
