# SPDX-License-Identifier: Apache-2.0
"""Output that cannot be written: a closed pipe ends the trace quietly, a full disk with an error."""

import os
import subprocess

from utrail import (
    Process,
    Target,
    Trace,
    check_error,
    contains,
    ensure,
    matches,
    need_root,
    plain,
    program,
    run,
    same,
    sample,
    scratch,
)

CALLS = 200_000


def closed_pipe():
    """As `utrail ... | head -1`."""
    for options in ([], ["--json"]):
        need_root()
        target = Target("count", "-w", CALLS)
        reading, writing = os.pipe()
        command = [program(), "-p", str(target.pid), "-e", "count:f", *options]
        process = Process(command, stdout=writing, stdin=subprocess.DEVNULL)
        os.close(writing)
        process.wait_for("^utrail: tracing", stream="stderr")
        target.release()
        with os.fdopen(reading, "rb") as pipe:
            line = pipe.readline()
        ensure(b"header" in line if options else b"count:f(n=0" in line, f"the first line is {line!r}")
        same(process.wait(), 0, "status after the reader has gone")
        for word in ("Broken pipe", "EPIPE", "error", "cannot"):
            ensure(word not in process.stderr, process.report(f"complains: {word}"))
        target.finish()
        same(target.counts["f"], CALLS, "calls of the target, which goes on")


def head_in_a_shell():
    need_root()
    script = f"'{program()}' -e count:f -- '{sample('count')}' 20000 2>&1 >/dev/null | head -2"
    process = Process(["bash", "-c", script + '; exit "${PIPESTATUS[0]}"'])
    same(process.wait(), 0, "status")
    same(len(process.stdout.splitlines()), 2, "lines that head let through")
    contains(process.stdout, "count:f(n=0", "the lines")


def full_disk():
    need_root()
    for options in ([], ["--json"]):
        target = Target("count", "-w", CALLS)
        trace = Trace("-e", "count:f", *options, "-o", "/dev/full", pid=target.pid, json=False, output=False)
        target.release()
        trace.wait()
        same(trace.status, 1, "status on a full disk")
        contains(trace.stderr, "/dev/full", "the message")
        contains(trace.stderr, "No space left on device", "the message")
        ensure(trace.summary[0] >= 0, "no summary")
        # None at all when the first line, the header, failed before the target began.
        told = matches(trace.stderr, r"^(\d+) events?, .* missed(?:, (\d+) of them not written)?$", "the summary")
        same(told[2] or "0", told[1], "events that were not written to a disk without any room")
        target.finish()


def full_disk_of_a_command():
    """The command goes on, and its own failure would still be told."""
    need_root()
    trace = Trace(
        "-e", "count:f", "-o", "/dev/full", command=[sample("count"), "1000"], json=False, output=False, wait=False
    )
    trace.wait()
    same(trace.status, 1, "status")
    contains(trace.stdout, "count f 1000", "output of the command")


def no_such_folder():
    process = plain(["-o", "/nonexistent/folder/file", "-e", "exit", "--", "true"])
    check_error(process, 1, "/nonexistent/folder/file", "No such file or directory")


def a_directory():
    process = plain(["-o", str(scratch()), "-e", "exit", "--", "true"])
    check_error(process, 1, "(?i)directory")


def a_fifo():
    """Without a reader it is refused: waiting for one, utrail could not be stopped."""
    path = scratch() / "fifo"
    os.mkfifo(path)
    process = plain(["-o", path, "-e", "exec", "--duration", "0.1"])
    check_error(process, 1, "named pipe that nobody reads", hint=".*reader")


def a_link():
    """Links are not followed: somebody else may have put it there."""
    victim, link = scratch() / "victim", scratch() / "link"
    victim.write_text("precious\n")
    link.symlink_to(victim)
    process = plain(["-o", str(link), "-e", "exit", "--", "true"])
    check_error(process, 1, "link")
    same(victim.read_text(), "precious\n", "the file behind the link")


def stderr_closed():
    """Without a place for messages, it still works."""
    need_root()
    script = f"exec '{program()}' --json -o '{scratch()}/quiet' -e count:f -- '{sample('count')}' 10 2>&-"
    process = Process(["sh", "-c", script])
    same(process.wait(), 0, "status")
    contains(process.stdout, "count f 10", "output of the command")


run(
    closed_pipe,
    head_in_a_shell,
    full_disk,
    full_disk_of_a_command,
    no_such_folder,
    a_directory,
    a_fifo,
    a_link,
    stderr_closed,
)
