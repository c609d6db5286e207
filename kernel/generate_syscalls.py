#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Makes kernel/syscalls.tbl (numbers, names, argument names and C types) and kernel/classes.tbl
(strace's classes) from sources that others keep:

  numbers     <asm/unistd_64.h> of x86-64 and arm64, from linux-libc-dev
  arguments   events/syscalls/sys_enter_*/format of tracefs, which a running kernel makes from the
              SYSCALL_DEFINE lines of its own source; for calls that this kernel was built without,
              the prototypes in include/linux/syscalls.h of a linux-headers-*-common package
  classes     what `strace -e inject=%class:...` picks when a program makes every call there is

The result is committed. Run it again when a new kernel brings new calls:

  generate_syscalls.py table --include DIR --include-arm64 DIR --linux-headers DIR > syscalls.tbl
  generate_syscalls.py classes --table syscalls.tbl > classes.tbl   (with a strace that knows
                                                                     all of them)

and two checks for tests (exit 77: this machine has nothing to compare with):

  generate_syscalls.py check --table syscalls.tbl                 with its kernel and headers
  generate_syscalls.py check-classes --table ... --classes ...    with its strace
"""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import textwrap

TRACEFS = "/sys/kernel/tracing"
SKIP = 77
UNISTD_X86_64 = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
CLASSES = ("file", "network", "desc", "memory", "process", "signal", "ipc")

# The kernel's function behind a call has another name: arch/x86/entry/syscalls/syscall_64.tbl.
FUNCTIONS = {
    "stat": "newstat", "fstat": "newfstat", "lstat": "newlstat", "uname": "newuname",
    "sendfile": "sendfile64", "umount2": "umount",
}

# arm64 has CONFIG_CLONE_BACKWARDS (arch/arm64/Kconfig): tls comes before child_tidptr, see
# SYSCALL_DEFINE5(clone, ...) in kernel/fork.c.
ARM64_ORDER = {"clone": (0, 1, 2, 4, 3)}


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def read_numbers(path):
    """{name: number} of the __NR_ macros in an <asm/unistd_64.h>."""
    return {name: int(number) for name, number in
            re.findall(r"^#define __NR_([a-z0-9_]+)\s+(\d+)\s*$", read_text(path), re.MULTILINE)}


def tidy_type(text):
    """One spelling for a C type: no address-space marks, '*' apart from words."""
    text = re.sub(r"\b(__user|__attribute__\s*\(\(.*?\)\))", " ", text)
    text = re.sub(r"\s*\*\s*", "*", text)
    text = re.sub(r"([^*\s])\*", r"\1 *", text)
    text = re.sub(r"\bunsigned(?! (int|long|char|short))\b", "unsigned int", text)
    return " ".join(text.split())


def split_declaration(text):
    """'const char __user *path' -> ('const char *', 'path'); the name may be missing."""
    text = " ".join(text.split())
    match = re.fullmatch(r"(.*[\s*])([A-Za-z_]\w*)(\[\d*\])?", text)
    # A lone type such as 'unsigned long' ends in a word too.
    if not match or match[2] in ("int", "long", "char", "short", "unsigned"):
        return tidy_type(text), ""
    kind = tidy_type(match[1] + (" *" if match[3] else ""))
    # A const of the argument itself says nothing to a caller.
    kind = re.sub(r"\* ?const$", "*", kind)
    return (kind if "*" in kind else re.sub(r"^const ", "", kind)), match[2]


def tracefs_arguments(function):
    """[(type, name)] from the running kernel, None when it has no such event."""
    path = f"{TRACEFS}/events/syscalls/sys_enter_{function}/format"
    if not os.path.exists(path):
        return None
    fields = re.findall(r"^\tfield:(.*);\toffset:\d+;", read_text(path), re.MULTILINE)
    declared = [split_declaration(f) for f in fields]
    # Newer kernels append copies of the strings that were read: __data_loc fields.
    return [d for d in declared
            if not d[1].startswith("common_") and d[1] != "__syscall_nr"
            and "__data_loc" not in d[0]]


def header_prototypes(directory):
    """{function: [(type, name)]} of the sys_ prototypes in the kernel's own headers."""
    prototypes = {}
    for path in ("include/asm-generic/syscalls.h", "include/linux/syscalls.h"):
        text = re.sub(r"/\*.*?\*/", " ", read_text(os.path.join(directory, path)), flags=re.DOTALL)
        for name, body in re.findall(r"(?<!\w)long\s+sys_(\w+)\s*\(([^;]*)\)\s*;", text):
            arguments = [split_declaration(a) for a in body.split(",") if a.strip() != "void"]
            prototypes.setdefault(name, arguments)
    # Its argument is how the kernel's C code gets at the registers; user space passes none.
    prototypes["rt_sigreturn"] = []
    return prototypes


def find_arguments(name, prototypes):
    function = FUNCTIONS.get(name, name)
    arguments = tracefs_arguments(function)
    if arguments is None:
        arguments = prototypes.get(function)
    if arguments is None:
        return []  # in the number table, but no kernel has it any more: sys_ni_syscall
    return [(kind, name or f"arg{i}") for i, (kind, name) in enumerate(arguments, 1)]


def format_arguments(arguments):
    return ", ".join(kind + ("" if kind.endswith("*") else " ") + name for kind, name in arguments)


def format_line(x86_64, arm64, name, arguments):
    numbers = ["-" if n is None else str(n) for n in (x86_64, arm64)]
    return f"{numbers[0]}\t{numbers[1]}\t{name}\t{format_arguments(arguments)}".rstrip()


def table_lines(x86_64, arm64, prototypes):
    for name in sorted(set(x86_64) | set(arm64), key=lambda n: (x86_64.get(n, 9999), arm64.get(n))):
        arguments = find_arguments(name, prototypes)
        order = ARM64_ORDER.get(name)
        if order:
            yield format_line(x86_64[name], None, name, arguments)
            yield format_line(None, arm64[name], name, [arguments[i] for i in order])
        else:
            yield format_line(x86_64.get(name), arm64.get(name), name, arguments)


def read_table(path):
    """[(x86_64, arm64, name, arguments text)]; a number is None where the call is not there."""
    rows = []
    for line in read_text(path).splitlines():
        if line and not line.startswith("#"):
            x86_64, arm64, name, *arguments = line.split("\t")
            rows.append((None if x86_64 == "-" else int(x86_64),
                         None if arm64 == "-" else int(arm64), name, "".join(arguments)))
    return rows


def run_table(options):
    if not os.path.isdir(f"{TRACEFS}/events/syscalls"):
        sys.exit(f"no {TRACEFS}/events/syscalls: mount tracefs, as root")
    x86_64 = read_numbers(os.path.join(options.include, "asm/unistd_64.h"))
    arm64 = read_numbers(os.path.join(options.include_arm64, "asm/unistd_64.h"))
    print("# SPDX-License-Identifier: Apache-2.0\n"
          "# Made by generate_syscalls.py: do not edit.\n"
          "# The system calls: number on x86-64, number on arm64, name, arguments.\n"
          f"# Arguments: Linux {'.'.join(os.uname().release.split('.')[:2])}, newer ones from headers.")
    for line in table_lines(x86_64, arm64, header_prototypes(options.linux_headers)):
        print(line)


# Waits until a tracer is there, then makes every call with zeros; the tracer swallows them all but
# read and write, and lets members of the class fail with an error of their own. Without the tracer
# it goes no further, and it is nobody: some of the calls would do harm.
CALLER = """
import ctypes, errno, os, sys
call = ctypes.CDLL(None, use_errno=True).syscall
call.argtypes = [ctypes.c_long] * 7
numbers = [int(n) for n in sys.argv[1:]]
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.write(1, b"ready\\n")
os.read(0, 1)
members = []
for number in numbers:
    if call(39, 0, 0, 0, 0, 0, 0) != -1:  # getpid
        os.write(1, b"not traced\\n")
        os.abort()
    call(number, 0, 0, 0, 0, 0, 0)
    if ctypes.get_errno() == errno.EXDEV:
        members.append(str(number))
    ctypes.set_errno(0)
os.write(1, ("members " + " ".join(members) + "\\n").encode())
os.read(0, 1)
"""
NOT_SWALLOWED = ("read", "write")


def start_tracer(strace, pid, trace_class):
    tracer = subprocess.Popen(
        strace.split() + ["-p", str(pid), "-o", os.devnull, "-e", "trace=all",
                          "-e", f"inject=!{','.join(NOT_SWALLOWED)}:error=ENOSYS",
                          "-e", f"inject=%{trace_class}:error=EXDEV",
                          # The last word counts: the class may have these two in it.
                          "-e", f"inject={','.join(NOT_SWALLOWED)}:delay_enter=1"],
        stderr=subprocess.PIPE, text=True)
    first = tracer.stderr.readline()
    if "attached" not in first:
        tracer.kill()
        sys.exit(f"strace: {first.strip()}")
    return tracer


def class_members(strace, trace_class, numbers):
    """Those of the numbers that strace takes for members of the class."""
    caller = subprocess.Popen([sys.executable, "-c", CALLER] + [str(n) for n in numbers],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    tracer = None
    try:
        caller.stdout.readline()
        tracer = start_tracer(strace, caller.pid, trace_class)
        caller.stdin.write("x")
        caller.stdin.flush()
        answer = caller.stdout.readline().split()
    finally:
        caller.kill()
        caller.wait()
        if tracer:
            tracer.wait()
    if not answer or answer[0] != "members":
        sys.exit(f"%{trace_class}: the caller said {' '.join(answer)!r}")
    return {int(n) for n in answer[1:]}


def measured_classes(strace, rows):
    """{class: sorted names}, of the x86-64 calls in the table."""
    names = {x86_64: name for x86_64, _, name, _ in rows if x86_64 is not None}
    tried = sorted(n for n, name in names.items() if name not in NOT_SWALLOWED)
    classes = {}
    for trace_class in CLASSES:
        found = {names[n] for n in class_members(strace, trace_class, tried)}
        # The caller needs these two to talk; they are calls on descriptors, and nothing else.
        classes[trace_class] = sorted(found | set(NOT_SWALLOWED if trace_class == "desc" else ()))
    return classes


def run_classes(options):
    version = subprocess.run(options.strace.split() + ["-V"], capture_output=True, text=True,
                             check=True).stdout.splitlines()[0]
    print("# SPDX-License-Identifier: Apache-2.0\n"
          "# Made by generate_syscalls.py: do not edit.\n"
          f"# The classes of system calls, as in {version}.")
    for trace_class, names in measured_classes(options.strace, read_table(options.table)).items():
        for line in textwrap.wrap(" ".join(names), 90):
            print(f"{trace_class}\t{line}")


# --- comparing the committed tables with this machine ---------------------------------------------


def check_numbers(rows):
    """Differences to the number header, None when it is not there. New calls are no difference."""
    if not os.path.exists(UNISTD_X86_64):
        return None
    here = read_numbers(UNISTD_X86_64)
    table = {name: x86_64 for x86_64, _, name, _ in rows if x86_64 is not None}
    for name in sorted(set(here) - set(table)):
        print(f"note: {name} ({here[name]}) is newer than the table")
    return [f"{name}: {table[name]} in the table, {number} in {UNISTD_X86_64}"
            for name, number in here.items() if table.get(name, number) != number]


def check_arguments(rows, kernel):
    """Differences to tracefs. Another kernel version may call its arguments otherwise."""
    if os.uname().machine != "x86_64" or not os.path.isdir(f"{TRACEFS}/events/syscalls"):
        return None
    same_kernel = ".".join(os.uname().release.split(".")[:2]) == kernel
    differences = []
    for x86_64, _, name, arguments in rows:
        there = tracefs_arguments(FUNCTIONS.get(name, name))
        if x86_64 is None or there is None:
            continue
        text = format_arguments(there)
        if text != arguments if same_kernel else len(there) != count_arguments(arguments):
            differences.append(f"{name}({arguments}) in the table, ({text}) in tracefs")
    return differences


def count_arguments(text):
    return len(text.split(", ")) if text else 0


def run_check(options):
    rows = read_table(options.table)
    kernel = re.search(r"^# Arguments: Linux (\S+)", read_text(options.table), re.MULTILINE)[1]
    results = [check_numbers(rows), check_arguments(rows, kernel)]
    differences = [d for found in results for d in found or []]
    for difference in differences:
        print(difference)
    if differences:
        sys.exit(1)
    if results == [None, None]:
        print("skipped: neither tracefs nor <asm/unistd_64.h> here")
        sys.exit(SKIP)


def run_check_classes(options):
    """Calls older than the strace at hand must be in the classes that it says."""
    if not shutil.which(options.strace.split()[0]) or os.uname().machine != "x86_64":
        print("skipped: no strace here, or not x86-64")
        sys.exit(SKIP)
    # A call that strace does not know is not swallowed: keep to those that strace 6.1 has.
    rows = [row for row in read_table(options.table)
            if row[0] is not None and row[0] <= 449 and row[2] not in ("uretprobe", "uprobe")]
    committed = collections.defaultdict(set)
    for line in read_text(options.classes).splitlines():
        if not line.startswith("#"):
            trace_class, names = line.split("\t")
            committed[trace_class] |= set(names.split()) & {row[2] for row in rows}
    failed = False
    for trace_class, names in measured_classes(options.strace, rows).items():
        if committed[trace_class] != set(names):
            print(f"%{trace_class}: {sorted(committed[trace_class] ^ set(names))} differ")
            failed = True
    sys.exit(1 if failed else 0)


def main():
    parser = argparse.ArgumentParser(description="Makes and checks the tables of system calls.")
    commands = parser.add_subparsers(required=True)
    table = commands.add_parser("table")
    table.add_argument("--include", required=True, help="x86-64's, has asm/unistd_64.h")
    table.add_argument("--include-arm64", required=True)
    table.add_argument("--linux-headers", required=True, help="of linux-headers-*-common")
    table.set_defaults(run=run_table)
    classes = commands.add_parser("classes")
    classes.set_defaults(run=run_classes)
    check = commands.add_parser("check")
    check.set_defaults(run=run_check)
    check_classes = commands.add_parser("check-classes")
    check_classes.set_defaults(run=run_check_classes)
    for command in (check, check_classes):
        command.add_argument("--classes", help="classes.tbl")
    for command in (classes, check, check_classes):
        command.add_argument("--table", required=True)
        command.add_argument("--strace", default="strace", help="the command, with its arguments")
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
