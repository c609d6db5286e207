# SPDX-License-Identifier: Apache-2.0
"""What no tracer that uses BPF can see on this machine, by the kernel's own trace.

There are kernels, of virtual machines, that run no BPF program while a thread of their first process
is the current one. An interrupt that comes just then, or that thread's giving its CPU to another one,
is seen by no such tracer, and no kernel counts it. Some switches they show to nobody, this trace
neither: what it shows then is a thread that leaves a CPU twice and does not come back in between.
Elsewhere there is no such thing, and a test that allows for what is found here allows for nothing.
"""

import os
import re
from pathlib import Path

from utrail import Failure


def in_between(lines, names):
    """Of the switches from and to threads of these names: the lines before which there must have been another one."""
    is_off, found = {}, []
    form = r"sched_switch: prev_comm=(.*) prev_pid=(\d+) .*prev_state=\S+ ==> next_comm=(.*) next_pid=(\d+)"
    for line in lines:
        switch = re.search(form, line)
        for name, thread, leaves in [(switch[1], switch[2], True), (switch[3], switch[4], False)] if switch else []:
            if name in names and is_off.get(thread) is leaves:
                found.append(line)
            is_off[thread] = leaves
    return found


class Unseen:
    """Lines of these events ("block/block_rq_complete": its filter) in threads of the first process."""

    def __init__(self, events):
        self.events = events
        self.directory = Path(f"/sys/kernel/tracing/instances/utrail-test-{os.getpid()}")
        self.lines = []

    def __enter__(self):
        try:
            self.directory.mkdir()
            (self.directory / "trace_clock").write_text("boot")
            for event, condition in self.events.items():
                folder = self.directory / "events" / event
                if condition:
                    (folder / "filter").write_text(condition)
                (folder / "enable").write_text("1")
        except OSError as error:
            print(f"what BPF does not see is not known: {error}")
        return self

    def __exit__(self, *_):
        if not self.directory.is_dir():
            return
        first = {task.name for task in Path("/proc/1/task").iterdir()}
        lines = (self.directory / "trace").read_text().splitlines()
        for line in lines:
            found = re.match(r".*?-(\d+) +\[\d+\]", line)
            if found and found[1] in first:
                self.lines.append(line)
        self.lines += in_between(lines, re.findall(r'"(.*?)"', self.events.get("sched/sched_switch", "")))
        (self.directory / "events/enable").write_text("0")
        self.directory.rmdir()


def when_seen(check, events, tries=8):
    """Runs the check; again, when it fails and something of it could not be seen."""
    for left in range(tries, 0, -1):
        try:
            with Unseen(events) as unseen:
                return check()
        except (Failure, AssertionError) as failure:
            if left == 1 or not unseen.lines:
                raise
            print(f"once more, as {len(unseen.lines)} events were not to be seen: {str(failure)[:200]}")
