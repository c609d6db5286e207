# SPDX-License-Identifier: Apache-2.0
"""Arguments and results by their types: the target prints what must be shown."""

import sys

from expected import Expected, nodes_of
from utrail import Process, Target, Trace, ensure, fail, only, run, same, trace_target

FUNCTIONS = """next_color odd_color both label scale mixed narrow eight wide error greet area move
call nothing""".split()


def types():
    target, trace = trace_target("types", [2], [f"types:{name}" for name in FUNCTIONS])
    trace.check_nothing_lost()
    problem = Expected(target.expected).difference(nodes_of(trace.events))
    if problem:
        fail(problem)


def stripped_of_types():
    """With types given by hand, the file needs no debug information."""
    spec = "types:eight(int, long, uint, str, short, uint, long, int) -> long"
    target, trace = trace_target("types", [1], [spec])
    call = only(trace.calls("eight"), "calls of eight")
    values = list(call["args"].values())
    same(values[:4], [-1, 1 << 40, 3, "d"], "the first four arguments")
    same((values[6], values[7]), (-7, 8), "the two on the stack")
    same(call["ret"], (1 << 40) + 104, "the result")


CONNECT = '''
import socket, time
server = socket.create_server(("127.0.0.1", 0))
input()
for address in (server.getsockname(), ("127.0.0.1", 1)):
    try:
        socket.socket().connect(address)
    except OSError:
        pass
time.sleep(0.25)
print(server.getsockname()[1])
'''


def addresses_and_times_by_hand():
    python = Process([sys.executable, "-S", "-c", CONNECT])
    specs = ["libc:connect(fd, const sockaddr:arg3, uint)", "libc:clock_nanosleep(int, hex, timespec)"]
    trace = Trace("-e", specs[0], "-e", specs[1], pid=python.pid)
    python.write("\n")
    same(python.wait(), 0, "status of the target")
    trace.finish()
    port = int(python.stdout)
    addresses = [call["args"]["arg2"] for call in trace.calls("connect")]
    same([(a["family"], a["address"], a["port"]) for a in addresses],
         [("AF_INET", "127.0.0.1", port), ("AF_INET", "127.0.0.1", 1)], "addresses")
    # To a moment, not for so long.
    until = only(trace.calls("clock_nanosleep"), "sleeps")["args"]["arg3"]
    ensure(until["tv_sec"] >= 0 and 0 <= until["tv_nsec"] < 10**9, f"a time: {until}")


def enum_names_in_text():
    target = Target("types", "-w", "1")
    trace = Trace("-e", "types:next_color", pid=target.pid, json=False)
    target.release()
    target.finish()
    trace.finish()
    wanted = [line for line in target.expected if "next_color" in line]
    got = [line for line in trace.text.splitlines() if "next_color" in line]
    same(len(got), len(wanted), "lines")
    for line, shown in zip(wanted, got):
        if line not in shown:
            fail(f"wanted {line!r} in {shown!r}")


run(types, addresses_and_times_by_hand, stripped_of_types, enum_names_in_text)
