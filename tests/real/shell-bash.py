# SPDX-License-Identifier: Apache-2.0
"""utrail shell and bash on a terminal: the oracle is what was typed, and what bash says of it (echo $?)."""

import os
import re
import shutil
import time

from shells import PROMPT, Shell, check, check_usual, command, commands, ran, told, trace_shell
from terminal import Terminal
from utrail import copy_root, ensure, fail, need_program, ns, only, plain, run, same, scratch

WORDS = ["--norc", "--noprofile", "-i"]


def bash(path=None):
    return Shell(path or need_program("bash", "bash"), *WORDS)


def check_shell(shell):
    """A bit of everything."""
    trace = trace_shell(shell)
    shell.run("false")
    shell.run("(exit 7)")
    shell.run("  echo 'é €'  two ")
    shell.run("/bin/ls /none | /usr/bin/wc -l")
    shell.run("cd /tmp")
    shell.finish("exit 3", 3)
    check_usual(trace, shell, "bash")
    return trace


def every_way_to_end():
    """Builtins, programs, signals, errors, several lines; the shell says the status of each."""
    shell = bash()
    trace = trace_shell(shell)
    shell.run("true")
    shell.run("/bin/sh -c 'exit 9'")
    shell.run("/none")
    shell.run("echo )")
    shell.run("sh -c 'kill -TERM $$'")
    shell.run("false; true; (exit 4)")
    shell.run_lines("for i in a b; do", "/bin/echo $i", "done")
    shell.run_lines("cat <<END >/dev/null", "body", "END")
    shell.interrupt("sleep 60")
    shell.run("x=$(/bin/false)")
    shell.run("exec 9</dev/null")
    shell.finish("exec /bin/sh -c 'exit 5'", 5)
    trace.finish(stop=False)
    trace.check_nothing_lost()
    check(trace, shell)
    same(ran(command(trace, "sleep 60")), [(["sleep", "60"], "SIGINT")], "what Ctrl-C ended")
    ensure(ns(command(trace, "sleep 60"), "dur_ns") > 200_000_000, "duration of sleep")
    loop = command(trace, "for i in a b; do\n/bin/echo $i\ndone")
    same(ran(loop), [(["/bin/echo", "a"], 0), (["/bin/echo", "b"], 0)], "programs of the loop")
    same(ran(command(trace, "x=$(/bin/false)")), [(["/bin/false"], 1)], "command substitution")
    last = command(trace, "exec /bin/sh -c 'exit 5'")
    same(only(last["programs"], "programs of exec")["pid"], shell.pid, "who it replaced")


def what_is_no_command():
    """Empty lines, what Ctrl-C takes back, what a builtin reads, the end of input."""
    shell = bash()
    trace = trace_shell(shell)
    shell.type("")
    shell.type("   ")
    os.write(shell.master, b"half")
    time.sleep(0.1)
    os.write(shell.master, b"\x03")
    shell.wait_for(re.escape(PROMPT))
    os.write(shell.master, b"read -e -p 'name? ' name\n")
    shell.wait_for(r"\nname\? ")
    shell.type("my secret")
    shell.run("test \"$name\" = 'my secret'")
    same(shell.end(b"\x04"), 0, "status of the shell, ended by Ctrl-D")
    trace.finish(stop=False)
    wanted = [("read -e -p 'name? ' name", 0), *shell.typed]
    same(told(trace), wanted, "commands")
    ensure("my secret" not in trace.text.replace("= 'my secret'", ""), "what was read is in the trace")


def behind_the_prompt():
    """Jobs in the background are told when they end, as of the command that began them."""
    shell = bash()
    trace = trace_shell(shell)
    shell.run("sh -c 'sleep 0.4; /bin/false' &")
    shell.run("wait %1")
    shell.finish("exit", 0)
    trace.finish(stop=False)
    shell.typed[-1] = ("exit", 0)
    began = command(trace, "sh -c 'sleep 0.4; /bin/false' &")
    all_programs = [*began["programs"], *trace.of("program")]
    ends = {(tuple(p["argv"]), p["status"]) for p in all_programs if "status" in p}
    job = ("sh", "-c", "sleep 0.4; /bin/false")
    same(ends, {(job, 1), (("sleep", "0.4"), 0), (("/bin/false",), 1)}, "programs behind the prompt")
    for program in trace.of("program"):
        same(program["command_time_ns"], began["time_ns"], "its command")


def as_they_nest():
    """make runs sh runs program: depth by the tree of processes; nice is replaced by what it runs."""
    shell = bash()
    trace = trace_shell(shell)
    shell.run("sh -c '/usr/bin/nice /bin/true; /bin/false; :'")
    shell.finish("exit", 0)
    trace.finish(stop=False)
    check_depths = [
        (p["depth"], p["argv"][0], p.get("status", p.get("end")))
        for p in command(trace, "sh -c '/usr/bin/nice /bin/true; /bin/false; :'")["programs"]
    ]
    wanted = [(0, "sh", 0), (1, "/usr/bin/nice", "replaced"), (1, "/bin/true", 0), (1, "/bin/false", 1)]
    same(check_depths, wanted, "programs and their depths")


