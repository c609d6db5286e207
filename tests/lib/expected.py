# SPDX-License-Identifier: Apache-2.0
"""The trace that a target says it must cause, held against text and JSON.

The lines are those of the text output, without task, time and duration:

    nest:outer(round=0, seen=*)
    |  openat(AT_FDCWD, "/dev/zero", O_RDONLY) = 3
    |  demo:pair(7, "seven")
    nest:outer = 16

Values: numbers, "strings" with C escapes, 'c', NAMES, FLAG|FLAG, NULL, true, false,
{member=value, ...}, <reason> for what cannot be had, and * for anything.
"""

import base64
import re

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"(?:\.\.\.)?)
    | (?P<char>'(?:[^'\\]|\\.)+')
    | (?P<unavailable><[^<>]*>)
    | (?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w.]))
    | (?P<name>[A-Za-z_](?:[\w|]|<<\d)*)
    | (?P<mark>[{}\[\](),=*])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_HEAD = re.compile(r"(?P<name>[^\s(=]+)(?P<call>\()?")


def _number(text):
    """As C reads it: 0640 is octal."""
    if re.fullmatch(r"-?0[0-7]+", text):
        return int(text, 8)
    return int(text, 0) if "x" in text or not re.search(r"[.e]", text) else float(text)


class Value:
    """One expected value; `kind` is a group name of _TOKEN, or struct, array, any."""

    def __init__(self, kind, value, truncated=False, pointer=None):
        self.kind, self.value, self.truncated = kind, value, truncated
        self.pointer = pointer  # unavailable: where it should have been

    def accepts(self, other):
        """Is the other one what this one, the expected, asks for?"""
        if self.kind == "any":
            return True
        if other is None or self.kind != other.kind:
            return False
        if self.kind == "unavailable":
            # Why it is not there is told in words that may change.
            return self.pointer in (None, other.pointer)
        if self.kind == "struct":
            mine, others = self.value, other.value
            return [k for k, _ in mine] == [k for k, _ in others] and all(
                a.accepts(b) for (_, a), (_, b) in zip(mine, others)
            )
        if self.kind == "array":
            pairs = zip(self.value, other.value)
            return len(self.value) == len(other.value) and all(a.accepts(b) for a, b in pairs)
        if isinstance(self.value, float):
            return abs(self.value - other.value) <= 1e-6 * abs(self.value)
        return (self.value, self.truncated) == (other.value, other.truncated)

    def __repr__(self):
        if self.kind == "struct":
            return "{" + ", ".join(f"{k}={v}" if k else f"{v}" for k, v in self.value) + "}"
        if self.kind == "array":
            return "[" + ", ".join(map(str, self.value)) + "]"
        if self.kind == "string":
            return '"' + self.value.decode(errors="backslashreplace") + '"' + "..." * self.truncated
        return "*" if self.kind == "any" else str(self.value)


