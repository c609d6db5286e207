# SPDX-License-Identifier: Apache-2.0
"""Every process that runs a file, running, started later, and of a later build of it."""

import os
import shutil
import subprocess

from utrail import Target, Trace, ensure, need_root, only, run, same, sample, scratch


def place(name):
    path = scratch() / name
    shutil.copy(sample("become"), path)
    return path


def upgrade(path):
    """As a package manager does: another file of the same name, with another build id."""
    new = path.with_suffix(".new")
    text = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout
    build = bytes.fromhex(text.split("Build ID: ")[1].split()[0])
    data = path.read_bytes()
    same(data.count(build), 1, "places of the build id")
    new.write_bytes(data.replace(build, build[::-1]))
    new.chmod(0o755)
    os.rename(new, path)


def running_and_later():
    path = place("whoxd1")
    running = Target(str(path), "-w", "work=10")
    trace = Trace("-e", f"{path}:who_work")
    trace.wait_for("every process.*Ctrl-C", "stderr")
    ensure("waiting" not in trace.stderr, trace.report("does not see who runs it"))
    targets = [running, Target(str(path), "-w", "work=20"), Target(str(path), "-w", "work=30", user=64981)]
    for target in targets:
        target.release()
        target.finish()
    trace.finish()
    trace.check_nothing_lost()
    calls = [e["pid"] for e in trace.calls()]
    same([calls.count(t.pid) for t in targets], [10, 20, 30], "calls by process")


def waits_for_the_first():
    path = place("whoxd2")
    trace = Trace("-e", f"{path}:who_work")
    trace.wait_for("no process runs it yet: waiting", "stderr")
    target = Target(str(path), "work=10").finish()
    trace.finish()
    same(len(trace.calls()), target.counts["who_work"], "calls")


def replaced():
    """A new build at the same path is told, and probed, once it is there; old processes go on."""
    for words in ([], ["--comm", "whoxd3"]):
        path = place("whoxd3")
        old = Target(str(path), "-w", "work=10")
        trace = Trace("-e", f"{path}:who_work", *words)
        upgrade(path)
        first = Target(str(path), "-w", "step", "work=20")
        trace.wait_for(rf"{path}: replaced on disk: pid {first.pid} runs another build", "stderr")
        trace.wait_for_text('"type":"gap"')
        second = Target(str(path), "-w", "work=30")
        first.release()
        for target in (old, first, second):
            target.release()
            target.finish()
        trace.finish()
        trace.check_nothing_lost()
        calls = [e["pid"] for e in trace.calls()]
        same([calls.count(t.pid) for t in (old, first, second)], [10, 20, 30], "calls by process")
        same(only(trace.gaps, "gaps")["pid"], first.pid, "the process of the gap")


def exec_after_replacement():
    """-p: the target itself runs the new build."""
    path = place("whoxd4")
    target = Target(str(path), "-w", "work=10", f"exec={path}", "step", "work=20")
    trace = Trace("-e", "who_work", pid=target.pid)
    upgrade(path)
    target.release()
    target.wait_for("^step")
    trace.wait_for(rf"{path}: replaced on disk: pid {target.pid} runs another build", "stderr")
    trace.wait_for_text('"type":"gap"')
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(target.counts, {"before": 10, "who_work": 20}, "calls of the target")
    same(len(trace.calls()), 30, "calls")


def only_that_file():
    """Another file of that name elsewhere is not meant."""
    path = place("whoxd5")
    other = scratch() / "elsewhere" / "whoxd5"
    other.parent.mkdir()
    shutil.copy(path, other)
    trace = Trace("-e", f"{path}:who_work")
    Target(str(other), "work=10").finish()
    target = Target(str(path), "work=20").finish()
    trace.finish()
    same([e["pid"] for e in trace.calls()], [target.pid] * 20, "calls")
    same(trace.gaps, [], "gaps")
    ensure("another build" not in trace.stderr, trace.report("told of another build"))


need_root()
run(running_and_later, waits_for_the_first, replaced, exec_after_replacement, only_that_file)
