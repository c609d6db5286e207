# SPDX-License-Identifier: Apache-2.0
"""One semaphore for each place of a marker: all are raised while it is traced, none afterwards."""

import os
import re
import signal
import subprocess
import time

from utrail import Target, Trace, ensure, run, same, sample

ROUNDS = 20
PROGRAMS = ("usdt-each", "usdt-each-fixed")


class Semaphores:
    """The five of a running target, in its memory; found by nm and /proc/PID/maps."""

    def __init__(self, target, path):
        text = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        found = re.findall(r"^(\w+) \w each_semaphore_(\d)$", text, re.MULTILINE)
        kind = subprocess.run(["readelf", "-h", path], capture_output=True, text=True).stdout
        fixed = "EXEC (Executable file)" in kind
        with open(f"/proc/{target.pid}/maps") as maps:
            base = min(int(m.split("-")[0], 16) for m in maps if path in m)
        self.places = [(0 if fixed else base) + int(a, 16) for a, _ in sorted(found, key=lambda f: f[1])]
        self.path = f"/proc/{target.pid}/mem"

    @property
    def values(self):
        with open(self.path, "rb", buffering=0) as memory:
            return [int.from_bytes(os.pread(memory.fileno(), 2, at), "little") for at in self.places]

    def become(self, wanted, what):
        """The kernel lowers them when the last descriptor of a killed tracer is closed."""
        for _ in range(500):
            if self.values == wanted:
                return
            time.sleep(0.01)
        same(self.values, wanted, what)


def check_hits(target, trace, rounds=ROUNDS):
    trace.check_nothing_lost()
    same([target.counts[f"place{i}"] for i in range(5)], [rounds] * 5, "places that the target passed")
    got = sorted(e["args"]["arg1"] for e in trace.markers("hit"))
    same(got, sorted(10 * r + i for r in range(rounds) for i in range(5)), "hits of all places")


def every_place():
    for name in PROGRAMS:
        target = Target(name, "-w", "-h", ROUNDS)
        semaphores = Semaphores(target, sample(name))
        same(semaphores.values, [0] * 4, f"semaphores of {name} before")
        trace = Trace("-e", "usdt:each:hit", pid=target.pid)
        same(semaphores.values, [1] * 4, f"semaphores of {name} while traced")
        target.release()
        target.wait_for("^done ")
        trace.finish()
        same(semaphores.values, [0] * 4, f"semaphores of {name} after")
        target.finish()
        check_hits(target, trace)
        same(target.counts["semaphores"], 0, "their sum, as the target sees it")


def of_a_library():
    library = sample("usdt-plugin.so")
    for how in ("file", "memfd"):
        target = Target("usdt-loader", "-w", "-h", ROUNDS, how, library)
        where = library if how == "file" else "/memfd:plugin"
        semaphores = Semaphores(target, library) if how == "file" else None
        trace = Trace("-e", "usdt:each:hit", pid=target.pid)
        if semaphores:
            same(semaphores.values, [1] * 4, f"semaphores of {where} while traced")
        target.release()
        target.wait_for("^done ")
        trace.finish()
        target.finish()
        check_hits(target, trace)
        same(target.counts["semaphores"], 0, f"semaphores of {where} after")


def untraced():
    target = Target("usdt-each", ROUNDS)
    target.finish()
    same([target.counts[f"place{i}"] for i in range(4)], [0] * 4, "places passed without a tracer")


def from_the_first_instruction():
    trace = Trace("-e", "usdt:each:hit", command=[sample("usdt-each"), str(ROUNDS)])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same(len(trace.markers("hit")), 5 * ROUNDS, "hits of a command")


def two_tracers():
    """A place with two tracers has one breakpoint, and counts once."""
    target = Target("usdt-each", "-w", "-h", ROUNDS)
    semaphores = Semaphores(target, sample("usdt-each"))
    first = Trace("-e", "usdt:each:hit", pid=target.pid)
    second = Trace("-e", "usdt:each:hit", pid=target.pid)
    same(semaphores.values, [1] * 4, "semaphores with two tracers")
    first.finish()
    same(semaphores.values, [1] * 4, "semaphores with the second alone")
    target.release()
    target.wait_for("^done ")
    second.finish()
    same(semaphores.values, [0] * 4, "semaphores after")
    target.finish()
    check_hits(target, second)


def killed():
    target = Target("usdt-each", "-w", "-h", ROUNDS)
    semaphores = Semaphores(target, sample("usdt-each"))
    trace = Trace("-e", "usdt:each:hit", pid=target.pid)
    same(semaphores.values, [1] * 4, "semaphores while traced")
    trace.send(signal.SIGKILL)
    trace.wait()
    semaphores.become([0] * 4, "semaphores after SIGKILL of the tracer")
    target.release()
    target.finish()
    same(target.counts["place0"], 0, "places passed without a tracer")


def other_processes_stay_quiet():
    """Another process of the same program, which nobody traces."""
    other = Target("usdt-each", "-w", "-h", ROUNDS)
    target = Target("usdt-each", "-w", ROUNDS)
    semaphores = Semaphores(other, sample("usdt-each"))
    trace = Trace("-e", "usdt:each:hit", pid=target.pid)
    while_traced = semaphores.values
    other.release()
    other.wait_for("^done ")
    target.release()
    target.finish()
    trace.finish(stop=False)
    check_hits(target, trace)
    same({e["pid"] for e in trace.markers("hit")}, {target.pid}, "processes in the trace")
    # The kernel counts in each process of the file: a marker may be reached that nobody hears.
    ensure(while_traced in ([0] * 4, [1] * 4), f"semaphores of the other one: {while_traced}")
    same(semaphores.values, [0] * 4, "semaphores of the other one after")
    other.finish()


def two_markers_at_one_place():
    target = Target("usdt-each", "-w", ROUNDS)
    trace = Trace("-e", "usdt:each:shared_*", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    trace.check_nothing_lost()
    for name in ("shared_a", "shared_b"):
        got = [e["args"]["arg1"] for e in trace.markers(name)]
        same(got, list(range(ROUNDS)), f"hits of {name}")


run(
    untraced,
    every_place,
    of_a_library,
    from_the_first_instruction,
    two_tracers,
    killed,
    other_processes_stay_quiet,
    two_markers_at_one_place,
)
