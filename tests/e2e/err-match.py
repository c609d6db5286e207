# SPDX-License-Identifier: Apache-2.0
"""Specs that match nothing: the nearest names, the reason, exit status 2."""

import subprocess

from utrail import (
    Target,
    Trace,
    check_error,
    matches,
    need_program,
    need_root,
    only,
    plain,
    run,
    same,
    sample,
    scratch,
)


def against(target, *specs):
    words = [w for spec in specs for w in ("-e", spec)]
    return plain(["-p", str(target.pid), *words])


def with_target(name, *checks):
    need_root()
    target = Target(name, "-w")
    for spec, parts, hint in checks:
        check_error(against(target, spec), 2, *parts, hint=hint)
    target.release()
    target.finish()


def functions():
    with_target(
        "nest",
        ("nest:open_inptu", ["open_inptu"], ".*open_input"),
        ("nest:outr", ["outr"], ".*outer"),
        ("nest:zzz*", [r"zzz\*"], ""),
        ("nest:/^zzz/", ["zzz"], ""),
    )


def markers():
    with_target(
        "usdt-args",
        ("usdt:demo:twelv", ["twelv"], ".*twelve"),
        ("usdt:dmo:twelve", ["dmo"], ".*demo"),
        ("usdt:usdt-args:demo:nothing_like_it", ["nothing_like_it"], ""),
    )


def no_markers_at_all():
    """The reason is that this build has none, not that the name is wrong."""
    with_target("count", ("usdt:count:demo:query", [r"(?i)no (USDT|markers|static)"], ""))


def modules():
    with_target(
        "count",
        ("libnothere:f", ["libnothere"], ""),
        ("/nonexistent/file:f", ["/nonexistent/file"], ""),
    )


def system_calls():
    with_target(
        "count",
        ("syscall:opnat", ["opnat"], ".*openat"),
        ("syscall:%fiel", ["%fiel"], ".*%file"),
        ("trace=no_such_call", ["no_such_call"], ""),
    )


def all_refused():
    """What matches cannot be probed: that is the reason, not that nothing would match."""
    need_root()
    target = Target("count", "-w")
    error = against(target, "libc:strle[n]")
    text = check_error(error, 1, r"strle\[n\]", "nothing that matches can be probed safely", "resolver")
    matches(text, r"__strlen_\w+", "the message")
    check_error(against(target, "libc:strlen"), 1, "cannot be probed safely", hint=r".*__strlen_\w+")
    target.release()
    target.finish()


def ifunc_in_a_pattern():
    target = Target("count", "-w")
    trace = Trace("-e", "libc:strl*", pid=target.pid)
    matches(trace.stderr, r"libc:strlen: not probed: .* chooses from: .*__strlen_\w+", "the note")
    trace.finish()
    target.release()
    target.finish()


def twice():
    """A function that is chosen already: once, with the types that were given last."""
    for specs, wanted in (
        (("count:f", "count:f"), {"n": 0, "text": "four"}),
        (("count:*", "count:f(hex)"), {"arg1": "0x0"}),
        (("count:f(hex)", "count:f"), {"arg1": "0x0"}),
        (("count:f", "count:f(hex) -> hex"), {"arg1": "0x0"}),
    ):
        target = Target("count", "-w", "1")
        trace = Trace("-e", specs[0], "-e", specs[1], pid=target.pid)
        target.release()
        target.finish()
        trace.finish()
        call = only(trace.calls("f"), f"calls with {specs}")
        same(call["args"], wanted, f"arguments with {specs}")
        same(call["ret"], "0x66" if "->" in specs[1] else 102, f"result with {specs}")


def one_of_two():
    """The good spec does not hide the bad one, and nothing is attached."""
    need_root()
    target = Target("count", "-w")
    check_error(against(target, "count:f", "count:g_is_not_there"), 2, "g_is_not_there")
    target.release()
    target.finish()


def stripped():
    """The name may be right: the file does not tell."""
    need_root()
    need_program("strip", "binutils")
    path = scratch() / "stripped"
    subprocess.run(["strip", "-o", path, sample("count")], check=True)
    target = Target(str(path), "-w", "5")
    check_error(against(target, "stripped:f"), 2, r"(?i)stripped|no symbol", hint="")
    target.release()
    target.finish()


def stripped_but_dynamic():
    """What a stripped file still exports can be traced."""
    need_root()
    from utrail import Trace, same

    target = Target("/bin/cat", stdin=subprocess.PIPE)
    trace = Trace("-e", "libc:write", pid=target.pid)
    target.write("x\n")
    target.wait_for("^x$")
    trace.finish()
    same(len(trace.calls("write")), 1, "calls of write in libc")
    target.finish()


run(
    functions,
    markers,
    no_markers_at_all,
    modules,
    system_calls,
    all_refused,
    ifunc_in_a_pattern,
    twice,
    one_of_two,
    stripped,
    stripped_but_dynamic,
)
