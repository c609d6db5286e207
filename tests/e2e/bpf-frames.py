# SPDX-License-Identifier: Apache-2.0
"""No frame of a uprobe program is so large that the kernel moves it to a stack per CPU.

That stack is shared by all tasks of a CPU, and our programs are preempted: see uprobe/uprobe.bpf.c.
The sizes are the verifier's own ("stack depth A+B+C" of its statistics).
"""

import platform

from utrail import *

PROGRAMS = ["multi_hit", "multi_return", "single_hit"]
PRIVATE_STACK = 64  # BPF_PRIV_STACK_MIN_SIZE of kernel/bpf/verifier.c
ALIGNMENT = 16  # round_up_stack_depth() there, with a JIT


def frames(*settings):
    """{program: [bytes of each of its functions]}"""
    words = [word for setting in settings for word in ("-s", setting)]
    helper, programs = build_dir() / "tests/vm/load_all", build_dir() / "cli/tracer.linked.o"
    process = Process([helper, *words, programs, *PROGRAMS])
    same(process.wait(), 0, process.report("ended with"))
    rows = [line.split(maxsplit=4) for line in process.stdout.splitlines()]
    refused = [" ".join(row) for row in rows if row[2] != "ok"]
    if any("sleepable" in line for line in refused):
        skip("this kernel has no sleepable uprobes")
    same(refused, [], "refused programs")
    return {row[1]: [int(size) for size in row[4].split("+")] for row in rows}


def too_large(sizes):
    return [size for size in sizes if -(-size // ALIGNMENT) * ALIGNMENT >= PRIVATE_STACK]


def check(*settings):
    need_root()
    if platform.machine() != "x86_64":
        skip("the limit is that of the x86-64 JIT")
    found = frames(*settings)
    same(sorted(found), PROGRAMS, "programs")
    for name, sizes in found.items():
        same(too_large(sizes), [], f"frames of {name} that take {PRIVATE_STACK} bytes or more, of {sizes}")


def the_limit_itself():
    same(too_large([0, 8, 47, 48, 49, 63, 64, 104]), [49, 63, 64, 104], "frames that are too large")


def all_processes():
    check("keep_entries=0")


def one_process():
    check("keep_entries=1", "filter_by_process=1", "follow_forks=1")


def elements_of_arrays():
    check("keep_entries=1", "filter_by_process=1", "fetch_codes=0xffffffff")


def few_kinds_of_arguments():
    check("keep_entries=1", "filter_by_process=1", "fetch_codes=0x600")
    check("keep_entries=1", "filter_by_process=1", "fetch_codes=0x600", "has_return_sites=0", "hit_is_return=0")


def paths_of_descriptors():
    check("keep_entries=1", "filter_by_process=1", "reads_files=1")


def waiting_and_measured():
    check("keep_entries=1", "filter_by_process=1", "lossless=1", "measure_cost=1")


def sockets():
    check("keep_entries=1", "filter_by_process=1", "reads_files=1", "reads_sockets=1")


def words_kept():
    check("keep_entries=1", "filter_by_process=1", "keeps_words=1")
    check("keep_entries=1", "filter_by_process=1", "keeps_words=1", "has_filters=1", "has_rates=1", "lossless=1")


def counted():
    check("keep_entries=0", "filter_by_process=1", "summing=1")
    check("keep_entries=0", "filter_by_process=1", "summing=1", "tell_where=1", "has_filters=1", "has_rates=1")


def conditions_and_rates():
    check("keep_entries=1", "filter_by_process=1", "reads_files=1", "has_filters=1", "has_rates=1")


run(
    the_limit_itself,
    all_processes,
    one_process,
    elements_of_arrays,
    few_kinds_of_arguments,
    paths_of_descriptors,
    waiting_and_measured,
    sockets,
    conditions_and_rates,
    words_kept,
    counted,
)
