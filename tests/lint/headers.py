#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each header of the project alone: it must bring what it uses.

    headers.py ROOT BUILD CC CLANG [INCLUDE-DIRECTORY...]

Ordinary headers go through CC; *.bpf.h go through CLANG for the BPF target; a header that both sides
share (it tests __bpf__) goes through both. The include directories are those of the libraries, and
BUILD is where generated headers lie.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

FOLDERS = "common target symbols probe uprobe usdt kernel stream output cli".split()
BPF_HEADER = re.compile(r"\.bpf\.h$")


def compile_alone(command, header, root):
    """Returns None, or what the compiler said."""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        if "-target" in command and not BPF_HEADER.search(header):
            # A shared header leaves the __u32 family to vmlinux.h there; this has it too.
            source.write("#include <linux/types.h>\n")
        # Twice: the include guard is tested too. ISO C forbids an empty unit, hence the declaration.
        source.write(f'#include "{header}"\n#include "{header}"\nint unit_is_not_empty;\n')
        source.flush()
        run = subprocess.run(command + [source.name], cwd=root, capture_output=True, text=True)
    return None if run.returncode == 0 else run.stderr


def commands(header, text, cc, bpf):
    if BPF_HEADER.search(header):
        return [bpf]
    return [cc, bpf] if "__bpf__" in text else [cc]


def main(root, build, cc, clang, *includes):
    root = pathlib.Path(root)
    paths = [f"-I{root}", f"-I{build}"] + [f"-isystem{path}" for path in includes]
    multiarch = subprocess.run([cc, "-print-multiarch"], capture_output=True, text=True).stdout.strip()
    cc_command = [cc, "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    bpf_command = [clang, "-target", "bpf", "-mcpu=v3", "-std=gnu11", "-D__bpf__",
                   "-D__TARGET_ARCH_" + ("arm64" if "aarch64" in multiarch else "x86"),
                   "-Wall", "-Werror", "-Wno-unused-function", "-fsyntax-only",
                   f"-idirafter/usr/include/{multiarch}"]
    work = []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.h")):
            header = path.relative_to(root).as_posix()
            for command in commands(header, path.read_text("utf-8"), cc_command, bpf_command):
                work.append((command + paths, header))
    if not work:
        sys.exit(f"no headers beneath {root}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda item: compile_alone(*item, root), work))
    failed = 0
    for (command, header), answer in zip(work, answers):
        if answer is not None:
            failed += 1
            print(f"{header} does not compile alone with {command[0]}:\n{answer}")
    print(f"{len(work)} compilations, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
