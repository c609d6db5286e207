# SPDX-License-Identifier: Apache-2.0
"""Shells on terminals of their own, and what `utrail shell` says of them."""

import json
import os
import re
import time

from terminal import Terminal
from utrail import ROOT, Trace, ensure, need_program, ns, same

PROMPT = "utrail-test$ "
MORE = "utrail-more> "


class Shell(Terminal):
    """An interactive shell. What is typed is remembered with the status that the shell itself tells."""

    def __init__(self, *command, env=None, **options):
        need_program("setsid", "util-linux")
        settings = {"PS1": PROMPT, "PS2": MORE, "HISTFILE": "/dev/null", "INPUTRC": "/dev/null", "TERM": "dumb"}
        super().__init__(command, PROMPT, env={**settings, **(env or {})}, **options)
        self.wait_for(re.escape(PROMPT))
        self.typed = []

    def run(self, line):
        """Types a line; its status is what the shell says when asked."""
        self.type(line)
        self._ask(line)

    def _ask(self, line):
        os.write(self.master, b"echo status=$?\n")
        found = self.wait_for(r"(?m)^\r*(?:\x1b\[\S*)*status=(\d+)\s")
        self.wait_for(re.escape(PROMPT))
        self.typed += [(line, int(found[1])), ("echo status=$?", 0)]

    def run_lines(self, *lines):
        """A command of several lines."""
        for line in lines[:-1]:
            os.write(self.master, line.encode() + b"\n")
            self.wait_for(re.escape(MORE))
        self.type(lines[-1])
        self._ask("\n".join(lines))

    def interrupt(self, line, after=0.3):
        """Types a command, and Ctrl-C while it runs."""
        os.write(self.master, line.encode() + b"\n")
        self.wait_for(r"\n")
        time.sleep(after)
        os.write(self.master, b"\x03")
        self.wait_for(re.escape(PROMPT))
        self._ask(line)

    def finish(self, line, status):
        """A last line, which ends it."""
        same(self.end(line), status, "status that the shell ended with")
        self.typed.append((line, status))


def trace_shell(shell, *arguments, **options):
    return Trace("shell", *arguments, pid=shell.pid, **options)


def commands(trace, pid=None):
    found = sorted(trace.of("command"), key=ns)
    return [c for c in found if pid in (None, c["pid"])]


def told(trace, pid=None):
    """(line, status) of each command."""
    return [(c["command"], c.get("status", c.get("end"))) for c in commands(trace, pid)]


def check_schema(trace):
    """Every line fits the published schema; not looked at where python3-jsonschema is missing."""
    try:
        import jsonschema
    except ImportError:
        return
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/events.schema.json").read_text()))
    for record in trace.records:
        errors = [error.message for error in validator.iter_errors(record)]
        same(errors, [], f"what the schema says of {record}")


def check(trace, shell):
    """The trace says what was typed, all of it and nothing else."""
    check_schema(trace)
    same(told(trace, shell.pid), shell.typed, "commands and their statuses")
    for command in commands(trace, shell.pid):
        same((command["tty"], command["uid"]), (shell.name, os.getuid()), "who typed, and where")
        same(command["user"], "root", "user")
        begin, end = ns(command), ns(command) + ns(command, "dur_ns")
        for program in command["programs"]:
            ensure(begin <= ns(program) <= end, f"{program} is not in the time of {command}")


def check_usual(trace, shell, name):
    """The end of a session that every kind of shell is given: a pipeline, `cd /tmp`, `exit 3`."""
    trace.finish(stop=False)
    trace.check_nothing_lost()
    check(trace, shell)
    pipeline = command(trace, "/bin/ls /none | /usr/bin/wc -l")
    same(sorted(ran(pipeline)), [(["/bin/ls", "/none"], 2), (["/usr/bin/wc", "-l"], 0)], "programs")
    same(command(trace, "exit 3")["cwd"], "/tmp", "working directory")
    same(pipeline["shell"], name, "shell")


def ran(command):
    """(argv, status) of each program of a command, as far as it exited."""
    return [(p["argv"], p.get("status", p.get("signal", p.get("end")))) for p in command["programs"]]


def command(trace, line):
    found = [c for c in commands(trace) if c["command"] == line]
    ensure(len(found) == 1, f"{len(found)} commands '{line}': {told(trace)}")
    return found[0]
