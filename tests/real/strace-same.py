# SPDX-License-Identifier: Apache-2.0
"""System calls as strace shows them: both watch the same run of the same programs.

utrail traces strace, which traces the program: what both see of it are the very same calls, with the
same numbers, addresses and results. Per thread, the calls must be the same in the same order, with
the same results; and each argument must be the same text, once strings are bytes. What may differ is
listed in ALLOWED, by call and argument, with the reason; a difference that is not there fails, and so
does a line there that no program of this test needs.
"""

import http.server
import inspect
import itertools
import os
import re
import sys
import threading

from strace import ALLOWED, canonical, parse_line, same_argument
from utrail import Trace, ensure, fail, need_program, run, same, scratch, skip

STRINGS = "4096"
USED = set()
DONE = set()
COUNTS = {"calls": 0, "arguments": 0, "allowed": 0}


def need(*names):
    packages = {"sh": "dash", "ls": "coreutils", "cp": "coreutils", "touch": "coreutils", "stat": "coreutils"}
    for name in names:
        need_program(name, packages.get(name, name))


def watch(name, command, cwd=None, env=None):
    """({tid: calls} by strace, the same by utrail) of one run."""
    need("strace")
    prefix = scratch() / f"{name}.strace"
    strace = ["strace", "-ff", "-qq", "-e", "signal=none", "-s", STRINGS, "-o", prefix, *command]
    trace = Trace("-f", "-s", STRINGS, "-e", "syscall:*", command=strace, json=False, wait=False,
                  cwd=cwd, env=env)
    trace.finish(stop=False)
    trace.check_nothing_lost()
    wanted = {}
    for path in sorted(scratch().glob(f"{name}.strace.*")):
        lines = path.read_text(errors="surrogateescape").splitlines()
        calls = [c for c in map(parse_line, lines) if c]
        calls[-1].is_last = True
        wanted[int(path.suffix[1:])] = calls
    got = {tid: [] for tid in wanted}
    for line in trace.text.splitlines():
        found = re.match(r"\S.*?\[\d+/(\d+)\] [\d:.]+ (\w+\(.*)$", line)
        # A line without a duration is of task life, or of a call that does not return.
        if found and int(found[1]) in got and re.search(r" <[\d.]+>$|^exit|^rt_sigreturn", found[2]):
            got[int(found[1])].append(parse_line(re.sub(r" <[\d.]+>$", "", found[2])))
    ensure(any(wanted.values()), "strace saw nothing")
    return wanted, got


def compare(name, command, **options):
    wanted, got = watch(name, command, **options)
    differences = []
    for tid in wanted:
        # strace's own child makes some calls before it becomes the program.
        first = next((i for i, c in enumerate(got[tid]) if c.name == wanted[tid][0].name), 0)
        mine = got[tid][first:]
        check_order(f"{name}: thread {tid}", wanted[tid], mine)
        for theirs, ours in zip(wanted[tid], mine):
            differences += compare_call(theirs, ours)
    DONE.add(inspect.stack()[1].function)
    if differences:
        unique = list(dict.fromkeys(differences))
        fail(f"{name}: {len(differences)} differences:\n" + "\n".join(unique[:40]))


def check_order(what, wanted, got):
    for theirs, ours in itertools.zip_longest(wanted, got):
        if not theirs or not ours or theirs.name != ours.name:
            fail(f"{what}: strace has {len(wanted)} calls, utrail {len(got)}; first\n"
                 f"    strace  {theirs}\n    utrail  {ours}")


def same_result(theirs, ours):
    if theirs.name == "rt_sigreturn":
        return ours.result is None
    if theirs.result == "?":  # exit_group; or it died in the call, and strace did not see it return
        return ours.result is None or theirs.is_last
    flags = re.fullmatch(r"\(flags (.*)\)", theirs.comment)
    if theirs.name == "fcntl" and flags:
        return canonical(ours.result) == flags[1]  # the number is theirs, the names are ours
    return theirs.result == ours.result


def poll_as_strace(theirs, ours):
    """What poll found is inside of utrail's argument, and behind strace's result."""
    found = re.findall(r"\{fd=(-?\d+), events=([^,]*), revents=([^}]*)\}", ours.arguments[0])
    if len(found) == ours.arguments[0].count("{"):
        ours.arguments[0] = "[" + ", ".join(f"{{fd={fd}, events={events}}}" for fd, events, _ in found) + "]"
    told = re.search(r"\((\[.*\])", theirs.comment)
    wanted = "[" + ", ".join(f"{{fd={fd}, revents={revents}}}" for fd, _, revents in found if revents != "0") + "]"
    if told and theirs.result.isdigit():
        same(wanted, told[1], f"events of {ours}")


def clone_as_kernel(theirs):
    """strace names what of it counts; utrail shows what was passed, in the kernel's order."""
    named = dict(argument.split("=", 1) for argument in theirs.arguments)
    order = ("flags", "child_stack", "parent_tid", "child_tidptr", "tls")
    theirs.arguments = [named.get(name, "NULL") for name in order]


def members_of(ours, theirs):
    """utrail shows all members of clone_args, in their order; strace those that the flags use."""
    mine = dict(m.split("=", 1) for m in ours.strip("{}").split(", "))
    mine["stack_size"] = hex(int(mine["stack_size"]))
    names = [m.split("=", 1)[0] for m in theirs.strip("{}").split(", ")]
    return "{" + ", ".join(f"{name}={mine.get(name)}" for name in names) + "}"


def compare_call(theirs, ours):
    """Lines that tell what differs and must not."""
    COUNTS["calls"] += 1
    both = f"\n    strace  {theirs}\n    utrail  {ours}"
    if not same_result(theirs, ours):
        return [f"{theirs.name}: result{both}"]
    if theirs.name in ("poll", "ppoll"):
        poll_as_strace(theirs, ours)
    if theirs.name == "clone":
        clone_as_kernel(theirs)
    if theirs.name == "clone3":
        ours.arguments[0] = members_of(ours.arguments[0], theirs.arguments[0])
    if theirs.name == "rt_sigreturn":
        theirs.arguments = []  # what it takes is on the stack
    if len(theirs.arguments) != len(ours.arguments):
        return [f"{theirs.name}: number of arguments{both}"]
    out = []
    for place, (wanted, got) in enumerate(zip(theirs.arguments, ours.arguments)):
        COUNTS["arguments"] += 1
        if wanted == got:
            continue
        rule = same_argument(theirs, place, wanted, got)
        if rule is None:
            out.append(f"{theirs.name}: argument {place + 1}: {wanted!r} != {got!r}{both}")
        else:
            USED.add(rule)
            COUNTS["allowed"] += 1
    return out


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
    if len(DONE) < len(PROGRAMS):
        skip("not all programs were there to need them")
    unused = [rule for rule in ALLOWED if rule not in USED]
    ensure(not unused, "no program needs: " + "; ".join(f"{r.call} {r.why}" for r in unused))
    print("{calls} calls, {arguments} arguments, {allowed} of them differ as allowed".format(**COUNTS))


PROGRAMS = (coreutils, archives, git, shells, python, web)
run(*PROGRAMS, every_allowance_is_needed)
