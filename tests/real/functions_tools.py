# SPDX-License-Identifier: Apache-2.0
"""What nm, llvm-dwarfdump and eu-addr2line say of functions, each read by itself; and how `utrail list` differs."""

import os
import re
import signal
import subprocess
from collections import Counter

from packages import fetch
from utrail import Skip, ensure, same

# What may differ, and why. Types and parameters have rules of their own in functions-same.py.
TOOL_RULES = {
    "no size": "nm leaves the size out where the symbol has none",
    "no entry": "no DIE of a function begins there (assembler, another name's code): utrail has no types either, or built-in ones",
    "padding": "the symbol's size has the padding behind the code in it, or code that the debug information does not tell of",
    "parts": "the function lies in several parts, of which the symbol covers one",
    "built-in": "a built-in prototype knows more than the debug information: the number is the same",
    "clone": "the compiler changed the parameters of a clone: utrail gives none",
    "resolver": "at an IFUNC's address lies its resolver: utrail gives no parameters",
    "assembler": "written in assembler: nothing tells what it takes, and utrail says so",
    "origin": "the first instruction is of an inlined function's line, or of a file that is included into the function",
    "spelling": "llvm spells types of C++ in its own way; compared by gdb",
    "nameless": "llvm shows a qualifier alone where the type that it is of has no name there",
    "units": "several units describe one function (COMDAT, an alias that is itself in another unit)",
}


def _tool(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=300, **options).stdout


# --- nm ------------------------------------------------------------------------------------------


def nm_symbols(files):
    """{(name, address): size or None} of all that nm calls text, weak or an IFUNC."""
    found = {}
    for file in files:
        for words in (["-S"], ["-S", "-D"]):
            done = subprocess.run(["nm", "--defined-only", *words, file], capture_output=True, text=True, timeout=300)
            for address, size, name in re.findall(r"^([0-9a-f]+) (?:([0-9a-f]+) )?[TtWwiuV] ([^@\s]+)", done.stdout, re.MULTILINE):
                key = (name, int(address, 16))
                found[key] = int(size, 16) if size else found.get(key)
    return found


def check_nm(files, ours):
    theirs, count, wrong = nm_symbols(files), Counter(), []
    for function in ours:
        key = (function["symbol"], function["address"])
        if key not in theirs:
            wrong.append(f"nm has no {key}")
        elif theirs[key] is None and not function["size"]:
            count["no size"] += 1
        elif theirs[key] != function["size"]:
            wrong.append(f"{key}: size {function['size']}, nm {theirs[key]}")
        else:
            count["same"] += 1
    return count, wrong


# --- llvm-dwarfdump ------------------------------------------------------------------------------

_DIE = re.compile(r"^0x([0-9a-f]+):( +)(DW_TAG_\w+|NULL)")
_ATTRIBUTE = re.compile(r"^ +(DW_AT_\w+)\t\((.*)$")
_RANGE = re.compile(r"^ +\[0x([0-9a-f]+), 0x([0-9a-f]+)\)")
_WANTED = ("DW_TAG_subprogram", "DW_TAG_formal_parameter", "DW_TAG_unspecified_parameters")
_REFERENCE = re.compile(r"0x([0-9a-f]+)")


