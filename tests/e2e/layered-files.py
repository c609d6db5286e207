# SPDX-License-Identifier: Apache-2.0
"""Programs on overlayfs, as in containers: each call is told once, though one file has several names and numbers, or what
has the old ones is a copy. The oracle is what each run of the program is asked to do."""

import atexit
import shutil
import subprocess

from utrail import Process, Trace, contains, ensure, need_root, run, same, sample, scratch, skip


def container(name, lower, options=""):
    """A mount with its own upper layer; the path of the program in it."""
    need_root()
    places = {part: scratch() / f"{name}-{part}" for part in ("upper", "work", "root")}
    for place in places.values():
        place.mkdir()
    layers = f"lowerdir={lower},upperdir={places['upper']},workdir={places['work']}{options}"
    mounted = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, places["root"]], capture_output=True, text=True)
    if mounted.returncode:
        skip(f"no overlayfs here: {mounted.stderr.strip()}")
    atexit.register(subprocess.run, ["umount", "-l", places["root"]], check=False)
    return places["root"] / "app"


def layer(name):
    place = scratch() / name
    place.mkdir()
    shutil.copy(sample("count"), place / "app")
    return place


def waiting(path, calls):
    target = Process([path, "-w", str(calls)], stdin=subprocess.PIPE)
    target.wait_for("ready")
    return target


def end(target):
    target.write("\n")
    same(target.wait(), 0, "status of the program")


def calls_by_process(trace):
    pids = [call["pid"] for call in trace.calls("f")]
    return {pid: pids.count(pid) for pid in pids}


def trace_both(*programs):
    """20 calls of one, 30 of the other."""
    targets = [waiting(program, calls) for program, calls in zip(programs, (20, 30))]
    trace = Trace("-e", "app:f", *(f"-p{target.pid}" for target in targets))
    for target in targets:
        end(target)
    trace.finish(stop=False)
    same(calls_by_process(trace), {targets[0].pid: 20, targets[1].pid: 30}, "calls of each")
    trace.check_nothing_lost()


def one_image():
    """One file for both."""
    lower = layer("lower")
    trace_both(container("one", lower), container("other", lower))


def two_images():
    """The same program in two files."""
    trace_both(container("first", layer("lower-1")), container("second", layer("lower-2")))


def beside_another_trace():
    """Traps that somebody else has put into both files do not make them one."""
    programs = [container(name, layer(f"layer-{name}")) for name in ("here", "there")]
    others = [Trace("-e", f"{program}:f") for program in programs]
    trace_both(*programs)
    for other in others:
        other.finish()


def trace_change(change, options=""):
    """Runs, a change of the program's file, runs; and those of another container, which has the same file at first. Each of
    them waits for a while, in which what comes late is probed."""
    lower = layer(f"changed{len(list(scratch().iterdir()))}")
    mine, other = (container(f"{lower.name}-{name}", lower, options) for name in ("mine", "other"))
    slow = "(sleep 0.5; echo) | {0} -w {1} >&2"
    runs = [f"{mine} 5", change.format(mine), slow.format(mine, 7), slow.format(mine, 11), slow.format(other, 13)]
    trace = Trace("-f", "-e", f"{mine}:f", command=["sh", "-c", "; ".join(runs)])
    trace.finish(stop=False)
    return trace


def copied_up():
    trace = trace_change("chmod 711 {0}")
    same(sorted(calls_by_process(trace).values()), [5, 7, 11, 13], "calls of each run")
    same(len(trace.gaps), 1, "gaps")
    ensure("another build" not in trace.stderr, trace.stderr)


def attributes_alone():
    """The content stays where it is: the probes are in."""
    trace = trace_change("chmod 711 {0}", ",metacopy=on")
    same(sorted(calls_by_process(trace).values()), [5, 7, 11, 13], "calls of each run")
    same(trace.gaps, [], "gaps")


def written():
    """Another program under the old numbers, and a copy of the attributes before: the content comes with the write."""
    trace = trace_change(f"chmod 711 {{0}}; {{0}} 3; cp {sample('nest')} {{0}}; cp {sample('count')} {{0}}", ",metacopy=on")
    contains(trace.stderr, "opened for writing: its probes are out", "the note")
    # The other container's file is the old one, without its probes.
    same(sorted(calls_by_process(trace).values())[:4], [3, 5, 7, 11], "calls of each run")
    ensure(len(trace.gaps) in (1, 2), f"gaps: {trace.gaps}")


run(one_image, two_images, beside_another_trace, copied_up, attributes_alone, written)
