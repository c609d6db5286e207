# SPDX-License-Identifier: Apache-2.0
"""A long list is kept: the next run says the same, byte for byte, without reading the file; and reads it when anything has changed."""

import os
import shutil
import struct
import subprocess
import time

from utrail import contains, ensure, only, plain, program, run, same, scratch

COUNT = 600
COPIES = ("forms", "used", "changed", "replaced", "other", "damaged", "fresh", "half", "secret")
FORMS = ([], ["call:*"], ["number_*"], ["--json"], ["-v"], ["-v", "number_1*"])


def source():
    functions = "".join(f"int number_{i}_with_a_longer_name(int a) {{ return a + {i}; }}\n" for i in range(COUNT))
    calls = "".join(f"\tasm volatile(\"\" :: \"r\"(number_{i}_with_a_longer_name));\n" for i in range(COUNT))
    return f"{functions}static __attribute__((noinline, used)) int only_in_symtab(void) {{ return 7; }}\nint user(void)\n{{\n{calls}\treturn only_in_symtab();\n}}\n"


def settle(path):
    """What was changed just now is not kept: the next change might have the same time."""
    while time.time() - os.stat(path).st_ctime < 2.5:
        time.sleep(0.1)


def library():
    path = scratch() / "libnumbers.so"
    if not path.exists():
        code = scratch() / "numbers.c"
        code.write_text(source())
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-Wl,--build-id", "-o", path, code], check=True, timeout=120)
    return path


def copy(name):
    """All are made at once, so that one has to wait once."""
    if not (scratch() / f"lib{name}.so").exists():
        for each in COPIES:
            shutil.copy(library(), scratch() / f"lib{each}.so")
    path = scratch() / f"lib{name}.so"
    settle(path)
    return path


def home(name):
    path = scratch() / f"home-{name}"
    path.mkdir(mode=0o700)
    return path


def listed(where, path, *words, **options):
    process = plain(["list", str(path), *words], env={**os.environ, "HOME": str(where), "XDG_CACHE_HOME": ""}, **options)
    same(process.status, 0, f"status of list: {process.stderr}")
    return process.stdout


def lists(where):
    folder = where / ".cache/utrail/lists"
    return sorted(folder.iterdir()) if folder.exists() else []


def add(value, word):
    value = (value ^ word) * 1099511628211 % 2**64
    return value ^ value >> 32


def sum_of(data):
    sums, value = [1, 2, 3, 4], len(data)
    padded = data + bytes(32 - len(data) % 32)
    for words in struct.iter_unpack("<4Q", padded):
        sums = [add(a, b) for a, b in zip(sums, words)]
    for each in sums:
        value = add(value, each)
    return value


def forge(path, old=b"number_17_", new=b"nomber_17_"):
    """Other words in what is kept, with the sum that belongs to them: what a run says then is from there."""
    data = path.read_bytes()
    ensure(old in data, f"no {old} in the kept list")
    summed = data[24:].replace(old, new)
    path.write_bytes(data[:16] + struct.pack("<Q", sum_of(summed)) + summed)


def every_form_is_the_same():
    path, where = copy("forms"), home("forms")
    for words in FORMS:
        plainly = listed(where, path, "--no-cache", *words)
        for number in range(2):
            same(listed(where, path, *words), plainly, f"list {words}, run {number}")
    same(len(lists(where)), len(FORMS), "kept lists")


def second_run_uses_it():
    path, where = copy("used"), home("used")
    listed(where, path)
    forge(only(lists(where), "kept lists"))
    contains(listed(where, path), "libused:nomber_17_with")
    contains(listed(where, path, "--no-cache"), "libused:number_17_with")


