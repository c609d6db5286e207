# SPDX-License-Identifier: Apache-2.0
"""A build that comes later, and whose arguments ask for what was left out of the programs at the start.

What can be read is decided by the plans of the start when no other can come but by the target's own exec; what then
asks for more is told, and not read wrongly. Where others are expected (-f), all is there.
"""

import subprocess

from utrail import Process, ensure, need_root, program, run, same, scratch

SOURCE = r"""
#include <stdio.h>
#include <unistd.h>

static char *words[] = {"one", "two", NULL};

#ifdef LATER
__attribute__((noinline)) int handle(char **argv)
{
	asm volatile("" : : "r"(argv) : "memory");
	return 2;
}
#define ARGUMENT words
#else
__attribute__((noinline)) int handle(long n)
{
	asm volatile("" : : "r"(n) : "memory");
	return 1;
}
#define ARGUMENT 7
#endif

int main(int argc, char **argv)
{
	int sum = 0;
#ifdef LATER
	getchar(); /* until it is looked at */
#endif
	for (int i = 0; i < 10; i++)
		sum += handle(ARGUMENT);
	printf("%d %s\n", sum, words[0]);
	fflush(stdout);
	if (argc > 1)
		execl(argv[1], argv[1], (char *)NULL);
	return 0;
}
"""


def build():
    source = scratch() / "app.c"
    source.write_text(SOURCE)
    for name, flags in (("now", []), ("later", ["-DLATER"])):
        path = scratch() / name / "app"
        path.parent.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-g", "-O1", *flags, "-o", path, source], check=True, timeout=60)
    return scratch() / "now/app", scratch() / "later/app"


def trace(told, *options):
    """Status, what was said, the lines of the calls of each build. The second build waits for `told`."""
    now, later = build()
    log = scratch() / "log"
    process = Process([program(), *options, "-e", "app:handle", "-o", log, "--", now, later])
    process.wait_for(told, "stderr")
    process.write("\n")
    status = process.wait()
    same(process.stdout, "10 one\n20 one\n", process.report("did not do what it does"))
    lines = [line for line in log.read_text().splitlines() if "handle(" in line]
    first = [line for line in lines if "(n=7) = 1" in line]
    return status, process.stderr, first, [line for line in lines if line not in first]


def not_foreseen():
    status, said, first, second = trace("kinds that nothing had at the start")
    same(len(first), 10, "calls of the first build")
    same(second, [], "calls of the second")
    ensure("the arguments of 'handle' are of kinds" in said, f"is not told: {said}")
    ensure("-f" in said.split("kinds that nothing had")[1], f"no hint: {said}")
    same(status, 0, "status")


def foreseen():
    status, said, first, second = trace("tracing", "-f", "--stop-on-load")
    same(len(first), 10, "calls of the first build")
    same(len([line for line in second if '(argv=["one", "two"]) = 2' in line]), 10, f"calls of the second, of {second}")
    ensure("kinds" not in said, f"told: {said}")
    same(status, 0, "status")


need_root()
run(not_foreseen, foreseen)
