# SPDX-License-Identifier: Apache-2.0
"""Containers in containers, and arrays of pointers, of C++: as the program prints them."""

from typed import CONTAINERS, check, compiled
from utrail import run

FUNCTIONS = CONTAINERS["nested"]


def each_library():
    for name in ("nested-g++", "nested-g++-old", "nested-clang++", "nested-libc++"):
        for program in compiled(name):
            check(program, FUNCTIONS)


run(each_library)
