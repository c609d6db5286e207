#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program alone, then traced in one mode after the other: both must have done the same.

    check.py redzone                    what runs at every change
    check.py --all redzone              every mode
    check.py --mode attach redzone      one of them

What is compared: standard output and error output byte by byte, exit status or signal, and that it ends
in time. The programs of programs/ tell in their output what they can see of themselves: their variables,
mappings, signals, registers (integrity.h).
"""

import argparse
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from utrail import Failure, Process, Skip, build_dir, fail, indent, need_root, program, run, scratch, skip

import table

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
COMMON = ["--json", "-qq", "--max-probes=100000"]


class Outcome:
    """What somebody can see of a program's run."""

    def __init__(self, process, vary):
        self.stdout = process.stdout_bytes
        self.stderr = process._text["stderr"]
        self.status = process.status
        text = self.stdout.decode(errors="backslashreplace")
        self.lines = [line for line in text.split("\n") if not (vary and re.match(vary, line))]

    def difference(self, other):
        """None, or how another run differs."""
        told = []
        if self.status != other.status:
            told.append(f"exit status {other.status} instead of {self.status}")
        pairs = [("stdout", self.lines, other.lines)]
        pairs.append(("stderr", bytes(self.stderr).decode(errors="backslashreplace").split("\n"),
                      bytes(other.stderr).decode(errors="backslashreplace").split("\n")))
        for name, mine, theirs in pairs:
            if mine != theirs:
                lines = list(difflib.unified_diff(mine, theirs, "alone", "traced", n=1, lineterm=""))
                told.append(f"{name} differs:\n" + indent("\n".join(lines[:40])))
        return "; ".join(told) or None


class Subject:
    """A case on this machine."""

    def __init__(self, case):
        self.case = case
        if case.command:
            found = shutil.which(case.command[0])
            if not found:
                skip(f"'{case.command[0]}' is not installed (package {case.package})")
            folder = build_dir() / "tests/integrity"
            if "@" in case.command and not (folder / "Work.class").exists():
                skip(f"there was no compiler for it (package {case.package})")
            words = [str(folder) if word == "@" else word for word in case.command[1:]]
            words = [str(PROGRAMS / word) if (PROGRAMS / word).exists() else word for word in words]
            self.command = [found, *words]
            self.binary = os.path.realpath(found)
        else:
            self.binary = str(build_dir() / "tests/integrity" / case.name)
            if not os.path.exists(self.binary):
                if case.package:
                    skip(f"there was no compiler or library for it (package {case.package})")
                fail(f"{self.binary} was not built")
            self.command = [self.binary]
        self.alone = None

    def specs(self, kind="call"):
        module = self.case.module or self.binary
        return [word for name in self.case.probes for word in ("-e", f"?{kind}:{module}:{name}")]

    def start(self, prefix=(), **options):
        return Process([*prefix, *self.command], **options)

    def finish(self, process):
        process.close_stdin()
        process.wait(self.case.seconds)
        return Outcome(process, self.case.vary)

    def run_alone(self):
        process = self.start()
        process.wait_for("^ready$")
        process.write("\n")
        return self.finish(process)


