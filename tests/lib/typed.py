# SPDX-License-Identifier: Apache-2.0
"""Values as text, letter by letter: the target prints what its own calls must look like."""

import os
import re

from utrail import Target, Trace, fail


def _shown(line):
    """A line of the trace without task, time, module and duration; None for other lines."""
    found = re.match(r"\[[^]]*\] (?:\d\d:\d\d:\d\d\.\d+ )?[^ (:]+:(.*)$", line)
    return re.sub(r" <\d+\.\d+>$", "", found[1]) if found else None


def compiled(name):
    """The programs NAME-LEVEL, for each level of optimisation that it was built with."""
    folder = os.path.join(os.environ["UTRAIL_BUILD"], "tests/e2e/targets")
    levels = (f"{name}-{level}" for level in range(4))
    return [program for program in levels if os.path.exists(os.path.join(folder, program))]


def check(program, functions, *options):
    """Traces these functions of the target, and compares the lines with those that it expects."""
    target = Target(program, "-w")
    specs = [word for name in functions for word in ("-e", f"{program}:{name}")]
    trace = Trace(*specs, *options, pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    wanted = target.expected
    got = [line for line in map(_shown, trace.text.splitlines()) if line is not None]
    if not wanted:
        fail(f"{program} expects nothing")
    different = [f"  wanted {want}\n  got    {have}" for want, have in zip(wanted, got) if want != have]
    if len(wanted) != len(got):
        different.append(f"{len(wanted)} calls, {len(got)} lines:\n{trace.text}")
    if different:
        fail(f"{program}:\n" + "\n".join(different))
