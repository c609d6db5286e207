# SPDX-License-Identifier: Apache-2.0
"""Probes on source lines: hit as often as the program counts, with the values that it prints; C++ overloads, Rust methods."""

import re
import shutil
import subprocess

from utrail import Trace, contains, ensure, matches, plain, run, same, scratch, skip

SOURCE = """\
#include <stdio.h>
static volatile int salt = 5;
static int hidden = 77;
static inline __attribute__((always_inline)) int mix(int value)
{
	int mixed = value * 3;
	mixed += salt; /* mix */
	return mixed;
}
__attribute__((noinline)) int work(int count, const char *label)
{
	static int calls;
	int sum = 0;
	calls++;
	for (int i = 0; i < count; i++) {
		int term = mix(i);
		sum += term; /* body */
		printf("body count=%d label=%s sum=%d i=%d term=%d\\n", count, label, sum, i, term); /* print */
	}
	/* nothing here */
	return sum;
}
int main(void)
{
	int total = 0;
	for (int n = 1; n < 4; n++)
		total += work(n, n == 2 ? "two" : "other");
	printf("total %d %d\\n", total + mix(total), hidden);
	return 0;
}
"""


def line_of(words):
    return 1 + [f"/* {words} */" in line for line in SOURCE.splitlines()].index(True)


def built(level):
    path = scratch() / f"lines{level}"
    if not path.exists():
        (scratch() / "lines.c").write_text(SOURCE)
        words = ["gcc", "-g", f"-O{level}", "-fno-unroll-loops", "-o", path, scratch() / "lines.c"]
        subprocess.run(words, check=True, timeout=60)
    return str(path)


def traced(level, spec, *more):
    """Events as (name, arguments), and the program's own words."""
    trace = Trace("-e", spec, *more, command=[built(level)])
    trace.finish(stop=False)
    events = [e for e in trace.events if e["type"] == "probe"]
    return [(e["name"], e["args"]) for e in events], trace.stdout


def printed(output):
    found = re.findall(r"^body count=(\d+) label=(\w+) sum=(\d+) i=(\d+) term=(\d+)$", output, re.MULTILINE)
    return [(int(c), label, int(s), int(i), int(t)) for c, label, s, i, t in found]


def unoptimised():
    """Each time the line is reached is one event, with all that is in scope."""
    events, output = traced(0, f"@lines.c:{line_of('print')}")
    got = [(a["count"], a["label"], a["sum"], a["i"], a["term"]) for _, a in events]
    same(got, printed(output), "values on the line, against the program's own")
    same({name for name, _ in events}, {f"work@lines.c:{line_of('print')}"}, "name")
    same([a["calls"] for _, a in events], [1, 2, 2, 3, 3, 3], "a static variable")


