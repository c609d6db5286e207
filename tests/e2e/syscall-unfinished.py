# SPDX-License-Identifier: Apache-2.0
"""A system call that does not return is shown before it does; one that is broken up looks as strace writes it."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from utrail import Process, Trace, ensure, matches, need_program, plain, run, same, sample, scratch

CALLS = "read,write,futex,clock_nanosleep,kill"
SPECS = [word for call in CALLS.split(",") for word in ("-e", f"syscall:{call}")]


def calls_of(lines):
    """(thread, line) with threads numbered as they come, and without what differs from run to run."""
    threads, ret = {}, []
    for line in lines:
        if "ELF" in line:  # the loader's
            continue
        found = re.match(r"(?:\[pid +(\d+)\] |\[\d+/(\d+)\] )?(.*)$", line)
        thread = found[1] or found[2] or ""
        text = re.sub(r" +<\d+\.\d+>$", "", found[3])
        text = re.sub(r"\) += ", ") = ", text)
        text = re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)
        text = re.sub(r"\b\d{3,}\b", "N", text)
        ret.append((threads.setdefault(thread, len(threads)), text))
    return ret


def of_thread(calls, name):
    """The lines of the thread that has a line like this."""
    thread = next(thread for thread, text in calls if re.search(name, text))
    return [text for t, text in calls if t == thread]


def strace_of(arguments, status):
    file = scratch() / "strace.txt"
    command = ["strace", "-f", "-q", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", file, sample("waits"), *arguments]
    done = subprocess.run([str(word) for word in command], timeout=60, stdin=subprocess.DEVNULL, capture_output=True)
    same(done.returncode, status, "strace ends")
    # With -o each line has its thread in front.
    return [re.sub(r"^(\d+) +", r"[pid \1] ", line) for line in file.read_text().splitlines()]


def trace_of(arguments, status, *options):
    trace = Trace("-t", *options, *SPECS, "-e", "exit", command=[sample("waits"), *arguments], json=False, wait=False)
    trace.finish(status=status, stop=False)
    return [re.sub(r"^(\[\d+/\d+\]) [0-9:.]+ ", r"\1 ", line) for line in trace.text.splitlines()]


COLD = """
import mmap, os, sys, threading, time
r, w = os.pipe()
os.set_blocking(w, False)
try:
    while os.write(w, b"x" * 4096): pass
except BlockingIOError:
    os.set_blocking(w, True)
with open(sys.argv[1], "rb") as file:
    text = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
threading.Timer(0.6, lambda: os.read(r, 65536)).start()
os.write(w, memoryview(text)[:6])
"""


def what_comes_into_memory_later():
    """The call's end has what its beginning could not read: a page of a file that nobody has touched."""
    need_program("python3", "python3")
    (scratch() / "text").write_text("a text of some length")
    trace = Trace("-e", "syscall:write", command=["python3", "-S", "-c", COLD, scratch() / "text"], json=False, wait=False)
    trace.finish(stop=False)
    halves = re.findall(r"write\(\d+, 0x[0-9a-f]+<not resident>, 6 <unfinished \.\.\.>$|<\.\.\. write resumed> .* = 6 ", trace.text, re.M)
    same(len(halves), 2, f"halves in {trace.text[-600:]}")
    ensure(halves[1].startswith('<... write resumed> /* buf="a text" */) = 6 '), halves[1])


def waiting_is_seen():
    """By default, as soon as the call has taken long: while it does."""
    target = Process(["cat"], stdin=subprocess.PIPE)
    trace = Trace("-e", "syscall:read", pid=target.pid, json=False)
    target.write("abc\n")
    trace.wait_for_text("<unfinished ...>")
    same(re.findall(r" (read\(.*|<.*)$", trace.text, re.M)[-1], "read(0,  <unfinished ...>", "the line")
    target.write("xyz\n")
    trace.wait_for_text(" resumed>")
    text = matches(trace.text, r' <\.\.\. read resumed>"xyz\\n", \d+\) = 4 <(\d+\.\d+)>$')
    ensure(float(text[1]) >= 0.2, f"shown after {text[1]} s, which is not long")
    trace.wait_for_text("<unfinished ...>\n")
    target.close_stdin()
    target.wait()
    trace.finish(stop=False)
    trace_is_whole(trace)


def trace_is_whole(trace):
    """An event is a call, not a line."""
    lines = trace.text.splitlines()
    shown = len([line for line in lines if "<unfinished ...>" not in line or line.endswith(") = ?")])
    same(trace.summary, (shown, 0, 0), "events, lost, missed")


def short_calls_stay_whole():
    text = "\n".join(trace_of(["0"], 0))
    same(re.findall(r" (?:read|write)\((?:\d+, )? <unf.*", text), [], "calls that took no time")


