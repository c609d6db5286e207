#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""output_json.py values|schema SAMPLE [SCHEMA]: reads what output_sample writes, as a user would.

values: strict UTF-8, one object a line, no duplicate names, nothing lost on the way.
schema: every line fits docs/events.schema.json, and lines that are spoilt do not.
Exit status 77: skipped, the reason is on stdout.
"""

import base64
import copy
import json
import subprocess
import sys


def unique(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def lines_of(*command):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    assert output.endswith(b"\n")
    text = output.decode("utf-8", "strict")
    for code in (0x1B, 0x7F, 0x9B, 0x202E, 0x2028, 0xFEFF):
        assert chr(code) not in text, hex(code)
    return [json.loads(line, object_pairs_hook=unique) for line in text[:-1].split("\n")]


def check_values(lines):
    types = {line["type"] for line in lines}
    assert types == {"header", "call", "probe", "usdt", "syscall", "exec", "fork", "exit", "signal", "lost",
                     "suppressed", "count", "summary"}, types
    assert lines[0]["type"] == "header" and lines[-1]["type"] == "summary"
    hostile = next(line for line in lines if line.get("name") == "esc\x1b[2J")
    args = hostile["args"]
    assert base64.b64decode(args["all"]["b64"], validate=True) == bytes(range(256))
    assert base64.b64decode(hostile["comm"]["b64"]) == b"e\x1bv\xffl"
    assert args["terminal"] == "\x1b[31m\x7f\x9b\u202e\u2028\ufeff"
    assert args["readable"] == 'gr\u00fc\u00df "\\ \U0001f600'
    assert args["cut"] == {"str": "caf", "truncated": True}
    assert args["null"] is None and args["nuls"] == "a\0b"
    assert args["lost"] == {"unavailable": "in xmm0"}
    assert args["big"] == str(2**64 - 1) and args["tenth"] == 0.1 and args["nan"] == "nan"
    assert args["flags"] == "O_RDWR|O_CREAT|0x20000000" and args["mode"] == "0644"
    assert args["ok"] is True and args["c"] == "\n" and args["c_2"] == {"b64": "/w=="}
    assert args["long"] == "x" * 4096
    assert list(args)[:3] == ["all", "terminal", "readable"], "order of arguments"
    assert hostile["late"] is True


def check_schema(lines, path):
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is not installed")
        sys.exit(77)
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for line in lines:
        validator.validate(line)

    def spoilt(kind, change):
        line = copy.deepcopy(next(line for line in lines if line["type"] == kind))
        change(line)
        assert not validator.is_valid(line), line

    for kind in {line["type"] for line in lines}:
        spoilt(kind, lambda line: line.update(surprise=1))
        spoilt(kind, lambda line: line.update(type="other"))
        spoilt(kind, lambda line: line.pop("type"))
        for key in ("time_ns", "pid", "comm", "depth", "events", "version", "cause"):
            if key in next(line for line in lines if line["type"] == kind):
                spoilt(kind, lambda line: line.pop(key))
    spoilt("call", lambda line: line.update(time_ns=5))
    spoilt("call", lambda line: line.update(ret=1, **{"return": "lost"}))
    spoilt("call", lambda line: line["args"].update(x={"b64": "not base64"}))
    spoilt("call", lambda line: line["args"].update(x={"unavailable": 5}))
    spoilt("call", lambda line: line["args"].update(x={"str": "x", "truncated": False}))
    spoilt("syscall", lambda line: line.update(ret=5, errno="ENOENT"))
    spoilt("exit", lambda line: line.update(status=256))


def main():
    mode, sample = sys.argv[1:3]
    for extra in ([], ["user"]):
        lines = lines_of(sample, "json", *extra)
        if mode == "values":
            check_values(lines)
        else:
            check_schema(lines, sys.argv[3])


main()
