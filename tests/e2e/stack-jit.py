# SPDX-License-Identifier: Apache-2.0
"""-k: code that a program makes while it runs has the names that the program writes into its perf map."""

import os
import shutil
import subprocess

from utrail import Process, Trace, ensure, need_root, run, same, scratch, skip

# Makes two functions of machine code, each of which keeps a frame and calls what it is given; names them one by one.
SOURCE = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3}; /* push, mov, call *%rdi, pop, ret */
static int hits;
__attribute__((noinline)) void leaf(void) { hits++; __asm__ volatile("" ::: "memory"); }
static char *memory;
static void second(void) { ((void (*)(void (*)(void)))(memory + 0x100))(leaf); __asm__ volatile("" ::: "memory"); }
int main(int argc, char **argv)
{
	char path[64];
	(void)argv;
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(memory, code, sizeof(code));
	memcpy(memory + 0x100, code, sizeof(code));
	mprotect(memory, 4096, PROT_READ | PROT_EXEC);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
	FILE *map = fopen(path, "w");
	fprintf(map, "%lx %lx made:outer<1>\\n%lx 8 made:inner\\n", (unsigned long)memory, sizeof(code), (unsigned long)memory + 0x100);
	fclose(map);
	if (argc > 1)
		chmod_open(path);
	printf("ready\\n");
	fflush(stdout);
	getchar();
	for (int i = 0; i < 3; i++)
		((void (*)(void (*)(void)))memory)(second);
	printf("hits %d\\n", hits);
	unlink(path);
	return 0;
}
"""


def built():
    path = scratch() / "maker"
    if not path.exists():
        source = SOURCE.replace("int main", "#include <sys/stat.h>\nstatic void chmod_open(const char *p) { chmod(p, 0666); }\nint main")
        (scratch() / "maker.c").write_text(source)
        words = ["gcc", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
        subprocess.run([*words, "-o", path, scratch() / "maker.c"], check=True, timeout=60)
    return str(path)


def stacks(*arguments):
    need_root()
    target = Process([built(), *arguments])
    target.wait_for("^ready")
    trace = Trace("-k", "-e", "maker:leaf", pid=target.pid)
    target.write("\n")
    same(target.wait(), 0, "status of the program")
    trace.finish(stop=False)
    same(len(trace.calls("leaf")), 3, "calls")
    return [[f.get("symbol", f.get("cut", f["module"])) for f in call["stack"]] for call in trace.calls("leaf")]


def named():
    for names in stacks():
        same(names[:5], ["leaf", "made:inner", "second", "made:outer<1>", "main"], "the functions of the stack")


def written_by_others():
    """A map that anyone may write is not believed."""
    for names in stacks("open"):
        same(names[0], "leaf", "the innermost function")
        ensure("made:inner" not in names, f"the map was believed: {names}")


def node():
    """node --perf-basic-prof: JavaScript functions by name. V8 writes its map in pieces of 2 MiB, so one is filled first."""
    path = shutil.which("node")
    if not path:
        skip("no node")
    need_root()
    (scratch() / "work.js").write_text(
        "const fs = require('fs');\n"
        "function innerWork(n) { return fs.statSync('/').size + n; }\n"
        "function outerWork(n) { let s = 0; for (let i = 0; i < n; i++) s += innerWork(i); return s; }\n"
        "let total = outerWork(10);\n"
        "for (let i = 0; i < 20000; i++) total += eval(`(function ${'filler'.repeat(20)}${i}() { return ${i}; })()`);\n"
        "fs.writeSync(1, 'ready\\n'); fs.readSync(0, Buffer.alloc(1));\n"
        "total += outerWork(5); console.log(total > 0);\n"
    )
    target = Process([path, "--perf-basic-prof", "--interpreted-frames-native-stack", scratch() / "work.js"])
    target.wait_for("^ready")
    left = f"/tmp/perf-{target.pid}.map"
    try:
        with open(left, encoding="utf-8", errors="replace") as file:
            ensure("innerWork" in file.read(), "node has not written its map")
        trace = Trace("-k", "--stack-depth", "60", "-e", "syscall:statx", pid=target.pid)
        target.write("\n")
        target.wait(timeout=60)
        trace.finish(stop=False)
    finally:
        if os.path.exists(left):
            os.unlink(left)
    stacks_of = [[f.get("symbol", "") for f in e["stack"]] for e in trace.syscalls("statx") if e["args"].get("filename") == "/"]
    same(len(stacks_of), 5, "calls of statx")
    for names in stacks_of:
        places = [next((i for i, n in enumerate(names) if word in n), -1) for word in ("innerWork", "outerWork")]
        ensure(0 < places[0] < places[1], f"no innerWork below outerWork in {names}")


run(named, written_by_others, node)