def unescape(text):
    """The bytes that a C string literal's inside stands for."""
    out, i = bytearray(), 0
    while i < len(text):
        c = text[i]
        if c != "\\":
            out += c.encode()
            i += 1
            continue
        found = re.match(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", text[i:], re.DOTALL)
        if found[1]:
            out.append(int(found[1], 16))
        elif found[2]:
            out.append(int(found[2], 8) & 255)
        else:
            out += _ESCAPES.get(found[3], found[3]).encode()
        i += found.end()
    return bytes(out)


class _Parser:
    def __init__(self, text, at):
        self.text, self.at = text, at

    def next(self):
        found = _TOKEN.match(self.text, self.at)
        if not found:
            raise ValueError(f"cannot read {self.text[self.at:self.at + 40]!r} in {self.text!r}")
        self.at = found.end()
        return found.lastgroup, found[found.lastgroup]

    def peek(self):
        at = self.at
        try:
            return self.next()[1]
        except ValueError:
            return None
        finally:
            self.at = at

    def value(self):
        kind, text = self.next()
        if kind == "string":
            cut = text.endswith("...")
            return Value("string", unescape(text[1 : -4 if cut else -1]), cut)
        if kind == "char":
            return Value("char", unescape(text[1:-1]))
        if kind == "number":
            number = _number(text)
            # Descriptors may carry their path: 9</dev/null>; pointers, why nothing is shown behind them
            if self.text[self.at : self.at + 1] == "<":
                _, behind = self.next()
                if behind in ("<bad address>", "<not resident>"):
                    return Value("unavailable", behind[1:-1], pointer=number)
            return Value("number", number)
        if kind == "name":
            if text in ("true", "false"):
                return Value("bool", text == "true")
            return Value("null", None) if text == "NULL" else Value("name", text)
        if kind == "unavailable":
            return Value("unavailable", text[1:-1])
        if text == "*":
            return Value("any", None)
        if text == "{":
            return Value("struct", self.list("}"))
        if text == "[":
            return Value("array", [v for _, v in self.list("]")])
        raise ValueError(f"no value at {self.text[self.at - 1:]!r}")

    def list(self, end):
        """NAME=VALUE or VALUE, with commas, up to the closing mark."""
        items = []
        while self.peek() != end:
            at = self.at
            kind, name = self.next()
            if kind == "name" and self.peek() == "=":
                self.next()
            else:
                self.at, name = at, ""
            items.append((name, self.value()))
            if self.peek() == ",":
                self.next()
        self.next()
        return items


class Node:
    """One event: what was called, with what, what came of it, and at which depth."""

    def __init__(self, depth, name, args=None, ret=None, errno=None):
        self.depth, self.name, self.args, self.ret, self.errno = depth, name, args, ret, errno

    def __repr__(self):
        args = ", ".join(f"{k}={v}" if k else f"{v}" for k, v in self.args or [])
        ret = "" if self.ret is None else f" = {self.ret}" + (f" {self.errno}" if self.errno else "")
        return "|  " * self.depth + f"{self.name}({args}){ret}"

    def same_arguments(self, got):
        """Names are compared where both have them; text shows none for system calls."""
        if len(self.args) != len(got.args):
            return False
        return all(
            (not a or not b or a == b) and v.accepts(w)
            for (a, v), (b, w) in zip(self.args, got.args)
        )

    def accepts(self, got):
        if (self.depth, self.name) != (got.depth, got.name) or not self.same_arguments(got):
            return False
        return self.ret is None or (self.ret.accepts(got.ret) and self.errno == got.errno)


def _node(line):
    """A line, without its prefix, as a node; args None: the end of a span."""
    depth = 0
    while line.startswith("|"):
        line, depth = line[1:].lstrip(), depth + 1
    head = _HEAD.match(line)
    if not head:
        raise ValueError(f"not a line of a trace: {line!r}")
    parser = _Parser(line, head.end())
    node = Node(depth, head["name"], parser.list(")") if head["call"] else None)
    if parser.peek() == "=":
        parser.next()
        node.ret = parser.value()
        kind_of_next = parser.peek()
        if kind_of_next and re.fullmatch(r"E[A-Z0-9]+", kind_of_next):
            node.errno = kind_of_next
    return node


def _join(lines):
    """Lines of one thread to nodes in order of their beginning; ends go to their beginnings."""
    nodes, open_at = [], {}
    for line in lines:
        node = _node(line)
        if node.args is not None:
            nodes.append(node)
            open_at[node.depth] = node
            continue
        begun = open_at.get(node.depth)
        if not begun or begun.name != node.name:
            raise ValueError(f"{line!r} ends what did not begin")
        begun.ret = node.ret
    return nodes


def text_nodes(text):
    """The nodes of utrail's text output, per thread: {tid: [nodes]}. Unreadable lines raise."""
    threads = {}
    for line in text.splitlines():
        found = re.match(r"\[(\d+)/(\d+)\] (?:\d\d:\d\d:\d\d\.\d+ )?", line)
        if not found:
            raise ValueError(f"a line without task: {line!r}")
        rest = re.sub(r" <\d+\.\d+>$", "", line[found.end() :])
        threads.setdefault(int(found[2]), []).append(rest)
    return {tid: _join(lines) for tid, lines in threads.items()}


def json_value(value):
    """A value of the JSON output as an expected value; strings may be text or names."""
    if isinstance(value, bool):
        return Value("bool", value)
    if value is None:
        return Value("null", None)
    if isinstance(value, (int, float)):
        return Value("number", value)
    if isinstance(value, str):
        return Value("text", value)
    if isinstance(value, list):
        return Value("array", [json_value(v) for v in value])
    if "unavailable" in value:
        pointer = int(value["pointer"], 16) if "pointer" in value else None
        return Value("unavailable", value["unavailable"], pointer=pointer)
    if "fd" in value and "path" in value:
        return json_value(value["fd"])
    if "str" in value:
        return Value("string", value["str"].encode(), bool(value.get("truncated")))
    if "b64" in value:
        return Value("string", base64.b64decode(value["b64"], validate=True), bool(value.get("truncated")))
    return Value("struct", [(k, json_value(v)) for k, v in value.items()])


def _settle(wanted, got):
    """JSON writes strings, names, characters, wide numbers and addresses alike: take the wanted."""
    if got.kind == "struct" and wanted.kind == "struct":
        by_name = dict(wanted.value)
        return Value("struct", [(k, _settle(by_name.get(k, v), v)) for k, v in got.value])
    if got.kind == "array" and wanted.kind == "array" and len(got.value) == len(wanted.value):
        return Value("array", [_settle(w, g) for w, g in zip(wanted.value, got.value)])
    if got.kind != "text":
        if got.kind == "number" and wanted.kind == "char":
            return Value("char", bytes([int(got.value) & 255]))
        return got
    if wanted.kind in ("string", "char"):
        return Value(wanted.kind, got.value.encode())
    if wanted.kind == "number":
        try:
            number = _number(got.value)
        except ValueError:
            return Value("name", got.value)
        # Only addresses, modes and what exceeds 2^53 may be text.
        ok = re.match("0[x0-7]", got.value) or abs(number) > 2**53
        return Value("number", number) if ok else Value("string", got.value.encode())
    if wanted.kind == "null" and got.value in ("NULL", "0x0"):
        return Value("null", None)
    return Value("name", got.value)


def _json_node(event):
    if event["type"] == "usdt":
        name = f"{event['provider']}:{event['name']}"
    elif event["type"] == "syscall":
        name = event["name"]
    else:
        name = f"{event['module']}:{event['name']}"
    args = [(k, json_value(v)) for k, v in event.get("args", {}).items()]
    if event["type"] in ("usdt", "syscall"):
        args = [("", v) for _, v in args]
    ret = json_value(event["ret"]) if "ret" in event else None
    return Node(event.get("depth", 0), name, args, ret, event.get("errno"))


def nodes_of(events):
    """Events of one thread as nodes, in order of their beginning."""
    shown = [e for e in events if e["type"] in ("call", "probe", "usdt", "syscall")]
    return [_json_node(e) for e in sorted(shown, key=lambda e: (int(e["time_ns"]), e.get("depth", 0)))]


def describe(event):
    """One event on one line, for messages."""
    if event["type"] in ("call", "probe", "usdt", "syscall"):
        return repr(_json_node(event))
    return repr(event)


class Expected:
    """The lines a target printed, ready to compare."""

    def __init__(self, lines):
        self.nodes = _join(lines)
        if not self.nodes:
            raise ValueError("the target expects nothing: such a comparison cannot fail")

    def _settled(self, wanted, got):
        pairs = list(zip(wanted.args, got.args)) if len(wanted.args) == len(got.args) else []
        args = [(name, _settle(w, g)) for (_, w), (name, g) in pairs] if pairs else got.args
        ret = _settle(wanted.ret, got.ret) if wanted.ret and got.ret else got.ret
        return Node(got.depth, got.name, args, ret, got.errno)

    def difference(self, got):
        """None when the nodes are the expected ones, else what is different, with context."""
        for i, wanted in enumerate(self.nodes):
            if i >= len(got):
                return f"{len(got)} of {len(self.nodes)} events; missing from here:\n    {wanted}"
            settled = self._settled(wanted, got[i])
            if not wanted.accepts(settled):
                before = "\n".join(f"    {n}" for n in got[max(0, i - 3) : i])
                return f"event {i + 1} differs, after\n{before}\n  wanted\n    {wanted}\n  got\n    {settled}"
        if len(got) > len(self.nodes):
            return f"{len(got) - len(self.nodes)} events too many, the first:\n    {got[len(self.nodes)]}"
        return None

    def find_in(self, got):
        """The same, when other events may come before and after, but not between."""
        first = self.nodes[0]
        starts = [i for i, n in enumerate(got) if first.accepts(self._settled(first, n))]
        if not starts:
            return f"no event like the first,\n    {first}\n  among {len(got)}"
        problems = [self.difference(got[i : i + len(self.nodes)]) for i in starts]
        return None if None in problems else problems[0]
