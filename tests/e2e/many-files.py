# SPDX-License-Identifier: Apache-2.0
"""A process that maps more files than utrail may have open by default: each is looked through, and a
command that utrail runs has the limits that utrail was started with."""

import re
import resource
import shutil
import sys

from utrail import Process, Trace, contains, need_root, plain, run, same, sample, scratch

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


def a_command_has_our_limits():
    script = "ulimit -Sn; ulimit -Hn"
    bare = Process(["sh", "-c", script], preexec_fn=limited)
    bare.wait(10)
    same(bare.stdout, "100\n4096\n", "what it says by itself")
    trace = Trace("-e", "syscall:write", command=["sh", "-c", script], wait=False, preexec_fn=limited)
    trace.finish(stop=False)
    contains(trace.stdout, bare.stdout, "what it says when it is traced")


run(each_file_is_looked_through, a_command_has_our_limits)
