# SPDX-License-Identifier: Apache-2.0
"""Programs of Go; tests/e2e/targets/goroutines.go counts its own calls."""

import os
import shutil
import subprocess

from typed import build
from utrail import ROOT, same, scratch

TARGETS = ROOT / "tests/e2e/targets"
NEVER_RETURN = {"main.throw", "main.lost", "main.leave"}


def make(name, *options, source="goroutines.go"):
    os.environ["GO111MODULE"] = "off"
    if (scratch() / name).exists():
        return str(scratch() / name)
    shutil.copy(TARGETS / source, scratch() / source)
    build(["go", "build", *options, "-o", name, source], "golang-go")
    return str(scratch() / name)


def alone(path, arguments):
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    same(done.returncode, 0, "status alone")
    return sorted(done.stdout.splitlines())


def counts_of(lines):
    return {name: int(count) for name, count in (line.rsplit(" ", 1) for line in lines if " " in line) if name not in ("total", "ready")}
