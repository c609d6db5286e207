# SPDX-License-Identifier: Apache-2.0
"""Containers of LLVM's C++ library, which need not be installed: as programs compiled here print them.

    libcxx-containers.py             the library of the compiler that is installed
    libcxx-containers.py VERSION...  these, each with its compiler, from Debian 12
"""

import os
import re
import shutil
import subprocess
import sys

from packages import FOLDER, fetch
from sizes import ASKED, ask
from typed import CONTAINERS, check
from utrail import Skip, ensure, run, scratch

TARGETS = os.path.join(FOLDER, "../e2e/targets")
SAMPLES = os.path.join(FOLDER, "../../samples")


def installed():
    """(compiler, its root, major version, suite)"""
    if not shutil.which("clang++"):
        raise Skip("'clang++' is not installed (package clang)")
    version = subprocess.run(["clang++", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    with open("/etc/os-release") as file:
        suite = re.search(r"^VERSION_CODENAME=(\w+)$", file.read(), re.MULTILINE)
    if not suite:
        raise Skip("no release of Debian")
    major = version.split(".")[0]
    return "clang++", fetch(suite[1], f"libcxx-{major}", f"libc++-{major}-dev", f"libc++abi-{major}-dev"), major


def unpacked(major):
    names = ["clang-{}", "libclang-cpp{}", "libllvm{}", "libclang-common-{}-dev", "libc++-{}-dev", "libc++abi-{}-dev"]
    root = fetch("bookworm", f"clang-{major}", *[name.format(major) for name in names])
    return f"{root}/usr/lib/llvm-{major}/bin/clang++", root, major


def build(compiler, root, major, name, level, more):
    """Static, for no such library may be there to run with."""
    top = f"{root}/usr/lib/llvm-{major}"
    path = scratch() / f"{name}-{major}-{level}{'-'.join(more)}"
    command = [compiler, "-g", f"-O{level}", "-D_GNU_SOURCE", f"-std=c++{20 if name in ('spans', 'adapters') else 17}", "-w", *more, f"-I{SAMPLES}", "-nostdinc++"]
    command += ["-isystem", f"{top}/include/c++/v1", "-nostdlib++", "-o", path, f"{TARGETS}/{name}.cc"]
    command += [f"{top}/lib/libc++.a", f"{top}/lib/libc++abi.a", "-lpthread"]
    libraries = f"{root}/usr/lib/x86_64-linux-gnu:{top}/lib" if compiler != "clang++" else ""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env={**os.environ, "LD_LIBRARY_PATH": libraries}
    )
    ensure(done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}")
    return str(path)


def machines():
    return [unpacked(major) for major in sys.argv[1:]] or [installed()]


def conditions():
    for compiler, root, major in machines():
        program = build(compiler, root, major, "sizes", 2, [])
        for function, condition, wanted in ASKED:
            ask(program, function, condition, wanted)


def containers():
    for compiler, root, major in machines():
        for name, functions in CONTAINERS.items():
            for level in (0, 2):
                check(build(compiler, root, major, name, level, ["-fstandalone-debug"]), functions)
            # As most programs are: a type is described where the compiler needed all of it. What counts
            # the owners of a weak_ptr is not, and its address is all that is shown then.
            if name != "adapters":
                check(build(compiler, root, major, name, 2, []), functions)


run(containers, conditions)
