# SPDX-License-Identifier: Apache-2.0
"""System calls as strace shows them, of more programs: see strace_compare.py."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import postgresql
from strace_compare import allowances_are_needed, compare, need
from utrail import ensure, run, scratch


def folder_of(name):
    folder = scratch() / name
    folder.mkdir()
    return folder


def text_tools():
    need("grep", "sed", "find", "sort", "awk", "diff")
    folder = folder_of("text")
    (folder / "a").write_text("".join(f"line {i * 7919 % 1000} of many\n" for i in range(3000)))
    (folder / "b").write_text((folder / "a").read_text().replace("line 5", "row 5"))
    (folder / "below").mkdir()
    (folder / "below/link").symlink_to("../a")
    compare("grep", ["grep", "-rn", "line 9", folder])
    compare("sed", ["sed", "-i", "s/many/few/", folder / "b"])
    compare("find", ["find", folder, "-newer", folder / "a", "-o", "-type", "l", "-ls"])
    compare("sort", ["sort", "-S", "32K", "-T", folder, "-o", folder / "sorted", folder / "a"])
    compare("awk", ["awk", "{ n[$2]++ } END { for (k in n) print k, n[k] | \"sort -n\" }", folder / "a"])
    compare("diff", ["diff", "-q", "-r", folder, folder])


def file_tools():
    folder = folder_of("tools")
    (folder / "a").write_bytes(os.urandom(100000))
    compare("dd", ["dd", f"if={folder}/a", f"of={folder}/b", "bs=4k", "conv=fsync", "status=none"])
    compare("mv", ["mv", folder / "b", folder / "c"])
    compare("ln", ["ln", "-s", "c", folder / "d"])
    compare("readlink", ["readlink", "-f", folder / "d"])
    compare("chmod", ["chmod", "-R", "u+x,g-w", folder])
    compare("chown", ["chown", "-R", f"{os.getuid()}", folder])
    compare("mkdir", ["mkdir", "-p", folder / "x/y/z"])
    compare("rm", ["rm", "-rf", folder / "x", folder / "c"])
    compare("truncate", ["truncate", "-s", "1M", folder / "a"])
    compare("split", ["split", "-n", "3", folder / "a", folder / "part"])
    compare("du", ["du", "-a", folder])
    compare("df", ["df", folder])
    compare("mktemp", ["mktemp", "-p", folder])
    compare("sha256sum", ["sha256sum", folder / "a"])
    compare("tail", ["sh", "-c", "timeout 0.2 tail -f $0; true", folder / "a"])
    compare("env", ["env", "-i", "nice", "-n", "5", "nohup", "true"])
    compare("id", ["id", "-a"])
    compare("uname", ["uname", "-a"])
    compare("nproc", ["nproc"])
    compare("date", ["date"])
    compare("install", ["install", "-m", "644", folder / "a", folder / "installed"])
    compare("sync", ["sync", "-f", folder / "a"])


def compressors():
    need("gzip", "xz", "zstd")
    folder = folder_of("compressed")
    (folder / "a").write_bytes(b"some text again and again " * 20000)
    compare("gzip", ["gzip", "-k", folder / "a"])
    compare("gunzip", ["gzip", "-dc", folder / "a.gz"])
    compare("xz", ["xz", "-T2", "-k", folder / "a"])
    compare("unxz", ["xz", "-dkc", folder / "a.xz"])
    compare("zstd", ["zstd", "-q", folder / "a"])


C_PROGRAM = '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n'


def compilers():
    need("gcc", "make")
    folder = folder_of("compiled")
    (folder / "a.c").write_text(C_PROGRAM)
    (folder / "b.c").write_text("int b;\n")
    (folder / "Makefile").write_text("a: a.o b.o\n\tgcc -o $@ a.o b.o\n")
    compare("make", ["make", "-j2"], cwd=folder)
    compare("a", [folder / "a"])


PERL = r"""
use strict; use Socket; use IO::Select; use POSIX; use Time::HiRes;
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0);
my $s = IO::Select->new($a, $b);
syswrite $a, "x"; $s->can_read(0.1); $s->can_write(0);
select(undef, undef, undef, 0.01);
my $pid = fork; exit 3 unless $pid; waitpid $pid, 0;
open my $p, "-|", "echo piped" or die; print <$p>; close $p;
$SIG{ALRM} = sub {}; alarm 1; Time::HiRes::ualarm(1000); pause;
opendir my $d, "/usr"; my @x = readdir $d; closedir $d;
print join(",", (getpwuid $<)[0], times, POSIX::uname()), "\n";
print sort { $a cmp $b } `ls /nonexistent 2>&1`;
"""


def perl():
    need("perl")
    compare("perl", ["perl", "-e", PERL])


SCRIPTS = {
    "php": ["-r", "$s = stream_socket_pair(1, 1, 0); fwrite($s[0], 'x'); $r = [$s[1]]; $w = null; $e = null;"
                  "stream_select($r, $w, $e, 1); echo json_encode(stat('/')), gethostbyname('localhost');"],
    "ruby": ["--disable-gems", "-e", "r, w = IO.pipe; w.puts 1; IO.select([r]); Thread.new { sleep 0.01 }.join; system('true');"
                                     "puts Process.clock_gettime(1), `echo x`"],
    "lua": ["-e", "for l in io.popen('echo x'):lines() do print(l) end; os.remove(os.tmpname())"],
    "vim": ["-es", "-u", "NONE", "-c", "r /etc/passwd", "-c", "q!"],
}

ASYNCIO = """
import asyncio, concurrent.futures, mmap, multiprocessing, os, signal
async def all_of_it():
    p = await asyncio.create_subprocess_exec('echo', 'hi', stdout=asyncio.subprocess.PIPE); await p.communicate()
    s = await asyncio.start_server(lambda r, w: w.close(), '127.0.0.1', 0)
    r, w = await asyncio.open_connection(*s.sockets[0].getsockname()); await r.read(); w.close(); s.close()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: 0); os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.01)
