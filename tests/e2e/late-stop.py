# SPDX-License-Identifier: Apache-2.0
"""--stop-on-load: no gap at what is loaded while tracing, and nobody is left stopped, whoever dies when."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

from utrail import (
    Process,
    Target,
    Trace,
    build_dir,
    check_error,
    contains,
    ensure,
    need_root,
    plain,
    run,
    same,
    sample,
    scratch,
)

CALLS = 5000
copies = 0


def library():
    """A file that nobody has seen."""
    global copies
    copies += 1
    path = scratch() / f"libplugin{copies}.so"
    shutil.copy(Path(build_dir(), "tests/e2e/targets/libplugin.so"), path)
    return str(path)


def state(pid):
    """The letter of /proc/PID/stat; None: it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def wait_for_state(pid, wanted, limit=5):
    end = time.monotonic() + limit
    while (state(pid) == "T") != wanted:
        ensure(time.monotonic() < end, f"the target is in state {state(pid)}")
        time.sleep(0.002)


def nothing_is_missed(**how):
    target = Target("plugins", "-w", library(), CALLS, 0, **how)
    trace = Trace("--stop-on-load", "-e", "?plugin_work", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(trace.gaps, [], "gaps")
    trace.check_nothing_lost()
    total = target.counts["plugin_work"]
    same([call["args"]["round"] for call in trace.calls("plugin_work")], list(range(total)), "calls")
    ensure(total == CALLS, "the target did not call it")


def loaded_and_called_at_once():
    """The target's own count is what is delivered, without anything that was missed."""
    for _ in range(5):
        nothing_is_missed()


def a_program_executed():
    """-f: a program that was never seen, from its first instruction."""
    path = scratch() / "whoxs1"
    shutil.copy(sample("become"), path)
    trace = Trace("--stop-on-load", "-f", "-e", "?who_work", command=["sh", "-c", f"{path} work=100; {path} work=50"])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same(trace.gaps, [], "gaps")
    same(len(trace.calls("who_work")), 150, "calls")


def a_user_without_rights():
    """The waker continues another user's process."""
    nothing_is_missed(user=64991)


def the_collector_sleeps():
    """It does not answer: the time limit ends the stop, and the gap is told."""
    target = Target("plugins", "-w", library(), CALLS, 0)
    trace = Trace("--stop-on-load", "-e", "?plugin_work", pid=target.pid)
    trace.send(signal.SIGSTOP)
    target.release()
    wait_for_state(target.pid, True)
    began = time.monotonic()
    target.finish()
    ensure(0.5 < time.monotonic() - began < 4, "the time limit is not one second")
    trace.send(signal.SIGCONT)
    trace.finish(stop=False)
    same(len(trace.gaps), 1, "gaps")


def the_collector_is_killed():
    """SIGKILL while the target is stopped for it: the target goes on."""
    for _ in range(3):
        target = Target("plugins", "-w", library(), CALLS, 0)
        trace = Trace("--stop-on-load", "-e", "?plugin_work", pid=target.pid)
        trace.send(signal.SIGSTOP)
        target.release()
        wait_for_state(target.pid, True)
        trace.send(signal.SIGKILL)
        began = time.monotonic()
        target.finish()
        ensure(time.monotonic() - began < 0.7, "it waited for the time limit")
        same(target.counts["plugin_work"], CALLS, "calls of the target")


def killed_at_random_moments():
    """While the target loads one new file after the other."""
    random.seed(7)
    for _ in range(12):
        files = [library() for _ in range(6)]
        script = "; ".join(f"{sample('plugins')} {path} 10 0" for path in files)
        target = Process(["sh", "-c", f"read line; {script}"])
        trace = Trace("--stop-on-load", "-f", "-e", "?plugin_work", pid=target.pid)
        target.write("\n")
        time.sleep(random.uniform(0, 0.15))
        trace.send(random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT]))
        same(target.wait(10), 0, target.report("ended"))
        same(target.stdout.count("count plugin_work 10"), 6, target.report("did not do all of its work"))
        trace.wait()


def the_waker_is_killed():
    """Then nobody is stopped any more, and the gap is told as without."""
    target = Target("plugins", "-w", library(), CALLS, 0)
    trace = Trace("--stop-on-load", "-e", "?plugin_work", pid=target.pid)
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            is_waker = comm.read_text() == "utrail-waker\n"
            parent = int((comm.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if is_waker and parent == trace.pid:
            os.kill(int(comm.parent.name), signal.SIGKILL)
    time.sleep(1.3)
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(len(trace.gaps), 1, "gaps")


def needs_somebody():
    check_error(plain(["--stop-on-load", "-e", "libc:malloc"]), 2, "whom")


need_root()
run(
    loaded_and_called_at_once,
    a_program_executed,
    a_user_without_rights,
    the_collector_sleeps,
    the_collector_is_killed,
    killed_at_random_moments,
    the_waker_is_killed,
    needs_somebody,
)
