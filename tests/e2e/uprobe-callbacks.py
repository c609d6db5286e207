# SPDX-License-Identifier: Apache-2.0
"""Functions and tables of functions have their names in whichever file they are, at the time of the call."""

import os
import shutil
import subprocess

from typed import compare
from utrail import Target, Trace, ensure, program, run, same, sample, scratch, trace_target

FUNCTIONS = ["call_it", "call_hooks", "measure"]
LIBRARY = [word for name in FUNCTIONS for word in ("-e", f"libcallbacks-library.so:{name}")]
CALLS = 30  # in each round
LIBC = ["-e", "libc:qsort", "-e", "libc:pthread_create"]


def plugin():
    return os.path.join(os.environ["UTRAIL_BUILD"], "tests/e2e/targets/libcallbacks-plugin.so")


def attached():
    """The plugin comes later, twice, and something else in its place."""
    target = Target("callbacks", "-w", plugin())
    trace = Trace(*LIBRARY, pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    same(len(target.expected), CALLS, "calls of the target")
    compare("callbacks", target.expected, trace.text)


def command(options=(), rounds=1):
    """Over as soon as it has begun; and become another copy of itself, elsewhere in memory."""
    log = scratch() / "callbacks.log"
    done = subprocess.run([program(), *LIBRARY, *options, "-o", log, "--", sample("callbacks"), plugin(), str(rounds)],
                          capture_output=True, text=True, timeout=60)
    same(done.returncode, 0, f"status, with {done.stderr}")
    wanted = [line[7:] for line in done.stdout.splitlines() if line.startswith("expect ")]
    same(len(wanted), CALLS * rounds, "calls of the target")
    # With -f, each line begins with the program's name, and its life is told, too.
    calls = [line[line.index("["):] for line in log.read_text().splitlines() if "libcallbacks-library:" in line]
    compare("callbacks", wanted, "\n".join(calls))


def of_libc():
    """Which says nothing of types itself."""
    _target, trace = trace_target("callbacks", [plugin()], ["libc:qsort", "libc:pthread_create", "libc:dlsym"])
    same([call["args"]["compar"] for call in trace.calls("qsort")], ["&compare"], "what qsort is given")
    same([call["args"]["start_routine"] for call in trace.calls("pthread_create")], ["&worker"], "what a thread begins with")
    found = {call["args"]["symbol"]: call["ret"] for call in trace.calls("dlsym")}
    names = {name: value if isinstance(value, str) else value["symbol"] for name, value in found.items()}
    data = {name: name for name in ("plugged_numbers", "plugged_zeros", "plugged_constants")}
    same(names, {"plugged": "&plugged", "plugged_shape": "&plugged_shape", **data}, "what dlsym gives")


def as_json():
    _target, trace = trace_target("callbacks", [plugin()], [f"libcallbacks-library.so:{name}" for name in FUNCTIONS])
    hooks = trace.calls("call_hooks")[0]["args"]["hooks"]
    same((hooks["first"], hooks["second"]), ("&twice", "&thrice"), "members")
    tables = [call["args"]["shape"]["_vptr.shape"]["symbol"] for call in trace.calls("measure")]
    round_shape = "vtable for (anonymous namespace)::round_shape+16"
    same(tables, ["vtable for square+16", "vtable for shape+16", round_shape, round_shape], "tables")


def stripped():
    """Where nothing is left of a name, there is none."""
    path = scratch() / "stripped"
    shutil.copy(sample("callbacks"), path)
    subprocess.run(["strip", path], check=True)
    log = scratch() / "stripped.log"
    done = subprocess.run([program(), *LIBRARY, *LIBC, "-o", log, "--", path, plugin()], capture_output=True, text=True, timeout=60)
    same(done.returncode, 0, f"status, with {done.stderr}")
    text = log.read_text()
    ensure("call=0x" in text and "compar=0x" in text, f"no pointers: {text}")
    ensure("call=&abs" in text and "call=&plugged" in text, f"names of other files: {text}")
    ensure("&twice" not in text and "&compare" not in text, f"names from nowhere: {text}")


def command_that_execs():
    command(["-f"], rounds=3)


run(attached, command, command_that_execs, of_libc, as_json, stripped)
