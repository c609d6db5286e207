# SPDX-License-Identifier: Apache-2.0
"""A thread has the name that it has at the event, whoever gave it that, and when."""

import re
import subprocess

from utrail import Target, Trace, run, same, sample


def told(text):
    """{n: name} of the calls of f(n), as the target asked for it."""
    return {int(n): name for n, name in re.findall(r"^name (\d+) (.*)$", text, re.MULTILINE)}


def wanted(text):
    names = told(text)
    same(sorted(names), [0, 1, 2, 3, 4, 5], "calls that were told")
    same(len(set(names.values())), 4, "different names")
    return names


def traced(*options, json):
    trace = Trace("-e", "names:f(int)", "-e", "syscall:getppid", *options, command=[sample("names")], json=json,
                  stdin=subprocess.DEVNULL)
    trace.finish(stop=False)
    trace.check_nothing_lost()
    return trace


def in_json():
    trace = traced(json=True)
    names = wanted(trace.stdout)
    calls = trace.calls("f")
    same({call["args"]["arg1"]: call["comm"] for call in calls}, names, "names at calls")
    same(sorted(call["comm"] for call in trace.of("syscall")), sorted(names.values()), "names at system calls")


def in_text():
    trace = traced("-f", json=False)
    names = {n: name.replace("[", "\\x5b").replace("]", "\\x5d") for n, name in wanted(trace.stdout).items()}
    calls = re.findall(r"^(.*)\[\d+/\d+\] \S+ (?:\|  )*names:f\((?:arg1=)?(\d)\)", trace.text, re.MULTILINE)
    same({int(n): name for name, n in calls}, names, "names at calls")


def of_who_only_waits():
    """Its call began before the trace did, and nothing else is seen of it."""
    target = Target("names", ready=True)
    trace = Trace("--duration", "0.3", pid=target.pid)
    trace.finish(stop=False)
    calls = trace.of("syscall")
    same({call["tid"] == target.pid: call["comm"] for call in calls}, {True: "first", False: "] [9/9] x"},
         f"names in {calls}")
    target.finish()


run(in_json, in_text, of_who_only_waits)
