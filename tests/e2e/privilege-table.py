# SPDX-License-Identifier: Apache-2.0
"""Capability sets x what is traced: what works, what is missing by name, and the command that grants it."""

import ctypes
import errno
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

from utrail import (TIMEOUT, Process, Target, contains, ensure, matches, need_program, need_root, program, run,
                    same, sample, scratch, skip)

NOBODY = 65534
BOTH = "CAP_BPF and CAP_PERFMON are missing"
LOOK = "sys_ptrace dac_read_search"


def copy(path):
    # Where the build lies may be closed to other users.
    target = scratch() / os.path.basename(path)
    if not target.exists():
        shutil.copy(path, target)
    return target


def granted(caps, *words):
    """The command line that runs `words` as nobody, with these capabilities and no others."""
    bounds = "-all" + "".join(f",+{cap}" for cap in caps.split())
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    sets = [f"--{name}={bounds}" for name in ("inh-caps", "ambient-caps", "bounding-set")]
    return [need_program("setpriv", "util-linux"), *ids, *sets, *words]


def finished(command, **options):
    process = Process(command, stdin=subprocess.DEVNULL, **options)
    process.wait()
    return process


def row(caps, status, message, *words, **options):
    process = finished(granted(caps, copy(program()), *words), **options)
    if process.status != status or not re.search(message, process.stderr, re.MULTILINE):
        raise AssertionError(f"[{caps}] {' '.join(map(str, words))}: wanted {status} and /{message}/: "
                             + process.report(f"ended with {process.status}"))
    if status == 3:
        matches(process.stderr, "^  hint: .*(sudo|root)", f"[{caps}] the hint")
    return process


def has_multi():
    check = finished([program(), "check"])
    return "probes on programs: uprobe_multi" in check.stdout


def commands():
    """A command of one's own: nothing is asked for beyond what loading and attaching take."""
    need_root()
    count = copy(sample("count"))
    for caps, message in (("", BOTH), ("bpf", "CAP_PERFMON is missing"), ("perfmon", "CAP_BPF is missing"),
                          (LOOK, BOTH)):
        row(caps, 3, message, "-e", "syscall:write", "--", count, "3")
        row(caps, 3, message, "-e", "count:f", "--", count, "3")
    row("bpf perfmon", 0, "0 lost, 0 missed", "-e", "syscall:write", "--", count, "3")
    if has_multi():
        row("bpf perfmon", 0, "^3 events", "-e", "count:f", "--", count, "3")
    else:
        row("bpf perfmon", 3, "CAP_SYS_ADMIN is missing", "-e", "count:f", "--", count, "3")
    row("sys_admin", 0, "^3 events", "-e", "count:f", "--", count, "3")


def processes():
    """Of the same user; of another one, who takes more."""
    need_root()
    own = Target(str(copy(sample("count"))), "-w", "3", user=NOBODY, group=NOBODY, extra_groups=[])
    other = Target(str(copy(sample("count"))), "-w", "3")
    probe = ["-e", "syscall:ppoll", "--duration", "0.2"]
    row("", 3, BOTH, "-p", own.pid, *probe)
    row("bpf perfmon", 0, "^1 event,", "-p", own.pid, *probe)
    refused = row("bpf perfmon", 3, "CAP_SYS_PTRACE is missing", "-p", other.pid, *probe)
    matches(refused.stderr, "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search[+]ep .*/utrail$",
            "the command has what there is and what is missing")
    # Attached, but what it waits in cannot be seen: told, not left out.
    row("bpf perfmon sys_ptrace", 0, "1 thread could not be looked at", "-p", other.pid, *probe)
    seen = row(f"bpf perfmon {LOOK}", 0, "^1 event,", "-p", other.pid, *probe)
    ensure("could not be looked at" not in seen.stderr, seen.report("looked"))
    for target in (own, other):
        target.release()
        target.finish()


def hint_works_when_typed():
    """The command of the hint, run as root on a copy, is all that it takes."""
    need_root()
    need_program("/usr/sbin/setcap", "libcap2-bin")
    utrail = copy(program())
    count = copy(sample("count"))
    plain = [need_program("setpriv", "util-linux"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    line = [*plain, utrail, "-e", "syscall:write", "--", count, "3"]
    before = finished(line)
    same(before.status, 3, "status before")
    command = matches(before.stderr, r"sudo (setcap \S+ /.*)$", "the hint")[1].split()
    same(command[-1], str(utrail), "the file")
    granted_by = subprocess.run(["/usr/sbin/setcap", *command[1:]], capture_output=True, timeout=TIMEOUT)
    if granted_by.returncode:
        skip(f"no file capabilities here: {granted_by.stderr.decode().strip()}")
    try:
        after = finished(line)
        same(after.status, 0, after.report("status after"))
        # Its command has what it would have without.
        look = ["grep", "-E", "^(Cap...|NoNewPrivs|Seccomp):", "/proc/self/status"]
        same(finished([*plain, utrail, "-e", "exec", "--", *look]).stdout, finished([*plain, *look]).stdout,
             "what the command has")
    finally:
        utrail.unlink()


def check_names_them():
    """utrail check: the same answers, and one command for all of it."""
    need_root()
    bare = finished(granted("", copy(program()), "check"))
    same(bare.status, 3, "status without any")
    contains(bare.stdout, BOTH, "the report")
    matches(bare.stdout, r"^  sudo setcap cap_bpf,cap_perfmon,\S*cap_sys_ptrace,cap_dac_read_search\S*[+]ep /",
            "the report")
    some = finished(granted("bpf perfmon", copy(program()), "check"))
    same(some.status, 0 if has_multi() else 3, some.report("status with two"))
    matches(some.stdout, "^no   processes of other users\n.*\n     missing: CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH$",
            "the report")
    everything = finished([program(), "check"])
    same(everything.status, 0, "status as root")
    ensure("setcap" not in everything.stdout, everything.report("demands what it has"))


# --- what forbids it in spite of capabilities -----------------------------------------------------


def seccomp(number, errnum):
    """In the child: this system call fails so, as a container's profile does it."""
    # linux/bpf_common.h, linux/seccomp.h: load nr; if it is `number` return ERRNO|errnum; else ALLOW
    code = b"".join(struct.pack("HBBI", *insn) for insn in (
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | errnum), (0x06, 0, 0, 0x7FFF0000)))
    buffer = ctypes.create_string_buffer(code, len(code))
    filters = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)

    def apply():
        if libc.prctl(22, 2, filters, 0, 0) != 0:
            os._exit(99)

    apply.keep = buffer
    return apply


