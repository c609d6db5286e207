# SPDX-License-Identifier: Apache-2.0
"""Markers in files that are not where they were: in memory, deleted, replaced, moved, elsewhere."""

import os
import platform
import re
import shutil
import struct
import subprocess

import stapsdt
from utrail import (
    Target,
    Trace,
    contains,
    copy_root,
    ensure,
    need_program,
    need_root,
    only,
    plain,
    run,
    same,
    sample,
    scratch,
    skip,
)

ROUNDS = 10


def a_program_in_memory():
    """Executed from a memfd: no path leads to it."""
    memory = os.memfd_create("program", 0)
    with open(sample("usdt-each"), "rb") as file:
        os.write(memory, file.read())
    path = f"/proc/self/fd/{memory}"
    target = Target(path, "-w", "-h", ROUNDS, pass_fds=[memory])
    os.close(memory)
    trace = Trace("-e", "usdt:each:hit", pid=target.pid)
    target.release()
    target.wait_for("^done ")
    trace.finish()
    target.finish()
    trace.check_nothing_lost()
    same(len(trace.markers("hit")), 5 * ROUNDS, "hits")
    same(target.counts["semaphores"], 0, "semaphores after")
    same({e["module"] for e in trace.markers("hit")}, {"memfd:program"}, "module")


def copies(name):
    path = scratch() / f"{name}-{len(os.listdir(scratch()))}"
    shutil.copy(sample(name), path)
    return path


def start(path, *how):
    target = Target(str(path), "-w", "-h", ROUNDS, *how)
    return target


def finish(target, trace):
    target.release()
    target.wait_for("^done ")
    trace.finish()
    target.finish()
    trace.check_nothing_lost()
    same([target.counts[f"place{i}"] for i in range(5)], [ROUNDS] * 5, "places that the target passed")
    same(len(trace.markers("hit")), 5 * ROUNDS, "hits")
    same(target.counts["semaphores"], 0, "semaphores after")


def a_deleted_program():
    path = copies("usdt-each")
    target = start(path)
    path.unlink()
    trace = Trace("-e", "usdt:each:hit", pid=target.pid)
    ensure("replaced" not in trace.stderr, trace.report("speaks of a file that is not there"))
    finish(target, trace)


def a_deleted_library():
    path = copies("usdt-plugin.so")
    target = start(sample("usdt-loader"), "file", str(path))
    path.unlink()
    finish(target, Trace("-e", "usdt:each:hit", pid=target.pid))


def a_replaced_program():
    """The new file has its markers elsewhere: a probe at its offsets would be in other code."""
    path = copies("usdt-each")
    target = start(path)
    old = {(n.name, n.offset) for n in stapsdt.notes(path)}
    new = scratch() / "new"
    shutil.copy(sample("usdt-operands"), new)
    new.rename(path)
    listed = plain(["list", "-p", str(target.pid), "--json", "usdt:each:*"]).stdout
    got = {int(offset, 16) for offset in re.findall(r'"offset":"(0x\w+)"', listed)}
    same(got, {offset for _, offset in old}, "places, against the file that runs")
    trace = Trace("-e", "usdt:each:hit", pid=target.pid)
    contains(trace.stderr, "replaced on disk", "the messages")
    contains(trace.stderr, str(path), "the messages")
    finish(target, trace)


def a_replaced_library():
    path = copies("usdt-plugin.so")
    target = start(sample("usdt-loader"), "file", str(path))
    new = scratch() / "new.so"
    shutil.copy(sample("usdt-plugin.so"), new)
    new.rename(path)
    trace = Trace("-e", f"usdt:{path}:each:hit", pid=target.pid)
    contains(trace.stderr, "replaced on disk", "the messages")
    finish(target, trace)


def another_root():
    """In a mount namespace and a root of its own: no path outside leads to the same file."""
    need_root()
    need_program("/usr/bin/unshare", "util-linux")
    root = scratch() / "root"
    (root / "tmp").mkdir(parents=True)
    copy_root(root, {sample("usdt-loader"): "app", sample("usdt-plugin.so"): "hidden/plugin.so"})
    script = 'mount -t tmpfs none "$0/tmp" && cp "$0/hidden/plugin.so" "$0/tmp" && exec chroot "$0" "$@"'
    words = ["-m", "sh", "-c", script, str(root), "/app", "-w", "-h", str(ROUNDS), "file", "/tmp/plugin.so"]
    target = Target("/usr/bin/unshare", *words)
    ensure(not os.path.exists(root / "tmp/plugin.so"), "the mount is seen outside")
    finish(target, Trace("-e", "usdt:/tmp/plugin.so:each:hit", pid=target.pid))


def section(path, name):
    """(address, offset, size)"""
    return stapsdt.Layout(path).sections[name][1:4]


def prelinked():
    """
    As prelink leaves a file: what is loaded has moved by a distance, the addresses in the notes have
    not. (Made the other way round, so that the file still runs: the notes are moved back.)
    """
    distance = 0x345678
    for name in ("usdt-each", "usdt-plugin.so"):
        path = copies(name)
        before = stapsdt.notes(path)
        _, offset, size = section(path, ".note.stapsdt")
        with open(path, "r+b") as file:
            file.seek(offset)
            data = bytearray(file.read(size))
            at = 0
            while at < size:
                owner, content, _ = struct.unpack_from("<III", data, at)
                words = at + 12 + (owner + 3 & ~3)
                for place in range(words, words + 24, 8):
                    (word,) = struct.unpack_from("<Q", data, place)
                    moved = word - distance & (1 << 64) - 1 if word else 0
                    struct.pack_into("<Q", data, place, moved)
                at = words + (content + 3 & ~3)
            file.seek(offset)
            file.write(data)
        raw = {int(w, 16) for w in re.findall(r"Base: (0x\w+)", stapsdt.readelf("-n", path))}
        ensure(stapsdt.Layout(path).base() not in raw, "the file was not changed")
        listed = plain(["list", "--json", path, "usdt:*"]).stdout
        places = re.findall(r'"offset":"(0x\w+)","args":"[^"]*"(?:,"semaphore":"(0x\w+)")?', listed)
        got = sorted((int(o, 16), int(s or "0", 16)) for o, s in places)
        same(got, sorted((n.offset, n.semaphore or 0) for n in before), f"places of {name}, as before")
        ensure("refused" not in listed, f"something is refused: {listed}")
        how = ["file", str(path)] if name.endswith(".so") else []
        target = start(sample("usdt-loader") if how else path, *how)
        finish(target, Trace("-e", "usdt:each:hit", pid=target.pid))


