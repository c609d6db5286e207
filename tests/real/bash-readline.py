# SPDX-License-Identifier: Apache-2.0
"""What is typed into interactive shells, wherever they were started: bash:readline() -> str."""

import os
import shutil
import subprocess

from terminal import Terminal
from utrail import Target, Trace, ensure, need_program, ns, run, same, sample, scratch

PROMPT = "utrail-test$ "
LINES = ["echo one", "true # two", "echo 'é €'", "  spaces  kept ", "", "false; echo $?"]


def own_bash():
    """A copy of bash, the first in PATH: only shells of this test are traced."""
    path = scratch() / "bash"
    if not path.exists():
        shutil.copy(need_program("bash", "bash"), path)
    return path


def shell():
    need_program("setsid", "util-linux")
    env = {"PS1": PROMPT, "HISTFILE": "/dev/null", "INPUTRC": "/dev/null", "TERM": "dumb"}
    terminal = Terminal([own_bash(), "--norc", "--noprofile", "-i"], PROMPT, env=env)
    terminal.wait_for(r"utrail-test\$ ")
    return terminal


def typed(trace, pid):
    calls = sorted(trace.calls("readline"), key=ns)
    return [c["ret"] for c in calls if c["pid"] == pid]


def trace_bash(spec="bash:readline() -> str"):
    own_bash()
    return Trace("-e", spec, env={"PATH": f"{scratch()}:{os.environ['PATH']}"})


def every_shell():
    """One that ran before, two that come later; nobody named a process."""
    before = shell()
    trace = trace_bash()
    first, second = shell(), shell()
    before.type("echo before")
    for line in LINES:
        first.type(line)
        second.type(line + " # second")
    same(before.end("exit"), 0, "status of the shell that ran before")
    same(first.end("exit 3"), 3, "status of the first")
    same(second.end(b"\x04"), 0, "status of the second, ended by Ctrl-D")
    trace.finish()
    trace.check_nothing_lost()
    same(typed(trace, first.pid), [*LINES, "exit 3"], "lines of the first")
    same(typed(trace, second.pid)[:-1], [line + " # second" for line in LINES], "lines of the second")
    same(typed(trace, second.pid)[-1], None, "end of input")
    # Its first readline() had begun before the trace: its line may be seen, the others must.
    ensure(typed(trace, before.pid)[-1] == "exit", "lines of the shell that ran before")
    for call in trace.calls("readline"):
        same(call["module"], "bash", "module")
        if call["pid"] == first.pid:
            same((call["uid"], call["tty"]), (os.getuid(), first.name), "who typed, and where")


def one_shell():
    """With a process: nothing of the others."""
    first, second = shell(), shell()
    trace = Trace("-e", "bash:readline() -> str", pid=first.pid)
    first.type("echo one")
    first.type("echo two")
    second.type("echo other")
    first.end("exit")
    second.end("exit")
    trace.finish()
    same({c["pid"] for c in trace.calls()}, {first.pid}, "processes seen")
    same(typed(trace, first.pid)[-2:], ["echo two", "exit"], "lines")


def line_and_what_it_ran():
    """The commands of a line come between its readline() and the next."""
    terminal = shell()
    trace = Trace("-f", "-e", "bash:readline() -> str", "-e", "exec", pid=terminal.pid)
    terminal.type("true")
    terminal.type(f"{sample('count')} 3 >/dev/null")
    terminal.end("exit")
    trace.finish()
    execs = [e for e in trace.of("exec") if e["filename"] == sample("count")]
    same(len(execs), 1, "programs that the line ran")
    same(execs[0]["argv"], [sample("count"), "3"], "its arguments")
    line = next(c for c in trace.calls("readline") if c["ret"] == f"{sample('count')} 3 >/dev/null")
    ensure(ns(line) + ns(line, "dur_ns") < ns(execs[0]), "the program ran before its line was typed")


def not_interactive():
    """A shell that reads a script never calls readline(); only the one on a terminal does."""
    trace = trace_bash()
    terminal = shell()
    subprocess.run([own_bash(), "-c", "true"], check=True, timeout=20)
    target = Target(str(own_bash()), "--norc", "-c", "echo done")
    target.finish()
    terminal.end("exit")
    trace.finish()
    same([(c["pid"], c["ret"]) for c in trace.calls()], [(terminal.pid, "exit")], "calls")


run(every_shell, one_shell, line_and_what_it_ran, not_interactive)
