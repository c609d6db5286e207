# SPDX-License-Identifier: Apache-2.0
"""utrail shell and shells that are no dynamic bash: zsh, a static bash, dash, and one whose readline is shared."""

import os
import re
import subprocess

from packages import fetch
from shells import PROMPT, Shell, check_usual, ran, told, trace_shell
from utrail import Process, Trace, ensure, need_program, only, run, same, sample, scratch


def shells_of(suite):
    return fetch(suite, "shells", "bash-static", "zsh", "zsh-common")


def zsh_shell(path, **options):
    return Shell(path, "-f", "-i", **options)


def check_zsh(shell):
    trace = trace_shell(shell)
    shell.run("false")
    shell.run("(exit 7)")
    shell.run("echo 'é €'  two")
    shell.run("/bin/ls /none | /usr/bin/wc -l")
    shell.run("sh -c 'kill -TERM $$'")
    shell.run_lines("for i in a b; do", "/bin/echo $i", "done")
    shell.interrupt("sleep 60")
    shell.run("cd /tmp")
    shell.finish("exit 3", 3)
    check_usual(trace, shell, "zsh")


def zsh_of_a_package():
    """Its modules are found beneath the package's own root."""
    root = shells_of("trixie")
    path = f"{root}/usr/bin/zsh"
    done = subprocess.run([path, "-fc", "true"], capture_output=True, timeout=20)
    if done.returncode:
        # Built for newer libraries: the older one runs here.
        path = f"{shells_of('bookworm')}/bin/zsh"
    module_path = only({os.path.dirname(os.path.dirname(f)) for f in files_of(path, "zle.so")}, "module path")
    check_zsh(zsh_shell(path, env={"MODULE_PATH": module_path}))


def files_of(path, name):
    root = path.removesuffix("/usr/bin/zsh").removesuffix("/bin/zsh")
    return [os.path.join(folder, name) for folder, _, names in os.walk(root) if name in names]


def zsh_of_the_system():
    check_zsh(zsh_shell(need_program("zsh", "zsh")))


def what_it_runs(path, *words, name):
    """A shell whose typed lines cannot be seen: each program is told with its status."""
    shell = Shell(path, *words)
    trace = trace_shell(shell)
    for line in ["/bin/false", "cd /tmp; /bin/ls /none 2>/dev/null", "(exec nice /bin/echo a)", "x=$(/bin/echo b)"]:
        shell.type(line)
    shell.end("exit 3")
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same(trace.of("command"), [], "typed commands")
    programs = trace.of("program")
    ends = [(p["argv"], p.get("status", p.get("end"))) for p in programs]
    wanted = [
        (["/bin/false"], 1),
        (["/bin/ls", "/none"], 2),
        (["nice", "/bin/echo", "a"], "replaced"),
        (["/bin/echo", "b"], 0),
    ]
    same(ends, wanted, "programs")
    same(ran(programs[2]), [(["/bin/echo", "a"], 0)], "what nice ran")
    for program in programs:
        same((program["shell"], program["shell_pid"], program["tty"]), (name, shell.pid, shell.name), "whose they are")
    ensure("what is typed there cannot be seen, only what it runs" in trace.stderr, trace.report("did not say so"))


def dash():
    what_it_runs(need_program("dash", "dash"), "-i", name="dash")


def static_bash():
    """Debian's has no symbols."""
    root = shells_of("bookworm")
    what_it_runs(f"{root}/bin/bash-static", "--norc", "--noprofile", "-i", name="bash-static")


def script():
    """A shell that reads a script: what it runs, by bash and by dash."""
    for name, path in [("bash", need_program("bash", "bash")), ("dash", need_program("dash", "dash"))]:
        text = scratch() / f"script-{name}"
        text.write_text("read line\n/bin/false\n/bin/echo one two\n")
        process = Process([path, text])
        trace = Trace("shell", pid=process.pid)
        process.write("\n")
        process.wait()
        trace.finish(stop=False)
        wanted = [(["/bin/false"], 1), (["/bin/echo", "one", "two"], 0)]
        same([(p["argv"], p["status"]) for p in trace.of("program")], wanted, f"programs of the script by {name}")


def check_bashlike(name):
    """What a bash has inside, in a static program, or with readline() in a library."""
    shell = Shell(sample(name))
    # This one asks nobody for a status: it prints it.
    trace = trace_shell(shell)
    statuses = []
    for lines in (["one"], ["first\\", "second"], ["zero"], ["eval"], ["one"]):
        for line in lines[:-1]:
            os.write(shell.master, line.encode() + b"\n")
            shell.wait_for("utrail-more> ")
        os.write(shell.master, lines[-1].encode() + b"\n")
        statuses.append(("\n".join(lines), int(shell.wait_for(r"status=(\d+)\s")[1])))
        shell.wait_for(re.escape(PROMPT))
    os.write(shell.master, b"read\n")
    shell.wait_for("read> ")
    os.write(shell.master, b"my secret\n")
    statuses.append(("read", int(shell.wait_for(r"status=(\d+)\s")[1])))
    shell.wait_for(re.escape(PROMPT))
    same(shell.end("end 3"), 3, "status of the program")
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same(told(trace), [*statuses, ("end 3", 3)], "lines and statuses")
    same([status for _, status in statuses], [1, 4, 0, 5, 1, 2], "statuses that it printed")


def static_with_symbols():
    check_bashlike("bashlike-static")


def shared_readline():
    check_bashlike("bashlike-shared")


run(
    zsh_of_the_system,
    zsh_of_a_package,
    dash,
    static_bash,
    static_with_symbols,
    shared_readline,
    script,
)
