# SPDX-License-Identifier: Apache-2.0
"""PID namespaces: a process in one seen from outside, and utrail itself inside of one, as in a container.

The second half of the tests is this script once more, started in a namespace of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

from utrail import Process, Target, Trace, check_error, ensure, need_root, only, plain, run, same, sample, skip

WORK = ["-e", "become:who_work"]
INSIDE = ["unshare", "-pf", "--mount-proc"]


def children(pid):
    """Children of a process, by our numbers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            pass
    return found


def seen_from_outside():
    """Its number here is another one than it has itself: shown is ours."""
    process = Process([*INSIDE, sample("become"), "-w", "work=40", "fork=2"])
    process.wait_for("^ready 1$")
    pid = only(children(process.pid), "processes in the namespace")
    trace = Trace(*WORK, "-f", pid=pid)
    process.write("\n")
    process.close_stdin()
    process.wait()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same(len(trace.calls()), 42, "calls")
    same(len([e for e in trace.calls() if e["pid"] == pid]), 40, "calls of the process")
    child = only({e["pid"] for e in trace.calls()} - {pid}, "children")
    ensure(child > 2, f"the child has the number {child}, of its own namespace")


def from_inside():
    """All tests below, in there."""
    process = Process([*INSIDE, sys.executable, __file__, "inside"])
    status = process.wait(120)
    print("    " + process.stdout.replace("\n", "\n    "))
    if status == 77:
        skip("inside")
    same(status, 0, process.report("ended"))


def another_proc():
    """Inside, but /proc is that of the outside."""
    process = plain(["-p", "1", "-e", "f"], prefix=["unshare", "-pf"])
    check_error(process, 5, "/proc shows another PID namespace", hint="mount")


# --- inside --------------------------------------------------------------------------------------


def by_pid():
    target = Target("become", "-w", "work=40", "fork=10")
    ensure(target.pid < 1000, "this is no fresh namespace")
    trace = Trace(*WORK, "-f", "-e", "fork", "-e", "syscall:getppid,syscall:kill", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    by_process = [e["pid"] for e in trace.calls()]
    same(len(by_process), target.counts["who_work"], "calls")
    fork = only(trace.of("fork"), "forks")
    same((fork["pid"], by_process.count(target.pid)), (target.pid, 40), "the process that forked")
    same(by_process.count(fork["child_pid"]), 10, f"calls of the child that {fork} tells")
    same({e["ppid"] for e in trace.of("exec")}, set(), "execs")


def by_one_pid():
    """Without -f the kernel filters by itself."""
    target, other = Target("become", "-w", "work=40"), Target("become", "-w", "work=50")
    trace = Trace(*WORK, pid=target.pid)
    for process in (other, target):
        process.release()
        process.finish()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same([e["pid"] for e in trace.calls()], [target.pid] * 40, "calls")
    same([e["tid"] for e in trace.calls()], [target.pid] * 40, "threads")


def a_number_used_again():
    """The process that gets the number of an ended one is another one."""
    first, last = Target("become", "-w", "work=40"), Target("become", "-w", "work=50")
    trace = Trace(*WORK, pid=f"{first.pid},{last.pid}")
    first.release()
    first.finish()
    try:
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(first.pid - 1))
    except OSError:
        skip("this kernel gives out no number that is asked for")
    second = Target("become", "-w", "work=60")
    same(second.pid, first.pid, "the number of the new process")
    for process in (second, last):
        process.release()
        process.finish()
    trace.finish(stop=False)
    calls = [e["pid"] for e in trace.calls()]
    same((calls.count(first.pid), calls.count(last.pid)), (40, 50), "calls by process")


def a_command():
    program = sample("become")
    script = f"{program} work=20; echo $$"
    trace = Trace("-e", f"{program}:who_work", "-f", "-e", "exec", command=["sh", "-c", script])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    shell = int(trace.stdout.split()[-1])
    execs = trace.of("exec")
    same([execs[0]["pid"], execs[0]["ppid"]], [shell, trace.pid], "the command")
    same(execs[1]["ppid"], shell, "the program's parent")
    same([e["pid"] for e in trace.calls()], [execs[1]["pid"]] * 20, "calls")


def chosen():
    """By name; one in a namespace below has our number, one outside is not ours to see."""
    trace = Trace("--comm", "become", "-e", f"{sample('become')}:who_work")
    target = Target("become", "work=20").finish()
    deeper = Process([*INSIDE, sample("become"), "-w", "work=30"])
    deeper.wait_for("^ready 1$")
    pid = only(children(deeper.pid), "processes in the inner namespace")
    deeper.close_stdin()
    deeper.wait()
    trace.finish()
    trace.check_nothing_lost()
    calls = [e["pid"] for e in trace.calls()]
    same((calls.count(target.pid), calls.count(pid), len(calls)), (20, 30, 50), "calls")


def files_mapped_later():
    """The kernel's news of mappings are translated, too."""
    library = str(Path(sample("become")).parent / "libplugin.so")
    target = Target("plugins", "-w", library, 50, 1)
    trace = Trace("-e", "?plugin_*", pid=target.pid)
    target.release()
    target.wait_for("^loaded")
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(len(trace.calls("plugin_work")), 50, "calls")
    same(only(trace.gaps, "gaps")["pid"], target.pid, "the process of the gap")


need_root()
if subprocess.run([*INSIDE, "true"], check=False).returncode:
    print("skipped: no PID namespace can be made")
    sys.exit(77)
if sys.argv[1:] == ["inside"]:
    same(os.getpid(), 1, "our own number")
    run(by_pid, by_one_pid, a_number_used_again, a_command, chosen, files_mapped_later)
run(seen_from_outside, another_proc, from_inside)
