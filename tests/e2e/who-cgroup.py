# SPDX-License-Identifier: Apache-2.0
"""Processes chosen by control group or container: what is in there, what comes, what is below."""

import atexit
import os
import re
import shutil
from pathlib import Path

from utrail import Process, Target, Trace, check_error, contains, ensure, need_root, plain, run, same, sample, scratch, skip

NAME = f"utrail-test-{os.getpid()}"
ID = "5ca1ab1e" + f"{os.getpid():056x}"
made = []


def mount():
    """Where version 2 is mounted."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        if right.split()[0] == "cgroup2" and left.split()[3] == "/":
            return Path(left.split()[4])
    skip("no control groups of version 2 are mounted")


def group(path):
    whole = mount() / path
    try:
        whole.mkdir()
    except OSError as error:
        skip(f"no control group can be made: {error}")
    if whole not in made:
        made.append(whole)
    return whole


@atexit.register
def remove():
    for path in reversed(made):
        try:
            path.rmdir()
        except OSError:
            pass


def program_file():
    path = scratch() / "whoxg"
    if not path.exists():
        shutil.copy(sample("become"), path)
    return str(path)


def who(*steps):
    return Target(program_file(), "-w", *steps)


def trace(*words):
    return Trace(*words, "-e", f"{program_file()}:who_work")


def finish(tracer, *targets):
    for target in targets:
        target.release()
        target.finish()
    tracer.finish()
    tracer.check_nothing_lost()
    same(tracer.gaps, [], "gaps")


def counts(tracer, *targets):
    return [len([e for e in tracer.calls("who_work") if e["pid"] == t.pid]) for t in targets]


def members():
    """In the group from the start, by a move, below it; in none; children go where their parents are."""
    inner, outer = group(NAME), group(f"{NAME}-other")
    deep = group(f"{NAME}/deep")
    first = who("work=10", "fork=5")
    (inner / "cgroup.procs").write_text(str(first.pid))
    tracer = trace("--cgroup", f"/{NAME}")
    contains(tracer.wait_for("now$", "stderr").string, "1 process matches now")
    targets = [
        first,
        who("work=3", f"group={inner}", "work=20"),
        who("work=3", f"group={deep}", "work=30"),
        who("work=3", f"group={outer}", "work=40"),
    ]
    finish(tracer, *targets)
    same(counts(tracer, *targets), [10, 20, 30, 0], "calls by process")
    same(len(tracer.calls("who_work")), 65, "calls with those of the child")


def whole_path():
    """The path with the mount; what is given twice are alternatives."""
    one, two = group(f"{NAME}-1"), group(f"{NAME}-2")
    tracer = trace("--cgroup", one, "--cgroup", f"{NAME}-2/")
    targets = [who(f"group={one}", "work=7"), who(f"group={two}", "work=8")]
    finish(tracer, *targets)
    same(counts(tracer, *targets), [7, 8], "calls by process")


def made_again():
    """A service that starts anew gets another control group of the same path."""
    path = group(f"{NAME}-again")
    tracer = trace("--cgroup", f"/{NAME}-again")
    path.rmdir()
    path.mkdir()
    target = who(f"group={path}", "work=11")
    finish(tracer, target)
    same(counts(tracer, target), [11], "calls")


def containers():
    """The forms of names, by the whole id, by its beginning, by name."""
    forms = {
        f"docker-{ID}.scope": ID[:12],
        f"cri-containerd-{ID[::-1]}.scope": ID[::-1],
        f"libpod-{ID.replace('5', '6')}.scope": ID.replace("5", "6")[:20],
        f"machine-who\\x2d{os.getpid()}.scope": f"who-{os.getpid()}",
        f"lxc.payload.whox{os.getpid()}": f"whox{os.getpid()}",
    }
    above = group(f"{NAME}-containers")
    for name, wanted in forms.items():
        path = group(f"{above.name}/{name}")
        tracer = trace("--container", wanted)
        target = who("work=1", f"group={path}", "work=12")
        finish(tracer, target)
        same(counts(tracer, target), [12], f"calls in {name}")


def errors():
    group(f"{NAME}-e")
    group(f"{NAME}-e/docker-{'ab12' * 16}.scope")
    group(f"{NAME}-e/docker-{'ab13' * 16}.scope")
    check_error(plain(["--container", "ab1"]), 2, "'ab1' is not unique", hint="more of the id")
    process = plain(["--container", "no-such"])
    check_error(process, 2, "none has the id 'no-such'", r"looked at: the names of \d+ control groups", hint="docker ps")
    looked = int(re.search(r"names of (\d+)", process.stderr)[1])
    there = sum(1 for _ in mount().glob("**/"))
    ensure(0 < looked <= there + 50, f"looked at {looked} control groups, of {there}")
    check_error(plain(["--cgroup", "/no/such/group"]), 2, "no control group '/no/such/group'", hint="cgroup")
    check_error(plain(["--cgroup", "/etc"]), 2, "no control group '/etc'")
    check_error(plain(["--cgroup", "/../../etc"]), 2, "no control group")
    check_error(plain(["--cgroup", ""]), 2, "no control group ''")


def version_1_only():
    """In a mount namespace without version 2."""
    version_2 = [l.split()[1] for l in Path("/proc/mounts").read_text().splitlines() if l.split()[2] == "cgroup2"]
    away = "; ".join(f"umount -l {path}" for path in version_2)
    for words in (["--cgroup", "/"], ["--container", "abc"]):
        process = plain(words, prefix=["unshare", "-m", "sh", "-c", f'{away}; exec "$@"', "sh"])
        check_error(process, 5, "control groups cannot be told apart", "only version 1|no control groups are mounted")


need_root()
run(members, whole_path, made_again, containers, errors, version_1_only)
