# SPDX-License-Identifier: Apache-2.0
"""Strings, containers and pointers of the C++ standard libraries: as the program prints them."""

from typed import CONTAINERS, check, compiled
from utrail import run, same, trace_target

FUNCTIONS = CONTAINERS["containers"]


def each_library():
    for name in ("containers-g++", "containers-g++-old", "containers-clang++", "containers-libc++"):
        for program in compiled(name):
            check(program, FUNCTIONS)


def spans():
    for name in ("spans-g++", "spans-libc++"):
        for program in compiled(name):
            check(program, CONTAINERS["spans"])


def adapters():
    for name in ("adapters-g++", "adapters-clang++", "adapters-libc++"):
        for program in compiled(name):
            check(program, CONTAINERS["adapters"])


def by_value_or_address():
    """Of what a class is made says how it is passed, also where each is in a unit of its own."""
    for name in ("passed-g++", "passed-g++-strict", "passed-clang++", *(f"passed-{one}-units{n}" for one in ("g++", "clang++") for n in (4, 5))):
        for program in compiled(name):
            check(program, CONTAINERS["passed"])


def in_type_units():
    for kind in ("containers", "nested", "deep"):
        for name in (f"{kind}-g++-units4", f"{kind}-g++-units5"):
            for program in compiled(name):
                check(program, CONTAINERS[kind])


def without_arguments_in_names():
    for kind in ("containers", "nested", "deep"):
        for name in (f"{kind}-clang++-simple", f"{kind}-libc++-simple"):
            for program in compiled(name):
                check(program, CONTAINERS[kind])


def asked():
    """As what they are in all but name."""
    program = "adapters-g++-2"
    for spec, wanted in (
        ('paths if file ~ "/etc/*"', 1),
        ('paths if file ~ "/usr/*"', 0),
        ("paths if file.size() == 11", 1),
        ("adapted if stack.size() == 3", 1),
        ("adapted if queue.size() == 0 && heap.size() < 1", 1),
    ):
        _, trace = trace_target(program, [], [f"{program}:{spec}"])
        same(len(trace.calls(spec.split()[0])), wanted, spec)
    program = "containers-g++-2"
    for spec, wanted in (("atomics if number == 42 && all->users == 3", 1), ("atomics if number > 42", 0)):
        _, trace = trace_target(program, [], [f"{program}:{spec}"])
        same(len(trace.calls("atomics")), wanted, spec)


run(each_library, spans, adapters, by_value_or_address, in_type_units, without_arguments_in_names, asked)
