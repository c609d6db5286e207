# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes the target has: JSON is strict, lossless; text reaches no terminal unescaped."""

import base64
import re
import shutil
import unicodedata

from expected import Expected, nodes_of, text_nodes
from utrail import Target, Trace, ensure, fail, only, run, same, sample, scratch, trace_target

SPECS = ["hostile:show", "usdt:hostile:text(str, int)", "syscall:openat"]
# printf writes the bytes, so that none of them is on utrail's own command line.
BAD_EXEC = r"""bad=$(printf '\377\033[2J\nend'); exec echo "$bad" x"""
COMM = b'\x1b[2J\xff"\\\n\xe2\x80\xaex'


def compare(target, nodes):
    problem = Expected(target.expected).find_in(nodes)
    if problem:
        fail(problem)


def lossless():
    target, trace = trace_target("hostile", [], SPECS, "-s", "4096")
    trace.check_nothing_lost()
    compare(target, nodes_of(trace.events))
    for event in trace.events:
        comm = event["comm"]
        got = base64.b64decode(comm["b64"]) if isinstance(comm, dict) else comm.encode()
        same(got, COMM[:15], "name of the thread")


def cut():
    """Cut strings say so, and cut no character in half in a way that breaks the format."""
    for limit in (1, 5, 8, 9):
        target, trace = trace_target("hostile", [], ["hostile:show"], "-s", str(limit))
        same(len(trace.calls("show")), 12, "calls of show")
        for event in trace.calls("show"):
            text = event["args"]["text"]
            ensure(isinstance(text, dict) and text.get("truncated"), f"-s {limit}: {text!r} is not marked")
            data = base64.b64decode(text["b64"]) if "b64" in text else text["str"].encode()
            # A character that would be cut in half is left out: up to three bytes.
            short = 3 if "str" in text else 0
            ensure(limit - short <= len(data) <= limit, f"-s {limit}: {len(data)} bytes shown")


def function_name():
    """Also the name of a symbol is the target's."""
    target, trace = trace_target("hostile", [], ["hostile:evil*"])
    call = only(trace.calls(), "calls of the function")
    name = call["name"]
    data = base64.b64decode(name["b64"]) if isinstance(name, dict) else name.encode()
    same(data, b"evil\x1b[2J\xff", "name of the function")


def file_name():
    """And the name of the file: with an escape, a quote, and what /proc would write for a break."""
    path = scratch() / 'evil\x1b[31m"\\name \\012'
    shutil.copy(sample("count"), path)
    target = Target(str(path), "-w", "20")
    trace = Trace("-e", "f", pid=target.pid)
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls("f")), 20, "calls of f")
    same({c["module"] for c in trace.calls("f")}, {path.name}, "module")
    ensure("\x1b" not in trace.stderr, "a raw escape character in the messages")


def arguments_of_exec():
    bad = b"\xff\x1b[2J\nend"
    trace = Trace("-e", "exec", "-f", command=["sh", "-c", BAD_EXEC], wait=False)
    trace.finish(stop=False)
    same(len(trace.of("exec")), 2, "exec events")
    last = trace.of("exec")[-1]["argv"]
    data = [base64.b64decode(a["b64"]) if isinstance(a, dict) else a.encode() for a in last]
    same(data, [b"echo", bad, b"x"], "arguments of the second exec")


def safe_text():
    target = Target("hostile", "-w")
    words = [w for spec in [*SPECS, "hostile:evil*"] for w in ("-e", spec)]
    trace = Trace(*words, "-s", "4096", pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    data = trace.file.read_bytes()
    text = data.decode("utf-8", errors="strict")
    for bad in re.findall(r"[^\n]", text):
        if unicodedata.category(bad) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"):
            fail(f"a raw {bad!r} in the text output")
    without_evil = "\n".join(line for line in text.splitlines() if "hostile:evil" not in line)
    nodes = only(text_nodes(without_evil).values(), "threads")
    compare(target, nodes)


run(lossless, cut, function_name, file_name, arguments_of_exec, safe_text)
