# SPDX-License-Identifier: Apache-2.0
"""utrail list: sizes and bindings as readelf has them, inlined copies as addr2line does, and where each fact is from."""

import json
import os
import re
import signal
import subprocess

from utrail import contains, ensure, matches, only, plain, program, run, same, sample, scratch, skip

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
SOURCE = """\
static volatile int number;
static inline __attribute__((always_inline)) int twice(int n)
{
	return n * 2 + number;
}
static inline __attribute__((always_inline)) int outer(int n)
{
	return twice(n + 1);
}
__attribute__((noinline)) int left(int n)
{
	return twice(n);
}
__attribute__((noinline)) int right(int n)
{
	return outer(n) - 3;
}
int main(int argc, char **argv)
{
	(void)argv;
	return left(argc) + right(argc);
}
"""


def tool(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


def listed(*words):
    process = plain(["list", "--json", *words])
    same(process.status, 0, f"status of list {words}")
    return [json.loads(line) for line in process.stdout.splitlines()]


def built():
    """SOURCE, as a program."""
    path = scratch() / "inlined"
    if not path.exists():
        (scratch() / "inlined.c").write_text(SOURCE)
        tool("gcc", "-g", "-O2", "-o", path, scratch() / "inlined.c")
    return str(path)


def sizes():
    for name in ("count", "types", "srv"):
        path = sample(name)
        pattern = r"^ *\d+: \w+ +(\w+) (?:FUNC|IFUNC) +(\w+) +\w+ +\d+ ([^@\s]+)"
        wanted = {
            (symbol, int(size, 0), binding.lower())
            for size, binding, symbol in re.findall(pattern, tool("readelf", "-sW", path), re.MULTILINE)
        }
        got = {(f["symbol"], f["size"], f["binding"]) for f in listed(path, "call:*")}
        ensure(len(got) > 3, f"only {len(got)} functions in {name}")
        same(sorted(got - wanted), [], f"sizes and bindings of {name}, against readelf")


def copies():
    """Each copy: whose code it is in, and on which line it is called; in the source and in addr2line's words."""
    path = built()
    found = only([f for f in listed(path, "twice")], "functions 'twice'")
    ensure("symbol" not in found and "entry" not in found, f"it has no code of its own: {found}")
    same(found["line"], 2, "line of the function")
    same(sorted((c["in"], c["line"]) for c in found["inlined"]), [("left", 12), ("right", 8)], "copies")
    for copy in found["inlined"]:
        frames = tool("addr2line", "-fie", path, copy["offset"]).split("\n")[::2]
        ensure({"twice", copy["in"]} <= set(frames), f"addr2line at {copy['offset']} says {frames}")
    outer = only(listed(path, "outer"), "functions 'outer'")
    same([(c["in"], c["line"]) for c in outer["inlined"]], [("right", 16)], "copies of outer")
    text = plain(["list", "-v", path, "outer"])
    matches(text.stdout, r"^inlined:outer  \S*inlined\.c:6  <inlined everywhere>\n    inlined at 0x\w+ in right  \S*:16$")


def beside_a_symbol():
    """A function with code of its own tells of its copies with -v."""
    found = {f["name"]: f for f in listed("-v", built(), "call:*")}
    for name in ("left", "right", "twice", "outer"):
        ensure(name in found, f"{name} is not listed: {sorted(found)}")
    same(found["left"]["sources"]["types"], "DWARF", "where the types are from")
    same(found["left"]["sources"]["debug"], "this file", "where the debug information is from")
    same(found["left"]["sources"]["symbol"], [".symtab"], "where the symbol is from")


def origins():
    """A file without its symbols, beside one that has them."""
    stripped = scratch() / "stripped"
    tool("strip", "-o", stripped, built())
    debug = scratch() / "debug"
    tool("objcopy", "--only-keep-debug", built(), debug)
    process = plain(["list", "-v", stripped])
    ensure("left" not in process.stdout, "a stripped file's own function is known")
    if not os.path.exists(LIBC):
        skip("no libc in the usual place")
    text = plain(["list", "-v", LIBC, "call:malloc"]).stdout
    matches(text, r"^libc:malloc\(size_t size\) -> void \*")
    matches(text, r"^    0x[0-9a-f]+, \d+ bytes, global, entry (emulated|stepped): \w+")
    matches(text, r"^    symbol: \.dynsym.*; types: built-in")


def refused():
    """What cannot be probed says why."""
    functions = listed(LIBC, "call:memcpy")
    ensure(any("resolver" in f.get("refused", "") for f in functions), f"no resolver among {functions}")
    contains(plain(["list", "-v", LIBC, "call:memcpy"]).stdout, "not probed: its symbol is a resolver")


def unread():
    """`list | head`: the first lines come at once, and a reader that goes away is no error."""
    for words in ([], ["--json"], ["-v"]):
        process = subprocess.Popen(
            [program(), "list", *words, LIBC],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            restore_signals=False,
            preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
        )
        ensure(process.stdout.readline(), "nothing was listed")
        process.stdout.close()
        same(process.stderr.read(), b"", f"messages of list {words}")
        process.stderr.close()
        same(process.wait(timeout=30), 0, f"status of list {words}")
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = subprocess.run([program(), "list", LIBC], stdout=full, stderr=subprocess.PIPE, check=False)
    same(process.returncode, 1, "status when nothing can be written")
    contains(process.stderr.decode(), "No space left", "the message")


run(sizes, copies, beside_a_symbol, origins, refused, unread)
