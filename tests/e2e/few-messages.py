# SPDX-License-Identifier: Apache-2.0
"""How often the collector asks the process that reads files: hardly more often for 10,000 functions than for a hundred."""

import os
import subprocess

from utrail import Target, Trace, ensure, plain, run, same, sample, scratch

# What utrail sends goes through sendmsg(); other processes of the run end without destructors.
COUNTER = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_long sent;
static int file = -1;
static pid_t first;

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
	sent++;
	return real(fd, message, flags);
}

__attribute__((constructor)) static void begin(void)
{
	first = getpid();
	file = open(getenv("MESSAGES"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void)
{
	if (getpid() == first)
		dprintf(file, "%ld\\n", sent);
}
"""


def counting():
    """The environment in which what utrail sends is counted, and where the count will be."""
    library, count = scratch() / "counter.so", scratch() / "messages"
    if not library.exists():
        code = scratch() / "counter.c"
        code.write_text(COUNTER)
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, code, "-ldl"], check=True, timeout=60)
    if count.exists():
        count.unlink()
    return {"LD_PRELOAD": str(library), "MESSAGES": str(count)}, count


# Questions that come in a row are asked ahead, ever more at a time (docs/decisions/0014): it was 38 to 44 for a hundred and for ten thousand.
MOST = 80
PATTERNS = ("many:many_00*", "many:many_*")


def check(what, numbers):
    ensure(all(5 <= number <= MOST for number in numbers), f"messages of {what}: {numbers}, at most {MOST} were expected")


def asked(*words):
    environment, count = counting()
    process = plain(words, env={**os.environ, **environment})
    same(process.status, 0, f"status: {process.stderr}")
    return int(count.read_text()), process.stdout


def start_of_a_trace():
    target, numbers = Target("many", "-w"), []
    for pattern in PATTERNS:
        environment, count = counting()
        Trace("-e", pattern, "--max-probes", "20000", pid=target.pid, env=environment).finish()
        numbers.append(int(count.read_text()))
    target.release()
    target.finish()
    check("trace", numbers)


def explain():
    target, numbers = Target("many", "-w"), []
    for pattern, functions in zip(PATTERNS, (100, 10000)):
        number, text = asked("explain", "-p", str(target.pid), "-e", pattern, "--max-probes", "20000")
        same(text.count("    types:   this file\n"), functions, "functions with the source of their types")
        numbers.append(number)
    target.release()
    target.finish()
    check("explain", numbers)


def lists():
    for words in ([], ["many_*"], ["--json"], ["-v"], ["-v", "many_00*"]):
        number, text = asked("list", "--no-cache", sample("many"), *words)
        ensure(text.count("many_") >= 100, "functions are listed")
        check(f"list {words}", [number])


run(start_of_a_trace, explain, lists)