def dwarf_functions(file):
    """{address: [record]}: what llvm-dwarfdump has of functions that begin there. A record: name, file, line, size or None
    (several parts), params [[name, type]], return."""
    dies, bodies, stack, die = {}, [], [], None
    in_ranges = False
    process = subprocess.Popen(["llvm-dwarfdump", "--debug-info", file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
    for line in process.stdout:
        begins = _DIE.match(line)
        if begins:
            depth, tag, die, in_ranges = len(begins[2]), begins[3], None, False
            while stack and stack[-1][0] >= depth:
                stack.pop()
            if tag in _WANTED:
                die = {"tag": tag, "params": []}
                dies[int(begins[1], 16)] = die
                parent = stack[-1] if stack else None
                if tag == "DW_TAG_subprogram":
                    stack.append((depth, die))
                    bodies.append(die)
                elif parent and parent[0] + 2 == depth:
                    parent[1]["params"].append(die)
            continue
        if die is None:
            continue
        attribute = _ATTRIBUTE.match(line)
        if attribute:
            in_ranges = attribute[1] == "DW_AT_ranges"
            die[attribute[1]] = attribute[2].rstrip("\n").rstrip(")")
        elif in_ranges and (part := _RANGE.match(line)):
            die.setdefault("parts", []).append((int(part[1], 16), int(part[2], 16)))
    if process.wait() == -signal.SIGSEGV:
        return None
    ensure(process.returncode == 0, f"llvm-dwarfdump of {file} ended with {process.returncode}")
    return _by_address(dies, bodies)


def _attribute(dies, die, name, depth=0):
    """Its own, or that of the entry that it stands for."""
    if name in die or depth > 4:
        return die.get(name)
    for link in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if link in die:
            origin = dies.get(int(_REFERENCE.match(die[link])[1], 16))
            found = _attribute(dies, origin, name, depth + 1) if origin else None
            if found is not None:
                return found
    return None


def _type(text):
    found = re.search(r'"(.*)"', text or "")
    return found[1] if found else "void"


def _by_address(dies, bodies):
    found = {}
    for die in bodies:
        if "DW_AT_low_pc" in die and "DW_AT_high_pc" in die:
            start = int(die["DW_AT_low_pc"], 16)
            starts, size = [start], int(die["DW_AT_high_pc"], 16) - start
        elif "parts" in die:
            starts, size = [start for start, _ in die["parts"]], None
        else:
            continue
        file, line = (_attribute(dies, die, f"DW_AT_decl_{n}") for n in ("file", "line"))
        record = {
            "file": os.path.basename(file.strip('"')) if file else None,
            "line": int(line) if line else None,
            "size": size,
            "params": [
                ((_attribute(dies, p, "DW_AT_name") or "").strip('"'), _type(_attribute(dies, p, "DW_AT_type")))
                for p in die["params"] if p["tag"] == "DW_TAG_formal_parameter"
            ],
            "return": _type(_attribute(dies, die, "DW_AT_type")),
        }
        for start in starts:
            found.setdefault(start, []).append(record)
    return found


def _compare_record(function, record, same_type):
    """(rule, what differs), as compare() of functions-same.py."""
    mine = [(p["name"], p["type"]) for p in function["params"]]
    named = [p for p in mine if p[0]]
    theirs = [p for p in record["params"] if p[0]]
    if [n for n, _ in named] != [n for n, _ in theirs]:
        return None, f"parameters {mine}, llvm {record['params']}"
    pairs = [(a, b) for (_, a), (_, b) in zip(named, theirs)] + [(function["return"], record["return"])]
    odd = [(a, b) for a, b in pairs if not same_type(a, b)]
    if odd and all(b.strip() in ("restrict", "const", "volatile") for _, b in odd):
        return "nameless", ""
    if odd:
        is_cpp = function["symbol"].startswith("_Z")
        return ("spelling", "") if is_cpp else (None, f"types {odd}")
    if function.get("file") and record["line"]:
        where = (os.path.basename(function["file"]), function["line"])
        if where != (record["file"], record["line"]):
            return None, f"line {where}, llvm {(record['file'], record['line'])}"
    if record["size"] is None:
        return "parts", ""
    return ("padding" if record["size"] != function["size"] else ""), ""


def check_dwarf(file, ours, same_type):
    theirs, count, wrong = dwarf_functions(file), Counter(), []
    if theirs is None:  # LLVM 14 follows names of types in libstdc++ without end
        print(f"    {os.path.basename(file)}: llvm-dwarfdump itself crashes, and is not compared")
        return count, wrong
    for function in ours:
        records = theirs.get(function["address"])
        is_builtin = function.get("sources", {}).get("types") == "built-in"
        if re.search(r"\.(constprop|isra|part|cold)\b", function["symbol"]):
            count["clone"] += 1
        elif "resolver" in function.get("refused", ""):
            count["resolver"] += 1
        elif not records:
            count["no entry"] += 1
            if "params" in function and not is_builtin:
                wrong.append(f"{function['symbol']}: llvm has no function there")
        elif is_builtin:
            count["built-in"] += 1
            if not any(len(function["params"]) == len(r["params"]) or not r["params"] for r in records):
                wrong.append(f"{function['symbol']}: built-in {function['params']}, llvm {records[0]['params']}")
        elif "params" not in function and (records[0]["file"] or ".S").endswith((".S", ".s")):
            count["assembler"] += 1
        elif "params" not in function:
            wrong.append(f"{function['symbol']}: no parameters, llvm {records[0]['params']}")
        else:
            answers = [_compare_record(function, record, same_type) for record in records]
            best = min(answers, key=lambda answer: (bool(answer[1]), bool(answer[0])))
            rule = best[0] if best == answers[0] or best[0] else "units"
            if best[1]:
                wrong.append(f"{function['symbol']}: {best[1]}")
            else:
                count[rule or "same"] += 1
    return count, wrong


# --- eu-addr2line --------------------------------------------------------------------------------


def addr2line():
    """The words to run it with; from Debian's package, without installing that."""
    try:
        tree = fetch("bookworm", "elfutils-tools", "elfutils", "libasm1", "libdw1", "libelf1")
    except Skip as why:
        print(f"    eu-addr2line is not to be had, and not compared: {why}")
        return None
    libraries = f"{tree}/usr/lib/x86_64-linux-gnu"
    return ["env", f"LD_LIBRARY_PATH={libraries}", f"{tree}/usr/bin/eu-addr2line"]


def check_lines(words, file, ours):
    """The line of the first instruction is not before the one that declares the function."""
    functions = [f for f in ours if "file" in f]
    addresses = "".join(f"{f['address']:#x}\n" for f in functions)
    answers = _tool(*words, "-s", "-e", file, input=addresses).splitlines()
    same(len(answers), len(functions), f"answers of eu-addr2line for {file}")
    count, wrong = Counter(), []
    for function, answer in zip(functions, answers):
        name, _, line = answer.partition(":")
        line = int(line.partition(":")[0] or 0)
        if name == "??" or not line:
            wrong.append(f"{function['symbol']}: eu-addr2line knows no line")
        elif name != os.path.basename(function["file"]):
            count["origin"] += 1
        elif line < function["line"]:
            count["units" if function["binding"] == "weak" else "origin"] += 1
        else:
            count["same"] += 1
    return count, wrong


def check_all(path, debug, ours, same_type):
    """Every difference is one of the rules; {tool: Counter}."""
    files = [f for f in (path, debug) if f]
    found = {"nm": check_nm(files, ours), "llvm-dwarfdump": check_dwarf(debug or path, ours, same_type)}
    words = addr2line()
    if words:
        found["eu-addr2line"] = check_lines(words, debug or path, ours)
    for tool, (count, wrong) in found.items():
        text = ", ".join(f"{n} {what}" for what, n in count.items())
        print(f"    {os.path.basename(path)}, {tool}: {text}, {len(wrong)} not explained")
        ensure(set(count) - {"same"} <= set(TOOL_RULES), f"a rule without a reason: {count}")
    for tool, (_, wrong) in found.items():
        same(wrong[:10], [], f"{len(wrong)} functions of {path} that differ from those of {tool} without a rule")
    return {tool: count for tool, (count, _) in found.items()}
