# SPDX-License-Identifier: Apache-2.0
"""Targets that are not there: each with message, hint and exit status."""

import os
import signal
import subprocess

from utrail import Process, Target, check_error, ensure, need_root, plain, run


def no_such_pid():
    need_root()
    with open("/proc/sys/kernel/pid_max") as file:
        pid = int(file.read()) - 1
    while os.path.exists(f"/proc/{pid}"):
        pid -= 1
    process = plain(["-p", str(pid), "-e", "f"])
    check_error(process, 1, str(pid), r"(?i)no (such )?process")


def a_thread_is_no_process():
    """The message names the process that the thread belongs to."""
    need_root()
    server = Target("srv", "-t", "1", ready=True)
    thread = max(int(t) for t in os.listdir(f"/proc/{server.pid}/task"))
    process = plain(["-p", str(thread), "-e", "srv:render"])
    check_error(process, 2, "thread", hint=f".*{server.pid}")
    server.process.terminate()
    server.finish()


def ended_but_not_reaped():
    need_root()
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    process = plain(["-p", str(child.pid), "-e", "libc:malloc"])
    check_error(process, 1, str(child.pid))
    child.wait()


def gone_during_attach():
    """The target is killed while utrail starts, at many moments: never a hang, never a crash."""
    need_root()
    import time

    for i in range(12):
        target = Target("many", "-w")
        process = Process([utrail(), "-p", str(target.pid), "-e", "many:many_0*", "--max-probes", "2000"])
        time.sleep(i * 0.03)
        target.send(signal.SIGKILL)
        target.wait()
        status = process.wait(timeout=20)
        ensure(status in (0, 1), process.report(f"ended with {status}"))
        if status == 0:
            ensure("0 lost, 0 missed" in process.stderr, process.report("gives no summary"))
        else:
            ensure(process.stderr.startswith("utrail: "), process.report("gives no message"))


def utrail():
    from utrail import program

    return program()


def not_a_number():
    for text in ("abc", "12x", "-5", "0", "", "99999999999999999999", "1,,2x"):
        process = plain(["-p", text, "-e", "f"])
        check_error(process, 2, r"(?i)pid")


def a_kernel_thread():
    """It has no program: nothing of it can be probed from user space."""
    need_root()
    process = plain(["-p", "2", "-e", "libc:malloc"])
    if not os.path.exists("/proc/2/status"):
        return
    ensure(process.status in (1, 2), process.report("accepted a kernel thread"))
    ensure(process.stderr.startswith("utrail: "), process.report("gives no message"))


def ourselves():
    """Tracing the tracer may feed itself: refused, or it ends where it was told to."""
    need_root()
    script = 'exec "$0" -p $$ -e "syscall:write" --max-events 5'
    process = Process(["sh", "-c", script, utrail()])
    status = process.wait()
    ensure(status in (0, 2), process.report(f"ended with {status}"))
    if status == 0:
        ensure("5 events" in process.stderr, process.report("did not end after 5 events"))


run(
    no_such_pid,
    a_thread_is_no_process,
    ended_but_not_reaped,
    gone_during_attach,
    not_a_number,
    a_kernel_thread,
    ourselves,
)