def shell_in_a_shell():
    shell = bash()
    trace = trace_shell(shell)
    os.write(shell.master, b"bash --norc --noprofile -i\n")
    shell.wait_for(re.escape(PROMPT))
    shell.type("(exit 6)")
    os.write(shell.master, b"echo pid=$$=\n")
    inner_pid = int(shell.wait_for(r"pid=(\d+)=")[1])
    shell.wait_for(re.escape(PROMPT))
    shell.type("exit 8")
    shell.finish("exit", 8)
    trace.finish(stop=False)
    same(told(trace, inner_pid), [("(exit 6)", 6), ("echo pid=$$=", 0), ("exit 8", 8)], "the inner shell's")
    same(told(trace, shell.pid), [("bash --norc --noprofile -i", 8), ("exit", 8)], "the outer shell's")


def it_is_at_its_prompt():
    """The line that is begun before the trace, and ended in it; the shell that runs on after it."""
    shell = bash()
    os.write(shell.master, b"echo be")
    time.sleep(0.2)
    trace = trace_shell(shell)
    shell.type("gun")
    os.write(shell.master, b"sleep 30\n")
    trace.wait_for_text("echo begun")
    time.sleep(0.3)
    trace.finish()
    same(told(trace), [("echo begun", 0), ("sleep 30", "running")], "commands")
    same(ran(command(trace, "sleep 30")), [(["sleep", "30"], "running")], "its program")
    os.write(shell.master, b"\x03")
    shell.wait_for(re.escape(PROMPT))
    same(shell.end("exit"), 130, "the shell goes on")


def renamed():
    path = scratch() / "not-the-usual-name"
    shutil.copy(need_program("bash", "bash"), path)
    check_shell(bash(path))


def in_another_root():
    """What is beneath a chroot is found through the process."""
    root = scratch() / "root"
    path = need_program("bash", "bash")
    tools = ["/bin/ls", "/usr/bin/wc", "/bin/sh"]
    copy_root(root, {path: "shell", **{tool: tool.lstrip("/") for tool in tools}})
    (root / "tmp").mkdir()
    chroot = need_program("chroot", "coreutils")
    check_shell(Shell(chroot, root, "/shell", *WORDS))


def other_lines():
    """The text output: a line for the command, and one for each program."""
    shell = bash()
    trace = trace_shell(shell, json=False)
    shell.type("/bin/ls /none 2>/dev/null")
    shell.type("mysql --password=hunter2 -h none 2>/dev/null")
    same(shell.end("exit"), 127, "status of the shell")
    trace.finish(stop=False)
    head = rf"\d\d:\d\d:\d\d\.\d{{6}} {shell.name} root bash\[{shell.pid}\]  "
    lines = trace.text.splitlines()
    patterns = [
        rf"{head}/bin/ls /none 2>/dev/null += 2 <0\.\d+>",
        r" +\|  exec /bin/ls /none += 2 <0\.\d+>",
        rf"{head}mysql --password=hunter2 -h none 2>/dev/null += 127 <0\.\d+>",
        rf"{head}exit += 127 <0\.\d+>",
    ]
    same(len(lines), len(patterns), f"lines of {trace.text}")
    for line, pattern in zip(lines, patterns):
        ensure(re.fullmatch(pattern, line), f"{line!r} is not like {pattern}")


def redacted():
    shell = bash()
    trace = trace_shell(shell, "--redact", "--redact=card ([0-9]+)")
    shell.type("env PASSWORD=hunter2 /bin/true --token hunter2 card 4111")
    same(shell.end("exit"), 0, "status of the shell")
    trace.finish(stop=False)
    ensure("hunter2" not in trace.text and "4111" not in trace.text, trace.text)
    seen = commands(trace)[0]
    same(seen["command"], "env PASSWORD=*** /bin/true --token *** card ***", "command")
    same(seen["programs"][1]["argv"], ["/bin/true", "--token", "***", "card", "***"], "arguments")


def refusals():
    for words, text in [
        (["shell", "-p", str(os.getpid())], "is no shell"),
        (["shell", "-e", "malloc"], "-e has no meaning there"),
        (["shell", "word"], "neither an option nor a command"),
        (["shell", "--redact=a(", "-p", "1"], "--redact"),
    ]:
        process = plain(words)
        if process.status != 2 or text not in process.stderr:
            fail(process.report(f"ended with {process.status}, wanted 2 and '{text}'"))


def nothing_changes():
    """The shell behaves as without a trace: what it prints, its status."""
    outputs = []
    for traced in (False, True):
        terminal = Terminal([need_program("bash", "bash"), *WORDS], PROMPT, env={"PS1": PROMPT, "TERM": "dumb"})
        terminal.wait_for(re.escape(PROMPT))
        trace = trace_shell(terminal) if traced else None
        # Shorter than the terminal's line: how a longer one is drawn depends on the moment.
        os.write(terminal.master, b"set -o | wc -l; trap 'echo trapped' EXIT; exit 11\n")
        # At the start of a line: the terminal shows what is typed, too.
        shown = terminal.wait_for(r"(?s).*\r\ntrapped")[0]
        outputs.append((shown, terminal.process.wait(20)))
        os.close(terminal.master)
        if trace:
            trace.finish(stop=False)
    same(outputs[1], outputs[0], "what the shell did under a trace")


def usual():
    check_shell(bash())


run(
    usual,
    every_way_to_end,
    what_is_no_command,
    behind_the_prompt,
    as_they_nest,
    shell_in_a_shell,
    it_is_at_its_prompt,
    renamed,
    in_another_root,
    other_lines,
    redacted,
    refusals,
    nothing_changes,
)
