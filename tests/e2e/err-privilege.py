# SPDX-License-Identifier: Apache-2.0
"""Without the privileges: what is missing, exactly, how to get it, and exit status 3."""

import os
import shutil

from utrail import Process, Target, check_error, need_program, need_root, program, run, sample, scratch

NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"]


def copy(source):
    # Where the build lies may be closed to other users, as /root is.
    path = scratch() / os.path.basename(source)
    if not path.exists():
        shutil.copy(source, path)
    return path


def target_of_nobody():
    return Target(copy(sample("count")), "-w", "5", user=65534, group=65534, extra_groups=[])


def as_nobody(*words, options=NOBODY):
    need_root()
    need_program("setpriv", "util-linux")
    process = Process(["setpriv", *options, copy(program()), *words])
    process.wait()
    return process


def own_process():
    """Even an own process cannot be traced without the capabilities."""
    need_root()
    target = target_of_nobody()
    process = as_nobody("-p", str(target.pid), "-e", "syscall:write")
    check_error(process, 3, "CAP_(BPF|PERFMON|SYS_ADMIN)", hint=".*(sudo|root)")
    target.release()
    target.finish()


def process_of_another():
    need_root()
    target = Target("count", "-w", "5")
    process = as_nobody("-p", str(target.pid), "-e", "count:f")
    check_error(process, 3, "CAP_|[Pp]ermission", hint=".*(sudo|root)")
    target.release()
    target.finish()


def command():
    """The command is not run when it cannot be traced."""
    mark = scratch() / "was-run"
    scratch().chmod(0o777)
    process = as_nobody("-e", "syscall:write", "--", "touch", mark)
    check_error(process, 3, "CAP_(BPF|PERFMON|SYS_ADMIN)", hint=".*(sudo|root)")
    if mark.exists():
        raise AssertionError("the command was run")


def one_is_missing():
    """With all but one capability, that one is named."""
    for name in ("bpf", "perfmon"):
        others = ",".join(f"+{c}" for c in ("bpf", "perfmon", "sys_ptrace", "dac_read_search") if c != name)
        bounds = f"-all,{others}"
        options = [*NOBODY, f"--inh-caps={bounds}", f"--ambient-caps={bounds}", f"--bounding-set={bounds}"]
        target = target_of_nobody()
        process = as_nobody("-p", str(target.pid), "-e", "count:f", options=options)
        check_error(process, 3, f"CAP_{name.upper()}")
        target.release()
        target.finish()


def bad_spec_comes_first():
    """A wrong command line is told whoever runs it."""
    process = as_nobody("-e", "call:f(int", "-p", "1")
    check_error(process, 2, r"call:f\(int")


run(own_process, process_of_another, command, one_is_missing, bad_spec_comes_first)
