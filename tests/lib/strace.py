# SPDX-License-Identifier: Apache-2.0
"""Lines of strace, and what may differ between them and utrail's."""

import re
import socket
from dataclasses import dataclass

OPEN, CLOSE = "([{", ")]}"
ESCAPES = {"n": 10, "t": 9, "r": 13, "v": 11, "f": 12, "a": 7, "b": 8, "e": 27, '"': 34, "\\": 92, "'": 39}


@dataclass
class Call:
    name: str
    arguments: list
    result: str  # None: not shown
    text: str
    comment: str = ""  # behind the result
    is_last: bool = False  # of its thread

    def __str__(self):
        return self.text[:600]


def string_end(text, start):
    """Behind the string literal that starts here."""
    at = start + 1
    while text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1


def string_bytes(literal):
    """The bytes of a C string literal, as both write them: octal or hexadecimal escapes."""
    out = bytearray()
    for part in re.finditer(r"\\x([0-9a-f]{2})|\\([0-7]{1,3})|\\(.)|([^\\]+)", literal[1:-1], re.DOTALL):
        if part[1]:
            out.append(int(part[1], 16))
        elif part[2]:
            out.append(int(part[2], 8))
        elif part[3]:
            out.append(ESCAPES[part[3]])
        else:
            out += part[4].encode(errors="surrogateescape")
    return bytes(out)


def strings_as_bytes(text):
    """The text with every string as its bytes in hexadecimal: no pattern below fits one of these."""
    out, at = [], 0
    while at < len(text):
        end = string_end(text, at) if text[at] == '"' else at + 1
        out.append('"' + string_bytes(text[at:end]).hex() + '"' if text[at] == '"' else text[at])
        at = end
    return "".join(out)


# Spellings of the same thing, of strace's and of utrail's; and what only one of them shows, inside of
# a structure of which the rest is compared.
SPELLINGS = [
    (r"\{tv_nsec=(UTIME_\w+)\}", lambda m: m[1]),
    (r"\b(0x[0-9a-f]+) /\* \w*\?\?\? \*/", lambda m: str(int(m[1], 16))),  # no name: in decimal
    (r"\b000\b", lambda m: "0"),  # a mode of nothing
    (r"data=\{u32=\d+, u64=(\d+)\}", lambda m: f"data={int(m[1]):#x}"),
    (r"\{sival_int=-?\d+, sival_ptr=(\w+)\}", lambda m: m[1]),  # the same bytes twice
    (r"(fm_extent_count=\d+\}) => \{fm_flags=[^{}]*\}", lambda m: m[1]),  # what was found
    (r" /\* (?!\d+ (?:var|entr))[^*]* \*/", lambda m: ""),  # a time in words, ticks in seconds
    (r"\{sa_family=AF_UNIX\}", lambda m: "{AF_UNIX}"),
    (r" => \{parent_tid=\[\d+\]\}", lambda m: ""),  # the result again
    (r"\b[A-Z]\w+ or (\w+)", lambda m: m[1]),  # ioctl commands with two names
    (r"\b(SO_\w+)_OLD\b", lambda m: m[1]),  # of two with the same meaning the one of this machine
    (r"<UNIX-(?:SEQPACKET|DGRAM):", lambda m: "<UNIX:"),  # strace knows the type of streams alone
    (r"<PACKET:", lambda m: "<socket:"),  # and of packets not even that
    (r"<([^<>]*)>\(deleted\)", lambda m: f"<{m[1]} (deleted)>"),
    (r"\bQCMD\((\w+), (\w+)\)", lambda m: f"{m[1]}|{m[2]}"),
    (r'inet_pton\((AF_INET6, "[0-9a-f]*"), &(\w+)\)', lambda m: f"{m[2]}=inet_pton({m[1]})"),
    (r"nla_type=(\w+\|)?(0x[0-9a-f]+)\b", lambda m: f"nla_type={m[1] or ''}{int(m[2], 16)}"),
    (r"nl_pad=0x[0-9a-f]+, ", lambda m: ""),  # what lies in a hole
    (r"(INET_DIAG_SOCKOPT\}, )(?:\{[^{}]*\}|\"[0-9a-f]*\")", lambda m: m[1] + "bits"),  # as a number of bits, and by name
    (r"\b(0x[0-9a-f]+)<bad address>", lambda m: m[1]),  # why it is shown as a number alone
    (r"\b0x0\b", lambda m: "0"),  # a mask or an offset of nothing
    (r"\b(\d+)\*1024\b", lambda m: str(int(m[1]) * 1024)),
    (r", f_fsid=\{[^{}]*\}", lambda m: ""),
    (r"\[(\d+)\] => \[(\d+)\]", lambda m: f"[{m[1]} => {m[2]}]"),  # a number that the call changed
    (r"msg_namelen=\d+ => (\d+)", lambda m: "msg_namelen=" + m[1]),
    (r"\b[A-Z_a-z0-9]+(?:\|[A-Z_a-z0-9]+)+", lambda m: "|".join(sorted(m[0].split("|")))),
]


