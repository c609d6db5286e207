# SPDX-License-Identifier: Apache-2.0
"""Both strace and utrail watch the same run of a program: comparing what they say of each call.

utrail traces strace, which traces the program: what both see of it are the very same calls, with the
same numbers, addresses and results. Per thread, the calls must be the same in the same order, with
the same results; and each argument must be the same text, once strings are bytes. What may differ is
listed in ALLOWED (strace.py), by call and argument, with the reason; a difference that is not there
fails, and so does a line there that no program needs.
"""

import inspect
import itertools
import os
import re

from strace import ALLOWED, canonical, parse_line, same_argument
from utrail import Trace, ensure, fail, need_program, same, scratch, skip

STRINGS = "4096"
# Set to look at all differences of all programs, instead of failing at the first.
SURVEY = os.environ.get("STRACE_SURVEY")
USED = set()
DONE = set()
COUNTS = {"calls": 0, "arguments": 0, "allowed": 0}


def need(*names):
    packages = {"sh": "dash", "ls": "coreutils", "cp": "coreutils", "touch": "coreutils", "stat": "coreutils"}
    for name in names:
        need_program(name, packages.get(name, name))


def watch(name, command, options=(), cwd=None, env=None):
    """({tid: calls} by strace, the same by utrail) of one run. `options`: for both."""
    need("strace")
    prefix = scratch() / f"{name}.strace"
    strace = ["strace", "-ff", "-qq", "-e", "signal=none", "-s", STRINGS, *options, "-o", prefix, *command]
    trace = Trace("-f", "-s", STRINGS, *options, "--ring-size", "256M", "-e", "syscall:*", command=strace, json=False,
                  wait=False, cwd=cwd, env=env)
    trace.finish(stop=False, timeout=150)
    trace.check_nothing_lost()
    wanted = {}
    for path in sorted(scratch().glob(f"{name}.strace.*")):
        lines = path.read_text(errors="surrogateescape").splitlines()
        calls = [c for c in map(parse_line, lines) if c]
        calls[-1].is_last = True
        wanted[int(path.suffix[1:])] = calls
    ensure(any(wanted.values()), "strace saw nothing")
    return wanted, calls_by_thread(trace.text, wanted)


def calls_by_thread(text, tids):
    """utrail's lines of these threads. A call that took long has two, which are put together."""
    got, begun = {tid: [] for tid in tids}, {}
    for line in text.splitlines():
        found = re.match(r"\S.*?\[\d+/(\d+)\] [\d:.]+ (\w+\(.*|<\.\.\. \w+ resumed>.*)$", line)
        if not found or int(found[1]) not in got:
            continue
        tid, words = int(found[1]), found[2]
        if words.endswith("<unfinished ...>"):
            begun[tid] = words.removesuffix("<unfinished ...>").removesuffix(" ")
            continue
        if words.startswith("<... "):
            rest = words.partition("resumed>")[2]
            late = re.match(r" /\* \w+=(.*?) \*/", rest)  # what was not in memory at first
            words = begun.pop(tid).replace("<not resident>", late[1] if late else "<not resident>", 1) + rest
        # A line without a duration is of task life, or of a call that does not return, or in which its thread was killed.
        if re.search(r" <[\d.]+>$|^exit|\) = \?$", words):
            got[tid].append(parse_line(re.sub(r" <[\d.]+>$", "", words)))
    return got


def compare(name, command, **options):
    wanted, got = watch(name, command, **options)
    differences = []
    for tid in wanted:
        # strace's own child makes some calls before it becomes the program.
        first = next((i for i, c in enumerate(got[tid]) if c.name == wanted[tid][0].name), 0)
        mine = got[tid][first:]
        check_order(f"{name}: thread {tid}", wanted[tid], mine)
        for theirs, ours in zip(wanted[tid], mine):
            differences += compare_call(theirs, ours)
    DONE.add(inspect.stack()[1].function)
    if differences and SURVEY:
        print(f"{name}: {len(differences)} differences\n" + "\n".join(differences))
    elif differences:
        unique = list(dict.fromkeys(differences))
        fail(f"{name}: {len(differences)} differences:\n" + "\n".join(unique[:40]))


def check_order(what, wanted, got):
    for theirs, ours in itertools.zip_longest(wanted, got):
        if not theirs or not ours or theirs.name != ours.name:
            (print if SURVEY else fail)(f"{what}: strace has {len(wanted)} calls, utrail {len(got)}; first\n"
                 f"    strace  {theirs}\n    utrail  {ours}")


def same_result(theirs, ours):
    if theirs.result == "?":  # exit_group; or it died in the call, and strace did not see it return
        return ours.result is None or theirs.is_last
    flags = re.fullmatch(r"\(flags (.*)\)", theirs.comment)
    if theirs.name == "fcntl" and flags:
        return canonical(ours.result) == flags[1]  # the number is theirs, the names are ours
    if theirs.name == "personality":  # theirs in hexadecimal
        return int(theirs.result, 0) == int(ours.result, 0)
    return canonical(theirs.result) == canonical(ours.result)


