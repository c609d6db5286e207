# SPDX-License-Identifier: Apache-2.0
"""A stripped Go program: its functions are those that nm knows of the same program unstripped, in lists and in stacks."""

import json
import os
import re
import shutil
import subprocess

from utrail import Process, Trace, ensure, need_root, plain, run, same, scratch, skip

SOURCE = """\
package main

import (
	"fmt"
	"os"
)

type Server struct{ n int }

//go:noinline
func (s *Server) Handle(x int) int { return s.n + x }

//go:noinline
func outer(s *Server) int { return s.Handle(3) + 1 }

func main() {
	s := &Server{len(os.Args)}
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
	total := 0
	for i := 0; i < 5; i++ {
		total += outer(s)
	}
	fmt.Println("total", total)
}
"""


def built(name, *options):
    go = shutil.which("go")
    if not go:
        skip("no go")
    (scratch() / "main.go").write_text(SOURCE)
    environment = dict(os.environ, GOCACHE=str(scratch() / "cache"), GO111MODULE="off", GOFLAGS="", CGO_ENABLED="0")
    words = [go, "build", *options, "-o", scratch() / name, scratch() / "main.go"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=150)
    ensure(done.returncode == 0, f"go build: {done.stderr}")
    return str(scratch() / name)


def symbols(path):
    """{(name, address)} of the text, in nm's words; without the mark of a calling convention, which Go's table has not."""
    text = subprocess.run(["nm", path], capture_output=True, text=True, check=True, timeout=60).stdout
    return {(name.removesuffix(".abi0"), int(address, 16)) for address, name in re.findall(r"^(\w+) [tT] (\S.*)$", text, re.MULTILINE)}


def listed(path):
    process = plain(["list", "--json", path, "call:*"])
    same(process.status, 0, f"status of list {path}")
    found = [json.loads(line) for line in process.stdout.splitlines()]
    loads = re.findall(r"LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", subprocess.run(["readelf", "-lW", path], capture_output=True, text=True).stdout)
    for function in found:
        offset = int(function["offset"], 16)
        start = next([int(n, 16) for n in load] for load in loads if int(load[0], 16) <= offset < int(load[0], 16) + int(load[2], 16))
        function["address"] = offset - start[0] + start[1]
    return {f["symbol"]: f for f in found}


def compare(name, *options):
    full, stripped = built(f"{name}-full", *options), built(name, "-ldflags=-s -w", *options)
    wanted, got = symbols(full), listed(stripped)
    ensure("main.main" in got and "main.(*Server).Handle" in got, f"{name}: {len(got)} functions, the program's own not among them")
    others = {(n, f["address"]) for n, f in got.items()} - wanted
    ensure(len(others) < 0.05 * len(got), f"{name}: {sorted(others)[:10]} are not in nm's list")
    names = {n for n, _ in wanted}
    same(sorted(o for o in others if o[0] in names), [], f"{name}: functions at other addresses than nm's")
    missing = [n for n in names if n not in got and n.startswith(("main.", "fmt.", "os."))]
    same(missing, [], f"{name}: functions that nm knows and list does not")
    plain_list = plain(["list", "-v", stripped, "call:main.main"])
    ensure("symbol: .gopclntab" in plain_list.stdout, plain_list.stdout)


def static():
    compare("static")


def position_independent():
    compare("pie", "-buildmode=pie")


def in_stacks():
    need_root()
    target = Process([built("static", "-ldflags=-s -w")])
    target.wait_for("^ready")
    trace = Trace("-k", "-e", "call:static:main.(*Server).Handle", pid=target.pid)
    target.write("\n")
    same(target.wait(), 0, "status of the program")
    trace.finish(stop=False)
    events = [e for e in trace.events if e["type"] == "call"]
    same(len(events), 5, "hits")
    for event in events:
        names = [f.get("symbol") for f in event["stack"]]
        same(names[:3], ["main.(*Server).Handle", "main.outer", "main.main"], "the stack")


run(static, position_independent, in_stacks)
