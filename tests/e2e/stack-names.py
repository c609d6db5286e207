# SPDX-License-Identifier: Apache-2.0
"""-k: the calls that a program knows it made, by unwind tables, by frame pointers, in all kinds of code."""

import re
import shutil
import subprocess

from utrail import Target, Trace, ensure, need_program, only, run, same, sample, scratch

SHAPES = ("straight", "recursion", "handler", "inlined", "callback", "oracle", "threaded")


def names_of(stack):
    """Functions as text: the inlined ones first, as they are shown."""
    names = []
    for frame in stack:
        ensure("cut" not in frame, f"the stack is cut: {frame}")
        names += [line["symbol"] for line in frame.get("inlined", ())]
        names.append(frame.get("symbol", "?"))
    return names


def wanted(target):
    """{number: pattern over the names, each followed by a space}, from the program's own words."""
    chains = {}
    for line in target.stdout.splitlines():
        words = line.split()
        if words[:1] == ["chain"]:
            parts = [r"(?:\S+ )*?" if word == "*" else re.escape(word) + " " for word in words[2:]]
            chains[int(words[1])] = "".join(parts)
    return chains


def check_chains(trace, target):
    trace.check_nothing_lost()
    chains = wanted(target)
    leaves = trace.calls("leaf")
    same(len(leaves), target.counts["leaf"], "calls of leaf")
    same({c["args"]["number"] for c in leaves}, set(chains), "shapes")
    for call in leaves:
        names = " ".join(names_of(call["stack"])) + " "
        ensure(re.match(chains[call["args"]["number"]], names), f"{chains[call['args']['number']]}: got {names}")
        same([f for f in call["stack"] if not f.get("build_id")], [], "frames without a build id")


