# SPDX-License-Identifier: Apache-2.0
"""Standard files that are closed or full: no file of ours takes their place, and what is lost is said."""

import os
import subprocess

from utrail import Process, ensure, need_root, program, run, same, sample, scratch

CLOSED = {"0": "<&-", "1": ">&-", "2": "2>&-"}


def shell(redirection, *words, timeout=60):
    """Through a shell, which alone can start something with a closed file."""
    line = f'exec "$@" {redirection}'
    return subprocess.run(["sh", "-c", line, "sh", *map(str, words)], capture_output=True, text=True, timeout=timeout)


def trace_without_output():
    """It ends, and says what was not written, where its own files had taken the output's place."""
    busy = Process(["sh", "-c", "while sleep 0.02; do :; done"])
    done = shell(CLOSED["1"], program(), "-p", busy.pid, "-e", "syscall:*", "--duration", "1")
    busy.process.kill()
    same(done.returncode, 1, f"status, {done.stderr}")
    ensure("Bad file descriptor" in done.stderr and "not written" in done.stderr, f"not said: {done.stderr}")


def every_event_is_accounted_for():
    log = scratch() / "log"
    done = shell(CLOSED["1"], program(), "-e", "become:who_work", "--", sample("become"), "work=20")
    ensure(done.returncode != 139 and done.returncode >= 0, f"crashed: {done}")
    for closed in CLOSED.values():
        done = shell(closed, program(), "-o", log, "-e", "become:who_work", "--", sample("become"), "work=20")
        same(len([line for line in log.read_text().splitlines() if "who_work(" in line]), 20, f"calls with {closed}, {done}")


def the_command_finds_them_closed():
    """As it would without us."""
    for number, closed in CLOSED.items():
        ask = f"[ -e /proc/self/fd/{number} ] && exit 7; exit 8"
        bare = shell(closed, "sh", "-c", ask).returncode
        traced = shell(closed, program(), "-q", "-o", scratch() / "log", "-e", "exec", "--", "sh", "-c", ask).returncode
        same((bare, traced), (8, 8), f"is {number} open in the command?")


def printing_fails():
    for words in (["check"], ["--help"], ["-V"], ["explain", "-e", f"{sample('become')}:who_work"], ["list", sample("become")]):
        for redirection, why in (("> /dev/full", "No space left on device"), (CLOSED["1"], "Bad file descriptor")):
            done = shell(redirection, program(), *words)
            same(done.returncode, 1, f"status of {words} with {redirection}, {done.stderr}")
            ensure(why in done.stderr, f"{words} with {redirection}: {done.stderr}")


need_root()
os.umask(0o022)
run(trace_without_output, every_event_is_accounted_for, the_command_finds_them_closed, printing_fails)
