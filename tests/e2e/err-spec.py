# SPDX-License-Identifier: Apache-2.0
"""Bad specs: the text as typed, a caret under the place, what is wrong, exit status 2."""

import re

from utrail import check_error, ensure, plain, run, sample

# Each with a piece of the text at which, or right after which, the caret must point.
BAD = {
    "call:f(int": "(int",
    "f(nonsense_type)": "nonsense_type",
    "f(int) -> ": "-> ",
    "f(int,,int)": ",,",
    "f(str:arg)": "arg",
    "f(buf:)": "buf:",
    "syscall:": "syscall:",
    "call:": "call:",
    "/unclosed": "/unclosed",
    "count:f+0xzz": "0xzz",
    "count:f+": "+",
    "[ab": "[",
    "nokind:a:b:c:d:e": "nokind",
    "@file.c:": "file.c:",
    "0xqq": "0xqq",
    "f if ": "if",
}


def parse(spec, *more):
    return plain(["-e", spec, *more, "--", "true"])


def carets():
    for spec, place in BAD.items():
        process = parse(spec)
        text = check_error(process, 2)
        lines = text.splitlines()
        carets = [i for i, line in enumerate(lines) if re.fullmatch(r"\s*\^~*", line)]
        ensure(len(carets) == 1 and carets[0] > 0, process.report("has no line with a caret"))
        above, caret = lines[carets[0] - 1], lines[carets[0]].index("^")
        ensure(spec.rstrip() in above, process.report("does not show the spec above the caret"))
        start = above.index(spec.rstrip()) + spec.index(place)
        ensure(
            start <= caret <= start + len(place),
            process.report(f"the caret is at column {caret}, not within {start} to {start + len(place)}"),
        )


def empty():
    for spec in ("", " ", ",", "count:f,,count:f"):
        check_error(parse(spec), 2)


def conditions():
    """The grammar is checked before anything is looked for; the names where they are known."""
    path = sample("count")
    for spec, what, hint in (
        ("count:f if n >", "ends too early", "0x1f"),
        ("count:f if n ~ 3", "takes a pattern", "abc"),
        ("exec:* if pid >", "ends too early", "0x1f"),
        (f"{path}:f if m > 3", "f has no 'm'", "'n'"),
        (f'{path}:f if n ~ "x*"', "'n' is no text", "str"),
        (f"{path}:f if n > 3 && n->x == 1", "has no members", "int"),
        (f"{path}:f if n > 3ms", "'n' is no time", "leave the unit away"),
        (f"{path}:f if text > 3", "'text' is an address", "hex, or NULL"),
        (f"uprobe:{path}:f if ret == 1", "'ret' .* one place, not a call", "leave it out"),
        ("syscall:openat if flgs & O_CREAT", "openat has no 'flgs'", "'flags'"),
        ("syscall:exit_group if ret == 1", "it never returns", "leave it out"),
        ("syscall:openat if flags & O_CREATE", "'O_CREATE' is no number", "O_CREAT"),
        ("syscall:r[e]ad if filename ~ \"x\"", "no system call has what the condition names", "list"),
    ):
        text = check_error(parse(spec), 2, what, hint=hint)
        ensure("^" in text or "no system call" in text, f"no caret: {text}")


def two_meanings():
    """`u:` is uprobe for bpftrace and user mode for perf: both long spellings are printed."""
    text = check_error(parse("u:count:f"), 2, "u:")
    ensure(text.count("uprobe:") + text.count("usdt:") >= 2 or "uprobe:" in text, text)


def second_spec_of_two():
    """The caret points into the right one."""
    process = parse("count:f,g(int")
    text = check_error(process, 2, r"g\(int")
    ensure("^" in text, process.report("has no caret"))


def very_long():
    check_error(parse("a" * 100_000 + "("), 2)
    check_error(parse("f(" + "int," * 20_000), 2)


def strange_bytes():
    process = parse(b"f(\x1b[31m\xff\n)")
    text = check_error(process, 2)
    ensure("\x1b" not in text, "a raw escape character in the message")


run(carets, empty, conditions, two_meanings, second_spec_of_two, very_long, strange_bytes)
