# SPDX-License-Identifier: Apache-2.0
"""servers-unchanged.py nginx|redis|postgresql: at work, alone and traced: the same answers, counts and end.

What clients asked and what the server itself counted are the oracle, twice: the answers must be those that it
gives alone, and the calls in the trace must be as many as there were requests.
"""

import hashlib
import http.client
import os
import re
import shutil
import signal
import socket
import sys
import threading
import time

import postgresql
from packages import fetch
from utrail import Process, Trace, ensure, fail, need_root, run, same, scratch

CLIENTS = 4
ROUNDS = 40

# How a server is traced: words of the command line, given the pattern of its functions. The
# first is what anybody would type; "everything" has each call beside each system call.
MODES = {
    "functions": lambda specs: specs,
    "site": lambda specs: ["--return=site", *specs],
    "system": lambda specs: ["-e", "syscall:*"],
    "everything": lambda specs: ["-f", *specs, "-e", "syscall:*", "-e", "?usdt:*:*", "-e", "fork,exec,exit"],
}


def root_of(package):
    """A copy of the package and all that it needs, to chroot to and to write in."""
    place = scratch() / f"root-{package}-{len(os.listdir(scratch()))}"
    shutil.copytree(fetch("bookworm", package, package, with_dependencies=True), place, symlinks=True)
    for name in ("etc", "tmp", "dev", "var/log/nginx", "var/lib/nginx"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (place / "etc/group").write_text("root:x:0:\n")
    return place


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def in_threads(work):
    """Runs work(0) .. work(CLIENTS - 1) at once; what they returned, in order."""
    found, errors = [None] * CLIENTS, []

    def one(number):
        try:
            found[number] = work(number)
        except Exception as error:  # told below, where the test can fail
            errors.append(f"client {number}: {error!r}")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ensure(not any(thread.is_alive() for thread in threads), "a client has had no answer for 60 s")
    same(errors, [], "errors of the clients")
    return found


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


# --- nginx ---------------------------------------------------------------------------------------

WORKERS = 2
NGINX = """
daemon off; user root; worker_processes 2; pid /tmp/pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off; sendfile on; gzip on; gzip_types text/plain; gzip_min_length 100; keepalive_requests 100000;
  server {
    listen 127.0.0.1:PORT; root /www;
    location = /hello { return 200 "hello\\n"; }
    location = /moved { return 302 /hello; }
    location ~ ^/re/(a+)b$ { return 200 "$1\\n"; }
    location /again { proxy_pass http://127.0.0.1:PORT/hello; }
  }
}
"""
# (path, headers); each /again makes nginx ask itself: one request more.
REQUESTS = [
    ("/hello", {}),
    ("/empty", {}),
    ("/text", {"Accept-Encoding": "gzip"}),
    ("/large", {}),
    ("/large", {"Range": "bytes=1000-1999,50000-50009"}),
    ("/moved", {}),
    ("/missing", {}),
    ("/re/" + "a" * 200 + "b", {}),
    ("/again", {}),
]
ASKED = CLIENTS * ROUNDS * (len(REQUESTS) + 1)


class Nginx:
    package = "nginx-light"
    specs = ["-e", "?call:nginx:ngx_http_*"]
    counted = "ngx_http_process_request"
    wanted = ASKED

    def __init__(self):
        root = root_of(self.package)
        (root / "www").mkdir()
        (root / "www/empty").write_text("")
        (root / "www/text").write_text("a line of text\n" * 1000)
        (root / "www/large").write_bytes(bytes(range(256)) * 1024)
        self.port = free_port()
        (root / "nginx.conf").write_text(NGINX.replace("PORT", str(self.port)))
        self.process = Process(["chroot", root, "/usr/sbin/nginx", "-c", "/nginx.conf"])
        self.wait()
        self.pids = [self.process.pid, *self.workers()]

    def workers(self):
        """It listens before it has forked them."""
        for _ in range(100):
            found = children_of(self.process.pid)
            if len(found) == WORKERS:
                return found
            time.sleep(0.05)
        return fail(f"{len(found)} of {WORKERS} workers")

    def wait(self):
        for _ in range(100):
            try:
                return socket.create_connection(("127.0.0.1", self.port), 5).close()
            except ConnectionRefusedError:
                ensure(self.process.process.poll() is None, self.process.report("ended"))
                threading.Event().wait(0.05)

    def client(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        answers = []
        for _ in range(ROUNDS):
            for path, headers in REQUESTS:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
                boundary = re.search(r"boundary=(\S+)", answer.headers.get("Content-Type", ""))
                if boundary:  # numbered from one request to the next
                    body = body.replace(boundary[1].encode(), b"")
                answers.append((path, answer.status, hashlib.sha256(body).hexdigest()))
        connection.close()
        return answers

    def work(self):
        return in_threads(self.client)

    def stop(self):
        os.kill(self.process.pid, signal.SIGQUIT)
        # It warns of what is not there, and of nothing else.
        lines = [line for line in self.process.stderr.splitlines() if '/www/missing" failed' not in line]
        return self.process.wait(), lines


# --- Redis ---------------------------------------------------------------------------------------


class Redis:
    package = "redis-server"
    specs = [word for name in ("*Command", "call", "lookup*", "eval*", "rdb*", "dict*") for word in
             ("-e", f"?call:redis-server:{name}")]
    counted = "processCommand"
    # One script a round; and what starts and ends the work.
    wanted = CLIENTS * ROUNDS * 8 + 2

    def __init__(self):
        root = root_of(self.package)
        (root / "data").mkdir()
        self.port = free_port()
        options = ["--port", self.port, "--bind", "127.0.0.1", "--dir", "/data", "--save", "", "--io-threads", "2"]
        self.process = Process(["chroot", root, "/usr/bin/redis-server", *options])
        self.process.wait_for("Ready to accept connections")
        self.pids = [self.process.pid]

    def ask(self, file, *words):
        """One command in the server's own protocol; what it answered, as bytes."""
        words = [str(word).encode() for word in words]
        file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        file.flush()
        return self.answer(file)

    def answer(self, file):
        line = file.readline()
        if line[:1] == b"$" and line != b"$-1\r\n":
            return file.read(int(line[1:]) + 2)
        if line[:1] == b"*":
            return [self.answer(file) for _ in range(int(line[1:]))]
        return line

    def open(self):
        return socket.create_connection(("127.0.0.1", self.port), 30).makefile("rwb")

    def client(self, number):
        answers = []
        with self.open() as file:
            for i in range(ROUNDS):
                key = f"key{number}"
                script = f"local s=0 for i=1,{i} do s=s+i end redis.call('SET','lua{number}',s) return s"
                for words in (
                    ("SET", key, "x" * (i * 50)),
                    ("GET", key),
                    ("LPUSH", f"list{number}", *range(20)),
                    ("SORT", f"list{number}", "DESC", "LIMIT", 0, 5),
                    ("EVAL", script, 0),
                    ("EVAL", "return redis.call('LPUSH', 'key%d', 1)" % number, 0),  # fails inside of Lua
                    ("NONSENSE", i),
                    ("ZADD", f"z{number}", i, f"m{i}"),
                ):
                    answers.append(self.ask(file, *words))
        return answers

    def work(self):
        with self.open() as file:
            self.ask(file, "FLUSHALL")
        answers = in_threads(self.client)
        with self.open() as file:
            # Of the running minute only; the background save is a fork.
            answers.append(self.ask(file, "SAVE"))
        return answers

    def stop(self):
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(), re.findall(r"crashed|WARNING.*bug|assert", self.process.stdout)


# --- PostgreSQL ----------------------------------------------------------------------------------

SETUP = "CREATE TABLE t(i int PRIMARY KEY, t text); INSERT INTO t SELECT i, 'row ' || i::text FROM generate_series(1, 500) i"
# Errors leave their frames by siglongjmp().
QUERIES = [
    "SELECT sum(i), max(t) FROM t",
    "SELECT 1/0",
    "INSERT INTO t VALUES (1, 'again')",
    "DO $$ BEGIN FOR n IN 1..20 LOOP BEGIN PERFORM 1/(n%2); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$",
    "WITH RECURSIVE f(a, b) AS (VALUES (0::numeric, 1::numeric) UNION ALL SELECT b, a + b FROM f WHERE b < 1e30) SELECT max(a) FROM f",
    "SELECT no_such_function()",
    "SELECT count(*) FROM t a JOIN t b ON a.i % 7 = b.i % 7",
    "SELECT md5(string_agg(t, ',' ORDER BY i DESC)) FROM t",
]


class PostgreSQL:
    package = ""
    specs = [word for name in ("Exec*", "pg_*", "Portal*", "errfinish", "errstart", "plpgsql_*", "Heap*") for word in
             ("-e", f"?call:postgres:{name}")]
    counted = "pg_parse_query"
    follow = True  # a backend for each session, forked while traced

    # What the clients ask; what makes the table and drops it, and asks for a session's number.
    wanted = CLIENTS * len(QUERIES) + 4

    def __init__(self):
        self.server = postgresql.Server()
        self.process = self.server.process
        self.pids = [self.server.pid]

    def client(self, number):
        words = [word for query in QUERIES for word in ("-c", query)]
        return self.server.run("psql", "-X", "-q", "-t", "-A", "-U", "postgres", *words, may_fail=True)

    def work(self):
        self.server.ask(*SETUP.split("; "))
        answers = in_threads(self.client)
        self.server.run("psql", "-X", "-q", "-U", "postgres", "-c", "DROP TABLE t")
        return answers

    def stop(self):
        self.server.stop()
        return self.process.status, re.findall(r"PANIC|terminated by signal|crash", self.process.stderr)


# --- the comparison ------------------------------------------------------------------------------


def traced_as_alone(kind):
    need_root()
    server = kind()
    alone = server.work()
    same(server.work(), alone, "answers of two runs without a tracer")
    for mode, words_of in MODES.items():
        words = words_of(kind.specs)
        if getattr(kind, "follow", False) and "-f" not in words:
            words = ["-f", *words]
        trace = Trace("--max-probes=100000", *words, pid=",".join(map(str, server.pids)))
        answers = server.work()
        trace.finish(timeout=120)
        same(answers, alone, f"answers, traced as {mode}")
        trace.check_nothing_lost()
        ensure(len(trace.events) > 1000, f"{mode}: only {len(trace.events)} events: nothing was proven")
        if mode != "system":
            same(len(trace.calls(kind.counted)), kind.wanted, f"{mode}: calls of {kind.counted}")
    same(server.work(), alone, "answers after the traces")
    same(server.stop(), (0, []), "status of the server, and what it complained of")


def nginx():
    traced_as_alone(Nginx)


def redis():
    traced_as_alone(Redis)


def postgres():
    traced_as_alone(PostgreSQL)


run({"nginx": nginx, "redis": redis, "postgresql": postgres}[sys.argv[1]])
