# SPDX-License-Identifier: Apache-2.0
"""Files that are no 64-bit ELF programs: said so, quickly, whatever they are. Nothing is traced."""

import os
import re
import socket
import struct
import subprocess
import time
from pathlib import Path

from utrail import check_error, contains, ensure, need_program, plain, run, same, sample, scratch

# 5: another machine, or 32-bit, which this build does not know.
STATUS = (1, 2, 5)


def refused(path, *parts):
    """By `list`, which needs no privilege, and by a trace of a command."""
    begun = time.monotonic()
    for words in (["list", str(path), "f"], ["-e", f"{path}:f", "--", "true"]):
        process = plain(words, timeout=15)
        ensure(process.status in STATUS, process.report(f"ended with {process.status}"))
        check_error(process, process.status, os.path.basename(str(path)), *parts)
    ensure(time.monotonic() - begun < 10, f"refusing {path} took too long")


def write(name, data):
    path = scratch() / name
    path.write_bytes(data)
    return path


def program_bytes():
    return Path(sample("count")).read_bytes()


def text_file():
    refused(write("text", b"#!/bin/sh\necho hello\n"), "(?i)not .*ELF|no ELF")


def empty():
    refused(write("empty", b""), "(?i)empty|ELF|too short|truncated")


def garbage():
    noise = bytes((i * 2654435761 >> 13) & 255 for i in range(20000))
    refused(write("garbage", noise), "(?i)not .*ELF|no ELF")
    refused(write("garbage-elf", b"\x7fELF" + noise), "(?i)ELF")


def wrong_class():
    """The mark of ELF before garbage is a bad file, not a machine that is not supported."""
    for data in (b"\x7fELF\xdb\x01" + bytes(58), b"\x7fELF\x02\x07" + bytes(58)):
        path = write("class", data)
        check_error(plain(["list", str(path)]), 2, "damaged")
        check_error(plain(["-e", f"{path}:f", "--", "true"]), 2, "damaged")


def sections_cut_off():
    """Not 'stripped': what names the functions was there."""
    path = write("cut-sections", program_bytes()[:3000])
    check_error(plain(["list", str(path)]), 2, "truncated")
    check_error(plain(["-e", f"{path}:f", "--", "true"]), 2, "truncated")


def not_there():
    path = scratch() / "nothing-there"
    check_error(plain(["list", str(path)]), 2, "No such file", hint="name a file")


def places():
    """By `objdump -d`, no instruction begins there."""
    path = sample("count")
    for place in ("0x10", "0xffffffffffff", "f+0x1"):
        check_error(plain(["-e", f"{path}:{place}", "--", "true"]), 2, re.escape(place), hint=".*objdump -d")


def truncated():
    """Cut anywhere: an error, or what is left is used; never a crash."""
    data = program_bytes()
    refused(write("header-only", data[:40]), "(?i)ELF|truncated|short")
    refused(write("headers", data[:64]), "(?i)ELF|truncated|header")
    for cut in range(64, len(data), max(1, len(data) // 40)):
        path = write("cut", data[:cut])
        process = plain(["list", str(path)], timeout=15)
        ensure(process.status in (0, *STATUS), process.report(f"cut at {cut}: ended with {process.status}"))
        if process.status:
            ensure(process.stderr.startswith("utrail: "), process.report(f"cut at {cut}: no message"))


def damaged():
    """One wild field after another in the headers and tables."""
    data = bytearray(program_bytes())
    places = [*range(16, 64), *range(64, 64 + 56 * 4, 3), *range(len(data) - 64 * 8, len(data), 7)]
    for place in places:
        for value in (0x00, 0xFF, 0x80):
            broken = bytearray(data)
            broken[place] = value
            path = write("damaged", broken)
            process = plain(["list", str(path)], timeout=15)
            why = f"byte {place} = {value:#x}: ended with {process.status}"
            ensure(process.status in (0, *STATUS), process.report(why))
            said = process.stderr.startswith("utrail: ") if process.status else process.stdout
            ensure(said, process.report(f"{why}, and said nothing"))


def directory():
    path = scratch() / "folder"
    path.mkdir()
    refused(path, "(?i)directory|regular file")


def fifo():
    """Nobody writes to it: opening it to read would wait for ever."""
    path = scratch() / "fifo"
    os.mkfifo(path)
    refused(path, "(?i)FIFO|pipe|regular file")


def device():
    refused("/dev/zero", "(?i)device|regular file")


def unix_socket():
    path = scratch() / "socket"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    refused(path, "(?i)socket|regular file|No such device")
    server.close()


def thirty_two_bit():
    header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 0x60, 0x60, 5, 0x1000)
    code = b"\xb8\x01\x00\x00\x00\xcd\x80"  # mov $1,%eax; int $0x80
    refused(write("thirty-two", header + segment + code), "32.bit")


def another_machine():
    data = bytearray(program_bytes())
    data[18:20] = struct.pack("<H", 22)  # EM_S390
    refused(write("s390", bytes(data)), "(?i)machine|architecture|s390|x86")


def not_readable():
    need_program("setpriv", "util-linux")
    if os.geteuid() != 0:
        return
    import shutil

    from utrail import Process, program

    shutil.copy(program(), scratch() / "utrail")
    path = write("secret", program_bytes())
    path.chmod(0o600)
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    process = Process([*prefix, scratch() / "utrail", "list", path])
    process.wait()
    ensure(process.status in (1, 3), process.report("read a file that it may not read"))
    check_error(process, process.status, "secret", "Permission denied")


def missing():
    refused("/nonexistent/program", "(?i)no such file")


def object_file():
    """A relocatable file has no place in memory."""
    source = write("object.c", b"int f(int n) { return n; }\n")
    need_program("cc", "gcc")
    subprocess.run(["cc", "-c", "-o", scratch() / "object.o", source], check=True)
    refused(scratch() / "object.o", "(?i)program|shared|relocatable|executable")


def good_file():
    """The same commands accept a good file, so the above were refused for the right reason."""
    process = plain(["list", sample("count"), "f"])
    same(process.status, 0, "status of list")
    contains(process.stdout, "f", "the list")
    process = plain(["-e", f"{sample('count')}:f", "--", sample("count"), "3"])
    same(process.status, 0, "status of a trace")
    contains(process.stderr, "3 events, 0 lost, 0 missed", "the summary")


run(
    good_file,
    text_file,
    empty,
    garbage,
    wrong_class,
    sections_cut_off,
    not_there,
    places,
    truncated,
    damaged,
    directory,
    fifo,
    device,
    unix_socket,
    thirty_two_bit,
    another_machine,
    not_readable,
    missing,
    object_file,
)
