# SPDX-License-Identifier: Apache-2.0
"""Signals: what the target's handlers count, and what strace sees of the same program."""

import os
import re
import subprocess

from utrail import *

ROUNDS = 5
HANDLED = {"SIGHUP": 1, "SIGRT_3": 35, "SIGALRM": 14, "SIGPIPE": 13, "SIGSEGV": 11, "SIGFPE": 8, "SIGILL": 4, "SIGCHLD": 17}


def shown(text):
    """The lines of signals and of the end, without numbers that differ from run to run."""
    lines = re.findall(r"(?:--- SIG.* ---|\+\+\+ .* \+\+\+)$", text, re.MULTILINE)
    lines = [re.sub(r"(si_pid|si_utime|si_stime)=\d+(?: /\*.*?\*/)?", r"\1=", line) for line in lines]
    return [re.sub(r"0x[0-9a-f]{9,}", "0x...", line) for line in lines]


def own_count():
    target, trace = trace_target("signals", [ROUNDS], [], "-e", "signal")
    trace.check_nothing_lost()
    got = [e for e in trace.of("signal") if not e.get("ignored")]
    for name, number in HANDLED.items():
        same(len([e for e in got if e["signal"] == name]), target.counts.get(str(number), 0), f"{name}: handled")
    same(sum(target.counts.values()), len(got), "all that was handled")
    ignored = [e["signal"] for e in trace.of("signal") if e.get("ignored")]
    same(sorted(ignored), sorted(["SIGWINCH", "SIGUSR2", "SIGCHLD", "SIGURG"] * ROUNDS), "ignored")
    same({e["pid"] for e in trace.of("signal")}, {target.pid}, "processes: children are not followed")
    same({e["comm"] for e in trace.of("signal")}, {"signals"}, "names")
    queued = [e["info"] for e in got if e["signal"] == "SIGRT_3"]
    same(queued, [{"si_code": "SI_QUEUE", "si_pid": target.pid, "si_uid": 0, "si_int": 77, "si_ptr": "0x4d"}] * ROUNDS, "value")


def as_strace():
    """The same lines, in the same order, whatever ends the program."""
    need_program("strace", "strace")
    for end in (0, signal.SIGTERM, signal.SIGABRT, signal.SIGUSR1, signal.SIGQUIT):
        command = [sample("signals"), "2", str(int(end))]
        file = scratch() / "strace.txt"
        subprocess.run(["strace", "-e", "trace=none", "-o", file, *command], timeout=60, stdout=subprocess.DEVNULL)
        wanted = shown(file.read_text())
        trace = Trace("-e", "signal", "-e", "exit", command=command, json=False, wait=False)
        trace.finish(status=-int(end), stop=False)
        same(shown(trace.text), wanted, f"ended by {int(end)}")


def killed():
    """Of SIGKILL, strace says that it came, and utrail who sent it."""
    target = Process(["sleep", "60"])
    trace = Trace("-e", "signal", "-e", "exit", pid=target.pid)
    target.send(signal.SIGKILL)
    trace.finish(stop=False)
    event, end = trace.events
    same((event["signal"], event["info"]["si_pid"], end["signal"]), ("SIGKILL", os.getpid(), "SIGKILL"), "signal, sender, end")


def default_and_sets():
    """By themselves they are shown with everything else; a set says which."""
    command = ["sh", "-c", "kill -WINCH $$; kill -URG $$; kill -0 $$"]
    for words, wanted, calls in (
        ([], ["SIGWINCH", "SIGURG"], True),
        (["-e", "signal=none"], [], True),
        (["-e", "signal=winch"], ["SIGWINCH"], True),
        (["-e", "signal=!SIGWINCH"], ["SIGURG"], True),
        (["-e", "s=23,28"], ["SIGWINCH", "SIGURG"], True),
        (["-e", "!signal:URG"], ["SIGWINCH"], True),
        (["-e", "syscall:kill", "-e", "signal=urgent,SIGURG"], None, None),
        (["-e", "syscall:kill"], [], True),
        (["-e", "syscall:kill", "-e", "signal=all"], ["SIGWINCH", "SIGURG"], True),
        (["-e", "signal=SIGURG", "-e", "trace=kill"], ["SIGURG"], True),
        (["-e", "signal:SIGW*"], ["SIGWINCH"], False),
        (["-e", "signal"], ["SIGWINCH", "SIGURG"], False),
    ):
        if wanted is None:
            check_error(plain([*words, "--", *command]), 2, "no such signal", hint=".*SIGCHLD")
            continue
        trace = Trace(*words, command=command, wait=False)
        trace.finish(stop=False)
        same([e["signal"] for e in trace.of("signal")], wanted, f"{words}: signals")
        same(len(trace.syscalls("kill")), 3 if calls else 0, f"{words}: calls")


def followed():
    """Of children, too, in the thread that gets it."""
    trace = Trace("-f", "-e", "signal", command=["sh", "-c", "sh -c 'kill -TERM $$'; exit 0"], wait=False)
    trace.finish(stop=False)
    term = only((e for e in trace.of("signal") if e["signal"] == "SIGTERM"), "SIGTERM")
    child = only((e for e in trace.of("signal") if e["signal"] == "SIGCHLD"), "SIGCHLD")
    same(child["info"]["si_status"], "SIGTERM", "how the child ended")
    same((child["info"]["si_pid"], child["pid"] != term["pid"]), (term["pid"], True), "processes")


def inside_of_calls():
    """Handlers run inside of the function that was interrupted: so the signal is shown there."""
    target, trace = trace_target("signals", [1], ["signals:by_the_kernel", "signals:on_signal"], "-e", "signal=PIPE",
                                 "-e", "signal:ALRM")
    depths = {e["signal"]: e["depth"] for e in trace.of("signal")}
    same(depths, {"SIGPIPE": 1, "SIGALRM": 1}, "depths")
    check_nesting([e for e in trace.events if e["type"] != "signal"])


def many():
    """A storm is told, or counted as lost."""
    script = "import os, signal\nsignal.signal(1, lambda *a: None)\nfor i in range(20000): os.kill(os.getpid(), 1)"
    trace = Trace("-e", "signal:HUP", command=["python3", "-S", "-E", "-c", script], wait=False)
    trace.finish(stop=False, timeout=60)
    events, lost, missed = trace.summary
    same(events + lost + missed, 20000, "signals")


run(own_count, as_strace, killed, default_and_sets, followed, inside_of_calls, many)
