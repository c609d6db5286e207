# SPDX-License-Identifier: Apache-2.0
"""A probed file that is written over in place: the next process that runs it is the new build's alone."""

import os
import shutil
import signal
import subprocess
import time

from utrail import Process, Trace, contains, ensure, need_root, run, same, sample, scratch


def changed_bytes(pid, path):
    """Where the code in the process's memory is not the file's."""
    content = path.read_bytes()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            words = line.split()
            if "x" not in words[1] or words[-1] != str(path):
                continue
            start, end = (int(word, 16) for word in words[0].split("-"))
            offset = int(words[2], 16)
            memory.seek(start)
            mapped = memory.read(end - start)
            return [offset + i for i, byte in enumerate(mapped[: len(content) - offset]) if byte != content[offset + i]]
    ensure(False, f"{path} is not mapped by {pid}")


def waiting(path):
    """Mapped, with its calls still to come."""
    target = Process([path, "-w", "10"], stdin=subprocess.PIPE)
    target.wait_for("ready")
    return target


def end(target):
    target.write("\n")
    same(target.wait(), 0, "status of the program")


def app(name):
    path = scratch() / name
    shutil.copy(sample("count"), path)
    return path


def check_new(path, trace, told):
    """Written over, and run: no trap is in the new one, and it is told."""
    begun = time.monotonic()
    shutil.copyfile(sample("count"), path)
    ensure(time.monotonic() - begun < 3, "whoever writes has waited for long")
    target = waiting(path)
    same(changed_bytes(target.pid, path), [], "traps in the new build")
    end(target)
    contains(trace.stderr, f"{told}: opened for writing: its probes are out", "the note")


def of_everybody():
    need_root()
    path = app("everybody")
    trace = Trace("-e", f"{path}:*", "--fail-on-loss")
    target = waiting(path)
    ensure(changed_bytes(target.pid, path), "no trap is seen where there must be some")
    end(target)
    check_new(path, trace, path)
    trace.finish(status=1)
    same({call["pid"] for call in trace.calls()}, {target.pid}, "who was seen")
    same(trace.records[-1].get("written"), 1, "files in the summary")
    contains(trace.stderr, "1 file not probed to the end", "the summary")


def of_children():
    """The command's own exit statuses; the file is another program from the second time on."""
    path, script = app("child"), "{0} 5; echo $?; cp {1} {0}; {0} 5; echo $?; {0} 5; echo $?"
    alone = subprocess.run(["sh", "-c", script.format(path, sample("nest"))], capture_output=True, text=True, check=True).stdout
    path = app("child")
    trace = Trace("-f", "-e", f"{path}:*", command=["sh", "-c", script.format(path, sample("nest"))])
    trace.finish(stop=False)
    same(trace.stdout, alone, "what the commands print")
    same(len({call["pid"] for call in trace.calls() if call["module"] == "child"}), 1, "programs that were seen")


def found_later():
    """A file that was not known at the start."""
    path = app("later")
    trace = Trace("-f", "-e", "?later:*", command=["sh", "-c", f"{path} 5; read line; cp {sample('count')} {path}; echo written; read line"])
    trace.wait_for_text('"type":"gap"')
    trace.write("\n")
    trace.wait_for("written")
    contains(trace.stderr, "later: opened for writing: its probes are out", "the note")
    target = waiting(path)
    same(changed_bytes(target.pid, path), [], "traps in the new build")
    end(target)
    trace.write("\n")
    trace.finish(stop=False)


def nobody_holds_it_longer():
    """A trace that was killed keeps nobody from writing, and leaves nothing behind."""
    path = app("killed")
    trace = Trace("-e", f"{path}:*")
    trace.send(signal.SIGKILL)
    trace.wait()
    begun = time.monotonic()
    shutil.copyfile(sample("count"), path)
    ensure(time.monotonic() - begun < 3, "whoever writes has waited for long")
    target = waiting(path)
    same(changed_bytes(target.pid, path), [], "traps")
    end(target)


def one_process_alone():
    """Of a file that only one process has probes in nobody else is kept from anything."""
    path = app("alone")
    target = waiting(path)
    other = scratch() / "other"
    os.link(path, other)
    trace = Trace("-e", f"{path}:*", pid=target.pid)
    try:
        os.close(os.open(other, os.O_RDWR | os.O_NONBLOCK))
        ensure(False, "a file that is run can be written to")
    except OSError as error:
        same(error.strerror, "Text file busy", "what the kernel says")
    end(target)
    trace.finish(stop=False)
    ensure("opened for writing" not in trace.stderr, trace.stderr)


run(of_everybody, of_children, found_later, nobody_holds_it_longer, one_process_alone)
