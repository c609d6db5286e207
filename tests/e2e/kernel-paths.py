# SPDX-License-Identifier: Apache-2.0
"""Arguments of the kernel's own that are files are told by their paths, and conditions ask for them."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from utrail import contains, ensure, need_root, plain, run, same

EXEC = "rawtracepoint:sched_process_exec"
UNLINK = "rawtracepoint:ext4_unlink_enter"

# In namespaces of its own: another place for a directory, another root directory, a file without a name.
SCRIPT = """
set -e
cd {room}
mkdir -p here there root {deep}
cp /bin/true here/program
cp /bin/true {deep}/program
ln -s program here/link
here/link
./{deep}/program
unshare --mount sh -c 'mount --bind here there && there/program && mount --rbind / root && chroot root /bin/true'
exec python3 -c '
import json
import os
fd = os.memfd_create("nameless", 0)
os.write(fd, open("/bin/true", "rb").read())
os.execv(f"/proc/self/fd/{{fd}}", ["x"])'
"""


def traced(*words):
    process = plain(["--json", "-f", *words])
    ensure(process.status == 0, f"status {process.status}: {process.stderr}")
    records = [json.loads(line) for line in process.stderr.splitlines() if line.startswith("{")]
    same((records[-1]["lost"], records[-1]["missed"]), (0, 0), "lost, missed")
    return records


def check_programs(room):
    """What is executed is a file, however it was called."""
    deep = "/".join(["d"] * 40)
    records = traced("-e", EXEC, "--", "sh", "-c", SCRIPT.format(room=room, deep=deep))
    files = [record["args"]["bprm"]["file"] for record in records if record["type"] == "probe"]
    for wanted in (f"{room}/here/program", f"{room}/there/program", os.path.realpath("/bin/true"), "/memfd:nameless (deleted)"):
        ensure(wanted in files, f"{wanted} is not among {files}")
    # 32 names are told, the last one among them.
    same([file for file in files if isinstance(file, dict)],
         [{"str": "..." + "/d" * 31 + "/program", "truncated": True}], "cut paths")
    text = plain(["-e", EXEC, "--", "sh", "-c", f"exec {room}/here/link"])
    contains(text.stderr, f'file="{room}/here/program"}}')


def check_conditions(room):
    """Names of directory entries, where the file system tells of them."""
    with open("/proc/mounts") as mounts:
        kinds = {line.split()[1]: line.split()[2] for line in mounts}
    place = room
    while str(place) not in kinds:
        place = place.parent
    with open("/sys/kernel/btf/vmlinux", "rb") as types:
        known = b"btf_trace_ext4_unlink_enter\0" in types.read()
    if kinds[str(place)] != "ext4" or not known:
        print(f"not asked: {room} is on {kinds[str(place)]}, and only ext4 is known to tell of names")
        return
    names = [f"{i}.{end}" for i in range(5) for end in ("tmp", "log")]
    for name in names:
        (room / name).touch()
    for condition, wanted in (
        ('dentry ~ "*.tmp"', [name for name in names if name.endswith(".tmp")]),
        (f'path == "{room}/3.log"', ["3.log"]),
        (f'path ~ "{room}/[12].*" && dentry !~ "*.log"', ["1.tmp", "2.tmp"]),
        ('dentry ~ "/else/*"', []),
    ):
        for name in names:
            (room / name).touch()
        records = traced("-e", f"{UNLINK} if {condition}", "--", "rm", *(str(room / name) for name in names))
        same([record["args"]["dentry"] for record in records if record["type"] == "probe"],
             [f"{room}/{name}" for name in wanted], condition)
        same(records[-1]["filtered"], len(names) - len(wanted), f"left out by {condition}")


def probes():
    need_root()
    room = Path(os.path.realpath(tempfile.mkdtemp(dir="/var/tmp")))
    try:
        check_programs(room)
        check_conditions(room)
    finally:
        shutil.rmtree(room)


run(probes)
