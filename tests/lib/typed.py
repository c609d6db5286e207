# SPDX-License-Identifier: Apache-2.0
"""Values as text, letter by letter: the target prints what its own calls must look like."""

import os
import re
import shutil
import subprocess

from utrail import Skip, Target, Trace, ensure, fail, program, same, scratch

# The functions of the programs with containers of C++.
CONTAINERS = {
    "containers": "texts views vectors lists bits held atomics times rows owners maybe members references give counter::add".split(),
    "spans": ["spans"],
    "adapters": "sets weak paths work adapted lists numbers fixed queues anything".split(),
    "nested": "texts rows owners people maybes arrays sizes spread either many".split(),
    "wide": "letters texts views pages lists".split(),
    "passed": """bases parts of_template texts owners ends values moves
        make_derived make_holder make_named make_pair""".split(),
    "deep": "tables requests whole records grids trees mixed hashes chains serve narrow empty".split(),
}

CHARACTERS = "letters next_letter labels damage pointers give_text edges".split()


def build(command, package):
    """Compiles in the scratch folder; a test that lacks the compiler is skipped."""
    if not shutil.which(command[0]):
        raise Skip(f"'{command[0]}' is not installed (package {package})")
    done = subprocess.run(command, cwd=scratch(), capture_output=True, text=True, timeout=240)
    ensure(done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}")


def _shown(line):
    """A line of the trace without task, time, module and duration; None for other lines."""
    found = re.match(r"\[[^]]*\] (?:\d\d:\d\d:\d\d\.\d+ )?[^ (:]+:(.*)$", line)
    return re.sub(r" <\d+\.\d+>$", "", found[1]) if found else None


def compare(name, wanted, trace):
    """The lines of a trace as text, with those that the target expects."""
    got = [line for line in map(_shown, trace.splitlines()) if line is not None]
    if not wanted:
        fail(f"{name} expects nothing")
    different = [f"  wanted {want}\n  got    {have}" for want, have in zip(wanted, got) if want != have]
    if len(wanted) != len(got):
        different.append(f"{len(wanted)} calls, {len(got)} lines:\n{trace}")
    if different:
        fail(f"{name}:\n" + "\n".join(different))


def compiled(name):
    """The programs NAME-LEVEL, for each level of optimisation that it was built with."""
    folder = os.path.join(os.environ["UTRAIL_BUILD"], "tests/e2e/targets")
    levels = (f"{name}-{level}" for level in range(4))
    return [program for program in levels if os.path.exists(os.path.join(folder, program))]


def check(name, functions, *options, arguments=()):
    """Traces these functions of the target, and compares the lines with those that it expects."""
    target = Target(name, "-w", *arguments)
    specs = [word for function in functions for word in ("-e", f"{name}:{function}")]
    trace = Trace(*specs, *options, pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    compare(name, target.expected, trace.text)


def check_command(name, functions):
    """The same of a program in the scratch folder, which does not wait."""
    specs = [word for function in functions for word in ("-e", f"{name}:{function}")]
    log = scratch() / f"{name}.log"
    command = [program(), *specs, "-o", log, "--", scratch() / name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    same(done.returncode, 0, f"status, with {done.stderr}")
    wanted = [line[7:] for line in done.stdout.splitlines() if line.startswith("expect ")]
    compare(name, wanted, log.read_text())
