# SPDX-License-Identifier: Apache-2.0
"""Structures, arrays, unions and what pointers lead to: as the program itself prints them."""

from typed import check, compiled
from utrail import run, same, trace_target

FUNCTIONS = """by_pointer list numbers lost levels cut in_one in_two partly half_real all_real on_stack no_room uneven
give_two give_memory give_mixed flags far variadic call_back turn open_ended orders""".split()


def each_compiler():
    for name in ("structs-gcc", "structs-clang"):
        for program in compiled(name):
            check(program, FUNCTIONS)


HUGE = ["add", "twice", "mixed", "negate", "audit", "narrow"]


def numbers_of_16_bytes():
    for name in ("huge-gcc", "huge-clang"):
        for program in compiled(name):
            check(program, HUGE)


def huge_as_json():
    """No reader damages them: what is beyond 2^53 is a string."""
    for program in compiled("huge-gcc"):
        _, trace = trace_target(program, [], [f"{program}:add"])
        got = [(call["args"]["a"], call["ret"]) for call in trace.calls("add")]
        n = 123456789012345678 * 1000000007 * 2  # it has one argument
        texts = [(str(number), str(number + 1)) for number in (n, -n, 1 << 64, -(1 << 64), 1 << 126)]
        least = str(-(1 << 127))
        same(got, [(0, 1), (1, 2), (-1, 0), *texts, (least, least)], f"{program}: numbers")


run(each_compiler, numbers_of_16_bytes, huge_as_json)
