# SPDX-License-Identifier: Apache-2.0
"""JSON Lines, read as strictly as any consumer may: what passes here, passes everywhere."""

import json

# Numbers beyond this lose digits in readers that keep them as doubles: they must be strings.
EXACT = 2**53
TYPES = {
    "header", "call", "probe", "usdt", "syscall", "kernel", "tracepoint", "exec", "fork", "exit",
    "signal", "sched", "sample", "tcp", "block", "lost", "suppressed", "missed", "gap", "cost", "count", "stat", "summary", "command", "program", "span",
}  # fmt: skip


class Invalid(Exception):
    pass


def _unique(pairs):
    result = {}
    for key, value in pairs:
        if key in result:
            raise Invalid(f"key {key!r} twice in one object")
        result[key] = value
    return result


def _constant(name):
    raise Invalid(f"{name} is not JSON")


def _integer(digits):
    number = int(digits)
    if abs(number) > EXACT:
        raise Invalid(f"number {digits} is beyond 2^53 and no string")
    return number


def _check_text(value):
    """No lone surrogates, and no control character that was not escaped (json refuses those)."""
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, list):
        for item in value:
            _check_text(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)


def _line(number, line):
    if not line:
        raise Invalid(f"line {number} is empty")
    try:
        record = json.loads(
            line.decode("utf-8", errors="strict"),
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_int=_integer,
            strict=True,
        )
        _check_text(record)
    except (ValueError, Invalid) as error:
        raise Invalid(f"line {number}: {error}: {line[:300]!r}") from None
    if not isinstance(record, dict) or record.get("type") not in TYPES:
        raise Invalid(f"line {number}: no object with a known type: {line[:300]!r}")
    return record


def parse(data):
    """All records of a file."""
    if not data:
        raise Invalid("nothing was written")
    if not data.endswith(b"\n"):
        raise Invalid(f"the last line does not end: {data[-200:]!r}")
    return [_line(i, line) for i, line in enumerate(data[:-1].split(b"\n"), 1)]