def canonical(text):
    """The same text, every string as its bytes, in one spelling."""
    text = strings_as_bytes(text)
    text = re.sub(r'if_nametoindex\("([0-9a-f]*)"\)', lambda m: str(socket.if_nametoindex(bytes.fromhex(m[1]).decode())), text)
    for pattern, spell in SPELLINGS:
        text = re.sub(pattern, spell, text)
    return re.sub(r"\{sa_family=[^{}]*\}", sockaddr, text)


def sockaddr(found):
    """{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("...")} as {AF_INET, 127.0.0.1:80}"""
    text = re.sub(r'"([0-9a-f]*)"', lambda m: '"' + bytes.fromhex(m[1]).decode(errors="replace") + '"', found[0])
    inet = re.fullmatch(r'\{sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\("(.*)"\)\}', text)
    if inet:
        return f"{{AF_INET, {inet[2]}:{inet[1]}}}"
    inet6 = re.fullmatch(
        r'\{sa_family=AF_INET6, sin6_port=htons\((\d+)\), sin6_flowinfo=htonl\(0\), '
        r'inet_pton\(AF_INET6, "(.*)", &sin6_addr\), sin6_scope_id=0\}',
        text,
    )
    if inet6:
        return f"{{AF_INET6, [{inet6[2]}]:{inet6[1]}}}"
    netlink = re.fullmatch(r"\{sa_family=AF_NETLINK, nl_pid=(-?\d+), nl_groups=(\w+)\}", text)
    if netlink:
        return f"{{AF_NETLINK, pid={netlink[1]}, groups={int(netlink[2], 16)}}}"
    unix = re.fullmatch(r"\{sa_family=AF_UNIX, sun_path=(@?\".*\")\}", found[0])
    return f"{{AF_UNIX, {unix[1]}}}" if unix else found[0]


def split_arguments(text):
    """Of `(a, b) = c`: (["a", "b"], " = c")."""
    arguments, depth, at, start = [], 0, 0, 1
    while True:
        letter = text[at]
        if letter == '"':
            at = string_end(text, at)
            continue
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            continue
        depth += (letter in OPEN) - (letter in CLOSE)
        if depth == 0 or (depth == 1 and letter == ","):
            arguments.append(text[start:at].strip())
            start = at + 1
        at += 1
        if depth == 0:
            return [a for a in arguments if a], text[at:]


def parse_line(line):
    """None: no call."""
    found = re.match(r"(\w+)\(", line)
    if not found:
        return None
    arguments, rest = split_arguments(line[found.end() - 1 :])
    result = re.match(r"\s*= (-1 E\w+|\? E\w+|\d+<[^<>]* \(deleted\)>|\S+)", rest)
    call = Call(found[1], [canonical(a) for a in arguments], result[1] if result else None, line)
    call.comment = canonical(rest[result.end():].strip()) if result else ""
    return call


# --- what may differ -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Allowed:
    call: str  # a pattern
    place: int  # of the argument, from 1; 0: any
    strace: str  # patterns
    utrail: str
    why: str
    where: str = "quick"  # the test whose programs need it
    dropped: tuple = ()  # patterns: what one of them fits may be missing in utrail's text, and nothing else
    is_cut_list: bool = False  # buffers, of which utrail shows the first, and their first bytes
    is_start: bool = False  # what utrail shows in front of its "..." must be strace's


