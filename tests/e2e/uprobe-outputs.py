# SPDX-License-Identifier: Apache-2.0
"""What a call fills in is shown as it is when the call returns: by words, and by what is known of the libraries."""

import sys

from typed import check, compiled
from utrail import Trace, contains, ensure, matches, plain, run, same, sample, scratch, trace_target

FUNCTIONS = [
    "take(int, buf:ret, long) -> long",
    "fill(buf:arg2, size_t, char) -> int",
    "sixth(int, buf:arg6) -> void",
    "seventh(int, buf:arg7) -> void",
    "last(int, int, int, int, int, int, buf:arg8, short) -> void",
    "name_it(out str, int) -> void",
    "count_up(out int *) -> short",
    "wipe(const buf:arg2, size_t) -> void",
    "tail_of(size_t) -> buf:arg1",
    "wild(str) -> int",
]
# Calls around others keep something only up to here: WORD_SPANS_MAX in stream/state.bpf.h.
KEPT_DEPTH = 128


def each_compiler():
    for name in ("outputs-gcc", "outputs-clang"):
        for program in compiled(name):
            check(program, FUNCTIONS)


def conditions():
    """At the entry it is a pointer: nobody can ask what it will lead to."""
    _target, trace = trace_target("outputs-gcc-0", [], ["outputs-gcc-0:take(int, buf:ret, long) -> long if arg3 > 6"])
    same([c["args"]["arg3"] for c in trace.calls("take")], [64, 64, 64], "calls that the condition lets through")
    said = plain(["-e", 'outputs-gcc-0:take(int, buf:ret, long) if arg2 ~ "abc*"', "--", sample("outputs-gcc-0")])
    same(said.status, 2, f"status, with {said.stderr}")
    contains(said.stderr, "arg2")


def limits():
    _target, trace = trace_target("outputs-gcc-0", [], ["outputs-gcc-0:take(int, buf:ret, long) -> long"], "-s", "4")
    first = trace.calls("take")[0]["args"]["arg2"]
    same(first, {"str": "fghi", "truncated": True}, "with -s 4")


def recursion():
    """Two hundred open calls, each with a buffer of its own."""
    _target, trace = trace_target("outputs-gcc-2", [199], ["outputs-gcc-2:nested(out str, int) -> int"])
    trace.check_nothing_lost()
    calls = trace.calls("nested")
    same(len(calls), 200, "calls of nested")
    for call in calls:
        shown = call["args"]["arg1"]
        if call["depth"] < KEPT_DEPTH or call["depth"] == 199:  # nothing was called there
            same(shown, str(call["ret"]), f"at depth {call['depth']}")
        else:
            ensure("unavailable" in shown, f"at depth {call['depth']}: {shown}")


def entry_alone():
    """Without a return there is nothing to wait for: a pointer."""
    _target, trace = trace_target("outputs-gcc-0", [], ["uprobe:outputs-gcc-0:fill(buf:arg2, size_t)"])
    first = trace.of("probe")[0]["args"]
    matches(str(first["arg1"]), "^0x[0-9a-f]+$", "the buffer at the entry")


SCRIPT = """
import os, socket, sys
read, write = os.pipe()
os.write(write, b"through the pipe")
print(os.read(read, 100), file=sys.stderr)
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
there, _ = server.accept()
client.send(b"over the net")
print(there.recv(100), file=sys.stderr)
print(there.getpeername()[1], file=sys.stderr)
try:
    os.read(write, 10)
except OSError:
    pass
"""


def libraries():
    script = scratch() / "io.py"
    script.write_text(SCRIPT)
    words = [w for name in ("read", "recv", "getpeername") for w in ("-e", f"libc:{name}")]
    trace = Trace(*words, command=[sys.executable, script], json=False, wait=False)
    trace.finish(stop=False)
    text = trace.text
    matches(text, r'libc:read\(fd=\d+, buf="through the pipe", count=100\) = 16 ')
    matches(text, r'libc:recv\(sockfd=\d+, buf="over the net", len=100, flags=0x0\) = 12 ')
    matches(text, r"libc:read\(fd=\d+, buf=<call failed>, count=10\) = -1 ")
    matches(text, r"libc:getpeername\(sockfd=\d+, addr=\{AF_INET, 127\.0\.0\.1:\d+\}, addrlen=0x[0-9a-f]+\) = 0 ")


run(each_compiler, conditions, limits, recursion, entry_alone, libraries)
