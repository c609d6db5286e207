# SPDX-License-Identifier: Apache-2.0
"""System calls that are given pointers to nothing: these are shown, and why there is no more."""

from expected import Expected, nodes_of
from utrail import Trace, ensure, fail, run, sample

CALLS = "openat,unlinkat,prctl,write,writev,sendmsg,bind,setsockopt,clock_nanosleep,rt_sigprocmask,setgroups,fcntl,futex,pselect6"


def json():
    trace = Trace("-e", f"trace={CALLS}", command=[sample("nowhere")])
    trace.finish(stop=False)
    trace.check_nothing_lost()
    wanted = [line[7:] for line in trace.stdout.splitlines() if line.startswith("expect ")]
    problem = Expected(wanted).find_in(nodes_of(trace.events))
    if problem:
        fail(problem)


def lists():
    """Of a list, the text that is nowhere; the array itself."""
    program = "import ctypes; c = ctypes.CDLL(None); a = (ctypes.c_char_p * 3)(b'one'); ctypes.cast(a, ctypes.POINTER(ctypes.c_void_p))[1] = 8; " \
        "c.execve(b'/', a, None); c.execve(b'/', ctypes.c_void_p(8), None)"
    trace = Trace("-e", "trace=execve", command=["python3", "-S", "-c", program])
    trace.finish(stop=False)
    told = [call["args"]["argv"] for call in trace.syscalls("execve")]
    nowhere = {"unavailable": "not resident", "pointer": "0x8"}
    ensure(told[-2:] == [["one", nowhere], nowhere], f"argv: {told[-2:]}")


run(json, lists)
