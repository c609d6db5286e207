# SPDX-License-Identifier: Apache-2.0
"""Processes that are chosen by name or user, those that come later among them; counts are the target's own."""

import shutil
import signal
from pathlib import Path

from utrail import Process, Target, Trace, contains, ensure, need_root, plain, program, run, same, sample, scratch

SPEC = ["-e", "?who_work"]
USER = 64973  # nobody's


def copy(name):
    """The program under a name, and as a file, that nothing else has."""
    path = scratch() / name
    if not path.exists():
        shutil.copy(sample("become"), path)
    return str(path)


def check(trace, target, calls=None, gaps=0):
    """Every call of the target, and of nobody else; `calls` of them behind a gap that was told."""
    trace.check_nothing_lost()
    same(len(trace.gaps), gaps, "gaps")
    wanted = target.counts["who_work"] if calls is None else calls
    same(len(trace.calls("who_work")), wanted, "calls")
    ensure(wanted > 0, "the target called nothing")


def running_now():
    """A process that was there before, one that is another name's, and a file of no known name."""
    target, other = Target(copy("whoyA1"), "-w", "work=50"), Target(copy("whoyB1"), "-w", "work=70")
    trace = Trace("--comm", "whoy[!B]?", *SPEC)
    contains(trace.wait_for(r"process\S* match\S* now", "stderr").string, "1 process matches now")
    for process in (target, other):
        process.release()
        process.finish()
    trace.finish()
    check(trace, target)
    same({event["pid"] for event in trace.events}, {target.pid}, "processes")


def started_later():
    """From the first instruction: the file is known by its path."""
    path = copy("whoxa2")
    trace = Trace("--comm", "whoxa2", "-e", f"{path}:who_work", "-e", "exec")
    trace.wait_for("no process matches yet: waiting", "stderr")
    target = Target(path, "work=50").finish()
    Target(copy("whoxb1"), "work=5").finish()
    trace.finish()
    check(trace, target)
    same([e["pid"] for e in trace.of("exec")], [target.pid], "execs")


def nothing_has_it():
    """A function that nobody has so far is said to be so: it may be a mistake."""
    target = Target(copy("whoya3"), "-w", "work=5")
    trace = Trace("--comm", "whoya3", "-e", "no_such_function", *SPEC)
    contains(trace.stderr, "'no_such_function': in none of the files that are known yet")
    ensure("'?who_work'" not in trace.stderr, trace.report("says too much"))
    target.release()
    target.finish()
    trace.finish()
    check(trace, target)


def misspelt():
    """A file that is there, and has no such function: no process that comes will be better."""
    path = copy("whoya4")
    for spec in (f"{path}:who_wrok", "libc:reed"):
        ended = plain(["--comm", "whoya4", "-e", spec])
        same(ended.status, 2, ended.report("ended with"))
        contains(ended.stderr, "no such function", "the error")
        contains(ended.stderr, "did you mean", "the error")
    # Wanted only where it is.
    trace = Trace("--comm", "whoya4", "-e", f"?{path}:who_wrok", *SPEC)
    trace.wait_for("no process matches yet: waiting", "stderr")
    trace.finish()


def nothing_matches():
    """Ctrl-C ends the wait, with no event and status 0."""
    trace = Trace("--comm", "whox-none", *SPEC)
    trace.wait_for("no process matches yet: waiting", "stderr")
    trace.finish(status=0)
    same(trace.summary, (0, 0, 0), "summary")


def many_short_ones():
    """A thousand processes of some milliseconds: every call of every one."""
    path = copy("whoxa3")
    starter = Target(path, "-w", "runs=1000")
    trace = Trace("--comm", "whoxa3", "-e", f"{path}:who_work")
    starter.release()
    starter.finish()
    trace.finish()
    check(trace, starter)
    same(len({e["pid"] for e in trace.calls()}), 1000, "processes that called it")


def renamed():
    """prctl(PR_SET_NAME): traced from then on, and the file, which is new, has a gap or none."""
    path = copy("whoxb4")
    target = Target(path, "-w", "work=30", "name=whoxa4", "work=50")
    trace = Trace("--comm", "whoxa4", "-e", f"{path}:who_work")
    target.release()
    target.finish()
    trace.finish()
    same(target.counts["who_work"], 80, "calls of the target")
    check(trace, target, calls=50)


def renamed_with_a_new_file():
    """What it has mapped before it matched is looked through; that takes its time, and is told."""
    target = Target(copy("whoxb5"), "-w", "work=30", "name=whoxa5", "step", "work=50")
    trace = Trace("--comm", "whoxa5", *SPEC)
    target.release()
    target.wait_for("^step")
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish()
    check(trace, target, calls=50, gaps=1)
    same(trace.gaps[0]["pid"], target.pid, "the process of the gap")