def traced(name, *options, rounds=1, shapes=SHAPES):
    target = Target(name, "-w", rounds, *shapes)
    trace = Trace(*options, "-e", f"{name}:leaf", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    return target, trace


def without_frame_pointers():
    target, trace = traced("chain-omit", "-k")
    check_chains(trace, target)
    for call in trace.calls("leaf"):
        if call["args"]["number"] in (1, 2, 4, 6):
            same(names_of(call["stack"])[-1], "_start", "the outermost function")
            same(call["stack"][0]["symbol_offset"], 0, "the place in the traced function")


def only_tables():
    check_chains(*reversed(traced("chain-omit", "--stacks=cfi")))


def with_trampolines():
    """The kernel's return probes have replaced the return addresses that are to be found."""
    functions = [f"chain-omit:{name}" for name in ("run", "one", "two", "three", "descend", "sorter", "compare")]
    for how in ("trampoline", "site"):
        target, trace = traced("chain-omit", "-k", f"--return={how}", "-e", ",".join(functions))
        check_chains(trace, target)
        inner = only(trace.calls("three"), "calls of three")
        same(names_of(inner["stack"])[:4], ["three", "two", "one", "straight"], "stack inside of traced calls")


def a_static_program():
    target, trace = traced("chain-static", "-k")
    check_chains(trace, target)


def signal_frames():
    target, trace = traced("chain-omit", "-k", shapes=("handler",))
    stack = only(trace.calls("leaf"), "calls of leaf")["stack"]
    same([f.get("signal", False) for f in stack[:3]], [False, False, True], "the kernel's frame")


def source_lines():
    target, trace = traced("chain-omit", "-k", shapes=("inlined",))
    number, line, file = re.search(r"^line (\d+) (\d+) (.*)$", target.stdout, re.MULTILINE).groups()
    call = only(trace.calls("leaf"), "calls of leaf")
    same(call["args"]["number"], int(number), "number")
    inlined = call["stack"][1]["inlined"]
    same([f["symbol"] for f in inlined], ["inner", "outer"], "inlined functions")
    same(inlined[0]["line"], int(line), "line of the call")
    ensure(all(f["file"].endswith("/" + file) for f in inlined), f"{inlined}: another file than {file}")


def the_compilers_own_unwinder():
    target, trace = traced("chain-omit", "-k", shapes=("oracle",))
    told = re.search(r"^ips \d+ (.*)$", target.stdout, re.MULTILINE)[1].split()
    stack = only(trace.calls("leaf"), "calls of leaf")["stack"]
    # From the caller of witness() on.
    same([int(f["ip"], 16) for f in stack[2:]], [int(ip, 16) for ip in told], "return addresses")


WALK = """python
frame = gdb.newest_frame()
while frame:
    # Those of tail calls are gdb's conclusions, and not on the stack.
    if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
        print("place", frame.pc() & 0xfff)
    frame = frame.older()
"""


def as_gdb_finds_them():
    """Through libc, and through a signal's frame: every return address, but for the base of its file."""
    script = scratch() / "walk.gdb"
    script.write_text("set backtrace past-main on\nbreak *leaf\nrun\n" + WALK)
    gdb = need_program("gdb", "gdb")
    # A file of its own: a probe that another test puts on its breakpoint would swallow that.
    program = shutil.copy(sample("chain-omit"), scratch() / "chain-for-gdb")
    for shape in ("callback", "handler", "recursion"):
        found = subprocess.run(
            [gdb, "-nx", "-batch", "-ex", "handle SIGUSR2 nostop noprint", "-x", script, "--args", program, "1", shape],
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        places = [int(place) for place in re.findall(r"^place (\d+)$", found.stdout, re.MULTILINE)]
        ensure(len(places) > 5, f"gdb says: {found.stdout}{found.stderr}")
        target, trace = traced("chain-omit", "-k", shapes=(shape,))
        stack = trace.calls("leaf")[0]["stack"]
        same([int(f["ip"], 16) & 0xFFF for f in stack], places, f"places of {shape}")


def by_frame_pointers():
    shapes = ("straight", "recursion", "inlined", "oracle")
    target, trace = traced("chain-no-omit", "--stacks=fp", shapes=shapes)
    trace.check_nothing_lost()
    chains = wanted(target)
    leaves = trace.calls("leaf")
    same(len(leaves), len(shapes), "calls of leaf")
    for call in leaves:
        # libc has no frame pointers, so that they lead no further.
        names = " ".join(names_of([f for f in call["stack"] if "cut" not in f])) + " "
        ensure(re.match(chains[call["args"]["number"]], names), f"{chains[call['args']['number']]}: got {names}")


def no_garbage_without_frame_pointers():
    """Where there is no chain, it ends; no frame is made up."""
    target, trace = traced("chain-omit", "--stacks=fp", shapes=("straight",))
    stack = only(trace.calls("leaf"), "calls of leaf")["stack"]
    names = names_of([f for f in stack if "cut" not in f])
    true = ["leaf", "three", "two", "one", "straight", "run", "main", "__libc_start_call_main"]
    ensure(all(name in true for name in names), f"{names}: not all of them were called")
    ensure("cut" in stack[-1], f"{stack[-1]}: does not say that there is more")


def text_form():
    target = Target("chain-omit", "-w", 1, "inlined")
    trace = Trace("-k", "-e", "chain-omit:leaf", pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish(stop=False)
    lines = trace.text.splitlines()
    ensure(re.search(r" chain-omit:leaf\(number=4\) = 4 ", lines[0]), lines[0])
    ensure(re.fullmatch(r" > /\S+/chain-omit\(leaf\+0x0\) \[0x[0-9a-f]+\] \S*chain\.c:\d+", lines[1]), lines[1])
    ensure(re.fullmatch(r" > /\S+/chain-omit\(inner\) \[inlined\] \S*chain\.c:\d+", lines[2]), lines[2])
    ensure(re.fullmatch(r" > /\S+/chain-omit\(outer\) \[inlined\] \S*chain\.c:\d+", lines[3]), lines[3])
    ensure(re.fullmatch(r" > /\S+/chain-omit\(around\+0x[0-9a-f]+\) \[0x[0-9a-f]+\] \S*chain\.c:\d+", lines[4]), lines[4])


run(
    without_frame_pointers,
    only_tables,
    with_trampolines,
    a_static_program,
    signal_frames,
    source_lines,
    the_compilers_own_unwinder,
    as_gdb_finds_them,
    by_frame_pointers,
    no_garbage_without_frame_pointers,
    text_form,
)
