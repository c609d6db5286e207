# SPDX-License-Identifier: Apache-2.0
"""What is learnt of a shell with large debug information is kept for the next session, as it is of any other file."""

import time

from kept import build_kept
from shells import PROMPT, told, trace_shell
from terminal import Terminal
from utrail import ensure, only, run, same, scratch

# What tells that a program is bash, and as much of one as can be watched.
SOURCE = f"""\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
const char *shell_version_string = "0.1";
int last_command_exit_value, executing_builtin, current_command_line_count;
__attribute__((noinline)) char *readline(const char *prompt)
{{
	char line[256];
	fputs(prompt, stdout);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	line[strcspn(line, "\\n")] = 0;
	return strdup(line);
}}
__attribute__((noinline)) void execute_command(const char *line)
{{
	int status = system(line);
	last_command_exit_value = status >> 8;
}}
int main(void)
{{
	for (char *line; (line = readline("{PROMPT}")); free(line))
		execute_command(line);
	return 0;
}}
"""
TYPED = [("true", 0), ("sh -c 'exit 7'", 7), ("echo hello", 0)]


def shell():
    return str(build_kept("bash", SOURCE))


def session(where, *options):
    """What is typed is what is told, whatever is kept."""
    terminal = Terminal([shell()], PROMPT)
    terminal.wait_for(r"utrail-test\$ ")
    trace = trace_shell(terminal, *options, env={"HOME": str(where), "XDG_CACHE_HOME": ""})
    for line, _ in TYPED:
        terminal.type(line)
    same(terminal.end(b"\x04"), 0, "status of the shell")
    trace.finish(stop=False)
    trace.check_nothing_lost()
    same(told(trace), TYPED, "commands and their statuses")


def home(name):
    path = scratch() / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def kept(where):
    return only(list((where / ".cache/utrail/types").iterdir()), "kept files")


def second_session_uses_it():
    where = home("used")
    session(where)
    path = kept(where)
    first, data = path.stat(), path.read_bytes()
    time.sleep(0.02)
    session(where)
    again = kept(where).stat()
    # An answer that was not found is asked of the debug information, and the file written anew.
    same((again.st_ino, again.st_mtime_ns), (first.st_ino, first.st_mtime_ns), "the kept file")
    path.write_bytes(data[:-1])
    session(where)
    same(kept(where).read_bytes(), data, "what was written in place of a damaged file")


def no_cache_keeps_nothing():
    where = home("none")
    session(where, "--no-cache")
    ensure(not (where / ".cache").exists(), "--no-cache has made a folder")


run(second_session_uses_it, no_cache_keeps_nothing)
