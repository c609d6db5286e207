# SPDX-License-Identifier: Apache-2.0
"""Strings, containers and pointers of the C++ standard libraries: as the program prints them."""

from typed import CONTAINERS, check, compiled
from utrail import run

FUNCTIONS = CONTAINERS["containers"]


def each_library():
    for name in ("containers-g++", "containers-g++-old", "containers-clang++", "containers-libc++"):
        for program in compiled(name):
            check(program, FUNCTIONS)


def spans():
    for name in ("spans-g++", "spans-libc++"):
        for program in compiled(name):
            check(program, CONTAINERS["spans"])


run(each_library, spans)
