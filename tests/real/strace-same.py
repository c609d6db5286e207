# SPDX-License-Identifier: Apache-2.0
"""System calls as strace shows them: a few programs, see strace_compare.py; more are in strace-programs.py."""

import http.server
import os
import sys
import threading

from strace_compare import allowances_are_needed, compare, need
from utrail import run, sample, scratch


# --- programs ------------------------------------------------------------------------------------


def coreutils():
    need("ls", "cp", "touch", "stat")
    folder = scratch() / "files"
    folder.mkdir()
    (folder / "a").write_text("text\n" * 100)
    compare("ls", ["ls", "-la", "/dev/null", "/usr", folder])
    compare("cp", ["cp", "-a", folder / "a", folder / "b"])
    compare("touch", ["touch", "-d", "2001-02-03 04:05:06", folder / "a"])
    compare("stat", ["stat", "-f", folder])


def rarer():
    """One of each: tests/e2e/targets/calls.c; and with pointers to nothing"""
    compare("calls", [sample("calls")])
    compare("calls-yy", [sample("calls")], options=["-yy"])
    compare("nowhere", [sample("nowhere")])


SOCKETS = """
import fcntl, os, select, socket
a = socket.socket(); a.bind(("127.0.0.1", 0)); a.listen()
c = socket.create_connection(a.getsockname()); b, _ = a.accept(); b.send(b"x"); c.recv(1)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0)); u.sendto(b"1", u.getsockname())
x, y = socket.socketpair(); x.send(b"z"); y.recv(1)
os.chdir(FOLDER)
l = socket.socket(socket.AF_UNIX); l.bind("name"); l.listen(); k = socket.socket(socket.AF_UNIX); k.connect("name")
m, _ = l.accept(); m.send(b"q"); k.recv(1)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.bind("\\0utrail-" + str(os.getpid())); s.listen(); s.getsockname()
n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); n.bind((0, 0)); n.getsockname()
d = os.open("/dev/null", os.O_WRONLY); fcntl.fcntl(d, fcntl.F_DUPFD_CLOEXEC, 50); fcntl.fcntl(d, fcntl.F_GETFL); os.write(d, b"1"); r, w = os.pipe(); os.write(w, b"1")
e = select.epoll(); e.register(r, 1); e.close()
v = os.pidfd_open(os.getpid()); os.close(v)
p = select.poll(); [p.register(f, 3) for f in (r, w, d, c, m, u)]; p.poll(10)
select.select([r, c, k], [w, d, x], [u, n], 1)
socket.send_fds(x, [b"1"], [d, r, c.fileno(), m.fileno()]); y.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1); socket.recv_fds(y, 1, 9)
"""


def descriptors():
    """What they stand for: files, pipes, devices, and sockets of all kinds with both their ends."""
    folder = scratch() / "descriptors"
    folder.mkdir()
    script = SOCKETS.replace("FOLDER", repr(str(folder)))
    compare("descriptors", [os.path.realpath(sys.executable), "-S", "-c", script], options=["-yy"])


def archives():
    need("tar", "gzip")
    folder = scratch() / "archive"
    folder.mkdir()
    for i in range(5):
        (folder / f"file{i}").write_bytes(bytes(range(256)) * 10)
    compare("tar", ["tar", "-C", scratch(), "-czf", scratch() / "archive.tar.gz", "archive"])
    compare("untar", ["tar", "-C", folder, "-xzf", scratch() / "archive.tar.gz"])


