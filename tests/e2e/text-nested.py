# SPDX-License-Identifier: Apache-2.0
"""Text: system calls and calls nested as they happened, with task, time, results and durations."""

import re
import sys

from expected import Expected, text_nodes
from utrail import Target, Trace, contains, ensure, fail, run, same, sample, scratch

SPECS = """nest:outer nest:open_input nest:copy nest:store
syscall:openat syscall:read syscall:write syscall:close""".split()
WORDS = [w for spec in SPECS for w in ("-e", spec)]


def trace_nest(*options, output=False, rounds=3):
    target = Target("nest", "-w", rounds)
    trace = Trace(*WORDS, *options, pid=target.pid, json=False, output=output)
    target.release()
    target.finish()
    trace.finish()
    return target, trace


def nested():
    target, trace = trace_nest()
    threads = text_nodes(trace.stdout)
    same(list(threads), [target.pid], "threads")
    problem = Expected(target.expected).find_in(threads[target.pid])
    if problem:
        fail(problem)


def form():
    """[PID/TID] TIME, then the bars of the nesting; results end in <SECONDS>."""
    target, trace = trace_nest()
    lines = trace.stdout.splitlines()
    line = rf"\[{target.pid}/{target.pid}\] \d\d:\d\d:\d\d\.\d{{6}} (\|  )*\S.*"
    ensure(len(lines) > 40, f"{len(lines)} lines are too few")
    for shown in lines:
        ensure(re.fullmatch(line, shown), f"a line of another form: {shown!r}")
    ended = [shown for shown in lines if " = " in shown]
    ensure(len(ended) > 30, f"{len(ended)} results are too few")
    for shown in ended:
        ensure(re.search(r" <\d+\.\d{6}>$", shown), f"no duration: {shown!r}")
    times = [re.search(r"\d\d:\d\d:\d\d\.\d{6}", shown)[0] for shown in lines]
    same(times, sorted(times), "times, in order")
    ensure("\x1b" not in trace.stdout, "colours, though the output is no terminal")


def into_a_file():
    target, trace = trace_nest(output=True)
    same(trace.stdout, "", "standard output with -o")
    contains(trace.file.read_text(), f"[{target.pid}/{target.pid}] ", "the file")
    same(trace.file.stat().st_mode & 0o777, 0o600, "mode of the file")


def summary_is_last():
    """On stderr, also when there is nothing else to say."""
    target, trace = trace_nest()
    last = trace.stderr.splitlines()[-1]
    lines = len(trace.stdout.splitlines())
    found = re.fullmatch(r"([1-9]\d*) events, 0 lost, 0 missed", last)
    ensure(found, f"the last line is {last!r}")
    spans_of_two_lines = len(re.findall(r"\] [\d:.]+ (?:\|  )*\w+:\w+ = ", trace.stdout))
    same(int(found[1]), lines - spans_of_two_lines, "events of the summary against lines")


def times():
    for option, pattern in {
        "-t": r"\] \d\d:\d\d:\d\d (?!\.)",
        "-tt": r"\] \d\d:\d\d:\d\d\.\d{6} ",
        "-ttt": r"\] \d{10}\.\d{6} ",
        "-r": r"\] +\d+\.\d{6} ",
    }.items():
        _, trace = trace_nest(option, rounds=1)
        ensure(len(trace.stdout.splitlines()) > 15, f"{option}: too few lines")
        for shown in trace.stdout.splitlines():
            ensure(re.search(pattern, shown), f"{option}: {shown!r}")


def colours():
    _, trace = trace_nest("--color=always", rounds=1)
    ensure("\x1b[" in trace.stdout, "no colours with --color=always")
    _, trace = trace_nest("--color=never", rounds=1)
    ensure("\x1b[" not in trace.stdout, "colours with --color=never")


def strings():
    """-s cuts, and says so as strace does."""
    _, trace = trace_nest("-s", "4", rounds=1)
    contains(trace.stdout, '"/dev"...', "text with -s 4")


def paths_of_descriptors():
    path = scratch() / "some file"
    path.write_text("content\n")
    script = f"import os, time; f = os.open({str(path)!r}, os.O_RDONLY); os.read(f, 8); time.sleep(1)"
    command = [sys.executable, "-S", "-c", script]
    trace = Trace("-y", "-e", "syscall:read", command=command, json=False, wait=False)
    same(trace.wait(), 0, "status")
    line = rf'read\(\d+<{re.escape(str(path))}>, "content\\n", 8\) = 8'
    ensure(re.search(line, trace.text), trace.report("shows no path with -y") + trace.text[-500:])


def quiet():
    """-q: no messages while all is well."""
    command = [sample("count"), "5"]
    trace = Trace("-e", "count:f", "-q", command=command, json=False, wait=False)
    same(trace.wait(), 0, "status")
    same(len(re.findall("count:f", trace.text)), 5, "calls")
    same(trace.stderr, "", "messages with -q")


run(
    nested,
    form,
    into_a_file,
    summary_is_last,
    times,
    colours,
    strings,
    paths_of_descriptors,
    quiet,
)
