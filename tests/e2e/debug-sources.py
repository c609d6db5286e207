# SPDX-License-Identifier: Apache-2.0
"""Symbols and types that lie outside of the program: which file was taken is told, and what is missing."""

import os
import re
import shutil
import subprocess

from utrail import (Target, Trace, contains, copy_root, ensure, matches, need_program, need_root, plain, run, same, sample,
                    scratch)


def tool(*words, **how):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, **how).stdout


def build_id(path):
    return re.search(r"Build ID: ([0-9a-f]+)", tool("readelf", "-n", path)).group(1)


def stripped(path, into):
    """A stripped copy, and the debug file that belongs to it."""
    debug = str(into) + ".debug"
    tool("objcopy", "--only-keep-debug", path, debug)
    tool("strip", "-o", str(into), path)
    return debug


def the_targets_own_debug_file():
    """It is in the root of the target, and nowhere here."""
    need_root()
    need_program("/usr/bin/unshare", "util-linux")
    folder = scratch()
    debug = stripped(sample("types"), folder / "app")
    root = folder / "root"
    copy_root(root, {str(folder / "app"): "app"})
    name = build_id(sample("types"))
    wanted = f"/usr/lib/debug/.build-id/{name[:2]}/{name[2:]}.debug"
    ensure(not os.path.exists(wanted), f"{wanted} exists here, so that this shows nothing")
    os.makedirs(os.path.dirname(f"{root}{wanted}"))
    shutil.copy(debug, f"{root}{wanted}")
    target = Target("/usr/bin/unshare", "-m", "--propagation", "unchanged", "chroot", str(root), "/app", "-w", "1")
    explained = plain(["explain", "-p", str(target.pid), "-e", "/app:eight"])
    same(explained.status, 0, "status of explain")
    contains(explained.stdout, f"symbols: {wanted}", "what explain says")
    contains(explained.stdout, f"types:   {wanted}", "what explain says")
    trace = Trace("-v", "-e", "/app:eight", pid=target.pid)
    target.release()
    target.finish()
    trace.finish(stop=False)
    contains(trace.stderr, f"/app: symbols from {wanted}; types from {wanted}", "what -v says")
    ensure(trace.calls("eight"), "no call of eight was seen")
    same(list(trace.calls("eight")[0]["args"]), list("abcdefgh"), "names of the arguments")


def names_of_a_stripped_program():
    """.gnu_debugdata, which has the static functions."""
    folder = scratch()
    debug = stripped(sample("types"), folder / "app")
    static = re.search(r"^\w+ t ([a-z]\w+)$", tool("nm", sample("types")), re.MULTILINE).group(1)
    ensure(plain(["list", str(folder / "app"), static]).status != 0, f"{static} is known without .gnu_debugdata")
    tool("objcopy", "--strip-debug", debug, str(folder / "mini"))
    tool("xz", "-f", str(folder / "mini"))
    tool("objcopy", "--add-section", f".gnu_debugdata={folder}/mini.xz", str(folder / "app"), str(folder / "mini-app"))
    shown = plain(["list", str(folder / "mini-app"), static])
    same(shown.status, 0, "status of list")
    matches(shown.stdout, rf":{static}\b", "the list")


def a_damaged_one_is_told():
    folder = scratch()
    stripped(sample("types"), folder / "app")
    (folder / "junk").write_bytes(b"\xfd7zXZ\0" + bytes(100))
    tool("objcopy", "--add-section", f".gnu_debugdata={folder}/junk", str(folder / "app"), str(folder / "odd"))
    refused = plain(["explain", "-e", f"{folder}/odd:hidden_function"])
    same(refused.status, 2, "status of explain")
    matches(refused.stderr, r"\.gnu_debugdata were not read: .*xz", "the message")


def missing_halves_are_told():
    folder = scratch()
    (folder / "a.c").write_text("int half(int n);\nint half(int n) { return n / 2; }\nint main(void) { return half(0); }\n")
    tool("gcc", "-g", "-O0", "-gsplit-dwarf", "-c", "a.c", cwd=folder)
    tool("gcc", "-o", "a", "a.o", cwd=folder)
    shown = plain(["list", f"{folder}/a", "half"])
    contains(shown.stdout, "half(int n) -> int", "the list")
    explained = plain(["explain", "-e", f"{folder}/a:half"])
    contains(explained.stdout, f"this file and {folder}/a.dwo", "what explain says")
    os.unlink(folder / "a.dwo")
    shown = plain(["list", f"{folder}/a", "half"])
    same(shown.status, 0, "status of list")
    ensure("(" not in shown.stdout, f"types without the .dwo: {shown.stdout}")
    matches(shown.stderr, r"is not here: a\.dwo", "what list says on standard error")


run(the_targets_own_debug_file, names_of_a_stripped_program, a_damaged_one_is_told, missing_halves_are_told)
