# SPDX-License-Identifier: Apache-2.0
"""A process that maps more files than utrail may have open by default: each is looked through, and a
command that utrail runs has the limits that utrail was started with."""

import re
import resource
import shutil
import sys
from pathlib import Path

from utrail import Process, Trace, contains, need_root, plain, run, same, sample, scratch

CAP_SYS_RESOURCE = 24
FILES = 150
MAPS = ("import glob, mmap, os, sys\n"
        "kept = [mmap.mmap(os.open(path, os.O_RDONLY), 0, flags=mmap.MAP_PRIVATE,\n"
        "                  prot=mmap.PROT_READ | mmap.PROT_EXEC) for path in glob.glob(sys.argv[1])]\n"
        "print(len(kept), flush=True)\n"
        "sys.stdin.read()\n")


def limited():
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 4096))


def each_file_is_looked_through():
    need_root()
    folder = scratch() / "files"
    folder.mkdir()
    for number in range(FILES):
        shutil.copy(sample("count"), folder / f"part{number:03d}")
    target = Process([sys.executable, "-c", MAPS, str(folder / "part*")])
    target.wait_for(rf"^{FILES}$")
    told = plain(["explain", "-p", str(target.pid), "-e", "uprobe:f"], preexec_fn=limited)
    same(told.status, 0, "explain's status")
    found = re.findall(r"^uprobe (part\d+):f$", told.stdout, re.MULTILINE)
    same(sorted(found), [f"part{number:03d}" for number in range(FILES)], "files that have the function")


def narrow():
    """`ulimit -n 64`: both limits."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def check_limits(limit, said):
    script = "ulimit -Sn; ulimit -Hn"
    bare = Process(["sh", "-c", script], preexec_fn=limit)
    bare.wait(10)
    same(bare.stdout, said, "what it says by itself")
    trace = Trace("-e", "syscall:write", command=["sh", "-c", script], wait=False, preexec_fn=limit)
    trace.finish(stop=False)
    contains(trace.stdout, said, "what it says when it is traced")


def a_command_has_our_limits():
    need_root()
    check_limits(limited, "100\n4096\n")


def may_raise_limits():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)[1], 16) >> CAP_SYS_RESOURCE & 1


def also_where_the_hard_limit_is_low():
    need_root()
    if may_raise_limits():
        check_limits(narrow, "64\n64\n")
    else:
        print("not tried: a low hard limit, as we may not raise it")


run(each_file_is_looked_through, a_command_has_our_limits, also_where_the_hard_limit_is_low)