def another_program():
    """An exec that does not match any more is the end; its execve is told, with -f all goes on."""
    for follow in (False, True):
        name = f"whoxa6{'f' if follow else ''}"
        target = Target(copy(name), "-w", "work=20", f"exec={copy('whoxb6')}", "work=30")
        trace = Trace("--comm", name, *SPEC, "-e", f"{copy('whoxb6')}:who_work", "-e", "execve", *(["-f"] * follow))
        target.release()
        target.finish()
        trace.finish()
        same(target.counts, {"before": 20, "who_work": 30}, "calls of the target")
        check(trace, target, calls=50 if follow else 20)
        same(len(trace.syscalls("execve")), 1, "execve")


def children():
    """A child has its parent's name, so it is chosen like it, also without -f."""
    path = copy("whoxa7")
    target = Target(path, "-w", "work=20", "fork=30", "fork=40", "name=whoxb7", "fork=50")
    trace = Trace("--comm", "whoxa7", "-e", f"{path}:who_work")
    target.release()
    target.finish()
    trace.finish()
    same(target.counts["who_work"], 140, "calls of the target")
    check(trace, target, calls=90)


def of_a_user():
    """Of the user at the start, of the user by setuid() later, and not of others; names and numbers."""
    path = copy("whoxa8")
    first = Target(path, "-w", "work=20", user=USER)
    second = Target(path, "-w", "work=30", f"user={USER}", "work=40")
    other = Target(path, "-w", "work=50")
    trace = Trace("-u", USER, "-e", f"{path}:who_work")
    for process in (first, second, other):
        process.release()
        process.finish()
    trace.finish()
    trace.check_nothing_lost()
    counts = {p.pid: len([e for e in trace.calls() if e["pid"] == p.pid]) for p in (first, second, other)}
    same(counts, {first.pid: 20, second.pid: 40, other.pid: 0}, "calls by process")
    same({event["uid"] for event in trace.calls()}, {USER}, "users")


def of_a_user_with_a_new_file():
    """Nothing is probed that a process could reach after its setuid(): it is found all the same."""
    target = Target(copy("whoxb8"), "-w", f"user={USER}", "step", "work=50")
    trace = Trace("-u", USER, *SPEC)
    target.release()
    target.wait_for("^step")
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish()
    check(trace, target, gaps=1)


def both():
    """Name and user: both must be true."""
    path = copy("whoxa9")
    right = Target(path, "-w", "work=20", user=USER)
    wrong = [Target(path, "-w", "work=30"), Target(copy("whoxb9"), "-w", "work=30", user=USER)]
    trace = Trace("--user", f"{USER},{USER + 1}", "--comm", "whoxa9", "--comm", "whoxc*", "-e", f"{path}:who_work")
    for process in (*wrong, right):
        process.release()
        process.finish()
    trace.finish()
    check(trace, right)
    contains(trace.stderr, "1 process matched")


def never_ourselves():
    """utrail has the name that is asked for, and traces neither itself nor its helpers."""
    path = scratch() / "whoxu"
    shutil.copy(program(), path)
    words = ["--comm", "whoxu", "--comm", "utrail-attacher", "-u", "root", "-e", "syscall:*", "-o", scratch() / "own"]
    trace = Process([path, *words])
    trace.wait_for("^utrail: ", "stderr")
    helpers = {int(s.parent.name) for s in Path("/proc").glob("[0-9]*/stat") if parent(s) == trace.pid}
    ensure(helpers, "utrail has no helper any more")
    target = Process(["sh", "-c", f"printf whoxu > /proc/$$/comm; kill -0 {trace.pid}; exit"])
    target.wait()
    trace.send(signal.SIGINT)
    same(trace.wait(), 0, trace.report("ended"))
    told = (scratch() / "own").read_text()
    contains(told, f"kill({trace.pid}, 0)", "the target's call")
    for pid in {trace.pid, *helpers}:
        ensure(f"[{pid}/" not in told, f"{pid} is traced: {told[:2000]}")


def parent(stat):
    """The parent of a process, 0 when it has ended meanwhile."""
    try:
        return int(stat.read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def several_processes():
    """-p with a list goes on until the last one has ended, and tells each end."""
    path = copy("whoxa0")
    targets = [Target(path, "-w", f"work={n}") for n in (10, 20, 30)]
    trace = Trace("-e", "whoxa0:who_work", pid="\n".join(str(t.pid) for t in targets))
    for n, target in enumerate(targets):
        ensure(trace.process.poll() is None, "it ended before the last one")
        target.release()
        target.finish()
        if n < 2:
            trace.wait_for(rf"{target.pid} \(whoxa0\) has ended", "stderr")
    trace.finish(stop=False)
    trace.check_nothing_lost()
    counts = [len([e for e in trace.calls() if e["pid"] == t.pid]) for t in targets]
    same(counts, [10, 20, 30], "calls by process")


need_root()
run(
    running_now,
    started_later,
    nothing_has_it,
    misspelt,
    nothing_matches,
    many_short_ones,
    renamed,
    renamed_with_a_new_file,
    another_program,
    children,
    of_a_user,
    of_a_user_with_a_new_file,
    both,
    never_ourselves,
    several_processes,
)
