# SPDX-License-Identifier: Apache-2.0
"""Functions of assembler files whose symbols have no type are functions; where they may be data, no probe is put."""

import platform

from utrail import Target, Trace, contains, plain, run, same, sample, skip

ROUNDS = 5


def need_target():
    if platform.machine() != "x86_64":
        skip("the target is made for x86-64")


def calls_are_seen():
    need_target()
    target = Target("untyped", "-w", ROUNDS)
    trace = Trace("-e", "untyped:add_three", "-e", "untyped:jump_away", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    trace.check_nothing_lost()
    for name in "add_three", "jump_away":
        same(len(trace.calls(name)), target.counts[name], f"calls of {name}")
    same([call.get("ret") for call in trace.calls("add_three")], [hex(i + 3) for i in range(ROUNDS)], "results of add_three")


def they_are_listed():
    need_target()
    listed = plain(["list", sample("untyped")]).stdout
    for name in "add_three", "jump_away":
        contains(listed, f"untyped:{name}")
    same("inside" in listed, False, "a local label is listed")


def data_is_not_probed():
    need_target()
    told = plain(["explain", "-e", "untyped:table", "--", sample("untyped")])
    contains(told.stderr, "its symbol has no type, and it may be data")


run(calls_are_seen, they_are_listed, data_is_not_probed)
