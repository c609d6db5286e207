# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own, as a person would use it."""

import os
import pty
import re
import time

from utrail import TIMEOUT, Failure, Process, indent, readable


class Terminal:
    """Runs a command with a new pseudo-terminal as its controlling one."""

    def __init__(self, command, prompt, **options):
        self.prompt = prompt
        self.master, slave = pty.openpty()
        self.name = os.ttyname(slave).removeprefix("/dev/")
        # setsid -c makes the terminal the controlling one; the command keeps the process id.
        words = ["setsid", "-c", *command]
        self.process = Process(words, stdin=slave, stdout=slave, stderr=slave, **options)
        os.close(slave)
        self.pid = self.process.pid
        self.shown = ""

    def wait_for(self, text, timeout=TIMEOUT):
        """Waits until the text is shown, and forgets what was shown up to its end."""
        until = time.monotonic() + timeout
        while True:
            found = re.search(text, self.shown)
            if found:
                self.shown = self.shown[found.end() :]
                return found
            left = until - time.monotonic()
            if left <= 0 or not readable(self.master, left):
                raise Failure(f"waiting for /{text}/ on the terminal:\n{indent(self.shown)}")
            try:
                self.shown += os.read(self.master, 4096).decode(errors="replace")
            except OSError:  # EIO: nobody has the other end open any more
                raise Failure(f"the program ended before /{text}/:\n{indent(self.shown)}") from None

    def type(self, line):
        """One line, and then the prompt again."""
        os.write(self.master, line.encode() + b"\n")
        self.wait_for(re.escape(self.prompt))

    def end(self, line):
        """A last line, after which the program ends."""
        os.write(self.master, line if isinstance(line, bytes) else line.encode() + b"\n")
        status = self.process.process.wait(TIMEOUT)
        os.close(self.master)
        return status
