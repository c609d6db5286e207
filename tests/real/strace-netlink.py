# SPDX-License-Identifier: Apache-2.0
"""Messages of netlink sockets as strace takes them apart: see strace_compare.py."""

import os
import sys

from strace_compare import compare, need
from utrail import run

PYTHON = [os.path.realpath(sys.executable), "-S", "-c"]

# What a program may send: lengths of nothing, of more than there is, of half a head; and what the kernel says to it.
HOSTILE = r"""
import socket, struct
def message(kind, flags, body=b"", length=None):
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, kind, flags, 7, 0) + body
def attribute(kind, value, length=None):
    text = struct.pack("=HH", 4 + len(value) if length is None else length, kind) + value
    return text + b"\0" * (-len(text) % 4)
def ask(protocol, *texts):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as s:
        s.bind((0, 0)) # strace asks once which sockets there are
        s.settimeout(0.3)
        s.setsockopt(270, 11, 1)
        for text in texts:
            try:
                s.send(text)
                # An error about one whose length is none of 4 is followed by what strace takes for attributes.
                len(text) % 4 or s.recv(8192)
            except OSError:
                pass
link = struct.pack("=BxHiII", 0, 0, 999999, 0, 0)
ask(0, message(18, 5, link), message(18, 5, link + attribute(3, b"no such one\0")), message(16, 0x605, link + attribute(3, b"x", 3)))
ask(0, message(18, 5, link + attribute(3, b"long", 4000)), message(18, 5, link + attribute(18, attribute(1, b"dummy") + attribute(2, b""))))
ask(0, message(18, 5, link, 0), message(18, 5, link, 0xffffffff), message(18, 5, link, 15), message(18, 4, link, 17) + b'x', message(18, 5, link, 40))
ask(0, message(22, 5, b"\2"), message(22, 5, b"\2\0\0"))
ask(0, message(20, 5, struct.pack("=BBBBI", 2, 8, 0x80, 254, 1) + attribute(1, b"\x7f\0\0\1")))
ask(0, b"", b"short", message(3, 0), message(2, 5, b"\0\0"))
ask(0, message(999, 1, b"abcdefgh"), message(18, 5) + message(22, 0x301) + b"end")
ask(0, message(18, 5, link + attribute(0x8000 | 26, b"")), message(30, 0x305, struct.pack("=BxxxiHBB", 7, 1, 2, 0, 0)))
ask(4, message(20, 0x301, struct.pack("=BBBxI", 2, 6, 0, 1) + bytes(48)), message(20, 1, b"\2\6"))
ask(4, message(20, 0x301, b"\1"))
ask(6, message(0x12, 1, bytes(24)))
ask(9, message(1000, 5))
ask(12, message(0xa10, 1, b"\0\0\0\0"), message(0x101, 0x301, b"\2\0\0\0"), message(16, 1, b"\0\0\0\x0a"))
"""


def addresses_and_routes():
    need("ip")
    for words in ("address", "route", "-6 route", "neighbour", "rule", "-s link show lo", "route get 127.0.0.1"):
        compare("ip-" + words.replace(" ", "-"), ["ip", *words.split()])


def sockets():
    need("ss")
    compare("ss-tcp", ["ss", "-tna"])
    compare("ss-unix", ["ss", "-xa"])
    compare("ss-info", ["ss", "-tlni"])


def libc():
    compare("interfaces", PYTHON + ["import socket; socket.if_nameindex(); socket.getaddrinfo('localhost', 80)"])


def hostile_lengths():
    compare("hostile", PYTHON + [HOSTILE])


run(addresses_and_routes, sockets, libc, hostile_lengths)
