#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every `#include "folder/file.h"` against the layers of docs/architecture.md.

    layers.py ROOT       check the tree; prints each violation as FILE:LINE: text, exit status 1
    layers.py --self-test    check that the checker finds what it must find
"""
import pathlib
import re
import sys
import tempfile

# Each folder, and those it may include from besides itself. One direction:
# target -> symbols -> probe {uprobe, usdt, kernel} -> BPF -> stream -> output.
BELOW_PROBE = {"common", "target", "symbols"}
MAY_INCLUDE = {
    "common": set(),
    "target": {"common"},
    "symbols": {"common", "target"},
    "probe": BELOW_PROBE,
    "uprobe": BELOW_PROBE | {"probe"},
    "usdt": BELOW_PROBE | {"probe"},
    "kernel": BELOW_PROBE | {"probe"},
    "stream": BELOW_PROBE | {"probe"},
    "output": BELOW_PROBE | {"probe", "stream"},
    "cli": BELOW_PROBE | {"probe", "uprobe", "usdt", "kernel", "stream", "output"},
}
# The wire format is shared by everyone who fills or reads an event.
SHARED = {"stream/event.h"}
PROBE_FOLDERS = {"probe", "uprobe", "usdt", "kernel"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def is_bpf(path):
    return path.name.endswith((".bpf.c", ".bpf.h"))


def allowed(source, folder, included):
    """May the file `source`, of `folder`, include the project file `included`?"""
    other = included.split("/", 1)[0]
    if other == folder or included in SHARED:
        return True
    if other in MAY_INCLUDE[folder]:
        return True
    # BPF programs hand their records to the stream; nothing else of a probe knows it.
    bpf_header = included.endswith(".bpf.h")
    return other == "stream" and bpf_header and folder in PROBE_FOLDERS and is_bpf(source)


def violations(root):
    """Yields (path, line number, included file) of each include against the layers."""
    for folder in sorted(MAY_INCLUDE):
        for path in sorted((root / folder).rglob("*.[ch]")):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match or match[1].split("/", 1)[0] not in MAY_INCLUDE:
                    continue
                if not allowed(path, folder, match[1]):
                    yield path.relative_to(root), number, match[1]


def check(root):
    found = list(violations(root))
    for path, number, included in found:
        print(f'{path}:{number}: {path.parts[0]}/ may not include "{included}"'
              " (docs/architecture.md, Layers)")
    files = sum(1 for folder in MAY_INCLUDE for _ in (root / folder).rglob("*.[ch]"))
    if not files:
        print(f"no sources beneath {root}")
        return 1
    print(f"{files} files, {len(found)} violations")
    return 1 if found else 0


SELF_TEST = [
    # file, what it includes, is that fine?
    ("common/a.c", "symbols/symbols.h", False),
    ("symbols/a.c", "common/err.h", True),
    ("symbols/a.c", "probe/probe.h", False),
    ("usdt/a.c", "uprobe/uprobe.h", False),
    ("usdt/a.c", "usdt/notes.h", True),
    ("usdt/a.c", "stream/stream.h", False),
    ("usdt/a.c", "stream/event.h", True),
    ("usdt/a.bpf.c", "stream/stream.bpf.h", True),
    ("usdt/a.bpf.c", "stream/stream.h", False),
    ("usdt/a.c", "stream/stream.bpf.h", False),
    ("usdt/a.bpf.c", "uprobe/uprobe.bpf.h", False),
    ("stream/a.c", "output/output.h", False),
    ("output/a.c", "stream/stream.h", True),
    ("cli/a.c", "usdt/usdt.h", True),
    ("cli/a.c", "tracer.skel.h", True),
]


def self_test():
    wrong = 0
    for name, included, fine in SELF_TEST:
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, name)
            path.parent.mkdir()
            path.write_text(f'/* text */\n#include <stdio.h>\n#include "{included}"\n')
            if (not list(violations(pathlib.Path(scratch)))) != fine:
                print(f"{name} including {included}: expected {'fine' if fine else 'refused'}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(check(pathlib.Path(sys.argv[1])))
