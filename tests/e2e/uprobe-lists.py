# SPDX-License-Identifier: Apache-2.0
"""Arrays of strings up to a NULL, and strings that a call makes: as the program prints them."""

from typed import check, compiled
from utrail import *

TYPES = "read_line(out str *, int *)"


def each_compiler():
    for name in ("lists-gcc", "lists-clang"):
        for target in compiled(name):
            check(target, ["run", TYPES])


def built_in_prototypes():
    """getline() of libc says in its manual that it makes the line."""
    source = scratch() / "line.c"
    source.write_text("""
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	char *line = NULL, *arguments[] = {"true", "--an", "argument", NULL};
	size_t size = 0;
	while (getline(&line, &size, stdin) > 0)
		;
	return execv("/bin/true", arguments);
}
""")
    same(Process(["gcc", "-O0", "-o", scratch() / "line", source]).wait(), 0, "gcc")
    log = scratch() / "log"
    done = subprocess.run([program(), "-o", log, "-e", "libc:getline,libc:execv", "--", scratch() / "line"],
                          input="first\nsecond\n", text=True, timeout=60)
    same(done.returncode, 0, "status")
    lines = [line.split("libc:", 1)[1] for line in log.read_text().splitlines() if "libc:" in line][1:]
    ensure(len(lines) == 4, f"four lines: {lines}")
    for line, word in zip(lines, (r'["first\n"]', r'["second\n"]', "<call failed>", '["true", "--an", "argument"]')):
        ensure(word in line, f"{word} in {line}")


run(each_compiler, built_in_prototypes)
