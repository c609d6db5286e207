# SPDX-License-Identifier: Apache-2.0
"""A build that comes later, and whose arguments ask for what was left out of the programs at the start.

What can be read is decided by the plans of the start when no other can come but by the target's own exec; what then
asks for more is told, and not read wrongly. Where others are expected (-f), all is there.
"""

import subprocess

from utrail import ensure, need_root, program, run, same, scratch

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


def trace(*options):
    now, later = build()
    log = scratch() / "log"
    done = subprocess.run(
        [program(), *options, "-e", "app:handle", "-o", log, "--", now, later],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    same(done.stdout, "10 one\n20 one\n", f"what the target printed, with {done.stderr}")
    lines = [line for line in log.read_text().splitlines() if "handle(" in line]
    return done, [line for line in lines if "(n=7) = 1" in line], lines


def not_foreseen():
    done, first, lines = trace()
    same(len(first), 10, "calls of the first build")
    same(lines, first, "calls")
    ensure("'handle' are of kinds that nothing had at the start" in done.stderr, f"is not told: {done.stderr}")
    ensure("-f" in done.stderr.split("kinds that nothing had")[1], f"no hint: {done.stderr}")
    same(done.returncode, 0, "status")


def foreseen():
    done, first, lines = trace("-f")
    same(len(first), 10, "calls of the first build")
    same(len([line for line in lines if '(argv=["one", "two"]) = 2' in line]), 10, f"calls of the second, of {lines}")
    ensure("kinds" not in done.stderr, f"told: {done.stderr}")
    same(done.returncode, 0, "status")


need_root()
run(not_foreseen, foreseen)