asyncio.run(all_of_it())
with concurrent.futures.ThreadPoolExecutor(2) as e: list(e.map(str, range(5)))
a, b = multiprocessing.Pipe(); a.send(1); b.recv()
m = mmap.mmap(-1, 4096); m[0] = 1; m.flush(); m.close()
os.posix_spawn('/bin/true', ['true'], {}); os.wait()
os.memfd_create('x'); os.pidfd_open(os.getpid()); os.openpty(); os.nice(1); signal.sigtimedwait([signal.SIGUSR2], 0)
"""


def scripts():
    for name, words in SCRIPTS.items():
        if shutil.which(name):
            compare(name, [name, *words])
    compare("asyncio", [os.path.realpath(sys.executable), "-S", "-c", ASYNCIO], options=["-yy"])


def repositories():
    need("git")
    folder = folder_of("git")
    home = {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=n", "-c", "user.email=e@x"]
    subprocess.run(["git", "init", "-q", "first"], cwd=folder, env={**os.environ, **home}, check=True)
    for i in range(3):
        (folder / f"first/{i}").write_text(f"{i}\n" * 100)
        for words in (["add", "."], [*who, "commit", "-qm", str(i)]):
            subprocess.run(["git", *words], cwd=folder / "first", env={**os.environ, **home}, check=True)
    compare("git-gc", ["git", "gc", "-q"], cwd=folder / "first", env=home)
    compare("git-clone", ["git", "clone", "-q", "first", "second"], cwd=folder, env=home)
    compare("git-status", ["git", "status"], cwd=folder / "second", env=home)


def keys():
    need("ssh-keygen", "openssl")
    folder = folder_of("keys")
    compare("ssh-keygen", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"])
    compare("openssl", ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-keyout",
                        folder / "tls", "-out", folder / "certificate"])


def databases():
    need("sqlite3")
    path = folder_of("sqlite") / "db"
    compare("sqlite3", ["sqlite3", path, "pragma journal_mode=wal; create table t(i); insert into t values(1),(2);"
                        "select sum(i) from t; vacuum;"])


def packages():
    need("dpkg")
    compare("dpkg", ["dpkg", "-l", "dash", "coreutils"])
    compare("dpkg-L", ["dpkg", "-L", "dash"])
    compare("dpkg-deb", ["dpkg-query", "-W", "-f", "${Version}\\n", "dash"])


def versions():
    for words in ("ssh -V", "gpg --version", "systemctl --version", "cmake --version", "losetup -a", "java -version",
                  "node -e 1", "lsblk", "findmnt /", "apt-cache policy bash", "find /etc/apt -newer /etc/passwd"):
        name = words.split()[0]
        if shutil.which(name):
            compare(f"{name}-told", words.split())  # find is among the text tools, too


def processes():
    need("ps")
    compare("ps", ["ps", "-p", "1"])
    compare("tty", ["script", "-qec", "stty -a; tty", "/dev/null"])
    compare("flock", ["flock", "-n", folder_of("flock") / "lock", "true"])
    compare("setpriv", ["setpriv", "--no-new-privs", "--bounding-set", "-net_raw", "true"])
    compare("unshare", ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt && umount /mnt"])
    compare("prlimit", ["prlimit", "--nofile=100", "true"])
    compare("taskset", ["taskset", "1", "true"])
    compare("chrt", ["chrt", "-b", "0", "true"])


def network_tools():
    need("ip", "ss")
    compare("ip", ["ip", "address"])
    compare("ss", ["ss", "-tln"])


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def connected(port):
    for _ in range(400):
        try:
            return socket.create_connection(("127.0.0.1", port), 20)
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise TimeoutError(port)


def talk(port, *texts):
    """A thread that says these to a server when that is there, each on a connection of its own."""
    def work():
        for text in texts:
            with connected(port) as client:
                client.sendall(text.encode())
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
    thread = threading.Thread(target=work)
    thread.start()
    return thread


NGINX = """
daemon off; user root; worker_processes 1; pid FOLDER/pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log FOLDER/log; sendfile on; gzip on; gzip_types text/plain; gzip_min_length 100;
  client_body_temp_path FOLDER/1; proxy_temp_path FOLDER/2; fastcgi_temp_path FOLDER/3;
  uwsgi_temp_path FOLDER/4; scgi_temp_path FOLDER/5;
  server {
    listen 127.0.0.1:PORT; root FOLDER;
    location = /hello { return 200 "hello\\n"; }
    location = /again { proxy_pass http://127.0.0.1:PORT/hello; }
  }
}
"""


def nginx():
    need("nginx")
    folder, port = folder_of("nginx"), free_port()
    (folder / "text").write_text("a line of text\n" * 1000)
    (folder / "conf").write_text(NGINX.replace("FOLDER", str(folder)).replace("PORT", str(port)))
    asked = [f"GET /{path} HTTP/1.0\r\n\r\n" for path in ("hello", "text", "missing", "again")]

    def work():
        talk(port, *asked).join()
        os.kill(int((folder / "pid").read_text()), signal.SIGQUIT)

    thread = threading.Thread(target=work)
    thread.start()
    compare("nginx", ["nginx", "-e", "stderr", "-c", folder / "conf"])
    thread.join()


def redis():
    need("redis-server")
    port = free_port()
    thread = talk(port, "SET a 1\r\nGET a\r\nLPUSH l 1 2 3\r\n", "SAVE\r\n", "SHUTDOWN NOSAVE\r\n")
    compare("redis", ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder_of("redis"), "--save", ""])
    thread.join()


def postgres():
    """initdb alone is a server that is started several times, in a mode of its own."""
    tools = postgresql.programs()
    signal.alarm(400)  # some hundred thousand calls, of which strace stops each twice
    folder = folder_of("postgresql")
    user = "postgres"
    shutil.chown(folder, user)
    compare("initdb", ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", f"{tools}/initdb", "-D",
                       folder / "data", "-A", "trust", "--locale=C", "-N"])


def every_allowance_is_needed():
    allowances_are_needed("long", PROGRAMS)


PROGRAMS = (text_tools, file_tools, compressors, compilers, perl, scripts, repositories, keys, databases, packages, versions, processes, network_tools,
            nginx, redis, postgres)
run(*PROGRAMS, every_allowance_is_needed)