def seccomp_is_named():
    need_root()
    numbers = {"x86_64": 321, "aarch64": 280}
    for errnum in (errno.EPERM, errno.ENOSYS):
        process = finished([program(), "-e", "syscall:write", "--", "true"],
                           preexec_fn=seccomp(numbers[os.uname().machine], errnum))
        same(process.status, 3, process.report("status"))
        contains(process.stderr, "a seccomp filter forbids bpf()", "the message")
        matches(process.stderr, "hint: .*--cap-add BPF --cap-add PERFMON.*seccomp=unconfined", "the message")


def user_namespace_is_named():
    need_root()
    unshare = [need_program("unshare", "util-linux"), "--user", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode:
        skip("user namespaces are not allowed here")
    process = finished([*unshare, program(), "-e", "syscall:write", "--", "true"])
    same(process.status, 3, process.report("status"))
    contains(process.stderr, "those of a user namespace", "the message")


def no_new_privs_is_named():
    need_root()
    process = finished(["setpriv", "--no-new-privs", *granted("", copy(program()), "-e", "exec", "--", "true")])
    same(process.status, 3, process.report("status"))
    contains(process.stderr, "no_new_privs is set here", "the message")


# --- what the kernel lacks ------------------------------------------------------------------------


def hidden(folder, *words):
    """The command line that runs `words` where nothing is in this folder."""
    script = 'mount -t tmpfs none "$0" && exec "$@"'
    return [need_program("unshare", "util-linux"), "--mount", "sh", "-c", script, folder, *words]


def lacking(folder, caps, status, message, spec):
    command = granted(caps, copy(program())) if caps is not None else [program()]
    process = finished(hidden(folder, *command, "-e", spec, "--", "true"))
    same(process.status, status, process.report(f"[{caps}] {spec} without {folder}"))
    matches(process.stderr, message, f"[{caps}] {spec} without {folder}")
    ensure("libbpf:" not in process.stderr, process.report("libbpf's own words"))


def missing_features():
    """What the kernel lacks is named where it is needed; the rights come first, as without them nobody can tell."""
    need_root()
    if subprocess.run(hidden("/sys/kernel/btf", "true"), capture_output=True).returncode:
        skip("no mounts are allowed here")
    no_types = "it has no BTF: .*CONFIG_DEBUG_INFO_BTF"
    for spec in ("syscall:write", "exec", "libc:getpid", "rawtracepoint:sched_switch"):
        lacking("/sys/kernel/btf", None, 5, no_types, spec)
        lacking("/sys/kernel/btf", "bpf perfmon", 5, no_types, spec)
    for caps, message in (("bpf", "CAP_PERFMON is missing"), ("perfmon", "CAP_BPF is missing"), ("", BOTH)):
        for spec in ("syscall:write", "exec", "libc:getpid"):
            lacking("/sys/kernel/btf", caps, 3, message, spec)
    if not os.path.exists("/sys/kernel/tracing/events"):
        skip("tracefs is not mounted")
    for caps in (None, "bpf perfmon"):
        lacking("/sys/kernel/tracing", caps, 0, "0 lost, 0 missed", "syscall:write")
        lacking("/sys/kernel/tracing", caps, 0, "0 lost, 0 missed", "exec")
    lacking("/sys/kernel/tracing", "", 3, BOTH, "syscall:write")


# --- set-user-id ------------------------------------------------------------------------------------


def setuid_is_refused():
    need_root()
    if b"__asan_init" in Path(program()).read_bytes():
        skip("the leak checker cannot look into a program that was given rights")
    for mode in (0o4755, 0o2755):
        path = scratch() / f"utrail-{mode:o}"
        shutil.copy(program(), path)
        path.chmod(mode)
        for words in (["check"], ["--version"], ["-e", "exec", "--", "true"]):
            process = finished(granted("", path, *words))
            if process.status == 0 and not process.stderr and os.statvfs(path).f_flag & os.ST_NOSUID:
                skip("the scratch directory is mounted nosuid")
            same(process.status, 3, process.report("status"))
            contains(process.stderr, "does not run setuid", "the message")
            same(process.stdout, "", "its output")
        # Root gains nothing by the bit, so there is nothing to refuse.
        if mode == 0o4755:
            same(finished([path, "--version"]).status, 0, "status for root")


run(commands, processes, hint_works_when_typed, check_names_them, seccomp_is_named, user_namespace_is_named,
    no_new_privs_is_named, missing_features, setuid_is_refused)