def optimised():
    """What the compiler has kept is right; what it has not says so."""
    names = ("count", "label", "sum", "i", "term")
    for level in (1, 2):
        events, output = traced(level, f"@lines.c:{line_of('print')}")
        wanted = printed(output)
        known = set()
        ensure(len(events) % len(wanted) == 0, f"-O{level}: {len(events)} events for {len(wanted)} rounds")
        times = len(events) // len(wanted)
        for index, (_, arguments) in enumerate(events):
            got = {n: arguments[n] for n in names if not isinstance(arguments[n], dict)}
            is_true = dict(zip(names, wanted[index // times]))
            same(got, {n: is_true[n] for n in got}, f"-O{level}: values of round {index // times}")
            known |= set(got)
        ensure(len(known) >= 3, f"-O{level}: only {known} are known")


PIECES = """\
#include <stdio.h>
struct pair { long first; int second; char mark; };
__attribute__((noinline)) int pieces(int n)
{
	struct pair pair = {n * 3L, n + 7, 'x'};
	double scale = 1.5, sum = 0;
	for (int i = 0; i < 3; i++) {
		pair.first += i;
		pair.second -= n;
		__asm__ volatile("" : "+r"(pair.first), "+r"(pair.second));
		if (i == 1) {
			scale = 2.5;
			printf("pieces %ld %d %c %g\\n", pair.first, pair.second, pair.mark, scale);
		}
		sum += scale;
	}
	return (int)sum;
}
int main(void)
{
	return pieces(1) + pieces(20) > 100;
}
"""


def pieces():
    """A structure that the compiler has taken apart, and a number that stands in the debug information alone."""
    (scratch() / "pieces.c").write_text(PIECES)
    line = 1 + [" %ld" in text for text in PIECES.splitlines()].index(True)
    for compiler in ("gcc", "clang"):
        for level in (1, 2) if shutil.which(compiler) else ():
            path = scratch() / f"pieces-{compiler}{level}"
            subprocess.run([compiler, "-g", f"-O{level}", "-o", path, scratch() / "pieces.c"], check=True, timeout=60)
            trace = Trace("-e", f"@pieces.c:{line}", command=[path])
            trace.finish(stop=False)
            wanted = [(int(a), int(b), c, float(d)) for a, b, c, d in re.findall(r"pieces (\d+) (-?\d+) (\w) (\S+)", trace.stdout)]
            same(len(wanted), 2, "lines of the program")
            got = [(*e["args"]["pair"].values(), e["args"]["scale"]) for e in trace.events if e["type"] == "probe"]
            same(len(got), 2, f"events of {path.name}")
            for values, truth in zip(got, wanted):
                known = [(v, t) for v, t in zip(values, truth) if not isinstance(v, dict)]
                same([v for v, _ in known], [t for _, t in known], f"{path.name}: {values} against {truth}")
                # gcc tells no place of what an asm statement has made.
                ensure(len(known) == 4 or compiler == "gcc", f"{path.name}: not all is known: {values}")
                same(values[2:], truth[2:], f"{path.name}: constants")


def copies():
    """A line of an inlined function: all of its copies."""
    events, output = traced(0, f"@lines.c:{line_of('mix')}")
    rounds = len(printed(output))
    same(len(events), rounds + 1, "hits of both copies")
    same({name for name, _ in events}, {f"mix@lines.c:{line_of('mix')}"}, "the function is the inlined one")
    same([a["value"] for _, a in events][:-1], [i for _, _, _, i, _ in printed(output)], "its parameter")
    same([a["mixed"] for _, a in events][:-1], [3 * i for _, _, _, i, _ in printed(output)], "its variable")


def conditions():
    """A condition names what is in scope."""
    spec = f"@lines.c:{line_of('print')} if i == 1 && label == \"two\""
    events, output = traced(0, spec)
    same(len(events), sum(1 for c, label, s, i, t in printed(output) if i == 1 and label == "two"), "events")
    process = plain(["explain", "-e", f"@lines.c:{line_of('print')} if nowhere == 1", "--", built(0)])
    same(process.status, 2, "status for a name that is not in scope")
    contains(process.stderr, "nowhere", "the message")


def refusals():
    where = line_of("nothing here")
    process = plain(["explain", "-e", f"@lines.c:{where}", "--", built(0)])
    same(process.status, 2, "status for a line without code")
    contains(process.stderr, "the line has no code", "the message")
    ensure(f"@lines.c:{where + 1}" in process.stderr, f"the next line with code is not told:\n{process.stderr}")
    process = plain(["explain", "-e", "@nosuch.c:1", "--", built(0)])
    same(process.status, 2, "status for an unknown file")
    contains(process.stderr, "no source file 'nosuch.c'", "the message")
    process = plain(["explain", "-e", "call:@lines.c:7", "--", built(0)])
    same(process.status, 2, "status for a span on a line")
    stripped = scratch() / "stripped"
    subprocess.run(["strip", "-o", stripped, built(0)], check=True, timeout=30)
    process = plain(["explain", "-e", f"{stripped}:@lines.c:7"])
    contains(process.stderr, "no debug information", "the message")


def ambiguous():
    for name in ("one", "two"):
        (scratch() / name).mkdir()
        (scratch() / name / "same.c").write_text(f"int {name}(int n)\n{{\n\treturn n + 1;\n}}\n")
    (scratch() / "main.c").write_text("int one(int); int two(int); int main(void) { return one(1) - two(1); }\n")
    path = scratch() / "same"
    files = [scratch() / "one/same.c", scratch() / "two/same.c", scratch() / "main.c"]
    subprocess.run(["gcc", "-g", "-O0", "-o", path, *files], check=True, timeout=60)
    process = plain(["explain", "-e", f"{path}:@same.c:3"])
    same(process.status, 2, "status for two files of one name")
    contains(process.stderr, "one/same.c:3'", "the files")
    contains(process.stderr, "two/same.c:3'", "the files")
    process = plain(["explain", "-e", f"{path}:@two/same.c:3"])
    same(process.status, 0, "status with more of the path")
    matches(process.stdout, r"^uprobe same:two@same\.c:3$")


def addresses():
    """An offset and an address that are no start of an instruction are refused; the others name the same place."""
    path = built(0)
    text = subprocess.run(["objdump", "-d", "--disassemble=work", path], capture_output=True, text=True, check=True)
    found = re.findall(r"^ +([0-9a-f]+):\t((?:[0-9a-f]{2} )+)", text.stdout, re.MULTILINE)
    starts = [(int(a, 16), len(b.split())) for a, b in found]
    base, (at, length) = starts[0][0], next(s for s in starts[4:] if s[1] > 2)
    for spec in (f"work+{at - base:#x}", f"{at:#x}"):
        process = plain(["explain", "-e", f"{path}:{spec}"])
        same(process.status, 0, f"status of {spec}")
        contains(process.stdout, f"file offset {at:#x}", "the place")
    for spec in (f"work+{at - base + 1:#x}", f"{at + 1:#x}", "work+0xffff", "0x1"):
        process = plain(["explain", "-e", f"{path}:{spec}"])
        same(process.status, 2, f"status of {spec}")


def values_at_offsets():
    """What is in scope at an instruction is shown there as it is on the line, and conditions know it."""
    text = subprocess.run(["objdump", "-dl", "--disassemble=work", built(0)], capture_output=True, text=True, check=True).stdout
    base = int(re.search(r"^ *([0-9a-f]+):\t", text, re.MULTILINE)[1], 16)
    at = int(re.search(rf"lines\.c:{line_of('print')}\b.*\n *([0-9a-f]+):\t", text)[1], 16)
    for spec, wanted in ((f"work+{at - base:#x}", lambda row: True), (f"lines0:{at:#x}", lambda row: True), (f"work+{at - base:#x} if term > 9", lambda row: row[4] > 9)):
        events, output = traced(0, spec)
        got = [(a["count"], a["label"], a["sum"], a["i"], a["term"]) for _, a in events]
        same(got, [row for row in printed(output) if wanted(row)], f"values at {spec}, against the program's own")
    process = plain(["explain", "-e", f"{at:#x}", "--", built(0)])
    same(process.status, 2, "status of an address in none of several files")
    contains(process.stderr, f"'lines0:{at:#x}'", "the message")
    process = plain(["explain", "-e", f"{built(0)}:work+{at - base:#x}(int)"])
    same(process.status, 2, "status of types by hand inside of a function")
    contains(process.stderr, "types by hand are those of a call", "the message")


OVERLOADS = """\
#include <string>
namespace ns { struct Parser {
__attribute__((noinline)) int parse(int n) { return n + 1; }
__attribute__((noinline)) int parse(const char *t, unsigned long k) const { return t[0] + (int)k; }
__attribute__((noinline)) int parse(const std::string &s) { return (int)s.size(); }
}; }
int main(int argc, char **argv) { ns::Parser p; return p.parse(argc) + p.parse(argv[0], 1) + p.parse(std::string("x")) > 1000; }
"""


def overloads():
    (scratch() / "over.cc").write_text(OVERLOADS)
    path = scratch() / "over"
    subprocess.run(["g++", "-g", "-O1", "-o", path, scratch() / "over.cc"], check=True, timeout=60)
    for spec, wanted in (
        ("ns::Parser::parse", ["_ZN2ns6Parser5parseEi", "_ZNK2ns6Parser5parseEPKcm", "_ZN2ns6Parser5parseERKNSt"]),
        ("ns::Parser::parse(int)", ["_ZN2ns6Parser5parseEi"]),
        ("ns::Parser::parse(const char *, unsigned long)", ["_ZNK2ns6Parser5parseEPKcm"]),
        ("ns::Parser::parse(std::string const&)", ["_ZN2ns6Parser5parseERKNSt"]),
    ):
        process = plain(["explain", "-e", f"{path}:{spec}"])
        same(process.status, 0, f"status of {spec}")
        offsets = {int(o, 16) for o in re.findall(r"entry at file offset (0x\w+)", process.stdout)}
        names = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        symbols = {int(a, 16): s for a, s in re.findall(r"^(\w+) \w (_ZNK?2ns\S+)$", names, re.MULTILINE)}
        got = sorted(symbols[o] for o in offsets)
        ensure(len(got) == len(wanted) and all(any(g.startswith(w) for g in got) for w in wanted), f"{spec}: {got}")
    process = plain(["explain", "-e", f"{path}:ns::Parser::parse(ns::Other&)"])
    same(process.status, 2, "status of an overload that is not there")
    contains(process.stderr, "ns::Parser::parse(int)", "the overloads that are")


RUST = """\
mod deep { pub struct Type { pub n: i32 }
impl Type { #[inline(never)] pub fn method(&self, k: i32) -> i32 { self.n + k } } }
fn main() { let t = deep::Type { n: std::env::args().count() as i32 }; println!("{}", t.method(3)); }
"""


def rust():
    if not shutil.which("rustc"):
        skip("no rustc")
    (scratch() / "r.rs").write_text(RUST)
    for mangling in ("v0", None):
        path = scratch() / f"rust-{mangling}"
        words = ["-C", f"symbol-mangling-version={mangling}"] if mangling else []
        subprocess.run(["rustc", "-g", *words, "-o", path, scratch() / "r.rs"], check=True, timeout=120)
        for spec in ("<r::deep::Type>::method", "r::deep::Type::method"):
            process = plain(["explain", "-e", f"{path}:{spec}"])
            same(process.status, 0, f"status of {spec}, mangling {mangling}")


run(unoptimised, optimised, pieces, copies, conditions, refusals, ambiguous, addresses, values_at_offsets, overloads, rust)
