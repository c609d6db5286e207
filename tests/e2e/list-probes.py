# SPDX-License-Identifier: Apache-2.0
"""utrail list: the same functions as nm, the same markers as readelf. Needs no privilege."""

import json
import os
import re
import shutil
import subprocess

from utrail import Process, Target, contains, ensure, only, plain, program, run, same, sample, scratch


def tool(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


def listed(*words):
    process = plain(["list", "--json", *words])
    if process.status:
        ensure(False, process.report(f"ended with {process.status}"))
    return [json.loads(line) for line in process.stdout.splitlines()]


def symbols(path):
    """(name, address) of the functions in nm's words."""
    found = re.findall(r"^(\w+) [tTwW] (\S+)$", tool("nm", "--defined-only", path), re.MULTILINE)
    types = tool("readelf", "-sW", path)
    functions = set(re.findall(r"(?:FUNC|IFUNC) .*\s(\S+)$", types, re.MULTILINE))
    return {(name, int(address, 16)) for address, name in found if name in functions}


def notes(path):
    """(provider, name, operands) of each note, in readelf's words."""
    pattern = r"Provider: (\S+)\s+Name: (\S+)\s+Location: .*\n\s+Arguments: ?(.*)"
    return sorted((p, n, a.strip()) for p, n, a in re.findall(pattern, tool("readelf", "-n", path)))


def functions():
    for name in ("count", "types", "nest"):
        path = sample(name)
        wanted = symbols(path)
        got = {(f["symbol"], int(f["offset"], 16)) for f in listed(path) if f["type"] == "function"}
        names = {s for s, _ in wanted}
        same(sorted(names - {s for s, _ in got}), [], f"functions of {name} that nm knows and list does not")
        same(sorted({s for s, _ in got} - names), [], f"functions of {name} that list makes up")
        # Files are not prelinked: text has the same offset in the file as in memory.
        same(sorted(got - wanted), [], f"offsets of {name} that differ from nm's addresses")


def parameters():
    found = [f for f in listed(sample("types"), "call:eight") if f["symbol"] == "eight"]
    eight = only(found, "functions eight")
    same([p["name"] for p in eight["params"]], list("abcdefgh"), "names of the parameters")
    got = [p["type"] for p in eight["params"]]
    wanted = ["int", "long", "unsigned int", "const char *", "short", "unsigned char", "long", "int"]
    # The compiler writes "long int" into its debug information for what the source calls long.
    same([t.replace("long int", "long").replace("short int", "short") for t in got], wanted, "types")
    ensure(eight["return"] in ("long", "long int"), f"type of the result: {eight['return']}")
    same(os.path.basename(eight["file"]), "types.c", "file")
    with open(os.path.join(os.path.dirname(__file__), "../../samples/types.c")) as source:
        text = source.read().splitlines()
    contains(text[eight["line"] - 1], "eight(", f"line {eight['line']} of types.c")


def entries():
    """Where a probe would go, and what it costs there: list says what explain says."""
    patterns = ["call:libc:mem*", "call:libc:str*", "call:libc:_IO_*", "call:libc:pthread_*"]
    shown = listed(*patterns)
    words = [word for p in patterns for word in ("-e", p)]
    explained = plain(["explain", *words])
    same(explained.status, 0, "status of explain")
    pattern = r"^ +entry at file offset (0x\w+): .*\((emulated|single-stepped)\)$"
    found = re.findall(pattern, explained.stdout, re.MULTILINE)
    wanted = {int(offset, 16): how.replace("single-", "") for offset, how in found}
    ensure(len(wanted) > 100, f"only {len(wanted)} entries in explain")
    # A resolver has two names, of which that of the function it chooses is the one that is asked for.
    refused = {f["offset"] for f in shown if "entry" not in f}
    ensure(refused, "nothing is refused, not even what the loader chooses at start")
    got = {int(f["offset"], 16): f["entry"] for f in shown if f["offset"] not in refused}
    # The probe may go behind endbr64, which has four bytes.
    same({o if o in got else o - 4: how for o, how in wanted.items()} == got, True, "entries of libc are the same")
    same(set(got.values()), {"emulated", "stepped"}, "kinds of entries")


def markers():
    for name in ("usdt-args", "usdt-shapes", "srv", "redzone"):
        path = sample(name)
        shown = listed(path, "usdt:*")
        same({m["type"] for m in shown}, {"usdt"}, f"what list shows of {name}")
        got = sorted((m["provider"], m["name"], s["args"]) for m in shown for s in m["sites"])
        same(got, notes(path), f"markers of {name}, against readelf")
        semaphores = {m["name"] for m in shown if m["semaphore"]}
        wanted = {m["name"] for m in shown} if name in ("usdt-args", "srv") else set()
        same(semaphores, wanted, f"markers of {name} with a semaphore")


def of_a_process():
    target = Target("usdt-args", "-w")
    shown = listed("-p", str(target.pid), "usdt:demo:*")
    wanted = {n for p, n, _ in notes(sample("usdt-args")) if p == "demo"}
    same({m["name"] for m in shown if m["provider"] == "demo"}, wanted, "markers of the process")
    target.release()
    target.finish()


def as_text():
    process = plain(["list", sample("usdt-args"), "usdt:demo:t*"])
    same(process.status, 0, "status")
    contains(process.stdout, "demo:twelve", "the list")
    contains(process.stdout, "demo:twice", "the list")
    ensure("demo:members" not in process.stdout, "what does not match is shown")


def nothing_there():
    """A file without markers is no error of the file, but the user is told."""
    process = plain(["list", sample("count"), "usdt:*"])
    same(process.status, 2, "status when nothing matches")
    contains(process.stderr, "no such USDT probe in", "the message")
    contains(process.stderr, "no USDT notes", "the reason")
    process = plain(["list", sample("count"), "sample_wiat"])
    same(process.status, 2, "status when nothing matches")
    contains(process.stderr, "did you mean 'sample_wait'", "the hint")


def hostile_name():
    """What a file is called may not command the terminal that shows it."""
    path = scratch() / "red\x1b[31m"
    shutil.copy(sample("usdt-args"), path)
    for words in (["list", path, "usdt:demo:t*"], ["list", path, "call:main"], ["explain", "-e", "call:main", "--", path]):
        process = plain(words)
        same(process.status, 0, f"status of {words[0]}")
        contains(process.stdout, "red\\x1b[31m", f"what {words[0]} shows")
        ensure("\x1b" not in process.stdout + process.stderr, "an escape character reached the terminal")


def large_library():
    """A stripped library of C++ functions without number."""
    path = scratch() / "liblarge.so"
    lines = ["#include <string>", "namespace app { template <class T> struct Box { T value; T get(T more); };"]
    lines += ["template <class T> T Box<T>::get(T more) { return value + more; } template struct Box<long>; }"]
    for i in range(400):
        lines.append(f"namespace app {{ struct S{i} {{ S{i}(); ~S{i}(); int run(int x) const; bool operator==(const S{i} &o) const; }};")
        lines.append(f"S{i}::S{i}() {{}} S{i}::~S{i}() {{}} int S{i}::run(int x) const {{ return x + {i}; }}")
        lines.append(f"bool S{i}::operator==(const S{i} &o) const {{ return &o == this; }} std::string text_{i}() {{ return \"\"; }} }}")
    source = scratch() / "large.cc"
    source.write_text("\n".join([*lines, 'extern "C" int plain_c(void) { return 1; }', ""]))
    subprocess.run(["g++", "-O0", "-fPIC", "-shared", "-s", "-o", path, source], check=True, timeout=120)
    dynamic = re.findall(r"^(\w+) [TtWwi] (\S+)$", tool("nm", "-D", "--defined-only", path), re.MULTILINE)
    plain_names = subprocess.run(["c++filt", "-p"], input="\n".join(s for _, s in dynamic), capture_output=True, text=True, check=True)
    wanted = list(zip((address for address, _ in dynamic), plain_names.stdout.splitlines(), (s for _, s in dynamic)))
    for pattern, means in (
        (None, lambda name, symbol: True),
        ("call:*", lambda name, symbol: True),
        ("call:app::S1*::run", lambda name, symbol: re.fullmatch(r"app::S1\d*::run", name)),
        ("call:/text_7/", lambda name, symbol: "text_7" in name or "text_7" in symbol),
        ("call:_ZN3app4S100C1Ev", lambda name, symbol: symbol == "_ZN3app4S100C1Ev"),
        ("call:liblarge:plain_c", lambda name, symbol: symbol == "plain_c"),
    ):
        process = plain(["list", path, *([pattern] if pattern else [])])
        same(process.status, 0, f"status of list {pattern}")
        names = [name for _, name, symbol in sorted(wanted, key=lambda w: (w[0], w[2])) if means(name, symbol)]
        same(process.stdout.splitlines(), [f"liblarge:{name}" for name in names], f"list {pattern}")
    ensure(len(wanted) > 2000, "the library is not large")
    process = plain(["list", path, "call:app::S1::rum"])
    same(process.status, 2, "status when nothing matches")


def unprivileged():
    if os.geteuid() != 0:
        return
    # Where the build lies may be closed to other users.
    for path in (program(), sample("count")):
        shutil.copy(path, scratch())
    own = scratch() / "utrail"
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    process = Process([*prefix, own, "list", scratch() / "count", "f"])
    same(process.wait(), 0, "status as nobody")
    contains(process.stdout, "f", "the list")


run(functions, parameters, entries, markers, of_a_process, as_text, nothing_there, hostile_name, large_library, unprivileged)
