# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the test's own, from the package that is installed."""

import glob
import os
import pwd
import subprocess

from utrail import Process, fail, need_root, same, scratch, skip


def programs():
    """The newest server installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda p: int(p.split("/")[4]))
    if not found:
        skip("PostgreSQL is not installed (package postgresql-15 or newer)")
    return os.path.dirname(found[-1])


class Server:
    """A cluster in a directory of its own, without network, run by the user postgres."""

    def __init__(self):
        need_root()
        self.bin = programs()
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            user = pwd.getpwnam("nobody")
        self.user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.folder = scratch() / f"postgresql-{len(os.listdir(scratch()))}"
        self.folder.mkdir()
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        words = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        self.run("initdb", *words, timeout=120)
        options = ["-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "jit=off"]
        words = [f"{self.bin}/postgres", "-D", self.folder / "data", *options]
        self.process = Process(words, cwd=self.folder, **self.user)
        self.process.wait_for("ready to accept connections", stream="stderr", timeout=60)
        self.pid = self.process.pid

    def run(self, name, *words, timeout=60, may_fail=False):
        done = subprocess.run(
            [f"{self.bin}/{name}", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "PGHOST": str(self.folder), "LC_ALL": "C.UTF-8"},
            **self.user,
        )
        if done.returncode and not may_fail:
            fail(f"{name} failed: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr if may_fail else done.stdout

    def ask(self, *queries):
        """All in one session; returns (pid of the backend, the answers)."""
        words = [w for q in ("SELECT pg_backend_pid()", *queries) for w in ("-c", q)]
        lines = self.run("psql", "-X", "-q", "-t", "-A", "-U", "postgres", *words).splitlines()
        return int(lines[0]), lines[1:]

    def stop(self):
        self.process.process.send_signal(2)  # SIGINT: fast shutdown
        same(self.process.wait(timeout=60), 0, "status of the server")
