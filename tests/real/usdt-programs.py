# SPDX-License-Identifier: Apache-2.0
"""Markers of PHP, Ruby, SystemTap and glibc, as they run, against what the programs count themselves."""

import glob
import os
import re
import shutil
import subprocess
import sys
import time

from packages import fetch, listed
from stapsdt import readelf
from utrail import Process, Trace, ensure, need_root, run, same, scratch, values

PHP = """
function f($n) { return $n + 1; }
$x = 0;
for ($i = 0; $i < 7; $i++) $x = f($x);
try { throw new LogicException("boom"); } catch (Exception $e) {}
echo "f $x\\n";
"""

RUBY = """
def f(n) = n + 1
x = 0
7.times { x = f(x).pow(1) }
3.times { GC.start }
puts "f #{x}", "gc #{GC.count}"
"""


def told(process):
    """Lines `NAME NUMBER` of the program's output."""
    return {m[1]: int(m[2]) for m in re.finditer(r"^(\w+) (\d+)$", process.stdout, re.MULTILINE)}


def php():
    need_root()
    root = fetch("bookworm", "php", "php8.2-cli", with_dependencies=True)
    command = ["env", "USE_ZEND_DTRACE=1", "chroot", root, "/usr/bin/php8.2", "-n", "-r", PHP]
    trace = Trace("-e", f"usdt:{root}/usr/bin/php8.2:php:*", command=command)
    trace.finish(stop=False)
    trace.check_nothing_lost()
    counts = told(trace)
    calls = [e for e in trace.markers("function__entry") if e["args"]["function"] == "f"]
    same(len(calls), counts["f"], "function__entry of f")
    returns = [e for e in trace.markers("function__return") if e["args"]["function"] == "f"]
    same(len(returns), counts["f"], "function__return of f")
    same({e["args"]["line"] for e in calls}, {2}, "line of the function")
    thrown = [e["args"]["class"] for e in trace.markers("exception__thrown")]
    same(thrown, ["LogicException"], "exception__thrown")
    same(len(trace.markers("request__startup")), 1, "request__startup")


def ruby():
    need_root()
    root = fetch("bookworm", "ruby", "ruby3.1", with_dependencies=True)
    library = f"{root}/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1"
    command = ["chroot", root, "/usr/bin/ruby3.1", "--disable-gems", "-e", RUBY]
    trace = Trace("-e", f"usdt:{library}:ruby:*", command=command)
    trace.finish(stop=False)
    trace.check_nothing_lost()
    counts = told(trace)
    same(len(trace.markers("gc__mark__begin")), counts["gc"], "gc__mark__begin, against GC.count")
    same(len(trace.markers("gc__mark__end")), counts["gc"], "gc__mark__end")
    # Methods written in Ruby fire nothing unless the interpreter's own tracing is on.
    calls = [values(e) for e in trace.markers("cmethod__entry") if values(e)[1] == "pow"]
    same([c[:2] for c in calls], [["Integer", "pow"]] * counts["f"], "calls of Integer#pow")
    entries, returns = len(trace.markers("cmethod__entry")), len(trace.markers("cmethod__return"))
    same(entries, returns, "entries and returns of methods")


def stap():
    """It has nothing to compile for here, and says what it ran to clean up."""
    need_root()
    root = fetch("bookworm", "systemtap", "systemtap", "systemtap-runtime")
    path = f"{root}/usr/bin/stap"
    needed = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    if "not found" in needed:
        return print("    stap needs libraries that are not here")
    words = ["-p2", "-vvv", "-r", "none", "-e", "probe begin {}"]
    command = ["env", f"SYSTEMTAP_DIR={scratch()}", path, *words]
    trace = Trace("-e", f"usdt:{path}:stap:*", command=command)
    trace.finish(stop=False, status=1)
    trace.check_nothing_lost()
    ran = re.findall(r"^Running (.*)$", trace.stderr, re.MULTILINE)
    ensure(ran, trace.report("stap ran nothing"))
    got = [values(e)[0].strip() for e in trace.markers("stap_system__start")]
    same(got, ran, "commands, against what stap says that it runs")
    ends = [int(n) for n in re.findall(r"^Spawn waitpid result.*: (\d+)$", trace.stderr, re.MULTILINE)]
    same([values(e)[0] for e in trace.markers("stap_system__complete")], ends, "their results")
    born = [values(e) for e in trace.markers("stap_system__spawn")]
    same([e[0] for e in born], [0] * len(ran), "results of their start")
    same(len(trace.markers("pass0__start")), 1, "pass0__start")


class Glibc:
    """A C library that is not the system's, next to the debug file that has its symbols."""

    def __init__(self):
        root = fetch("sid", "libc6", "libc6", "libc6-dbg")
        place = f"{root}/usr/lib/x86_64-linux-gnu"
        self.folder = scratch() / "glibc"
        (self.folder / ".debug").mkdir(parents=True)
        for name in ("libc.so.6", "ld-linux-x86-64.so.2", "libm.so.6"):
            shutil.copy(f"{place}/{name}", self.folder)
        self.loader, self.libc = self.folder / "ld-linux-x86-64.so.2", str(self.folder / "libc.so.6")
        build_id = re.search(r"Build ID: (\w+)", readelf("-n", self.libc))[1]
        debug = f"{root}/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        ensure(os.path.exists(debug), f"libc6-dbg has no {debug}")
        link = re.search(r"\]\s+(\S+\.debug)", readelf("-p", ".gnu_debuglink", self.libc))[1]
        shutil.copy(debug, self.folder / ".debug" / link)


MALLOPT = """
import ctypes, sys
mallopt = ctypes.CDLL(None).mallopt
sys.stdin.readline()
for n in (131072, 262144, 65536):
    mallopt(-2, n)       # M_TOP_PAD
    mallopt(-8, n >> 14) # M_ARENA_MAX
"""


def glibc():
    """`8@8+mp_(%rip)`: mp_ is in the symbol table of the debug file alone, and tells the old value."""
    need_root()
    libc = Glibc()
    unread = [(note.name, why) for note, _, why in listed(libc.libc) if why]
    same(unread, [], "arguments of libc.so.6 that cannot be read though its debug file is there")
    words = [libc.loader, "--library-path", libc.folder, sys.executable, "-S", "-c", MALLOPT]
    paths = sorted(glob.glob("/usr/lib/x86_64-linux-gnu"))
    words[2] = ":".join([str(libc.folder), *paths])
    target = Process(words)
    wait_until_mapped(target.pid, libc.libc)
    trace = Trace("-e", f"usdt:{libc.libc}:libc:memory_mallopt_*", pid=target.pid)
    target.write("\n")
    same(target.wait(), 0, "status of the target")
    trace.finish(stop=False)
    trace.check_nothing_lost()
    pads = [values(e) for e in trace.markers("memory_mallopt_top_pad")]
    same([p[0] for p in pads], [131072, 262144, 65536], "new values of top_pad")
    same([p[1] for p in pads[1:]], [131072, 262144], "old values of top_pad, from mp_")
    arenas = [values(e) for e in trace.markers("memory_mallopt_arena_max")]
    same([a[0] for a in arenas], [8, 16, 4], "new values of arena_max")
    same([a[1] for a in arenas], [0, 8, 16], "old values of arena_max, from mp_")


def wait_until_mapped(pid, path):
    for _ in range(500):
        with open(f"/proc/{pid}/maps") as maps:
            if path in maps.read():
                return
        time.sleep(0.01)


run(php, ruby, stap, glibc)