def json_is_one_object():
    trace = Trace(*SPECS, command=[sample("waits"), "400"], wait=False)
    trace.finish(stop=False)
    reads = [e for e in trace.of("syscall", "read") if e["args"]["count"] == 1]
    same([(e["ret"], int(e["dur_ns"]) > 300000000) for e in reads], [(1, True)], "the read that waited")


def whole_calls(lines):
    """What is the same in each run: a call is broken when another one happens to come, and a thread that has ended is not
    waited for. That a kill was made is known here, whether it came back or not."""
    text = re.sub(r" <unfinished \.\.\.>\n<\.\.\. \w+ resumed>", "", "\n".join(lines))
    return [line for line in text.splitlines() if not line.startswith(("kill(", "killed", "futex("))]


def as_strace():
    """Each thread's calls of its own, broken in two at the same places."""
    need_program("strace", "strace")
    for arguments, status in ((["300"], 0), (["300", "9"], -9)):
        wanted, got = calls_of(strace_of(arguments, status)), calls_of(trace_of(arguments, status, "--unfinished"))
        for name in (r'resumed>"x"', r"write\("):
            theirs, ours = ([re.sub(r"^(?:\+\+\+|thread) ((?:exited|killed by \w+)).*", r"\1", line)
                             for line in of_thread(calls, name)] for calls in (wanted, got))
            same(whole_calls(ours), whole_calls(theirs), f"{arguments}: {name}")
        for lines in (wanted, got):
            text = "\n".join(line for _, line in lines)
            matches(text, r'^read\(3,  <unfinished \.\.\.>$')
            matches(text, r'^<\.\.\. read resumed>"x", 1\) = 1$')
            if status:
                matches(text, r"^<\.\.\. read resumed> <unfinished \.\.\.>\) = \?$")


def killed():
    """As strace has it: the call never came back, and what was known of it stands there."""
    need_program("strace", "strace")
    file = scratch() / "killed.txt"
    strace = Process(["strace", "-q", "-o", file, "-e", "trace=clock_nanosleep", "sleep", "77"])
    kill_child(strace, 0)
    wanted = file.read_text().splitlines()
    same(len(wanted), 2, "lines of strace")
    for options, seconds in ((["--unfinished"], 0), ([], 0), ([], 0.7)):
        trace = Trace(*options, "-t", "-e", "syscall:clock_nanosleep", "-e", "exit", command=["sleep", "77"], json=False, wait=False)
        kill_child(trace, seconds)
        got = [re.sub(r"^\[\d+/\d+\] [0-9:.]+ ", "", line) for line in trace.text.splitlines()]
        if len(got) == 3 or seconds:
            # It was shown when it had taken long.
            whole, rest = got.pop(0), got.pop(0)
            same(rest, "<... clock_nanosleep resumed> <unfinished ...>) = ?", "its end")
            got.insert(0, whole + ") = ?")
        same(got, wanted, f"{options}, after {seconds} s")


def kill_child(tracer, seconds):
    """Once it sleeps, and so many seconds later."""
    until = time.monotonic() + 20
    while not (child := sleeping_child(tracer.pid)):
        ensure(time.monotonic() < until, "no child that sleeps")
        time.sleep(0.01)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    tracer.wait()


def sleeping_child(pid):
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if Path(f"/proc/{child}/syscall").read_text().split()[0] in ("230", "115"):
                return int(child)
        except (OSError, IndexError):
            pass
    return None


def of_those_that_may_be_left_out():
    """Whether it is shown is known at its end: no half of it before."""
    target = Process(["cat"], stdin=subprocess.PIPE)
    traces = [Trace("-e", spec, *options, pid=target.pid, json=False)
              for spec, options in (("syscall:read if ret > 100", []), ("syscall:read", ["-Z"]))]
    seen = Trace("-e", "syscall:read", pid=target.pid, json=False)
    target.write("abc\n")
    seen.wait_for_text("read(0,  <unfinished ...>")
    target.write("xyz\n")
    seen.wait_for_text(" resumed>")
    for trace in traces:
        trace.finish()
        same([line for line in trace.text.splitlines() if "detached" not in line], [], "lines")
    seen.finish()


def refused():
    for words in (["--unfinished", "--json"], ["--unfinished", "-z"], ["--unfinished", "-c"]):
        got = plain([*words, "-p", "1"])
        same(got.status, 2, f"{words}")
        matches(got.stderr, "--unfinished")


run(what_comes_into_memory_later, waiting_is_seen, short_calls_stay_whole, json_is_one_object, as_strace, killed, of_those_that_may_be_left_out, refused)
