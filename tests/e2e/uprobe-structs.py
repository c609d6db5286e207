# SPDX-License-Identifier: Apache-2.0
"""Structures, arrays, unions and what pointers lead to: as the program itself prints them."""

import shutil

from typed import check
from utrail import run

FUNCTIONS = """by_pointer list numbers lost levels cut in_one in_two partly half_real all_real on_stack no_room uneven
give_two give_memory give_mixed flags far variadic turn""".split()


def each_compiler():
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            for level in (0, 2, 3):
                check(f"structs-{compiler}-{level}", FUNCTIONS)


run(each_compiler)
