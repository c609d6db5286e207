# SPDX-License-Identifier: Apache-2.0
"""Once the probes are in, utrail has no rights any more; its command has those of its user, and all is still seen."""

import os
import re
import shutil
import signal
import time

from utrail import Process, Target, Trace, contains, ensure, need_program, need_root, only, program, run, same, sample
from utrail import scratch

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NONE = "0" * 16
LOOKING = f"{1 << 40 | 1 << 19 | 1 << 2:016x}"  # CAP_CHECKPOINT_RESTORE, _SYS_PTRACE, _DAC_READ_SEARCH: linux/capability.h


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(re.findall(r"^(\w+):\t(.*)$", file.read(), re.MULTILINE))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def helpers(pid):
    """By name. The one that reads files is looked at in symbolizer.py."""
    found = {status(child)["Name"]: child for child in children(pid)}
    found.pop("utrail-symbols", None)
    return found


def bpf_is_readable():
    """Before 5.19 one's own maps cannot be read without CAP_BPF, where the sysctl says so."""
    return tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2]) >= (5, 19)


def nothing_is_left():
    need_root()
    target = Target("count", "-w", "100")
    trace = Trace("-e", "count:f", "-e", "syscall:*", pid=target.pid)
    mine = status(trace.pid)
    kept = NONE if bpf_is_readable() else f"{1 << 39:016x}"
    same({name: mine[name] for name in SETS}, {**{name: NONE for name in SETS}, "CapPrm": kept, "CapEff": kept},
         "capabilities of utrail")
    same(mine["NoNewPrivs"], "1", "no_new_privs of utrail")
    same(list(helpers(trace.pid)), ["utrail-attacher"], "children of utrail")
    helper = helpers(trace.pid)["utrail-attacher"]
    theirs = status(helper)
    same({name: theirs[name] for name in SETS}, {**{name: NONE for name in SETS}, "CapPrm": LOOKING, "CapEff": LOOKING},
         "capabilities of the attacher")
    same(theirs["NoNewPrivs"], "1", "no_new_privs of the attacher")
    same(sorted(os.listdir(f"/proc/{helper}/fd")), ["0"], "descriptors of the attacher")
    target.release()
    target.finish()
    trace.finish(stop=False)
    same(len(trace.calls("f")), target.counts["f"], "calls of f")
    ensure(not os.path.exists(f"/proc/{helper}"), "the attacher is still there")


def no_attacher_without_need():
    need_root()
    target = Target("count", "-w", "10")
    # No system calls, and no file that comes later could change anything.
    trace = Trace("-e", "count:f", "--return=site", pid=target.pid)
    same(helpers(trace.pid), {}, "children of utrail")
    same(status(trace.pid)["CapPrm"], NONE if bpf_is_readable() else f"{1 << 39:016x}", "capabilities of utrail")
    target.release()
    target.finish()
    trace.finish(stop=False)


def still_seen():
    """What another user's process waits in, and what its descriptors are, at the very end."""
    need_root()
    directory = scratch() / "files"
    directory.mkdir()
    fifo = directory / "a-pipe"
    os.mkfifo(fifo, 0o666)
    directory.chmod(0o777)
    holder = os.open(fifo, os.O_RDWR)
    target = Process(["cat", fifo], user=65534, group=65534, extra_groups=[])
    until = time.monotonic() + 10
    while str(fifo) not in [os.path.realpath(f"/proc/{target.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{target.pid}/fd")]:
        ensure(time.monotonic() < until, "cat does not open its file")
        time.sleep(0.01)
    trace = Trace("-y", "-e", "syscall:read", "--duration", "0.5", pid=target.pid, json=False)
    trace.finish(stop=False)
    line = only([line for line in trace.text.splitlines() if " read(" in line], "reads")
    contains(line, "<detached ...>", "the read")
    contains(line, str(fifo), "the read")
    os.close(holder)


def command_is_untouched():
    """Identity and rights of the command are those it has without utrail; as root, and by ambient capabilities."""
    need_root()
    look = ["grep", "-E", "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Sig...|Shd...):", "/proc/self/status"]
    utrail = scratch() / "utrail"
    shutil.copy(program(), utrail)
    bounds = "-all,+bpf,+perfmon,+net_raw"
    ambient = [need_program("setpriv", "util-linux"), "--reuid=65534", "--regid=65534", "--clear-groups",
               f"--inh-caps={bounds}", f"--ambient-caps={bounds}"]
    for prefix in ([], ambient):
        alone = Process([*prefix, *look])
        alone.wait()
        traced = Process([*prefix, utrail, "-e", "syscall:*", "--", *look])
        traced.wait()
        same(traced.status, 0, traced.report("status"))
        # Python's child starts with SIGPIPE and others ignored, in both cases.
        same(traced.stdout, alone.stdout, "what the command has")


def setuid_commands_work():
    """no_new_privs does not reach the command: a set-user-id program it runs gets its rights."""
    need_root()
    path = scratch() / "id"
    shutil.copy("/usr/bin/id", path)
    os.chown(path, 65533, 65533)
    path.chmod(0o4755)
    traced = Process([program(), "-e", "syscall:*", "--", path, "-u"])
    traced.wait()
    same(traced.stdout, "65533\n", traced.report("user"))


def ctrl_c_reaches_all():
    """The whole group gets the signal, as from a terminal: the end is told all the same."""
    need_root()
    target = Target(sample("count"), "-w", "5", user=65534, group=65534, extra_groups=[], start_new_session=True)
    trace = Trace("-e", "syscall:ppoll", pid=target.pid, start_new_session=True)
    os.killpg(trace.pid, signal.SIGINT)
    trace.finish(stop=False)
    same(only(trace.of("syscall"), "calls")["return"], "open", "how the call that the target waits in ended")
    target.release()
    target.finish()


def killed():
    """SIGKILL leaves no attacher behind."""
    need_root()
    target = Target("count", "-w", "5")
    trace = Trace("-e", "syscall:read", pid=target.pid)
    helper = only(children(trace.pid), "children of utrail")
    trace.send(signal.SIGKILL)
    trace.wait()
    until = time.monotonic() + 10
    while os.path.exists(f"/proc/{helper}") and status(helper)["State"][0] != "Z":
        ensure(time.monotonic() < until, "the attacher is still there")
        time.sleep(0.01)
    target.release()
    target.finish()


run(nothing_is_left, no_attacher_without_need, still_seen, command_is_untouched, setuid_commands_work,
    ctrl_c_reaches_all, killed)
