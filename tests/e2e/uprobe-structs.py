# SPDX-License-Identifier: Apache-2.0
"""Structures, arrays, unions and what pointers lead to: as the program itself prints them."""

from typed import check, compiled
from utrail import run

FUNCTIONS = """by_pointer list numbers lost levels cut in_one in_two partly half_real all_real on_stack no_room uneven
give_two give_memory give_mixed flags far variadic call_back turn""".split()


def each_compiler():
    for name in ("structs-gcc", "structs-clang"):
        for program in compiled(name):
            check(program, FUNCTIONS)


run(each_compiler)
