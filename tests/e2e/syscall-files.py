# SPDX-License-Identifier: Apache-2.0
"""-y: each descriptor is shown with the file that it was in that call, never with what its number stood
for later. The target tells which one it was (tests/e2e/targets/descriptors.c). A path may be missing
in front (".../") or as a whole, and is counted; a wrong one is a failure."""

import re

from utrail import *

AT_FDCWD = -100
ROUNDS = 3000


def directory(name):
    path = scratch() / name
    path.mkdir()
    return path


def pairs(value):
    """The descriptors of a value: [(number, path, is it cut)]"""
    if isinstance(value, list):
        return [pair for element in value for pair in pairs(element)]
    if isinstance(value, dict) and "fd" in value:
        number = AT_FDCWD if value["fd"] == "AT_FDCWD" else value["fd"]
        return [(number, value.get("path"), value.get("truncated", False))]
    return [(AT_FDCWD if value == "AT_FDCWD" else value, None, False)]


def listed(value):
    """The same of all that is in a structure, an array, a set: before the call changed it."""
    if isinstance(value, list):
        return [pair for element in value for pair in listed(element)]
    if not isinstance(value, dict):
        return []
    if "path" in value or "events" in value:
        return pairs(value if "path" in value else value["fd"])
    return [pair for key, part in value.items() if key != "after" for pair in listed(part)]


# Which arguments are descriptors, and whether the result is one.
TAKES = {"openat": ["dfd"], "read": ["fd"], "close": ["fd"], "dup3": ["oldfd", "newfd"], "pipe2": ["fildes"],
         "socketpair": ["usockvec"], "uses": ["arg1"], "mark": ["arg1"]}
GIVES = ["openat", "dup3", "uses", "socket", "epoll_create1", "eventfd2", "memfd_create", "pidfd_open"]


# Arguments that have descriptors in them.
HAS = {"ppoll": ["ufds"], "pselect6": ["inp", "outp", "exp"], "sendmsg": ["msg"], "recvmsg": ["msg"]}


def shown(event):
    if event["name"] in HAS:
        return [pair for name in HAS[event["name"]] for pair in listed(event["args"][name])]
    found = [pair for name in TAKES.get(event["name"], []) for pair in pairs(event["args"][name])]
    if event["name"] in GIVES:
        found += pairs(event["ret"])
    return found


def wanted(line):
    """(thread, name, [(number, path)])"""
    thread, name, *rest = line.split("\t")
    return int(thread), name, [(int(fd), None if path == "-" else path) for fd, path in zip(rest[::2], rest[1::2])]


def is_right(path, cut, expected):
    if cut:
        return path.startswith(".../") and expected.endswith(path[3:])
    # The kernel names the kind of a namespace; the record has its number.
    return path == re.sub(r"^(net|mnt|uts):\[", "ns:[", expected)


def by_thread(events):
    threads = {}
    for event in sorted(events, key=ns):
        threads.setdefault(event["tid"], []).append(event)
    return threads


def compare(target, threads):
    """Counts of descriptors shown exactly, in part, and without a path. Fails on a wrong one."""
    counts = {"exact": 0, "part": 0, "none": 0}
    done = {}
    for line in target.expected:
        thread, name, expected = wanted(line)
        place = done[thread] = done.get(thread, -1) + 1
        events = threads.get(thread, [])
        ensure(place < len(events), f"no event for {line!r}")
        event = events[place]
        same(event["name"], name, f"name of event {place}")
        found = shown(event)
        same([fd for fd, _, _ in found], [fd for fd, _ in expected], f"descriptors of {describe(event)}")
        for (_, path, cut), (_, truth) in zip(found, expected):
            ensure(truth or path is None, f"{describe(event)}: {path!r} is shown for nothing")
            if truth is None:
                continue
            ensure(path is None or is_right(path, cut, truth), f"{describe(event)}: {path!r} is wrong: {truth!r}")
            counts["none" if path is None else "part" if cut else "exact"] += 1
    for thread, events in threads.items():
        same(len(events), done.get(thread, -1) + 1, f"events of thread {thread}")
    return counts


CALLS = ["openat", "read", "close", "dup3", "pipe2", "socket", "socketpair", "epoll_create1", "eventfd2",
         "memfd_create", "pidfd_open"]
FUNCTIONS = ["-e", "descriptors:uses(fd) -> fd", "-e", "usdt:descriptors:mark(fd)"]


def traced(name, *arguments, calls, specs=()):
    target = Target("descriptors", "-w", *[str(a) for a in arguments], cwd=directory(name))
    words = [word for call in calls for word in ("-e", f"syscall:{call}")]
    trace = Trace("-y", *words, *specs, pid=target.pid)
    target.release()
    target.finish()
    trace.finish().check_nothing_lost()
    return target, trace


def reuse(threads):
    """The same numbers stand for another file every few microseconds."""
    specs = ["-e", "descriptors:uses(fd) -> fd", "-e", "usdt:descriptors:mark(fd)"]
    rounds = ROUNDS // threads
    target, trace = traced(f"reuse{threads}", "reuse", rounds, threads, calls=["openat", "read", "close"], specs=specs)
    counts = compare(target, by_thread(e for e in trace.events if e["tid"] != target.pid))
    same(counts, {"exact": 7 * rounds * threads, "part": 0, "none": 0}, "descriptors")


def one_thread():
    reuse(1)


def many_threads():
    """One table of descriptors, which others change at the same time."""
    reuse(3)


def kinds():
    target, trace = traced("kinds", "kinds", calls=[*CALLS, "getpgid", "getsid"])
    events = sorted((e for e in trace.events if e["tid"] == target.pid), key=ns)
    names = [event["name"] for event in events]
    events = events[names.index("getpgid") + 1 : names.index("getsid")]
    # Read again at the return, or this test would prove nothing.
    same(events[0]["args"]["filename"], "fifo", "the name that was not in memory")
    counts = compare(target, by_thread(events))
    ensure(counts["exact"] > 80, f"only {counts}")
    # The directory forty levels down, and the file in it.
    same((counts["part"], counts["none"]), (7, 0), "descriptors in part, and without path")


def lists():
    """Arrays of poll(), sets of select(), control messages."""
    target, trace = traced("lists", "lists", calls=list(HAS))
    counts = compare(target, by_thread(e for e in trace.events if e["tid"] == target.pid))
    same(counts, {"exact": 14, "part": 0, "none": 0}, "descriptors")


def renamed_above():
    """While a directory above is renamed, the path is one of the two, or none. On a busy machine it may not be renamed."""
    for attempt in range(5):
        right, found, reads = paths_while_renaming(f"rename{attempt}")
        if all(found[path] for path in right):
            break
    ensure(all(found[path] for path in right), f"only one of the two: {found}")
    ensure(found[None] < reads / 5, f"{found[None]} of {reads} without a path")


def paths_while_renaming(name):
    target, trace = traced(name, "rename", ROUNDS, calls=["read"])
    right = only(target.expected, "expected paths").split("\t")
    found = {path: 0 for path in [*right, None]}
    for event in trace.syscalls("read"):
        (number, path, cut), = shown(event)
        if number == 0:
            continue
        ensure(path in found and not cut, f"{path!r} is neither of {right!r}")
        found[path] += 1
    reads = target.counts["reads"]
    same(sum(found.values()), reads, "reads")
    return right, found, reads


run(one_thread, many_threads, kinds, lists, renamed_above)