def summary_of(path):
    """The last record of a trace."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 65536))
        last = file.read().splitlines()[-1]
    record = json.loads(last)
    if record["type"] != "summary":
        raise Failure(f"the trace has no summary: {last[:200]!r}")
    return record


def judge(subject, mode, outcome, trace, told=""):
    wanted = subject.case.ends.get(mode)
    if wanted is not None:
        if outcome.status != wanted:
            raise Failure(f"{mode}: ended with {outcome.status}; the documented limit makes it {wanted}")
        return 0, 0
    difference = subject.alone.difference(outcome)
    if difference:
        raise Failure(f"{mode}: {difference}" + (f"\n  utrail said:\n{indent(told)}" if told else ""))
    if trace is None or not os.path.exists(trace):
        raise Failure(f"{mode}: utrail wrote no trace\n{indent(told)}")
    events = int(summary_of(trace)["events"])
    size = os.path.getsize(trace)
    os.unlink(trace)
    if not events and mode not in subject.case.silent:
        raise Failure(f"{mode}: not one event, so nothing was proven")
    return events, size


def is_refused(subject, mode, text):
    """A refusal with the reason is as good as an unchanged run; but it must be one."""
    if not subject.case.refused or mode not in table.FUNCTION_MODES:
        return False
    if subject.case.refused not in text:
        raise Failure(f"{mode}: not refused because '{subject.case.refused}':\n{indent(text)}")
    return True


def new_trace(mode):
    return scratch() / f"{mode}-{time.monotonic_ns()}"


# --- utrail starts the program -------------------------------------------------------------------


def launched(subject, mode, *words):
    trace = new_trace(mode)
    process = subject.start([program(), *COMMON, "-o", str(trace), *words, "--"])
    process.write("\n")
    outcome = subject.finish(process)
    if is_refused(subject, mode, process.stderr):
        return 0, 0
    return judge(subject, mode, outcome, trace)


def launch(subject):
    return launched(subject, "launch", *subject.specs())


def site(subject):
    return launched(subject, "site", "--return=site", *subject.specs())


def entry(subject):
    return launched(subject, "entry", *subject.specs("uprobe"))


def system(subject):
    """System calls, markers and task life, of the children too."""
    return launched(subject, "system", "-f")


def everything(subject):
    return launched(subject, "everything", "-f", *subject.specs(), "-e", "syscall:*", "-e", "?usdt:*:*")


# --- utrail comes later --------------------------------------------------------------------------


def attached(subject, mode, *words, pid=True):
    trace = new_trace(mode)
    target = subject.start()
    target.wait_for("^ready$")
    whom = ["-p", str(target.pid)] if pid else []
    tracer = Process([program(), "--json", "--max-probes=100000", "-o", str(trace), *whom, *words],
                     stdin=subprocess.DEVNULL)
    if subject.case.refused and mode in table.FUNCTION_MODES:
        tracer.wait()
        is_refused(subject, mode, tracer.stderr)
        target.write("\n")
        subject.finish(target)
        return 0, 0
    try:
        tracer.wait_for(r"^utrail: tracing\b", stream="stderr")
        target.write("\n")
        outcome = subject.finish(target)
        tracer.send(signal.SIGINT)
        if tracer.wait(subject.case.seconds) != 0:
            raise Failure(tracer.report(f"ended with {tracer.status}"))
    finally:
        told = tracer.stderr
    return judge(subject, mode, outcome, trace, told[-1500:])


def attach(subject):
    return attached(subject, "attach", *subject.specs())


def attach_site(subject):
    return attached(subject, "attach-site", "--return=site", *subject.specs())


def returns(subject):
    return attached(subject, "returns", *subject.specs("uretprobe"))


def trampoline(subject):
    """The user's own choice. Where it cannot do harm, it must not; what it breaks, as documented, is left out."""
    return attached(subject, "trampoline", "--return=trampoline", *subject.specs())


def all_files(subject):
    """Every function of every file: the loader, the C library, all."""
    return attached(subject, "all-files", "-e", "?call:*")


def by_file(subject):
    """No process is named: whoever runs the file."""
    return attached(subject, "by-file", *subject.specs(), pid=False)


def churn(subject):
    """One trace after the other comes and goes while the program runs."""
    target = subject.start()
    target.wait_for("^ready$")
    for i in range(12):
        tracer = Process([program(), *COMMON, "-o", str(scratch() / "churn"), "-p", str(target.pid),
                          f"--duration={0.002 * (i % 4) + 0.001}", *subject.specs()], stdin=subprocess.DEVNULL)
        if i == 1:
            target.write("\n")
        tracer.wait()
    outcome = subject.finish(target)
    difference = subject.alone.difference(outcome)
    if difference:
        raise Failure(f"churn: {difference}")
    return 0, 0


def killed(subject):
    """SIGKILL ends the trace in the middle."""
    target = subject.start()
    target.wait_for("^ready$")
    tracer = Process([program(), "--json", "--max-probes=100000", "-o", str(scratch() / "killed"), "-p",
                      str(target.pid), *subject.specs()], stdin=subprocess.DEVNULL)
    tracer.wait_for(r"^utrail: tracing\b", stream="stderr")
    target.write("\n")
    time.sleep(0.003)
    tracer.send(signal.SIGKILL)
    tracer.wait()
    outcome = subject.finish(target)
    difference = subject.alone.difference(outcome)
    if difference:
        raise Failure(f"killed: {difference}")
    return 0, 0


MODES = {"attach": attach, "launch": launch, "site": site, "system": system, "everything": everything,
         "entry": entry, "returns": returns, "attach-site": attach_site, "trampoline": trampoline,
         "all-files": all_files, "by-file": by_file, "churn": churn, "killed": killed}


def tests_of(case, modes):
    subject = None

    def alone():
        """Twice: a program that differs from run to run could prove nothing."""
        nonlocal subject
        first = Subject(case)
        first.alone = first.run_alone()
        difference = first.alone.difference(first.run_alone())
        if difference:
            raise Failure(f"two runs without a tracer: {difference}")
        subject = first

    def test_of(mode):
        def test():
            if subject is None:
                skip("it does not run")
            events, size = MODES[mode](subject)
            print(f"        {mode}: {events} events, {size >> 10} KiB")
        test.__name__ = mode
        return test

    without = case.without if case.honest else (*case.without, "trampoline")
    return [alone, *[test_of(mode) for mode in modes if mode not in without]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--mode", action="append")
    options = parser.parse_args()
    need_root()
    case = table.case_of(options.name)
    run(*tests_of(case, options.mode or (table.QUICK + table.LONG if options.all else table.QUICK)))


if __name__ == "__main__":
    try:
        main()
    except Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
