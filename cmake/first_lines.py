#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Leaves of a BPF object's line information what the kernel asks for: one line for each function.

The rest is for who reads the verifier's log. libbpf copies all of it at each start, the kernel
checks it with the program, and moves it once for each piece of dead code that it removes. The
format is struct btf_ext_header of libbpf (btf.h): for each section, records sorted by instruction.

    first_lines.py OBJECT    is changed in place
"""

import struct
import sys

MAGIC = 0xEB9F
HEADER = struct.Struct("<HBBIIIIIII")  # magic to core_relo_len
SECTION = struct.Struct("<II")  # name, number of records
E_SHOFF, E_SHENTSIZE, E_SHNUM, E_SHSTRNDX = 0x28, 0x3A, 0x3C, 0x3E
SH_OFFSET, SH_SIZE = 0x18, 0x20
ALIGNMENT = 16


class Headers:
    """Section headers of a 64-bit little-endian ELF file."""

    def __init__(self, elf):
        self.elf = elf
        self.start = struct.unpack_from("<Q", elf, E_SHOFF)[0]
        self.size, self.count, self.names = (struct.unpack_from("<H", elf, at)[0]
                                             for at in (E_SHENTSIZE, E_SHNUM, E_SHSTRNDX))

    def at(self, index):
        return self.start + index * self.size

    def range_of(self, index):
        return struct.unpack_from("<QQ", self.elf, self.at(index) + SH_OFFSET)

    def find(self, name):
        names, _ = self.range_of(self.names)
        for index in range(self.count):
            at = names + struct.unpack_from("<I", self.elf, self.at(index))[0]
            if self.elf[at:self.elf.index(0, at)] == name:
                return index
        sys.exit(f"{sys.argv[0]}: no section {name.decode()}")


def records(info):
    """The size of a record, and per section: its name's number, and its records."""
    size, at, sections = struct.unpack_from("<I", info)[0], 4, []
    while at < len(info):
        name, count = SECTION.unpack_from(info, at)
        at += SECTION.size
        sections.append((name, [info[at + i * size:at + (i + 1) * size] for i in range(count)]))
        at += count * size
    return size, sections


def instruction(record):
    return struct.unpack_from("<I", record)[0]


def first_lines(functions, lines):
    starts = {name: {instruction(record) for record in found} for name, found in records(functions)[1]}
    size, sections = records(lines)
    out = struct.pack("<I", size)
    for name, found in sections:
        kept = [record for record in found if instruction(record) in starts.get(name, ())]
        if {instruction(record) for record in kept} != starts.get(name, set()):
            sys.exit(f"{sys.argv[0]}: a function has no line")
        out += SECTION.pack(name, len(kept)) + b"".join(kept)
    return out


def shorten(ext):
    magic, version, flags, length, *parts = HEADER.unpack_from(ext)
    if magic != MAGIC or length < HEADER.size:
        sys.exit(f"{sys.argv[0]}: unknown kind of .BTF.ext")
    functions, lines, relocations = (ext[length + parts[i]:length + parts[i] + parts[i + 1]]
                                     for i in (0, 2, 4))
    lines = first_lines(functions, lines)
    header = HEADER.pack(magic, version, flags, length, 0, len(functions), len(functions), len(lines),
                         len(functions) + len(lines), len(relocations))
    return header + ext[HEADER.size:length] + functions + lines + relocations


def main():
    with open(sys.argv[1], "rb") as file:
        elf = bytearray(file.read())
    headers = Headers(elf)
    index = headers.find(b".BTF.ext")
    start, size = headers.range_of(index)
    ext = shorten(bytes(elf[start:start + size]))
    cut = (size - len(ext)) // ALIGNMENT * ALIGNMENT
    struct.pack_into("<Q", elf, headers.at(index) + SH_SIZE, len(ext))
    for other in range(headers.count):
        offset, _ = headers.range_of(other)
        if offset > start:
            struct.pack_into("<Q", elf, headers.at(other) + SH_OFFSET, offset - cut)
    if headers.start > start:
        struct.pack_into("<Q", elf, E_SHOFF, headers.start - cut)
    elf[start:start + size] = ext + bytes(size - cut - len(ext))
    with open(sys.argv[1], "wb") as file:
        file.write(elf)


if __name__ == "__main__":
    main()