def poll_as_strace(theirs, ours):
    """What poll found is inside of utrail's argument, and behind strace's result."""
    found = re.findall(r"\{fd=(-?\d+(?:<.*?>)?), events=([^,]*), revents=([^}]*)\}", ours.arguments[0])
    if len(found) == ours.arguments[0].count("{"):
        ours.arguments[0] = "[" + ", ".join(f"{{fd={fd}, events={events}}}" for fd, events, _ in found) + "]"
    told = re.search(r"\((\[\{.*\}\])", theirs.comment)
    # strace tells there what they are by their numbers alone.
    found = [(fd.partition("<")[0], revents) for fd, _, revents in found if revents != "0"]
    wanted = "[" + ", ".join(f"{{fd={fd}, revents={revents}}}" for fd, revents in found) + "]"
    if told and theirs.result.isdigit():
        same(wanted, told[1], f"events of {ours}")


NAMES_BEHIND = {
    "select": ("", "in", "out", "except", "left"),
    "pselect6": ("", "in", "out", "except", "left"),
    "ppoll": ("", "", "left"),
    "recvmmsg": ("", "", "", "", "left"),
}


def select_as_strace(theirs, ours):
    """Sets and times that the call changed are behind strace's result, and behind utrail's arrows."""
    told = dict(re.findall(r"(in|out|except|left) (\[.*?\]|\{.*?\})", theirs.comment))
    names = NAMES_BEHIND[theirs.name]
    for place, name in enumerate(names[: len(ours.arguments)]):
        before, arrow, after = ours.arguments[place].partition(" => ")
        if not name or before == "NULL":
            continue
        ours.arguments[place] = before
        # strace tells of the sets in which something is left; "(Timeout)" is: in none.
        wanted = told.get(name, "[]" if name != "left" else None)
        if ours.result.isdigit() and wanted is not None:
            got = re.sub(r"(\d+)<.*?>(?=[ \]])", r"\1", after if arrow else before)  # as strace, by numbers alone
            same(got, wanted, f"{name} of {ours}")


def clone_as_kernel(theirs):
    """strace names what of it counts; utrail shows what was passed, in the kernel's order."""
    named = dict(argument.split("=", 1) for argument in theirs.arguments)
    order = ("flags", "child_stack", "parent_tid", "child_tidptr", "tls")
    theirs.arguments = [named.get(name, "NULL") for name in order]


def is_start_of_messages(theirs, wanted, got):
    """Of what a netlink socket was sent utrail reads 4096 bytes; the rest of its messages is "..."."""
    shown, dots, _ = got.partition(", ...")
    return "nlmsg_len=" in got and dots and theirs.result.isdigit() and int(theirs.result) > 4096 and wanted.startswith(shown)


def without_families(text):
    """Settings of a device by family, which utrail shows as bytes: their names are of a kernel, and there are hundreds."""
    while True:
        found = re.search(r"nla_type=(?:NLA_F_NESTED\|)?IFLA_AF_SPEC\}, (?!settings)", text)
        if not found:
            return text
        depth, at = 0, found.end()
        while depth or text[at] != "]":
            depth += (text[at] in "[{") - (text[at] in "]}")
            at += 1
        text = text[: found.end()] + "settings" + text[at:]


def compare_call(theirs, ours):
    """Lines that tell what differs and must not."""
    COUNTS["calls"] += 1
    both = f"\n    strace  {theirs}\n    utrail  {ours}"
    if not same_result(theirs, ours):
        return [f"{theirs.name}: result{both}"]
    if theirs.name in ("poll", "ppoll"):
        poll_as_strace(theirs, ours)
    if theirs.name in NAMES_BEHIND:
        select_as_strace(theirs, ours)
    if theirs.name == "clone":
        clone_as_kernel(theirs)
    if theirs.name == "clone3":
        ours.arguments[0] = re.sub(r"\bstack_size=(\d+)", lambda m: f"stack_size={int(m[1]):#x}", ours.arguments[0])
    if len(theirs.arguments) != len(ours.arguments):
        return [f"{theirs.name}: number of arguments{both}"]
    out = []
    for place, (wanted, got) in enumerate(zip(theirs.arguments, ours.arguments)):
        COUNTS["arguments"] += 1
        wanted, got = without_families(wanted), without_families(got)
        if wanted == got:
            continue
        if is_start_of_messages(theirs, wanted, got):
            COUNTS["allowed"] += 1
            continue
        rule = same_argument(theirs, place, wanted, got)
        if rule is None:
            out.append(f"{theirs.name}: argument {place + 1}: {wanted!r} != {got!r}{both}")
        else:
            USED.add(rule)
            COUNTS["allowed"] += 1
    return out


def allowances_are_needed(where, programs):
    """Fails on a rule for the programs of this test ("quick", "long") that none of them needs."""
    if len(DONE) < len(programs):
        skip("not all programs were there to need them")
    unused = [rule for rule in ALLOWED if rule not in USED and rule.where == where]
    ensure(not unused, "no program needs: " + "; ".join(f"{r.call} {r.why}" for r in unused))
    print("{calls} calls, {arguments} arguments, {allowed} of them differ as allowed".format(**COUNTS))
