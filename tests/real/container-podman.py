# SPDX-License-Identifier: Apache-2.0
"""A container that Podman runs: chosen by its id, or by pid; its files are those of its own root."""

import re
import subprocess

from utrail import Process, Trace, contains, copy_root, ensure, need_program, need_root, plain, run, same, sample, scratch, skip

CALLS = 200
# The limits are lowered to what anybody may have: where these tests run, raising them may be forbidden.
OPTIONS = ["--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]
RUNTIMES = [("crun", "cgroupfs"), ("runc", "cgroupfs")]


def podman(runtime, *words):
    """Keeps all that it stores in the scratch directory, without a mount."""
    name, cgroups = runtime
    places = ["--storage-driver", "vfs", "--root", str(scratch() / "storage"), "--runroot", str(scratch() / "run")]
    return ["podman", *places, "--runtime", name, "--cgroup-manager", cgroups, *words]


def container_root():
    root = scratch() / "root"
    copy_root(root, {sample("count"): "app"})
    for folder in ("proc", "sys", "dev", "tmp", "etc", "run"):
        (root / folder).mkdir(exist_ok=True)
    return str(root)


def usable_runtime():
    """The first that can run a container here, which a container of our own may forbid."""
    need_root()
    need_program("podman", "podman")
    reasons = []
    for runtime in RUNTIMES:
        done = subprocess.run(podman(runtime, "run", "--rm", *OPTIONS, "--rootfs", container_root(), "/app", "1"),
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            return runtime
        reasons.append(f"{runtime[0]}: {done.stderr.strip().splitlines()[-1:]}")
    return skip(f"podman runs no container here: {'; '.join(reasons)}")


class Container(Process):
    """One that runs the sample `count`, and waits for a line."""

    def __init__(self, runtime):
        super().__init__(podman(runtime, "run", "--rm", "-i", "--name", "traced", *OPTIONS, "--rootfs", container_root(),
                                "/app", "-w", str(CALLS), "2"))
        self.runtime = runtime
        self.wait_for(r"^ready \d+")
        told = subprocess.run(podman(runtime, "inspect", "-f", "{{.Id}} {{.State.Pid}}", "traced"), capture_output=True,
                              text=True, check=True, timeout=60).stdout
        self.id, pid = told.split()
        self.main = int(pid)

    def finish(self):
        self.write("\n")
        self.close_stdin()
        same(self.wait(60), 0, self.report("ended with"))
        same(re.findall(r"^count f (\d+)", self.stdout, re.MULTILINE), [str(2 * CALLS)], "what the container counted")


def check(trace, container):
    trace.check_nothing_lost()
    calls = trace.calls("f")
    same(len(calls), 2 * CALLS, "calls")
    same({call["pid"] for call in calls}, {container.main}, "processes")


def by_id():
    container = Container(usable_runtime())
    trace = Trace("--container", container.id[:12], "-e", "f")
    container.finish()
    trace.finish()
    check(trace, container)


def by_pid():
    """No such path exists outside of it."""
    container = Container(usable_runtime())
    trace = Trace("-e", "/app:f", "-e", "syscall:write", pid=container.main)
    container.finish()
    trace.finish(stop=False)
    check(trace, container)
    ensure(any("count f" in str(event["args"]) for event in trace.of("syscall")), "what it wrote is not in the trace")


def no_such_container():
    container = Container(usable_runtime())
    ended = plain(["--container", "0123456789ab", "-e", "f"])
    same(ended.status, 2, ended.report("ended with"))
    contains(ended.stderr, "none has the id '0123456789ab'", "the error")
    container.finish()


run(by_id, by_pid, no_such_container)