def changed_file():
    """The same size, and the same time of its last change as anybody can set it."""
    path, where = copy("changed"), home("changed")
    listed(where, path)
    before = os.stat(path)
    data = path.read_bytes()
    with open(path, "r+b") as file:
        file.write(data.replace(b"number_17_", b"NUMBER_17_"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    same((os.stat(path).st_size, os.stat(path).st_mtime_ns), (before.st_size, before.st_mtime_ns), "size and time")
    contains(listed(where, path), "libchanged:NUMBER_17_with")
    settle(path)
    contains(listed(where, path), "libchanged:NUMBER_17_with")
    contains(listed(where, path), "libchanged:NUMBER_17_with")
    only(lists(where), "kept lists")


def other_file_of_the_name():
    path, where = copy("replaced"), home("replaced")
    listed(where, path)
    os.rename(copy("other"), path)
    forge(only(lists(where), "kept lists"))
    contains(listed(where, path), "libreplaced:number_17_with")


def debug_file_comes_and_goes():
    path, where, debug = scratch() / "libstripped.so", home("debug"), scratch() / "libstripped.so.debug"
    subprocess.run(["objcopy", "--only-keep-debug", library(), debug], check=True, timeout=60)
    subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", library(), path], check=True, timeout=60)
    whole = debug.read_bytes()
    debug.unlink()
    settle(path)
    for _ in range(2):
        ensure("only_in_symtab" not in listed(where, path), "a function that no file has")
    debug.write_bytes(whole)
    contains(listed(where, path), "libstripped:only_in_symtab")
    settle(debug)
    for _ in range(2):
        contains(listed(where, path), "libstripped:only_in_symtab")
    forge(only(lists(where), "kept lists"))
    contains(listed(where, path), "nomber_17_")
    debug.unlink()
    ensure("only_in_symtab" not in listed(where, path), "a function that no file has any more")


def damage_is_replaced():
    path, where = copy("damaged"), home("damaged")
    wanted = listed(where, path)
    kept = only(lists(where), "kept lists")
    whole = kept.read_bytes()
    for damaged in (b"", b"x", whole[:-1], whole + b"x", whole[:4000] + b"\xff" + whole[4001:], whole[:24], os.urandom(len(whole))):
        kept.write_bytes(damaged)
        same(listed(where, path), wanted, "list")
        ensure(kept.read_bytes() == whole, "what was damaged is not written anew")


def not_kept():
    path, where = copy("fresh"), home("none")
    listed(where, path, "--no-cache")
    listed(where, path, "number_17_*")
    ensure(not (where / ".cache").exists(), "--no-cache, or a short list, has made a folder")
    os.chmod(path, 0o755)
    listed(where, path)
    if time.time() - os.stat(path).st_ctime < 1.5:
        same(lists(where), [], "lists of a file that has just changed")


def half_a_list_is_not_kept():
    path, where = copy("half"), home("half")
    environment = {**os.environ, "HOME": str(where), "XDG_CACHE_HOME": ""}
    subprocess.run(["sh", "-c", f"'{program()}' list '{path}' --json | head -n 1"], env=environment, check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    for kept in lists(where):
        ensure(b"number_599_" in kept.read_bytes(), "half a list was kept")
    full = plain(["list", str(path)], env=environment, stdout=open("/dev/full", "w"))
    same(full.status, 1, "status on a full disk")
    contains(full.stderr, "writing to standard output")
    contains(full.stderr, "No space left on device")
    contains(listed(where, path), "number_599_")


def unreadable_file():
    path, where = copy("secret"), home("secret")
    if os.geteuid() != 0:
        return
    where.chmod(0o755)
    os.chown(where, 65534, 65534)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    listed(where, path, prefix=nobody)
    only(lists(where), "kept lists")
    os.chmod(path, 0o600)
    process = plain(["list", str(path)], env={**os.environ, "HOME": str(where), "XDG_CACHE_HOME": ""}, prefix=nobody)
    contains(process.stderr, "Permission denied")
    same(process.stdout, "", "list of a file that one may not read")


run(every_form_is_the_same, second_run_uses_it, changed_file, other_file_of_the_name, debug_file_comes_and_goes, damage_is_replaced, not_kept,
    half_a_list_is_not_kept, unreadable_file)