def tool(*words):
    subprocess.run([str(w) for w in words], check=True, capture_output=True)


def need_x86():
    """The operands of usdt-operands, and programs of 32 bits, are there on x86-64 alone."""
    if platform.machine() != "x86_64":
        skip("x86-64 only")


def stripped():
    """A copy without symbols, and the debug file that has them: (program, debug file)."""
    folder = scratch() / f"stripped-{len(os.listdir(scratch()))}"
    folder.mkdir()
    program, debug = folder / "usdt-operands", folder / "usdt-operands.debug"
    tool("objcopy", "--only-keep-debug", sample("usdt-operands"), debug)
    tool("objcopy", "--strip-all", sample("usdt-operands"), program)
    same(stapsdt.readelf("-s", program).count("operands_table"), 0, "symbols left in the program")
    return program, debug


SYMBOLS = ("symbols", "dotted", "addresses")


def values_of(trace, target):
    for name in SYMBOLS:
        wanted = [int(w) for w in re.search(rf"^value {name} (.*)$", target.stdout, re.MULTILINE)[1].split()]
        got = [int(v) for v in only(trace.markers(name), f"hits of {name}")["args"].values()]
        same(got, wanted, f"arguments of {name}")


def separate_symbols():
    """`operands_table(%rip)` in a program without symbols: next to it, in .debug, or nowhere."""
    need_x86()
    for place in ("usdt-operands.debug", ".debug/usdt-operands.debug", None):
        program, debug = stripped()
        tool("objcopy", f"--add-gnu-debuglink={debug}", program)
        if place:
            (program.parent / place).parent.mkdir(exist_ok=True)
            debug.rename(program.parent / place)
        else:
            debug.unlink()
        target = Target(str(program), "-w")
        specs = ",".join(f"usdt:operands:{name}" for name in SYMBOLS)
        trace = Trace("-e", specs, pid=target.pid)
        target.release()
        target.finish()
        trace.finish(stop=False)
        if place:
            values_of(trace, target)
            continue
        for name in SYMBOLS:
            for value in only(trace.markers(name), f"hits of {name}")["args"].values():
                contains(value["unavailable"], "no symbol", f"reason of {name}")


def symbols_by_build_id():
    """In /usr/lib/debug/.build-id, which is another one in a mount namespace of utrail's own."""
    need_x86()
    need_root()
    need_program("/usr/bin/unshare", "util-linux")
    if not os.path.isdir("/usr/lib/debug"):
        return print("    there is no /usr/lib/debug here")
    program, debug = stripped()
    build_id = re.search(r"Build ID: (\w+)", stapsdt.readelf("-n", program))
    ensure(build_id, "the sample has no build id")
    place = scratch() / "debug" / ".build-id" / build_id[1][:2] / f"{build_id[1][2:]}.debug"
    place.parent.mkdir(parents=True)
    debug.rename(place)
    script = 'mount --bind "$0" /usr/lib/debug && exec "$@"'
    prefix = ["unshare", "-m", "sh", "-c", script, str(scratch() / "debug")]
    listing = plain(["list", "--json", program, "usdt:operands:symbols"], prefix=prefix)
    same(listing.status, 0, listing.report("status of list"))
    ensure("unavailable" not in listing.stdout, f"symbols are not found: {listing.stdout}")
    without = plain(["list", "--json", program, "usdt:operands:symbols"])
    contains(without.stdout, "no symbol operands_table", "the list without the debug file")


SMALL = """
.text
.globl _start
_start: nop
again: mov $29, %eax # pause
int $0x80
jmp again
.section .note.stapsdt,"","note"
.long 8,18,3
.asciz "stapsdt"
.long _start,0,0
.asciz "a"
.asciz "b"
.asciz ""
.balign 4
"""


def of_32_bits():
    """A program with a marker, refused by file and by process, and the message says why."""
    need_x86()
    source, small = scratch() / "small.s", str(scratch() / "small")
    source.write_text(SMALL)
    tool("as", "--32", "-o", f"{small}.o", source)
    tool("ld", "-m", "elf_i386", "-o", small, f"{small}.o")
    same(stapsdt.readelf("-h", small).count("ELF32"), 1, "the class of the file")
    process = plain(["list", small, "usdt:*"])
    same(process.status, 5, process.report("status"))
    contains(process.stderr, "32-bit", "the message")
    try:
        target = Target(small)
    except OSError:
        return print("    this kernel runs no 32-bit programs")
    for words in (["-e", "usdt:a:b"], ["-e", f"usdt:{small}:a:b"]):
        process = plain(["-p", str(target.pid), *words])
        ensure(process.status not in (0, None), process.report("status"))
        contains(process.stderr, "32-bit", "the message")
    target.process.kill()


run(
    a_program_in_memory,
    a_deleted_program,
    a_deleted_library,
    a_replaced_program,
    a_replaced_library,
    another_root,
    prelinked,
    separate_symbols,
    symbols_by_build_id,
    of_32_bits,
)
