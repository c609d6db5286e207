# SPDX-License-Identifier: Apache-2.0
"""Files that come while tracing: what dlopen and exec map is probed, and the gap before that is told."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from utrail import Target, Trace, build_dir, contains, ensure, ns, only, run, same, sample, scratch

CALLS = 50


def library():
    return str(Path(build_dir(), "tests/e2e/targets/libplugin.so"))


def check_gap(gap, pid):
    same(gap["module"], "libplugin", "the file of the gap")
    same(gap["pid"], pid, "the process of the gap")
    ensure(0 < ns(gap, "gap_ns") < 5 * 10**9, f"its length: {gap}")


def check_calls_of(trace, rounds, pid):
    """Every call, with its values."""
    calls = trace.calls("plugin_work")
    same([call["args"]["round"] for call in calls], rounds, "arguments of the calls")
    same([call["ret"] for call in calls], [2 * n for n in rounds], "results of the calls")
    same({event["pid"] for event in calls}, {pid}, "the process of the calls")


def check_calls(trace, rounds, pid):
    """And every marker."""
    check_calls_of(trace, rounds, pid)
    same([list(m["args"].values())[0] for m in trace.markers("work")], rounds, "arguments of the markers")


def loaded_late():
    """One gap, at the first load; then every call of every load is there."""
    loads = 3
    target = Target("plugins", "-w", library(), CALLS, loads)
    trace = Trace("-e", "?plugin_*,?usdt:plugin:*", pid=target.pid)
    target.release()
    for n in range(loads):
        target.wait_for(rf"(?:loaded \d+\s+){{{n + 1}}}")
        if n == 0:
            trace.wait_for_text('"type":"gap"')
        target.release()
    target.finish()
    trace.finish(status=0)
    same(target.counts["plugin_work"], CALLS * loads, "calls of the target")
    check_calls(trace, list(range(CALLS)) * loads, target.pid)
    check_gap(only(trace.gaps, "gaps"), target.pid)
    contains(trace.stderr, "1 file probed late")


def called_at_once():
    """What ran in the gap is not in the stream: delivered calls are the last ones, and the gap is told."""
    target = Target("plugins", "-w", library(), 200000, 0)
    trace = Trace("-e", "?plugin_work", "--fail-on-loss", pid=target.pid)
    target.release()
    target.finish(timeout=60)
    trace.finish(status=1)
    total = target.counts["plugin_work"]
    rounds = [call["args"]["round"] for call in trace.calls("plugin_work")]
    _, lost, _ = trace.summary
    ensure(len(rounds) + lost <= total, f"{len(rounds)} delivered + {lost} lost of {total}")
    if not lost and rounds:
        same(rounds, list(range(total - len(rounds), total)), "the calls behind the gap")
    check_gap(only(trace.gaps, "gaps"), target.pid)


def gone_again():
    """What was unmapped, and its file removed, before it could be probed is told, and probed the next time."""
    kept, path = scratch() / "kept.so", scratch() / "libplugin.so"
    shutil.copy(library(), kept)
    os.link(kept, path)
    first, second = Target("plugins", "-w", path, CALLS, 1), Target("plugins", "-w", path, CALLS, 1)
    trace = Trace("-p", second.pid, "-e", "?plugin_work", "--fail-on-loss", pid=first.pid)
    trace.send(signal.SIGSTOP)
    first.release()
    first.wait_for(r"loaded \d+")
    path.unlink()
    first.release()
    first.finish()
    trace.send(signal.SIGCONT)
    trace.wait_for_text('"probed":false')
    os.link(kept, path)
    second.release()
    second.wait_for(r"loaded \d+")
    trace.wait_for_text(f'"pid":{second.pid}')
    second.release()
    second.finish()
    trace.finish(status=1)
    same((first.counts["plugin_work"], second.counts["plugin_work"]), (CALLS, CALLS), "calls of the targets")
    check_gap(trace.gaps[0], first.pid)
    check_gap(only(trace.gaps[1:], "gaps of the second"), second.pid)
    ensure("probed" not in trace.gaps[1], f"the second gap has an end: {trace.gaps[1]}")
    same([call["pid"] for call in trace.calls("plugin_work")], [second.pid] * CALLS, "processes of the calls")
    contains(trace.stderr, "2 files probed late")


def without_a_name():
    """What has no name any more when it is looked at, or never had one."""
    for in_memory in (False, True):
        path = scratch() / "removed.so"
        shutil.copy(library(), path)
        fd = os.memfd_create("removed.so") if in_memory else os.open(path, os.O_RDONLY)
        if in_memory:
            os.write(fd, path.read_bytes())
        word = f"/proc/self/fd/{fd}" if in_memory else path
        target = Target("plugins", "-w", word, CALLS, 1, pass_fds=[fd])
        trace = Trace("-e", "?plugin_work", pid=target.pid)
        trace.send(signal.SIGSTOP)
        target.release()
        target.wait_for(r"loaded \d+")
        path.unlink()
        trace.send(signal.SIGCONT)
        trace.wait_for_text('"type":"gap"')
        target.release()
        target.finish()
        trace.finish(status=0)
        os.close(fd)
        check_calls_of(trace, list(range(CALLS)), target.pid)
        ensure("probed" not in only(trace.gaps, "gaps"), "a gap without an end")


def programs_run_later():
    """-f: the second run of a program that was new has no gap."""
    program = sample("count")
    shell = f"{program} 20; read line; {program} 20"
    trace = Trace("-f", "-e", "?count:*", "-e", "exec", command=["sh", "-c", shell])
    trace.wait_for_text('"type":"gap"')
    trace.write("\n")
    trace.finish(status=0, stop=False)
    runs = [e["pid"] for e in trace.events if e["type"] == "exec" and e["filename"] == program]
    same(len(runs), 2, "programs that ran")
    gap = only(trace.gaps, "gaps")
    same((gap["module"], gap["pid"]), ("count", runs[0]), "the gap")
    told = [c for c in trace.calls() if c["pid"] == runs[1]]
    alone = Trace("-e", "count:*", command=[program, "20"]).finish(stop=False)
    wanted = len(alone.calls())
    ensure(wanted >= 20, f"calls of a run alone: {wanted}")
    same(len(told), wanted, "calls of the second run")


def nobody_asked():
    """A library that no spec means is no gap."""
    target = Target("plugins", "-w", library(), CALLS, 1)
    trace = Trace("-e", "libc:puts,?usdt:other:*", pid=target.pid)
    target.release()
    target.wait_for(r"loaded \d+")
    target.release()
    target.finish()
    trace.finish(status=0)
    same(trace.gaps, [], "gaps")


def proof_broken():
    """A file that can throw ends the trampoline's time: its probes go, and no return is missed."""
    folder = scratch() / "gconv"
    folder.mkdir()
    (folder / "gconv-modules").write_text("module INTERNAL THROWING// throwing 1\n")
    shutil.copy(Path(build_dir(), "tests/e2e/targets/throwing.so"), folder)
    target = Target("convert", "-w", CALLS, env={**os.environ, "GCONV_PATH": str(folder)})
    trace = Trace("-e", "convert:work", pid=target.pid)
    target.release()
    target.wait_for(r"loaded \d+")
    end = time.monotonic() + 20
    while trap_count(target.pid) < 2:
        ensure(time.monotonic() < end, "no probe came to the function's ret")
        time.sleep(0.01)
    target.release()
    target.finish()
    trace.finish(status=0)
    trace.check_nothing_lost()
    same(trace.records[0]["backends"]["return"], "trampoline", "how returns are seen at first")
    same([c["args"]["n"] for c in trace.calls("work")], list(range(2 * CALLS)), "calls")
    same([c["ret"] for c in trace.calls("work")], [3 * n for n in range(2 * CALLS)], "results")
    same(trace.gaps, [], "gaps: work() was probed all the time")


def trap_count(pid):
    """Breakpoints in the text of convert's work(): at its entry, and later at its ret."""
    listed = subprocess.run(["nm", sample("convert")], capture_output=True, text=True, check=True).stdout
    address = next(int(line.split()[0], 16) for line in listed.splitlines() if line.endswith(" work"))
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        base = next(int(line.split("-")[0], 16) for line in maps if line.rstrip().endswith("/convert"))
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(base + address)
        return memory.read(16).count(0xCC)


run(loaded_late, called_at_once, gone_again, without_a_name, programs_run_later, nobody_asked, proof_broken)
