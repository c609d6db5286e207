# SPDX-License-Identifier: Apache-2.0
"""Files are read by a child without privilege: as the kernel shows it, and what becomes of a file
that breaks it. Who looks is not utrail: /proc, and a signal from outside."""

import ctypes
import os
import re
import shutil
import signal
import struct
import subprocess
from pathlib import Path

from utrail import Target, Trace, build_dir, contains, ensure, fail, program, run, same, scratch

FILE = "/bin/true"
CALLS = 50
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def symbolizer_of(pid):
    """The child of that name."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if Path(f"/proc/{child}/comm").read_text().strip() == "utrail-symbols":
            return int(child)
    fail(f"pid {pid} has no symbolizer")


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: line.split(":")[1].split() for line in lines}


def test_has_nothing():
    """While a trace goes on."""
    target = Target("count", "-w", "100")
    trace = Trace("-e", "call:f", pid=target.pid)
    pid = symbolizer_of(trace.pid)
    status = status_of(pid)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        same(int(status[name][0], 16), 0, name)
    same(status["NoNewPrivs"], ["1"], "no_new_privs")
    same(status["Seccomp"], ["2"], "a filter of system calls")
    kinds = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    same(sum(kind.startswith("socket:") for kind in kinds), 1, "sockets")
    same([kind for kind in kinds if "anon_inode" in kind or "pipe:" in kind], [], "others' things")
    target.release()
    target.finish()
    trace.finish()
    same(len(trace.calls("f")), target.counts["f"], "calls of f")


def test_one_file_breaks_it():
    """A signal as a bug would raise it, before the first of two files comes: that one is told, with its build id, and
    not probed. A new child reads the other one."""
    files = [scratch() / "libfirst.so", scratch() / "libsecond.so"]
    for file in files:
        shutil.copy(Path(build_dir(), "tests/e2e/targets/libplugin.so"), file)
    link = scratch() / "libplugin.so"
    link.symlink_to(files[0])
    target = Target("plugins", "-w", link, CALLS, 2)
    trace = Trace("-e", "?plugin_work", pid=target.pid)
    first = symbolizer_of(trace.pid)
    os.kill(first, signal.SIGSEGV)
    target.release()
    target.wait_for("loaded")
    trace.wait_for(r"libfirst.so' \(build id [0-9a-f]+\) cannot be read: .*signal 11", stream="stderr")
    link.unlink()
    link.symlink_to(files[1])
    target.release()
    trace.wait_for_text('"type":"gap"')
    ensure(symbolizer_of(trace.pid) != first, "a new child")
    target.release()
    target.finish()
    trace.finish(status=0)
    same(target.counts["plugin_work"], 2 * CALLS, "calls of the target")
    same(len(trace.calls("plugin_work")), CALLS, "calls of the file that could be read")
    notes = subprocess.run(["readelf", "-n", files[0]], capture_output=True, text=True, check=True).stdout
    contains(trace.stderr, "build id " + re.search(r"Build ID: (\w+)", notes)[1])


def filter_code():
    """prctl(PR_SET_SECCOMP) fails with EINVAL, as on a kernel without it."""
    numbers = {"x86_64": 157, "aarch64": 167}
    code = [(0x20, 0, 0, 0), (0x15, 0, 3, numbers[os.uname().machine]), (0x20, 0, 0, 16),
            (0x15, 0, 1, PR_SET_SECCOMP), (0x06, 0, 0, 0x00050000 | 22), (0x06, 0, 0, 0x7FFF0000)]
    return b"".join(struct.pack("HBBI", *step) for step in code), len(code)


def without_seccomp():
    libc = ctypes.CDLL(None, use_errno=True)
    code, steps = filter_code()
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", steps, ctypes.addressof(buffer)))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0:
        os._exit(99)


def test_no_sandbox_is_told():
    usual = subprocess.run([program(), "list", FILE], capture_output=True, text=True)
    same("sandbox" in usual.stderr, False, "nothing is said of a sandbox that is there")
    got = subprocess.run([program(), "list", FILE], capture_output=True, text=True,
                         preexec_fn=without_seccomp)
    same(got.stdout, usual.stdout, "what is listed")
    same(len(re.findall(r"files are read without a sandbox: .*Invalid argument", got.stderr)), 1,
         f"the sandbox is missed once in {got.stderr!r}")


run(test_has_nothing, test_one_file_breaks_it, test_no_sandbox_is_told)