def git():
    need("git")
    folder = scratch() / "repository"
    folder.mkdir()
    (folder / "file").write_text("one\n")
    home = {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=n", "-c", "user.email=e@x"]
    compare("git-init", ["git", "init", "-q", "."], cwd=folder, env=home)
    compare("git-add", ["git", "add", "file"], cwd=folder, env=home)
    compare("git-commit", ["git", *who, "commit", "-qm", "first"], cwd=folder, env=home)
    compare("git-log", ["git", "log", "--stat"], cwd=folder, env=home)


BASH = """
trap 'echo t' USR1
kill -USR1 $$
for i in 1 2; do echo $i | cat; done
(exit 3)
ls /nonexistent
ulimit -n 100
wait
"""


def shells():
    need("bash", "sh")
    compare("bash", ["bash", "-c", BASH])
    compare("sh", ["sh", "-c", "sleep 0.01 & wait; cat </dev/null; /nonexistent/program; true"])


PYTHON = """
import os, select, signal, socket, subprocess, threading, time, fcntl, resource, tempfile
r, w = os.pipe()
os.writev(w, [b"one", b"twotwo"])
os.readv(r, [bytearray(2), bytearray(20)])
p = select.poll(); p.register(r, select.POLLIN); p.register(w, select.POLLOUT); p.poll(10)
e = select.epoll(); e.register(w, select.EPOLLOUT); e.poll(1); e.close()
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\2\\0\\0\\0")
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR); s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
s.bind(("127.0.0.1", 0)); s.listen(5); s.getsockname()
c = socket.create_connection(s.getsockname()); a, _ = s.accept(); a.getpeername()
c.sendmsg([b"hello", b" world"]); a.recvmsg(100); c.sendto(b"x", s.getsockname()); a.recv(10)
x, y = socket.socketpair(); x.sendmsg([b"fd"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\\0\\0\\0\\0")]); y.recvmsg(10, 100)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
u.sendmsg([b"d"], [], 0, u.getsockname()); u.recvmsg(10)
signal.signal(signal.SIGUSR1, lambda *a: None); os.kill(os.getpid(), signal.SIGUSR1)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP])
signal.signal(signal.SIGALRM, lambda *a: None); signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.03)
fcntl.fcntl(r, fcntl.F_GETFL); fcntl.fcntl(r, fcntl.F_SETFL, os.O_NONBLOCK); fcntl.fcntl(r, fcntl.F_DUPFD, 50)
t = tempfile.TemporaryFile(); fcntl.lockf(t, fcntl.LOCK_EX); fcntl.flock(t, fcntl.LOCK_SH)
os.utime(t.fileno(), (1, 2)); os.utime(t.fileno(), ns=(5, 6)); os.truncate(t.fileno(), 100); os.fstatvfs(t.fileno())
resource.getrlimit(resource.RLIMIT_NOFILE); resource.setrlimit(resource.RLIMIT_CORE, (0, resource.RLIM_INFINITY))
resource.getrusage(resource.RUSAGE_SELF); os.times(); os.uname(); os.sched_getaffinity(0); os.getxattr
try: os.getxattr("/", "user.none")
except OSError: pass
try: os.listxattr("/")
except OSError: pass
for f in (lambda: os.kill(1 << 22, 9), lambda: os.open("/nonexistent", 0), lambda: os.execv("/nonexistent", ["a", "b c"])):
    try: f()
    except OSError: pass
l = threading.Lock(); l.acquire()
t1 = threading.Thread(target=lambda: l.acquire(timeout=0.02)); t1.start(); t1.join(); l.release()
subprocess.run(["true"]); subprocess.run(["/bin/sh", "-c", "exit 3"]); subprocess.run("kill -9 $$", shell=True)
os.system("true")
pid = os.fork()
if not pid: os._exit(7)
os.waitpid(pid, 0)
try: os.wait()
except OSError: pass
os.mkfifo(tempfile.mkdtemp() + "/f", 0o600)
"""


def python():
    compare("python", [os.path.realpath(sys.executable), "-S", "-c", PYTHON])


def web():
    """curl against a server that runs in this script."""
    need("curl")
    class Quiet(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello\n" * 100)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    compare("curl", ["curl", "-s", f"http://127.0.0.1:{server.server_port}/"])
    server.shutdown()


def every_allowance_is_needed():
    allowances_are_needed("quick", PROGRAMS)


PROGRAMS = (coreutils, rarer, descriptors, archives, git, shells, python, web)
run(*PROGRAMS, every_allowance_is_needed)