ADDRESS = r"0x[0-9a-f]+"
ALLOWED = [
    Allowed(r"(l|f|)getxattr|(l|f|)listxattr|read|recvfrom|readlink|getpeername|getsockname|accept4?", 0, ADDRESS, "<call failed>",
            "the call failed, and filled nothing"),
    Allowed(r"bpf|perf_event_open|clock_adjtime", 0, r"\{.*\}", r"\{.*, \.\.\.\}", "the first members",
            is_start=True),
    Allowed(r"io_uring_setup", 2, r"(\{.*, cq_entries=4, )features=0x3.*", r"\{.*, cq_entries=4, features=0x3.*\.\.\.\}",
            "features by the names of newer headers, and the first members"),
    Allowed(r"copy_file_range", 0, r"\[\d+\]", r"\[\d+ => \d+\]", "what the offset has become, too", is_start=True),
    Allowed(r"futex_waitv", 1, r".*FUTEX_32.*", r".*FUTEX2_SIZE_U32.*", "flags by the names of newer headers"),
    Allowed(r"[gs]et_mempolicy", 2, r"\[(0x0*1|0{16})(, 0{16})*\]", r"\[0?\]", "nodes as numbers, not as words in hexadecimal",
            where="long"),
    Allowed(r"getsockname|getpeername|close", 1, r"\d+<UNIX-STREAM:.*", r"\d+<UNIX-STREAM:.*", "the other end is closed by then",
            dropped=(r"->\d+",)),
    Allowed(r"p?(read|write)(64)?", 2, r'".*"\.\.\.', r'".*"\.\.\.', "a character that was cut in half is left out",
            dropped=tuple(rf'[0-9a-f]{{{n}}}(?="\.\.\.$)' for n in (2, 4, 6)), where="long"),
    Allowed(r"p?writev", 2, r"\[.*\]", r"\[.*\]", "no more than a record holds", is_cut_list=True),
    Allowed(r"recvmsg", 2, r"\{msg_namelen=\d+\}", ADDRESS, "the call failed, and filled nothing", where="long"),
    Allowed(r"prctl", 2, r'"[0-9a-f]{30}"\.\.\.', r'"[0-9a-f]{30}"', "strace does not look for the end behind 15 characters",
            dropped=(r"\.\.\.$",), where="long"),
    Allowed(r"f?listxattr", 2, ADDRESS, '""', "an empty list"),
    Allowed(r"getsockopt", 4, r"\[1\]", r"\[SOCK_STREAM\]", "the value of SO_TYPE by name"),
    Allowed(r"rseq", 2, ADDRESS, r"\d+", "a size, in decimal"),
]


def has_start(wanted, got):
    """Is what utrail shows in front of its "..." or " => " the same as strace's?"""
    before, arrow, _ = got.partition(" => ")
    wanted = re.sub(r"(_fd=\d+)<[^<>]*>", r"\1", wanted)  # of bpf(), where the command says what is a descriptor
    return wanted == before + "]" if arrow else wanted.startswith(got.removesuffix("...}"))


def are_first_buffers(wanted, got):
    one = r'\{iov_base="([0-9a-f]*)"(?:\.\.\.)?, iov_len=(\d+)\}'
    theirs, ours = re.findall(one, wanted), re.findall(one, got)
    if re.sub(one, "", got).replace(", ", "") not in ("[]", "[...]") or not ours:
        return False
    return all(t[0].startswith(o[0]) and t[1] == o[1] for t, o in zip(theirs, ours))


def same_argument(call, place, wanted, got):
    """The rule that allows the difference, or None."""
    for rule in ALLOWED:
        if (
            re.fullmatch(rule.call, call.name)
            and rule.place in (0, place + 1)
            and re.fullmatch(rule.strace, wanted)
            and re.fullmatch(rule.utrail, got)
            and (not rule.dropped or any(re.sub(pattern, "", wanted) == got for pattern in rule.dropped))
            and (not rule.is_cut_list or are_first_buffers(wanted, got))
            and (not rule.is_start or has_start(wanted, got))
        ):
            return rule
    return None
