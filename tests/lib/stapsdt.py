# SPDX-License-Identifier: Apache-2.0
"""The USDT notes of a file in readelf's words: an oracle that shares no code with the product."""

import os
import re
import struct
import subprocess
from collections import namedtuple

# One note; offsets are places in the file, None where the file has no such byte.
Note = namedtuple("Note", "provider name operands offset semaphore")

NOTE = re.compile(
    r"Provider: (.*)\n\s+Name: (.*)\n"
    r"\s+Location: (0x\w+), Base: (0x\w+), Semaphore: (0x\w+)\n\s+Arguments: ?(.*)"
)


def readelf(*words):
    done = subprocess.run(
        ["readelf", "-W", *words], capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C"}
    )
    return done.stdout


def has_notes(path):
    """A look at the names of an ELF file's sections, since readelf is slow on a whole system."""
    with open(path, "rb") as file:
        header = file.read(64)
        if len(header) < 64 or header[:5] != b"\x7fELF\x02":
            return False
        start, size, count, names = struct.unpack_from("<Q10xHHH", header, 40)
        if size != 64 or names >= count:
            return False
        file.seek(start + names * size)
        offset, length = struct.unpack_from("<QQ", file.read(size).ljust(size, b"\0"), 24)
        file.seek(offset)
        return b".note.stapsdt\0" in file.read(min(length, 1 << 20))


def files_with_notes(folder):
    """All programs and libraries below a folder, each file once; debug files are no such."""
    found = set()
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            usual = os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path)
            if usual and "/usr/lib/debug" not in path and has_notes(path):
                found.add(path)
    return sorted(found)


class Layout:
    """Where addresses lie in the file."""

    def __init__(self, path):
        text = readelf("-lS", path)
        loads = re.findall(r"^\s+LOAD\s+(\S+) (\S+) \S+ (\S+)", text, re.MULTILINE)
        self.loads = [[int(n, 16) for n in load] for load in loads]
        rows = re.findall(r"^\s+\[ *\d+\] (\S+)\s+(\S+)\s+(\w+) (\w+) (\w+)", text, re.MULTILINE)
        self.sections = {name: (kind, *[int(n, 16) for n in rest]) for name, kind, *rest in rows}

    def offset(self, address):
        for start, virtual, size in self.loads:
            if virtual <= address < virtual + size:
                return address - virtual + start
        return None

    def base(self):
        """Of .stapsdt.base as the file is now; None when there is none."""
        return self.sections[".stapsdt.base"][1] if ".stapsdt.base" in self.sections else None


def notes(path):
    """All notes, in the order of the file."""
    layout = Layout(path)
    found = []
    for provider, name, location, base, semaphore, operands in NOTE.findall(readelf("-n", path)):
        moved = layout.base() - int(base, 16) if layout.base() and int(base, 16) else 0
        place, counter = int(location, 16) + moved, int(semaphore, 16)
        found.append(
            Note(
                provider,
                name,
                operands,
                layout.offset(place),
                layout.offset(counter + moved) if counter else None,
            )
        )
    return found
