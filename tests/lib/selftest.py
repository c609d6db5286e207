# SPDX-License-Identifier: Apache-2.0
"""The helpers themselves: what must be refused is refused, what must be found is found."""

import json
import os
import sys

from expected import Expected, nodes_of, text_nodes, unescape
from jsonlines import Invalid, parse
from utrail import Failure, Process, check_nesting, ensure, run, same

CALL = {
    "type": "call", "time_ns": "100", "dur_ns": "50", "pid": 1, "tid": 1, "module": "m", "name": "f",
    "depth": 0, "args": {"n": 7, "s": "seven"}, "ret": "GREEN",
}  # fmt: skip
SYSCALL = {
    "type": "syscall", "time_ns": "110", "dur_ns": "5", "pid": 1, "tid": 1, "name": "openat",
    "depth": 1, "args": {"dfd": "AT_FDCWD", "filename": "/x", "flags": "O_RDONLY"}, "ret": -1,
    "errno": "ENOENT",
}  # fmt: skip
USDT = {
    "type": "usdt", "time_ns": "120", "pid": 1, "tid": 1, "module": "m", "provider": "p", "name": "u",
    "depth": 1, "args": {"arg1": "18446744073709551615", "arg2": {"b64": "/w=="}, "arg3": None},
}  # fmt: skip
LINES = [
    'm:f(n=7, s="seven")',
    '|  openat(AT_FDCWD, "/x", O_RDONLY) = -1 ENOENT',
    '|  p:u(18446744073709551615, "\\xff", NULL)',
    "m:f = GREEN",
]


def invalid(data, part):
    try:
        parse(data)
    except Invalid as error:
        ensure(part in str(error), f"{data!r}: {error} does not say {part!r}")
        return
    raise Failure(f"{data!r} was accepted")


def strict_json():
    same(len(parse(b'{"type":"header"}\n{"type":"summary","n":9007199254740992}\n')), 2, "records")
    invalid(b"", "nothing")
    invalid(b'{"type":"call"}', "does not end")
    invalid(b'{"type":"call"}\n\n', "empty")
    invalid(b'{"type":"call","a":1,"a":2}\n', "twice")
    invalid(b'{"type":"call","a":{"b":1,"b":1}}\n', "twice")
    invalid(b'{"type":"call","a":NaN}\n', "not JSON")
    invalid(b'{"type":"call","a":-Infinity}\n', "not JSON")
    invalid(b'{"type":"call","a":"\xff"}\n', "utf-8")
    invalid(b'{"type":"call","a":"\xed\xa0\x80"}\n', "utf-8")
    invalid(b'{"type":"call","a":"\\ud800"}\n', "surrogates")
    invalid(b'{"type":"call","a":"\x1b"}\n', "control character")
    invalid(b'{"type":"call","a":9007199254740993}\n', "2^53")
    invalid(b'{"type":"nonsense"}\n', "known type")
    invalid(b"[1]\n", "known type")
    invalid(b'{"type":"call"} x\n', "Extra data")


def difference(events, lines=LINES):
    return Expected(lines).difference(nodes_of(events))


def changed(event, **members):
    return {**event, **members}


def equal_traces():
    same(difference([USDT, CALL, SYSCALL]), None, "difference of equal traces")


