#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a seed for fuzz_dwarf or fuzz_lines out of the sections of a program.

    pack.py PROGRAM OUTPUT SECTION...

Each section is a length of 16 bits and its bytes: elf_cut() in elf.c takes them apart. The program is linked so that
its functions lie where the target's symbols do, one every 16 bytes from 0x401000 on:

    cc -g -O2 -nostdlib -static -no-pie -falign-functions=16 -Wl,-Ttext=0x401000 -Wl,-e,f0
"""
import struct
import subprocess
import sys
import tempfile


def section(program, name):
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run(
            ["objcopy", "-O", "binary", "--only-section", name, "--set-section-flags", f"{name}=alloc", program, file.name],
            check=False, capture_output=True)
        return file.read() if done.returncode == 0 else b""


def main():
    program, output, *names = sys.argv[1:]
    with open(output, "wb") as file:
        for name in names:
            data = section(program, name)
            if len(data) > 0xFFFF:
                sys.exit(f"{program}: {name} has {len(data)} bytes: too many")
            file.write(struct.pack("<H", len(data)) + data)


if __name__ == "__main__":
    main()
