# SPDX-License-Identifier: Apache-2.0
"""Functions of real libraries, as `utrail list` has them: address, size, binding, file, line, parameters, types, result.

readelf has the last word on symbols; gdb, which reads debug information on its own, on the rest. nm, llvm-dwarfdump and
eu-addr2line are asked, too (functions_tools.py). What differs must be one of the RULES, each of which says which of the two is
right, or why neither is wrong. With `all`, more than 10,000 functions.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

from functions_tools import check_all
from packages import fetch
from utrail import ensure, plain, run, same, scratch, skip

FOLDER = os.path.dirname(os.path.abspath(__file__))
WHOLE = "all" in sys.argv[1:]

# What gdb and utrail may say differently, and why.
RULES = {
    "clone": "the compiler changed the parameters of a clone (.constprop, .isra, .part, .cold): utrail gives none",
    "resolver": "at an IFUNC's address lies its resolver: utrail gives no parameters",
    "built-in": "a built-in prototype knows more than the debug information (descriptors, lengths): the number is the same",
    "assembler": "written in assembler: gdb takes the missing parameters for none",
    "hidden": "hidden parameters of constructors (__in_chrg, __vtt_parm) that this form of it does not take",
    "reference": "a class that cannot be copied is passed as the address of a copy: utrail shows it as a reference",
    "alias": "gdb knows no function there: utrail has no types either, or those of a built-in prototype",
    "member": "utrail has no words for pointers to members, and shows '?'",
    "units": "several units describe one function (COMDAT), from different lines of a header with #if",
    "garbled": "gdb mixes up the name of a type in an inline namespace",
}


def tool(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=300, **options).stdout


def listed(path):
    process = plain(["list", "--json", "-v", path, "call:*"], timeout=120)
    same(process.status, 0, f"status of list {path}")
    loads = re.findall(r"LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", tool("readelf", "-lW", path))
    segments = [tuple(int(n, 16) for n in load) for load in loads]
    found = [f for f in map(json.loads, process.stdout.splitlines()) if "offset" in f]
    for function in found:
        offset = int(function["offset"], 16)
        start = next(s for s in segments if s[0] <= offset < s[0] + s[2])
        function["address"] = offset - start[0] + start[1]
    return found


# --- symbols -------------------------------------------------------------------------------------


def debug_file(path):
    found = re.search(r"Build ID: (\w\w)(\w+)", tool("readelf", "-nW", path))
    debug = f"/usr/lib/debug/.build-id/{found[1]}/{found[2]}.debug" if found else ""
    return debug if os.path.exists(debug) else None


def symbols(path):
    """{(name, address): (size, binding)}: of a name in two tables, what says more."""
    pattern = r"^ *\d+: (\w+) +(\w+) (?:FUNC|IFUNC) +(\w+) +\w+ +(?:\[.*\] +)?\d+ ([^@\s]+)"
    found = {}
    for file in filter(None, (path, debug_file(path))):
        for address, size, binding, name in re.findall(pattern, tool("readelf", "-sW", file), re.MULTILINE):
            key, value = (name, int(address, 16)), (int(size, 0), binding.lower())
            before = found.get(key, (0, "local"))
            kept = before[1] if before[1] != "local" else value[1]
            found[key] = (max(before[0], value[0]), kept)
    return found


def check_symbols(path, ours):
    wanted = symbols(path)
    got = {(f["symbol"], f["address"]): (f["size"], f["binding"]) for f in ours}
    same(sorted(set(wanted) - set(got))[:5], [], f"functions of {path} that readelf has and list has not")
    same(sorted(set(got) - set(wanted))[:5], [], f"functions of {path} that list makes up")
    same([(k, got[k], wanted[k]) for k in got if got[k] != wanted[k]][:5], [], f"size or binding of {path}, and readelf's")


# --- types ---------------------------------------------------------------------------------------


def gdb_functions(path, addresses):
    where, found = scratch() / "addresses", scratch() / "found"
    where.write_text("".join(f"{a:x}\n" for a in sorted(addresses)))
    environment = dict(os.environ, ADDRESSES=str(where), FOUND=str(found))
    script = os.path.join(FOLDER, "gdb_functions.py")
    done = subprocess.run(
        ["gdb", "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off", "-x", script, path],
        env=environment, capture_output=True, text=True, timeout=600,
    )
    ensure(found.exists(), f"gdb said nothing of {path}: {done.stderr[-500:]}")
    answers = [json.loads(line) for line in found.read_text().splitlines()]
    same([a for a in answers if "failed" in a][:3], [], "what gdb failed at")
    same(len(answers), len(addresses), "answers of gdb")
    return {a["address"]: a for a in answers}


def without_scope(text):
    """`ns::Type<ns::Other>` is `Type<ns::Other>`: utrail shows a type by its own name."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += char in "<(["
        depth -= char in ">)]"
        if not depth and text.startswith("::", at):
            start = at + 2
    return text[start:]


NUMBER = r"\b(?:(?:unsigned|signed|long|short|int|char)\b ?)+"


def number(words):
    """"long unsigned int" and "unsigned long" are one type; the words come in any order."""
    found = words[0].split()
    base = "char" if "char" in found else "short" if "short" in found else "long" * found.count("long") or "int"
    sign = "unsigned" if "unsigned" in found else "signed" if "signed" in found and base == "char" else ""
    return sign + base


def one_form(text):
    """A type of either side, in one spelling: without qualifiers, tags, scopes and spaces."""
    text = re.sub(r"\b(const|volatile|restrict|__restrict|struct|union|enum|class|_Atomic)\b", " ", text)
    text = without_scope(re.sub(r"\s+", " ", text).strip())
    if "(*" in text:
        return "function*"
    text = re.sub(r"\{[^{}]*\}|\[\d*\]", lambda m: "{}" if m[0][0] == "{" else "[]", text)
    return re.sub(NUMBER, number, text).replace(" ", "")


def same_type(ours, theirs):
    a, b = one_form(ours), one_form(theirs)
    anonymous = ("{}", "?", "", "<anonymous>", "(anonymous)", "(anon)")
    return a == b or (a.rstrip("*&") in anonymous and b.rstrip("*&") in anonymous)


HIDDEN = ("__in_chrg", "__vtt_parm")


def compare_type(kind, gdb_kind, is_class):
    """The rule by which two types are one; "": they are the same, None: they are not."""
    if same_type(kind, gdb_kind):
        return ""
    if is_class and one_form(kind) == one_form(gdb_kind + "&"):
        return "reference"
    if "member*" in gdb_kind and "?" in kind:
        return "member"
    return "garbled" if re.search(r"::_V2\w+::", gdb_kind) else None


def compare(function, gdb, builtin):
    """(rule or None, what differs): None and nothing when they are the same."""
    if "name" not in gdb:
        return ("alias", "") if builtin or "params" not in function else (None, "gdb knows no function there")
    if re.search(r"\.(constprop|isra|part|cold)\b", function["symbol"]):
        return "clone", ""
    if "resolver" in function.get("refused", ""):
        return "resolver", ""
    if "params" not in function:
        is_assembler = not gdb["params"] and (gdb["file"] or "").endswith((".S", ".s", ".h"))
        return ("assembler", "") if is_assembler else (None, "no parameters")
    mine = [(p["name"], p["type"]) for p in function["params"]]
    theirs = [tuple(p) for p in gdb["params"]]
    if function["sources"]["types"] == "built-in":
        return ("built-in", "") if len(mine) == len(theirs) or not theirs else (None, f"built-in {mine}, gdb {theirs}")
    rule = None
    if any(n in HIDDEN and n not in dict(mine) for n, _, _ in theirs):
        theirs = [p for p in theirs if p[0] not in HIDDEN or p[0] in dict(mine)]
        rule = "hidden"
    named = [p for p in mine if p[0]]
    if [n for n, _ in named] != [n for n, _, _ in theirs]:
        return None, f"parameters {mine}, gdb {theirs}"
    for (name, kind), (_, gdb_kind, is_class) in zip(named, theirs):
        by = compare_type(kind, gdb_kind, is_class)
        if by is None:
            return None, f"type of {name}: '{kind}', gdb '{gdb_kind}'"
        rule = by or rule
    by = compare_type(function["return"], gdb["return"], False)
    if by is None:
        return None, f"result '{function['return']}', gdb '{gdb['return']}'"
    return by or rule, ""


def compare_line(function, gdb):
    """As compare()."""
    if "name" not in gdb or "file" not in function or not gdb["line"]:
        return None, ""
    mine, theirs = (os.path.basename(function["file"]), function["line"]), (os.path.basename(gdb["file"]), gdb["line"])
    if mine == theirs:
        return None, ""
    is_comdat = function["binding"] == "weak" and mine[0] == theirs[0]
    return ("units", "") if is_comdat else (None, f"line {mine}, gdb {theirs}")


def check_types(path, ours):
    answers = gdb_functions(path, {f["address"] for f in ours})
    count, differences = Counter(), []
    for function in ours:
        gdb = answers[function["address"]]
        builtin = function.get("sources", {}).get("types") == "built-in"
        rule, why = compare(function, gdb, builtin)
        line_rule, line_why = compare_line(function, gdb)
        rule, why = line_rule or rule, why or line_why
        count["functions"] += 1
        count["typed"] += "params" in function
        count["lines"] += "file" in function
        if why:
            differences.append(f"{function['symbol']}: {why}")
        elif rule:
            count[rule] += 1
        elif "name" in gdb:
            count["same"] += 1
    ensure(set(count) - {"functions", "typed", "lines", "same"} <= set(RULES), f"a rule without a reason: {count}")
    text = ", ".join(f"{n} {what}" for what, n in count.items())
    print(f"    {os.path.basename(path)}: {text}, {len(differences)} not explained")
    same(differences[:10], [], f"{len(differences)} functions of {path} that differ from gdb's without a rule")
    return count


def check(path, tools):
    ours = listed(path)
    check_symbols(path, ours)
    for tool, count in check_all(path, debug_file(path), ours, same_type).items():
        tools[tool].update(count)
    return check_types(path, ours)


def gdb_has_python():
    try:
        return "yes" in tool("gdb", "-nx", "-batch", "-ex", "python print('y' + 'es')")
    except (OSError, subprocess.SubprocessError):
        return False


def libc_files():
    names = ["ld-linux-x86-64.so.2"] + (["libc.so.6", "libm.so.6"] if WHOLE else [])
    found = [os.path.realpath(f"/usr/lib/x86_64-linux-gnu/{n}") for n in names]
    if not all(os.path.exists(f) and debug_file(f) for f in found):
        skip("the C library's debug symbols (libc6-dbg) are not installed")
    return found


def functions():
    if not gdb_has_python():
        skip("no gdb with Python")
    total, tools = Counter(), defaultdict(Counter)
    files = libc_files()
    if WHOLE:
        tree = fetch("bookworm", "libstdcxx-dbg", "libstdc++6-12-dbg")
        files.append(f"{tree}/usr/lib/x86_64-linux-gnu/debug/libstdc++.so.6.0.30")
    for path in files:
        total.update(check(path, tools))
    print(f"    all: {dict(total)}")
    for tool, count in tools.items():
        print(f"    all, {tool}: {dict(count)}")
        ensure(2 * count["same"] > sum(count.values()), f"{tool}: fewer than half of the functions are the same")
    ensure(total["same"] > (5000 if WHOLE else 150), f"only {total['same']} functions were compared in full")
    ensure(total["functions"] > (10000 if WHOLE else 300), f"only {total['functions']} functions")


run(functions)