def unequal_traces():
    wrong = {
        "argument": changed(CALL, args={"n": 8, "s": "seven"}),
        "argument name": changed(CALL, args={"m": 7, "s": "seven"}),
        "more arguments": changed(CALL, args={"n": 7, "s": "seven", "t": 1}),
        "text": changed(CALL, args={"n": 7, "s": "Seven"}),
        "number as text": changed(CALL, args={"n": "7", "s": "seven"}),
        "cut text": changed(CALL, args={"n": 7, "s": {"str": "seven", "truncated": True}}),
        "unavailable": changed(CALL, args={"n": {"unavailable": "in xmm0"}, "s": "seven"}),
        "result": changed(CALL, ret="BLUE"),
        "no result": {k: v for k, v in CALL.items() if k != "ret"},
        "module": changed(CALL, module="other"),
        "depth": changed(CALL, depth=1),
    }
    for what, event in wrong.items():
        ensure(difference([event, SYSCALL, USDT]), f"a wrong {what} was not seen")
    ensure(difference([CALL, USDT]), "a missing event was not seen")
    ensure(difference([CALL, SYSCALL, USDT, changed(USDT, time_ns="130")]), "an extra event was not seen")
    ensure(difference([CALL, changed(SYSCALL, errno="EPERM"), USDT]), "a wrong errno was not seen")
    ensure(difference([CALL, changed(SYSCALL, time_ns="125"), USDT]), "a wrong order was not seen")
    ensure(difference([]), "an empty trace was not seen")
    bytes_differ = changed(USDT, args={**USDT["args"], "arg2": {"b64": "/g=="}})
    ensure(difference([CALL, SYSCALL, bytes_differ]), "wrong bytes were not seen")


def inside_others():
    expected = Expected(["p:u(*, *, *)"])
    at_top = changed(USDT, depth=0)
    same(expected.find_in(nodes_of([changed(CALL, depth=0), at_top])), None, "find")
    ensure(expected.find_in(nodes_of([CALL])), "what is not there was found")


def values():
    same(unescape(r"a\n\x1b\0\377\"\\\e"), b'a\n\x1b\0\xff"\\\x1b', "escapes")
    event = changed(
        CALL,
        args={"req": {"method": "GET", "path": "/index"}, "c": "x", "p": "0x10", "b": True, "d": 1.5},
    )
    line = "m:f(req={method=GET, path=\"/index\"}, c='x', p=0x10, b=true, d=1.5) = GREEN"
    same(difference([event], [line]), None, "structures")
    ensure(difference([event], [line.replace("GET", "PUT")]), "a wrong member was not seen")
    ensure(difference([event], [line.replace("0x10", "0x11")]), "a wrong address was not seen")
    ensure(difference([event], [line.replace("true", "false")]), "a wrong bool was not seen")


def text_output():
    prefix = "[1/2] 12:00:01.000123 "
    text = "\n".join(prefix + line for line in LINES) + " <0.000417>\n"
    nodes = text_nodes(text)[2]
    same(Expected(LINES).difference(nodes), None, "difference of equal texts")
    other = text_nodes(text.replace("seven", "eleven"))[2]
    ensure(Expected(LINES).difference(other), "a wrong text was not seen")
    fd = text_nodes(prefix + 'write(9</tcp 10.0.0.2:80>, "HTTP/1.1"..., 5230) = 5230 <0.000044>\n')[2]
    same(Expected(['write(9, "HTTP/1.1"..., 5230) = 5230']).difference(fd), None, "descriptor with path")


def nesting():
    check_nesting([CALL, SYSCALL, USDT])
    for what, event in {
        "late": changed(SYSCALL, time_ns="149"),
        "deep": changed(SYSCALL, depth=2),
    }.items():
        try:
            check_nesting([CALL, event])
        except Failure:
            continue
        raise Failure(f"nesting that is too {what} was accepted")


def processes():
    slow = Process([sys.executable, "-c", "print('ready', flush=True); import time; time.sleep(60)"])
    slow.wait_for("^ready$")
    try:
        slow.wait(timeout=0.2)
    except Failure:
        slow.process.kill()
        return
    raise Failure("a wait without an end was not ended")


def run_reports():
    """run() itself: a failure is 1, a skip is 77, success is 0."""
    library = os.path.dirname(os.path.abspath(__file__))
    for body, status in {"pass": 0, "fail('no')": 1, "skip('no')": 77, "1 / 0": 1}.items():
        code = f"import sys; sys.path.insert(0, {json.dumps(library)})\nfrom utrail import *\ndef t(): {body}\nrun(t)"
        process = Process([sys.executable, "-c", code])
        same(process.wait(), status, f"status of a test that does {body!r}")


run(
    strict_json,
    equal_traces,
    unequal_traces,
    inside_others,
    values,
    text_output,
    nesting,
    processes,
    run_reports,
)
